#pragma once
/// LATIN1 (ISO 8859-1) to UTF-8 and back: the first 256 characters of Unicode.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

std::string utf8_of_latin1(std::string_view text);
/// Errors: 22P05 for a character that LATIN1 has not.
absl::StatusOr<std::string> latin1_of_utf8(std::string_view text);

}  // namespace troupe
