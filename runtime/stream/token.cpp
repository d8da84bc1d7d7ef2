#include "runtime/stream/token.hpp"

#include <charconv>

namespace troupe {
namespace {

template <typename Number>
void append_number(Number number, std::string* out) {
  char digits[20];
  out->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// All of `text` as a number without leading zeros or sign.
template <typename Number>
bool parse_number(std::string_view text, Number* number) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return problem == std::errc() && end == text.data() + text.size();
}

}  // namespace

void append_token(StreamToken token, std::string* out) {
  append_number(token.scn, out);
  out->push_back('.');
  append_number(token.event, out);
}

absl::StatusOr<StreamToken> parse_token(std::string_view text) {
  StreamToken token;
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || !parse_number(text.substr(0, dot), &token.scn) || token.scn == kNoScn ||
      !parse_number(text.substr(dot + 1), &token.event)) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "invalid resume token: \"", text, "\""),
                     "Give what the column \"token\" of the last event seen says, for example 1234.1.");
  }
  return token;
}

}  // namespace troupe
