#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "runtime/types/datetime.hpp"
#include "runtime/types/datetime_tokens.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/time_zone.hpp"

namespace troupe {
namespace {

using datetime_tokens::Kind;
using datetime_tokens::Token;
using text_scan::is_digit;

enum class Special : uint8_t { kNone, kInfinity, kMinusInfinity, kEpoch, kNow, kToday, kTomorrow, kYesterday };
enum class Failure : uint8_t { kNone, kFormat, kField, kMonthDay, kZone };

/// Which part of a date each of its numbers is: as they come, by what is there already (PostgreSQL's DecodeNumber).
struct DateParts {
  std::string year, month, day;
  bool text_month = false;

  bool take_month(const std::string& text) {
    if (text_month) return false;
    if (!month.empty()) {
      const int number = std::atoi(month.c_str());
      if (!day.empty() || number < 1 || number > 31) return false;
      day = month;  // which was taken for a month
    }
    month = text;
    text_month = true;
    return true;
  }

  bool take_number(const std::string& number, DateOrder order) {
    const bool is_year = number.size() >= 3 || order == DateOrder::kYmd;
    std::string* part = nullptr;
    if (year.empty() && month.empty() && day.empty()) {
      part = is_year ? &year : order == DateOrder::kDmy ? &day : &month;
    } else if (month.empty()) {
      part = year.empty() == day.empty() ? nullptr : &month;
    } else if (year.empty() && day.empty()) {
      part = text_month && is_year ? &year : &day;
    } else if (day.empty()) {
      // DD-MON-YYYY in YMD order, too.
      if (text_month && number.size() >= 3 && year.size() <= 2) day = std::exchange(year, "");
      part = year.empty() ? &year : &day;
    } else {
      part = year.empty() ? &year : nullptr;
    }
    if (part != nullptr) *part = number;
    return part != nullptr;
  }
};

/// Reads the tokens of one date, time or timestamp.
class DateTimeReader {
 public:
  DateTimeReader(std::string_view text, std::string_view type, const EvalContext& context)
      : text_{text}, type_{type}, context_{context} {}

  absl::Status read(bool date_required) {
    time_only_ = !date_required;
    auto tokens = datetime_tokens::split(text_);
    if (!tokens || tokens->empty()) return failed(Failure::kFormat);
    tokens_ = *std::move(tokens);
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      if (const Failure f = token(tokens_[at_]); f != Failure::kNone) return failed(f);
      if (!zone_error_.ok()) return zone_error_;
    }
    if (special != Special::kNone) return absl::OkStatus();
    if (const Failure f = finish(date_required); f != Failure::kNone) return failed(f);
    return absl::OkStatus();
  }
  absl::Status failed(Failure f) const {
    switch (f) {
      case Failure::kField:
        return error(ErrorCode::kDatetimeFieldOverflow, "date/time field value out of range: \"", text_, "\"");
      case Failure::kMonthDay:
        return with_hint(error(ErrorCode::kDatetimeFieldOverflow, "date/time field value out of range: \"", text_, "\""),
                         "Perhaps you need a different \"datestyle\" setting.");
      case Failure::kZone:
        return error(ErrorCode::kInvalidTimeZoneDisplacement, "time zone displacement out of range: \"", text_, "\"");
      default:
        return error(ErrorCode::kInvalidDatetimeFormat, "invalid input syntax for type ", type_, ": \"", text_, "\"");
    }
  }

  DateTimeFields fields;
  Special special = Special::kNone;
  bool has_date = false;
  bool has_time = false;
  std::optional<int> east_s;                 ///< an offset or abbreviation
  std::optional<absl::TimeZone> named_zone;  ///< a full zone

 private:
  Failure token(const Token& t) {
    switch (t.kind) {
      case Kind::kDate: return date_token(t.text);
      case Kind::kTime: return time_token(t.text);
      case Kind::kZone: return zone_token(t.text);
      case Kind::kNumber: return number_token(t.text);
      case Kind::kWord: return word_token(t.text);
      case Kind::kSign:
        if (t.text == "-" && at_ + 1 < tokens_.size() && is_infinity(tokens_[at_ + 1].text)) {
          negative_ = true;
          return Failure::kNone;
        }
        return Failure::kFormat;
    }
    return Failure::kFormat;
  }
  static bool is_infinity(std::string_view word) { return word == "infinity" || word == "inf"; }

  Failure date_token(const std::string& text) {
    if (has_date) return Failure::kFormat;
    in_one_word_ = loose_.empty();
    for (size_t from = 0; from <= text.size();) {
      const size_t end = std::min(text.find_first_of("-/.", from), text.size());
      loose_.push_back(text.substr(from, end - from));
      from = end + 1;
    }
    if (loose_.size() < 2) return Failure::kFormat;
    return Failure::kNone;
  }
  Failure time_token(std::string_view text) {
    if (has_time) return Failure::kFormat;
    int parts[3] = {0, 0, 0}, n = 0;
    std::string_view fraction;
    while (n < 3) {
      size_t digits = 0;
      while (digits < text.size() && is_digit(text[digits])) ++digits;
      if (digits == 0 || digits > 9) return Failure::kFormat;
      parts[n++] = std::atoi(std::string(text.substr(0, digits)).c_str());
      text.remove_prefix(digits);
      if (text.empty()) break;
      if (text[0] == '.') {
        fraction = text;
        break;
      }
      text.remove_prefix(1);
      if (n == 3) return Failure::kFormat;
    }
    if (!fraction.empty() && n == 2) {
      // "mm:ss.fff"
      parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0;
    }
    return set_time(parts[0], parts[1], parts[2], fraction);
  }
  Failure set_time(int hour, int minute, int second, std::string_view fraction) {
    fields.hour = hour;
    fields.minute = minute;
    fields.second = second;
    if (!fraction.empty()) {
      if (fraction.find_first_not_of("0123456789", 1) != std::string_view::npos) return Failure::kFormat;
      fields.us = static_cast<int32_t>(std::rint(std::strtod(std::string(fraction).c_str(), nullptr) * 1e6));
    }
    has_time = true;
    return Failure::kNone;
  }
  /// +5, +05, +0530, +05:30, +05:30:15; after nothing that could have a zone it is a format error.
  Failure zone_token(std::string_view text) {
    const bool negative = text[0] == '-';
    text.remove_prefix(1);
    int h = 0, m = 0, s = 0;
    if (text.find(':') != std::string_view::npos) {
      if (std::sscanf(std::string(text).c_str(), "%d:%d:%d", &h, &m, &s) < 2) return Failure::kFormat;
    } else {
      if (text.find('.') != std::string_view::npos) return Failure::kFormat;
      const int v = std::atoi(std::string(text.substr(0, 9)).c_str());
      if (text.size() > 4) {
        h = v / 10000, m = v / 100 % 100, s = v % 100;
      } else if (text.size() > 2) {
        h = v / 100, m = v % 100;
      } else {
        h = v;
      }
    }
    if (h > 15 || m > 59 || s > 59) return Failure::kZone;
    if (has_zone()) return Failure::kFormat;
    const int east = h * 3600 + m * 60 + s;
    east_s = negative ? -east : east;
    return Failure::kNone;
  }
  Failure number_token(const std::string& text) {
    const size_t point = text.find('.');
    const std::string whole = text.substr(0, point);
    const std::string fraction = point == std::string::npos ? "" : text.substr(point);
    if (time_only_ && !has_dates() && !has_time && (whole.size() == 6 || whole.size() == 4)) return compact_time(whole, fraction);
    if (iso_time_ && (whole.size() == 6 || whole.size() == 4 || whole.size() == 2)) return compact_time(whole, fraction);
    if (julian_) return julian_token(whole, fraction);
    if (whole.size() >= 8 && !has_dates()) {
      // YYYYMMDD; longer ones have longer years.
      loose_ = {whole.substr(0, whole.size() - 4), whole.substr(whole.size() - 4, 2), whole.substr(whole.size() - 2)};
      return Failure::kNone;
    }
    if (whole.size() == 7 && !has_dates()) {
      loose_ = {whole.substr(0, 4), whole.substr(4)};
      return Failure::kNone;
    }
    if (whole.size() == 6 && !has_dates()) {
      loose_ = {whole.substr(0, 2), whole.substr(2, 2), whole.substr(4, 2)};
      order_is_ymd_ = true;
      return Failure::kNone;
    }
    if (has_dates() && !has_time && (whole.size() == 6 || (whole.size() == 4 && loose_.size() >= 3))) {
      return compact_time(whole, fraction);
    }
    if (!fraction.empty() && loose_.empty()) {
      // 1999.008: a day of the year
      loose_ = {whole, fraction.substr(1)};
      return Failure::kNone;
    }
    if (!fraction.empty()) return Failure::kFormat;
    loose_.push_back(whole);
    return Failure::kNone;
  }
  bool has_dates() const { return !loose_.empty() || has_date; }
  Failure compact_time(const std::string& whole, const std::string& fraction) {
    const int v = std::atoi(whole.c_str());
    if (whole.size() == 6) return set_time(v / 10000, v / 100 % 100, v % 100, fraction);
    if (whole.size() == 4) return set_time(v / 100, v % 100, 0, fraction);
    return set_time(v, 0, 0, fraction);
  }
  Failure julian_token(const std::string& whole, const std::string& fraction) {
    const int64_t day = std::atoll(whole.c_str());
    if (day < 0 || day > INT32_MAX) return Failure::kField;
    julian_to_date(static_cast<int32_t>(day), &fields.year, &fields.month, &fields.day);
    if (!fraction.empty()) {
      const auto us = static_cast<int64_t>(std::strtod(fraction.c_str(), nullptr) * kUsPerDay);
      fields.hour = static_cast<int32_t>(us / kUsPerHour);
      fields.minute = static_cast<int32_t>(us % kUsPerHour / kUsPerMinute);
      fields.second = static_cast<int32_t>(us % kUsPerMinute / kUsPerSecond);
      fields.us = static_cast<int32_t>(us % kUsPerSecond);
      has_time = true;
    }
    has_date = true;
    julian_ = false;
    return Failure::kNone;
  }
  Failure word_token(const std::string& word) {
    if (is_infinity(word)) return set_special(negative_ ? Special::kMinusInfinity : Special::kInfinity);
    if (word == "epoch") return set_special(Special::kEpoch);
    if (word == "now") return set_special(Special::kNow);
    if (word == "today") return set_day(Special::kToday);
    if (word == "tomorrow") return set_day(Special::kTomorrow);
    if (word == "yesterday") return set_day(Special::kYesterday);
    if (word == "allballs") {
      east_s = 0;
      return set_time(0, 0, 0, "");
    }
    if (datetime_tokens::month_of(word) != 0) {
      if (has_month_word_) return Failure::kFormat;
      has_month_word_ = true;
      loose_.push_back(word);
      return Failure::kNone;
    }
    if (datetime_tokens::is_weekday(word) || word == "at" || word == "on" || word == "th" || word == "st" || word == "nd" || word == "rd") {
      return Failure::kNone;
    }
    if (word == "am" || word == "pm") {
      meridian_ = word[0];
      return Failure::kNone;
    }
    if (word == "bc" || word == "ad") {
      before_christ_ = word == "bc";
      return Failure::kNone;
    }
    if (word == "t") {
      iso_time_ = true;
      return Failure::kNone;
    }
    if (word == "j" || word == "jd" || word == "julian") {
      julian_ = true;
      return Failure::kNone;
    }
    return zone_word(word);
  }
  bool has_zone() const { return east_s.has_value() || named_zone.has_value(); }
  Failure zone_word(const std::string& word) {
    if (has_zone()) return Failure::kFormat;
    if (word.size() > 1 && word[0] == 't' && word.size() <= 2) return Failure::kFormat;
    if (const auto east = zone_abbreviation_east_s(word)) {
      east_s = *east;
      return Failure::kNone;
    }
    if (word.find('/') != std::string::npos || word.size() > 2) {
      if (const auto zone = find_named_zone(word)) {
        named_zone = *zone;
        return Failure::kNone;
      }
      if (word.find_first_of("/+-0123456789") != std::string::npos) {
        zone_error_ = error(ErrorCode::kInvalidParameterValue, "time zone \"", word, "\" not recognized");
        return Failure::kNone;
      }
    }
    return Failure::kFormat;
  }
  Failure set_special(Special s) {
    if (tokens_.size() > (s == Special::kMinusInfinity ? 2u : 1u) && s != Special::kEpoch) return Failure::kFormat;
    special = s;
    return Failure::kNone;
  }
  /// Today and its neighbours give a date; a time may follow.
  Failure set_day(Special s) {
    const int64_t now = local_of_timestamptz(timestamp_of_unix_us(context_.transaction_us), context_.session().time_zone);
    const int shift = s == Special::kTomorrow ? 1 : (s == Special::kYesterday ? -1 : 0);
    julian_to_date(date_of_timestamp(now) + kPgEpochJulianDay + shift, &fields.year, &fields.month, &fields.day);
    has_date = true;
    return Failure::kNone;
  }

  // --- putting the parts together ---

  Failure finish(bool date_required) {
    if (julian_) return Failure::kFormat;
    if (!loose_.empty()) {
      if (const Failure f = assign_date(); f != Failure::kNone) return f;
    }
    if (date_required && !has_date) return Failure::kFormat;
    if (!date_required && !has_time && !has_date) return Failure::kFormat;
    return finish_time();
  }
  Failure finish_time() {
    if (meridian_ != 0) {
      if (fields.hour > 12) return Failure::kField;
      if (meridian_ == 'a' && fields.hour == 12) fields.hour = 0;
      if (meridian_ == 'p' && fields.hour != 12) fields.hour += 12;
    }
    const bool end_of_day = fields.hour == 24 && fields.minute == 0 && fields.second == 0 && fields.us == 0;
    if ((fields.hour > 23 && !end_of_day) || fields.minute > 59 || fields.second > 60) return Failure::kField;
    return Failure::kNone;
  }
  Failure assign_date() {
    if (has_date) return Failure::kFormat;
    if (loose_.size() > 3) return Failure::kFormat;
    const bool has_month_text = std::ranges::any_of(loose_, is_month);
    if (loose_.size() == 2 && !has_month_text) return day_of_year();
    if (loose_.size() < 3) return Failure::kFormat;
    DateParts parts;
    // Of "08-Jan-99" the month is known before the numbers are looked at; of "08 Jan 99" when its turn comes.
    if (in_one_word_) {
      for (const std::string& part : loose_) {
        if (is_month(part) && !parts.take_month(part)) return Failure::kFormat;
      }
    }
    for (const std::string& part : loose_) {
      if (is_month(part)) {
        if (!in_one_word_ && !parts.take_month(part)) return Failure::kFormat;
      } else if (!parts.take_number(part, order())) {
        return Failure::kFormat;
      }
    }
    if (parts.year.empty() || parts.month.empty() || parts.day.empty()) return Failure::kFormat;
    return set_date(parts.year, parts.month, parts.day);
  }
  static bool is_month(const std::string& part) { return datetime_tokens::month_of(part) != 0; }
  DateOrder order() const { return order_is_ymd_ ? DateOrder::kYmd : context_.session().date_order; }
  Failure day_of_year() {
    if (loose_[0].size() < 4 || loose_[1].size() != 3) return Failure::kFormat;
    int day = 0;
    if (!to_int(loose_[0], &fields.year) || !to_int(loose_[1], &day)) return Failure::kFormat;
    if (day < 1 || day > (is_leap_year(fields.year) ? 366 : 365)) return Failure::kField;
    julian_to_date(julian_day(fields.year, 1, 1) + day - 1, &fields.year, &fields.month, &fields.day);
    has_date = true;
    return Failure::kNone;
  }
  static bool to_int(const std::string& text, int* v) {
    if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) return false;
    *v = std::atoi(text.c_str());
    return true;
  }
  Failure set_date(const std::string& year, const std::string& month, const std::string& day) {
    fields.month = datetime_tokens::month_of(month);
    if (fields.month == 0 && !to_int(month, &fields.month)) return Failure::kFormat;
    if (!to_int(year, &fields.year) || !to_int(day, &fields.day)) return year.size() > 9 ? Failure::kField : Failure::kFormat;
    if (before_christ_) {
      if (fields.year <= 0) return Failure::kField;
      fields.year = 1 - fields.year;
    } else if (year.size() <= 2) {
      fields.year += fields.year < 70 ? 2000 : 1900;
    } else if (fields.year == 0) {
      return Failure::kField;
    }
    if (fields.month < 1 || fields.month > 12 || fields.day < 1 || fields.day > 31) return Failure::kMonthDay;
    if (fields.day > days_in_month(fields.year, fields.month)) return Failure::kField;
    has_date = true;
    return Failure::kNone;
  }

  std::string_view text_, type_;
  const EvalContext& context_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::vector<std::string> loose_;  ///< date parts whose meaning depends on all of them
  char meridian_ = 0;
  bool negative_ = false, before_christ_ = false, iso_time_ = false, julian_ = false, order_is_ymd_ = false,
       has_month_word_ = false, time_only_ = false,
       in_one_word_ = false;  ///< all of loose_
  absl::Status zone_error_;
};

absl::Status out_of_range(std::string_view what, std::string_view text) {
  return error(ErrorCode::kDatetimeFieldOverflow, what, " out of range: \"", text, "\"");
}

int64_t transaction_timestamp(const EvalContext& context) { return timestamp_of_unix_us(context.transaction_us); }

/// Reads to a local timestamp plus what zone was named; shared by both timestamp types.
absl::StatusOr<int64_t> parse_either(std::string_view text, bool zoned, const EvalContext& context) {
  DateTimeReader reader(text, zoned ? "timestamp with time zone" : "timestamp", context);
  TROUPE_RETURN_IF_ERROR(reader.read(true));
  const absl::TimeZone& session = context.session().time_zone;
  switch (reader.special) {
    case Special::kInfinity: return kTimestampInfinity;
    case Special::kMinusInfinity: return kTimestampMinusInfinity;
    case Special::kEpoch: return -kPgEpochUnixSeconds * kUsPerSecond;
    case Special::kNow:
      return zoned ? transaction_timestamp(context) : local_of_timestamptz(transaction_timestamp(context), session);
    default: break;
  }
  const auto local = timestamp_of_fields(reader.fields);
  if (!local.ok()) return out_of_range("timestamp", text);
  if (!zoned) return *local;
  if (reader.named_zone) return timestamptz_of_local(*local, *reader.named_zone);
  if (!reader.east_s) return timestamptz_of_local(*local, session);
  const int64_t v = *local - int64_t{*reader.east_s} * kUsPerSecond;
  if (!is_valid_timestamp(v)) return out_of_range("timestamp", text);
  return v;
}

int64_t time_of(const DateTimeFields& f) {
  return f.hour * kUsPerHour + f.minute * kUsPerMinute + f.second * kUsPerSecond + f.us;
}

}  // namespace

absl::StatusOr<int32_t> parse_date(std::string_view text, const EvalContext& context) {
  DateTimeReader reader(text, "date", context);
  TROUPE_RETURN_IF_ERROR(reader.read(true));
  switch (reader.special) {
    case Special::kInfinity: return kDateInfinity;
    case Special::kMinusInfinity: return kDateMinusInfinity;
    case Special::kEpoch: return kUnixEpochJulianDay - kPgEpochJulianDay;
    case Special::kNow: return date_of_timestamp(local_of_timestamptz(transaction_timestamp(context), context.session().time_zone));
    default: break;
  }
  const DateTimeFields& f = reader.fields;
  if (f.year < -4713 || f.year > 5874897) return out_of_range("date", text);
  const int32_t v = julian_day(f.year, f.month, f.day) - kPgEpochJulianDay;
  if (v < kDateMin || v >= kDateEnd) return out_of_range("date", text);
  return v;
}

absl::StatusOr<int64_t> parse_timestamp(std::string_view text, const EvalContext& context) {
  return parse_either(text, false, context);
}

absl::StatusOr<int64_t> parse_timestamptz(std::string_view text, const EvalContext& context) {
  return parse_either(text, true, context);
}

absl::StatusOr<int64_t> parse_time(std::string_view text, const EvalContext& context) {
  DateTimeReader reader(text, "time", context);
  TROUPE_RETURN_IF_ERROR(reader.read(false));
  if (reader.special == Special::kNow) {
    const int64_t local = local_of_timestamptz(transaction_timestamp(context), context.session().time_zone);
    return ((local % kUsPerDay) + kUsPerDay) % kUsPerDay;
  }
  if (reader.special != Special::kNone || !reader.has_time) return reader.failed(Failure::kFormat);
  return time_of(reader.fields);
}

absl::StatusOr<TimeTz> parse_timetz(std::string_view text, const EvalContext& context) {
  DateTimeReader reader(text, "time with time zone", context);
  TROUPE_RETURN_IF_ERROR(reader.read(false));
  const absl::TimeZone& session = context.session().time_zone;
  const int64_t now = local_of_timestamptz(transaction_timestamp(context), session);
  if (reader.special == Special::kNow) {
    return TimeTz{((now % kUsPerDay) + kUsPerDay) % kUsPerDay, zone_west_s_of_local(now, session), 0};
  }
  if (reader.special != Special::kNone || !reader.has_time) return reader.failed(Failure::kFormat);
  TimeTz v{time_of(reader.fields), 0, 0};
  if (reader.named_zone && !reader.has_date) return reader.failed(Failure::kFormat);  // whose offset depends on the day
  if (reader.east_s) {
    v.zone = -*reader.east_s;
  } else {
    // A full zone's offset depends on the day: the given one, else today.
    int64_t day = now - ((now % kUsPerDay) + kUsPerDay) % kUsPerDay;
    if (reader.has_date) day = int64_t{julian_day(reader.fields.year, reader.fields.month, reader.fields.day) - kPgEpochJulianDay} * kUsPerDay;
    v.zone = zone_west_s_of_local(day + v.us, reader.named_zone ? *reader.named_zone : session);
  }
  return v;
}

}  // namespace troupe
