#include "runtime/types/range.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_item.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

using text_scan::is_space;
using text_scan::trim_left;

/// What a bound's text has to be quoted for.
constexpr std::string_view kSpecial = "\"\\()[],";

absl::Status malformed(std::string_view what, std::string_view text, std::string detail) {
  return with_detail(error(ErrorCode::kInvalidTextRepresentation, "malformed ", what, " literal: \"", text, "\""),
                     std::move(detail));
}

constexpr std::string_view kEndDetail = "Unexpected end of input.";

/// `[1,"2")`: the bounds as they are written.
class RangeReader {
 public:
  explicit RangeReader(std::string_view text) : whole_{text}, rest_{trim_left(text)} {}

  absl::Status read() {
    if (text_scan::starts_ignoring_case(rest_, "empty")) {
      is_empty = true;
      rest_.remove_prefix(5);
      return at_end("Junk after \"empty\" key word.");
    }
    if (rest_.empty() || (rest_.front() != '[' && rest_.front() != '(')) {
      return malformed("range", whole_, "Missing left parenthesis or bracket.");
    }
    lower.inclusive = rest_.front() == '[';
    rest_.remove_prefix(1);
    TROUPE_RETURN_IF_ERROR(bound(&lower, &lower_text));
    if (rest_.front() != ',') return malformed("range", whole_, "Missing comma after lower bound.");
    rest_.remove_prefix(1);
    TROUPE_RETURN_IF_ERROR(bound(&upper, &upper_text));
    if (rest_.front() == ',') return malformed("range", whole_, "Too many commas.");
    upper.inclusive = rest_.front() == ']';
    rest_.remove_prefix(1);
    return at_end("Junk after right parenthesis or bracket.");
  }

  bool is_empty = false;
  RangeBound lower, upper{.is_lower = false};
  std::string lower_text, upper_text;

 private:
  absl::Status bound(RangeBound* bound, std::string* text) {
    constexpr std::string_view kEnds = ",)]";
    bound->infinite = !rest_.empty() && kEnds.find(rest_.front()) != std::string_view::npos;
    if (text_scan::take_item(&rest_, kEnds, text)) return absl::OkStatus();
    return malformed("range", whole_, std::string(kEndDetail));
  }
  absl::Status at_end(std::string_view junk) {
    return trim_left(rest_).empty() ? absl::OkStatus() : malformed("range", whole_, std::string(junk));
  }

  std::string_view whole_, rest_;
};

/// The end of the range that starts `text`: behind its closing parenthesis; npos when there is none.
size_t range_end(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == ')' || text[i] == ']')) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::string> parse_range(Type range, std::string_view text, const EvalContext& context) {
  RangeReader reader(text);
  TROUPE_RETURN_IF_ERROR(reader.read());
  if (reader.is_empty) return make_empty_range(range.oid);
  const Type subtype{range_subtype_of(range.oid)};
  Value from, to;
  if (!reader.lower.infinite) {
    TROUPE_ASSIGN_OR_RETURN(from, parse_text(subtype, reader.lower_text, context));
    reader.lower.bytes = bound_bytes(from);
  }
  if (!reader.upper.infinite) {
    TROUPE_ASSIGN_OR_RETURN(to, parse_text(subtype, reader.upper_text, context));
    reader.upper.bytes = bound_bytes(to);
  }
  return make_range(range.oid, reader.lower, reader.upper);
}

void format_range(std::string_view bytes, const EvalContext& context, std::string* out) {
  const RangeView range(bytes);
  if (range.is_empty()) {
    out->append("empty");
    return;
  }
  const auto append = [&](const RangeBound& bound) {
    if (bound.infinite) return;
    text_scan::append_item(to_text(Type{range.subtype()}, bound_value(range.kind(), bound), context), kSpecial, out);
  };
  out->push_back(range.lower().inclusive ? '[' : '(');
  append(range.lower());
  out->push_back(',');
  append(range.upper());
  out->push_back(range.upper().inclusive ? ']' : ')');
}

absl::StatusOr<std::string> parse_multirange(Type multirange, std::string_view text, const EvalContext& context) {
  const auto wrong = [&](std::string_view detail) { return malformed("multirange", text, std::string(detail)); };
  const Type range{range_of_multirange(multirange.oid)};
  std::vector<std::string> ranges;
  std::string_view rest = trim_left(text);
  if (rest.empty() || rest.front() != '{') return wrong("Missing left brace.");
  rest = trim_left(rest.substr(1));
  for (bool first = true;; first = false) {
    if (rest.empty()) return wrong(kEndDetail);
    if (first && rest.front() == '}') break;
    size_t size = 5;
    if (rest.front() == '[' || rest.front() == '(') {
      size = range_end(rest);
      if (size == std::string_view::npos) return wrong(kEndDetail);
    } else if (!text_scan::starts_ignoring_case(rest, "empty")) {
      return wrong("Expected range start.");
    }
    TROUPE_ASSIGN_OR_RETURN(std::string one, parse_range(range, rest.substr(0, size), context));
    ranges.push_back(std::move(one));
    rest = trim_left(rest.substr(size));
    if (rest.empty()) return wrong(kEndDetail);
    if (rest.front() == '}') break;
    if (rest.front() != ',') return wrong("Expected comma or end of multirange.");
    rest = trim_left(rest.substr(1));
  }
  if (!trim_left(rest.substr(1)).empty()) return wrong("Junk after closing right brace.");
  return make_multirange(range.oid, std::move(ranges));
}

void format_multirange(std::string_view multirange, const EvalContext& context, std::string* out) {
  const ArrayView ranges(multirange);
  out->push_back('{');
  for (uint32_t i = 0; i < ranges.size(); ++i) {
    if (i > 0) out->push_back(',');
    format_range(ranges.string(i), context, out);
  }
  out->push_back('}');
}

}  // namespace troupe
