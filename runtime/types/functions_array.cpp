#include <algorithm>

#include "runtime/types/array.hpp"
#include "runtime/types/array_subscript.hpp"
#include "runtime/types/kernel.hpp"

/// Array functions and operators. unnest() and subscripts are the executor's.
namespace troupe {
namespace {

constexpr Oid kArray = oid::kAnyArray, kCompatible = oid::kAnyCompatible,
              kCompatibleArray = oid::kAnyCompatibleArray, kI4 = oid::kInt4, kBool = oid::kBool;

std::vector<Value> elements_of(const ArrayView& array) {
  std::vector<Value> out;
  out.reserve(array.size());
  for (uint32_t i = 0; i < array.size(); ++i) out.push_back(array.value(i));
  return out;
}

std::string same_shape(const ArrayView& like, std::span<const Value> elements) {
  std::vector<ArrayDimension> dimensions;
  for (int d = 0; d < like.dimensions(); ++d) dimensions.push_back({like.length(d), like.lower_bound(d)});
  return pack_array(like.element_type(), like.element_kind(), dimensions, elements);
}

std::string one_dimension(Oid element, std::span<const Value> elements, int32_t lower) {
  const ArrayDimension d{static_cast<int32_t>(elements.size()), lower};
  return pack_array(element, physical_of(Type{element}), {&d, 1}, elements);
}

/// SQL's "=" where nulls are equal (`is not distinct`).
bool same(CompareKind kind, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  return compare_values(kind, a, b) == 0;
}

absl::Status one_dimensional_only(const ArrayView& array, std::string_view what) {
  if (array.dimensions() <= 1) return absl::OkStatus();
  return error(ErrorCode::kFeatureNotSupported, what);
}

// --- functions that accept nulls: null arrays are empty ones ---

template <bool Append>
absl::Status add_element(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const size_t array_at = Append ? 0 : 1;
  const Oid element = element_type_of(call.arguments[array_at].oid);
  for (uint32_t row = 0; row < rows; ++row) {
    std::vector<Value> elements;
    int32_t lower = 1;
    if (!args[array_at].is_null(row)) {
      const ArrayView array(args[array_at].string(row));
      if (array.dimensions() > 1) return error(ErrorCode::kDataException, "argument must be empty or one-dimensional array");
      elements = elements_of(array);
      if (array.dimensions() == 1) lower = array.lower_bound(0);
    }
    elements.insert(Append ? elements.end() : elements.begin(), args[1 - array_at].value(row));
    out.set_string(row, one_dimension(element, elements, lower));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> concatenated(std::string_view a, std::string_view b) {
  const ArrayView x(a), y(b);
  if (x.dimensions() == 0) return std::string(b);
  if (y.dimensions() == 0) return std::string(a);
  std::vector<Value> elements = elements_of(x);
  for (Value& v : elements_of(y)) elements.push_back(std::move(v));
  std::vector<ArrayDimension> dimensions;
  const ArrayView& larger = x.dimensions() >= y.dimensions() ? x : y;
  const ArrayView& smaller = x.dimensions() >= y.dimensions() ? y : x;
  const int extra = larger.dimensions() - smaller.dimensions();
  bool fits = extra <= 1;
  for (int d = 0; d < larger.dimensions(); ++d) {
    dimensions.push_back({larger.length(d), larger.lower_bound(d)});
    if (fits && d > 0) fits = larger.length(d) == smaller.length(d - extra);
  }
  if (!fits) {
    return with_detail(error(ErrorCode::kArraySubscriptError, "cannot concatenate incompatible arrays"),
                       "Arrays with differing element dimensions are not compatible for concatenation.");
  }
  dimensions[0].length += extra == 0 ? smaller.length(0) : 1;
  dimensions[0].lower_bound = x.dimensions() >= y.dimensions() ? x.lower_bound(0) : y.lower_bound(0);
  return pack_array(x.element_type(), x.element_kind(), dimensions, elements);
}

absl::Status concatenate(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    const bool a = args[0].is_null(row), b = args[1].is_null(row);
    if (a && b) {
      out.set_null(row);
    } else if (a || b) {
      out.set_string(row, args[a ? 1 : 0].string(row));
    } else {
      TROUPE_ASSIGN_OR_RETURN(const std::string joined, concatenated(args[0].string(row), args[1].string(row)));
      out.set_string(row, joined);
    }
  }
  return absl::OkStatus();
}

/// array_remove, array_position, array_positions, array_replace share: args 0 array, 1 wanted (may be null).
absl::Status search(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const std::string& name = call.function->name;
  const Type element{element_type_of(call.arguments[0].oid)};
  const CompareKind kind = compare_kind_of(element);
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    const ArrayView array(args[0].string(row));
    const Value wanted = args[1].value(row);
    std::vector<Value> elements = elements_of(array);
    if (name == "array_replace") {
      for (Value& v : elements) {
        if (same(kind, v, wanted)) v = args[2].value(row);
      }
      out.set_string(row, same_shape(array, elements));
    } else if (name == "array_remove") {
      TROUPE_RETURN_IF_ERROR(one_dimensional_only(array, "removing elements from multidimensional arrays is not supported"));
      std::erase_if(elements, [&](const Value& v) { return same(kind, v, wanted); });
      out.set_string(row, one_dimension(element.oid, elements, array.dimensions() == 1 ? array.lower_bound(0) : 1));
    } else {
      TROUPE_RETURN_IF_ERROR(one_dimensional_only(array, "searching for elements in multidimensional arrays is not supported"));
      std::vector<Value> hits;
      const int32_t lower = array.dimensions() == 1 ? array.lower_bound(0) : 1;
      const int32_t start = args.size() > 2 && !args[2].is_null(row) ? args[2].get<int32_t>(row) : lower;
      for (size_t i = 0; i < elements.size(); ++i) {
        const int32_t at = static_cast<int32_t>(i) + lower;
        if (at >= start && same(kind, elements[i], wanted)) hits.push_back(Value::of(at));
      }
      if (name == "array_positions") {
        out.set_string(row, one_dimension(kI4, hits, 1));
      } else if (hits.empty()) {
        out.set_null(row);
      } else {
        out.set(row, hits[0].get<int32_t>());
      }
    }
  }
  return absl::OkStatus();
}

/// trim_array(): without the last elements of the first dimension.
absl::StatusOr<std::string> trimmed(std::string_view bytes, int32_t count) {
  const ArrayView array(bytes);
  const int32_t length = array.dimensions() == 0 ? 0 : array.length(0);
  if (count < 0 || count > length) {
    return error(ErrorCode::kArraySubscriptError, "number of elements to trim must be between 0 and ", length);
  }
  std::vector<ArrayDimension> shape;
  for (int d = 0; d < array.dimensions(); ++d) shape.push_back({array.length(d), 1});  // as a slice
  std::vector<Value> elements = elements_of(array);
  if (count > 0) {
    elements.resize(elements.size() / static_cast<size_t>(length) * static_cast<size_t>(length - count));
    shape[0].length -= count;
  }
  if (elements.empty()) shape.clear();
  return pack_array(array.element_type(), array.element_kind(), shape, elements);
}

/// width_bucket(): how many of the thresholds, which are in order, are not above the value.
absl::Status bucket(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const CompareKind kind = compare_kind_of(call.arguments[0]);
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const ArrayView array(args[1].string(row));
    if (array.dimensions() > 1) return error(ErrorCode::kArraySubscriptError, "thresholds must be one-dimensional array");
    const std::vector<Value> thresholds = elements_of(array);
    if (std::any_of(thresholds.begin(), thresholds.end(), [](const Value& v) { return v.is_null(); })) {
      return error(ErrorCode::kNullValueNotAllowed, "thresholds array must not contain NULLs");
    }
    const auto above = [&](const Value& a, const Value& b) { return compare_values(kind, a, b) < 0; };
    const auto at = std::upper_bound(thresholds.begin(), thresholds.end(), args[0].value(row), above);
    out.set(row, static_cast<int32_t>(at - thresholds.begin()));
  }
  return absl::OkStatus();
}

bool contains(std::string_view a, std::string_view b) {
  const ArrayView x(a), y(b);
  const CompareKind kind = compare_kind(x.element_type(), x.element_kind());
  const std::vector<Value> have = elements_of(x);
  for (const Value& wanted : elements_of(y)) {
    if (wanted.is_null() || std::none_of(have.begin(), have.end(), [&](const Value& v) { return !v.is_null() && compare_values(kind, v, wanted) == 0; })) {
      return false;
    }
  }
  return true;
}

bool overlaps(std::string_view a, std::string_view b) {
  const ArrayView x(a), y(b);
  const CompareKind kind = compare_kind(x.element_type(), x.element_kind());
  const std::vector<Value> have = elements_of(x);
  for (const Value& wanted : elements_of(y)) {
    if (wanted.is_null()) continue;
    if (std::any_of(have.begin(), have.end(), [&](const Value& v) { return !v.is_null() && compare_values(kind, v, wanted) == 0; })) return true;
  }
  return false;
}

bool has(const ArrayView& a, int32_t d) { return d >= 1 && d <= a.dimensions(); }

void register_shape(Registrar& to) {
  to.function<[](std::string_view b, int32_t d) -> std::optional<int32_t> {
    const ArrayView a(b);
    return has(a, d) ? std::optional(a.length(d - 1)) : std::nullopt;
  }>("array_length", {kArray, kI4}, kI4);
  to.function<[](std::string_view b, int32_t d) -> std::optional<int32_t> {
    const ArrayView a(b);
    return has(a, d) ? std::optional(a.lower_bound(d - 1)) : std::nullopt;
  }>("array_lower", {kArray, kI4}, kI4);
  to.function<[](std::string_view b, int32_t d) -> std::optional<int32_t> {
    const ArrayView a(b);
    return has(a, d) ? std::optional(a.lower_bound(d - 1) + a.length(d - 1) - 1) : std::nullopt;
  }>("array_upper", {kArray, kI4}, kI4);
  to.function<[](std::string_view b) -> std::optional<int32_t> {
    const ArrayView a(b);
    return a.dimensions() == 0 ? std::nullopt : std::optional<int32_t>(a.dimensions());
  }>("array_ndims", {kArray}, kI4);
  to.function<[](std::string_view b) -> std::optional<std::string> {
    const ArrayView a(b);
    if (a.dimensions() == 0) return std::nullopt;
    std::string out;
    for (int d = 0; d < a.dimensions(); ++d) out += cat("[", a.lower_bound(d), ":", a.lower_bound(d) + a.length(d) - 1, "]");
    return out;
  }>("array_dims", {kArray}, oid::kText);
  to.function<[](std::string_view b) { return static_cast<int32_t>(ArrayView(b).size()); }>("cardinality", {kArray}, kI4);
}

// --- subscripts: functions by names that no user writes (bind_subscript.cpp) ---

/// The numbers in an array of int4; none when one of them is null.
std::optional<std::vector<int32_t>> numbers_of(const Vector& array, uint32_t row) {
  std::vector<int32_t> numbers;
  if (array.is_null(row)) return std::nullopt;
  for (const Value& value : elements_of(ArrayView(array.string(row)))) {
    if (value.is_null()) return std::nullopt;
    numbers.push_back(value.get<int32_t>());
  }
  return numbers;
}

absl::Status take_slice(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    const auto lower = numbers_of(args[1], row), upper = numbers_of(args[2], row);
    if (args[0].is_null(row) || !lower || !upper) {
      out.set_null(row);
    } else {
      out.set_string(row, array_slice(ArrayView(args[0].string(row)), {*lower, *upper}));
    }
  }
  return absl::OkStatus();
}

absl::Status null_subscript() {
  return error(ErrorCode::kNullValueNotAllowed, "array subscript in assignment must not be null");
}

/// The array to be changed; an empty one in the place of null.
std::string array_to_change(const BoundFunction& call, const Vector& array, uint32_t row) {
  return array.is_null(row) ? one_dimension(element_type_of(call.arguments[0].oid), {}, 1)
                            : std::string(array.string(row));
}

absl::Status put_element(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                         Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    const auto subscripts = numbers_of(args[1], row);
    if (!subscripts) return null_subscript();
    const std::string array = array_to_change(call, args[0], row);
    TROUPE_ASSIGN_OR_RETURN(const std::string changed,
                            array_with_element(ArrayView(array), *subscripts, args[2].value(row)));
    out.set_string(row, changed);
  }
  return absl::OkStatus();
}

absl::Status put_slice(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                       Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    const auto lower = numbers_of(args[1], row), upper = numbers_of(args[2], row);
    if (!lower || !upper) return null_subscript();
    if (args[3].is_null(row)) {  // nothing to put there
      if (args[0].is_null(row)) {
        out.set_null(row);
      } else {
        out.set_string(row, args[0].string(row));
      }
      continue;
    }
    const std::string array = array_to_change(call, args[0], row);
    TROUPE_ASSIGN_OR_RETURN(const std::string changed, array_with_slice(ArrayView(array), {*lower, *upper},
                                                                        ArrayView(args[3].string(row))));
    out.set_string(row, changed);
  }
  return absl::OkStatus();
}

/// array_fill(value, lengths [, lower bounds]).
absl::Status fill(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const Type element = call.arguments[0];
  for (uint32_t row = 0; row < rows; ++row) {
    const auto lengths = numbers_of(args[1], row);
    auto bounds = args.size() > 2 ? numbers_of(args[2], row) : std::nullopt;
    if (args[1].is_null(row) || (args.size() > 2 && args[2].is_null(row))) {
      return error(ErrorCode::kNullValueNotAllowed, "dimension array or low bound array cannot be null");
    }
    for (const size_t which : {size_t{1}, args.size() - 1}) {
      if (ArrayView(args[which].string(row)).dimensions() <= 1) continue;
      return with_detail(error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts"),
                         "Dimension array must be one dimensional.");
    }
    if (!lengths || (args.size() > 2 && !bounds)) {
      return error(ErrorCode::kNullValueNotAllowed, "dimension values cannot be null");
    }
    if (!bounds) bounds.emplace(lengths->size(), 1);
    if (bounds->size() != lengths->size()) {
      return with_detail(error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts"),
                         "Low bound array has different size than dimensions array.");
    }
    if (lengths->size() > kArrayDimensionsMax) {
      return error(ErrorCode::kProgramLimitExceeded, "number of array dimensions (", lengths->size(),
                   ") exceeds the maximum allowed (", kArrayDimensionsMax, ")");
    }
    constexpr int64_t kElementsMax = 134217727;
    std::vector<ArrayDimension> shape;
    int64_t count = lengths->empty() ? 0 : 1;
    for (size_t i = 0; i < lengths->size(); ++i) {
      count *= std::max((*lengths)[i], 0);
      if ((*lengths)[i] < 0 || count > kElementsMax) {
        return error(ErrorCode::kProgramLimitExceeded, "array size exceeds the maximum allowed (", kElementsMax, ")");
      }
      shape.push_back({(*lengths)[i], (*bounds)[i]});
    }
    if (count == 0) shape.clear();
    const std::vector<Value> elements(static_cast<size_t>(count), args[0].value(row));
    out.set_string(row, pack_array(element.oid, physical_of(element), shape, elements));
  }
  return absl::OkStatus();
}

}  // namespace

void register_arrays(Registrar& to) {
  register_shape(to);
  const auto lenient = [&](const char* name, std::vector<Oid> arguments, Oid result, Kernel kernel, bool is_operator = false) {
    to.raw({.name = name, .arguments = std::move(arguments), .result = result, .kernel = kernel, .is_operator = is_operator, .strict = false});
  };
  lenient("array_append", {kCompatibleArray, kCompatible}, kCompatibleArray, add_element<true>);
  lenient("array_prepend", {kCompatible, kCompatibleArray}, kCompatibleArray, add_element<false>);
  lenient("array_cat", {kCompatibleArray, kCompatibleArray}, kCompatibleArray, concatenate);
  lenient("||", {kCompatibleArray, kCompatibleArray}, kCompatibleArray, concatenate, true);
  lenient("||", {kCompatibleArray, kCompatible}, kCompatibleArray, add_element<true>, true);
  lenient("||", {kCompatible, kCompatibleArray}, kCompatibleArray, add_element<false>, true);
  lenient("array_remove", {kCompatibleArray, kCompatible}, kCompatibleArray, search);
  lenient("array_replace", {kCompatibleArray, kCompatible, kCompatible}, kCompatibleArray, search);
  lenient("array_position", {kCompatibleArray, kCompatible}, kI4, search);
  lenient("array_position", {kCompatibleArray, kCompatible, kI4}, kI4, search);
  lenient("array_positions", {kCompatibleArray, kCompatible}, oid::kInt4Array, search);
  to.function<[](std::string_view a, int32_t n) { return trimmed(a, n); }>("trim_array", {kArray, kI4}, kArray);
  to.raw({.name = "width_bucket", .arguments = {kCompatible, kCompatibleArray}, .result = kI4, .kernel = bucket});
  constexpr Oid kI4s = oid::kInt4Array;
  lenient("array_fill", {oid::kAnyElement, kI4s}, kArray, fill);
  lenient("array_fill", {oid::kAnyElement, kI4s, kI4s}, kArray, fill);
  lenient("[:]", {kArray, kI4s, kI4s}, kArray, take_slice);
  lenient("[]=", {kArray, kI4s, oid::kAnyElement}, kArray, put_element);
  lenient("[:]=", {kArray, kI4s, kI4s, kArray}, kArray, put_slice);
  to.op<[](std::string_view a, std::string_view b) { return contains(a, b); }>("@>", {kArray, kArray}, kBool);
  to.op<[](std::string_view a, std::string_view b) { return contains(b, a); }>("<@", {kArray, kArray}, kBool);
  to.op<[](std::string_view a, std::string_view b) { return overlaps(a, b); }>("&&", {kArray, kArray}, kBool);
}

}  // namespace troupe
