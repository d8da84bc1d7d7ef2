#include "runtime/types/kernel.hpp"
#include "runtime/types/range.hpp"
#include "storage/column/array_format.hpp"

/// Ranges and multiranges: constructors, and what is asked of one.
namespace troupe {
namespace {

constexpr Oid kRange = oid::kAnyRange, kMultirange = oid::kAnyMultirange;
using View = std::string_view;

absl::StatusOr<std::pair<bool, bool>> inclusion(View flags) {
  if (flags == "[]") return std::pair(true, true);
  if (flags == "[)") return std::pair(true, false);
  if (flags == "(]") return std::pair(false, true);
  if (flags == "()") return std::pair(false, false);
  return with_hint(error(ErrorCode::kSyntaxError, "invalid range bound flags"),
                   "Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
}

RangeBound bound_of(const Value& value, bool inclusive, bool is_lower) {
  return {value.is_null(), inclusive, is_lower, bound_bytes(value)};
}

/// int4range(lower, upper [, flags]): a null bound is infinite.
absl::Status construct_range(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                             Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    std::pair<bool, bool> inclusive{true, false};
    if (args.size() > 2) {
      if (args[2].is_null(row))
        return error(ErrorCode::kDataException, "range constructor flags argument must not be null");
      TROUPE_ASSIGN_OR_RETURN(inclusive, inclusion(args[2].string(row)));
    }
    const auto value = [&](size_t i) { return args[i].is_null(row) ? Value() : args[i].value(row); };
    const Value lower = value(0), upper = value(1);
    TROUPE_ASSIGN_OR_RETURN(const std::string range, make_range(call.result.oid, bound_of(lower, inclusive.first, true),
                                                                bound_of(upper, inclusive.second, false)));
    out.set_string(row, range);
  }
  return absl::OkStatus();
}

/// int4multirange(range, ...), multirange(range).
absl::Status construct_multirange(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                                  Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    std::vector<std::string> ranges;
    for (const Vector& arg : args) ranges.emplace_back(arg.string(row));
    out.set_string(row, make_multirange(range_of_multirange(call.result.oid), std::move(ranges)));
  }
  return absl::OkStatus();
}

/// The outer ranges of a list; nothing when it is empty.
template <bool Upper>
const RangeBound* outer_bound(const RangeList& list) {
  if (list.empty()) return nullptr;
  return Upper ? &list.back().upper() : &list.front().lower();
}

template <bool Upper>
absl::Status bound_of_ranges(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                             Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const RangeList list = ranges_in(args[0].string(row));
    const RangeBound* bound = outer_bound<Upper>(list);
    if (bound == nullptr || bound->infinite) {
      out.set_null(row);
    } else {
      out.set_value(row, bound_value(list[0].kind(), *bound));
    }
  }
  return absl::OkStatus();
}

template <bool Upper>
constexpr auto kInclusive = [](View value) {
  const RangeList list = ranges_in(value);
  const RangeBound* bound = outer_bound<Upper>(list);
  return bound != nullptr && bound->inclusive;
};
template <bool Upper>
constexpr auto kInfinite = [](View value) {
  const RangeList list = ranges_in(value);
  const RangeBound* bound = outer_bound<Upper>(list);
  return bound != nullptr && bound->infinite;
};
constexpr auto kIsEmpty = [](View value) { return ranges_in(value).empty(); };

/// From the lowest bound of all to the highest.
absl::Status merge_ranges(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    RangeList all;
    for (const Vector& arg : args) {
      const RangeList list = ranges_in(arg.string(row));
      all.insert(all.end(), list.begin(), list.end());
    }
    if (all.empty()) {
      out.set_string(row, make_empty_range(call.result.oid));
      continue;
    }
    RangeBound lower = all[0].lower(), upper = all[0].upper();
    for (const RangeView& range : all) {
      if (compare_bounds(range.subtype(), range.kind(), range.lower(), lower) < 0) lower = range.lower();
      if (compare_bounds(range.subtype(), range.kind(), range.upper(), upper) > 0) upper = range.upper();
    }
    out.set_string(row, pack_range(all[0].subtype(), all[0].kind(), lower, upper));
  }
  return absl::OkStatus();
}

void register_constructors(Registrar& to, std::string_view name, std::string_view multiname, Oid range) {
  const Oid subtype = range_subtype_of(range), multirange = multirange_of(range);
  to.raw({.name = std::string(name),
          .arguments = {subtype, subtype},
          .result = range,
          .kernel = construct_range,
          .strict = false});
  to.raw({.name = std::string(name),
          .arguments = {subtype, subtype, oid::kText},
          .result = range,
          .kernel = construct_range,
          .strict = false});
  to.raw({.name = std::string(multiname), .arguments = {}, .result = multirange, .kernel = construct_multirange});
  to.raw({.name = std::string(multiname), .arguments = {range}, .result = multirange, .kernel = construct_multirange});
  to.raw({.name = std::string(multiname),
          .arguments = {array_type_of(range)},
          .result = multirange,
          .kernel = construct_multirange,
          .variadic = true});
}

}  // namespace

void register_ranges(Registrar& to) {
  register_constructors(to, "int4range", "int4multirange", oid::kInt4Range);
  register_constructors(to, "int8range", "int8multirange", oid::kInt8Range);
  register_constructors(to, "numrange", "nummultirange", oid::kNumRange);
  register_constructors(to, "tsrange", "tsmultirange", oid::kTsRange);
  register_constructors(to, "tstzrange", "tstzmultirange", oid::kTstzRange);
  register_constructors(to, "daterange", "datemultirange", oid::kDateRange);
  // Of users' ranges: the binder says the result's type.
  to.raw({.name = "troupe_make_range",
          .arguments = {oid::kAny, oid::kAny},
          .result = kRange,
          .kernel = construct_range,
          .strict = false});
  to.raw({.name = "troupe_make_range",
          .arguments = {oid::kAny, oid::kAny, oid::kText},
          .result = kRange,
          .kernel = construct_range,
          .strict = false});
  to.raw({.name = "troupe_make_multirange",
          .arguments = {oid::kAny},
          .result = kMultirange,
          .kernel = construct_multirange,
          .variadic = true});
  to.raw({.name = "multirange", .arguments = {kRange}, .result = kMultirange, .kernel = construct_multirange});
  for (const Oid type : {kRange, kMultirange}) {
    to.raw({.name = "lower", .arguments = {type}, .result = oid::kAnyElement, .kernel = bound_of_ranges<false>});
    to.raw({.name = "upper", .arguments = {type}, .result = oid::kAnyElement, .kernel = bound_of_ranges<true>});
    to.function<kIsEmpty>("isempty", {type}, oid::kBool);
    to.function<kInclusive<false>>("lower_inc", {type}, oid::kBool);
    to.function<kInclusive<true>>("upper_inc", {type}, oid::kBool);
    to.function<kInfinite<false>>("lower_inf", {type}, oid::kBool);
    to.function<kInfinite<true>>("upper_inf", {type}, oid::kBool);
  }
  to.raw({.name = "range_merge", .arguments = {kRange, kRange}, .result = kRange, .kernel = merge_ranges});
  to.raw({.name = "range_merge", .arguments = {kMultirange}, .result = kRange, .kernel = merge_ranges});
}

}  // namespace troupe
