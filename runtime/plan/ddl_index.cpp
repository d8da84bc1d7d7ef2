/// CREATE INDEX.
#include "runtime/plan/ddl_rights.hpp"

namespace troupe {
namespace {

absl::Status refuse_options(const sql::CreateIndexStatement& create, DdlBuilder& ddl) {
  if (create.where != nullptr) return ddl.refuse(create, "a partial index");
  if (!create.include.empty()) return ddl.refuse(create, "INCLUDE columns");
  if (create.nulls_not_distinct) return ddl.refuse(create, "NULLS NOT DISTINCT");
  if (create.access_method.empty() || create.access_method == "btree" || create.access_method == "hash") {
    return absl::OkStatus();
  }
  for (const std::string_view known : {"gin", "gist", "brin", "spgist"}) {
    if (create.access_method == known) return ddl.refuse(create, cat("access method ", known));
  }
  return error(ErrorCode::kUndefinedObject, "access method \"", create.access_method, "\" does not exist");
}

absl::Status add_columns(const sql::CreateIndexStatement& create, const TableDef& table, IndexDef* index,
                         std::string* joined, DdlBuilder& ddl) {
  for (const sql::IndexElement* element : create.elements) {
    if (element->expression != nullptr) return ddl.refuse(*element, "an index of expressions");
    const ColumnDef* column = table.find_column(element->column);
    if (column == nullptr) {
      return error(ErrorCode::kUndefinedColumn, "column \"", element->column, "\" does not exist");
    }
    if (column->type == oid::kJson || column->type == oid::kXml) {
      return error(ErrorCode::kUndefinedObject, "data type ", format_type(column->type),
                      " has no default operator class for access method \"btree\"");
    }
    IndexColumn part;
    part.attnum = column->attnum;
    part.descending = element->order == sql::SortOrder::kDescending;
    part.nulls_first =
        element->nulls == sql::NullsOrder::kDefault ? part.descending : element->nulls == sql::NullsOrder::kFirst;
    index->columns.push_back(part);
    *joined += cat(joined->empty() ? "" : "_", element->column);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_index(const sql::CreateIndexStatement& create, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(refuse_options(create, ddl));
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*create.table, ObjectKind::table));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(object->schema), kCreate, ddl));
  auto table = ddl.edit_table(object->oid);
  auto index = std::make_shared<IndexDef>();
  std::string joined;
  TROUPE_RETURN_IF_ERROR(add_columns(create, *table, index.get(), &joined, ddl));
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
  index->tree = ddl.new_tree();
  index->unique = create.unique;
  index->shape = make_shape(*index, *table);
  table->indexes.push_back(index->oid);
  ddl.lock(table->oid, false);
  ddl.act(DdlAction::Kind::kCreateTree).tree = index->tree;
  DdlAction& build = ddl.act(DdlAction::Kind::kBuildIndex);
  build.table = std::static_pointer_cast<const TableDef>(ddl.catalog().find_shared(table->oid));
  build.index = index;
  ddl.put(std::move(index));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

void ddl_drop_index(const IndexDef& index, DdlBuilder& ddl) {
  if (index.tree != 0) ddl.act(DdlAction::Kind::kDropTree).tree = index.tree;
  ddl.drop(index.oid);
}

void ddl_drop_table(const TableDef& table, DdlBuilder& ddl) {
  ddl.lock(table.oid);
  for (const Oid oid : table.indexes) {
    if (const ObjectDef* index = ddl.find(oid)) ddl_drop_index(static_cast<const IndexDef&>(*index), ddl);
  }
  for (const ColumnDef& column : table.columns) {
    if (column.dropped || column.owned_sequence == kNoOid) continue;
    ddl.act(DdlAction::Kind::kDropSequence).sequence = column.owned_sequence;
    ddl.drop(column.owned_sequence);
  }
  TableDef without_keys = table;
  without_keys.constraints.clear();
  for (const ConstraintDef& key : table.constraints) {
    const bool refers = key.kind == ConstraintKind::foreign_key && key.foreign.table != table.oid;
    if (refers) ddl_forget_reference(key, without_keys, ddl);
  }
  ddl.act(DdlAction::Kind::kDropTree).tree = table.tree;
  ddl.drop(table.oid);
}

}  // namespace troupe
