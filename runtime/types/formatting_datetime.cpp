#include <cstdio>
#include <cstdlib>

#include "runtime/types/formatting.hpp"
#include "runtime/types/formatting_patterns.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace formatting {
namespace {

struct Word {
  std::string_view text;
  Code code;
  int digits;
  bool any_case;  ///< the word's case does not matter
};
/// Longest first among those with the same beginning.
constexpr Word kWords[] = {
    {"HH24", Code::kHour24, 2, true}, {"HH12", Code::kHour12, 2, true}, {"HH", Code::kHour12, 2, true},
    {"MI", Code::kMinute, 2, true}, {"SSSSS", Code::kSecondOfDay, 0, true}, {"SSSS", Code::kSecondOfDay, 0, true},
    {"SS", Code::kSecond, 2, true}, {"MS", Code::kMillisecond, 3, true}, {"US", Code::kMicrosecond, 6, true},
    {"FF1", Code::kFraction, 1, true}, {"FF2", Code::kFraction, 2, true}, {"FF3", Code::kFraction, 3, true},
    {"FF4", Code::kFraction, 4, true}, {"FF5", Code::kFraction, 5, true}, {"FF6", Code::kFraction, 6, true},
    {"A.M.", Code::kMeridianDots, 0, true}, {"P.M.", Code::kMeridianDots, 0, true}, {"AM", Code::kMeridian, 0, true},
    {"PM", Code::kMeridian, 0, true}, {"Y,YYY", Code::kYearComma, 4, true}, {"YYYY", Code::kYear, 4, true},
    {"YYY", Code::kYear, 3, true}, {"YY", Code::kYear, 2, true}, {"Y", Code::kYear, 1, true},
    {"IYYY", Code::kIsoYear, 4, true}, {"IYY", Code::kIsoYear, 3, true}, {"IY", Code::kIsoYear, 2, true},
    {"IDDD", Code::kIsoDayOfYear, 3, true}, {"ID", Code::kIsoDayOfWeek, 1, true}, {"IW", Code::kIsoWeek, 2, true},
    {"I", Code::kIsoYear, 1, true}, {"B.C.", Code::kEraDots, 0, true}, {"A.D.", Code::kEraDots, 0, true},
    {"BC", Code::kEra, 0, true}, {"AD", Code::kEra, 0, true}, {"MONTH", Code::kMonthName, 9, true},
    {"MON", Code::kMonthAbbreviation, 3, true}, {"MM", Code::kMonth, 2, true}, {"RM", Code::kMonthRoman, 4, true},
    {"DAY", Code::kDayName, 9, true}, {"DY", Code::kDayAbbreviation, 3, true}, {"DDD", Code::kDayOfYear, 3, true},
    {"DD", Code::kDay, 2, true}, {"D", Code::kDayOfWeek, 1, true}, {"WW", Code::kWeek, 2, true},
    {"W", Code::kWeekOfMonth, 1, true}, {"CC", Code::kCentury, 2, true}, {"J", Code::kJulian, 0, true},
    {"Q", Code::kQuarter, 1, true}, {"TZH", Code::kZoneHour, 2, true}, {"TZM", Code::kZoneMinute, 2, true},
    {"TZ", Code::kZone, 0, true}, {"OF", Code::kOffset, 0, true}};

Case case_of(std::string_view word) {
  if (word[0] >= 'a' && word[0] <= 'z') return Case::kLower;
  return word.size() > 1 && word[1] >= 'a' && word[1] <= 'z' ? Case::kCapital : Case::kUpper;
}

const Word* word_at(std::string_view text) {
  for (const Word& w : kWords) {
    if (text_scan::starts_ignoring_case(text, w.text)) return &w;
  }
  return nullptr;
}

std::string cased(std::string_view name, Case letters) {
  std::string out(name);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = letters == Case::kUpper || (letters == Case::kCapital && i == 0) ? text_scan::upper(out[i]) : text_scan::lower(out[i]);
  }
  return out;
}

void append_literal(std::vector<Piece>* pieces, char c, bool quoted) {
  if (pieces->empty() || pieces->back().code != Code::kLiteral || pieces->back().quoted != quoted) {
    pieces->push_back({});
    pieces->back().quoted = quoted;
  }
  pieces->back().literal.push_back(c);
}

class Printer {
 public:
  Printer(const DateTimeFields& f, bool zoned) : f_{f}, zoned_{zoned} {}

  absl::Status print(const Piece& p) {
    if (p.code == Code::kLiteral) {
      out.append(p.literal);
      return absl::OkStatus();
    }
    if (clock(p) || year(p) || month_or_day(p) || week_or_rest(p)) return absl::OkStatus();
    return zone(p);
  }

  std::string out;

 private:
  void number(const Piece& p, int64_t v, int width) {
    char buffer[32];
    const int n = p.fill_mode || width == 0 ? std::snprintf(buffer, sizeof buffer, "%lld", static_cast<long long>(v))
                                            : std::snprintf(buffer, sizeof buffer, "%0*lld", v < 0 ? width + 1 : width, static_cast<long long>(v));
    out.append(buffer, static_cast<size_t>(n));
    if (p.ordinal != 0) ordinal(v, p.ordinal == 'T');
  }
  void ordinal(int64_t v, bool upper) {
    const int64_t tens = std::abs(v) % 100, ones = std::abs(v) % 10;
    std::string_view suffix = "th";
    if (tens < 11 || tens > 13) suffix = ones == 1 ? "st" : ones == 2 ? "nd" : ones == 3 ? "rd" : "th";
    out += cased(suffix, upper ? Case::kUpper : Case::kLower);
  }
  void name(const Piece& p, std::string_view full, size_t letters) {
    std::string text = cased(letters == 3 ? full.substr(0, 3) : full, p.letters);
    if (letters != 3 && !p.fill_mode) text.resize(std::max<size_t>(text.size(), 9), ' ');
    out += text;
  }
  bool clock(const Piece& p) {
    switch (p.code) {
      case Code::kHour12: number(p, f_.hour % 12 == 0 ? 12 : f_.hour % 12, 2); return true;
      case Code::kHour24: number(p, f_.hour, 2); return true;
      case Code::kMinute: number(p, f_.minute, 2); return true;
      case Code::kSecond: number(p, f_.second, 2); return true;
      case Code::kMillisecond: fraction(p, f_.us / 1000, 3); return true;
      case Code::kMicrosecond: fraction(p, f_.us, 6); return true;
      case Code::kFraction: {
        int v = f_.us;
        for (int i = p.digits; i < 6; ++i) v /= 10;
        fraction(p, v, p.digits);
        return true;
      }
      case Code::kSecondOfDay: number(p, f_.hour * 3600 + f_.minute * 60 + f_.second, 0); return true;
      case Code::kMeridian: out += cased(f_.hour % 24 >= 12 ? "PM" : "AM", p.letters == Case::kCapital ? Case::kUpper : p.letters); return true;
      case Code::kMeridianDots: out += cased(f_.hour % 24 >= 12 ? "P.M." : "A.M.", p.letters == Case::kLower ? Case::kLower : Case::kUpper); return true;
      default: return false;
    }
  }
  void fraction(const Piece& p, int v, int width) {
    Piece padded = p;
    padded.fill_mode = false;
    number(padded, v, width);
  }
  bool year(const Piece& p) {
    const int shown = f_.year > 0 ? f_.year : 1 - f_.year;
    switch (p.code) {
      case Code::kYear: number(p, cut(shown, p.digits), p.digits); return true;
      case Code::kYearComma: {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%d,%03d", shown / 1000, shown % 1000);
        out += buffer;
        return true;
      }
      case Code::kIsoYear: {
        int iso, week;
        iso_week(f_.year, f_.month, f_.day, &iso, &week);
        number(p, cut(iso > 0 ? iso : 1 - iso, p.digits), p.digits);
        return true;
      }
      case Code::kEra: out += cased(f_.year > 0 ? "AD" : "BC", p.letters == Case::kCapital ? Case::kUpper : p.letters); return true;
      case Code::kEraDots: out += cased(f_.year > 0 ? "A.D." : "B.C.", p.letters == Case::kLower ? Case::kLower : Case::kUpper); return true;
      case Code::kCentury: number(p, f_.year > 0 ? (f_.year - 1) / 100 + 1 : f_.year / 100 - 1, 2); return true;
      default: return false;
    }
  }
  static int cut(int year, int digits) {
    constexpr int kModulus[] = {1, 10, 100, 1000};
    return digits >= 4 ? year : year % kModulus[digits];
  }
  bool month_or_day(const Piece& p) {
    constexpr std::string_view kRoman[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};
    const int weekday = day_of_week(julian_day(f_.year, f_.month, f_.day));
    switch (p.code) {
      case Code::kMonthName: name(p, kMonthNames[f_.month - 1], 9); return true;
      case Code::kMonthAbbreviation: name(p, kMonthNames[f_.month - 1], 3); return true;
      case Code::kMonth: number(p, f_.month, 2); return true;
      case Code::kMonthRoman: {
        std::string text = cased(kRoman[f_.month - 1], p.letters == Case::kLower ? Case::kLower : Case::kUpper);
        if (!p.fill_mode) text.resize(4, ' ');
        out += text;
        return true;
      }
      case Code::kDayName: name(p, kDayNames[weekday], 9); return true;
      case Code::kDayAbbreviation: name(p, kDayNames[weekday], 3); return true;
      case Code::kDay: number(p, f_.day, 2); return true;
      case Code::kDayOfYear: number(p, day_of_year(), 3); return true;
      case Code::kDayOfWeek: number(p, weekday + 1, 1); return true;
      case Code::kIsoDayOfWeek: number(p, weekday == 0 ? 7 : weekday, 1); return true;
      default: return false;
    }
  }
  int day_of_year() const { return julian_day(f_.year, f_.month, f_.day) - julian_day(f_.year, 1, 1) + 1; }
  bool week_or_rest(const Piece& p) {
    int iso, week;
    switch (p.code) {
      case Code::kWeek: number(p, (day_of_year() - 1) / 7 + 1, 2); return true;
      case Code::kWeekOfMonth: number(p, (f_.day - 1) / 7 + 1, 1); return true;
      case Code::kIsoWeek:
        iso_week(f_.year, f_.month, f_.day, &iso, &week);
        number(p, week, 2);
        return true;
      case Code::kIsoDayOfYear: {
        iso_week(f_.year, f_.month, f_.day, &iso, &week);
        const int weekday = day_of_week(julian_day(f_.year, f_.month, f_.day));
        number(p, (week - 1) * 7 + (weekday == 0 ? 7 : weekday), 3);
        return true;
      }
      case Code::kJulian: number(p, julian_day(f_.year, f_.month, f_.day), 0); return true;
      case Code::kQuarter: number(p, (f_.month - 1) / 3 + 1, 1); return true;
      default: return false;
    }
  }
  absl::Status zone(const Piece& p) {
    const int east = -f_.zone, minutes = std::abs(east) / 60 % 60;
    char buffer[16];
    switch (p.code) {
      case Code::kZone: out += zoned_ ? cased(f_.zone_name, p.letters == Case::kLower ? Case::kLower : Case::kUpper) : ""; break;
      case Code::kZoneHour:
        std::snprintf(buffer, sizeof buffer, "%c%02d", east < 0 ? '-' : '+', std::abs(east) / 3600);
        out += buffer;
        break;
      case Code::kZoneMinute:
        std::snprintf(buffer, sizeof buffer, "%02d", minutes);
        out += buffer;
        break;
      default:
        std::snprintf(buffer, sizeof buffer, minutes != 0 ? "%c%02d:%02d" : "%c%02d", east < 0 ? '-' : '+', std::abs(east) / 3600, minutes);
        out += buffer;
    }
    return absl::OkStatus();
  }

  const DateTimeFields& f_;
  bool zoned_;
};

}  // namespace

std::vector<Piece> split_pattern(std::string_view pattern) {
  std::vector<Piece> pieces;
  bool fill_mode = false;
  for (size_t i = 0; i < pattern.size();) {
    const std::string_view rest = pattern.substr(i);
    if (rest[0] == '"') {
      for (++i; i < pattern.size() && pattern[i] != '"'; ++i) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
        append_literal(&pieces, pattern[i], true);
      }
      ++i;
    } else if (text_scan::starts_ignoring_case(rest, "FM")) {
      fill_mode = true;
      i += 2;
    } else if (text_scan::starts_ignoring_case(rest, "FX") || text_scan::starts_ignoring_case(rest, "TM")) {
      i += 2;
    } else if (const Word* word = word_at(rest); word != nullptr) {
      Piece p;
      p.code = word->code;
      p.digits = word->digits;
      p.letters = case_of(rest.substr(0, word->text.size()));
      p.fill_mode = fill_mode;
      fill_mode = false;
      i += word->text.size();
      const std::string_view after = pattern.substr(i, 2);
      if (after == "TH" || after == "th") {
        p.ordinal = after[0];
        i += 2;
      }
      pieces.push_back(std::move(p));
    } else {
      append_literal(&pieces, rest[0], false);
      ++i;
    }
  }
  return pieces;
}

}  // namespace formatting

absl::StatusOr<std::string> format_datetime_pattern(const DateTimeFields& fields, bool zoned, std::string_view pattern) {
  formatting::Printer printer(fields, zoned);
  for (const formatting::Piece& p : formatting::split_pattern(pattern)) TROUPE_RETURN_IF_ERROR(printer.print(p));
  return printer.out;
}

absl::StatusOr<std::string> format_interval_pattern(const Interval& v, std::string_view pattern) {
  using formatting::Code;
  std::string out;
  const int64_t hours = v.us / kUsPerHour;
  for (const formatting::Piece& p : formatting::split_pattern(pattern)) {
    const auto number = [&](int64_t n, int width) {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%0*lld", p.fill_mode ? 0 : (n < 0 ? width + 1 : width), static_cast<long long>(n));
      out += buffer;
    };
    switch (p.code) {
      case Code::kLiteral: out += p.literal; break;
      case Code::kHour24: number(hours, 2); break;
      case Code::kHour12: number(hours % 12 == 0 ? 12 : hours % 12, 2); break;
      case Code::kMinute: number(v.us % kUsPerHour / kUsPerMinute, 2); break;
      case Code::kSecond: number(v.us % kUsPerMinute / kUsPerSecond, 2); break;
      case Code::kMillisecond: number(v.us % kUsPerSecond / 1000, 3); break;
      case Code::kMicrosecond: number(v.us % kUsPerSecond, 6); break;
      case Code::kSecondOfDay: number(v.us / kUsPerSecond, 0); break;
      case Code::kYear: number(v.months / 12, p.digits); break;
      case Code::kMonth: number(v.months % 12, 2); break;
      case Code::kDay: number(v.days, 2); break;
      case Code::kDayOfYear: number(int64_t{v.months} * 30 + v.days, 3); break;
      case Code::kMeridian: out += hours % 24 >= 12 ? "PM" : "AM"; break;
      default:
        return with_hint(error(ErrorCode::kInvalidDatetimeFormat, "invalid format specification for an interval value"),
                         "Intervals are not tied to specific calendar dates.");
    }
  }
  return out;
}

}  // namespace troupe
