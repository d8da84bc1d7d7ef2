#pragma once
/// Slices of arrays, and arrays in which an element or a slice is another one: a[2:3], a[2] = x, a[2:3] = y.
#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {

/// A bound that is left open.
inline constexpr int32_t kOpenLower = INT32_MIN, kOpenUpper = INT32_MAX;

struct SliceBounds {
  std::vector<int32_t> lower, upper;  ///< one for each dimension that is subscripted
};

/// Bounds beyond the array's are drawn in; lower bounds of the result are 1.
std::string array_slice(const ArrayView& array, const SliceBounds& bounds);
/// `array` is empty where the column is null. One of one dimension grows as far as the subscript; nulls fill the gap.
/// Errors: 2202E.
absl::StatusOr<std::string> array_with_element(const ArrayView& array, const std::vector<int32_t>& subscripts,
                                               const Value& value);
/// The slice takes as many of the source's elements as it has room for. Errors: 2202E.
absl::StatusOr<std::string> array_with_slice(const ArrayView& array, const SliceBounds& bounds,
                                             const ArrayView& source);

}  // namespace troupe
