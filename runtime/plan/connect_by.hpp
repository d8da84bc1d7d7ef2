#pragma once
/// Oracle's CONNECT BY as a recursive WITH query.
#include <span>
#include <string>

#include "runtime/sql/ast_select.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// A SELECT without CONNECT BY that has the same rows, in Oracle's order: each row before those below it. LEVEL and
/// SYS_CONNECT_BY_PATH are columns of it. `columns`: those of the FROM item. Errors: 0A000.
absl::StatusOr<std::string> connect_by_text(const sql::SelectStatement& select, std::span<const std::string> columns);

/// `SELECT * FROM` the only FROM item, or why not. Errors: 0A000.
absl::StatusOr<std::string> connect_by_source(const sql::SelectStatement& select);

}  // namespace troupe
