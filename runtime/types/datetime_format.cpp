#include <cstdio>
#include <cstdlib>

#include "runtime/types/datetime.hpp"

namespace troupe {
namespace {

constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

template <typename... Args>
void print(std::string* out, const char* format, Args... args) {
  char buffer[96];
  const int n = std::snprintf(buffer, sizeof buffer, format, args...);
  out->append(buffer, static_cast<size_t>(n));
}

void append_two(int v, std::string* out) {
  out->push_back(static_cast<char>('0' + v / 10 % 10));
  out->push_back(static_cast<char>('0' + v % 10));
}

/// ".25", without trailing zeros; nothing for a whole second.
void append_fraction(int us, std::string* out) {
  if (us == 0) return;
  char digits[16];
  std::snprintf(digits, sizeof digits, ".%06d", std::abs(us));
  size_t size = 7;
  while (digits[size - 1] == '0') --size;
  out->append(digits, size);
}

int shown_year(int year) { return year > 0 ? year : 1 - year; }

void append_year(int year, std::string* out) {
  const int shown = shown_year(year);
  if (shown <= 9999) {
    append_two(shown / 100, out);
    append_two(shown % 100, out);
  } else {
    print(out, "%d", shown);
  }
}

void append_date(const DateTimeFields& f, const SessionSettings& s, std::string* out) {
  switch (s.date_output) {
    case DateOutput::kIso:
      append_year(f.year, out);
      out->push_back('-');
      append_two(f.month, out);
      out->push_back('-');
      append_two(f.day, out);
      return;
    case DateOutput::kGerman: print(out, "%02d.%02d.%04d", f.day, f.month, shown_year(f.year)); return;
    default: break;
  }
  const char separator = s.date_output == DateOutput::kSql ? '/' : '-';
  const bool day_first = s.date_order == DateOrder::kDmy;
  print(out, "%02d%c%02d%c%04d", day_first ? f.day : f.month, separator, day_first ? f.month : f.day, separator, shown_year(f.year));
}

void append_clock(const DateTimeFields& f, std::string* out) {
  append_two(f.hour, out);
  out->push_back(':');
  append_two(f.minute, out);
  out->push_back(':');
  append_two(f.second, out);
  append_fraction(f.us, out);
}

void append_zone(int west, std::string* out) {
  const int east = -west, seconds = std::abs(east);
  out->push_back(east >= 0 ? '+' : '-');
  append_two(seconds / 3600, out);
  if (seconds % 3600 == 0) return;
  out->push_back(':');
  append_two(seconds / 60 % 60, out);
  if (seconds % 60 == 0) return;
  out->push_back(':');
  append_two(seconds % 60, out);
}

bool append_infinity(int64_t v, int64_t minus, int64_t plus, std::string* out) {
  if (v != minus && v != plus) return false;
  out->append(v == minus ? "-infinity" : "infinity");
  return true;
}

void append_datetime(const DateTimeFields& f, bool zoned, const SessionSettings& s, std::string* out) {
  if (s.date_output == DateOutput::kPostgres) {
    const int weekday = day_of_week(julian_day(f.year, f.month, f.day));
    print(out, "%s ", kDays[weekday]);
    if (s.date_order == DateOrder::kDmy) {
      print(out, "%02d %s ", f.day, kMonths[f.month - 1]);
    } else {
      print(out, "%s %02d ", kMonths[f.month - 1], f.day);
    }
    append_clock(f, out);
    print(out, " %04d", shown_year(f.year));
  } else {
    append_date(f, s, out);
    out->push_back(' ');
    append_clock(f, out);
  }
  if (zoned) {
    const bool name = s.date_output != DateOutput::kIso && !f.zone_name.empty() && f.zone_name[0] != '+' && f.zone_name[0] != '-';
    if (name) {
      out->append(" ").append(f.zone_name);
    } else {
      if (s.date_output == DateOutput::kPostgres) out->push_back(' ');
      append_zone(f.zone, out);
    }
  }
  if (f.year <= 0) out->append(" BC");
}

struct IntervalParts {
  int years, months, days;
  int64_t hours;
  int minutes, seconds, us;
  bool time_negative() const { return hours < 0 || minutes < 0 || seconds < 0 || us < 0; }
  bool has_time() const { return hours != 0 || minutes != 0 || seconds != 0 || us != 0; }
};

IntervalParts parts_of(const Interval& v) {
  IntervalParts p{};
  p.years = v.months / 12;
  p.months = v.months % 12;
  p.days = v.days;
  p.hours = v.us / kUsPerHour;
  p.minutes = static_cast<int>(v.us % kUsPerHour / kUsPerMinute);
  p.seconds = static_cast<int>(v.us % kUsPerMinute / kUsPerSecond);
  p.us = static_cast<int>(v.us % kUsPerSecond);
  return p;
}

void append_time_part(const IntervalParts& p, std::string* out) {
  print(out, "%02lld:%02d:%02d", static_cast<long long>(std::llabs(p.hours)), std::abs(p.minutes), std::abs(p.seconds));
  append_fraction(p.us, out);
}

void format_postgres(const IntervalParts& p, std::string* out) {
  bool zero = true, before = false;
  const auto part = [&](int value, const char* unit) {
    if (value == 0) return;
    print(out, "%s%s%d %s%s", zero ? "" : " ", before && value > 0 ? "+" : "", value, unit, value != 1 ? "s" : "");
    before = value < 0;
    zero = false;
  };
  part(p.years, "year");
  part(p.months, "mon");
  part(p.days, "day");
  if (!zero && !p.has_time()) return;
  out->append(zero ? "" : " ").append(p.time_negative() ? "-" : (before ? "+" : ""));
  append_time_part(p, out);
}

void append_seconds(int seconds, int us, std::string* out) {
  if (seconds == 0 && us < 0) out->push_back('-');
  print(out, "%d", seconds);
  append_fraction(us, out);
}

void format_verbose(const IntervalParts& p, std::string* out) {
  bool zero = true, before = false;
  out->append("@");
  const auto part = [&](int64_t value, const char* unit) {
    if (value == 0) return;
    if (zero) {
      before = value < 0;
      value = std::llabs(value);
    } else if (before) {
      value = -value;
    }
    print(out, " %lld %s%s", static_cast<long long>(value), unit, value == 1 ? "" : "s");
    zero = false;
  };
  part(p.years, "year");
  part(p.months, "mon");
  part(p.days, "day");
  part(p.hours, "hour");
  part(p.minutes, "min");
  if (p.seconds != 0 || p.us != 0) {
    int seconds = p.seconds, us = p.us;
    const bool negative = seconds < 0 || us < 0;
    if (zero) {
      before = negative;
      seconds = std::abs(seconds), us = std::abs(us);
    } else if (before) {
      seconds = -seconds, us = -us;
    }
    out->push_back(' ');
    append_seconds(seconds, us, out);
    out->append(std::abs(seconds) != 1 || us != 0 ? " secs" : " sec");
    zero = false;
  }
  if (zero) out->append(" 0");
  if (before) out->append(" ago");
}

void format_iso8601(const IntervalParts& p, std::string* out) {
  const size_t start = out->size();
  out->push_back('P');
  const auto part = [&](int64_t value, char unit) {
    if (value != 0) print(out, "%lld%c", static_cast<long long>(value), unit);
  };
  part(p.years, 'Y');
  part(p.months, 'M');
  part(p.days, 'D');
  if (p.has_time()) out->push_back('T');
  part(p.hours, 'H');
  part(p.minutes, 'M');
  if (p.seconds != 0 || p.us != 0) {
    append_seconds(p.seconds, p.us, out);
    out->push_back('S');
  }
  if (out->size() == start + 1) out->append("T0S");
}

void format_sql(const IntervalParts& p, std::string* out) {
  const bool has_year_month = p.years != 0 || p.months != 0, has_day_time = p.days != 0 || p.has_time();
  const bool any_negative = p.years < 0 || p.months < 0 || p.days < 0 || p.time_negative();
  const bool any_positive = p.years > 0 || p.months > 0 || p.days > 0 || p.hours > 0 || p.minutes > 0 || p.seconds > 0 || p.us > 0;
  if (!has_year_month && !has_day_time) {
    out->push_back('0');
  } else if ((any_negative && any_positive) || (has_year_month && has_day_time)) {
    // Not standard: every part with its own sign.
    print(out, "%c%d-%d %c%lld %c", p.years < 0 || p.months < 0 ? '-' : '+', std::abs(p.years), std::abs(p.months),
          p.days < 0 ? '-' : '+', std::llabs(p.days), p.time_negative() ? '-' : '+');
    print(out, "%lld:%02d:%02d", std::llabs(p.hours), std::abs(p.minutes), std::abs(p.seconds));
    append_fraction(p.us, out);
  } else if (has_year_month) {
    print(out, "%s%d-%d", any_negative ? "-" : "", std::abs(p.years), std::abs(p.months));
  } else {
    out->append(any_negative ? "-" : "");
    if (p.days != 0) print(out, "%d ", std::abs(p.days));
    print(out, "%lld:%02d:%02d", std::llabs(p.hours), std::abs(p.minutes), std::abs(p.seconds));
    append_fraction(p.us, out);
  }
}

}  // namespace

void format_date(int32_t v, const SessionSettings& settings, std::string* out) {
  if (append_infinity(v, kDateMinusInfinity, kDateInfinity, out)) return;
  DateTimeFields f;
  julian_to_date(v + kPgEpochJulianDay, &f.year, &f.month, &f.day);
  append_date(f, settings, out);
  if (f.year <= 0) out->append(" BC");
}

void format_timestamp(int64_t v, const SessionSettings& settings, std::string* out) {
  if (append_infinity(v, kTimestampMinusInfinity, kTimestampInfinity, out)) return;
  append_datetime(fields_of_timestamp(v), false, settings, out);
}

void format_timestamptz(int64_t v, const SessionSettings& settings, std::string* out) {
  if (append_infinity(v, kTimestampMinusInfinity, kTimestampInfinity, out)) return;
  append_datetime(fields_of_timestamptz(v, settings.time_zone), true, settings, out);
}

void format_time(int64_t v, std::string* out) {
  DateTimeFields f;
  f.hour = static_cast<int32_t>(v / kUsPerHour);
  f.minute = static_cast<int32_t>(v % kUsPerHour / kUsPerMinute);
  f.second = static_cast<int32_t>(v % kUsPerMinute / kUsPerSecond);
  f.us = static_cast<int32_t>(v % kUsPerSecond);
  append_clock(f, out);
}

void format_timetz(const TimeTz& v, std::string* out) {
  format_time(v.us, out);
  append_zone(v.zone, out);
}

void format_interval(const Interval& v, IntervalStyle style, std::string* out) {
  const IntervalParts p = parts_of(v);
  switch (style) {
    case IntervalStyle::kPostgres: return format_postgres(p, out);
    case IntervalStyle::kPostgresVerbose: return format_verbose(p, out);
    case IntervalStyle::kIso8601: return format_iso8601(p, out);
    case IntervalStyle::kSqlStandard: return format_sql(p, out);
  }
}

}  // namespace troupe
