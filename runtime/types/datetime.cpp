#include "runtime/types/datetime.hpp"

#include <cmath>

namespace troupe {
namespace {

absl::Status timestamp_out_of_range() { return error(ErrorCode::kDatetimeFieldOverflow, "timestamp out of range"); }

int64_t floor_div(int64_t a, int64_t b) { return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); }

int64_t unix_seconds(int64_t timestamp) { return floor_div(timestamp, kUsPerSecond) + kPgEpochUnixSeconds; }

bool is_utc(const absl::TimeZone& zone) { return zone == absl::UTCTimeZone(); }

}  // namespace

bool is_leap_year(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

// Fliegel and Van Flandern's method (1968), for the proleptic Gregorian calendar.
int32_t julian_day(int year, int month, int day) {
  int64_t y = year, m = month;
  if (m > 2) {
    m += 1;
    y += 4800;
  } else {
    m += 13;
    y += 4799;
  }
  const int64_t century = y / 100;
  return static_cast<int32_t>(y * 365 - 32167 + y / 4 - century + century / 4 + 7834 * m / 256 + day);
}

void julian_to_date(int32_t julian, int32_t* year, int32_t* month, int32_t* day) {
  uint32_t j = static_cast<uint32_t>(julian) + 32044;
  uint32_t quad = j / 146097;
  const uint32_t extra = (j - quad * 146097) * 4 + 3;
  j += 60 + quad * 3 + extra / 146097;
  quad = j / 1461;
  j -= quad * 1461;
  int32_t y = static_cast<int32_t>(j * 4 / 1461);
  j = (y != 0 ? (j + 305) % 365 : (j + 306) % 366) + 123;
  y += static_cast<int32_t>(quad * 4);
  *year = y - 4800;
  quad = j * 2141 / 65536;
  *day = static_cast<int32_t>(j - 7834 * quad / 256);
  *month = static_cast<int32_t>((quad + 10) % 12 + 1);
}

int day_of_week(int32_t julian) { return static_cast<int>((int64_t{julian} + 1) % 7); }

void iso_week(int year, int month, int day, int* iso_year, int* week) {
  const auto monday_of_week_one = [](int y) {
    const int32_t fourth = julian_day(y, 1, 4);
    return fourth - (day_of_week(fourth) + 6) % 7;
  };
  const int32_t today = julian_day(year, month, day);
  *iso_year = year;
  if (today < monday_of_week_one(year)) {
    *iso_year = year - 1;
  } else if (today >= monday_of_week_one(year + 1)) {
    *iso_year = year + 1;
  }
  *week = (today - monday_of_week_one(*iso_year)) / 7 + 1;
}

DateTimeFields fields_of_timestamp(int64_t timestamp) {
  DateTimeFields f;
  const int64_t days = floor_div(timestamp, kUsPerDay);
  int64_t time = timestamp - days * kUsPerDay;
  julian_to_date(static_cast<int32_t>(days + kPgEpochJulianDay), &f.year, &f.month, &f.day);
  f.hour = static_cast<int32_t>(time / kUsPerHour);
  time %= kUsPerHour;
  f.minute = static_cast<int32_t>(time / kUsPerMinute);
  time %= kUsPerMinute;
  f.second = static_cast<int32_t>(time / kUsPerSecond);
  f.us = static_cast<int32_t>(time % kUsPerSecond);
  return f;
}

DateTimeFields fields_of_timestamptz(int64_t timestamp, const absl::TimeZone& zone) {
  const auto info = zone.At(absl::FromUnixSeconds(unix_seconds(timestamp)));
  DateTimeFields f = fields_of_timestamp(timestamp + int64_t{info.offset} * kUsPerSecond);
  f.zone = -info.offset;
  f.zone_name = info.zone_abbr;
  return f;
}

absl::StatusOr<int64_t> timestamp_of_fields(const DateTimeFields& f) {
  if (f.year < -4713 || f.year > 294276) return timestamp_out_of_range();
  const int64_t days = int64_t{julian_day(f.year, f.month, f.day)} - kPgEpochJulianDay;
  const int64_t time = f.hour * kUsPerHour + f.minute * kUsPerMinute + f.second * kUsPerSecond + f.us;
  int64_t v;
  if (__builtin_mul_overflow(days, kUsPerDay, &v) || __builtin_add_overflow(v, time, &v) || !is_valid_timestamp(v)) {
    return timestamp_out_of_range();
  }
  return v;
}

absl::StatusOr<int64_t> timestamptz_of_local(int64_t local, const absl::TimeZone& zone) {
  if (is_infinite_timestamp(local) || is_utc(zone)) return local;
  const DateTimeFields f = fields_of_timestamp(local);
  const auto info = zone.At(absl::CivilSecond(f.year, f.month, f.day, f.hour, f.minute, f.second));
  // As PostgreSQL: in a gap the offset before it counts, in an overlap the one after.
  const absl::Time instant = info.kind == absl::TimeZone::TimeInfo::REPEATED ? info.post : info.pre;
  int64_t v = (absl::ToUnixSeconds(instant) - kPgEpochUnixSeconds) * kUsPerSecond + f.us;
  if (!is_valid_timestamp(v)) return timestamp_out_of_range();
  return v;
}

int64_t local_of_timestamptz(int64_t timestamp, const absl::TimeZone& zone) {
  if (is_infinite_timestamp(timestamp) || is_utc(zone)) return timestamp;
  const auto info = zone.At(absl::FromUnixSeconds(unix_seconds(timestamp)));
  return timestamp + int64_t{info.offset} * kUsPerSecond;
}

int64_t round_to_precision(int64_t us, int32_t precision) {
  constexpr int64_t kUnits[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
  if (precision < 0 || precision > 5 || is_infinite_timestamp(us)) return us;
  const int64_t unit = kUnits[precision], half = unit / 2;
  return us >= 0 ? (us + half) / unit * unit : -((-us + half) / unit * unit);
}

absl::StatusOr<int64_t> timestamp_of_date(int32_t date) {
  if (is_infinite_date(date)) return date > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
  if (int64_t{date} >= kTimestampEnd / kUsPerDay) {
    return error(ErrorCode::kDatetimeFieldOverflow, "date out of range for timestamp");
  }
  return int64_t{date} * kUsPerDay;
}

absl::StatusOr<int64_t> timestamptz_of_date(int32_t date, const absl::TimeZone& zone) {
  TROUPE_ASSIGN_OR_RETURN(const int64_t local, timestamp_of_date(date));
  return timestamptz_of_local(local, zone);
}

int32_t date_of_timestamp(int64_t timestamp) {
  if (is_infinite_timestamp(timestamp)) return timestamp > 0 ? kDateInfinity : kDateMinusInfinity;
  return static_cast<int32_t>(floor_div(timestamp, kUsPerDay));
}

absl::StatusOr<int64_t> timestamp_plus_interval(int64_t v, const Interval& by) {
  if (is_infinite_timestamp(v)) return v;
  if (by.months != 0) {
    DateTimeFields f = fields_of_timestamp(v);
    const int64_t months = int64_t{f.year} * 12 + f.month - 1 + by.months;
    f.year = static_cast<int32_t>(floor_div(months, 12));
    f.month = static_cast<int32_t>(months - int64_t{f.year} * 12) + 1;
    f.day = std::min(f.day, days_in_month(f.year, f.month));
    TROUPE_ASSIGN_OR_RETURN(v, timestamp_of_fields(f));
  }
  if (__builtin_add_overflow(v, int64_t{by.days} * kUsPerDay, &v) || __builtin_add_overflow(v, by.us, &v) ||
      !is_valid_timestamp(v)) {
    return timestamp_out_of_range();
  }
  return v;
}

absl::StatusOr<int64_t> timestamptz_plus_interval(int64_t v, const Interval& by, const absl::TimeZone& zone) {
  if (is_infinite_timestamp(v)) return v;
  if (by.months != 0 || by.days != 0) {
    // Months and days count on the local calendar, hours on the clock.
    TROUPE_ASSIGN_OR_RETURN(const int64_t local,
                            timestamp_plus_interval(local_of_timestamptz(v, zone), Interval{0, by.days, by.months}));
    TROUPE_ASSIGN_OR_RETURN(v, timestamptz_of_local(local, zone));
  }
  return timestamp_plus_interval(v, Interval{by.us, 0, 0});
}

absl::StatusOr<Interval> timestamp_difference(int64_t a, int64_t b) {
  if (is_infinite_timestamp(a) || is_infinite_timestamp(b)) {
    return error(ErrorCode::kDatetimeFieldOverflow, "cannot subtract infinite timestamps");
  }
  int64_t us;
  if (__builtin_sub_overflow(a, b, &us)) return error(ErrorCode::kDatetimeFieldOverflow, "interval out of range");
  return justify_hours(Interval{us, 0, 0});
}

absl::StatusOr<Interval> timestamp_age(int64_t a, int64_t b) {
  if (is_infinite_timestamp(a) || is_infinite_timestamp(b)) return timestamp_out_of_range();
  const bool negative = a < b;
  const DateTimeFields later = fields_of_timestamp(negative ? b : a), earlier = fields_of_timestamp(negative ? a : b);
  int64_t us = (later.hour - earlier.hour) * kUsPerHour + (later.minute - earlier.minute) * kUsPerMinute +
               (later.second - earlier.second) * kUsPerSecond + (later.us - earlier.us);
  int days = later.day - earlier.day, months = later.month - earlier.month, years = later.year - earlier.year;
  if (us < 0) {
    us += kUsPerDay;
    --days;
  }
  // Borrowed days are those of the earlier date's month.
  DateTimeFields month = negative ? fields_of_timestamp(a) : earlier;
  while (days < 0) {
    days += days_in_month(month.year, month.month);
    --months;
  }
  while (months < 0) {
    months += 12;
    --years;
  }
  const Interval v{us, days, years * 12 + months};
  return negative ? Interval{-v.us, -v.days, -v.months} : v;
}

}  // namespace troupe
