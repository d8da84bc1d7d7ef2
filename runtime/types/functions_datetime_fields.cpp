#include "runtime/types/datetime.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/time_zone.hpp"

/// extract, date_part, date_trunc, date_bin.
namespace troupe {
namespace {

using enum Volatility;

using Extracted = absl::StatusOr<Numeric>;

/// NaN stands for "this field of infinity": null.
absl::StatusOr<std::optional<Numeric>> as_numeric(Extracted v) {
  if (!v.ok()) return v.status();
  return v->is_nan() ? std::nullopt : std::optional<Numeric>(*std::move(v));
}
absl::StatusOr<std::optional<double>> as_double(Extracted v) {
  if (!v.ok()) return v.status();
  return v->is_nan() ? std::nullopt : std::optional<double>(numeric_to_double_lossy(*v));
}

const absl::TimeZone& zone_of(EvalContext& c) { return c.session().time_zone; }

void register_extract(Registrar& to) {
  constexpr Oid t = oid::kText, n = oid::kNumeric;
  to.function<[](std::string_view f, int64_t v) { return as_numeric(extract_from_timestamp(f, v)); }>("extract", {t, oid::kTimestamp}, n);
  to.function<[](EvalContext& c, std::string_view f, int64_t v) { return as_numeric(extract_from_timestamptz(f, v, zone_of(c))); }>(
      "extract", {t, oid::kTimestamptz}, n, kStable);
  to.function<[](std::string_view f, int32_t v) { return as_numeric(extract_from_date(f, v)); }>("extract", {t, oid::kDate}, n);
  to.function<[](std::string_view f, int64_t v) { return as_numeric(extract_from_time(f, v)); }>("extract", {t, oid::kTime}, n);
  to.function<[](std::string_view f, const TimeTz& v) { return as_numeric(extract_from_timetz(f, v)); }>("extract", {t, oid::kTimetz}, n);
  to.function<[](std::string_view f, const Interval& v) { return as_numeric(extract_from_interval(f, v)); }>("extract", {t, oid::kInterval}, n);
}

void register_date_part(Registrar& to) {
  constexpr Oid t = oid::kText, d = oid::kFloat8;
  to.function<[](std::string_view f, int64_t v) { return as_double(extract_from_timestamp(f, v)); }>("date_part", {t, oid::kTimestamp}, d);
  to.function<[](EvalContext& c, std::string_view f, int64_t v) { return as_double(extract_from_timestamptz(f, v, zone_of(c))); }>(
      "date_part", {t, oid::kTimestamptz}, d, kStable);
  to.function<[](std::string_view f, int32_t v) -> absl::StatusOr<std::optional<double>> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t at, timestamp_of_date(v));
    return as_double(extract_from_timestamp(f, at));
  }>("date_part", {t, oid::kDate}, d);
  to.function<[](std::string_view f, int64_t v) { return as_double(extract_from_time(f, v)); }>("date_part", {t, oid::kTime}, d);
  to.function<[](std::string_view f, const TimeTz& v) { return as_double(extract_from_timetz(f, v)); }>("date_part", {t, oid::kTimetz}, d);
  to.function<[](std::string_view f, const Interval& v) { return as_double(extract_from_interval(f, v)); }>("date_part", {t, oid::kInterval}, d);
}

absl::StatusOr<int64_t> bin(const Interval& stride, int64_t v, int64_t origin) {
  if (stride.months != 0) {
    return error(ErrorCode::kFeatureNotSupported, "timestamps cannot be binned into intervals containing months or years");
  }
  const int64_t width = stride.days * kUsPerDay + stride.us;
  if (width <= 0) return error(ErrorCode::kDatetimeFieldOverflow, "stride must be greater than zero");
  if (is_infinite_timestamp(v)) return v;
  int64_t offset;
  if (__builtin_sub_overflow(v, origin, &offset)) return error(ErrorCode::kDatetimeFieldOverflow, "interval out of range");
  int64_t whole = offset - offset % width;
  if (offset < 0 && offset % width != 0) whole -= width;
  return origin + whole;
}

}  // namespace

void register_datetime_fields(Registrar& to) {
  register_extract(to);
  register_date_part(to);
  constexpr Oid t = oid::kText;
  to.function<[](std::string_view f, int64_t v) { return truncate_timestamp(f, v); }>("date_trunc", {t, oid::kTimestamp}, oid::kTimestamp);
  to.function<[](EvalContext& c, std::string_view f, int64_t v) { return truncate_timestamptz(f, v, zone_of(c)); }>(
      "date_trunc", {t, oid::kTimestamptz}, oid::kTimestamptz, kStable);
  to.function<[](std::string_view f, int64_t v, std::string_view name) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, find_zone_for_at(name));
    return truncate_timestamptz(f, v, zone);
  }>("date_trunc", {t, oid::kTimestamptz, t}, oid::kTimestamptz, kStable);
  to.function<[](std::string_view f, const Interval& v) { return truncate_interval(f, v); }>("date_trunc", {t, oid::kInterval}, oid::kInterval);
  for (const Oid type : {oid::kTimestamp, oid::kTimestamptz}) {
    to.function<[](const Interval& stride, int64_t v, int64_t origin) { return bin(stride, v, origin); }>(
        "date_bin", {oid::kInterval, type, type}, type);
  }
}

}  // namespace troupe
