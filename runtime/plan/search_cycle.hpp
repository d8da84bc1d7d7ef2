#pragma once
/// SEARCH and CYCLE of a recursive WITH query, as plain recursion: columns that say where a row came from (SQL:2016,
/// 7.18; PostgreSQL's rewriteSearchCycle.c).
#include <span>
#include <string>

#include "runtime/sql/ast_select.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// `WITH RECURSIVE name ... SELECT`, whose WITH clause is to stand in for `table`. `columns`: those of its query.
/// Errors: 42601 for columns that are not there or are there twice, 0A000 for a form that PostgreSQL refuses too.
absl::StatusOr<std::string> search_cycle_text(const sql::CommonTable& table, std::span<const std::string> columns);

}  // namespace troupe
