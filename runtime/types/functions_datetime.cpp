#include <cmath>

#include "runtime/types/datetime.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/time_zone.hpp"

/// Date and time operators, make_*, the now family, AT TIME ZONE (function timezone), justify_*, age.
namespace troupe {
namespace {

constexpr Oid kD = oid::kDate, kT = oid::kTime, kTs = oid::kTimestamp, kTz = oid::kTimestamptz, kI = oid::kInterval;
using enum Volatility;

constexpr int64_t kDaysPerMonth = 30;

/// `largest`: what the greatest unit grows to. Errors: 22008.
absl::StatusOr<Interval> justified(Interval (*justify)(const Interval&), const Interval& v, int64_t largest) {
  if (largest < INT32_MIN || largest > INT32_MAX) {
    return error(ErrorCode::kDatetimeFieldOverflow, "interval out of range");
  }
  return justify(v);
}

absl::Status date_out_of_range() { return error(ErrorCode::kDatetimeFieldOverflow, "date out of range"); }

absl::StatusOr<int32_t> date_plus(int32_t date, int64_t days) {
  if (is_infinite_date(date)) return date;
  const int64_t v = date + days;
  if (v < kDateMin || v >= kDateEnd) return date_out_of_range();
  return static_cast<int32_t>(v);
}

int64_t wrapped_time(int64_t us) { return ((us % kUsPerDay) + kUsPerDay) % kUsPerDay; }

const absl::TimeZone& zone_of(EvalContext& c) { return c.session().time_zone; }

int64_t transaction(EvalContext& c) { return timestamp_of_unix_us(c.transaction_us); }
int64_t midnight(EvalContext& c) {
  return int64_t{date_of_timestamp(local_of_timestamptz(transaction(c), zone_of(c)))} * kUsPerDay;
}

void register_dates(Registrar& to) {
  to.op<[](int32_t d, int32_t n) { return date_plus(d, n); }>("+", {kD, oid::kInt4}, kD);
  to.op<[](int32_t n, int32_t d) { return date_plus(d, n); }>("+", {oid::kInt4, kD}, kD);
  to.op<[](int32_t d, int32_t n) { return date_plus(d, -int64_t{n}); }>("-", {kD, oid::kInt4}, kD);
  to.op<[](int32_t a, int32_t b) -> absl::StatusOr<int32_t> {
    if (is_infinite_date(a) || is_infinite_date(b)) return error(ErrorCode::kDatetimeFieldOverflow, "cannot subtract infinite dates");
    return a - b;
  }>("-", {kD, kD}, oid::kInt4);
  constexpr auto plus_interval = [](int32_t d, const Interval& i) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, timestamp_of_date(d));
    return timestamp_plus_interval(v, i);
  };
  to.op<plus_interval>("+", {kD, kI}, kTs);
  to.op<[](const Interval& i, int32_t d) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, timestamp_of_date(d));
    return timestamp_plus_interval(v, i);
  }>("+", {kI, kD}, kTs);
  to.op<[](int32_t d, const Interval& i) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, timestamp_of_date(d));
    TROUPE_ASSIGN_OR_RETURN(const Interval back, interval_negate(i));
    return timestamp_plus_interval(v, back);
  }>("-", {kD, kI}, kTs);
  constexpr auto plus_time = [](int32_t d, int64_t t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, timestamp_of_date(d));
    return is_infinite_timestamp(v) ? v : v + t;
  };
  to.op<plus_time>("+", {kD, kT}, kTs);
  static constexpr auto plus_zoned_time = [](int32_t d, const TimeTz& t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t midnight, timestamp_of_date(d));
    if (is_infinite_timestamp(midnight)) return midnight;
    const int64_t instant = midnight + t.us + int64_t{t.zone} * kUsPerSecond;
    if (!is_valid_timestamp(instant)) return error(ErrorCode::kDatetimeFieldOverflow, "timestamp out of range");
    return instant;
  };
  to.op<plus_zoned_time>("+", {kD, oid::kTimetz}, kTz);
  to.op<[](const TimeTz& t, int32_t d) { return plus_zoned_time(d, t); }>("+", {oid::kTimetz, kD}, kTz);
  to.op<[](int64_t t, int32_t d) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, timestamp_of_date(d));
    return is_infinite_timestamp(v) ? v : v + t;
  }>("+", {kT, kD}, kTs);
}

void register_timestamps(Registrar& to) {
  to.op<[](int64_t t, const Interval& i) { return timestamp_plus_interval(t, i); }>("+", {kTs, kI}, kTs);
  to.op<[](const Interval& i, int64_t t) { return timestamp_plus_interval(t, i); }>("+", {kI, kTs}, kTs);
  to.op<[](int64_t t, const Interval& i) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const Interval back, interval_negate(i));
    return timestamp_plus_interval(t, back);
  }>("-", {kTs, kI}, kTs);
  to.op<[](EvalContext& c, int64_t t, const Interval& i) { return timestamptz_plus_interval(t, i, zone_of(c)); }>("+", {kTz, kI}, kTz, kStable);
  to.op<[](EvalContext& c, const Interval& i, int64_t t) { return timestamptz_plus_interval(t, i, zone_of(c)); }>("+", {kI, kTz}, kTz, kStable);
  to.op<[](EvalContext& c, int64_t t, const Interval& i) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const Interval back, interval_negate(i));
    return timestamptz_plus_interval(t, back, zone_of(c));
  }>("-", {kTz, kI}, kTz, kStable);
  for (const Oid type : {kTs, kTz}) {
    to.op<[](int64_t a, int64_t b) { return timestamp_difference(a, b); }>("-", {type, type}, kI);
  }
  to.function<[](int64_t a, int64_t b) { return timestamp_age(a, b); }>("age", {kTs, kTs}, kI);
  to.function<[](EvalContext& c, int64_t a, int64_t b) {
    return timestamp_age(local_of_timestamptz(a, zone_of(c)), local_of_timestamptz(b, zone_of(c)));
  }>("age", {kTz, kTz}, kI);
  to.function<[](EvalContext& c, int64_t t) { return timestamp_age(midnight(c), t); }>("age", {kTs}, kI, kStable);
  to.function<[](EvalContext& c, int64_t t) { return timestamp_age(midnight(c), local_of_timestamptz(t, zone_of(c))); }>("age", {kTz}, kI, kStable);
}

void register_times_and_intervals(Registrar& to) {
  to.op<[](int64_t t, const Interval& i) { return wrapped_time(t + i.us); }>("+", {kT, kI}, kT);
  to.op<[](const Interval& i, int64_t t) { return wrapped_time(t + i.us); }>("+", {kI, kT}, kT);
  to.op<[](int64_t t, const Interval& i) { return wrapped_time(t - i.us); }>("-", {kT, kI}, kT);
  to.op<[](int64_t a, int64_t b) { return Interval{a - b, 0, 0}; }>("-", {kT, kT}, kI);
  to.op<[](const TimeTz& t, const Interval& i) { return TimeTz{wrapped_time(t.us + i.us), t.zone, 0}; }>("+", {oid::kTimetz, kI}, oid::kTimetz);
  to.op<[](const TimeTz& t, const Interval& i) { return TimeTz{wrapped_time(t.us - i.us), t.zone, 0}; }>("-", {oid::kTimetz, kI}, oid::kTimetz);
  to.op<[](const Interval& a, const Interval& b) { return interval_add(a, b); }>("+", {kI, kI}, kI);
  to.op<[](const Interval& a, const Interval& b) -> absl::StatusOr<Interval> {
    TROUPE_ASSIGN_OR_RETURN(const Interval back, interval_negate(b));
    return interval_add(a, back);
  }>("-", {kI, kI}, kI);
  to.op<[](const Interval& v) { return interval_negate(v); }>("-", {kI}, kI);
  to.op<[](const Interval& v, double f) { return interval_multiply(v, f); }>("*", {kI, oid::kFloat8}, kI);
  to.op<[](double f, const Interval& v) { return interval_multiply(v, f); }>("*", {oid::kFloat8, kI}, kI);
  to.op<[](const Interval& v, double f) { return interval_divide(v, f); }>("/", {kI, oid::kFloat8}, kI);
  to.function<[](const Interval& v) { return justified(justify_hours, v, int64_t{v.days} + v.us / kUsPerDay); }>(
      "justify_hours", {kI}, kI);
  to.function<[](const Interval& v) { return justified(justify_days, v, int64_t{v.months} + v.days / kDaysPerMonth); }>(
      "justify_days", {kI}, kI);
  to.function<[](const Interval& v) {
    return justified(justify_interval, v, v.months + (int64_t{v.days} + v.us / kUsPerDay) / kDaysPerMonth);
  }>("justify_interval", {kI}, kI);
}

void register_clocks(Registrar& to) {
  constexpr auto now = [](EvalContext& c) { return transaction(c); };
  for (const char* name : {"now", "transaction_timestamp"}) to.function<now>(name, {}, kTz, kStable);
  to.function<[](EvalContext& c) { return timestamp_of_unix_us(c.statement_us); }>("statement_timestamp", {}, kTz, kStable);
  to.function<[](EvalContext& c) { return timestamp_of_unix_us(c.clock == nullptr ? c.statement_us : c.clock->wall_us()); }>(
      "clock_timestamp", {}, kTz, kVolatile);
  // What the parser makes of CURRENT_DATE and its like.
  to.function<now>("current_timestamp", {}, kTz, kStable);
  to.function<[](EvalContext& c) { return date_of_timestamp(local_of_timestamptz(transaction(c), zone_of(c))); }>("current_date", {}, kD, kStable);
  to.function<[](EvalContext& c) { return local_of_timestamptz(transaction(c), zone_of(c)); }>("localtimestamp", {}, kTs, kStable);
  to.function<[](EvalContext& c) { return wrapped_time(local_of_timestamptz(transaction(c), zone_of(c))); }>("localtime", {}, kT, kStable);
  to.function<[](EvalContext& c) {
    const int64_t local = local_of_timestamptz(transaction(c), zone_of(c));
    return TimeTz{wrapped_time(local), static_cast<int32_t>((transaction(c) - local) / kUsPerSecond), 0};
  }>("current_time", {}, oid::kTimetz, kStable);
}

absl::StatusOr<absl::TimeZone> zone_of_interval(EvalContext& context, const Interval& v) {
  if (v.months == 0 && v.days == 0) return absl::FixedTimeZone(static_cast<int>(v.us / kUsPerSecond));
  return error(ErrorCode::kInvalidParameterValue, "interval time zone \"",
               to_text(Type{oid::kInterval}, Value::of(v), context), "\" must not include months or days");
}

void register_zones(Registrar& to) {
  to.function<[](std::string_view name, int64_t t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, find_zone_for_at(name));
    return local_of_timestamptz(t, zone);
  }>("timezone", {oid::kText, kTz}, kTs);
  to.function<[](std::string_view name, int64_t t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, find_zone_for_at(name));
    return timestamptz_of_local(t, zone);
  }>("timezone", {oid::kText, kTs}, kTz);
  to.function<[](EvalContext& c, const Interval& by, int64_t t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, zone_of_interval(c, by));
    return local_of_timestamptz(t, zone);
  }>("timezone", {kI, kTz}, kTs);
  to.function<[](EvalContext& c, const Interval& by, int64_t t) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, zone_of_interval(c, by));
    return timestamptz_of_local(t, zone);
  }>("timezone", {kI, kTs}, kTz);
  to.function<[](EvalContext& c, const Interval& by, const TimeTz& t) -> absl::StatusOr<TimeTz> {
    TROUPE_RETURN_IF_ERROR(zone_of_interval(c, by).status());
    const auto west = static_cast<int32_t>(-by.us / kUsPerSecond);
    return TimeTz{wrapped_time(t.us + (t.zone - west) * kUsPerSecond), west, 0};
  }>("timezone", {kI, oid::kTimetz}, oid::kTimetz);
  to.function<[](EvalContext& c, std::string_view name, const TimeTz& t) -> absl::StatusOr<TimeTz> {
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, find_zone_for_at(name));
    const int64_t now = timestamp_of_unix_us(c.transaction_us);
    const auto west = static_cast<int32_t>((now - local_of_timestamptz(now, zone)) / kUsPerSecond);
    return TimeTz{wrapped_time(t.us + (t.zone - west) * kUsPerSecond), west, 0};
  }>("timezone", {oid::kText, oid::kTimetz}, oid::kTimetz, kStable);
}

absl::StatusOr<int32_t> make_date(int32_t year, int32_t month, int32_t day) {
  const bool bc = year < 0;
  const int y = bc ? year + 1 : year;
  if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(y, month) || y < -4713 || y > 5874897) {
    return error(ErrorCode::kDatetimeFieldOverflow, "date field value out of range: ", year, "-", absl::StrCat(absl::Dec(month, absl::kZeroPad2)), "-",
                 absl::StrCat(absl::Dec(day, absl::kZeroPad2)));
  }
  return julian_day(y, month, day) - kPgEpochJulianDay;
}

absl::StatusOr<int64_t> make_time(int32_t hour, int32_t minute, double second) {
  const bool end_of_day = hour == 24 && minute == 0 && second == 0;
  if (hour < 0 || minute < 0 || minute > 59 || std::isnan(second) || second < 0 || second > 60 || (hour > 23 && !end_of_day)) {
    return error(ErrorCode::kDatetimeFieldOverflow, "time field value out of range: ", hour, ":", absl::StrCat(absl::Dec(minute, absl::kZeroPad2)), ":",
                 std::isnan(second) ? "NaN" : cat(second));
  }
  return hour * kUsPerHour + minute * kUsPerMinute + static_cast<int64_t>(std::rint(second * 1e6));
}

absl::StatusOr<int64_t> make_timestamp(int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, double s) {
  TROUPE_ASSIGN_OR_RETURN(const int32_t date, make_date(y, mo, d));
  TROUPE_ASSIGN_OR_RETURN(const int64_t time, make_time(h, mi, s));
  TROUPE_ASSIGN_OR_RETURN(const int64_t day, timestamp_of_date(date));
  return day + time;
}

absl::StatusOr<int64_t> timestamptz_of_epoch(double seconds) {
  if (std::isinf(seconds)) return seconds > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
  if (std::isnan(seconds)) return error(ErrorCode::kDatetimeFieldOverflow, "timestamp cannot be NaN");
  const double us = std::rint((seconds - static_cast<double>(kPgEpochUnixSeconds)) * 1e6);
  if (us < static_cast<double>(kTimestampMin) || us >= static_cast<double>(kTimestampEnd)) {
    return error(ErrorCode::kDatetimeFieldOverflow, "timestamp out of range: \"", seconds, "\"");
  }
  return static_cast<int64_t>(us);
}

void register_makers(Registrar& to) {
  constexpr Oid i4 = oid::kInt4, f8 = oid::kFloat8;
  to.function<[](int32_t y, int32_t m, int32_t d) { return make_date(y, m, d); }>("make_date", {i4, i4, i4}, kD);
  to.function<[](int32_t h, int32_t m, double s) { return make_time(h, m, s); }>("make_time", {i4, i4, f8}, kT);
  to.function<[](int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, double s) { return make_timestamp(y, mo, d, h, mi, s); }>(
      "make_timestamp", {i4, i4, i4, i4, i4, f8}, kTs);
  to.function<[](EvalContext& c, int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, double s) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t local, make_timestamp(y, mo, d, h, mi, s));
    return timestamptz_of_local(local, zone_of(c));
  }>("make_timestamptz", {i4, i4, i4, i4, i4, f8}, kTz, kStable);
  to.function<[](int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, double s,
                 std::string_view name) -> absl::StatusOr<int64_t> {
    TROUPE_ASSIGN_OR_RETURN(const int64_t local, make_timestamp(y, mo, d, h, mi, s));
    TROUPE_ASSIGN_OR_RETURN(const absl::TimeZone zone, find_zone_for_at(name));
    return timestamptz_of_local(local, zone);
  }>("make_timestamptz", {i4, i4, i4, i4, i4, f8, oid::kText}, kTz, kStable);
  to.function<[](int32_t y, int32_t mo, int32_t w, int32_t d, int32_t h, int32_t mi, double s) {
    return Interval{h * kUsPerHour + mi * kUsPerMinute + static_cast<int64_t>(std::rint(s * 1e6)), d + 7 * w, y * 12 + mo};
  }>("make_interval", {i4, i4, i4, i4, i4, i4, f8}, kI);
  to.function<[](double v) { return timestamptz_of_epoch(v); }>("to_timestamp", {f8}, kTz);
  to.function<[](int32_t v) { return !is_infinite_date(v); }>("isfinite", {kD}, oid::kBool);
  to.function<[](int64_t v) { return !is_infinite_timestamp(v); }>("isfinite", {kTs}, oid::kBool);
  to.function<[](int64_t v) { return !is_infinite_timestamp(v); }>("isfinite", {kTz}, oid::kBool);
  to.function<[](const Interval&) { return true; }>("isfinite", {kI}, oid::kBool);
}

}  // namespace

void register_datetimes(Registrar& to) {
  register_dates(to);
  register_timestamps(to);
  register_times_and_intervals(to);
  register_clocks(to);
  register_zones(to);
  register_makers(to);
}

}  // namespace troupe
