#include "runtime/types/latin1.hpp"

#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

/// "0xe2 0x82 0xac"
std::string spelled(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<uint8_t>(byte);
    if (!out.empty()) out += ' ';
    out += "0x";
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

}  // namespace

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto code = static_cast<uint8_t>(c);
    if (code < 0x80) {
      out += c;
    } else {
      out += utf8::encode(code);
    }
  }
  return out;
}

absl::StatusOr<std::string> latin1_of_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t size = utf8::size_at(text, at);
    const uint32_t code = utf8::decode(text, at);
    if (code > 0xFF) {
      return error(ErrorCode::kUntranslatableCharacter, "character with byte sequence ", spelled(text.substr(at, size)),
                   " in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"");
    }
    out += static_cast<char>(code);
    at += size;
  }
  return out;
}

}  // namespace troupe
