#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/types/cast.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/money.hpp"
#include "runtime/types/network.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/column/json_format.hpp"

/// pg_cast: which type converts to which, when, and how.
namespace troupe {
namespace {

using enum CastContext;

/// A kernel from a lambda of (value) or (EvalContext&, value).
template <auto F>
absl::Status cast_kernel(const Vector& in, uint32_t rows, Type, Type, EvalContext& context, Vector& out) {
  return lambda_kernel<F>(BoundFunction{}, {&in, 1}, rows, context, out);
}

template <typename To>
absl::Status out_of_range() {
  constexpr std::string_view kName = sizeof(To) == 2 ? "smallint" : sizeof(To) == 4 ? "integer" : "bigint";
  return error(ErrorCode::kNumericValueOutOfRange, kName, " out of range");
}

template <typename From, typename To>
constexpr auto kNarrowInteger = [](From v) -> absl::StatusOr<To> {
  if (v < std::numeric_limits<To>::min() || v > std::numeric_limits<To>::max()) return out_of_range<To>();
  return static_cast<To>(v);
};
template <typename From, typename To>
constexpr auto kConvert = [](From v) { return static_cast<To>(v); };
template <typename From, typename To>
constexpr auto kFloatToInteger = [](From v) -> absl::StatusOr<To> {
  const From rounded = std::rint(v);
  // The limits' own conversion to floating point is exact for min and one too high for max.
  if (std::isnan(rounded) || rounded < static_cast<From>(std::numeric_limits<To>::min()) ||
      rounded >= -static_cast<From>(std::numeric_limits<To>::min())) {
    return out_of_range<To>();
  }
  return static_cast<To>(rounded);
};
template <typename To>
constexpr auto kNumericToInteger = [](const Numeric& v) -> absl::StatusOr<To> {
  constexpr std::string_view kName = sizeof(To) == 2 ? "smallint" : sizeof(To) == 4 ? "integer" : "bigint";
  TROUPE_ASSIGN_OR_RETURN(const int64_t n, numeric_to_int64(v, kName));
  if (n < std::numeric_limits<To>::min() || n > std::numeric_limits<To>::max()) return out_of_range<To>();
  return static_cast<To>(n);
};
template <typename From>
constexpr auto kIntegerToNumeric = [](From v) { return Numeric::of_int(v); };
/// int4 and int8 to oid: the unsigned 32 bits.
template <typename From>
constexpr auto kIntegerToOid = [](From v) -> absl::StatusOr<int64_t> {
  if constexpr (sizeof(From) == 8) {
    if (v < 0 || v > UINT32_MAX) return error(ErrorCode::kNumericValueOutOfRange, "OID out of range");
    return v;
  } else {
    return static_cast<int64_t>(static_cast<uint32_t>(static_cast<int32_t>(v)));
  }
};

class Table {
 public:
  template <auto F>
  void add(Oid from, Oid to, CastContext context) {
    rows_.push_back({from, to, context, cast_kernel<F>});
  }
  void kernel(Oid from, Oid to, CastContext context, CastKernel run) { rows_.push_back({from, to, context, run}); }
  void relabel(Oid from, Oid to, CastContext context) { rows_.push_back({from, to, context, nullptr}); }
  void by_text(Oid from, Oid to, CastContext context) { rows_.push_back({from, to, context, nullptr, true}); }
  std::vector<CastInfo> take() { return std::move(rows_); }

 private:
  std::vector<CastInfo> rows_;
};

void add_integers(Table& t) {
  t.add<kConvert<int16_t, int32_t>>(oid::kInt2, oid::kInt4, kImplicit);
  t.add<kConvert<int16_t, int64_t>>(oid::kInt2, oid::kInt8, kImplicit);
  t.add<kConvert<int32_t, int64_t>>(oid::kInt4, oid::kInt8, kImplicit);
  t.add<kNarrowInteger<int32_t, int16_t>>(oid::kInt4, oid::kInt2, kAssignment);
  t.add<kNarrowInteger<int64_t, int16_t>>(oid::kInt8, oid::kInt2, kAssignment);
  t.add<kNarrowInteger<int64_t, int32_t>>(oid::kInt8, oid::kInt4, kAssignment);
  t.add<[](int32_t v) { return v != 0; }>(oid::kInt4, oid::kBool, kExplicit);
  t.add<[](bool v) { return static_cast<int32_t>(v); }>(oid::kBool, oid::kInt4, kExplicit);
  constexpr auto to_char = [](int32_t v) -> absl::StatusOr<int16_t> {
    if (v < INT8_MIN || v > INT8_MAX) return error(ErrorCode::kNumericValueOutOfRange, "\"char\" out of range");
    return static_cast<int16_t>(static_cast<uint8_t>(v));
  };
  t.add<to_char>(oid::kInt4, oid::kChar, kExplicit);
  t.add<[](int16_t v) { return static_cast<int32_t>(static_cast<int8_t>(v)); }>(oid::kChar, oid::kInt4, kExplicit);
}

void add_floats(Table& t) {
  t.add<kConvert<int16_t, float>>(oid::kInt2, oid::kFloat4, kImplicit);
  t.add<kConvert<int32_t, float>>(oid::kInt4, oid::kFloat4, kImplicit);
  t.add<kConvert<int64_t, float>>(oid::kInt8, oid::kFloat4, kImplicit);
  t.add<kConvert<int16_t, double>>(oid::kInt2, oid::kFloat8, kImplicit);
  t.add<kConvert<int32_t, double>>(oid::kInt4, oid::kFloat8, kImplicit);
  t.add<kConvert<int64_t, double>>(oid::kInt8, oid::kFloat8, kImplicit);
  t.add<kConvert<float, double>>(oid::kFloat4, oid::kFloat8, kImplicit);
  t.add<[](double v) -> absl::StatusOr<float> {
    const auto narrow = static_cast<float>(v);
    if (std::isinf(narrow) && !std::isinf(v)) return error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow");
    if (narrow == 0 && v != 0) return error(ErrorCode::kNumericValueOutOfRange, "value out of range: underflow");
    return narrow;
  }>(oid::kFloat8, oid::kFloat4, kAssignment);
  t.add<kFloatToInteger<float, int16_t>>(oid::kFloat4, oid::kInt2, kAssignment);
  t.add<kFloatToInteger<float, int32_t>>(oid::kFloat4, oid::kInt4, kAssignment);
  t.add<kFloatToInteger<float, int64_t>>(oid::kFloat4, oid::kInt8, kAssignment);
  t.add<kFloatToInteger<double, int16_t>>(oid::kFloat8, oid::kInt2, kAssignment);
  t.add<kFloatToInteger<double, int32_t>>(oid::kFloat8, oid::kInt4, kAssignment);
  t.add<kFloatToInteger<double, int64_t>>(oid::kFloat8, oid::kInt8, kAssignment);
}

void add_numerics(Table& t) {
  t.add<kIntegerToNumeric<int16_t>>(oid::kInt2, oid::kNumeric, kImplicit);
  t.add<kIntegerToNumeric<int32_t>>(oid::kInt4, oid::kNumeric, kImplicit);
  t.add<kIntegerToNumeric<int64_t>>(oid::kInt8, oid::kNumeric, kImplicit);
  t.add<[](float v) { return Numeric::of_float(v); }>(oid::kFloat4, oid::kNumeric, kAssignment);
  t.add<[](double v) { return Numeric::of_double(v); }>(oid::kFloat8, oid::kNumeric, kAssignment);
  t.add<kNumericToInteger<int16_t>>(oid::kNumeric, oid::kInt2, kAssignment);
  t.add<kNumericToInteger<int32_t>>(oid::kNumeric, oid::kInt4, kAssignment);
  t.add<kNumericToInteger<int64_t>>(oid::kNumeric, oid::kInt8, kAssignment);
  t.add<[](const Numeric& v) { return numeric_to_double(v); }>(oid::kNumeric, oid::kFloat8, kImplicit);
  t.add<[](const Numeric& v) -> absl::StatusOr<float> {
    std::string text;
    format_numeric(v.bytes(), &text);
    return parse_float(text);
  }>(oid::kNumeric, oid::kFloat4, kImplicit);
}

void add_oids(Table& t) {
  constexpr Oid kRegs[] = {oid::kRegproc, oid::kRegprocedure, oid::kRegoper, oid::kRegoperator, oid::kRegclass,
                           oid::kRegtype, oid::kRegconfig, oid::kRegnamespace, oid::kRegrole};
  const auto from_integers = [&t](Oid to) {
    t.add<kIntegerToOid<int16_t>>(oid::kInt2, to, kImplicit);
    t.add<kIntegerToOid<int32_t>>(oid::kInt4, to, kImplicit);
    t.add<kIntegerToOid<int64_t>>(oid::kInt8, to, kImplicit);
    t.add<[](int64_t v) { return static_cast<int32_t>(static_cast<uint32_t>(v)); }>(to, oid::kInt4, kAssignment);
    t.relabel(to, oid::kInt8, kAssignment);
  };
  from_integers(oid::kOid);
  for (const Oid reg : kRegs) {
    from_integers(reg);
    t.relabel(oid::kOid, reg, kImplicit);
    t.relabel(reg, oid::kOid, kImplicit);
  }
  t.relabel(oid::kRegproc, oid::kRegprocedure, kImplicit);
  t.relabel(oid::kRegprocedure, oid::kRegproc, kImplicit);
  t.by_text(oid::kText, oid::kRegclass, kImplicit);
  t.by_text(oid::kVarchar, oid::kRegclass, kImplicit);
  t.add<[](int64_t v) { return v & UINT32_MAX; }>(oid::kXid8, oid::kXid, kExplicit);
}

std::string_view without_padding(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void add_strings(Table& t) {
  constexpr auto to_char = [](std::string_view v) { return static_cast<int16_t>(v.empty() ? 0 : static_cast<uint8_t>(v[0])); };
  constexpr auto to_name = [](std::string_view v) { return std::string(v.substr(0, 63)); };
  constexpr auto unpadded = [](std::string_view v) { return std::string(without_padding(v)); };
  t.relabel(oid::kText, oid::kVarchar, kImplicit);
  t.relabel(oid::kText, oid::kBpchar, kImplicit);
  t.relabel(oid::kVarchar, oid::kText, kImplicit);
  t.relabel(oid::kVarchar, oid::kBpchar, kImplicit);
  t.relabel(oid::kName, oid::kText, kImplicit);
  t.relabel(oid::kName, oid::kVarchar, kAssignment);
  t.relabel(oid::kName, oid::kBpchar, kAssignment);
  t.add<unpadded>(oid::kBpchar, oid::kText, kImplicit);
  t.add<unpadded>(oid::kBpchar, oid::kVarchar, kImplicit);
  t.add<[](std::string_view v) { return std::string(without_padding(v).substr(0, 63)); }>(oid::kBpchar, oid::kName, kImplicit);
  t.add<to_name>(oid::kText, oid::kName, kImplicit);
  t.add<to_name>(oid::kVarchar, oid::kName, kImplicit);
  for (const Oid type : {oid::kText, oid::kVarchar, oid::kBpchar}) t.add<to_char>(type, oid::kChar, kAssignment);
  t.by_text(oid::kChar, oid::kText, kImplicit);
  t.by_text(oid::kChar, oid::kVarchar, kAssignment);
  t.by_text(oid::kChar, oid::kBpchar, kAssignment);
  for (const Oid type : {oid::kText, oid::kVarchar, oid::kBpchar}) {
    // The cast spells the word out; the output function does not.
    t.add<[](bool v) { return std::string(v ? "true" : "false"); }>(oid::kBool, type, kAssignment);
  }
}

void add_datetimes(Table& t) {
  t.add<[](int32_t v) { return timestamp_of_date(v); }>(oid::kDate, oid::kTimestamp, kImplicit);
  t.add<[](EvalContext& c, int32_t v) { return timestamptz_of_date(v, c.session().time_zone); }>(oid::kDate, oid::kTimestamptz, kImplicit);
  t.add<[](int64_t v) { return date_of_timestamp(v); }>(oid::kTimestamp, oid::kDate, kAssignment);
  t.add<[](int64_t v) -> std::optional<int64_t> {
    if (is_infinite_timestamp(v)) return std::nullopt;
    return ((v % kUsPerDay) + kUsPerDay) % kUsPerDay;
  }>(oid::kTimestamp, oid::kTime, kAssignment);
  t.add<[](EvalContext& c, int64_t v) { return timestamptz_of_local(v, c.session().time_zone); }>(oid::kTimestamp, oid::kTimestamptz, kImplicit);
  t.add<[](EvalContext& c, int64_t v) { return date_of_timestamp(local_of_timestamptz(v, c.session().time_zone)); }>(
      oid::kTimestamptz, oid::kDate, kAssignment);
  t.add<[](EvalContext& c, int64_t v) -> std::optional<int64_t> {
    if (is_infinite_timestamp(v)) return std::nullopt;
    const int64_t local = local_of_timestamptz(v, c.session().time_zone);
    return ((local % kUsPerDay) + kUsPerDay) % kUsPerDay;
  }>(oid::kTimestamptz, oid::kTime, kAssignment);
  t.add<[](EvalContext& c, int64_t v) { return local_of_timestamptz(v, c.session().time_zone); }>(oid::kTimestamptz, oid::kTimestamp, kAssignment);
  t.add<[](EvalContext& c, int64_t v) -> std::optional<TimeTz> {
    if (is_infinite_timestamp(v)) return std::nullopt;
    const int64_t local = local_of_timestamptz(v, c.session().time_zone);
    return TimeTz{((local % kUsPerDay) + kUsPerDay) % kUsPerDay, static_cast<int32_t>((v - local) / kUsPerSecond), 0};
  }>(oid::kTimestamptz, oid::kTimetz, kAssignment);
  t.add<[](int64_t v) { return Interval{v, 0, 0}; }>(oid::kTime, oid::kInterval, kImplicit);
  t.add<[](EvalContext& c, int64_t v) {
    const int64_t now = timestamp_of_unix_us(c.transaction_us);
    const int64_t local = local_of_timestamptz(now, c.session().time_zone);
    return TimeTz{v, static_cast<int32_t>((now - local) / kUsPerSecond), 0};
  }>(oid::kTime, oid::kTimetz, kImplicit);
  t.add<[](const TimeTz& v) { return v.us; }>(oid::kTimetz, oid::kTime, kAssignment);
  t.add<[](const Interval& v) { return ((v.us % kUsPerDay) + kUsPerDay) % kUsPerDay; }>(oid::kInterval, oid::kTime, kAssignment);
}

/// A jsonb scalar of the kind that `name` wants, or PostgreSQL's words about the other kind.
absl::Status check_jsonb_kind(std::string_view json, JsonKind wanted, std::string_view name) {
  constexpr std::string_view kKinds[] = {"null", "string", "numeric", "boolean", "array", "object"};
  const JsonKind kind = json_kind(json);
  if (kind == wanted) return absl::OkStatus();
  return error(ErrorCode::kInvalidParameterValue, "cannot cast jsonb ", kKinds[static_cast<size_t>(kind)], " to type ",
               name);
}

template <typename To, typename FromNumeric>
absl::StatusOr<To> of_jsonb_number(std::string_view json, std::string_view name, FromNumeric convert) {
  TROUPE_RETURN_IF_ERROR(check_jsonb_kind(json, JsonKind::kNumber, name));
  TROUPE_ASSIGN_OR_RETURN(const Numeric number, parse_numeric(json));
  return convert(number);
}

void add_jsonb(Table& t) {
  using View = std::string_view;
  t.add<[](View v) -> absl::StatusOr<bool> {
    TROUPE_RETURN_IF_ERROR(check_jsonb_kind(v, JsonKind::kBool, "boolean"));
    return v == "true";
  }>(oid::kJsonb, oid::kBool, kExplicit);
  t.add<[](View v) {
    return of_jsonb_number<Numeric>(v, "numeric", [](const Numeric& n) { return n; });
  }>(oid::kJsonb, oid::kNumeric, kExplicit);
  t.add<[](View v) { return of_jsonb_number<int16_t>(v, "smallint", kNumericToInteger<int16_t>); }>(oid::kJsonb, oid::kInt2, kExplicit);
  t.add<[](View v) { return of_jsonb_number<int32_t>(v, "integer", kNumericToInteger<int32_t>); }>(oid::kJsonb, oid::kInt4, kExplicit);
  t.add<[](View v) { return of_jsonb_number<int64_t>(v, "bigint", kNumericToInteger<int64_t>); }>(oid::kJsonb, oid::kInt8, kExplicit);
  t.add<[](View v) -> absl::StatusOr<float> {
    TROUPE_RETURN_IF_ERROR(check_jsonb_kind(v, JsonKind::kNumber, "real"));
    return parse_float(v);
  }>(oid::kJsonb, oid::kFloat4, kExplicit);
  t.add<[](View v) -> absl::StatusOr<double> {
    TROUPE_RETURN_IF_ERROR(check_jsonb_kind(v, JsonKind::kNumber, "double precision"));
    return parse_double(v);
  }>(oid::kJsonb, oid::kFloat8, kExplicit);
}

/// The lowest bits; of a width beyond the number's, its sign goes on to the left. Without a width it is bit(1).
template <typename Number>
absl::Status bits_of_numbers(const Vector& in, uint32_t rows, Type, Type to, EvalContext&, Vector& out) {
  const int32_t width = std::max(typmod_length(to), 1);
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const int64_t number = in.get<Number>(row);
    std::string bits;
    for (int32_t place = width - 1; place >= 0; --place) {
      bits.push_back(((number >> std::min(place, 63)) & 1) != 0 ? '1' : '0');
    }
    out.set_string(row, bits);
  }
  return absl::OkStatus();
}

template <typename Number>
constexpr auto kNumberOfBits = [](std::string_view bits) -> absl::StatusOr<Number> {
  if (bits.size() > sizeof(Number) * 8) return out_of_range<Number>();
  uint64_t n = 0;
  for (const char bit : bits) n = (n << 1) | static_cast<uint64_t>(bit == '1');
  return static_cast<Number>(n);
};

void add_bits(Table& t) {
  t.relabel(oid::kBit, oid::kVarbit, kImplicit);
  t.relabel(oid::kVarbit, oid::kBit, kImplicit);
  t.add<kNumberOfBits<int64_t>>(oid::kBit, oid::kInt8, kExplicit);
  t.add<kNumberOfBits<int32_t>>(oid::kBit, oid::kInt4, kExplicit);
  t.kernel(oid::kInt8, oid::kBit, kExplicit, bits_of_numbers<int64_t>);
  t.kernel(oid::kInt4, oid::kBit, kExplicit, bits_of_numbers<int32_t>);
}

void add_ranges(Table& t) {
  for (const Oid range :
       {oid::kInt4Range, oid::kInt8Range, oid::kNumRange, oid::kTsRange, oid::kTstzRange, oid::kDateRange}) {
    t.kernel(range, multirange_of(range), kExplicit,
             [](const Vector& in, uint32_t rows, Type from, Type, EvalContext&, Vector& out) {
               for (uint32_t row = 0; row < rows; ++row) {
                 if (!out.is_null(row)) out.set_string(row, make_multirange(from.oid, {std::string(in.string(row))}));
               }
               return absl::OkStatus();
             });
  }
}

template <typename Number>
constexpr auto kMoneyOfInteger = [](Number units) -> absl::StatusOr<int64_t> {
  int64_t cents = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(units), kCents, &cents)) return out_of_range<int64_t>();
  return cents;
};

void add_money(Table& t) {
  t.add<kMoneyOfInteger<int32_t>>(oid::kInt4, oid::kMoney, kAssignment);
  t.add<kMoneyOfInteger<int64_t>>(oid::kInt8, oid::kMoney, kAssignment);
  t.add<[](const Numeric& units) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const Numeric cents, numeric_multiply(units, Numeric::of_int(kCents)));
    return numeric_to_int64(cents, "bigint");
  }>(oid::kNumeric, oid::kMoney, kAssignment);
  t.add<[](int64_t cents) -> absl::StatusOr<Numeric> {
    const uint64_t amount = cents < 0 ? ~static_cast<uint64_t>(cents) + 1 : static_cast<uint64_t>(cents);
    const uint64_t rest = amount % kCents;
    return parse_numeric(cat(cents < 0 ? "-" : "", amount / kCents, ".", rest / 10, rest % 10));
  }>(oid::kMoney, oid::kNumeric, kAssignment);
}

void add_networks(Table& t) {
  constexpr auto to_text = [](std::string_view v) { return network_text(unpack_network(v), true); };
  t.relabel(oid::kCidr, oid::kInet, kImplicit);
  t.add<[](std::string_view v) {
    const Network network = unpack_network(v);
    return pack_network(network.masked(network.bits));
  }>(oid::kInet, oid::kCidr, kAssignment);
  for (const Oid from : {oid::kInet, oid::kCidr}) {
    for (const Oid to : {oid::kText, oid::kVarchar, oid::kBpchar}) t.add<to_text>(from, to, kAssignment);
  }
  t.add<[](std::string_view v) { return std::string(v).insert(3, "\xFF\xFE"); }>(oid::kMacaddr, oid::kMacaddr8,
                                                                                 kImplicit);
  t.add<[](std::string_view v) -> absl::StatusOr<std::string> {
    if (v.substr(3, 2) == "\xFF\xFE") return std::string(v).erase(3, 2);
    return with_hint(error(ErrorCode::kNumericValueOutOfRange, "macaddr8 data out of range to convert to macaddr"),
                     "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example "
                     "xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.");
  }>(oid::kMacaddr8, oid::kMacaddr, kImplicit);
}

void add_others(Table& t) {
  t.add<[](std::string_view v) { return normalize_json(v); }>(oid::kJson, oid::kJsonb, kAssignment);
  t.relabel(oid::kJsonb, oid::kJson, kAssignment);
}

}  // namespace

std::span<const CastInfo> all_casts() {
  static const std::vector<CastInfo> table = [] {
    Table t;
    add_integers(t);
    add_floats(t);
    add_numerics(t);
    add_oids(t);
    add_strings(t);
    add_datetimes(t);
    add_jsonb(t);
    add_bits(t);
    add_ranges(t);
    add_money(t);
    add_networks(t);
    add_others(t);
    return t.take();
  }();
  return table;
}

}  // namespace troupe
