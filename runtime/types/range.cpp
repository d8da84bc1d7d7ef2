#include "runtime/types/range.hpp"

#include <algorithm>
#include <limits>

#include "runtime/types/datetime.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/value_shape.hpp"

namespace troupe {
namespace {

struct BuiltinRange {
  Oid range, subtype, multirange;
};
constexpr BuiltinRange kBuiltin[] = {
    {oid::kInt4Range, oid::kInt4, oid::kInt4Multirange},        {oid::kInt8Range, oid::kInt8, oid::kInt8Multirange},
    {oid::kNumRange, oid::kNumeric, oid::kNumMultirange},       {oid::kTsRange, oid::kTimestamp, oid::kTsMultirange},
    {oid::kTstzRange, oid::kTimestamptz, oid::kTstzMultirange}, {oid::kDateRange, oid::kDate, oid::kDateMultirange},
};

const BuiltinRange* find_builtin(Oid BuiltinRange::*column, Oid type) {
  const auto at = std::find_if(std::begin(kBuiltin), std::end(kBuiltin),
                               [&](const BuiltinRange& row) { return row.*column == type; });
  return at == std::end(kBuiltin) ? nullptr : at;
}

const UserType* find_own(Oid type, UserTypeKind kind) {
  const UserType* own = type < kFirstUserTypeOid ? nullptr : find_user_type(type);
  return own != nullptr && own->kind == kind ? own : nullptr;
}

/// The bound with its value one further. Errors: 22003, 22008.
template <typename T>
absl::StatusOr<Value> next_value(T value, std::string_view type_name) {
  if (value == std::numeric_limits<T>::max()) {
    return error(ErrorCode::kNumericValueOutOfRange, type_name, " out of range");
  }
  return Value::of(static_cast<T>(value + 1));
}

absl::StatusOr<Value> next_value(Oid subtype, const Value& value) {
  if (subtype == oid::kInt4) return next_value(value.get<int32_t>(), "integer");
  if (subtype == oid::kInt8) return next_value(value.get<int64_t>(), "bigint");
  const auto date = value.get<int32_t>();
  if (is_infinite_date(date)) return value;
  if (date + 1 >= kDateEnd) return error(ErrorCode::kDatetimeFieldOverflow, "date out of range");
  return Value::of(date + 1);
}

/// Of built-in ranges over discrete subtypes: [lower, upper).
bool is_discrete(Oid range) { return range == oid::kInt4Range || range == oid::kInt8Range || range == oid::kDateRange; }

absl::Status make_canonical(Oid subtype, RangeBound* bound, bool inclusive, Value* value) {
  if (bound->infinite || bound->inclusive == inclusive) return absl::OkStatus();
  const Value before = bound_value(type_info(subtype).physical, *bound);
  if (subtype == oid::kDate && is_infinite_date(before.get<int32_t>())) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(*value, next_value(subtype, before));
  bound->inclusive = inclusive;
  bound->bytes = bound_bytes(*value);
  return absl::OkStatus();
}

RangeBound plain(RangeBound bound) {
  if (bound.infinite) bound.inclusive = false;
  return bound;
}

int order_of_values(Oid subtype, Physical kind, const RangeBound& lower, const RangeBound& upper) {
  if (lower.infinite || upper.infinite) return -1;
  return compare_bound_values(subtype, kind, lower, upper);
}

}  // namespace

Oid range_subtype_of(Oid range) {
  if (const BuiltinRange* known = find_builtin(&BuiltinRange::range, range)) return known->subtype;
  const UserType* own = find_own(range, UserTypeKind::kRange);
  return own == nullptr ? oid::kInvalid : own->base.oid;
}

Oid multirange_of(Oid range) {
  if (const BuiltinRange* known = find_builtin(&BuiltinRange::range, range)) return known->multirange;
  const UserType* own = find_own(range, UserTypeKind::kRange);
  return own == nullptr ? oid::kInvalid : own->multirange;
}

Oid range_of_multirange(Oid multirange) {
  if (const BuiltinRange* known = find_builtin(&BuiltinRange::multirange, multirange)) return known->range;
  const UserType* own = find_own(multirange, UserTypeKind::kMultirange);
  return own == nullptr ? oid::kInvalid : own->base.oid;
}

std::string make_empty_range(Oid range) {
  const Oid subtype = range_subtype_of(range);
  return pack_empty_range(subtype, type_info(subtype).physical);
}

absl::StatusOr<std::string> make_range(Oid range, const RangeBound& lower, const RangeBound& upper) {
  const Oid subtype = range_subtype_of(range);
  const Physical kind = type_info(subtype).physical;
  RangeBound from = plain(lower), to = plain(upper);
  from.is_lower = true;
  to.is_lower = false;
  int order = order_of_values(subtype, kind, from, to);
  if (order > 0) {
    return error(ErrorCode::kDataException, "range lower bound must be less than or equal to range upper bound");
  }
  if (order == 0 && !(from.inclusive && to.inclusive)) return pack_empty_range(subtype, kind);
  Value first, last;
  if (is_discrete(range)) {
    TROUPE_RETURN_IF_ERROR(make_canonical(subtype, &from, true, &first));
    TROUPE_RETURN_IF_ERROR(make_canonical(subtype, &to, false, &last));
    order = order_of_values(subtype, kind, from, to);
    if (order == 0 && !(from.inclusive && to.inclusive)) return pack_empty_range(subtype, kind);
  }
  return pack_range(subtype, kind, from, to);
}

bool are_adjacent(const RangeView& range, const RangeBound& upper, const RangeBound& lower) {
  if (upper.infinite || lower.infinite) return false;
  return compare_bound_values(range.subtype(), range.kind(), upper, lower) == 0 && upper.inclusive != lower.inclusive;
}

std::string make_multirange(Oid range, std::vector<std::string> ranges) {
  std::erase_if(ranges, [](const std::string& one) { return RangeView(one).is_empty(); });
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return compare_ranges(a, b) < 0; });
  std::vector<Value> joined;
  for (std::string& next : ranges) {
    if (!joined.empty()) {
      const RangeView before(joined.back().bytes()), after(next);
      const Oid subtype = before.subtype();
      const bool touches = are_adjacent(before, before.upper(), after.lower()) ||
                           compare_bounds(subtype, before.kind(), after.lower(), before.upper()) <= 0;
      if (touches) {
        const bool longer = compare_bounds(subtype, before.kind(), after.upper(), before.upper()) > 0;
        if (longer) joined.back() = Value::text(pack_range(subtype, before.kind(), before.lower(), after.upper()));
        continue;
      }
    }
    joined.push_back(Value::text(std::move(next)));
  }
  return pack_array(range, Physical::kVarlen, joined);
}

RangeList ranges_in(std::string_view value) {
  RangeList list;
  if (value_shape(value) == ValueShape::kRange) {
    if (const RangeView range(value); !range.is_empty()) list.push_back(range);
    return list;
  }
  const ArrayView ranges(value);
  for (uint32_t i = 0; i < ranges.size(); ++i) list.emplace_back(ranges.string(i));
  return list;
}

}  // namespace troupe
