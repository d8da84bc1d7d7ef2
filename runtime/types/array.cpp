#include "runtime/types/array.hpp"

#include <algorithm>

#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

using text_scan::is_space;

/// Reads `{...}` by recursive descent, checking that every sub-array has the same shape.
class ArrayReader {
 public:
  ArrayReader(Type element, std::string_view text, const EvalContext& context)
      : element_{element}, whole_{text}, rest_{text}, context_{context} {}

  absl::StatusOr<Value> read() {
    rest_ = text_scan::trim(rest_);
    TROUPE_RETURN_IF_ERROR(explicit_bounds());
    if (rest_.empty() || rest_.front() != '{') return malformed("Array value must start with \"{\" or dimension information.");
    TROUPE_RETURN_IF_ERROR(level(0));
    if (!text_scan::trim(rest_).empty()) return malformed("Junk after closing right brace.");
    if (!bounds_.empty()) {
      if (bounds_.size() != lengths_.size()) return malformed("Specified array dimensions do not match array contents.");
      for (size_t d = 0; d < bounds_.size(); ++d) {
        if (bounds_[d].length != lengths_[d]) return malformed("Specified array dimensions do not match array contents.");
      }
    }
    std::vector<ArrayDimension> dimensions;
    for (size_t d = 0; d < lengths_.size(); ++d) {
      dimensions.push_back({lengths_[d], bounds_.empty() ? 1 : bounds_[d].lower_bound});
    }
    if (elements_.empty()) dimensions.clear();
    return Value::text(pack_array(element_.oid, physical_of(element_), dimensions, elements_));
  }

 private:
  /// "[1:3][0:1]=" before the braces.
  absl::Status explicit_bounds() {
    while (!rest_.empty() && rest_.front() == '[') {
      const size_t end = rest_.find(']');
      if (end == std::string_view::npos) return malformed("Missing \"]\" after array dimensions.");
      const std::string_view inside = rest_.substr(1, end - 1);
      const size_t colon = inside.find(':');
      const auto first = parse_integer(inside.substr(0, colon), INT32_MIN, INT32_MAX, "integer");
      if (!first.ok()) return malformed("\"[\" must introduce explicitly-specified array dimensions.");
      int64_t lower = 1, upper = *first;
      if (colon != std::string_view::npos) {
        const auto second = parse_integer(inside.substr(colon + 1), INT32_MIN, INT32_MAX, "integer");
        if (!second.ok()) return malformed("Missing array dimension value.");
        lower = *first;
        upper = *second;
      }
      if (upper < lower) return error(ErrorCode::kArraySubscriptError, "upper bound cannot be less than lower bound");
      bounds_.push_back({static_cast<int32_t>(upper - lower + 1), static_cast<int32_t>(lower)});
      rest_ = text_scan::trim_left(rest_.substr(end + 1));
    }
    if (bounds_.empty()) return absl::OkStatus();
    if (rest_.empty() || rest_.front() != '=') return malformed("Missing \"=\" after array dimensions.");
    rest_ = text_scan::trim_left(rest_.substr(1));
    return absl::OkStatus();
  }
  absl::Status level(size_t depth) {
    if (depth >= kArrayDimensionsMax) {
      return error(ErrorCode::kProgramLimitExceeded, "number of array dimensions (", depth + 1,
                   ") exceeds the maximum allowed (", kArrayDimensionsMax, ")");
    }
    rest_.remove_prefix(1);
    int32_t count = 0;
    bool sub_arrays = false;
    for (;;) {
      rest_ = text_scan::trim_left(rest_);
      if (rest_.empty()) return malformed("Unexpected end of input.");
      if (rest_.front() == '}' && count == 0) break;
      const bool is_sub_array = rest_.front() == '{';
      if (count > 0 && is_sub_array != sub_arrays) return ragged();
      sub_arrays = is_sub_array;
      if (is_sub_array) {
        TROUPE_RETURN_IF_ERROR(level(depth + 1));
      } else {
        if (leaf_depth_ != 0 && leaf_depth_ != depth + 1) return ragged();
        leaf_depth_ = depth + 1;
        TROUPE_RETURN_IF_ERROR(element());
      }
      ++count;
      rest_ = text_scan::trim_left(rest_);
      if (rest_.empty()) return malformed("Unexpected end of input.");
      if (rest_.front() == '}') break;
      if (rest_.front() != ',') return malformed("Unexpected array element.");
      rest_.remove_prefix(1);
      if (rest_ = text_scan::trim_left(rest_); !rest_.empty() && rest_.front() == '}') {
        return malformed("Unexpected \"}\" character.");
      }
    }
    rest_.remove_prefix(1);
    if (lengths_.size() <= depth) lengths_.resize(depth + 1, -1);
    if (lengths_[depth] >= 0 && lengths_[depth] != count) return ragged();
    lengths_[depth] = count;
    return absl::OkStatus();
  }
  absl::Status element() {
    std::string text;
    bool quoted = false;
    size_t kept = 0;  // trailing spaces count only inside quotes or after a backslash
    while (!rest_.empty() && rest_.front() != ',' && rest_.front() != '}') {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '{') return malformed("Unexpected \"{\" character.");
      if (c == '"') {
        if (quoted || !text.empty()) return malformed("Unexpected array element.");
        quoted = true;
        TROUPE_RETURN_IF_ERROR(quoted_part(&text));
        rest_ = text_scan::trim_left(rest_);
        if (!rest_.empty() && rest_.front() != ',' && rest_.front() != '}') return malformed("Unexpected array element.");
        kept = text.size();
      } else if (c == '\\') {
        if (rest_.empty()) return malformed("Unexpected end of input.");
        text.push_back(rest_.front());
        rest_.remove_prefix(1);
        kept = text.size();
      } else {
        text.push_back(c);
        if (!is_space(c)) kept = text.size();
      }
    }
    text.resize(kept);
    if (rest_.empty()) return malformed("Unexpected end of input.");
    if (!quoted && text.empty()) return malformed(cat("Unexpected \"", std::string(1, rest_.front()), "\" character."));
    if (!quoted && text_scan::equals_ignoring_case(text, "null")) {
      elements_.push_back(Value::null(physical_of(element_)));
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(Value v, parse_text(element_, text, context_));
    elements_.push_back(std::move(v));
    return absl::OkStatus();
  }
  absl::Status quoted_part(std::string* text) {
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) break;
      text->push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return malformed("Unexpected end of input.");
    rest_.remove_prefix(1);
    return absl::OkStatus();
  }
  absl::Status ragged() {
    return malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
  }
  absl::Status malformed(std::string detail) const {
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "malformed array literal: \"", whole_, "\""), std::move(detail));
  }

  Type element_;
  std::string_view whole_, rest_;
  const EvalContext& context_;
  std::vector<ArrayDimension> bounds_;
  std::vector<int32_t> lengths_;
  std::vector<Value> elements_;
  size_t leaf_depth_ = 0;
};

bool needs_quotes(std::string_view text) {
  if (text.empty() || text_scan::equals_ignoring_case(text, "null")) return true;
  return std::any_of(text.begin(), text.end(), [](char c) {
    return c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_space(c);
  });
}

void append_element(std::string_view text, std::string* out) {
  if (!needs_quotes(text)) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

void format_level(Type element, const ArrayView& array, int dimension, uint32_t* next, const EvalContext& context,
                  std::string* out) {
  out->push_back('{');
  for (int32_t i = 0; i < array.length(dimension); ++i) {
    if (i > 0) out->push_back(',');
    if (dimension + 1 < array.dimensions()) {
      format_level(element, array, dimension + 1, next, context, out);
      continue;
    }
    const uint32_t at = (*next)++;
    if (array.is_null(at)) {
      out->append("NULL");
    } else {
      append_element(to_text(element, array.value(at), context), out);
    }
  }
  out->push_back('}');
}

}  // namespace

absl::StatusOr<Value> parse_array(Type element, std::string_view text, const EvalContext& context) {
  return ArrayReader(element, text, context).read();
}

void format_array(Type element, std::string_view bytes, const EvalContext& context, std::string* out) {
  const ArrayView array(bytes);
  if (array.dimensions() == 0) {
    out->append("{}");
    return;
  }
  bool shifted = false;
  for (int d = 0; d < array.dimensions(); ++d) shifted = shifted || array.lower_bound(d) != 1;
  if (shifted) {
    for (int d = 0; d < array.dimensions(); ++d) {
      out->append(cat("[", array.lower_bound(d), ":", array.lower_bound(d) + array.length(d) - 1, "]"));
    }
    out->push_back('=');
  }
  uint32_t next = 0;
  format_level(element, array, 0, &next, context, out);
}

Value array_element(std::string_view bytes, std::span<const int32_t> subscripts) {
  const ArrayView array(bytes);
  const Value null = Value::null(array.element_kind());
  if (array.dimensions() == 0 || subscripts.size() != static_cast<size_t>(array.dimensions())) return null;
  uint32_t at = 0;
  for (int d = 0; d < array.dimensions(); ++d) {
    const int64_t i = int64_t{subscripts[static_cast<size_t>(d)]} - array.lower_bound(d);
    if (i < 0 || i >= array.length(d)) return null;
    at = at * static_cast<uint32_t>(array.length(d)) + static_cast<uint32_t>(i);
  }
  return array.value(at);
}

std::string array_slice(std::string_view bytes, std::span<const ArrayBound> lower, std::span<const ArrayBound> upper) {
  const ArrayView array(bytes);
  const std::string empty = pack_array(array.element_type(), array.element_kind(), {});
  const auto n = static_cast<size_t>(array.dimensions());
  if (n == 0 || lower.size() > n) return empty;
  std::vector<int32_t> from(n), to(n);
  std::vector<ArrayDimension> dimensions(n);
  for (size_t d = 0; d < n; ++d) {
    const int32_t first = array.lower_bound(static_cast<int>(d)), last = first + array.length(static_cast<int>(d)) - 1;
    from[d] = d < lower.size() && lower[d].present ? std::max(lower[d].value, first) : first;
    to[d] = d < upper.size() && upper[d].present ? std::min(upper[d].value, last) : last;
    if (from[d] > to[d]) return empty;
    dimensions[d] = {to[d] - from[d] + 1, 1};
  }
  std::vector<Value> elements;
  for (std::vector<int32_t> at = from;;) {
    elements.push_back(array_element(bytes, at));
    size_t d = n;
    while (d > 0 && at[d - 1] == to[d - 1]) {
      at[d - 1] = from[d - 1];
      --d;
    }
    if (d == 0) break;
    ++at[d - 1];
  }
  return pack_array(array.element_type(), array.element_kind(), dimensions, elements);
}

absl::StatusOr<std::string> array_assign(Type element, std::string_view bytes, std::span<const int32_t> subscripts,
                                         const Value& value) {
  const Physical kind = physical_of(element);
  if (bytes.empty() || ArrayView(bytes).dimensions() == 0) {
    std::vector<ArrayDimension> dimensions;
    for (const int32_t s : subscripts) dimensions.push_back({1, s});
    return pack_array(element.oid, kind, dimensions, {&value, 1});
  }
  const ArrayView array(bytes);
  if (subscripts.size() != static_cast<size_t>(array.dimensions())) {
    return error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts");
  }
  std::vector<ArrayDimension> dimensions;
  std::vector<Value> elements;
  for (int d = 0; d < array.dimensions(); ++d) dimensions.push_back({array.length(d), array.lower_bound(d)});
  for (uint32_t i = 0; i < array.size(); ++i) elements.push_back(array.value(i));
  if (dimensions.size() == 1) {
    ArrayDimension& d = dimensions[0];
    constexpr int64_t kLengthMax = 1 << 27;
    const int64_t first = std::min<int64_t>(d.lower_bound, subscripts[0]);
    const int64_t last = std::max<int64_t>(int64_t{d.lower_bound} + d.length - 1, subscripts[0]);
    if (last - first + 1 > kLengthMax) {
      return error(ErrorCode::kProgramLimitExceeded, "array size exceeds the maximum allowed (", kLengthMax, ")");
    }
    elements.insert(elements.begin(), static_cast<size_t>(d.lower_bound - first), Value::null(kind));
    elements.resize(static_cast<size_t>(last - first + 1), Value::null(kind));
    d = {static_cast<int32_t>(last - first + 1), static_cast<int32_t>(first)};
  }
  size_t at = 0;
  for (size_t d = 0; d < dimensions.size(); ++d) {
    const int64_t i = int64_t{subscripts[d]} - dimensions[d].lower_bound;
    if (i < 0 || i >= dimensions[d].length) return error(ErrorCode::kArraySubscriptError, "array subscript out of range");
    at = at * static_cast<size_t>(dimensions[d].length) + static_cast<size_t>(i);
  }
  elements[at] = value;
  return pack_array(element.oid, kind, dimensions, elements);
}

std::string make_vector_array(Oid element, std::span<const int64_t> values) {
  std::vector<Value> elements;
  for (const int64_t v : values) {
    elements.push_back(element == oid::kInt2 ? Value::of(static_cast<int16_t>(v)) : Value::of(v));
  }
  const ArrayDimension zero_based{static_cast<int32_t>(elements.size()), 0};
  return pack_array(element, physical_of(Type{element}), {&zero_based, 1}, elements);
}

}  // namespace troupe
