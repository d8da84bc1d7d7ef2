#include "runtime/types/array_subscript.hpp"

#include <algorithm>

namespace troupe {
namespace {

absl::Status subscript_error(std::string_view message) { return error(ErrorCode::kArraySubscriptError, message); }

int32_t upper_bound(const ArrayView& array, int dimension) {
  return array.lower_bound(dimension) + array.length(dimension) - 1;
}

std::vector<ArrayDimension> dimensions_of(const ArrayView& array) {
  std::vector<ArrayDimension> dimensions;
  for (int d = 0; d < array.dimensions(); ++d) dimensions.push_back({array.length(d), array.lower_bound(d)});
  return dimensions;
}

std::vector<Value> elements_of(const ArrayView& array) {
  std::vector<Value> elements;
  for (uint32_t i = 0; i < array.size(); ++i) elements.push_back(array.value(i));
  return elements;
}

std::string packed(const ArrayView& like, const std::vector<ArrayDimension>& dimensions,
                   const std::vector<Value>& elements) {
  return pack_array(like.element_type(), like.element_kind(), dimensions, elements);
}

/// Calls visit(place) for every element within the bounds, in row-major order; they lie within `dimensions`.
template <typename Visit>
void visit_slice(const std::vector<ArrayDimension>& dimensions, const SliceBounds& bounds, Visit&& visit) {
  std::vector<int32_t> at = bounds.lower;
  while (true) {
    size_t place = 0;
    for (size_t d = 0; d < at.size(); ++d) {
      place =
          place * static_cast<size_t>(dimensions[d].length) + static_cast<size_t>(at[d] - dimensions[d].lower_bound);
    }
    visit(place);
    size_t d = at.size();
    while (d > 0 && at[d - 1] == bounds.upper[d - 1]) {
      at[d - 1] = bounds.lower[d - 1];
      --d;
    }
    if (d == 0) return;
    ++at[d - 1];
  }
}

/// The dimensions that are not subscripted are taken whole.
SliceBounds completed(const ArrayView& array, SliceBounds bounds) {
  for (int d = static_cast<int>(bounds.lower.size()); d < array.dimensions(); ++d) {
    bounds.lower.push_back(array.lower_bound(d));
    bounds.upper.push_back(upper_bound(array, d));
  }
  return bounds;
}

/// An array of one dimension that reaches from `lower` to `upper` too, with nulls where it had nothing.
struct Grown {
  ArrayDimension dimension;
  std::vector<Value> elements;
};
absl::StatusOr<Grown> grown(const ArrayView& array, int32_t lower, int32_t upper) {
  const int64_t first = std::min(lower, array.lower_bound(0));
  const int64_t last = std::max(upper, upper_bound(array, 0));
  if (last - first + 1 > (int64_t{1} << 27)) {
    return error(ErrorCode::kProgramLimitExceeded, "array size exceeds the maximum allowed (134217727)");
  }
  Grown result;
  result.dimension = {static_cast<int32_t>(last - first + 1), static_cast<int32_t>(first)};
  result.elements.assign(static_cast<size_t>(last - first + 1), Value::null(array.element_kind()));
  const auto offset = static_cast<size_t>(array.lower_bound(0) - first);
  for (uint32_t i = 0; i < array.size(); ++i) result.elements[offset + i] = array.value(i);
  return result;
}

absl::StatusOr<std::string> first_slice(const ArrayView& array, const SliceBounds& bounds, const ArrayView& source) {
  std::vector<ArrayDimension> dimensions;
  size_t room = 1;
  for (size_t d = 0; d < bounds.lower.size(); ++d) {
    if (bounds.lower[d] == kOpenLower || bounds.upper[d] == kOpenUpper) {
      return with_detail(subscript_error("array slice subscript must provide both boundaries"),
                         "When assigning to a slice of an empty array value, slice boundaries must be fully "
                         "specified.");
    }
    if (bounds.lower[d] > bounds.upper[d]) return subscript_error("upper bound cannot be less than lower bound");
    dimensions.push_back({bounds.upper[d] - bounds.lower[d] + 1, bounds.lower[d]});
    room *= static_cast<size_t>(dimensions.back().length);
  }
  if (source.size() < room) return subscript_error("source array too small");
  std::vector<Value> elements = elements_of(source);
  elements.resize(room);
  return packed(array, dimensions, elements);
}

absl::Status check_slice(const ArrayView& array, SliceBounds* bounds) {
  for (size_t d = 0; d < bounds->lower.size(); ++d) {
    const int dimension = static_cast<int>(d);
    if (bounds->lower[d] == kOpenLower) bounds->lower[d] = array.lower_bound(dimension);
    if (bounds->upper[d] == kOpenUpper) bounds->upper[d] = upper_bound(array, dimension);
    if (bounds->lower[d] > bounds->upper[d]) return subscript_error("upper bound cannot be less than lower bound");
    if (array.dimensions() == 1) continue;  // it grows
    if (bounds->lower[d] < array.lower_bound(dimension) || bounds->upper[d] > upper_bound(array, dimension)) {
      return subscript_error("array subscript out of range");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string array_slice(const ArrayView& array, const SliceBounds& bounds) {
  const std::string nothing = packed(array, {}, {});
  if (array.dimensions() == 0 || bounds.lower.size() > static_cast<size_t>(array.dimensions())) return nothing;
  SliceBounds drawn_in = completed(array, bounds);
  std::vector<ArrayDimension> dimensions;
  for (int d = 0; d < array.dimensions(); ++d) {
    int32_t& lower = drawn_in.lower[static_cast<size_t>(d)];
    int32_t& upper = drawn_in.upper[static_cast<size_t>(d)];
    lower = std::max(lower, array.lower_bound(d));
    upper = std::min(upper, upper_bound(array, d));
    if (lower > upper) return nothing;
    dimensions.push_back({upper - lower + 1, 1});
  }
  std::vector<Value> elements;
  visit_slice(dimensions_of(array), drawn_in,
              [&](size_t place) { elements.push_back(array.value(static_cast<uint32_t>(place))); });
  return packed(array, dimensions, elements);
}

absl::StatusOr<std::string> array_with_element(const ArrayView& array, const std::vector<int32_t>& subscripts,
                                               const Value& value) {
  if (array.dimensions() == 0) {
    std::vector<ArrayDimension> dimensions;
    for (const int32_t subscript : subscripts) dimensions.push_back({1, subscript});
    return packed(array, dimensions, {value});
  }
  if (subscripts.size() != static_cast<size_t>(array.dimensions())) {
    return subscript_error("wrong number of array subscripts");
  }
  if (array.dimensions() == 1) {
    TROUPE_ASSIGN_OR_RETURN(Grown result, grown(array, subscripts[0], subscripts[0]));
    result.elements[static_cast<size_t>(subscripts[0] - result.dimension.lower_bound)] = value;
    return packed(array, {result.dimension}, result.elements);
  }
  for (size_t d = 0; d < subscripts.size(); ++d) {
    const int dimension = static_cast<int>(d);
    if (subscripts[d] < array.lower_bound(dimension) || subscripts[d] > upper_bound(array, dimension)) {
      return subscript_error("array subscript out of range");
    }
  }
  const std::vector<ArrayDimension> dimensions = dimensions_of(array);
  std::vector<Value> elements = elements_of(array);
  visit_slice(dimensions, {subscripts, subscripts}, [&](size_t place) { elements[place] = value; });
  return packed(array, dimensions, elements);
}

absl::StatusOr<std::string> array_with_slice(const ArrayView& array, const SliceBounds& bounds,
                                             const ArrayView& source) {
  if (array.dimensions() == 0) return first_slice(array, bounds, source);
  if (bounds.lower.size() > static_cast<size_t>(array.dimensions())) {
    return subscript_error("wrong number of array subscripts");
  }
  SliceBounds slice = bounds;
  TROUPE_RETURN_IF_ERROR(check_slice(array, &slice));
  slice = completed(array, std::move(slice));
  size_t room = 1;
  for (size_t d = 0; d < slice.lower.size(); ++d) room *= static_cast<size_t>(slice.upper[d] - slice.lower[d] + 1);
  if (source.size() < room) return subscript_error("source array too small");
  std::vector<ArrayDimension> dimensions = dimensions_of(array);
  std::vector<Value> elements = elements_of(array);
  if (array.dimensions() == 1) {
    TROUPE_ASSIGN_OR_RETURN(Grown result, grown(array, slice.lower[0], slice.upper[0]));
    dimensions = {result.dimension};
    elements = std::move(result.elements);
  }
  uint32_t next = 0;
  visit_slice(dimensions, slice, [&](size_t place) { elements[place] = source.value(next++); });
  return packed(array, dimensions, elements);
}

}  // namespace troupe
