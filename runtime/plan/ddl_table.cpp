/// CREATE TABLE, its columns and constraints, and CREATE TABLE AS.
#include <algorithm>

#include "runtime/plan/ddl_exclusion.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_like.hpp"
#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_row_type.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

constexpr size_t kColumnsMax = 1600;

struct Serial {
  std::string_view name;
  Oid type;
};
constexpr Serial kSerials[] = {{"serial", oid::kInt4},      {"serial4", oid::kInt4},     {"bigserial", oid::kInt8},
                               {"serial8", oid::kInt8},     {"smallserial", oid::kInt2}, {"serial2", oid::kInt2}};

Oid serial_type(const sql::TypeName& type) {
  if (type.name.size() != 1 || !type.array_bounds.empty()) return oid::kInvalid;
  for (const Serial& serial : kSerials) {
    if (type.name[0] == serial.name) return serial.type;
  }
  return oid::kInvalid;
}

void set_type(ColumnDef* column, Type type) {
  const TypeInfo& info = type_info(type.oid);
  column->type = type.oid;
  column->typmod = type.typmod;
  column->physical = info.physical;
  column->collation = info.is_collatable ? 100 : kNoOid;  // pg_collation's "default"
}

absl::Status check_new_relation(const sql::TableRef& ref, Oid schema, DdlBuilder& ddl) {
  if (ddl.find_relation(schema, ref.name) == nullptr) return ddl_check_no_type(schema, ref.name, ddl);
  return error(ErrorCode::kDuplicateTable, "relation \"", ref.name, "\" already exists");
}

}  // namespace

absl::Status ddl_check_stored(std::string_view column, Type type) {
  if (type_info(type.oid).kind != 'p') return absl::OkStatus();
  return error(ErrorCode::kInvalidTableDefinition, "column \"", column, "\" has pseudo-type ", format_type(type));
}

namespace {

/// NULL and NOT NULL must not contradict each other, nor what serial and identity columns imply.
absl::Status check_nullable(const sql::ColumnDefinition& definition, const TableDef& table, const DdlBuilder& ddl) {
  std::optional<bool> nullable;
  if (serial_type(*definition.type) != oid::kInvalid) nullable = false;
  for (const sql::Constraint* constraint : definition.constraints) {
    const bool null = constraint->type == sql::ConstraintType::kNull;
    const bool not_null =
        constraint->type == sql::ConstraintType::kNotNull || constraint->type == sql::ConstraintType::kIdentity;
    if (!null && !not_null) continue;
    if (nullable && *nullable != null) {
      return ddl.fail_at(ErrorCode::kSyntaxError, *constraint, "conflicting NULL/NOT NULL declarations for column \"",
                         definition.name, "\" of table \"", table.name, "\"");
    }
    nullable = null;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ColumnDef> ddl_column(const sql::ColumnDefinition& definition, TableDef* table, DdlBuilder& ddl,
                                     std::vector<ColumnConstraint>* rest) {
  if (table->columns.size() >= kColumnsMax) {
    return error(ErrorCode::kTooManyColumns, "tables can have at most ", kColumnsMax, " columns");
  }
  if (table->find_column(definition.name) != nullptr) {
    return error(ErrorCode::kDuplicateColumn, "column \"", definition.name,
                    "\" specified more than once");
  }
  TROUPE_RETURN_IF_ERROR(check_nullable(definition, *table, ddl));
  ColumnDef column;
  column.attnum = static_cast<int16_t>(table->columns.size() + 1);
  column.name = definition.name;
  if (const Oid serial = serial_type(*definition.type); serial != oid::kInvalid) {
    set_type(&column, Type{serial});
    column.not_null = true;
    auto sequence = ddl_owned_sequence(*table, column, ddl);
    column.owned_sequence = sequence->oid;
    ddl_put_sequence(std::move(sequence), ddl);
  } else {
    TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*definition.type, ddl));
    TROUPE_RETURN_IF_ERROR(ddl_check_stored(definition.name, type));
    TROUPE_RETURN_IF_ERROR(ddl_check_no_member(*table, type.oid));
    set_type(&column, type);
    if (const TypeDef* domain = ddl.binder().domain_of(*definition.type)) column.domain = domain->oid;
  }
  for (const sql::Constraint* constraint : definition.constraints) {
    switch (constraint->type) {
      case sql::ConstraintType::kNull: break;
      case sql::ConstraintType::kNotNull: column.not_null = true; break;
      case sql::ConstraintType::kDefault: {
        if (column.generated_stored) {
          return ddl.fail_at(ErrorCode::kSyntaxError, *constraint, "both default and generation expression specified "
                             "for column \"", column.name, "\" of table \"", table->name, "\"");
        }
        if (!column.default_sql.empty() || column.owned_sequence != kNoOid) {
          return ddl.fail_at(ErrorCode::kSyntaxError, *constraint, "multiple default values specified for column \"",
                          column.name, "\" of table \"", table->name, "\"");
        }
        column.default_sql = ddl_default_text(*constraint->expression, column, ddl);
        auto bound = ddl.binder().bind_default(*table, column);
        if (!bound.ok()) return ddl.at(bound.status(), *constraint->expression);
        break;
      }
      case sql::ConstraintType::kIdentity: {
        TROUPE_RETURN_IF_ERROR(ddl_make_identity(*constraint, *table, &column, ddl));
        break;
      }
      case sql::ConstraintType::kGenerated:
        TROUPE_RETURN_IF_ERROR(ddl_make_generated(*constraint, *table, &column, ddl));
        rest->push_back({constraint, definition.name});
        break;
      default: rest->push_back({constraint, definition.name}); break;
    }
  }
  return column;
}

namespace {

absl::Status add_check(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const sql::Constraint& constraint = *source.constraint;
  ConstraintDef check;
  check.oid = ddl.new_oid();
  check.kind = ConstraintKind::check;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, ddl.binder().bind_table_expression(
                                                 *constraint.expression, ddl_relation_of(*table), Clause::kCheck));
  if (condition->type.oid != oid::kBool) {
    return ddl.fail_at(ErrorCode::kDatatypeMismatch, *constraint.expression,
                    "argument of CHECK must be type boolean, not type ", format_type(condition->type));
  }
  check.check_sql = ddl_expression_text(*constraint.expression, ddl);
  visit_expr(*condition, [&](const Expr& part) {
    const auto attnum = static_cast<int16_t>(part.index + 1);
    if (part.is_column() && std::find(check.columns.begin(), check.columns.end(), attnum) == check.columns.end()) {
      check.columns.push_back(attnum);
    }
  });
  if (!constraint.name.empty()) {
    check.name = constraint.name;
  } else {
    const std::string column = check.columns.size() == 1 ? table->column(check.columns[0]).name : std::string();
    const std::string base = column.empty() ? cat(table->name, "_check") : cat(table->name, "_", column, "_check");
    check.name = base;
    for (int i = 1; table->find_constraint(check.name) != nullptr; ++i) check.name = cat(base, i);
  }
  if (table->find_constraint(check.name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "constraint \"", check.name, "\" for relation \"",
                    table->name, "\" already exists");
  }
  if (table->is_partitioned() && constraint.no_inherit) {
    return error(ErrorCode::kInvalidTableDefinition, "cannot add NO INHERIT constraint to partitioned table \"",
                 table->name, "\"");
  }
  check.not_valid = constraint.not_valid && !is_new;
  if (!is_new && !constraint.not_valid) ddl_check_rows(check.name, condition, *table, ddl);
  table->constraints.push_back(std::move(check));
  return absl::OkStatus();
}

absl::Status check_key_columns(const std::vector<int16_t>& columns, const TableDef& table,
                               const sql::Constraint& constraint, DdlBuilder& ddl) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) !=
        columns.begin() + static_cast<std::ptrdiff_t>(i)) {
      return ddl.fail_at(ErrorCode::kDuplicateColumn, constraint, "column \"", table.column(columns[i]).name,
                      "\" appears twice in ",
                      constraint.type == sql::ConstraintType::kPrimaryKey ? "primary key" : "unique", " constraint");
    }
    const Oid type = table.column(columns[i]).type;
    if (type == oid::kJson || type == oid::kXml) {
      return with_hint(error(ErrorCode::kUndefinedObject, "data type ", format_type(type),
                                " has no default operator class for access method \"btree\""),
                       "You must specify an operator class for the index or define a default operator class for the "
                       "data type.");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int16_t>> included_columns(const sql::Constraint& constraint, const TableDef& table,
                                                      std::string* joined, DdlBuilder& ddl) {
  std::vector<int16_t> columns;
  for (const std::string_view name : constraint.include) {
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) {
      return ddl.fail_at(ErrorCode::kUndefinedColumn, constraint, "column \"", name, "\" named in key does not exist");
    }
    columns.push_back(column->attnum);
    *joined += cat("_", name);
  }
  return columns;
}

absl::Status add_key(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const sql::Constraint& constraint = *source.constraint;
  const bool primary = constraint.type == sql::ConstraintType::kPrimaryKey;
  if (!constraint.index.empty()) return ddl.refuse(constraint, "ADD CONSTRAINT USING INDEX");
  ConstraintDef key;
  key.oid = ddl.new_oid();
  key.kind = primary ? ConstraintKind::primary_key : ConstraintKind::unique;
  std::vector<std::string_view> names(constraint.columns.begin(), constraint.columns.end());
  if (!source.column.empty()) names = {source.column};
  std::string joined;
  for (const std::string_view name : names) {
    const ColumnDef* column = table->find_column(name);
    if (column == nullptr) {
      return ddl.fail_at(ErrorCode::kUndefinedColumn, constraint, "column \"", name, "\" named in key does not exist");
    }
    key.columns.push_back(column->attnum);
    joined += cat(joined.empty() ? "" : "_", name);
  }
  TROUPE_RETURN_IF_ERROR(check_key_columns(key.columns, *table, constraint, ddl));
  TROUPE_ASSIGN_OR_RETURN(std::vector<int16_t> included, included_columns(constraint, *table, &joined, ddl));
  if (primary && table->primary_key_index() != kNoOid) {
    return ddl.fail_at(ErrorCode::kInvalidTableDefinition, constraint, "multiple primary keys for table \"", table->name,
                    "\" are not allowed");
  }
  key.name = !constraint.name.empty() ? std::string(constraint.name)
             : primary                ? ddl.free_name(table->schema, table->name, {}, "pkey")
                                      : ddl.free_name(table->schema, table->name, joined, "key");
  if (table->find_constraint(key.name) != nullptr || ddl.find_relation(table->schema, key.name) != nullptr) {
    return error(ErrorCode::kDuplicateTable, "relation \"", key.name, "\" already exists");
  }
  auto index = std::make_shared<IndexDef>();
  index->oid = ddl.new_oid();
  index->schema = table->schema;
  index->owner = table->owner;
  index->name = key.name;
  index->table = table->oid;
  index->unique = true;
  index->primary = primary;
  index->constraint = true;
  index->deferrable = constraint.deferrable;
  key.deferrable = constraint.deferrable;
  key.initially_deferred = constraint.initially_deferred;
  for (const int16_t attnum : key.columns) index->columns.emplace_back().attnum = attnum;
  index->included = std::move(included);
  index->nulls_not_distinct = constraint.nulls_not_distinct;
  key.index = index->oid;
  TROUPE_RETURN_IF_ERROR(ddl_check_key_of_partitions(*index, *table));
  index->incomplete = source.only && table->is_partitioned() && !table->partitions.empty();
  const std::shared_ptr<const TableDef> before = std::make_shared<const TableDef>(*table);
  if (key.compares_rows_afterwards()) TROUPE_RETURN_IF_ERROR(ddl_check_compared(key, *table, ddl));
  if (primary) ddl_key_is_not_null(key.columns, before, is_new, table, ddl);
  if (index->keys_rows()) table->primary_key = key.columns;
  table->indexes.insert(primary ? table->indexes.begin() : table->indexes.end(), index->oid);
  if (!index->keys_rows() && !table->is_partitioned()) {
    index->tree = ddl.new_tree();
    ddl.act(DdlAction::Kind::kCreateTree).tree = index->tree;
  }
  table->constraints.push_back(key);
  ddl.put(index);
  if (is_new) return absl::OkStatus();
  if (table->is_partitioned()) return source.only ? absl::OkStatus() : ddl_spread_index(*index, *table, ddl);
  if (index->keys_rows()) return ddl_rewrite_table(*before, table, {}, ddl);
  TROUPE_RETURN_IF_ERROR(ddl_build_index(index, before, ddl));
  if (key.compares_rows_afterwards()) ddl_check_constraint(key, *table, ddl);
  return absl::OkStatus();
}

/// What has just been added to a partitioned table, onto its partitions.
absl::Status spread_last(const ColumnConstraint& source, const TableDef& table, DdlBuilder& ddl) {
  if (table.partitions.empty()) return absl::OkStatus();
  if (source.only && source.constraint->type == sql::ConstraintType::kCheck) {
    return error(ErrorCode::kInvalidTableDefinition, "constraint must be added to child tables too");
  }
  if (source.only) {
    return error(ErrorCode::kWrongObjectType, "cannot use ONLY for foreign key on partitioned table \"", table.name,
                 "\" referencing relation \"", source.constraint->referenced->name, "\"");
  }
  return ddl_spread_constraint(ConstraintDef(table.constraints.back()), table, ddl);
}

}  // namespace

absl::Status ddl_add_constraint(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const sql::Constraint& constraint = *source.constraint;
  switch (constraint.type) {
    case sql::ConstraintType::kCheck:
      TROUPE_RETURN_IF_ERROR(add_check(source, table, is_new, ddl));
      return spread_last(source, *table, ddl);
    case sql::ConstraintType::kPrimaryKey:
    case sql::ConstraintType::kUnique: return add_key(source, table, is_new, ddl);
    case sql::ConstraintType::kGenerated: return ddl_check_generated(source, *table, ddl);
    case sql::ConstraintType::kForeignKey:
      TROUPE_RETURN_IF_ERROR(ddl_add_foreign_key(source, table, is_new, ddl));
      return spread_last(source, *table, ddl);
    case sql::ConstraintType::kExclude: return ddl_add_exclusion(source, table, is_new, ddl);
    default: return ddl.refuse(constraint, "this kind of constraint");
  }
}

namespace {

absl::Status refuse_options(const sql::CreateTableStatement& create, DdlBuilder& ddl) {
  if (create.foreign) return ddl.refuse(create, "CREATE FOREIGN TABLE");
  if (!create.inherits.empty()) return ddl.refuse(create, "INHERITS");
  if (create.of_type != nullptr) return ddl.refuse(create, "CREATE TABLE OF");
  return absl::OkStatus();
}

std::string option_text(const sql::Option& option) {
  if (option.value == nullptr) return "true";
  if (const auto* literal = option.value->as<sql::Literal>()) {
    const bool number = literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8 ||
                        literal->type == sql::LiteralType::kBoolean;
    return number ? cat(literal->integer) : std::string(literal->text);
  }
  return {};
}

OnCommit on_commit_of(sql::OnCommit action) {
  if (action == sql::OnCommit::kDrop) return OnCommit::drop;
  return action == sql::OnCommit::kDeleteRows ? OnCommit::delete_rows : OnCommit::preserve_rows;
}

absl::Status check_on_commit(sql::OnCommit action, sql::Persistence persistence) {
  if (action == sql::OnCommit::kDefault || persistence == sql::Persistence::kTemporary) return absl::OkStatus();
  return error(ErrorCode::kInvalidTableDefinition, "ON COMMIT can only be used on temporary tables");
}

std::shared_ptr<TableDef> new_table(const sql::TableRef& ref, Oid schema, DdlBuilder& ddl) {
  auto table = std::make_shared<TableDef>();
  table->oid = ddl.new_oid();
  table->schema = schema;
  table->owner = ddl.context().role;
  table->name = ref.name;
  return table;
}

void make_tree(TableDef* table, DdlBuilder& ddl) {
  table->tree = ddl.new_tree();
  ddl.act(DdlAction::Kind::kCreateTree).tree = table->tree;
}

/// The parent has one partition more.
void note_partition(Oid parent, Oid partition, DdlBuilder& ddl) {
  auto table = ddl.edit_table(parent);
  table->partitions.push_back(partition);
  ddl.put(std::move(table));
}

absl::Status check_partition(const TableDef& parent, const TableDef& table) {
  if (parent.temporary == table.temporary) return absl::OkStatus();
  return error(ErrorCode::kWrongObjectType, "cannot create a ", table.temporary ? "temporary" : "permanent",
               " relation as partition of ", parent.temporary ? "temporary" : "permanent", " relation \"", parent.name,
               "\"");
}

}  // namespace

absl::Status ddl_create_table(const sql::CreateTableStatement& create, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(refuse_options(create, ddl));
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(*create.table, create.persistence));
  TROUPE_RETURN_IF_ERROR(check_on_commit(create.on_commit, create.persistence));
  if (create.if_not_exists && ddl.find_relation(schema, create.table->name) != nullptr) {
    ddl.notice(ErrorCode::kDuplicateTable, cat("relation \"", create.table->name, "\" already exists, skipping"));
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(check_new_relation(*create.table, schema, ddl));
  auto table = new_table(*create.table, schema, ddl);
  table->unlogged = create.persistence == sql::Persistence::kUnlogged;
  table->temporary = create.persistence == sql::Persistence::kTemporary;
  table->on_commit = on_commit_of(create.on_commit);
  for (const sql::Option* option : create.options) {
    table->options.emplace_back(std::string(option->name), option_text(*option));
  }
  std::shared_ptr<const TableDef> parent;
  if (create.partition_of != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(parent, ddl_partitioned_table(*create.partition_of, ddl));
    TROUPE_RETURN_IF_ERROR(check_partition(*parent, *table));
    ddl.lock(parent->oid);
    ddl_take_columns(*parent, table.get(), ddl);
  }
  std::vector<ColumnConstraint> constraints;
  std::vector<LikeSource> likes;
  for (const sql::Node* element : create.elements) {
    const auto* definition = element->as<sql::ColumnDefinition>();
    if (definition != nullptr && parent != nullptr) {
      TROUPE_RETURN_IF_ERROR(ddl_refine_column(*definition, table.get(), ddl, &constraints));
    } else if (definition != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(ColumnDef column, ddl_column(*definition, table.get(), ddl, &constraints));
      table->columns.push_back(std::move(column));
    } else if (const auto* constraint = element->as<sql::Constraint>()) {
      constraints.push_back({constraint, {}});
    } else {
      TROUPE_ASSIGN_OR_RETURN(const LikeSource like,
                              ddl_like_columns(element->to<sql::LikeTable>(), table.get(), ddl));
      likes.push_back(like);
    }
  }
  if (create.partition_by != nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_set_partition_key(*create.partition_by, table.get(), ddl));
  } else {
    make_tree(table.get(), ddl);
  }
  if (parent != nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_join_partitions(*create.bound, *parent, table.get(), /*is_new=*/true, ddl));
  }
  // Keys first: their indexes' names come before those that only checks could take.
  std::stable_sort(constraints.begin(), constraints.end(), [](const ColumnConstraint& a, const ColumnConstraint& b) {
    const auto rank = [](const ColumnConstraint& c) { return c.constraint->type == sql::ConstraintType::kPrimaryKey ? 0 : 1; };
    return rank(a) < rank(b);
  });
  const auto is_foreign = [](const ColumnConstraint& c) {
    return c.constraint->type == sql::ConstraintType::kForeignKey;
  };
  for (const ColumnConstraint& constraint : constraints) {
    if (is_foreign(constraint)) continue;
    TROUPE_RETURN_IF_ERROR(ddl_add_constraint(constraint, table.get(), true, ddl));
  }
  for (const LikeSource& like : likes) TROUPE_RETURN_IF_ERROR(ddl_like_parts(like, table.get(), ddl));
  // Foreign keys last: they may refer to the table itself, whose keys have to be there.
  ddl.put(std::make_shared<const TableDef>(*table));
  for (const ColumnConstraint& constraint : constraints) {
    if (!is_foreign(constraint)) continue;
    TROUPE_RETURN_IF_ERROR(ddl_add_constraint(constraint, table.get(), true, ddl));
  }
  if (parent != nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_take_parts(*parent, table.get(), /*is_new=*/true, ddl));
    note_partition(parent->oid, table->oid, ddl);
  }
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const DdlPlan>> create_table_as(const sql::IntoClause& into,
                                                               const std::vector<OutputColumn>& columns,
                                                               std::string_view tag, const PlanContext& context,
                                                               const MaterializedQuery* materialized) {
  Binder binder(context);
  DdlBuilder ddl(context, binder, tag);
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(*into.table, into.persistence));
  TROUPE_RETURN_IF_ERROR(check_on_commit(into.on_commit, into.persistence));
  TROUPE_RETURN_IF_ERROR(check_new_relation(*into.table, schema, ddl));
  if (into.columns.size() > columns.size()) {
    return error(ErrorCode::kSyntaxError, "too many column names were specified");
  }
  auto table = new_table(*into.table, schema, ddl);
  make_tree(table.get(), ddl);
  table->temporary = into.persistence == sql::Persistence::kTemporary;
  table->on_commit = on_commit_of(into.on_commit);
  for (size_t i = 0; i < columns.size(); ++i) {
    ColumnDef column;
    column.attnum = static_cast<int16_t>(i + 1);
    column.name = i < into.columns.size() ? std::string(into.columns[i]) : columns[i].name;
    if (table->find_column(column.name) != nullptr) {
      return error(ErrorCode::kDuplicateColumn, "column \"", column.name,
                      "\" specified more than once");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_stored(column.name, columns[i].type));
    set_type(&column, columns[i].type);
    table->columns.push_back(std::move(column));
  }
  if (materialized != nullptr) {
    TROUPE_RETURN_IF_ERROR(make_materialized(*materialized, into, table.get(), ddl));
  }
  table->shape = make_shape(*table);
  ddl.plan().fill.table = table;
  ddl.put(std::move(table));
  return ddl.finish();
}

void ddl_check_rows(const std::string& name, const ExprPtr& condition, const TableDef& table, DdlBuilder& ddl) {
  if (table.is_partitioned()) return;  // its partitions' rows are looked at
  DdlAction& action = ddl.act(DdlAction::Kind::kCheckRows);
  action.table = std::make_shared<const TableDef>(table);
  action.check = {name, replace_expr(condition, [](const ExprPtr& part) -> ExprPtr {
                    return part->is_column() ? make_column(part->type, part->index) : nullptr;
                  })};
}

absl::Status ddl_rewrite_table(const TableDef& before, TableDef* after, ExprList values, DdlBuilder& ddl) {
  if (after->is_partitioned()) return absl::OkStatus();  // it has no rows
  after->tree = ddl.new_tree();
  after->shape = make_shape(*after);
  ddl.act(DdlAction::Kind::kCreateTree).tree = after->tree;
  DdlAction& rewrite = ddl.act(DdlAction::Kind::kRewriteTable);
  rewrite.table = std::make_shared<const TableDef>(before);
  rewrite.new_table = std::make_shared<const TableDef>(*after);
  rewrite.tree = after->tree;
  rewrite.values = std::move(values);
  // Index entries hold the rows' keys, which are new.
  for (const Oid oid : after->indexes) {
    const ObjectDef* object = ddl.find(oid);
    if (object == nullptr || static_cast<const IndexDef&>(*object).keys_rows()) continue;
    auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*object));
    ddl.act(DdlAction::Kind::kDropTree).tree = index->tree;
    index->tree = ddl.new_tree();
    ddl.act(DdlAction::Kind::kCreateTree).tree = index->tree;
    TROUPE_RETURN_IF_ERROR(ddl_build_index(index, std::make_shared<const TableDef>(*after), ddl));
    ddl.put(std::move(index));
  }
  ddl.act(DdlAction::Kind::kDropTree).tree = before.tree;
  return absl::OkStatus();
}

}  // namespace troupe
