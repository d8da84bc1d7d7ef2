#pragma once
/// The tables in which the rows of continuous views are kept: made, emptied, and gone with their view.
#include "runtime/plan/ddl_binder.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {

/// Whether WITH (...) of a materialized view says so. Errors: 22023.
absl::StatusOr<bool> ddl_wants_continuous(sql::List<const sql::Option*> options);
/// The view has its query and columns. Errors: 0A000 with what stands in the way.
absl::Status ddl_make_continuous(TableDef* view, DdlBuilder& ddl);
/// Errors: 42501 when it is where rows of views are kept, or their schema: both are theirs alone.
absl::Status ddl_check_no_state(const ObjectDef& object, const DdlBuilder& ddl);
/// Those that are there still.
std::vector<const TableDef*> ddl_continuous_state(const TableDef& view, const DdlBuilder& ddl);
/// REFRESH: its rows are made from scratch, by whoever keeps it.
absl::Status ddl_refresh_continuous(const TableDef& view, bool with_data, DdlBuilder& ddl);

}  // namespace troupe
