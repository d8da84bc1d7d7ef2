#include <map>

#include "runtime/types/numeric.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"

/// JSON (RFC 8259) as PostgreSQL's json and jsonb take it.
namespace troupe {
namespace {

using text_scan::is_digit;
constexpr int kDepthMax = 1000;

/// Walks the text; with `out_`, also writes jsonb's canonical form.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::string_view type_name, bool normalize)
      : text_{text}, type_name_{type_name}, normalize_{normalize} {}

  absl::StatusOr<std::string> document() {
    std::string out;
    TROUPE_RETURN_IF_ERROR(value(0, &out));
    skip();
    if (at_ != text_.size()) return bad("Expected end of input, but found \"", token(), "\".");
    return out;
  }

 private:
  absl::Status value(int depth, std::string* out) {
    if (depth > kDepthMax) return error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded");
    skip();
    if (at_ == text_.size()) return bad("The input string ended unexpectedly.");
    switch (text_[at_]) {
      case '{': return object(depth, out);
      case '[': return array(depth, out);
      case '"': return string(out);
      default: return scalar(out);
    }
  }
  absl::Status object(int depth, std::string* out) {
    // jsonb's order: shorter keys first.
    const auto by_length = [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    std::map<std::string, std::string, decltype(by_length)> members(by_length);
    ++at_;
    skip();
    if (peek() == '}') return close("{}", out);
    for (;;) {
      skip();
      if (peek() != '"') return bad("Expected string or \"}\", but found \"", token(), "\".");
      std::string key, member;
      TROUPE_RETURN_IF_ERROR(string(&key));
      skip();
      if (peek() != ':') return bad("Expected \":\", but found \"", token(), "\".");
      ++at_;
      TROUPE_RETURN_IF_ERROR(value(depth + 1, &member));
      if (normalize_) members[key] = std::move(member);
      skip();
      if (peek() == '}') break;
      if (peek() != ',') return bad("Expected \",\" or \"}\", but found \"", token(), "\".");
      ++at_;
    }
    std::string body = "{";
    for (const auto& [key, member] : members) {
      if (body.size() > 1) body += ", ";
      body.append(key).append(": ").append(member);
    }
    return close(body + "}", out);
  }
  absl::Status array(int depth, std::string* out) {
    std::string body = "[";
    ++at_;
    skip();
    if (peek() == ']') return close("[]", out);
    for (;;) {
      if (body.size() > 1) body += ", ";
      TROUPE_RETURN_IF_ERROR(value(depth + 1, &body));
      skip();
      if (peek() == ']') break;
      if (peek() != ',') return bad("Expected \",\" or \"]\", but found \"", token(), "\".");
      ++at_;
    }
    return close(body + "]", out);
  }
  absl::Status close(const std::string& body, std::string* out) {
    ++at_;
    if (normalize_) out->append(body);
    return absl::OkStatus();
  }
  absl::Status string(std::string* out) {
    const size_t from = at_++;
    for (;; ++at_) {
      if (at_ >= text_.size()) return bad("Token \"", text_.substr(from), "\" is invalid.");
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<uint8_t>(c) < 0x20) return bad("Character with value 0x", hex_byte(c), " must be escaped.");
      if (c == '\\') TROUPE_RETURN_IF_ERROR(escape());
    }
    ++at_;
    if (normalize_) out->append(text_.substr(from, at_ - from));
    return absl::OkStatus();
  }
  absl::Status escape() {
    ++at_;
    const char c = peek();
    if (c == 'u') {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        const char h = text_scan::lower(peek());
        if (!is_digit(h) && (h < 'a' || h > 'f')) return bad("\"\\u\" must be followed by four hexadecimal digits.");
      }
      return absl::OkStatus();
    }
    if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return bad("Escape sequence \"\\", std::string(1, c), "\" is invalid.");
    }
    return absl::OkStatus();
  }
  absl::Status scalar(std::string* out) {
    const std::string_view word = token();
    if (word != "true" && word != "false" && word != "null") {
      if (!is_number(word)) return bad("Token \"", word, "\" is invalid.");
      if (normalize_) {
        TROUPE_ASSIGN_OR_RETURN(const Numeric number, parse_numeric(word));
        format_numeric(number.bytes(), out);
      }
      at_ += word.size();
      return absl::OkStatus();
    }
    if (normalize_) out->append(word);
    at_ += word.size();
    return absl::OkStatus();
  }
  static bool is_number(std::string_view v) {
    size_t i = 0;
    const auto digits = [&] {
      const size_t from = i;
      while (i < v.size() && is_digit(v[i])) ++i;
      return i > from;
    };
    if (i < v.size() && v[i] == '-') ++i;
    if (i < v.size() && v[i] == '0') {
      ++i;
    } else if (!digits()) {
      return false;
    }
    if (i < v.size() && v[i] == '.' && (++i, !digits())) return false;
    if (i < v.size() && (v[i] == 'e' || v[i] == 'E')) {
      ++i;
      if (i < v.size() && (v[i] == '+' || v[i] == '-')) ++i;
      if (!digits()) return false;
    }
    return i == v.size();
  }
  /// What stands here, for messages and for words.
  std::string_view token() const {
    size_t end = at_;
    while (end < text_.size() && (text_scan::is_alnum(text_[end]) || text_[end] == '_' || text_[end] == '.' ||
                                  text_[end] == '+' || text_[end] == '-' || (text_[end] & 0x80) != 0)) {
      ++end;
    }
    return text_.substr(at_, end == at_ && at_ < text_.size() ? 1 : end - at_);
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  static std::string hex_byte(char c) {
    std::string out;
    format_hex({&c, 1}, &out);
    return out;
  }
  template <typename... Pieces>
  absl::Status bad(const Pieces&... detail) const {
    std::string text = at_ >= text_.size() ? std::string("The input string ended unexpectedly.") : cat(detail...);
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type ", type_name_), std::move(text));
  }

  std::string_view text_;
  std::string_view type_name_;
  bool normalize_;
  size_t at_ = 0;
};

}  // namespace

absl::Status validate_json(std::string_view text, std::string_view type_name) {
  return JsonReader(text, type_name, false).document().status();
}

absl::StatusOr<std::string> normalize_json(std::string_view text) { return JsonReader(text, "json", true).document(); }

}  // namespace troupe
