#pragma once
/// Text forms of single scalar types, shared by text_io, casts and functions.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"
#include "storage/column/physical.hpp"

namespace troupe {

absl::Status invalid_syntax(std::string_view type_name, std::string_view text);

/// Within [min, max]. Errors name `type_name` ("integer").
absl::StatusOr<int64_t> parse_integer(std::string_view text, int64_t min, int64_t max, std::string_view type_name);
absl::StatusOr<int64_t> parse_oid(std::string_view text, std::string_view type_name);
absl::StatusOr<double> parse_double(std::string_view text);
absl::StatusOr<float> parse_float(std::string_view text);
absl::StatusOr<bool> parse_bool(std::string_view text);
absl::StatusOr<Fixed16> parse_uuid(std::string_view text);
absl::StatusOr<std::string> parse_bytea(std::string_view text);
/// The bytes of pairs of hexadecimal digits; spaces allowed.
absl::StatusOr<std::string> parse_hex(std::string_view text);

void format_integer(int64_t v, std::string* out);
void format_double(double v, int extra_float_digits, std::string* out);
void format_float(float v, int extra_float_digits, std::string* out);
void format_uuid(const Fixed16& v, std::string* out);
void format_bytea(std::string_view bytes, bool escape, std::string* out);
void format_hex(std::string_view bytes, std::string* out);

/// Of a name. PostgreSQL's.
inline constexpr size_t kNameBytesMax = 63;
/// Characters (not bytes) of UTF-8 text.
size_t utf8_length(std::string_view text);
/// The byte offset of character `n` (from 0), or the size when there are fewer.
size_t utf8_offset(std::string_view text, size_t n);

/// varchar(n) and char(n): cut when only spaces are lost or the cast is explicit, else 22001.
absl::StatusOr<std::string> apply_varchar_length(std::string_view text, int32_t length, bool is_explicit);
absl::StatusOr<std::string> apply_bpchar_length(std::string_view text, int32_t length, bool is_explicit);
/// Bit strings are kept as '0' and '1' characters.
absl::StatusOr<std::string> parse_bits(Type type, std::string_view text);

/// Checks the grammar; 22P02 `invalid input syntax for type json`.
absl::Status validate_json(std::string_view text);
/// jsonb's canonical text: keys sorted by length then bytes, the last of equal keys, one space after : and ,.
absl::StatusOr<std::string> normalize_json(std::string_view text);
/// What a string of valid json (with quotes) says as text. Errors: 22P05 for \\u0000, 22P02 for half a surrogate pair.
absl::StatusOr<std::string> json_text_of(std::string_view quoted);

}  // namespace troupe
