#pragma once
/// substring and overlay of what is counted in bytes: bytea, and bit strings with their byte for a bit.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

/// From the byte numbered `from` (the first is 1), `count` of them. Errors: 22011 for a negative count.
absl::StatusOr<std::string> byte_substring(std::string_view bytes, int64_t from, int64_t count);
/// `with` in place of `count` bytes from `from` on. Errors: 22011 for a `from` below 1, 22003.
absl::StatusOr<std::string> byte_overlay(std::string_view bytes, std::string_view with, int32_t from, int32_t count);

}  // namespace troupe
