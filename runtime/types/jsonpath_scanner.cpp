#include "runtime/types/jsonpath_scanner.hpp"

#include <algorithm>
#include <iterator>

#include "runtime/types/numeric.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr std::string_view kSpecial = "?%$.[]{}()|&!=<>@#,*:-+/";
constexpr std::string_view kSpace = " \t\n\r\f";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool ends_word(char c) {
  return kSpecial.find(c) != std::string_view::npos || kSpace.find(c) != std::string_view::npos || c == '"';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// true, false and null are words in lower case only.
bool is_keyword(std::string_view word) {
  constexpr std::string_view kExact[] = {"null", "true", "false"};
  constexpr std::string_view kAny[] = {"is",      "to",      "abs",      "lax",      "flag",      "last",   "size",
                                       "type",    "with",    "floor",    "double",   "exists",    "starts", "strict",
                                       "ceiling", "unknown", "datetime", "keyvalue", "like_regex"};
  if (std::find(std::begin(kExact), std::end(kExact), word) != std::end(kExact)) return true;
  return std::find(std::begin(kAny), std::end(kAny), lower(word)) != std::end(kAny);
}

}  // namespace

absl::Status PathScanner::syntax_error(std::string_view message) const {
  if (kind_ == PathToken::kEnd) return error(ErrorCode::kSyntaxError, message, " at end of jsonpath input");
  return error(ErrorCode::kSyntaxError, message, " at or near \"", text_.substr(start_, at_ - start_),
               "\" of jsonpath input");
}

absl::Status PathScanner::skip_space() {
  while (at_ < text_.size()) {
    if (kSpace.find(text_[at_]) != std::string_view::npos) {
      ++at_;
    } else if (text_.substr(at_, 2) == "/*") {
      const size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) {
        at_ = text_.size();
        kind_ = PathToken::kEnd;
        return syntax_error("unexpected end of comment");
      }
      at_ = end + 2;
    } else {
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status PathScanner::step() {
  TROUPE_RETURN_IF_ERROR(skip_space());
  start_ = at_;
  value_.clear();
  if (at_ == text_.size()) {
    kind_ = PathToken::kEnd;
    return absl::OkStatus();
  }
  const char c = text_[at_];
  if (c == '"') {
    kind_ = PathToken::kString;
    return quoted();
  }
  const bool variable = c == '$' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || !ends_word(text_[at_ + 1]));
  if (variable) {
    ++at_;
    TROUPE_RETURN_IF_ERROR(text_[at_] == '"' ? quoted() : word());
    kind_ = PathToken::kVariable;
    return absl::OkStatus();
  }
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
  if (kSpecial.find(c) == std::string_view::npos) {
    TROUPE_RETURN_IF_ERROR(word());
    const std::string_view written = text_.substr(start_, at_ - start_);
    kind_ = is_keyword(written) ? PathToken::kKeyword : PathToken::kIdent;
    if (kind_ == PathToken::kKeyword) value_ = lower(written);
    return absl::OkStatus();
  }
  kind_ = PathToken::kSymbol;
  constexpr std::string_view kPairs[] = {"&&", "||", "==", "!=", "<>", "<=", ">=", "**"};
  const std::string_view pair = text_.substr(at_, 2);
  const bool two = std::find(std::begin(kPairs), std::end(kPairs), pair) != std::end(kPairs);
  value_ = std::string(text_.substr(at_, two ? 2 : 1));
  at_ += value_.size();
  if (value_ == "<>") value_ = "!=";
  if (value_ == "=") value_ = "==";
  return absl::OkStatus();
}

absl::Status PathScanner::number() {
  kind_ = PathToken::kInt;
  const auto digits = [&] {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  const bool zero = text_[at_] == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
  digits();
  if (zero) return syntax_error("trailing junk after numeric literal");
  // 1..2 and 1.type(): the point belongs to what follows unless it is a fraction's.
  if (at_ < text_.size() && text_[at_] == '.') {
    kind_ = PathToken::kNumeric;
    ++at_;
    digits();
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    size_t end = at_ + 1;
    if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
    if (end < text_.size() && is_digit(text_[end])) {
      kind_ = PathToken::kNumeric;
      at_ = end;
      digits();
    }
  }
  value_ = std::string(text_.substr(start_, at_ - start_));
  if (at_ < text_.size() && !ends_word(text_[at_])) {
    ++at_;
    return syntax_error("trailing junk after numeric literal");
  }
  return absl::OkStatus();
}

absl::Status PathScanner::word() {
  while (at_ < text_.size() && !ends_word(text_[at_])) {
    if (text_[at_] == '\\') {
      TROUPE_RETURN_IF_ERROR(escape(&value_));
    } else {
      value_ += text_[at_++];
    }
  }
  return absl::OkStatus();
}

absl::Status PathScanner::quoted() {
  for (++at_; at_ < text_.size();) {
    if (text_[at_] == '"') {
      ++at_;
      return absl::OkStatus();
    }
    if (text_[at_] == '\\') {
      TROUPE_RETURN_IF_ERROR(escape(&value_));
    } else {
      value_ += text_[at_++];
    }
  }
  kind_ = PathToken::kEnd;
  return syntax_error("unexpected end of quoted string");
}

absl::StatusOr<uint32_t> PathScanner::hex(size_t digits) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return syntax_error("invalid hexadecimal character sequence");
    code = code * 16 + static_cast<uint32_t>(digit);
  }
  return code;
}

/// \uXXXX and \u{X...}; halves of a pair follow each other.
absl::Status PathScanner::unicode(uint32_t* high, std::string* out) {
  uint32_t code = 0;
  if (at_ < text_.size() && text_[at_] == '{') {
    const size_t end = text_.find('}', at_);
    if (end == std::string_view::npos || end - at_ < 2 || end - at_ > 7) {
      return syntax_error("invalid Unicode escape sequence");
    }
    const size_t digits = end - ++at_;
    TROUPE_ASSIGN_OR_RETURN(code, hex(digits));
    ++at_;
  } else {
    TROUPE_ASSIGN_OR_RETURN(code, hex(4));
  }
  if (code == 0) {
    return with_detail(error(ErrorCode::kUntranslatableCharacter, "unsupported Unicode escape sequence"),
                       "\\u0000 cannot be converted to text.");
  }
  const bool is_high = code >= 0xD800 && code < 0xDC00, is_low = code >= 0xDC00 && code < 0xE000;
  if ((is_high && *high != 0) || (is_low && *high == 0) || (!is_low && *high != 0)) {
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type jsonpath"),
                       is_high ? "Unicode high surrogate must not follow a high surrogate."
                               : "Unicode low surrogate must follow a high surrogate.");
  }
  if (is_high) {
    *high = code;
    return absl::OkStatus();
  }
  if (is_low) code = 0x10000 + ((*high - 0xD800) << 10) + (code - 0xDC00);
  *high = 0;
  *out += utf8::encode(code);
  return absl::OkStatus();
}

absl::Status PathScanner::escape(std::string* out) {
  const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  constexpr std::string_view kLetters = "bfnrtv", kMeant = "\b\f\n\r\t\v";
  if (c == '\0') {
    at_ = text_.size();
    return syntax_error("unexpected end after backslash");
  }
  at_ += 2;
  if (c == 'x') {
    TROUPE_ASSIGN_OR_RETURN(const uint32_t code, hex(2));
    *out += utf8::encode(code);
    return absl::OkStatus();
  }
  if (c == 'u') {
    uint32_t high = 0;
    TROUPE_RETURN_IF_ERROR(unicode(&high, out));
    while (high != 0) {
      if (text_.substr(at_, 2) != "\\u") {
        return with_detail(error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type jsonpath"),
                           "Unicode low surrogate must follow a high surrogate.");
      }
      at_ += 2;
      TROUPE_RETURN_IF_ERROR(unicode(&high, out));
    }
    return absl::OkStatus();
  }
  const size_t letter = kLetters.find(c);
  *out += letter == std::string_view::npos ? c : kMeant[letter];
  return absl::OkStatus();
}

}  // namespace troupe
