#pragma once
/// Character sets by PostgreSQL's numbers and names. Text inside Troupe is UTF-8.
#include <optional>
#include <string_view>

namespace troupe {

inline constexpr int kEncodingSqlAscii = 0;
inline constexpr int kEncodingUtf8 = 6;

/// pg_encoding_to_char(): empty when there is no such number.
std::string_view encoding_name(int encoding);
/// pg_char_to_encoding(): names in any case, with or without punctuation ("utf-8", "UNICODE", "iso_8859_1").
std::optional<int> find_encoding(std::string_view name);

}  // namespace troupe
