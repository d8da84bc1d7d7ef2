#pragma once
/// Dates, times and intervals as PostgreSQL keeps them: date = days since 2000-01-01 (int32), timestamp = microseconds
/// since 2000-01-01 00:00 (int64; timestamptz in UTC), time = microseconds since midnight. The type's smallest and
/// largest values stand for -infinity and infinity. Proleptic Gregorian calendar; year 0 is 1 BC.
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "runtime/types/eval_context.hpp"
#include "runtime/types/numeric.hpp"
#include "storage/base/error.hpp"
#include "storage/column/physical.hpp"

namespace troupe {

inline constexpr int64_t kUsPerSecond = 1'000'000, kUsPerMinute = 60 * kUsPerSecond, kUsPerHour = 60 * kUsPerMinute,
                         kUsPerDay = 24 * kUsPerHour;
inline constexpr int64_t kPgEpochUnixSeconds = 946'684'800;  ///< 2000-01-01 00:00 UTC
inline constexpr int32_t kPgEpochJulianDay = 2451545, kUnixEpochJulianDay = 2440588;
inline constexpr int32_t kDateInfinity = std::numeric_limits<int32_t>::max();
inline constexpr int32_t kDateMinusInfinity = std::numeric_limits<int32_t>::min();
inline constexpr int64_t kTimestampInfinity = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kTimestampMinusInfinity = std::numeric_limits<int64_t>::min();
/// 4714-11-24 BC and 294277-01-01.
inline constexpr int64_t kTimestampMin = -211'813'488'000'000'000, kTimestampEnd = 9'223'371'331'200'000'000;
inline constexpr int32_t kDateMin = -kPgEpochJulianDay, kDateEnd = 2147483494 - kPgEpochJulianDay;

inline bool is_infinite_date(int32_t v) { return v == kDateInfinity || v == kDateMinusInfinity; }
inline bool is_infinite_timestamp(int64_t v) { return v == kTimestampInfinity || v == kTimestampMinusInfinity; }
inline bool is_valid_timestamp(int64_t v) { return v >= kTimestampMin && v < kTimestampEnd; }

/// Broken-down time; month and day from 1. `zone` is seconds WEST of UTC, as PostgreSQL counts.
struct DateTimeFields {
  int32_t year = 2000;
  int32_t month = 1;
  int32_t day = 1;
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
  int32_t us = 0;
  int32_t zone = 0;
  std::string zone_name;  ///< abbreviation in force
};

int32_t julian_day(int year, int month, int day);
void julian_to_date(int32_t julian, int32_t* year, int32_t* month, int32_t* day);
bool is_leap_year(int year);
int days_in_month(int year, int month);
/// 0 = Sunday.
int day_of_week(int32_t julian);
/// ISO 8601 week and its year.
void iso_week(int year, int month, int day, int* iso_year, int* week);

DateTimeFields fields_of_timestamp(int64_t timestamp);
/// In the zone: with zone and zone_name.
DateTimeFields fields_of_timestamptz(int64_t timestamp, const absl::TimeZone& zone);
/// Errors: 22008 `timestamp out of range`.
absl::StatusOr<int64_t> timestamp_of_fields(const DateTimeFields& fields);
/// Local time in `zone` to an instant (gaps and overlaps as PostgreSQL resolves them).
absl::StatusOr<int64_t> timestamptz_of_local(int64_t local_timestamp, const absl::TimeZone& zone);
int64_t local_of_timestamptz(int64_t timestamp, const absl::TimeZone& zone);

/// Input: all of PostgreSQL's forms, DateStyle's order, 'today', 'now', 'infinity', 'epoch' (those that mean now take
/// the transaction's clock). Errors: 22007, 22008, 22009.
absl::StatusOr<int32_t> parse_date(std::string_view text, const EvalContext& context);
absl::StatusOr<int64_t> parse_timestamp(std::string_view text, const EvalContext& context);
absl::StatusOr<int64_t> parse_timestamptz(std::string_view text, const EvalContext& context);
absl::StatusOr<int64_t> parse_time(std::string_view text, const EvalContext& context);
absl::StatusOr<TimeTz> parse_timetz(std::string_view text, const EvalContext& context);
absl::StatusOr<Interval> parse_interval(std::string_view text, int32_t typmod, const EvalContext& context);

void format_date(int32_t v, const SessionSettings& settings, std::string* out);
void format_timestamp(int64_t v, const SessionSettings& settings, std::string* out);
void format_timestamptz(int64_t v, const SessionSettings& settings, std::string* out);
void format_time(int64_t v, std::string* out);
void format_timetz(const TimeTz& v, std::string* out);
void format_interval(const Interval& v, IntervalStyle style, std::string* out);

/// Rounds to p digits of a second (typmod; -1 = unchanged).
int64_t round_to_precision(int64_t us, int32_t precision);
/// Errors: 22015.
absl::StatusOr<Interval> apply_interval_typmod(const Interval& v, int32_t typmod);

// Arithmetic. Errors: 22008 `timestamp out of range`, `interval out of range`, `date out of range`.
absl::StatusOr<int64_t> timestamp_plus_interval(int64_t v, const Interval& by);
absl::StatusOr<int64_t> timestamptz_plus_interval(int64_t v, const Interval& by, const absl::TimeZone& zone);
absl::StatusOr<Interval> timestamp_difference(int64_t a, int64_t b);
absl::StatusOr<Interval> interval_add(const Interval& a, const Interval& b);
absl::StatusOr<Interval> interval_negate(const Interval& v);
absl::StatusOr<Interval> interval_multiply(const Interval& v, double factor);
absl::StatusOr<Interval> interval_divide(const Interval& v, double divisor);
Interval justify_hours(const Interval& v);
Interval justify_days(const Interval& v);
Interval justify_interval(const Interval& v);
absl::StatusOr<Interval> timestamp_age(int64_t a, int64_t b);
absl::StatusOr<int64_t> timestamp_of_date(int32_t date);
absl::StatusOr<int64_t> timestamptz_of_date(int32_t date, const absl::TimeZone& zone);
int32_t date_of_timestamp(int64_t timestamp);

// extract(): numeric with PostgreSQL's scale; date_part(): double. Errors: 22023, 0A000.
absl::StatusOr<Numeric> extract_from_timestamp(std::string_view field, int64_t v);
absl::StatusOr<Numeric> extract_from_timestamptz(std::string_view field, int64_t v, const absl::TimeZone& zone);
absl::StatusOr<Numeric> extract_from_date(std::string_view field, int32_t v);
absl::StatusOr<Numeric> extract_from_time(std::string_view field, int64_t v);
absl::StatusOr<Numeric> extract_from_timetz(std::string_view field, const TimeTz& v);
absl::StatusOr<Numeric> extract_from_interval(std::string_view field, const Interval& v);

absl::StatusOr<int64_t> truncate_timestamp(std::string_view field, int64_t v);
absl::StatusOr<int64_t> truncate_timestamptz(std::string_view field, int64_t v, const absl::TimeZone& zone);
absl::StatusOr<Interval> truncate_interval(std::string_view field, const Interval& v);

/// PostgreSQL's timestamp from the Unix clock.
inline int64_t timestamp_of_unix_us(int64_t unix_us) { return unix_us - kPgEpochUnixSeconds * kUsPerSecond; }

}  // namespace troupe
