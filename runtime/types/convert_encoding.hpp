#pragma once
/// Text in PostgreSQL's character sets to UTF-8 and back, by the C library's iconv.
#include <string>
#include <string_view>

#include "runtime/types/encoding.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// Errors: 22021 for bytes that are nothing in the encoding, 22P05 for characters that Unicode has not, 42883 for an
/// encoding that nothing converts.
absl::StatusOr<std::string> utf8_of(std::string_view bytes, int encoding);
/// `text` is valid UTF-8. Errors: 22P05 for a character that the encoding has not, 42883.
absl::StatusOr<std::string> utf8_to(std::string_view text, int encoding);
/// From any to any, of the pairs that PostgreSQL converts. Errors: as above; 42883 for other pairs.
absl::StatusOr<std::string> convert_encoding(std::string_view bytes, int from, int to);

}  // namespace troupe
