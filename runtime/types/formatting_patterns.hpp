#pragma once
/// The pattern words of datetime templates, shared by output and input.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::formatting {

enum class Code : uint8_t {
  kLiteral, kHour12, kHour24, kMinute, kSecond, kMillisecond, kMicrosecond, kFraction, kSecondOfDay, kMeridian, kMeridianDots,
  kYearComma, kYear, kIsoYear, kEra, kEraDots, kMonthName, kMonthAbbreviation, kMonth, kMonthRoman, kDayName,
  kDayAbbreviation, kDay, kDayOfYear, kIsoDayOfYear, kDayOfWeek, kIsoDayOfWeek, kWeekOfMonth, kWeek, kIsoWeek, kCentury,
  kJulian, kQuarter, kZone, kZoneHour, kZoneMinute, kOffset
};
/// How the word was written: "MONTH", "Month" or "month".
enum class Case : uint8_t { kUpper, kCapital, kLower };

struct Piece {
  Code code = Code::kLiteral;
  Case letters = Case::kUpper;
  int digits = 0;         ///< of years and fractions
  bool fill_mode = false; ///< FM: no padding
  char ordinal = 0;       ///< 'T' for TH, 't' for th
  std::string literal;
  bool quoted = false;
};

std::vector<Piece> split_pattern(std::string_view pattern);

inline constexpr std::string_view kMonthNames[] = {"January", "February", "March",     "April",   "May",      "June",
                                                   "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::string_view kDayNames[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

}  // namespace troupe::formatting
