/// PARTITION BY, FOR VALUES, ATTACH and DETACH PARTITION.
#include "runtime/plan/ddl_partition.hpp"

#include <algorithm>

#include "runtime/partition/partition_router.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/partition_text.hpp"
#include "runtime/plan/query_planner.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/partition_hash.hpp"

namespace troupe {
namespace {

constexpr size_t kKeyPartsMax = 32;

std::string dotted_name(sql::Name name) {
  std::string text;
  for (const std::string_view part : name) text += cat(text.empty() ? "" : ".", sql::quote_identifier(part));
  return text;
}

absl::Status check_hashed_or_ordered(Oid type, PartitionMethod method, const sql::Node& node, const DdlBuilder& ddl) {
  const std::string_view access = method == PartitionMethod::hash ? "hash" : "btree";
  if (type == oid::kJson || type == oid::kXml) {
    return with_hint(error(ErrorCode::kUndefinedObject, "data type ", format_type(type),
                           " has no default operator class for access method \"", access, "\""),
                     cat("You must specify a ", access, " operator class or define a default ", access,
                         " operator class for the data type."));
  }
  if (method == PartitionMethod::hash && !has_partition_hash(type)) {
    return ddl.refuse(node, cat("hash partitioning by type ", format_type(type)));
  }
  return absl::OkStatus();
}

/// An expression, or a column in parentheses.
absl::Status set_key_expression(const sql::Expr& expression, const std::shared_ptr<BoundRelation>& relation,
                                PartitionKeyPart* part, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value,
                          ddl.binder().bind_table_expression(expression, relation, Clause::kPartitionKey));
  if (value->is_column()) {
    part->attnum = static_cast<int16_t>(value->index + 1);
    return absl::OkStatus();
  }
  if (volatility_of(*value) != Volatility::kImmutable) {
    return error(ErrorCode::kInvalidObjectDefinition, "functions in partition key expression must be marked IMMUTABLE");
  }
  bool columns = false;
  visit_expr(*value, [&](const Expr& one) { columns = columns || one.is_column(); });
  if (!columns) {
    return error(ErrorCode::kInvalidObjectDefinition, "cannot use constant expression as partition key");
  }
  part->expression_sql = sql::to_sql(expression);
  part->type = value->type.oid == oid::kUnknown ? oid::kText : value->type.oid;
  part->typmod = value->type.typmod;
  return absl::OkStatus();
}

absl::Status add_key_part(const sql::IndexElement& element, const std::shared_ptr<BoundRelation>& relation,
                          PartitionKeyDef* key, DdlBuilder& ddl) {
  const TableDef& table = *relation->table;
  PartitionKeyPart part;
  if (element.expression == nullptr) {
    const ColumnDef* column = table.find_column(element.column);
    if (column == nullptr) {
      return ddl.fail_at(ErrorCode::kUndefinedColumn, element, "column \"", element.column,
                         "\" named in partition key does not exist");
    }
    part.attnum = column->attnum;
  } else {
    TROUPE_RETURN_IF_ERROR(set_key_expression(*element.expression, relation, &part, ddl));
  }
  if (part.attnum > 0) {
    const ColumnDef& column = table.column(part.attnum);
    if (column.generated_stored) {
      return ddl.at(
          with_detail(error(ErrorCode::kInvalidObjectDefinition, "cannot use generated column in partition key"),
                      cat("Column \"", column.name, "\" is a generated column.")),
          element);
    }
    part.type = column.type;
    part.typmod = column.typmod;
  }
  part.physical = type_info(part.type).physical;
  part.operator_class = dotted_name(element.operator_class);
  part.collation = dotted_name(element.collation);
  TROUPE_RETURN_IF_ERROR(check_hashed_or_ordered(part.type, key->method, element, ddl));
  key->parts.push_back(std::move(part));
  return absl::OkStatus();
}

PartitionMethod method_of(sql::PartitionStrategy strategy) {
  switch (strategy) {
    case sql::PartitionStrategy::kRange: return PartitionMethod::range;
    case sql::PartitionStrategy::kList: return PartitionMethod::list;
    case sql::PartitionStrategy::kHash: return PartitionMethod::hash;
  }
  return PartitionMethod::none;
}

std::string_view name_of(PartitionMethod method) {
  switch (method) {
    case PartitionMethod::range: return "range";
    case PartitionMethod::list: return "list";
    default: return "hash";
  }
}

/// What errors call a part of the key.
std::string part_name(const TableDef& parent, const PartitionKeyPart& part) {
  return part.attnum > 0 ? parent.column(part.attnum).name : part.expression_sql;
}

/// FOR VALUES ... as the values that it means.
class BoundReader {
 public:
  BoundReader(const sql::PartitionBound& source, const TableDef& parent, std::string_view partition, DdlBuilder& ddl)
      : source_{source}, parent_{parent}, partition_{partition}, ddl_{ddl} {}

  absl::StatusOr<PartitionBoundDef> read() {
    PartitionBoundDef bound;
    bound.method = parent_.partition_key.method;
    bound.is_default = source_.is_default;
    if (source_.is_default) {
      if (bound.method != PartitionMethod::hash) return bound;
      return error(ErrorCode::kInvalidTableDefinition, "a hash-partitioned table may not have a default partition");
    }
    if (method_of(source_.strategy) != bound.method) {
      return ddl_.fail_at(ErrorCode::kInvalidTableDefinition, source_, "invalid bound specification for a ",
                          name_of(bound.method), " partition");
    }
    switch (bound.method) {
      case PartitionMethod::list: TROUPE_RETURN_IF_ERROR(read_list(&bound)); break;
      case PartitionMethod::range: TROUPE_RETURN_IF_ERROR(read_range(&bound)); break;
      default: TROUPE_RETURN_IF_ERROR(read_hash(&bound));
    }
    return bound;
  }

 private:
  absl::StatusOr<Value> value(const sql::Expr& expr, size_t part) {
    const PartitionKeyPart& key = parent_.partition_key.parts[part];
    if (expr.is<sql::ColumnRef>()) {
      return ddl_.fail_at(ErrorCode::kFeatureNotSupported, expr,
                          "cannot use column reference in partition bound expression");
    }
    auto nothing = std::make_shared<BoundRelation>();
    nothing->kind = BoundRelation::Kind::kValues;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, ddl_.binder().bind_table_expression(expr, nothing, Clause::kPartitionBound));
    if (bound->type.oid != oid::kUnknown && !can_cast(bound->type.oid, key.type, CastContext::kAssignment)) {
      return ddl_.fail_at(ErrorCode::kDatatypeMismatch, expr, "specified value cannot be cast to type ",
                          format_type(key.type), " for column \"", part_name(parent_, key), "\"");
    }
    auto cast =
        make_cast(std::move(bound), Type{key.type, key.typmod}, CastContext::kAssignment, ddl_.binder().evaluation());
    if (!cast.ok()) return ddl_.at(cast.status(), expr);
    return evaluate(*cast);
  }
  /// now() and its like are taken as they are now, as in PostgreSQL.
  absl::StatusOr<Value> evaluate(const ExprPtr& expr) {
    if (expr->is_constant()) return expr->value;
    std::vector<Value> args;
    for (const ExprPtr& arg : expr->args) {
      TROUPE_ASSIGN_OR_RETURN(Value one, evaluate(arg));
      args.push_back(std::move(one));
    }
    EvalContext context = ddl_.binder().evaluation();
    if (expr->kind == ExprKind::kCast) return run_cast(expr->cast, args[0], context);
    if (expr->kind == ExprKind::kCall) return call_function(expr->call, args, context);
    const ExprPtr folded = fold_constants(expr, context);
    if (folded->is_constant()) return folded->value;
    return ddl_.refuse(source_, "this expression in a partition bound");
  }

  absl::Status read_list(PartitionBoundDef* bound) {
    const CompareKind kind = compare_kind(parent_.partition_key.parts[0].type, parent_.partition_key.parts[0].physical);
    for (const sql::Expr* expr : source_.values) {
      TROUPE_ASSIGN_OR_RETURN(Value one, value(*expr, 0));
      const bool known = std::any_of(bound->values.begin(), bound->values.end(), [&](const Value& other) {
        return one.is_null() || other.is_null() ? one.is_null() == other.is_null()
                                                : compare_values(kind, one, other) == 0;
      });
      if (!known) bound->values.push_back(std::move(one));
    }
    return absl::OkStatus();
  }

  absl::Status read_range(PartitionBoundDef* bound) {
    const size_t parts = parent_.partition_key.parts.size();
    if (source_.from.size() != parts) {
      return error(ErrorCode::kInvalidTableDefinition, "FROM must specify exactly one value per partitioning column");
    }
    if (source_.to.size() != parts) {
      return error(ErrorCode::kInvalidTableDefinition, "TO must specify exactly one value per partitioning column");
    }
    TROUPE_RETURN_IF_ERROR(read_end(source_.from, &bound->lower));
    TROUPE_RETURN_IF_ERROR(read_end(source_.to, &bound->upper));
    const PartitionRouter order(parent_.partition_key, {});
    if (order.compare_ends(bound->lower, bound->upper) < 0) return absl::OkStatus();
    return ddl_.at(with_detail(error(ErrorCode::kInvalidObjectDefinition,
                                     "empty range bound specified for partition \"", partition_, "\""),
                               cat("Specified lower bound ", text_of(bound->lower),
                                   " is greater than or equal to upper bound ", text_of(bound->upper), ".")),
                   *source_.from[0]);
  }

  absl::Status read_end(const sql::ExprList& exprs, std::vector<BoundDatum>* end) {
    for (size_t i = 0; i < exprs.size(); ++i) {
      BoundDatum datum;
      const auto* word = exprs[i]->as<sql::ColumnRef>();
      if (word != nullptr && word->name.size() == 1 && word->name[0] == "minvalue") datum.kind = BoundKind::minvalue;
      if (word != nullptr && word->name.size() == 1 && word->name[0] == "maxvalue") datum.kind = BoundKind::maxvalue;
      if (datum.kind == BoundKind::value) {
        TROUPE_ASSIGN_OR_RETURN(datum.value, value(*exprs[i], i));
        if (datum.value.is_null()) {
          return error(ErrorCode::kInvalidObjectDefinition, "cannot specify NULL in range bound");
        }
      }
      const BoundKind before = end->empty() ? BoundKind::value : end->back().kind;
      if (before != BoundKind::value && before != datum.kind) {
        const std::string_view name = before == BoundKind::minvalue ? "MINVALUE" : "MAXVALUE";
        return ddl_.fail_at(ErrorCode::kDatatypeMismatch, *exprs[i], "every bound following ", name, " must also be ",
                            name);
      }
      end->push_back(std::move(datum));
    }
    return absl::OkStatus();
  }

  std::string text_of(const std::vector<BoundDatum>& end) const {
    std::string text;
    for (size_t i = 0; i < end.size(); ++i) {
      const PartitionKeyPart& part = parent_.partition_key.parts[i];
      text += cat(text.empty() ? "(" : ", ",
                  bound_datum_text(end[i], Type{part.type, part.typmod}, ddl_.binder().evaluation()));
    }
    return text + ")";
  }

  absl::Status read_hash(PartitionBoundDef* bound) const {
    constexpr std::string_view kModulus = "modulus for hash partition must be an integer value greater than zero";
    constexpr std::string_view kRemainder =
        "remainder for hash partition must be an integer value greater than or equal to zero";
    bound->modulus = source_.modulus;
    bound->remainder = source_.remainder;
    if (bound->modulus <= 0) return error(ErrorCode::kInvalidTableDefinition, kModulus);
    if (bound->remainder < 0) return error(ErrorCode::kInvalidTableDefinition, kRemainder);
    if (bound->remainder >= bound->modulus) {
      return error(ErrorCode::kInvalidTableDefinition, "remainder for hash partition must be less than modulus");
    }
    return absl::OkStatus();
  }

  const sql::PartitionBound& source_;
  const TableDef& parent_;
  const std::string_view partition_;
  DdlBuilder& ddl_;
};

std::vector<const TableDef*> partitions_of(const TableDef& parent, const DdlBuilder& ddl) {
  std::vector<const TableDef*> partitions;
  for (const Oid oid : parent.partitions) {
    if (const ObjectDef* found = ddl.find(oid)) partitions.push_back(static_cast<const TableDef*>(found));
  }
  return partitions;
}

/// Every modulus has to be a factor of the next larger one.
absl::Status check_modulus(const PartitionBoundDef& bound, const std::vector<const TableDef*>& siblings,
                           const sql::Node& node, const DdlBuilder& ddl) {
  // Its neighbours by modulus and remainder.
  const auto place = [](const PartitionBoundDef& one) { return std::pair(one.modulus, one.remainder); };
  const TableDef *smaller = nullptr, *larger = nullptr;
  for (const TableDef* sibling : siblings) {
    const TableDef*& nearest = place(sibling->bound) <= place(bound) ? smaller : larger;
    const bool nearer =
        nearest == nullptr || (place(sibling->bound) <= place(bound) ? place(sibling->bound) > place(nearest->bound)
                                                                     : place(sibling->bound) < place(nearest->bound));
    if (nearer) nearest = sibling;
  }
  const absl::Status refused = error(ErrorCode::kInvalidObjectDefinition,
                                     "every hash partition modulus must be a factor of the next larger modulus");
  if (smaller != nullptr && bound.modulus % smaller->bound.modulus != 0) {
    return ddl.at(
        with_detail(refused, cat("The new modulus ", bound.modulus, " is not divisible by ", smaller->bound.modulus,
                                 ", the modulus of existing partition \"", smaller->name, "\".")),
        node);
  }
  if (larger != nullptr && larger->bound.modulus % bound.modulus != 0) {
    return ddl.at(
        with_detail(refused, cat("The new modulus ", bound.modulus, " is not a factor of ", larger->bound.modulus,
                                 ", the modulus of existing partition \"", larger->name, "\".")),
        node);
  }
  return absl::OkStatus();
}

absl::Status check_overlap(const sql::PartitionBound& source, const PartitionBoundDef& bound, const TableDef& parent,
                           std::string_view name, const DdlBuilder& ddl) {
  const std::vector<const TableDef*> siblings = partitions_of(parent, ddl);
  std::vector<PartitionBoundDef> bounds;
  for (const TableDef* sibling : siblings) bounds.push_back(sibling->bound);
  const PartitionRouter router(parent.partition_key, bounds);
  if (bound.is_default && router.default_bound() != PartitionRouter::kNone) {
    return ddl.fail_at(ErrorCode::kInvalidObjectDefinition, source, "partition \"", name,
                       "\" conflicts with existing default partition \"",
                       siblings[static_cast<size_t>(router.default_bound())]->name, "\"");
  }
  if (bound.method == PartitionMethod::hash) TROUPE_RETURN_IF_ERROR(check_modulus(bound, siblings, source, ddl));
  const int taken = router.overlap(bound);
  if (taken == PartitionRouter::kNone) return absl::OkStatus();
  const sql::Node* at = &source;
  if (!source.values.empty()) at = source.values[0];
  if (!source.from.empty()) at = source.from[0];
  return ddl.fail_at(ErrorCode::kInvalidObjectDefinition, *at, "partition \"", name, "\" would overlap partition \"",
                     siblings[static_cast<size_t>(taken)]->name, "\"");
}

/// All rows of the table, or of its partitions, satisfy what `condition` makes for it; `message` says that they do not.
absl::Status check_leaves(const TableDef& table,
                          const std::function<absl::StatusOr<ExprPtr>(const TableDef&)>& condition,
                          const std::string& message, DdlBuilder& ddl) {
  if (table.is_partitioned()) {
    for (const TableDef* partition : partitions_of(table, ddl)) {
      TROUPE_RETURN_IF_ERROR(check_leaves(*partition, condition, message, ddl));
    }
    return absl::OkStatus();
  }
  ddl.lock(table.oid);
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr holds, condition(table));
  auto shaped = std::make_shared<TableDef>(table);
  shaped->shape = make_shape(*shaped);
  DdlAction& action = ddl.act(DdlAction::Kind::kCheckRows);
  action.table = std::move(shaped);
  action.check.name = message;
  action.check.of_partition = true;
  action.check.condition = replace_expr(holds, [](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, part->index) : nullptr;
  });
  return absl::OkStatus();
}

/// The default partition gives up what the new one takes: it must have no such rows.
absl::Status check_default(const PartitionBoundDef& bound, const TableDef& parent, DdlBuilder& ddl) {
  if (bound.is_default) return absl::OkStatus();
  for (const TableDef* sibling : partitions_of(parent, ddl)) {
    if (!sibling->bound.is_default) continue;
    const auto not_of_the_new = [&](const TableDef& leaf) -> absl::StatusOr<ExprPtr> {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr taken, ddl.binder().bind_bound(parent, bound, {}, ddl_relation_of(leaf)));
      return make_not(std::move(taken));
    };
    return check_leaves(
        *sibling, not_of_the_new,
        cat("updated partition constraint for default partition \"", sibling->name, "\" would be violated by some row"),
        ddl);
  }
  return absl::OkStatus();
}

/// What a partition's rows have to satisfy, the tables above included.
absl::StatusOr<ExprPtr> whole_condition(const PartitionBoundDef& bound, const TableDef& parent, const TableDef& leaf,
                                        DdlBuilder& ddl) {
  const auto relation = ddl_relation_of(leaf);
  std::vector<PartitionBoundDef> others;
  for (const TableDef* sibling : partitions_of(parent, ddl)) others.push_back(sibling->bound);
  TROUPE_ASSIGN_OR_RETURN(ExprPtr own, ddl.binder().bind_bound(parent, bound, others, relation));
  ExprList all{std::move(own)};
  for (const TableDef* at = &parent; at->is_partition();) {
    const auto* above = static_cast<const TableDef*>(ddl.find(at->partition_of));
    others.clear();
    for (const TableDef* sibling : partitions_of(*above, ddl)) {
      if (sibling->oid != at->oid) others.push_back(sibling->bound);
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr one, ddl.binder().bind_bound(*above, at->bound, others, relation));
    all.push_back(std::move(one));
    at = above;
  }
  return make_and(std::move(all));
}

}  // namespace

absl::Status ddl_set_partition_key(const sql::PartitionBy& by, TableDef* table, DdlBuilder& ddl) {
  PartitionKeyDef key;
  key.method = method_of(by.strategy);
  if (by.keys.size() > kKeyPartsMax) {
    return error(ErrorCode::kTooManyColumns, "cannot partition using more than ", kKeyPartsMax, " columns");
  }
  if (key.method == PartitionMethod::list && by.keys.size() != 1) {
    return error(ErrorCode::kInvalidObjectDefinition,
                 "cannot use \"list\" partition strategy with more than one column");
  }
  const auto relation = ddl_relation_of(*table);
  for (const sql::IndexElement* element : by.keys) TROUPE_RETURN_IF_ERROR(add_key_part(*element, relation, &key, ddl));
  table->partition_key = std::move(key);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const TableDef>> ddl_partitioned_table(const sql::TableRef& ref, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(ref, ObjectKind::table));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  auto parent = std::make_shared<const TableDef>(static_cast<const TableDef&>(*object));
  if (!parent->is_partitioned()) {
    return error(ErrorCode::kInvalidObjectDefinition, "\"", object->name, "\" is not partitioned");
  }
  return parent;
}

absl::Status ddl_join_partitions(const sql::PartitionBound& source, const TableDef& parent, TableDef* table,
                                 bool is_new, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const PartitionBoundDef bound, BoundReader(source, parent, table->name, ddl).read());
  TROUPE_RETURN_IF_ERROR(check_overlap(source, bound, parent, table->name, ddl));
  if (!is_new) {
    const auto taken = [&](const TableDef& leaf) { return whole_condition(bound, parent, leaf, ddl); };
    TROUPE_RETURN_IF_ERROR(check_leaves(
        *table, taken, cat("partition constraint of relation \"", table->name, "\" is violated by some row"), ddl));
  }
  TROUPE_RETURN_IF_ERROR(check_default(bound, parent, ddl));
  table->partition_of = parent.oid;
  table->bound = bound;
  return absl::OkStatus();
}

// --- ATTACH, DETACH ---

namespace {

absl::Status check_column(const ColumnDef& wanted, TableDef* table) {
  const ColumnDef* found = table->find_column(wanted.name);
  if (found == nullptr) {
    return error(ErrorCode::kDatatypeMismatch, "child table is missing column \"", wanted.name, "\"");
  }
  ColumnDef& own = table->columns[static_cast<size_t>(found->attnum - 1)];
  if (own.type != wanted.type || own.typmod != wanted.typmod || own.domain != wanted.domain) {
    return error(ErrorCode::kDatatypeMismatch, "child table \"", table->name, "\" has different type for column \"",
                 wanted.name, "\"");
  }
  if (wanted.not_null && !own.not_null) {
    return error(ErrorCode::kDatatypeMismatch, "column \"", wanted.name, "\" in child table must be marked NOT NULL");
  }
  if (wanted.generated_stored != own.generated_stored) {
    return error(ErrorCode::kDatatypeMismatch, "column \"", wanted.name, "\" in child table must ",
                 wanted.generated_stored ? "be" : "not be", " a generated column");
  }
  own.inherited = own.from_parent = true;
  return absl::OkStatus();
}

absl::Status check_columns(const TableDef& parent, TableDef* table) {
  for (const ColumnDef& column : table->columns) {
    if (column.dropped || parent.find_column(column.name) != nullptr) continue;
    return with_detail(error(ErrorCode::kDatatypeMismatch, "table \"", table->name, "\" contains column \"",
                             column.name, "\" not found in parent \"", parent.name, "\""),
                       "The new partition may contain only the columns present in parent.");
  }
  for (const ColumnDef& column : parent.columns) {
    if (!column.dropped) TROUPE_RETURN_IF_ERROR(check_column(column, table));
  }
  return absl::OkStatus();
}

absl::Status check_attachable(const TableDef& parent, const TableDef& table, const DdlBuilder& ddl) {
  if (table.is_partition()) {
    return error(ErrorCode::kWrongObjectType, "\"", table.name, "\" is already a partition");
  }
  if (table.is_materialized_view()) {
    return error(ErrorCode::kWrongObjectType, "\"", table.name, "\" is not a table");
  }
  for (const TableDef* at = &parent; at != nullptr;
       at = at->is_partition() ? static_cast<const TableDef*>(ddl.find(at->partition_of)) : nullptr) {
    if (at->oid != table.oid) continue;
    return with_detail(error(ErrorCode::kDuplicateTable, "circular inheritance not allowed"),
                       cat("\"", parent.name, "\" is already a child of \"", table.name, "\"."));
  }
  if (table.temporary != parent.temporary) {
    return error(ErrorCode::kWrongObjectType, "cannot attach a ", table.temporary ? "temporary" : "permanent",
                 " relation as partition of ", parent.temporary ? "temporary" : "permanent", " relation \"",
                 parent.name, "\"");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_attach_partition(const sql::AlterTableAction& action, TableDef* parent, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*action.table, ObjectKind::table));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  TROUPE_RETURN_IF_ERROR(check_attachable(*parent, static_cast<const TableDef&>(*object), ddl));
  ddl.lock(object->oid);
  auto table = ddl.edit_table(object->oid);
  TROUPE_RETURN_IF_ERROR(check_columns(*parent, table.get()));
  TROUPE_RETURN_IF_ERROR(ddl_take_parts(*parent, table.get(), /*is_new=*/false, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_join_partitions(*action.bound, *parent, table.get(), /*is_new=*/false, ddl));
  parent->partitions.push_back(table->oid);
  ddl_touch_tables(table->partitions, ddl);
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_detach_partition(const sql::AlterTableAction& action, TableDef* parent, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*action.table, ObjectKind::table));
  if (static_cast<const TableDef&>(*object).partition_of != parent->oid) {
    return error(ErrorCode::kUndefinedTable, "relation \"", object->name, "\" is not a partition of relation \"",
                 parent->name, "\"");
  }
  if (action.action == sql::AlterAction::kDetachPartitionFinalize) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "partition \"", object->name,
                 "\" not pending detach in partitioned table \"", parent->name, "\"");
  }
  if (action.concurrently) {
    const std::vector<const TableDef*> siblings = partitions_of(*parent, ddl);
    const bool has_default =
        std::any_of(siblings.begin(), siblings.end(), [](const TableDef* one) { return one->bound.is_default; });
    if (has_default) {
      return error(ErrorCode::kObjectNotInPrerequisiteState,
                   "cannot detach partitions concurrently when a default partition exists");
    }
    ddl.plan().outside_block = true;
  }
  ddl.lock(object->oid);
  const std::vector<ForeignKeyRef> refs = ddl_references_above(static_cast<const TableDef&>(*object), ddl);
  auto table = ddl.edit_table(object->oid);
  table->partition_of = kNoOid;
  table->bound = {};
  for (ColumnDef& column : table->columns) column.inherited = column.from_parent = false;
  for (ConstraintDef& constraint : table->constraints) {
    constraint.parent = kNoOid;
    constraint.from_parent = false;
  }
  for (const Oid oid : table->indexes) {
    auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*ddl.find(oid)));
    index->parent = kNoOid;
    ddl.put(std::move(index));
  }
  std::erase(parent->partitions, table->oid);
  // Nobody may refer to its rows any more.
  for (const ForeignKeyRef& ref : refs) {
    if (ref.key.parent == kNoOid) ddl_check_constraint(ref.key, *table, ddl);
  }
  // Nor may its own rows refer to each other by way of the table that it leaves.
  for (const ConstraintDef& key : table->constraints) {
    const bool to_above = std::any_of(refs.begin(), refs.end(), [&](const ForeignKeyRef& ref) {
      return key.kind == ConstraintKind::foreign_key && key.foreign.table == ref.key.foreign.table;
    });
    if (to_above) ddl_check_constraint(key, *table, ddl);
  }
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_attach_index(const sql::AlterTableStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*alter.table, ObjectKind::index));
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* other, ddl.require_relation(*alter.actions[0]->table, ObjectKind::index));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  const auto& parent = static_cast<const IndexDef&>(*object);
  const auto& part = static_cast<const IndexDef&>(*other);
  const auto& table = static_cast<const TableDef&>(*ddl.find(parent.table));
  const auto& partition = static_cast<const TableDef&>(*ddl.find(part.table));
  if (part.parent == parent.oid) return absl::OkStatus();
  const auto refused = [&](std::string detail) {
    return with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot attach index \"", part.name,
                             "\" as a partition of index \"", parent.name, "\""),
                       std::move(detail));
  };
  if (part.parent != kNoOid) return refused(cat("Index \"", part.name, "\" is already attached to another index."));
  if (partition.partition_of != table.oid) {
    return refused(cat("Index \"", part.name, "\" is not an index on any partition of table \"", table.name, "\"."));
  }
  if (!ddl_same_index(parent, table, part, partition)) return refused("The index definitions do not match.");
  ddl.lock(table.oid);
  auto attached = std::make_shared<IndexDef>(part);
  attached->parent = parent.oid;
  ddl.put(attached);
  if (parent.constraint) TROUPE_RETURN_IF_ERROR(ddl_link_constraint(parent, table, part, ddl));
  return ddl_complete_index(parent, ddl);
}

absl::StatusOr<bool> ddl_partitions_by(const TableDef& table, int16_t attnum, DdlBuilder& ddl) {
  if (!table.is_partitioned()) return false;
  TROUPE_ASSIGN_OR_RETURN(const ExprList keys,
                          ddl.binder().bind_partition_key(table.partition_key, table, ddl_relation_of(table)));
  bool found = false;
  for (const ExprPtr& key : keys) {
    visit_expr(*key, [&](const Expr& part) {
      found = found || (part.is_column() && part.index == static_cast<uint32_t>(attnum - 1));
    });
  }
  return found;
}

}  // namespace troupe
