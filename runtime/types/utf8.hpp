#pragma once
/// UTF-8 by characters. Text is valid UTF-8 (the session checks it on entry); damaged bytes count as one character each.
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

namespace utf8 {

/// Bytes of the character that starts at `at`.
inline size_t size_at(std::string_view text, size_t at) {
  size_t end = at + 1;
  if ((static_cast<uint8_t>(text[at]) & 0xC0) != 0xC0) return 1;
  while (end < text.size() && end < at + 4 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}
/// Bytes of the character that ends at `end`.
inline size_t size_before(std::string_view text, size_t end) {
  size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return end - at;
}
uint32_t decode(std::string_view text, size_t at);
std::string encode(uint32_t code);
/// Case mapping: ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic; other characters stay as they are.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
uint32_t lower_code(uint32_t code);
uint32_t upper_code(uint32_t code);

}  // namespace utf8

/// An identifier, quoted if it must be.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);

}  // namespace troupe
