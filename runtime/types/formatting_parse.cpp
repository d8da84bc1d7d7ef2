#include <cmath>
#include <cstdlib>

#include "runtime/types/formatting.hpp"
#include "runtime/types/formatting_patterns.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

using formatting::Code;
using formatting::Piece;
using text_scan::is_digit;
using text_scan::is_space;

bool is_separator(char c) { return !text_scan::is_alnum(c) && (c & 0x80) == 0; }

/// Walks pattern and text together; separators match any run of separators.
class PatternReader {
 public:
  PatternReader(std::string_view text, std::string_view pattern) : whole_{text}, text_{text}, pieces_{formatting::split_pattern(pattern)} {}

  absl::StatusOr<DateTimeFields> read(bool* has_zone) {
    fields_.year = 1 - 1;
    year_seen_ = false;
    for (size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& p = pieces_[i];
      if (p.code == Code::kLiteral) {
        literal(p);
        continue;
      }
      while (!text_.empty() && is_space(text_[0])) text_.remove_prefix(1);
      if (text_.empty()) break;
      // Digits of the next field follow at once: take no more than this field's width.
      const bool adjacent = i + 1 < pieces_.size() && pieces_[i + 1].code != Code::kLiteral;
      TROUPE_RETURN_IF_ERROR(field(p, adjacent));
    }
    *has_zone = zone_seen_;
    return finish();
  }

 private:
  void literal(const Piece& p) {
    if (p.quoted) {
      text_.remove_prefix(std::min(p.literal.size(), text_.size()));
      return;
    }
    for (const char c : p.literal) {
      if (!is_separator(c)) {
        if (!text_.empty()) text_.remove_prefix(1);
        continue;
      }
      while (!text_.empty() && is_space(text_[0])) text_.remove_prefix(1);
      // A sign may belong to the next field.
      if (!text_.empty() && is_separator(text_[0]) && text_[0] != '+' && (text_[0] != '-' || c == '-' || !is_space(c))) text_.remove_prefix(1);
    }
  }
  absl::Status bad_value(std::string_view value, std::string_view code, std::string detail) const {
    return with_detail(error(ErrorCode::kInvalidDatetimeFormat, "invalid value \"", value, "\" for \"", code, "\""), std::move(detail));
  }
  absl::StatusOr<int64_t> number(const Piece& p, std::string_view code, bool adjacent, int width) {
    size_t n = 0;
    const bool signed_value = !text_.empty() && (text_[0] == '-' || text_[0] == '+');
    if (signed_value) ++n;
    const size_t most = adjacent && !p.fill_mode && width > 0 ? n + static_cast<size_t>(width) : text_.size();
    while (n < text_.size() && n < most && is_digit(text_[n])) ++n;
    if (n == (signed_value ? 1u : 0u)) return bad_value(text_.substr(0, width > 0 ? static_cast<size_t>(width) : 4), code, "Value must be an integer.");
    digits_ = static_cast<int>(n);
    const std::string word(text_.substr(0, std::min<size_t>(n, 18)));
    text_.remove_prefix(n);
    if (p.ordinal != 0) text_.remove_prefix(std::min<size_t>(2, text_.size()));
    return std::atoll(word.c_str());
  }
  absl::Status into(int32_t* target, const Piece& p, std::string_view code, bool adjacent, int width) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, number(p, code, adjacent, width));
    *target = static_cast<int32_t>(v);
    return absl::OkStatus();
  }
  absl::Status name(std::span<const std::string_view> names, size_t letters, std::string_view code, int32_t* target) {
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string_view wanted = names[i].substr(0, letters);
      if (text_scan::starts_ignoring_case(text_, wanted)) {
        text_.remove_prefix(wanted.size());
        *target = static_cast<int32_t>(i + 1);
        return absl::OkStatus();
      }
    }
    const size_t end = std::min(text_.find_first_of(" ,-/"), text_.size());
    return bad_value(text_.substr(0, end), code, "The given value did not match any of the allowed values for this field.");
  }
  absl::Status field(const Piece& p, bool adjacent) {
    int32_t ignored = 0;
    switch (p.code) {
      case Code::kHour24: return into(&fields_.hour, p, "HH24", adjacent, 2);
      case Code::kHour12: twelve_hours_ = true; return into(&fields_.hour, p, "HH12", adjacent, 2);
      case Code::kMinute: return into(&fields_.minute, p, "MI", adjacent, 2);
      case Code::kSecond: return into(&fields_.second, p, "SS", adjacent, 2);
      case Code::kMillisecond: return fraction(p, adjacent, 3);
      case Code::kMicrosecond: return fraction(p, adjacent, 6);
      case Code::kFraction: return fraction(p, adjacent, p.digits);
      case Code::kSecondOfDay: return second_of_day(p, adjacent);
      case Code::kMeridian:
      case Code::kMeridianDots: return meridian(p.code == Code::kMeridianDots ? 4 : 2);
      case Code::kYear:
      case Code::kYearComma: return year(p, adjacent);
      case Code::kEra:
      case Code::kEraDots:
        before_christ_ = text_scan::starts_ignoring_case(text_, "b");
        text_.remove_prefix(std::min<size_t>(p.code == Code::kEra ? 2 : 4, text_.size()));
        return absl::OkStatus();
      case Code::kMonthName: return name(formatting::kMonthNames, 99, "MONTH", &fields_.month);
      case Code::kMonthAbbreviation: return name(formatting::kMonthNames, 3, "MON", &fields_.month);
      case Code::kMonth: return into(&fields_.month, p, "MM", adjacent, 2);
      case Code::kDay: return into(&fields_.day, p, "DD", adjacent, 2);
      case Code::kDayOfYear: return into(&day_of_year_, p, "DDD", adjacent, 3);
      case Code::kJulian: return into(&julian_, p, "J", adjacent, 0);
      case Code::kDayName: return name(formatting::kDayNames, 99, "DAY", &ignored);
      case Code::kDayAbbreviation: return name(formatting::kDayNames, 3, "DY", &ignored);
      case Code::kQuarter:
      case Code::kDayOfWeek: return into(&ignored, p, "D", adjacent, 1);
      case Code::kZoneHour: return zone_hour(p, adjacent);
      case Code::kZoneMinute: {
        TROUPE_RETURN_IF_ERROR(into(&ignored, p, "TZM", adjacent, 2));
        fields_.zone += (fields_.zone > 0 ? 1 : -1) * ignored * 60;
        return absl::OkStatus();
      }
      default: return error(ErrorCode::kFeatureNotSupported, "this formatting field is only supported in to_char");
    }
  }
  absl::Status fraction(const Piece& p, bool adjacent, int width) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, number(p, "MS", adjacent, width));
    fields_.us = static_cast<int32_t>(static_cast<double>(v) * std::pow(10.0, 6 - digits_));
    return absl::OkStatus();
  }
  absl::Status second_of_day(const Piece& p, bool adjacent) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, number(p, "SSSS", adjacent, 5));
    fields_.hour = static_cast<int32_t>(v / 3600);
    fields_.minute = static_cast<int32_t>(v / 60 % 60);
    fields_.second = static_cast<int32_t>(v % 60);
    return absl::OkStatus();
  }
  absl::Status meridian(size_t size) {
    afternoon_ = text_scan::starts_ignoring_case(text_, "p");
    twelve_hours_ = true;
    text_.remove_prefix(std::min(size, text_.size()));
    return absl::OkStatus();
  }
  absl::Status year(const Piece& p, bool adjacent) {
    std::string compact;
    if (p.code == Code::kYearComma) {
      if (const size_t comma = text_.find(','); comma != std::string_view::npos) {
        compact = std::string(text_.substr(0, comma)) + std::string(text_.substr(comma + 1));
        const std::string_view rest = text_;
        text_ = compact;
        TROUPE_RETURN_IF_ERROR(into(&fields_.year, p, "Y,YYY", false, 0));
        text_ = rest.substr(rest.size() - text_.size());
        year_seen_ = true;
        return absl::OkStatus();
      }
    }
    TROUPE_RETURN_IF_ERROR(into(&fields_.year, p, "YYYY", adjacent, p.digits));
    year_seen_ = true;
    // Fewer digits than a year has: the one nearest to 2020.
    if (p.digits < 4 && digits_ < 4) {
      if (fields_.year < 70) fields_.year += 2000;
      else if (fields_.year < 100) fields_.year += 1900;
      else if (fields_.year < 520) fields_.year += 2000;
      else if (fields_.year < 1000) fields_.year += 1000;
    }
    return absl::OkStatus();
  }
  absl::Status zone_hour(const Piece& p, bool adjacent) {
    zone_seen_ = true;
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, number(p, "TZH", adjacent, 2));
    fields_.zone = static_cast<int32_t>(-v * 3600);
    return absl::OkStatus();
  }
  absl::Status out_of_range() const {
    return error(ErrorCode::kDatetimeFieldOverflow, "date/time field value out of range: \"", whole_, "\"");
  }
  absl::StatusOr<DateTimeFields> finish() {
    if (julian_ >= 0) julian_to_date(julian_, &fields_.year, &fields_.month, &fields_.day);
    if (before_christ_ && year_seen_) fields_.year = 1 - fields_.year;
    if (day_of_year_ > 0) {
      if (day_of_year_ > (is_leap_year(fields_.year) ? 366 : 365)) return out_of_range();
      julian_to_date(julian_day(fields_.year, 1, 1) + day_of_year_ - 1, &fields_.year, &fields_.month, &fields_.day);
    }
    if (twelve_hours_) {
      if (fields_.hour < 1 || fields_.hour > 12) {
        return with_hint(error(ErrorCode::kInvalidDatetimeFormat, "hour \"", fields_.hour, "\" is invalid for the 12-hour clock"),
                         "Use the 24-hour clock, or give an hour between 1 and 12.");
      }
      fields_.hour = fields_.hour % 12 + (afternoon_ ? 12 : 0);
    }
    if (fields_.month < 1 || fields_.month > 12 || fields_.day < 1 || fields_.day > days_in_month(fields_.year, fields_.month) ||
        fields_.hour < 0 || fields_.hour > 23 || fields_.minute < 0 || fields_.minute > 59 || fields_.second < 0 || fields_.second > 59) {
      return out_of_range();
    }
    return fields_;
  }

  std::string_view whole_, text_;
  std::vector<Piece> pieces_;
  DateTimeFields fields_;
  int32_t day_of_year_ = 0, julian_ = -1;
  int digits_ = 0;
  bool year_seen_ = false, zone_seen_ = false, twelve_hours_ = false, afternoon_ = false, before_christ_ = false;
};

}  // namespace

absl::StatusOr<DateTimeFields> parse_datetime_pattern(std::string_view text, std::string_view pattern, bool* has_zone) {
  return PatternReader(text, pattern).read(has_zone);
}

}  // namespace troupe
