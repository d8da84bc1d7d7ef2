#include <cmath>

#include "runtime/types/datetime.hpp"
#include "runtime/types/type.hpp"

/// Interval arithmetic, justification and type modifiers.
namespace troupe {
namespace {

constexpr int64_t kDaysPerMonth = 30;

absl::Status interval_out_of_range() { return error(ErrorCode::kDatetimeFieldOverflow, "interval out of range"); }

template <typename T>
void move_units(T* small, int64_t unit, int32_t* large) {
  const auto whole = static_cast<int32_t>(*small / unit);
  *large += whole;
  *small -= static_cast<T>(whole * unit);
}

bool fits_int32(double v) { return v >= -2147483648.0 && v < 2147483648.0; }
bool fits_int64(double v) { return v >= -9223372036854775808.0 && v < 9223372036854775808.0; }

/// Microseconds of precision: fractions are not let grow.
double to_microseconds(double days) { return std::rint(days * 1e6) / 1e6; }

/// months, days and microseconds times factor; what falls below a month goes to days, below a day to time.
absl::StatusOr<Interval> scaled(const Interval& v, double factor) {
  const double months = v.months * factor, days = v.days * factor;
  if (!fits_int32(months) || !fits_int32(days)) return interval_out_of_range();
  Interval out;
  out.months = static_cast<int32_t>(months);
  out.days = static_cast<int32_t>(days);
  double month_days = to_microseconds((months - out.months) * kDaysPerMonth);
  double seconds = (days - out.days + month_days - static_cast<int64_t>(month_days)) * 86400;
  seconds = to_microseconds(seconds);
  if (std::fabs(seconds) >= 86400) {
    out.days += static_cast<int32_t>(seconds / 86400);
    seconds -= static_cast<int>(seconds / 86400) * 86400.0;
  }
  out.days += static_cast<int32_t>(month_days);
  const double us = std::rint(static_cast<double>(v.us) * factor + seconds * 1e6);
  if (!fits_int64(us)) return interval_out_of_range();
  out.us = static_cast<int64_t>(us);
  return out;
}

}  // namespace

absl::StatusOr<Interval> interval_add(const Interval& a, const Interval& b) {
  Interval v;
  if (__builtin_add_overflow(a.us, b.us, &v.us) || __builtin_add_overflow(a.days, b.days, &v.days) ||
      __builtin_add_overflow(a.months, b.months, &v.months)) {
    return interval_out_of_range();
  }
  return v;
}

absl::StatusOr<Interval> interval_negate(const Interval& v) {
  if (v.us == INT64_MIN || v.days == INT32_MIN || v.months == INT32_MIN) return interval_out_of_range();
  return Interval{-v.us, -v.days, -v.months};
}

absl::StatusOr<Interval> interval_multiply(const Interval& v, double factor) { return scaled(v, factor); }

absl::StatusOr<Interval> interval_divide(const Interval& v, double divisor) {
  if (divisor == 0) return error(ErrorCode::kDivisionByZero, "division by zero");
  Interval out;
  const double months = v.months / divisor, days = v.days / divisor;
  if (!fits_int32(months) || !fits_int32(days)) return interval_out_of_range();
  out.months = static_cast<int32_t>(months);
  out.days = static_cast<int32_t>(days);
  const double month_days = to_microseconds((months - out.months) * kDaysPerMonth);
  double seconds = to_microseconds((days - out.days + month_days - static_cast<int64_t>(month_days)) * 86400);
  if (std::fabs(seconds) >= 86400) {
    out.days += static_cast<int32_t>(seconds / 86400);
    seconds -= static_cast<int>(seconds / 86400) * 86400.0;
  }
  if (__builtin_add_overflow(out.days, static_cast<int32_t>(month_days), &out.days)) return interval_out_of_range();
  const double us = std::rint(static_cast<double>(v.us) / divisor + seconds * 1e6);
  if (!fits_int64(us)) return interval_out_of_range();
  out.us = static_cast<int64_t>(us);
  return out;
}

Interval justify_hours(const Interval& v) {
  Interval out = v;
  move_units(&out.us, kUsPerDay, &out.days);
  if (out.days > 0 && out.us < 0) {
    out.us += kUsPerDay;
    --out.days;
  } else if (out.days < 0 && out.us > 0) {
    out.us -= kUsPerDay;
    ++out.days;
  }
  return out;
}

Interval justify_days(const Interval& v) {
  Interval out = v;
  move_units(&out.days, kDaysPerMonth, &out.months);
  if (out.months > 0 && out.days < 0) {
    out.days += kDaysPerMonth;
    --out.months;
  } else if (out.months < 0 && out.days > 0) {
    out.days -= kDaysPerMonth;
    ++out.months;
  }
  return out;
}

Interval justify_interval(const Interval& v) {
  Interval out = v;
  // Days first where both would grow, so that they stay in range.
  if ((out.days > 0 && out.us > 0) || (out.days < 0 && out.us < 0)) move_units(&out.days, kDaysPerMonth, &out.months);
  move_units(&out.us, kUsPerDay, &out.days);
  move_units(&out.days, kDaysPerMonth, &out.months);
  if (out.months > 0 && (out.days < 0 || (out.days == 0 && out.us < 0))) {
    out.days += kDaysPerMonth;
    --out.months;
  } else if (out.months < 0 && (out.days > 0 || (out.days == 0 && out.us > 0))) {
    out.days -= kDaysPerMonth;
    ++out.months;
  }
  if (out.days > 0 && out.us < 0) {
    out.us += kUsPerDay;
    --out.days;
  } else if (out.days < 0 && out.us > 0) {
    out.us -= kUsPerDay;
    ++out.days;
  }
  return out;
}

absl::StatusOr<Interval> apply_interval_typmod(const Interval& v, int32_t typmod) {
  if (typmod < 0) return v;
  constexpr int32_t kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11, kSecond = 1 << 12;
  const int32_t mask = (typmod >> 16) & 0x7FFF, precision = typmod & 0xFFFF;
  Interval out = v;
  const auto keep_whole = [&out](int64_t unit) { out.us = out.us / unit * unit; };
  // Fields finer than the last one named are cut off.
  if (mask == 0x7FFF || (mask & kSecond) != 0) {
    if (precision <= 6) out.us = round_to_precision(out.us, precision);
  } else if ((mask & kMinute) != 0) {
    keep_whole(kUsPerMinute);
  } else if ((mask & kHour) != 0) {
    keep_whole(kUsPerHour);
  } else if ((mask & kDay) != 0) {
    out.us = 0;
  } else if ((mask & kMonth) != 0) {
    out.us = 0;
    out.days = 0;
  } else if ((mask & kYear) != 0) {
    out = Interval{0, 0, v.months / 12 * 12};
  }
  return out;
}

}  // namespace troupe
