#include <algorithm>
#include <vector>

#include "runtime/types/json_lexer.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/json_format.hpp"

/// JSON (RFC 8259) as PostgreSQL's json and jsonb take it.
namespace troupe {
namespace {

constexpr int kDepthMax = 1000;

/// Walks the text; for jsonb also writes its canonical form.
class JsonReader {
 public:
  JsonReader(std::string_view text, bool normalize) : lexer_{text, normalize}, normalize_{normalize} {}

  absl::StatusOr<std::string> document() {
    std::string out;
    TROUPE_RETURN_IF_ERROR(lexer_.step());
    TROUPE_RETURN_IF_ERROR(value(0, &out));
    if (lexer_.kind() != JsonToken::kEnd) return lexer_.expected("end of input");
    return out;
  }

 private:
  struct Member {
    std::string key;  ///< what it says, not as written
    std::string value;
  };

  absl::Status value(int depth, std::string* out) {
    if (depth > kDepthMax) {
      return with_hint(error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded"),
                       cat("JSON may be nested ", kDepthMax, " levels deep."));
    }
    if (lexer_.is('{')) return object(depth, out);
    if (lexer_.is('[')) return array(depth, out);
    if (lexer_.kind() == JsonToken::kPunctuation || lexer_.kind() == JsonToken::kEnd) {
      return lexer_.expected("JSON value");
    }
    if (normalize_) TROUPE_RETURN_IF_ERROR(scalar(out));
    return lexer_.step();
  }
  absl::Status scalar(std::string* out) {
    const std::string_view token = lexer_.token();
    if (lexer_.kind() == JsonToken::kString) {
      append_json_string(json_string_value(token), out);
    } else if (lexer_.kind() == JsonToken::kNumber) {
      TROUPE_ASSIGN_OR_RETURN(const Numeric number, parse_numeric(token));
      format_numeric(number.bytes(), out);
    } else {
      out->append(token);
    }
    return absl::OkStatus();
  }
  absl::Status object(int depth, std::string* out) {
    std::vector<Member> members;
    TROUPE_RETURN_IF_ERROR(lexer_.step());
    if (lexer_.kind() != JsonToken::kString && !lexer_.is('}')) return lexer_.expected("string or \"}\"");
    while (lexer_.kind() == JsonToken::kString) {
      TROUPE_RETURN_IF_ERROR(member(depth, &members));
      if (lexer_.is('}')) break;
      if (!lexer_.is(',')) return lexer_.expected("\",\" or \"}\"");
      TROUPE_RETURN_IF_ERROR(lexer_.step());
      if (lexer_.kind() != JsonToken::kString) return lexer_.expected("string");
    }
    if (normalize_) append_members(&members, out);
    return lexer_.step();
  }
  absl::Status member(int depth, std::vector<Member>* members) {
    Member one;
    if (normalize_) one.key = json_string_value(lexer_.token());
    TROUPE_RETURN_IF_ERROR(lexer_.step());
    if (!lexer_.is(':')) return lexer_.expected("\":\"");
    TROUPE_RETURN_IF_ERROR(lexer_.step());
    TROUPE_RETURN_IF_ERROR(value(depth + 1, &one.value));
    if (normalize_) members->push_back(std::move(one));
    return absl::OkStatus();
  }
  /// Of equal keys the last one counts.
  static void append_members(std::vector<Member>* members, std::string* out) {
    std::stable_sort(members->begin(), members->end(), [](const Member& a, const Member& b) {
      return a.key.size() != b.key.size() ? a.key.size() < b.key.size() : a.key < b.key;
    });
    out->push_back('{');
    bool first = true;
    for (size_t i = 0; i < members->size(); ++i) {
      if (i + 1 < members->size() && (*members)[i].key == (*members)[i + 1].key) continue;
      if (!first) out->append(", ");
      first = false;
      append_json_string((*members)[i].key, out);
      out->append(": ").append((*members)[i].value);
    }
    out->push_back('}');
  }
  absl::Status array(int depth, std::string* out) {
    TROUPE_RETURN_IF_ERROR(lexer_.step());
    if (normalize_) out->push_back('[');
    while (!lexer_.is(']')) {
      TROUPE_RETURN_IF_ERROR(value(depth + 1, out));
      if (lexer_.is(']')) break;
      if (!lexer_.is(',')) return lexer_.expected("\",\" or \"]\"");
      TROUPE_RETURN_IF_ERROR(lexer_.step());
      if (lexer_.is(']')) return lexer_.expected("JSON value");
      if (normalize_) out->append(", ");
    }
    if (normalize_) out->push_back(']');
    return lexer_.step();
  }

  JsonLexer lexer_;
  bool normalize_;
};

}  // namespace

absl::Status validate_json(std::string_view text) { return JsonReader(text, false).document().status(); }

absl::StatusOr<std::string> normalize_json(std::string_view text) { return JsonReader(text, true).document(); }

absl::StatusOr<std::string> json_text_of(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
  TROUPE_RETURN_IF_ERROR(JsonReader(quoted, true).document().status());
  return json_string_value(quoted);
}

}  // namespace troupe
