#include <algorithm>
#include <cmath>

#include "runtime/types/datetime.hpp"
#include "runtime/types/text_scan.hpp"

/// extract(), date_part() and date_trunc().
namespace troupe {
namespace {

enum class Field : uint8_t {
  kUnknown, kMicroseconds, kMilliseconds, kSecond, kMinute, kHour, kDay, kDow, kIsoDow, kDoy, kWeek, kMonth, kQuarter,
  kYear, kIsoYear, kDecade, kCentury, kMillennium, kEpoch, kJulian, kTimezone, kTimezoneHour, kTimezoneMinute
};

Field field_of(std::string_view name) {
  struct Name {
    std::string_view word;
    Field field;
  };
  static constexpr Name kNames[] = {
      {"microseconds", Field::kMicroseconds}, {"microsecond", Field::kMicroseconds}, {"us", Field::kMicroseconds}, {"usec", Field::kMicroseconds},
      {"milliseconds", Field::kMilliseconds}, {"millisecond", Field::kMilliseconds}, {"ms", Field::kMilliseconds}, {"msec", Field::kMilliseconds},
      {"second", Field::kSecond}, {"seconds", Field::kSecond}, {"sec", Field::kSecond}, {"s", Field::kSecond}, {"secs", Field::kSecond},
      {"minute", Field::kMinute}, {"minutes", Field::kMinute}, {"min", Field::kMinute}, {"mins", Field::kMinute}, {"m", Field::kMinute},
      {"hour", Field::kHour}, {"hours", Field::kHour}, {"hr", Field::kHour}, {"hrs", Field::kHour}, {"h", Field::kHour},
      {"day", Field::kDay}, {"days", Field::kDay}, {"d", Field::kDay}, {"dow", Field::kDow}, {"isodow", Field::kIsoDow}, {"doy", Field::kDoy},
      {"week", Field::kWeek}, {"weeks", Field::kWeek}, {"w", Field::kWeek}, {"month", Field::kMonth}, {"months", Field::kMonth}, {"mon", Field::kMonth}, {"mons", Field::kMonth},
      {"quarter", Field::kQuarter}, {"qtr", Field::kQuarter}, {"year", Field::kYear}, {"years", Field::kYear}, {"y", Field::kYear}, {"yr", Field::kYear}, {"yrs", Field::kYear},
      {"isoyear", Field::kIsoYear}, {"decade", Field::kDecade}, {"decades", Field::kDecade}, {"dec", Field::kDecade}, {"century", Field::kCentury}, {"centuries", Field::kCentury}, {"c", Field::kCentury},
      {"millennium", Field::kMillennium}, {"millennia", Field::kMillennium}, {"mil", Field::kMillennium},
      {"epoch", Field::kEpoch}, {"julian", Field::kJulian}, {"timezone", Field::kTimezone}, {"timezone_hour", Field::kTimezoneHour}, {"timezone_h", Field::kTimezoneHour}, {"timezone_minute", Field::kTimezoneMinute}, {"timezone_m", Field::kTimezoneMinute}};
  const std::string lower = text_scan::lowered(name);
  for (const Name& n : kNames) {
    if (n.word == lower) return n.field;
  }
  return Field::kUnknown;
}

absl::Status not_recognized(std::string_view field, std::string_view type) {
  return error(ErrorCode::kInvalidParameterValue, "unit \"", field, "\" not recognized for type ", type);
}
absl::Status not_supported(std::string_view field, std::string_view type) {
  return error(ErrorCode::kFeatureNotSupported, "unit \"", field, "\" not supported for type ", type);
}
absl::Status bad_unit(std::string_view field, std::string_view type) {
  return field_of(field) == Field::kUnknown ? not_recognized(text_scan::lowered(field), type) : not_supported(text_scan::lowered(field), type);
}

/// Of date_trunc(): only the zone's fields are known but of no use.
absl::Status bad_truncation(std::string_view field, std::string_view type) {
  const Field f = field_of(field);
  const bool zone = f == Field::kTimezone || f == Field::kTimezoneHour || f == Field::kTimezoneMinute;
  return zone ? not_supported(text_scan::lowered(field), type) : not_recognized(text_scan::lowered(field), type);
}

int century_of(int year) { return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); }
int millennium_of(int year) { return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000); }
int decade_of(int year) { return year >= 0 ? year / 10 : -((8 - (year - 1)) / 10); }

std::optional<Numeric> clock_field(Field f, int64_t hour, int minute, int64_t us_of_minute) {
  switch (f) {
    case Field::kMicroseconds: return Numeric::of_int(us_of_minute);
    case Field::kMilliseconds: return Numeric::of_int(us_of_minute, 3);
    case Field::kSecond: return Numeric::of_int(us_of_minute, 6);
    case Field::kMinute: return Numeric::of_int(minute);
    case Field::kHour: return Numeric::of_int(hour);
    default: return std::nullopt;
  }
}

std::optional<Numeric> date_field(Field f, int year, int month, int day) {
  int iso_year, week;
  const int32_t julian = julian_day(year, month, day);
  switch (f) {
    case Field::kDay: return Numeric::of_int(day);
    case Field::kMonth: return Numeric::of_int(month);
    case Field::kQuarter: return Numeric::of_int((month - 1) / 3 + 1);
    case Field::kYear: return Numeric::of_int(year > 0 ? year : year - 1);
    case Field::kDecade: return Numeric::of_int(decade_of(year));
    case Field::kCentury: return Numeric::of_int(century_of(year));
    case Field::kMillennium: return Numeric::of_int(millennium_of(year));
    case Field::kDow: return Numeric::of_int(day_of_week(julian));
    case Field::kIsoDow: return Numeric::of_int(day_of_week(julian) == 0 ? 7 : day_of_week(julian));
    case Field::kDoy: return Numeric::of_int(julian - julian_day(year, 1, 1) + 1);
    case Field::kWeek:
      iso_week(year, month, day, &iso_year, &week);
      return Numeric::of_int(week);
    case Field::kIsoYear:
      iso_week(year, month, day, &iso_year, &week);
      return Numeric::of_int(iso_year > 0 ? iso_year : iso_year - 1);
    default: return std::nullopt;
  }
}

/// Fields that only grow are infinite too; the others are unknown (NaN here, null to the caller).
Numeric infinite_field(Field f, bool negative) {
  switch (f) {
    case Field::kYear:
    case Field::kIsoYear:
    case Field::kDecade:
    case Field::kCentury:
    case Field::kMillennium:
    case Field::kJulian:
    case Field::kEpoch: return Numeric::infinity(negative);
    default: return Numeric::nan();
  }
}

absl::StatusOr<Numeric> julian_of(const DateTimeFields& f) {
  const int64_t us = f.hour * kUsPerHour + f.minute * kUsPerMinute + f.second * kUsPerSecond + f.us;
  TROUPE_ASSIGN_OR_RETURN(const Numeric part, numeric_divide(Numeric::of_int(us, 6), Numeric::of_int(86400)));
  return numeric_add(Numeric::of_int(julian_day(f.year, f.month, f.day)), part);
}

absl::StatusOr<Numeric> timestamp_field(std::string_view name, Field field, const DateTimeFields& f, std::string_view type) {
  if (const auto v = clock_field(field, f.hour, f.minute, f.second * kUsPerSecond + f.us)) return *v;
  if (const auto v = date_field(field, f.year, f.month, f.day)) return *v;
  if (field == Field::kJulian) return julian_of(f);
  return bad_unit(name, type);
}

Numeric epoch_of_timestamp(int64_t v) {
  return Numeric::of_int128(static_cast<__int128>(v) + static_cast<__int128>(kPgEpochUnixSeconds) * kUsPerSecond, 6);
}

/// Cuts everything below the field; false for fields it cannot cut at.
bool truncate_fields(Field field, DateTimeFields* f) {
  switch (field) {
    case Field::kWeek: {
      const int32_t julian = julian_day(f->year, f->month, f->day);
      julian_to_date(julian - (day_of_week(julian) + 6) % 7, &f->year, &f->month, &f->day);
      f->hour = f->minute = f->second = f->us = 0;
      return true;
    }
    case Field::kMillennium: f->year = f->year > 0 ? (f->year + 999) / 1000 * 1000 - 999 : -((999 - (f->year - 1)) / 1000) * 1000 + 1; break;
    case Field::kCentury: f->year = f->year > 0 ? (f->year + 99) / 100 * 100 - 99 : -((99 - (f->year - 1)) / 100) * 100 + 1; break;
    case Field::kDecade: f->year = f->year > 0 ? f->year / 10 * 10 : -((8 - (f->year - 1)) / 10) * 10; break;
    case Field::kYear: break;
    case Field::kQuarter: f->month = (f->month - 1) / 3 * 3 + 1; break;
    case Field::kMonth:
    case Field::kDay:
    case Field::kHour:
    case Field::kMinute:
    case Field::kSecond: break;
    case Field::kMilliseconds: f->us = f->us / 1000 * 1000; return true;
    case Field::kMicroseconds: return true;
    default: return false;
  }
  f->us = 0;
  if (field == Field::kSecond) return true;
  f->second = 0;
  if (field == Field::kMinute) return true;
  f->minute = 0;
  if (field == Field::kHour) return true;
  f->hour = 0;
  if (field == Field::kDay) return true;
  f->day = 1;
  if (field == Field::kMonth || field == Field::kQuarter) return true;
  f->month = 1;
  return true;
}

constexpr std::string_view kTimestampName = "timestamp without time zone", kTimestamptzName = "timestamp with time zone";

}  // namespace

absl::StatusOr<Numeric> extract_from_timestamp(std::string_view name, int64_t v) {
  const Field field = field_of(name);
  if (is_infinite_timestamp(v)) return field == Field::kUnknown ? absl::StatusOr<Numeric>(bad_unit(name, kTimestampName)) : infinite_field(field, v < 0);
  if (field == Field::kEpoch) return epoch_of_timestamp(v);
  return timestamp_field(name, field, fields_of_timestamp(v), kTimestampName);
}

absl::StatusOr<Numeric> extract_from_timestamptz(std::string_view name, int64_t v, const absl::TimeZone& zone) {
  const Field field = field_of(name);
  if (is_infinite_timestamp(v)) return field == Field::kUnknown ? absl::StatusOr<Numeric>(bad_unit(name, kTimestamptzName)) : infinite_field(field, v < 0);
  const DateTimeFields f = fields_of_timestamptz(v, zone);
  switch (field) {
    case Field::kEpoch: return epoch_of_timestamp(v);
    case Field::kTimezone: return Numeric::of_int(-f.zone);
    case Field::kTimezoneHour: return Numeric::of_int(-f.zone / 3600);
    case Field::kTimezoneMinute: return Numeric::of_int(-f.zone / 60 % 60);
    default: return timestamp_field(name, field, f, kTimestamptzName);
  }
}

absl::StatusOr<Numeric> extract_from_date(std::string_view name, int32_t v) {
  const Field field = field_of(name);
  if (is_infinite_date(v)) return infinite_field(field, v < 0);
  DateTimeFields f;
  julian_to_date(v + kPgEpochJulianDay, &f.year, &f.month, &f.day);
  if (field == Field::kJulian) return Numeric::of_int(int64_t{v} + kPgEpochJulianDay);
  if (field == Field::kEpoch) return Numeric::of_int((int64_t{v} + kPgEpochJulianDay - kUnixEpochJulianDay) * 86400);
  if (const auto part = date_field(field, f.year, f.month, f.day)) return *part;
  return bad_unit(name, "date");
}

absl::StatusOr<Numeric> extract_from_time(std::string_view name, int64_t v) {
  const Field field = field_of(name);
  if (field == Field::kEpoch) return Numeric::of_int(v, 6);
  if (const auto part = clock_field(field, v / kUsPerHour, static_cast<int>(v % kUsPerHour / kUsPerMinute), v % kUsPerMinute)) return *part;
  return bad_unit(name, "time without time zone");
}

absl::StatusOr<Numeric> extract_from_timetz(std::string_view name, const TimeTz& v) {
  switch (field_of(name)) {
    case Field::kEpoch: return Numeric::of_int(v.us + v.zone * kUsPerSecond, 6);
    case Field::kTimezone: return Numeric::of_int(-v.zone);
    case Field::kTimezoneHour: return Numeric::of_int(-v.zone / 3600);
    case Field::kTimezoneMinute: return Numeric::of_int(-v.zone / 60 % 60);
    default: break;
  }
  if (const auto part = clock_field(field_of(name), v.us / kUsPerHour, static_cast<int>(v.us % kUsPerHour / kUsPerMinute), v.us % kUsPerMinute)) return *part;
  return bad_unit(name, "time with time zone");
}

absl::StatusOr<Numeric> extract_from_interval(std::string_view name, const Interval& v) {
  const int years = v.months / 12, months = v.months % 12;
  switch (const Field field = field_of(name)) {
    case Field::kDay: return Numeric::of_int(v.days);
    case Field::kMonth: return Numeric::of_int(months);
    case Field::kQuarter: return Numeric::of_int(months / 3 + 1);
    case Field::kYear: return Numeric::of_int(years);
    case Field::kDecade: return Numeric::of_int(years / 10);
    case Field::kCentury: return Numeric::of_int(years / 100);
    case Field::kMillennium: return Numeric::of_int(years / 1000);
    case Field::kEpoch: {
      // A year counts 365.25 days, a month 30.
      const __int128 seconds4 = static_cast<__int128>(years) * 4 * 36525 * 864 + static_cast<__int128>(months) * 4 * 30 * 86400 + static_cast<__int128>(v.days) * 4 * 86400;
      return Numeric::of_int128(seconds4 / 4 * kUsPerSecond + v.us, 6);
    }
    default:
      if (const auto part = clock_field(field, v.us / kUsPerHour, static_cast<int>(v.us % kUsPerHour / kUsPerMinute), v.us % kUsPerMinute)) return *part;
      return bad_unit(name, "interval");
  }
}

absl::StatusOr<int64_t> truncate_timestamp(std::string_view name, int64_t v) {
  if (is_infinite_timestamp(v)) return v;
  DateTimeFields f = fields_of_timestamp(v);
  if (!truncate_fields(field_of(name), &f)) return bad_truncation(name, kTimestampName);
  return timestamp_of_fields(f);
}

absl::StatusOr<int64_t> truncate_timestamptz(std::string_view name, int64_t v, const absl::TimeZone& zone) {
  if (is_infinite_timestamp(v)) return v;
  DateTimeFields f = fields_of_timestamptz(v, zone);
  const Field field = field_of(name);
  if (!truncate_fields(field, &f)) return bad_truncation(name, kTimestamptzName);
  TROUPE_ASSIGN_OR_RETURN(const int64_t local, timestamp_of_fields(f));
  // Below a day the offset in force stays; above, the zone decides anew.
  const bool below_day = field >= Field::kMicroseconds && field <= Field::kHour;
  if (below_day) return local + int64_t{f.zone} * kUsPerSecond;
  return timestamptz_of_local(local, zone);
}

absl::StatusOr<Interval> truncate_interval(std::string_view name, const Interval& v) {
  Interval out = v;
  const auto whole = [](int64_t n, int64_t unit) { return n / unit * unit; };
  switch (field_of(name)) {
    case Field::kMillennium: return Interval{0, 0, static_cast<int32_t>(whole(v.months, 12000))};
    case Field::kCentury: return Interval{0, 0, static_cast<int32_t>(whole(v.months, 1200))};
    case Field::kDecade: return Interval{0, 0, static_cast<int32_t>(whole(v.months, 120))};
    case Field::kYear: return Interval{0, 0, static_cast<int32_t>(whole(v.months, 12))};
    case Field::kQuarter: return Interval{0, 0, static_cast<int32_t>(whole(v.months, 3))};
    case Field::kMonth: return Interval{0, 0, v.months};
    case Field::kDay: out.us = 0; return out;
    case Field::kHour: out.us = whole(v.us, kUsPerHour); return out;
    case Field::kMinute: out.us = whole(v.us, kUsPerMinute); return out;
    case Field::kSecond: out.us = whole(v.us, kUsPerSecond); return out;
    case Field::kMilliseconds: out.us = whole(v.us, 1000); return out;
    case Field::kMicroseconds: return out;
    case Field::kWeek:
      return with_detail(not_supported(text_scan::lowered(name), "interval"), "Months usually have fractional weeks.");
    default: return bad_truncation(name, "interval");
  }
}

}  // namespace troupe
