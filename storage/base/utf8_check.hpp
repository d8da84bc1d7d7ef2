#pragma once
/// UTF-8 as PostgreSQL accepts it: no NUL, no overlong forms, no surrogates, nothing above U+10FFFF.
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

/// Bytes of `text` that are valid, all of them when it is valid. ASCII goes 16 bytes a step.
size_t valid_utf8_prefix(std::string_view text);

/// Errors: kCharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": 0xc3 0x28`.
absl::Status check_utf8(std::string_view text);

}  // namespace troupe
