#pragma once
/// How SQL that is known but not there yet is refused: 0A000 with the feature's name and, where there is another way to
/// the same end, a hint that says which.
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

/// "FEATURE is not supported yet".
absl::Status not_supported_yet(std::string_view feature);

}  // namespace troupe
