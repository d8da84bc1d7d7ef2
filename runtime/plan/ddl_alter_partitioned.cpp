/// What ALTER TABLE may not do to a partitioned table alone, nor to a partition.
#include "runtime/plan/ddl_partition.hpp"

namespace troupe {
namespace {

absl::Status with_only_hint(absl::Status status) {
  return with_hint(std::move(status), "Do not specify the ONLY keyword.");
}

/// ALTER TABLE ONLY, of what partitions have to have as their table has it.
absl::Status check_only(const sql::AlterTableAction& action, const TableDef& table, const DdlBuilder& ddl) {
  using sql::AlterAction;
  switch (action.action) {
    case AlterAction::kAddColumn:
      return error(ErrorCode::kInvalidTableDefinition, "column must be added to child tables too");
    case AlterAction::kDropColumn:
      return with_only_hint(error(ErrorCode::kInvalidTableDefinition,
                                  "cannot drop column from only the partitioned table when partitions exist"));
    case AlterAction::kAlterType:
      return error(ErrorCode::kInvalidTableDefinition, "type of inherited column \"", action.name,
                   "\" must be changed in child tables too");
    case AlterAction::kSetNotNull:
      for (const Oid oid : table.partitions) {
        const auto* partition = static_cast<const TableDef*>(ddl.find(oid));
        const ColumnDef* column = partition->find_column(action.name);
        if (column == nullptr || column->not_null) continue;
        return with_only_hint(with_detail(
            error(ErrorCode::kInvalidTableDefinition, "constraint must be added to child tables too"),
            cat("Column \"", column->name, "\" of relation \"", partition->name, "\" is not already NOT NULL.")));
      }
      return absl::OkStatus();
    case AlterAction::kDropNotNull:
    case AlterAction::kDropConstraint:
      return with_only_hint(error(ErrorCode::kInvalidTableDefinition,
                                  "cannot remove constraint from only the partitioned table when partitions exist"));
    default: return absl::OkStatus();
  }
}

absl::Status check_partition_key(const sql::AlterTableAction& action, const TableDef& table, DdlBuilder& ddl) {
  using sql::AlterAction;
  const ColumnDef* column = table.find_column(action.name);
  const bool drops = action.action == AlterAction::kDropColumn;
  if (column == nullptr || (!drops && action.action != AlterAction::kAlterType)) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const bool is_key, ddl_partitions_by(table, column->attnum, ddl));
  if (!is_key) return absl::OkStatus();
  return error(ErrorCode::kInvalidTableDefinition, "cannot ", drops ? "drop" : "alter", " column \"", column->name,
               "\" because it is part of the partition key of relation \"", table.name, "\"");
}

/// What a partition has because its table has it is altered there.
absl::Status check_inherited(const sql::AlterTableAction& action, const TableDef& table, const DdlBuilder& ddl) {
  using sql::AlterAction;
  if (action.action == AlterAction::kAddColumn) {
    return error(ErrorCode::kWrongObjectType, "cannot add column to a partition");
  }
  if (action.action == AlterAction::kDropConstraint) {
    const ConstraintDef* constraint = table.find_constraint(action.name);
    if (constraint == nullptr || constraint->parent == kNoOid) return absl::OkStatus();
    return error(ErrorCode::kInvalidTableDefinition, "cannot drop inherited constraint \"", constraint->name,
                 "\" of relation \"", table.name, "\"");
  }
  const ColumnDef* column = table.find_column(action.name);
  if (column == nullptr || !column->inherited) return absl::OkStatus();
  if (action.action == AlterAction::kDropColumn || action.action == AlterAction::kAlterType) {
    return error(ErrorCode::kInvalidTableDefinition, "cannot ",
                 action.action == AlterAction::kDropColumn ? "drop" : "alter", " inherited column \"", column->name,
                 "\"");
  }
  if (action.action != AlterAction::kDropNotNull) return absl::OkStatus();
  const ObjectDef* parent = ddl.find(table.partition_of);
  const ColumnDef* above = static_cast<const TableDef*>(parent)->find_column(column->name);
  if (above == nullptr || !above->not_null) return absl::OkStatus();
  return error(ErrorCode::kInvalidTableDefinition, "column \"", column->name, "\" is marked NOT NULL in parent table");
}

}  // namespace

absl::Status ddl_check_partitioning(const sql::AlterTableAction& action, bool only, const TableDef& table,
                                    DdlBuilder& ddl) {
  using sql::AlterAction;
  if (table.is_partition()) TROUPE_RETURN_IF_ERROR(check_inherited(action, table, ddl));
  if (table.is_partitioned()) {
    TROUPE_RETURN_IF_ERROR(check_partition_key(action, table, ddl));
    return only && !table.partitions.empty() ? check_only(action, table, ddl) : absl::OkStatus();
  }
  if (action.action != AlterAction::kAttachPartition && action.action != AlterAction::kDetachPartition &&
      action.action != AlterAction::kDetachPartitionFinalize) {
    return absl::OkStatus();
  }
  return error(ErrorCode::kInvalidObjectDefinition, "table \"", table.name, "\" is not partitioned");
}

}  // namespace troupe
