#pragma once
/// COPY's syntax tree as the codec's options.
#include <string>
#include <vector>

#include "runtime/protocol/copy_options.hpp"
#include "runtime/sql/ast_dml.hpp"

namespace troupe {

/// `columns`: the copied columns in order. Errors: PostgreSQL's.
absl::StatusOr<CopyOptions> copy_options_of(const sql::CopyStatement& statement,
                                            const std::vector<std::string>& columns);

}  // namespace troupe
