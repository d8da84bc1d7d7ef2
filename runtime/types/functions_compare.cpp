#include "runtime/types/cast.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/kernel.hpp"

/// = <> < <= > >= of every type, across the integer and float widths, and of dates with timestamps.
namespace troupe {
namespace {

template <Comparison C>
bool holds(int order) {
  if constexpr (C == Comparison::kEqual) return order == 0;
  if constexpr (C == Comparison::kNotEqual) return order != 0;
  if constexpr (C == Comparison::kLess) return order < 0;
  if constexpr (C == Comparison::kLessEqual) return order <= 0;
  if constexpr (C == Comparison::kGreater) return order > 0;
  return order >= 0;
}

template <Comparison C, typename A, typename B>
bool holds_for(A a, B b) {
  if constexpr (C == Comparison::kEqual) return a == b;
  if constexpr (C == Comparison::kNotEqual) return a != b;
  if constexpr (C == Comparison::kLess) return a < b;
  if constexpr (C == Comparison::kLessEqual) return a <= b;
  if constexpr (C == Comparison::kGreater) return a > b;
  return a >= b;
}

/// Integers and times: rows that are null compare garbage, which costs less than looking.
template <Comparison C, typename A, typename B>
absl::Status compare_integers(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const A* a = args[0].values<A>();
  const B* b = args[1].values<B>();
  bool* to = out.mutable_values<bool>();
  if (args[1].is_constant() && !args[0].is_constant()) {
    const B bound = b[0];
    for (uint32_t i = 0; i < rows; ++i) to[i] = holds_for<C>(a[i], bound);
  } else if (!args[0].is_constant() && !args[1].is_constant()) {
    for (uint32_t i = 0; i < rows; ++i) to[i] = holds_for<C>(a[i], b[i]);
  } else {
    for (uint32_t i = 0; i < rows; ++i) to[i] = holds_for<C>(a[args[0].position(i)], b[args[1].position(i)]);
  }
  return absl::OkStatus();
}

template <Comparison C, typename A, typename B>
absl::Status compare_floats(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  bool* to = out.mutable_values<bool>();
  for (uint32_t i = 0; i < rows; ++i) {
    const double a = static_cast<double>(args[0].get<A>(i)), b = static_cast<double>(args[1].get<B>(i));
    to[i] = holds<C>(compare_fixed(CompareKind::kFloat64, &a, &b));
  }
  return absl::OkStatus();
}

/// Any type by its compare kind.
template <Comparison C>
absl::Status compare_any(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const CompareKind kind = compare_kind_of(call.arguments[0]);
  bool* to = out.mutable_values<bool>();
  for (uint32_t i = 0; i < rows; ++i) {
    if (out.is_null(i)) continue;
    if constexpr (C == Comparison::kEqual || C == Comparison::kNotEqual) {
      to[i] = equal_values(kind, args[0], i, args[1], i) == (C == Comparison::kEqual);
    } else {
      to[i] = holds<C>(compare_values(kind, args[0], i, args[1], i));
    }
  }
  return absl::OkStatus();
}

/// date, timestamp and timestamptz with each other: both to the wider of the two.
int64_t as_timestamp(Oid type, const Vector& v, uint32_t row, Oid wider, const absl::TimeZone& zone) {
  int64_t at = 0;
  if (type == oid::kDate) {
    const int32_t date = v.get<int32_t>(row);
    if (is_infinite_date(date)) return date > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
    // Dates beyond timestamps' range still order correctly.
    if (__builtin_mul_overflow(int64_t{date}, kUsPerDay, &at)) return date > 0 ? kTimestampInfinity - 1 : kTimestampMinusInfinity + 1;
  } else {
    at = v.get<int64_t>(row);
  }
  if (wider != oid::kTimestamptz || type == oid::kTimestamptz || is_infinite_timestamp(at)) return at;
  const auto instant = timestamptz_of_local(at, zone);
  return instant.ok() ? *instant : at;
}

template <Comparison C>
absl::Status compare_datetimes(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                               Vector& out) {
  const Oid a = call.arguments[0].oid, b = call.arguments[1].oid;
  const Oid wider = a == oid::kTimestamptz || b == oid::kTimestamptz ? oid::kTimestamptz : oid::kTimestamp;
  const absl::TimeZone& zone = context.session().time_zone;
  for (uint32_t i = 0; i < rows; ++i) {
    if (out.is_null(i)) continue;
    out.set(i, holds_for<C>(as_timestamp(a, args[0], i, wider, zone), as_timestamp(b, args[1], i, wider, zone)));
  }
  return absl::OkStatus();
}


template <Comparison C>
void register_one(Registrar& to, const char* symbol) {
  const auto add = [&](Oid a, Oid b, Kernel kernel, Volatility volatility = Volatility::kImmutable) {
    to.raw({.name = symbol, .arguments = {a, b}, .result = oid::kBool, .kernel = kernel, .is_operator = true,
            .volatility = volatility, .comparison = C});
  };
  add(oid::kInt2, oid::kInt2, compare_integers<C, int16_t, int16_t>);
  add(oid::kInt2, oid::kInt4, compare_integers<C, int16_t, int32_t>);
  add(oid::kInt2, oid::kInt8, compare_integers<C, int16_t, int64_t>);
  add(oid::kInt4, oid::kInt2, compare_integers<C, int32_t, int16_t>);
  add(oid::kInt4, oid::kInt4, compare_integers<C, int32_t, int32_t>);
  add(oid::kInt4, oid::kInt8, compare_integers<C, int32_t, int64_t>);
  add(oid::kInt8, oid::kInt2, compare_integers<C, int64_t, int16_t>);
  add(oid::kInt8, oid::kInt4, compare_integers<C, int64_t, int32_t>);
  add(oid::kInt8, oid::kInt8, compare_integers<C, int64_t, int64_t>);
  add(oid::kFloat4, oid::kFloat4, compare_floats<C, float, float>);
  add(oid::kFloat4, oid::kFloat8, compare_floats<C, float, double>);
  add(oid::kFloat8, oid::kFloat4, compare_floats<C, double, float>);
  add(oid::kFloat8, oid::kFloat8, compare_floats<C, double, double>);
  for (const Oid type : {oid::kOid, oid::kTime, oid::kTimestamp, oid::kTimestamptz, oid::kTid, oid::kXid8, oid::kMoney,
                         oid::kPgLsn}) {
    add(type, type, compare_integers<C, int64_t, int64_t>);
  }
  add(oid::kAnyEnum, oid::kAnyEnum, compare_integers<C, int64_t, int64_t>);
  add(oid::kDate, oid::kDate, compare_integers<C, int32_t, int32_t>);
  add(oid::kBool, oid::kBool, compare_integers<C, uint8_t, uint8_t>);
  add(oid::kChar, oid::kChar, compare_integers<C, int16_t, int16_t>);
  for (const Oid type : {oid::kText, oid::kBpchar, oid::kName, oid::kBytea, oid::kNumeric, oid::kInterval, oid::kTimetz,
                         oid::kUuid, oid::kAnyArray, oid::kOidVector, oid::kBit, oid::kVarbit, oid::kJsonb,
                         oid::kInet, oid::kMacaddr, oid::kMacaddr8}) {
    add(type, type, compare_any<C>);
  }
  for (const Oid type : {oid::kAnyRange, oid::kAnyMultirange}) add(type, type, compare_any<C>);
  add(oid::kName, oid::kText, compare_any<C>);
  add(oid::kText, oid::kName, compare_any<C>);
  add(oid::kDate, oid::kTimestamp, compare_datetimes<C>);
  add(oid::kTimestamp, oid::kDate, compare_datetimes<C>);
  for (const Oid type : {oid::kDate, oid::kTimestamp}) {
    add(type, oid::kTimestamptz, compare_datetimes<C>, Volatility::kStable);
    add(oid::kTimestamptz, type, compare_datetimes<C>, Volatility::kStable);
  }
  if constexpr (C == Comparison::kEqual || C == Comparison::kNotEqual) {
    for (const Oid type : {oid::kXid, oid::kCid}) add(type, type, compare_integers<C, int64_t, int64_t>);
    add(oid::kXid, oid::kInt4, compare_integers<C, int64_t, int32_t>);
  }
}

}  // namespace

void register_comparisons(Registrar& to) {
  register_one<Comparison::kEqual>(to, "=");
  register_one<Comparison::kNotEqual>(to, "<>");
  register_one<Comparison::kLess>(to, "<");
  register_one<Comparison::kLessEqual>(to, "<=");
  register_one<Comparison::kGreater>(to, ">");
  register_one<Comparison::kGreaterEqual>(to, ">=");
}

}  // namespace troupe
