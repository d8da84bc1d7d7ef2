#include <cmath>
#include <cstdlib>

#include "runtime/types/datetime.hpp"
#include "runtime/types/datetime_tokens.hpp"
#include "runtime/types/text_scan.hpp"

/// Interval input: unit by unit, "1 day 02:03:04", SQL's "1-2", ISO 8601's "P1Y2M3DT4H".
namespace troupe {
namespace {

using datetime_tokens::Kind;
using datetime_tokens::Token;

enum class Unit : uint8_t {
  kNone,
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kAgo
};

Unit unit_of(std::string_view word) {
  struct Name {
    std::string_view word;
    Unit unit;
  };
  static constexpr Name kNames[] = {
      {"us", Unit::kMicrosecond}, {"usec", Unit::kMicrosecond}, {"usecs", Unit::kMicrosecond}, {"microsecond", Unit::kMicrosecond},
      {"microsecon", Unit::kMicrosecond}, {"microseconds", Unit::kMicrosecond}, {"useconds", Unit::kMicrosecond},
      {"ms", Unit::kMillisecond}, {"msec", Unit::kMillisecond}, {"msecs", Unit::kMillisecond}, {"mseconds", Unit::kMillisecond},
      {"millisecond", Unit::kMillisecond}, {"milliseconds", Unit::kMillisecond}, {"s", Unit::kSecond}, {"sec", Unit::kSecond},
      {"secs", Unit::kSecond}, {"second", Unit::kSecond}, {"seconds", Unit::kSecond}, {"m", Unit::kMinute}, {"min", Unit::kMinute},
      {"mins", Unit::kMinute}, {"minute", Unit::kMinute}, {"minutes", Unit::kMinute}, {"h", Unit::kHour}, {"hr", Unit::kHour},
      {"hrs", Unit::kHour}, {"hour", Unit::kHour}, {"hours", Unit::kHour}, {"d", Unit::kDay}, {"day", Unit::kDay},
      {"days", Unit::kDay}, {"w", Unit::kWeek}, {"week", Unit::kWeek}, {"weeks", Unit::kWeek}, {"mon", Unit::kMonth},
      {"mons", Unit::kMonth}, {"month", Unit::kMonth}, {"months", Unit::kMonth}, {"y", Unit::kYear}, {"yr", Unit::kYear},
      {"yrs", Unit::kYear}, {"year", Unit::kYear}, {"years", Unit::kYear}, {"dec", Unit::kDecade}, {"decs", Unit::kDecade},
      {"decade", Unit::kDecade}, {"decades", Unit::kDecade}, {"c", Unit::kCentury}, {"cent", Unit::kCentury},
      {"century", Unit::kCentury}, {"centuries", Unit::kCentury}, {"mil", Unit::kMillennium}, {"mils", Unit::kMillennium},
      {"millennia", Unit::kMillennium}, {"millennium", Unit::kMillennium}};
  constexpr size_t kCompared = 10;  // TOKMAXLEN
  for (const Name& n : kNames) {
    if (n.word.substr(0, kCompared) == word.substr(0, kCompared)) return n.unit;
  }
  return Unit::kNone;
}

/// Sums up parts in 64 bits; overflow turns the whole bad.
class IntervalSum {
 public:
  /// value + fraction (of the same sign) units.
  void add(Unit unit, int64_t value, double fraction) {
    switch (unit) {
      case Unit::kMicrosecond: return add_us(value, 1, fraction);
      case Unit::kMillisecond: return add_us(value, 1000, fraction);
      case Unit::kSecond: return add_us(value, kUsPerSecond, fraction);
      case Unit::kMinute: return add_us(value, kUsPerMinute, fraction);
      case Unit::kHour: return add_us(value, kUsPerHour, fraction);
      case Unit::kDay: return add_days(value, fraction);
      case Unit::kWeek: return add_days(0, static_cast<double>(value) * 7 + fraction * 7);
      case Unit::kMonth: return add_months(value, fraction);
      case Unit::kYear: return add_years(value, 1, fraction);
      case Unit::kDecade: return add_years(value, 10, fraction);
      case Unit::kCentury: return add_years(value, 100, fraction);
      case Unit::kMillennium: return add_years(value, 1000, fraction);
      case Unit::kAgo:
      case Unit::kNone: overflow = true;
    }
  }
  void add_us(int64_t value, int64_t unit, double fraction) {
    int64_t part;
    overflow = overflow || __builtin_mul_overflow(value, unit, &part) || __builtin_add_overflow(us, part, &us);
    overflow = overflow || __builtin_add_overflow(us, static_cast<int64_t>(std::rint(fraction * static_cast<double>(unit))), &us);
  }
  void negate() {
    us = -us;
    days = -days;
    months = -months;
  }
  bool fits() const {
    return !overflow && std::llabs(days) <= INT32_MAX && std::llabs(months) <= INT32_MAX;
  }

  int64_t us = 0, days = 0, months = 0;
  bool overflow = false;

 private:
  void add_days(int64_t value, double fraction) {
    const auto whole = static_cast<int64_t>(fraction);
    overflow = overflow || std::llabs(value) > INT32_MAX || std::fabs(fraction) > INT32_MAX;
    days += value + whole;
    add_us(0, kUsPerDay, fraction - static_cast<double>(whole));
  }
  void add_months(int64_t value, double fraction) {
    overflow = overflow || std::llabs(value) > INT32_MAX;
    months += value;
    add_days(0, fraction * 30);
  }
  void add_years(int64_t value, int64_t years, double fraction) {
    overflow = overflow || std::llabs(value) > INT32_MAX;
    months += value * years * 12 + static_cast<int64_t>(std::rint(fraction * static_cast<double>(years) * 12));
  }
};

/// A number's whole part and its fraction, both with its sign.
bool split_number(std::string_view text, int64_t* whole, double* fraction) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  if (point > 18 || text.empty()) return false;
  *whole = std::atoll(std::string(text.substr(0, point)).c_str());
  *fraction = point < text.size() ? std::strtod(("0" + std::string(text.substr(point))).c_str(), nullptr) : 0;
  if (negative) {
    *whole = -*whole;
    *fraction = -*fraction;
  }
  return true;
}

/// The unit of a number that has none: the last field of INTERVAL '...' field, else seconds.
Unit default_unit(int32_t typmod) {
  constexpr int32_t kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11;
  const int32_t mask = typmod < 0 ? 0x7FFF : (typmod >> 16) & 0x7FFF;
  if (mask == 0x7FFF || (mask & (1 << 12)) != 0) return Unit::kSecond;
  if ((mask & kMinute) != 0) return Unit::kMinute;
  if ((mask & kHour) != 0) return Unit::kHour;
  if ((mask & kDay) != 0) return Unit::kDay;
  if ((mask & kMonth) != 0) return Unit::kMonth;
  return (mask & kYear) != 0 ? Unit::kYear : Unit::kSecond;
}

class IntervalReader {
 public:
  IntervalReader(std::string_view text, int32_t typmod, IntervalStyle style) : text_{text}, typmod_{typmod}, style_{style} {}

  bool read(IntervalSum* sum) {
    const auto tokens = datetime_tokens::split(text_);
    if (!tokens || tokens->empty()) return false;
    // Under sql_standard a leading minus covers all that follows, when nothing there has a sign of its own.
    const bool other_sign = text_.find(" -") != std::string_view::npos || text_.find(" +") != std::string_view::npos;
    const bool spread_minus = style_ == IntervalStyle::kSqlStandard && text_[0] == '-' && !other_sign;
    // From the right: a unit stands behind its number, and what has none may follow from what comes next.
    Unit unit = Unit::kNone;
    bool ago = false;
    for (size_t i = tokens->size(); i-- > 0;) {
      const Token& t = (*tokens)[i];
      std::string text = spread_minus && i > 0 ? "-" + t.text : t.text;
      if (t.kind == Kind::kWord && t.text == "ago") {
        ago = true;
        unit = Unit::kAgo;
      } else if (t.kind == Kind::kWord) {
        unit = unit_of(t.text);
        if (unit == Unit::kNone) return false;
      } else if (text.find(':') != std::string::npos) {
        if (!take(kTimeFields) || !time(text, sum)) return false;
        unit = Unit::kDay;
      } else {
        if (i > 0 && is_month_of((*tokens)[i - 1], t)) text = (*tokens)[--i].text + t.text;  // "+1-2"
        if (!number(t.kind, text, &unit, sum)) return false;
      }
    }
    if (ago) sum->negate();
    return fields_ != 0;
  }

 private:
  /// The fields that parts of the text have given: none may be given twice.
  static uint32_t field(Unit unit) { return 1u << static_cast<uint32_t>(unit); }
  static constexpr uint32_t kSecondFields = (1u << static_cast<uint32_t>(Unit::kMicrosecond)) |
                                            (1u << static_cast<uint32_t>(Unit::kMillisecond)) |
                                            (1u << static_cast<uint32_t>(Unit::kSecond));
  static constexpr uint32_t kTimeFields =
      kSecondFields | (1u << static_cast<uint32_t>(Unit::kMinute)) | (1u << static_cast<uint32_t>(Unit::kHour));
  bool take(uint32_t fields) {
    if ((fields_ & fields) != 0) return false;
    fields_ |= fields;
    return true;
  }

  bool is_month_of(const Token& years, const Token& months) const {
    return years.kind == Kind::kZone && months.kind == Kind::kZone && months.text[0] == '-' &&
           months.text.find(':') == std::string::npos && text_.find(years.text + months.text) != std::string_view::npos;
  }

  /// `unit` is what stands behind it, and afterwards what a number before it has without one.
  bool number(Kind kind, const std::string& text, Unit* unit, IntervalSum* sum) {
    if (kind == Kind::kDate || text.find('-', 1) != std::string::npos) {
      *unit = Unit::kMonth;
      return take(field(Unit::kMonth)) && year_month(text, sum);
    }
    int64_t whole;
    double fraction;
    if (kind == Kind::kSign || !split_number(text, &whole, &fraction)) return false;
    if (*unit == Unit::kAgo) return false;
    if (*unit == Unit::kNone) *unit = default_unit(typmod_);
    if (!take(*unit == Unit::kSecond && fraction != 0 ? kSecondFields : field(*unit))) return false;
    sum->add(*unit, whole, fraction);
    if (*unit == Unit::kHour) *unit = Unit::kDay;
    return true;
  }

  /// [-]h:m[:s[.f]]; with a fraction and one colon it is m:s.
  bool time(std::string_view text, IntervalSum* sum) {
    const bool negative = text[0] == '-';
    if (negative || text[0] == '+') text.remove_prefix(1);
    int64_t parts[3] = {0, 0, 0};
    double fraction = 0;
    int n = 0;
    while (n < 3) {
      const size_t end = std::min(text.find(':'), text.size());
      if (end == 0 || !split_number(text.substr(0, end), &parts[n], &fraction)) return false;
      ++n;
      if (end == text.size()) break;
      text.remove_prefix(end + 1);
      if (n == 3) return false;
    }
    const bool minutes_seconds = n == 2 && (fraction != 0 || (typmod_ >= 0 && ((typmod_ >> 16) & 0x7FFF) == ((1 << 11) | (1 << 12))));
    if (minutes_seconds) parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0;
    if (parts[1] > 59 || parts[2] > 60) {
      sum->overflow = true;
      return true;
    }
    IntervalSum part;
    part.add_us(parts[0], kUsPerHour, 0);
    part.add_us(parts[1], kUsPerMinute, 0);
    part.add_us(parts[2], kUsPerSecond, fraction);
    sum->add_us(negative ? -part.us : part.us, 1, 0);
    sum->overflow = sum->overflow || part.overflow;
    return true;
  }
  static bool year_month(std::string_view text, IntervalSum* sum) {
    const bool negative = text[0] == '-';
    if (negative || text[0] == '+') text.remove_prefix(1);
    const size_t dash = text.find('-');
    int64_t years, months;
    double fraction;
    if (dash == std::string_view::npos || !split_number(text.substr(0, dash), &years, &fraction) ||
        !split_number(text.substr(dash + 1), &months, &fraction) || fraction != 0) {
      return false;
    }
    if (months > 11) sum->overflow = true;
    sum->months += (negative ? -1 : 1) * (years * 12 + months);
    return true;
  }

  std::string_view text_;
  int32_t typmod_;
  IntervalStyle style_;
  uint32_t fields_ = 0;
};

/// PY-M-DTH:M:S, the alternative form.
bool read_iso8601_alternative(std::string_view text, IntervalSum* sum) {
  int years = 0, months = 0, days = 0, hours = 0, minutes = 0;
  double seconds = 0;
  const int n = std::sscanf(std::string(text).c_str(), "P%d-%d-%dT%d:%d:%lf", &years, &months, &days, &hours, &minutes, &seconds);
  if (n < 3) return false;
  sum->add(Unit::kYear, years, 0);
  sum->add(Unit::kMonth, months, 0);
  sum->add(Unit::kDay, days, 0);
  sum->add(Unit::kHour, hours, 0);
  sum->add(Unit::kMinute, minutes, 0);
  sum->add(Unit::kSecond, 0, seconds);
  return true;
}

/// P[nY][nM][nW][nD][T[nH][nM][nS]]
bool read_iso8601(std::string_view text, IntervalSum* sum) {
  if (text.find_first_of("YMWDHS") == std::string_view::npos && text.find('-', 2) != std::string_view::npos) {
    return read_iso8601_alternative(text, sum);
  }
  bool time = false, any = false;
  for (text.remove_prefix(1); !text.empty();) {
    if (text[0] == 'T') {
      time = true;
      text.remove_prefix(1);
      continue;
    }
    const size_t end = text.find_first_not_of("+-.0123456789");
    if (end == 0 || end == std::string_view::npos) return false;
    int64_t whole;
    double fraction;
    if (!split_number(text.substr(0, end), &whole, &fraction)) return false;
    Unit unit = Unit::kNone;
    switch (text[end]) {
      case 'Y': unit = Unit::kYear; break;
      case 'M': unit = time ? Unit::kMinute : Unit::kMonth; break;
      case 'W': unit = Unit::kWeek; break;
      case 'D': unit = Unit::kDay; break;
      case 'H': unit = Unit::kHour; break;
      case 'S': unit = Unit::kSecond; break;
      default: return false;
    }
    if (time != (unit >= Unit::kSecond && unit <= Unit::kHour)) return false;
    sum->add(unit, whole, fraction);
    any = true;
    text.remove_prefix(end + 1);
  }
  return any;
}

}  // namespace

absl::StatusOr<Interval> parse_interval(std::string_view text, int32_t typmod, const EvalContext& context) {
  const std::string_view word = text_scan::trim(text);
  IntervalSum sum;
  const bool iso = !word.empty() && word[0] == 'P';
  const bool ok = iso ? read_iso8601(word, &sum) : IntervalReader(word, typmod, context.session().interval_style).read(&sum);
  if (!ok) return error(ErrorCode::kInvalidDatetimeFormat, "invalid input syntax for type interval: \"", text, "\"");
  if (!sum.fits()) return error(ErrorCode::kIntervalFieldOverflow, "interval field value out of range: \"", text, "\"");
  return apply_interval_typmod(Interval{sum.us, static_cast<int32_t>(sum.days), static_cast<int32_t>(sum.months)}, typmod);
}

}  // namespace troupe
