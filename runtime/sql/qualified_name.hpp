#pragma once
/// Names as text, as casts to regclass and nextval() take them.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace troupe {

/// Identifiers separated by dots, folded to lower case unless quoted. Errors: 42602 `invalid name syntax`.
absl::StatusOr<std::vector<std::string>> split_qualified_name(std::string_view text);

}  // namespace troupe
