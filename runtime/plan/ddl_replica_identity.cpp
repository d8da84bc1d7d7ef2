/// ALTER TABLE ... REPLICA IDENTITY.
#include "runtime/plan/ddl_publication.hpp"

namespace troupe {
namespace {

absl::Status check_identity_index(const IndexDef& index, const TableDef& table) {
  const auto refuse = [&](ErrorCode code, std::string_view kind) {
    return error(code, "cannot use ", kind, " index \"", index.name, "\" as replica identity");
  };
  if (!index.unique) return refuse(ErrorCode::kWrongObjectType, "non-unique");
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.index == index.oid && constraint.deferrable) {
      return refuse(ErrorCode::kFeatureNotSupported, "non-immediate");
    }
  }
  for (const IndexColumn& column : index.columns) {
    if (column.attnum == 0) return refuse(ErrorCode::kFeatureNotSupported, "expression");
  }
  if (!index.predicate_sql.empty()) return refuse(ErrorCode::kFeatureNotSupported, "partial");
  for (const IndexColumn& column : index.columns) {
    const ColumnDef& of_table = table.column(column.attnum);
    if (of_table.not_null) continue;
    return error(ErrorCode::kWrongObjectType, "index \"", index.name,
                 "\" cannot be used as replica identity because column \"", of_table.name, "\" is nullable");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_set_replica_identity(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  table->replica_index = kNoOid;
  if (action.text != "index") {
    table->replica_identity = action.text == "full"      ? ReplicaIdentity::full
                              : action.text == "nothing" ? ReplicaIdentity::nothing
                                                         : ReplicaIdentity::primary_key;
    return absl::OkStatus();
  }
  const ObjectDef* found = ddl.find_relation(table->schema, action.name);
  if (found == nullptr) {
    return error(ErrorCode::kUndefinedObject, "index \"", action.name, "\" for table \"", table->name,
                 "\" does not exist");
  }
  if (found->kind != ObjectKind::index || static_cast<const IndexDef&>(*found).table != table->oid) {
    return error(ErrorCode::kWrongObjectType, "\"", action.name, "\" is not an index for table \"", table->name, "\"");
  }
  TROUPE_RETURN_IF_ERROR(check_identity_index(static_cast<const IndexDef&>(*found), *table));
  table->replica_identity = ReplicaIdentity::index;
  table->replica_index = found->oid;
  return absl::OkStatus();
}

absl::Status ddl_check_identity_nullable(const ColumnDef& column, const TableDef& table, const DdlBuilder& ddl) {
  const ObjectDef* index = table.replica_index == kNoOid ? nullptr : ddl.find(table.replica_index);
  if (index == nullptr) return absl::OkStatus();
  for (const IndexColumn& part : static_cast<const IndexDef&>(*index).columns) {
    if (part.attnum != column.attnum) continue;
    return error(ErrorCode::kInvalidTableDefinition, "column \"", column.name,
                 "\" is in index used as replica identity");
  }
  return absl::OkStatus();
}

}  // namespace troupe
