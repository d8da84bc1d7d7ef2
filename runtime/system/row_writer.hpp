#pragma once
/// Rows of a system relation, written column by column by name:
///   out.row().set("oid", oid).set("relname", name);
/// Columns are set in the relation's order; those left out get null, or zero, false or '' where null is not allowed.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/system/relation.hpp"
#include "storage/base/check.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class RowWriter {
 public:
  explicit RowWriter(const SystemRelation& relation);

  /// Ends the row before.
  RowWriter& row();

  template <typename T>
  RowWriter& set(std::string_view column, const T& value) {
    append(advance_to(column), value);
    return *this;
  }

  /// Every row so far.
  Batch finish();

 private:
  /// Fills the columns before `column` with their defaults. Returns its index.
  size_t advance_to(std::string_view column);
  void append_default(size_t column);
  void append_integer(size_t column, int64_t value);
  /// A "char"; 0 is the empty one.
  void append_char(size_t column, char value);

  template <typename T>
  void append(size_t column, const T& value) {
    Vector& out = batch_.columns[column];
    if constexpr (std::is_same_v<T, bool>) {
      TROUPE_CHECK(out.kind() == Physical::kBool);
      out.append(value);
    } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
      out.append_null();
    } else if constexpr (std::is_same_v<T, char>) {
      append_char(column, value);
    } else if constexpr (std::is_integral_v<T>) {
      append_integer(column, static_cast<int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      append_float(column, value);
    } else if constexpr (std::is_same_v<T, Value>) {
      TROUPE_CHECK(value.is_null() || value.kind() == out.kind());
      value.is_null() ? out.append_null() : out.append_value(value);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      TROUPE_CHECK(out.kind() == Physical::kVarlen);
      out.append_string(value);
    } else {
      value.has_value() ? append(column, *value) : out.append_null();  // std::optional
    }
  }
  void append_float(size_t column, double value);

  const SystemRelation& relation_;
  Batch batch_;
  size_t next_ = 0;  ///< column of the current row
  bool open_ = false;
};

// Values of array types. Vectors (int2vector, oidvector) count from 0, arrays from 1.
Value int2_vector(std::span<const int16_t> values);
Value oid_vector(std::span<const Oid> values);
Value int2_array(std::span<const int16_t> values);
Value oid_array(std::span<const Oid> values);
Value text_array(std::span<const std::string> values);
Value name_array(std::span<const std::string> values);
Value float4_array(std::span<const double> values);
/// As in array text: in double quotes where it must be.
std::string quote_array_element(std::string_view text);

}  // namespace troupe
