/// Window frames: what their offsets may be.
#include "runtime/plan/binder.hpp"

namespace troupe {
namespace {

bool is_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

/// The type of what a RANGE frame moves a value of the type by; kInvalid: it cannot. As PostgreSQL's in_range
/// functions.
Oid range_offset_type(Oid column, Oid offset) {
  switch (column) {
    case oid::kInt2:
    case oid::kInt4: return offset == oid::kUnknown ? column : is_integer(offset) ? offset : oid::kInvalid;
    case oid::kInt8: return oid::kInt8;
    case oid::kFloat4:
    case oid::kFloat8: return oid::kFloat8;
    case oid::kNumeric: return oid::kNumeric;
    case oid::kDate:
    case oid::kTime:
    case oid::kTimetz:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kInterval: return oid::kInterval;
    default: return oid::kInvalid;
  }
}

bool moves_values(Oid column) { return range_offset_type(column, oid::kUnknown) != oid::kInvalid; }

std::string_view unit_name(sql::FrameUnit unit) {
  return unit == sql::FrameUnit::kRange ? "RANGE" : unit == sql::FrameUnit::kRows ? "ROWS" : "GROUPS";
}

}  // namespace

/// The offset of a RANGE frame, over values of the type. Errors: 0A000, 22P02.
absl::StatusOr<ExprPtr> Binder::coerce_range_offset(ExprPtr offset, Type column, const sql::Expr& node) {
  if (column.oid == oid::kVarchar) column = Type{oid::kText};
  constexpr std::string_view kWhat = "RANGE with offset PRECEDING/FOLLOWING is not supported for column type ";
  if (!moves_values(column.oid))
    return fail(ErrorCode::kFeatureNotSupported, node, kWhat, format_type(Type{column.oid}));
  const Oid type = range_offset_type(column.oid, offset->type.oid);
  const bool fits = type != oid::kInvalid &&
                    (offset->type.oid == oid::kUnknown || can_cast(offset->type.oid, type, CastContext::kImplicit));
  if (fits) return coerce(std::move(offset), Type{type}, CastContext::kImplicit);
  return with_hint(fail(ErrorCode::kFeatureNotSupported, node, kWhat, format_type(Type{column.oid}),
                        " and offset type ", format_type(Type{offset->type.oid})),
                   "Cast the offset value to an appropriate type.");
}

absl::StatusOr<FrameBound> Binder::bind_frame_bound(const sql::WindowDefinition& window, const sql::FrameBound& from,
                                                    const WindowSpec& spec, const Site& site) {
  FrameBound bound;
  bound.kind = static_cast<FrameBoundKind>(from.type);
  if (from.offset == nullptr) return bound;
  const bool by_value = window.unit == sql::FrameUnit::kRange;
  if (by_value && spec.order.size() != 1) {
    return fail(ErrorCode::kWindowingError, window,
                "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
  }
  const std::string_view unit = unit_name(window.unit);
  Site inside = site;
  inside.clause = Clause::kFrame;
  TROUPE_ASSIGN_OR_RETURN(bound.offset, bind(*from.offset, inside));
  if (by_value) {
    TROUPE_ASSIGN_OR_RETURN(bound.offset,
                            coerce_range_offset(std::move(bound.offset), spec.order[0].value->type, *from.offset));
  } else if (bound.offset->type.oid != oid::kUnknown &&
             !can_cast(bound.offset->type.oid, oid::kInt8, CastContext::kImplicit)) {
    return fail(ErrorCode::kDatatypeMismatch, *from.offset, "argument of ", unit, " must be type bigint, not type ",
                format_type(Type{bound.offset->type.oid}));
  } else {
    TROUPE_ASSIGN_OR_RETURN(bound.offset, coerce(std::move(bound.offset), Type{oid::kInt8}, CastContext::kImplicit));
  }
  bool varies = false;
  visit_expr(*bound.offset, [&](const Expr& part) { varies = varies || part.is_column(); });
  if (!varies) return bound;
  return fail(ErrorCode::kInvalidColumnReference, *from.offset, "argument of ", unit, " must not contain variables");
}

absl::Status Binder::bind_frame(const sql::WindowDefinition& window, const Site& site, WindowSpec* spec) {
  if (window.unit == sql::FrameUnit::kGroups && spec->order.empty()) {
    return fail(ErrorCode::kWindowingError, window, "GROUPS mode requires an ORDER BY clause");
  }
  spec->unit = static_cast<FrameUnit>(window.unit);
  spec->exclusion = static_cast<FrameExclusion>(window.exclusion);
  TROUPE_ASSIGN_OR_RETURN(spec->start, bind_frame_bound(window, window.start, *spec, site));
  TROUPE_ASSIGN_OR_RETURN(spec->end, bind_frame_bound(window, window.end, *spec, site));
  return absl::OkStatus();
}

}  // namespace troupe
