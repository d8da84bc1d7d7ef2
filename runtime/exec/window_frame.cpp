#include "runtime/exec/window_frame.hpp"

#include <algorithm>

#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

bool has_offset(FrameBoundKind kind) {
  return kind == FrameBoundKind::kPreceding || kind == FrameBoundKind::kFollowing;
}

absl::Status bad_offset(bool start, bool null) {
  return error(ErrorCode::kInvalidPrecedingOrFollowingSize, "frame ", start ? "starting" : "ending", " offset must not be ",
               null ? "null" : "negative");
}

/// What values of the type are moved as: sums that neither overflow nor wrap around.
Type moved_type(Type type) {
  switch (type.oid) {
    case oid::kInt2:
    case oid::kInt4: return Type{oid::kInt8};
    case oid::kInt8: return Type{oid::kNumeric};
    case oid::kFloat4: return Type{oid::kFloat8};
    case oid::kDate: return Type{oid::kTimestamp};
    case oid::kTime: return Type{oid::kInterval};
    default: return Type{type.oid};
  }
}

}  // namespace

absl::StatusOr<FrameSpec> FrameSpec::compile(const WindowSpec& window) {
  FrameSpec spec;
  spec.unit = window.unit;
  spec.start = window.start.kind;
  spec.end = window.end.kind;
  spec.exclusion = window.exclusion;
  const bool by_value = window.unit == FrameUnit::kRange && (has_offset(spec.start) || has_offset(spec.end));
  Type moved;
  if (by_value) {
    const SortKey& key = window.order[0];
    moved = moved_type(key.value->type);
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, make_cast(key.value, moved, CastContext::kExplicit, EvalContext{}));
    TROUPE_ASSIGN_OR_RETURN(spec.order_value, Program::compile(value));
    spec.descending = key.descending;
    spec.compare = compare_kind_for(moved);
  }
  const auto compile_bound = [&](const FrameBound& bound, Program* offset, BoundFunction* minus,
                                 BoundFunction* plus) -> absl::Status {
    if (!has_offset(bound.kind)) return absl::OkStatus();
    if (!by_value) {
      TROUPE_ASSIGN_OR_RETURN(*offset, Program::compile(bound.offset));
      return absl::OkStatus();
    }
    const Type by = bound.offset->type.oid == oid::kInterval ? bound.offset->type : moved;
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr distance, make_cast(bound.offset, by, CastContext::kExplicit, EvalContext{}));
    TROUPE_ASSIGN_OR_RETURN(*offset, Program::compile(distance));
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr zero, make_cast(make_constant(Type{oid::kUnknown}, Value::text("0")), by,
                                                          CastContext::kExplicit, EvalContext{}));
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr negative, make_operator("<", distance, zero, EvalContext{}));
    Program& is_negative = &bound == &window.start ? spec.negative_start : spec.negative_end;
    TROUPE_ASSIGN_OR_RETURN(is_negative, Program::compile(negative));
    const Type types[] = {moved, by};
    TROUPE_ASSIGN_OR_RETURN(*minus, resolve_operator("-", types));
    TROUPE_ASSIGN_OR_RETURN(*plus, resolve_operator("+", types));
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(compile_bound(window.start, &spec.start_offset, &spec.minus_start, &spec.plus_start));
  TROUPE_RETURN_IF_ERROR(compile_bound(window.end, &spec.end_offset, &spec.minus_end, &spec.plus_end));
  return spec;
}

PeerGroups::PeerGroups(const std::vector<std::string>& order_keys) {
  for (uint32_t row = 0; row < order_keys.size(); ++row) {
    if (row == 0 || order_keys[row] != order_keys[row - 1]) first.push_back(row);
    group_of.push_back(static_cast<uint32_t>(first.size() - 1));
  }
  first.push_back(static_cast<uint32_t>(order_keys.size()));
}

namespace {

/// One end of all rows' frames.
class BoundFinder {
 public:
  BoundFinder(const FrameSpec& spec, const PeerGroups& peers, const Batch& rows, Run& run, bool is_start)
      : spec_{spec},
        peers_{peers},
        rows_{rows},
        run_{run},
        is_start_{is_start},
        kind_{is_start ? spec.start : spec.end},
        count_{rows.rows} {}

  /// The first row of the frame, or the one after its last.
  absl::StatusOr<std::vector<uint32_t>> find() {
    std::vector<uint32_t> bounds(count_);
    switch (kind_) {
      case FrameBoundKind::kUnboundedPreceding: return bounds;
      case FrameBoundKind::kUnboundedFollowing:
        std::fill(bounds.begin(), bounds.end(), count_);
        return bounds;
      case FrameBoundKind::kCurrentRow:
        for (uint32_t row = 0; row < count_; ++row) {
          const bool row_itself = spec_.unit == FrameUnit::kRows;
          bounds[row] = is_start_ ? (row_itself ? row : peers_.begin_of(row))
                                  : (row_itself ? row + 1 : peers_.end_of(row));
        }
        return bounds;
      default: break;
    }
    if (spec_.unit == FrameUnit::kRange) return by_value();
    return by_count();
  }

 private:
  absl::StatusOr<Value> offset() const {
    const Program& program = is_start_ ? spec_.start_offset : spec_.end_offset;
    TROUPE_ASSIGN_OR_RETURN(Value value, program.run_once(run_.input({}, 1)));
    if (value.is_null()) return bad_offset(is_start_, true);
    return value;
  }

  absl::StatusOr<std::vector<uint32_t>> by_count() const {
    TROUPE_ASSIGN_OR_RETURN(const Value value, offset());
    const int64_t distance = value.get<int64_t>();
    if (distance < 0) return bad_offset(is_start_, false);
    const int64_t signed_distance = kind_ == FrameBoundKind::kPreceding ? -distance : distance;
    std::vector<uint32_t> bounds(count_);
    const bool by_groups = spec_.unit == FrameUnit::kGroups;
    const int64_t last = by_groups ? peers_.groups() : count_;
    for (uint32_t row = 0; row < count_; ++row) {
      const int64_t at = by_groups ? peers_.group_of[row] : row;
      int64_t bound = 0;
      if (__builtin_add_overflow(at, signed_distance, &bound)) bound = last;
      if (!is_start_ && bound < last) ++bound;
      bound = std::clamp<int64_t>(bound, 0, last);
      bounds[row] = by_groups ? peers_.first[static_cast<size_t>(bound)] : static_cast<uint32_t>(bound);
    }
    return bounds;
  }

  /// RANGE: rows whose value is within the offset of this row's. Nulls are near nulls only.
  absl::StatusOr<std::vector<uint32_t>> by_value() const {
    TROUPE_ASSIGN_OR_RETURN(const Value distance, offset());
    const Program& is_negative = is_start_ ? spec_.negative_start : spec_.negative_end;
    TROUPE_ASSIGN_OR_RETURN(const Value negative, is_negative.run_once(run_.input({}, 1)));
    if (!negative.is_null() && negative.get<bool>()) {
      return error(ErrorCode::kInvalidPrecedingOrFollowingSize,
                   "invalid preceding or following size in window function");
    }
    Vector values;
    TROUPE_RETURN_IF_ERROR(spec_.order_value.run(run_.input(rows_), &values));
    const bool backwards = (kind_ == FrameBoundKind::kPreceding) != spec_.descending;
    const BoundFunction& move = is_start_ ? (backwards ? spec_.minus_start : spec_.plus_start)
                                          : (backwards ? spec_.minus_end : spec_.plus_end);
    const Vector args[] = {values, Vector::constant(distance, count_)};
    Vector limits;
    TROUPE_RETURN_IF_ERROR(call_function(move, args, count_, *run_.context.eval, limits));
    uint32_t first = 0, last = count_;  // of the rows that are not null
    while (first < last && values.is_null(first)) ++first;
    while (last > first && values.is_null(last - 1)) --last;
    std::vector<uint32_t> bounds(count_);
    for (uint32_t row = 0; row < count_; ++row) {
      if (values.is_null(row)) {
        bounds[row] = is_start_ ? peers_.begin_of(row) : peers_.end_of(row);
        continue;
      }
      uint32_t low = first, high = last;
      while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        int order = compare_values(spec_.compare, values, middle, limits, row);
        if (spec_.descending) order = -order;
        if (is_start_ ? order < 0 : order <= 0) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      bounds[row] = low;
    }
    return bounds;
  }

  const FrameSpec& spec_;
  const PeerGroups& peers_;
  const Batch& rows_;
  Run& run_;
  bool is_start_;
  FrameBoundKind kind_;
  uint32_t count_;
};

}  // namespace

absl::StatusOr<Frames> Frames::make(const FrameSpec& spec, const PeerGroups& peers, const Batch& rows, Run& run) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<uint32_t> starts, BoundFinder(spec, peers, rows, run, true).find());
  TROUPE_ASSIGN_OR_RETURN(const std::vector<uint32_t> ends, BoundFinder(spec, peers, rows, run, false).find());
  Frames frames;
  frames.bounds_.resize(rows.rows);
  for (uint32_t row = 0; row < rows.rows; ++row) {
    frames.bounds_[row] = {std::min(starts[row], ends[row]), ends[row]};
    if (starts[row] > ends[row]) frames.bounds_[row] = {ends[row], ends[row]};
  }
  return frames;
}

bool Frames::excludes(const FrameSpec& spec, const PeerGroups& peers, uint32_t row, uint32_t candidate) const {
  switch (spec.exclusion) {
    case FrameExclusion::kNone: return false;
    case FrameExclusion::kCurrentRow: return candidate == row;
    case FrameExclusion::kGroup: return peers.group_of[candidate] == peers.group_of[row];
    case FrameExclusion::kTies: return candidate != row && peers.group_of[candidate] == peers.group_of[row];
  }
  return false;
}

}  // namespace troupe
