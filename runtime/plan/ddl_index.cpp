/// CREATE INDEX.
#include <algorithm>

#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

absl::Status refuse_options(const sql::CreateIndexStatement& create, DdlBuilder& ddl) {
  if (create.nulls_not_distinct && !create.unique) return absl::OkStatus();
  if (create.access_method.empty() || create.access_method == "btree" || create.access_method == "hash") {
    return absl::OkStatus();
  }
  for (const std::string_view known : {"gin", "gist", "brin", "spgist"}) {
    if (create.access_method == known) return ddl.refuse(create, cat("access method ", known));
  }
  return error(ErrorCode::kUndefinedObject, "access method \"", create.access_method, "\" does not exist");
}

absl::Status check_immutable(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation, Clause clause,
                             std::string_view where, const DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const bool immutable, ddl_is_immutable(expr, relation, clause, ddl));
  if (immutable) return absl::OkStatus();
  return error(ErrorCode::kInvalidObjectDefinition, "functions in index ", where, " must be marked IMMUTABLE");
}

absl::StatusOr<const ColumnDef*> column_of_table(std::string_view name, const TableDef& table) {
  const ColumnDef* column = table.find_column(name);
  if (column != nullptr) return column;
  return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" does not exist");
}

void set_part_type(IndexColumn* part, Type type) {
  if (type.oid == oid::kUnknown) type = Type{oid::kText};
  part->type = type.oid;
  part->typmod = type.typmod;
  part->physical = type_info(type.oid).physical;
}

/// f(a), (a + b); what is no more than a column is that column.
absl::Status set_expression(const sql::Expr& expression, const std::shared_ptr<BoundRelation>& relation,
                            IndexColumn* part, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr value,
                          ddl.binder().bind_table_expression(expression, relation, Clause::kIndex));
  if (value->is_column()) {
    part->attnum = static_cast<int16_t>(value->index + 1);
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(check_immutable(expression, relation, Clause::kIndex, "expression", ddl));
  part->expression_sql = ddl_expression_text(expression, ddl);
  part->name = output_name(expression);
  if (part->name == "?column?") part->name = "expr";
  set_part_type(part, value->type);
  return absl::OkStatus();
}

/// expr, expr1, ... as PostgreSQL tells them apart.
void make_name_unique(const IndexDef& index, IndexColumn* part) {
  const std::string base = part->name;
  const auto taken = [&](const std::string& name) {
    return std::any_of(index.columns.begin(), index.columns.end(),
                       [&](const IndexColumn& other) { return other.name == name; });
  };
  for (int i = 1; taken(part->name); ++i) part->name = cat(base, i);
}

absl::Status check_ordered(Oid type) {
  if (type != oid::kJson && type != oid::kXml) return absl::OkStatus();
  return with_hint(error(ErrorCode::kUndefinedObject, "data type ", format_type(type),
                         " has no default operator class for access method \"btree\""),
                   "You must specify an operator class for the index or define a default operator class for the data "
                   "type.");
}

}  // namespace

absl::Status ddl_add_index_part(const sql::IndexElement& element, const std::shared_ptr<BoundRelation>& relation,
                                IndexDef* index, std::string* joined, DdlBuilder& ddl) {
  const TableDef& table = *relation->table;
  IndexColumn part;
  if (element.expression != nullptr) {
    TROUPE_RETURN_IF_ERROR(set_expression(*element.expression, relation, &part, ddl));
  } else {
    TROUPE_ASSIGN_OR_RETURN(const ColumnDef* column, column_of_table(element.column, table));
    part.attnum = column->attnum;
  }
  TROUPE_RETURN_IF_ERROR(check_ordered(part.attnum > 0 ? table.column(part.attnum).type : part.type));
  if (part.attnum == 0) make_name_unique(*index, &part);
  part.descending = element.order == sql::SortOrder::kDescending;
  part.nulls_first =
      element.nulls == sql::NullsOrder::kDefault ? part.descending : element.nulls == sql::NullsOrder::kFirst;
  *joined += cat(joined->empty() ? "" : "_", part.attnum > 0 ? table.column(part.attnum).name : part.name);
  index->columns.push_back(std::move(part));
  return absl::OkStatus();
}

namespace {

absl::Status add_included(const sql::CreateIndexStatement& create, const TableDef& table, IndexDef* index,
                          std::string* joined) {
  for (const sql::IndexElement* element : create.include) {
    if (element->expression != nullptr) {
      return error(ErrorCode::kFeatureNotSupported, "expressions are not supported in included columns");
    }
    TROUPE_ASSIGN_OR_RETURN(const ColumnDef* column, column_of_table(element->column, table));
    index->included.push_back(column->attnum);
    *joined += cat("_", column->name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_set_index_predicate(const sql::Expr& where, const std::shared_ptr<BoundRelation>& relation,
                                     IndexDef* index, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr predicate,
                          ddl.binder().bind_table_expression(where, relation, Clause::kIndexPredicate));
  if (predicate->type.oid != oid::kBool) {
    return ddl.fail_at(ErrorCode::kDatatypeMismatch, where, "argument of WHERE must be type boolean, not type ",
                       format_type(predicate->type));
  }
  TROUPE_RETURN_IF_ERROR(check_immutable(where, relation, Clause::kIndexPredicate, "predicate", ddl));
  index->predicate_sql = ddl_expression_text(where, ddl);
  return absl::OkStatus();
}

namespace {

/// The index of a partitioned table has entries in its partitions' indexes only.
absl::Status index_partitions(const sql::CreateIndexStatement& create, std::shared_ptr<IndexDef> index,
                              std::shared_ptr<TableDef> table, DdlBuilder& ddl) {
  if (create.concurrently) {
    return error(ErrorCode::kFeatureNotSupported, "cannot create index on partitioned table \"", table->name,
                 "\" concurrently");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_key_of_partitions(*index, *table));
  index->incomplete = create.table->only && !table->partitions.empty();
  index->shape = make_shape(*index, *table);
  ddl.lock(table->oid, false);
  ddl.put(index);
  if (!create.table->only) TROUPE_RETURN_IF_ERROR(ddl_spread_index(*index, *table, ddl));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_index(const sql::CreateIndexStatement& create, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(refuse_options(create, ddl));
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*create.table, ObjectKind::table));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(object->schema), kCreate, ddl));
  if (is_continuous(static_cast<const TableDef&>(*object))) {
    return ddl.refuse(create, "an index on a continuous view");
  }
  auto table = ddl.edit_table(object->oid);
  auto index = std::make_shared<IndexDef>();
  std::string joined;
  const auto relation = ddl_relation_of(*table);
  for (const sql::IndexElement* element : create.elements) {
    TROUPE_RETURN_IF_ERROR(ddl_add_index_part(*element, relation, index.get(), &joined, ddl));
  }
  TROUPE_RETURN_IF_ERROR(add_included(create, *table, index.get(), &joined));
  if (create.where != nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_set_index_predicate(*create.where, relation, index.get(), ddl));
  }
  index->name = create.name.empty() ? ddl.free_name(table->schema, table->name, joined, "idx") : std::string(create.name);
  if (ddl.find_relation(table->schema, index->name) != nullptr) {
    if (create.if_not_exists) {
      ddl.notice(ErrorCode::kDuplicateTable, cat("relation \"", index->name, "\" already exists, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kDuplicateTable, "relation \"", index->name, "\" already exists");
  }
  index->oid = ddl.new_oid();
  index->schema = table->schema;
  index->owner = table->owner;
  index->table = table->oid;
  index->unique = create.unique;
  index->nulls_not_distinct = create.nulls_not_distinct;
  table->indexes.push_back(index->oid);
  if (table->is_partitioned()) return index_partitions(create, std::move(index), std::move(table), ddl);
  index->tree = ddl.new_tree();
  ddl.lock(table->oid, false);
  ddl.act(DdlAction::Kind::kCreateTree).tree = index->tree;
  const auto source = std::static_pointer_cast<const TableDef>(ddl.catalog().find_shared(table->oid));
  TROUPE_RETURN_IF_ERROR(ddl_build_index(index, source, ddl));
  ddl.put(std::move(index));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_build_index(const std::shared_ptr<IndexDef>& index, const TablePtr& table, DdlBuilder& ddl) {
  IndexTerms terms;
  if (index->has_terms()) {
    TROUPE_ASSIGN_OR_RETURN(terms, ddl_index_terms(*index, *table, ddl));
    // A column may have another type now.
    for (size_t i = 0; i < index->columns.size(); ++i) {
      if (index->columns[i].attnum == 0) set_part_type(&index->columns[i], terms.values[i]->type);
    }
  }
  index->shape = make_shape(*index, *table);
  DdlAction& build = ddl.act(DdlAction::Kind::kBuildIndex);
  build.table = table;
  build.index = index;
  build.terms = std::move(terms);
  return absl::OkStatus();
}

absl::StatusOr<IndexTerms> ddl_index_terms(const IndexDef& index, const TableDef& table, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(IndexTerms terms, ddl.binder().bind_index(index, ddl_relation_of(table)));
  const auto placed = [](const ExprPtr& expr) {
    return replace_expr(expr, [](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? make_column(part->type, part->index) : nullptr;
    });
  };
  for (ExprPtr& value : terms.values) value = placed(value);
  terms.predicate = placed(terms.predicate);
  return terms;
}

absl::StatusOr<bool> ddl_index_uses(const IndexDef& index, const TableDef& table, int16_t attnum, DdlBuilder& ddl) {
  const auto is_it = [attnum](const IndexColumn& part) { return part.attnum == attnum; };
  const auto& included = index.included;
  if (std::any_of(index.columns.begin(), index.columns.end(), is_it) ||
      std::find(included.begin(), included.end(), attnum) != included.end()) {
    return true;
  }
  return ddl_index_mentions(index, table, attnum, ddl);
}

absl::StatusOr<bool> ddl_index_mentions(const IndexDef& index, const TableDef& table, int16_t attnum,
                                        DdlBuilder& ddl) {
  if (!index.has_terms()) return false;
  TROUPE_ASSIGN_OR_RETURN(IndexTerms terms, ddl_index_terms(index, table, ddl));
  if (terms.predicate) terms.values.push_back(terms.predicate);
  bool mentions = false;
  for (size_t i = 0; i < terms.values.size(); ++i) {
    if (i < index.columns.size() && index.columns[i].attnum > 0) continue;
    visit_expr(*terms.values[i], [&](const Expr& part) {
      mentions = mentions || (part.is_column() && part.index == static_cast<uint32_t>(attnum - 1));
    });
  }
  return mentions;
}

void ddl_drop_index(const IndexDef& index, DdlBuilder& ddl) {
  if (index.tree != 0) ddl.act(DdlAction::Kind::kDropTree).tree = index.tree;
  ddl.drop(index.oid);
}

void ddl_drop_table(const TableDef& dropped, DdlBuilder& ddl) {
  const TableDef table = dropped;  // which goes with the first change of it
  ddl.drop(table.oid);
  ddl.lock(table.oid);
  for (const Oid oid : table.indexes) {
    if (const ObjectDef* index = ddl.find(oid)) ddl_drop_index(static_cast<const IndexDef&>(*index), ddl);
  }
  for (const TableDef* state : ddl_continuous_state(table, ddl)) ddl_drop_table(*state, ddl);
  for (const Oid partition : table.partitions) {
    if (const ObjectDef* found = ddl.find(partition)) ddl_drop_table(static_cast<const TableDef&>(*found), ddl);
  }
  if (table.is_partition() && ddl.find(table.partition_of) != nullptr) {
    ddl.lock(table.partition_of);
    auto parent = ddl.edit_table(table.partition_of);
    std::erase(parent->partitions, table.oid);
    ddl.put(std::move(parent));
  }
  ddl_drop_sequences_of(table, 0, ddl);
  TableDef without_keys = table;
  without_keys.constraints.clear();
  for (const ConstraintDef& key : table.constraints) {
    const bool refers = key.kind == ConstraintKind::foreign_key && key.foreign.table != table.oid;
    if (refers) ddl_forget_reference(key, without_keys, ddl);
  }
  ddl_forget_published(table.oid, ddl);
  if (table.tree != 0) ddl.act(DdlAction::Kind::kDropTree).tree = table.tree;
}

}  // namespace troupe
