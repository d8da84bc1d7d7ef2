#pragma once
/// Which rows of its partition each row's window frame covers.
#include <string>
#include <vector>

#include "runtime/exec/operator.hpp"

namespace troupe {

/// A frame's bounds, compiled once.
struct FrameSpec {
  FrameUnit unit = FrameUnit::kRange;
  FrameBoundKind start = FrameBoundKind::kUnboundedPreceding;
  FrameBoundKind end = FrameBoundKind::kCurrentRow;
  Program start_offset, end_offset;
  FrameExclusion exclusion = FrameExclusion::kNone;
  // RANGE with offsets: the one ORDER BY column, and the operators that move its value.
  Program order_value;
  bool descending = false;
  CompareKind compare = CompareKind::kInt64;
  BoundFunction minus_start, plus_start, minus_end, plus_end;
  Program negative_start, negative_end;  ///< whether the offset is

  static absl::StatusOr<FrameSpec> compile(const WindowSpec& window);
  bool covers_all() const {
    return start == FrameBoundKind::kUnboundedPreceding && end == FrameBoundKind::kUnboundedFollowing &&
           exclusion == FrameExclusion::kNone;
  }
  bool starts_at_first() const {
    return start == FrameBoundKind::kUnboundedPreceding && exclusion == FrameExclusion::kNone;
  }
};

/// Rows that are equal in the window's order: [first, last).
struct PeerGroups {
  std::vector<uint32_t> group_of;  ///< per row
  std::vector<uint32_t> first;     ///< per group, and one more: the number of rows
  explicit PeerGroups(const std::vector<std::string>& order_keys);
  uint32_t groups() const { return static_cast<uint32_t>(first.size() - 1); }
  uint32_t begin_of(uint32_t row) const { return first[group_of[row]]; }
  uint32_t end_of(uint32_t row) const { return first[group_of[row] + 1]; }
};

/// The frames of one partition's rows.
class Frames {
 public:
  struct Bounds {
    uint32_t start = 0;
    uint32_t end = 0;
  };
  /// Errors: 22013 for a negative or null offset.
  static absl::StatusOr<Frames> make(const FrameSpec& spec, const PeerGroups& peers, const Batch& rows, Run& run);
  /// Without regard to the exclusion; start <= end.
  Bounds of(uint32_t row) const { return bounds_[row]; }
  /// Whether the exclusion takes `candidate` out of `row`'s frame.
  bool excludes(const FrameSpec& spec, const PeerGroups& peers, uint32_t row, uint32_t candidate) const;

 private:
  std::vector<Bounds> bounds_;
};

}  // namespace troupe
