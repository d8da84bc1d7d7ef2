#pragma once
/// The bytes of a range value:
///   u32 subtype oid · u8 subtype physical · u8 flags (PostgreSQL's) · u8 0 · u8 ValueShape::kRange
///   the lower bound's value, then the upper's, each if it is there: varlen ones behind a u32 of their size
/// A multirange is an array of ranges that ascend and do not touch.
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/ids.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// One end of a range.
struct RangeBound {
  bool infinite = false;
  bool inclusive = false;
  bool is_lower = true;
  std::string_view bytes;  ///< of the value as a Value holds it; empty when infinite
};

namespace range_flags {
inline constexpr uint8_t kEmpty = 0x01, kLowerInclusive = 0x02, kUpperInclusive = 0x04, kLowerInfinite = 0x08,
                         kUpperInfinite = 0x10;
}  // namespace range_flags

/// Reads a range in place; the bytes must stay.
class RangeView {
 public:
  explicit RangeView(std::string_view bytes);
  /// Checks sizes; false for bytes that are not a range.
  static bool is_valid(std::string_view bytes);

  Oid subtype() const { return subtype_; }
  Physical kind() const { return kind_; }
  bool is_empty() const { return (flags_ & range_flags::kEmpty) != 0; }
  uint8_t flags() const { return flags_; }
  const RangeBound& lower() const { return lower_; }
  const RangeBound& upper() const { return upper_; }

 private:
  Oid subtype_;
  Physical kind_;
  uint8_t flags_;
  RangeBound lower_, upper_;
};

/// The bound's value; null when it is infinite.
Value bound_value(Physical kind, const RangeBound& bound);
/// The bytes a bound has of this value.
std::string_view bound_bytes(const Value& value);

/// Neither ordered nor made canonical: runtime/types/range.hpp does that.
std::string pack_range(Oid subtype, Physical kind, const RangeBound& lower, const RangeBound& upper);
std::string pack_empty_range(Oid subtype, Physical kind);

/// Where on the line of values the bounds are; -1, 0, 1. As PostgreSQL's range_cmp_bounds.
int compare_bounds(Oid subtype, Physical kind, const RangeBound& a, const RangeBound& b);
/// The values alone; neither is infinite.
int compare_bound_values(Oid subtype, Physical kind, const RangeBound& a, const RangeBound& b);
/// Empty ones first, then by lower bound, then by upper.
int compare_ranges(std::string_view a, std::string_view b);

}  // namespace troupe
