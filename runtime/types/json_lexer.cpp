#include "runtime/types/json_lexer.hpp"

#include "runtime/types/text_io.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

using text_scan::is_digit;

bool is_word(char c) { return text_scan::is_alnum(c) || c == '_' || (c & 0x80) != 0; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char low = text_scan::lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string hex_byte(char c) {
  std::string out;
  format_hex({&c, 1}, &out);
  return out;
}

}  // namespace

absl::Status JsonLexer::step() {
  size_t at = end_;
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n' || text_[at] == '\r')) {
    if (text_[at++] != '\n') continue;
    ++line_;
    line_start_ = at;
  }
  start_ = at;
  if (at == text_.size()) {
    end_ = at;
    kind_ = JsonToken::kEnd;
    return absl::OkStatus();
  }
  const char c = text_[at];
  if (c == '"') return string();
  if (c == '-' || is_digit(c)) return number();
  if (std::string_view("{}[]:,").find(c) == std::string_view::npos) return word();
  end_ = at + 1;
  kind_ = JsonToken::kPunctuation;
  return absl::OkStatus();
}

absl::Status JsonLexer::string() {
  kind_ = JsonToken::kString;
  int32_t high_surrogate = -1;
  size_t at = start_ + 1;
  for (; at < text_.size() && text_[at] != '"'; ++at) {
    if (static_cast<uint8_t>(text_[at]) < 0x20) {
      end_ = at;
      return syntax_error(cat("Character with value 0x", hex_byte(text_[at]), " must be escaped."));
    }
    if (text_[at] == '\\') {
      TROUPE_RETURN_IF_ERROR(escape(&at, &high_surrogate));
    } else if (high_surrogate != -1) {
      return bad_surrogates(character_end(at));
    }
  }
  if (at >= text_.size()) return invalid_token(text_.size());
  end_ = at + 1;
  return high_surrogate != -1 ? bad_surrogates(end_) : absl::OkStatus();
}

absl::Status JsonLexer::escape(size_t* at, int32_t* high_surrogate) {
  if (++*at >= text_.size()) return invalid_token(text_.size());
  if (text_[*at] == 'u') return unicode_escape(at, high_surrogate);
  if (*high_surrogate != -1) return bad_surrogates(character_end(*at));
  if (std::string_view("\"\\/bfnrt").find(text_[*at]) != std::string_view::npos) return absl::OkStatus();
  start_ = *at;
  end_ = character_end(*at);
  return syntax_error(cat("Escape sequence \"\\", token(), "\" is invalid."));
}

absl::Status JsonLexer::unicode_escape(size_t* at, int32_t* high_surrogate) {
  int32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    if (++*at >= text_.size()) return invalid_token(text_.size());
    const int digit = hex_digit(text_[*at]);
    if (digit < 0) {
      end_ = character_end(*at);
      return syntax_error("\"\\u\" must be followed by four hexadecimal digits.");
    }
    code = code * 16 + digit;
  }
  if (!strings_) return absl::OkStatus();
  end_ = *at + 1;
  if (code >= 0xD800 && code < 0xDC00) {
    if (*high_surrogate != -1) return syntax_error("Unicode high surrogate must not follow a high surrogate.");
    *high_surrogate = code;
    return absl::OkStatus();
  }
  const bool low = code >= 0xDC00 && code < 0xE000;
  if (low != (*high_surrogate != -1)) return bad_surrogates(end_);
  *high_surrogate = -1;
  if (code != 0) return absl::OkStatus();
  return with_line(with_detail(error(ErrorCode::kUntranslatableCharacter, "unsupported Unicode escape sequence"),
                               "\\u0000 cannot be converted to text."));
}

absl::Status JsonLexer::number() {
  kind_ = JsonToken::kNumber;
  size_t at = start_;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at > from;
  };
  const auto take = [&](std::string_view characters) {
    if (at == text_.size() || characters.find(text_[at]) == std::string_view::npos) return false;
    ++at;
    return true;
  };
  take("-");
  bool good = take("0") || digits();
  if (good && take(".")) good = digits();
  if (good && take("eE")) {
    take("+-");
    good = digits();
  }
  for (; at < text_.size() && is_word(text_[at]); ++at) good = false;
  if (!good) return invalid_token(at);
  end_ = at;
  return absl::OkStatus();
}

absl::Status JsonLexer::word() {
  kind_ = JsonToken::kWord;
  size_t at = start_;
  while (at < text_.size() && is_word(text_[at])) ++at;
  end_ = at == start_ ? at + 1 : at;
  const std::string_view word = token();
  return word == "true" || word == "false" || word == "null" ? absl::OkStatus() : invalid_token(end_);
}

absl::Status JsonLexer::expected(std::string_view what) const {
  if (kind_ == JsonToken::kEnd) return syntax_error("The input string ended unexpectedly.");
  return syntax_error(cat("Expected ", what, ", but found \"", token(), "\"."));
}

absl::Status JsonLexer::invalid_token(size_t end) {
  end_ = end;
  return syntax_error(cat("Token \"", token(), "\" is invalid."));
}

absl::Status JsonLexer::bad_surrogates(size_t end) {
  end_ = end;
  return syntax_error("Unicode low surrogate must follow a high surrogate.");
}

absl::Status JsonLexer::syntax_error(std::string detail) const {
  return with_line(with_detail(error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type json"),
                               std::move(detail)));
}

/// CONTEXT: the line up to where reading stopped, at most some 50 bytes of it.
absl::Status JsonLexer::with_line(absl::Status status) const {
  constexpr size_t kShownBytes = 50, kNotWorthCutting = 3;
  size_t from = line_start_;
  while (end_ > from && end_ - from >= kShownBytes) from = character_end(from);
  if (from - line_start_ <= kNotWorthCutting) from = line_start_;
  const bool goes_on = kind_ != JsonToken::kEnd && end_ < text_.size() && text_[end_] != '\n' && text_[end_] != '\r';
  ErrorFields fields = error_fields(status);
  fields.where = cat("JSON data, line ", line_, ": ", from > line_start_ ? "..." : "",
                     text_.substr(from, end_ > from ? end_ - from : 0), goes_on ? "..." : "");
  return make_error(fields);
}

size_t JsonLexer::character_end(size_t at) const { return at + utf8::size_at(text_, at); }

}  // namespace troupe
