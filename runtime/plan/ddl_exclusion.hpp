#pragma once
/// EXCLUDE, and what it shares with deferrable keys: constraints that compare rows with each other afterwards.
#include "runtime/plan/ddl_binder.hpp"

namespace troupe {

/// EXCLUDE onto a table, with its index. Errors: 42703, 42704, 42809, 42883; 0A000 on a partitioned table.
absl::Status ddl_add_exclusion(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl);
/// Exclusions whose expressions or predicate read a column that is to go. Errors: 2BP01.
absl::Status ddl_free_from_exclusions(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl);
/// Whether values of these columns can be compared afterwards. Errors: 0A000.
absl::Status ddl_check_compared(const ConstraintDef& constraint, const TableDef& table, DdlBuilder& ddl);

}  // namespace troupe
