#pragma once
/// The bytes of an array value:
///   u32 element oid · u8 element physical · u8 dimensions · u8 has nulls · u8 0
///   per dimension: i32 length, i32 lower bound
///   null bitmap (1 = null), if it has nulls: ceil(n / 8) bytes
///   fixed-width elements: n values; varlen: n x u32 end offsets, then the bytes
/// An empty array has 0 dimensions.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"

namespace troupe {

inline constexpr int kArrayDimensionsMax = 6;

/// Reads an array in place; the bytes must stay.
class ArrayView {
 public:
  explicit ArrayView(std::string_view bytes);
  /// Checks every offset; false for bytes that are not an array.
  static bool is_valid(std::string_view bytes);

  Oid element_type() const { return element_type_; }
  Physical element_kind() const { return element_kind_; }
  int dimensions() const { return dimensions_; }
  int32_t length(int dimension) const { return read_dimension(dimension, 0); }
  int32_t lower_bound(int dimension) const { return read_dimension(dimension, 1); }
  /// Elements in all dimensions together, in row-major order.
  uint32_t size() const { return size_; }
  bool has_nulls() const { return nulls_ != nullptr; }
  bool is_null(uint32_t i) const {
    return nulls_ != nullptr && ((static_cast<uint8_t>(nulls_[i / 8]) >> (i % 8)) & 1) != 0;
  }
  const char* fixed(uint32_t i) const { return elements_ + static_cast<size_t>(i) * width(element_kind_); }
  std::string_view string(uint32_t i) const;
  Value value(uint32_t i) const;

 private:
  int32_t read_dimension(int dimension, int which) const;

  std::string_view bytes_;
  Oid element_type_;
  Physical element_kind_;
  int dimensions_;
  uint32_t size_ = 1;
  const char* nulls_ = nullptr;
  const char* elements_ = nullptr;
};

struct ArrayDimension {
  int32_t length = 0;
  int32_t lower_bound = 1;
};

/// elements.size() is the product of the dimensions' lengths.
std::string pack_array(Oid element_type, Physical element_kind, std::span<const ArrayDimension> dimensions,
                       std::span<const Value> elements);
/// One dimension, lower bound 1.
std::string pack_array(Oid element_type, Physical element_kind, std::span<const Value> elements);

/// By elements, then dimensions, as PostgreSQL's array_cmp.
int compare_arrays(std::string_view a, std::string_view b);

}  // namespace troupe
