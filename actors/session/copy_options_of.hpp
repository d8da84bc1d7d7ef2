#pragma once
/// COPY's syntax tree as the codec's options.
#include <string>
#include <string_view>
#include <vector>

#include "runtime/protocol/copy_options.hpp"
#include "runtime/sql/ast_dml.hpp"

namespace troupe {

/// `text`: what the statement was parsed from. `columns`: the copied columns in order. Errors: PostgreSQL's.
absl::StatusOr<CopyOptions> copy_options_of(const sql::CopyStatement& statement, std::string_view text,
                                            const std::vector<std::string>& columns);

}  // namespace troupe
