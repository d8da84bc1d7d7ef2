/// datetime() of the path language.
#include <algorithm>
#include <iterator>

#include "runtime/types/formatting.hpp"
#include "runtime/types/jsonpath_run.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using Kind = PathMoment::Kind;

constexpr ErrorCode kInvalidDatetimeArgument{pack_sqlstate("22031")}, kInvalidDatetime{pack_sqlstate("22007")};

/// What a pattern reads.
struct Parts {
  bool dated = false, timed = false, zoned = false;
};
Parts parts_of(std::string_view pattern) {
  constexpr std::string_view kTimed[] = {"HH", "MI", "SS", "MS", "US", "FF", "AM", "PM", "A.M", "P.M"};
  constexpr std::string_view kDated[] = {"Y", "MM", "MON", "D", "J", "Q", "W", "IW", "RM", "CC", "B"};
  std::string upper;
  bool quoted = false;
  for (const char c : pattern) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c != '"') upper.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  Parts parts;
  for (size_t at = 0; at < upper.size();) {
    const std::string_view rest = std::string_view(upper).substr(at);
    const auto begins = [rest](std::string_view code) { return rest.starts_with(code); };
    if (begins("TZ") || begins("OF")) {
      parts.zoned = true;
      at += begins("TZH") || begins("TZM") ? 3 : 2;
    } else if (std::any_of(std::begin(kTimed), std::end(kTimed), begins)) {
      parts.timed = true;
      at += 2;
    } else if (std::any_of(std::begin(kDated), std::end(kDated), begins)) {
      parts.dated = true;
      ++at;
    } else {
      ++at;
    }
  }
  return parts;
}

absl::StatusOr<PathMoment> moment_of(const DateTimeFields& fields, Parts parts) {
  PathMoment moment;
  moment.zone = parts.zoned ? fields.zone : 0;
  if (!parts.dated) {
    moment.kind = parts.zoned ? Kind::kTimeTz : Kind::kTime;
    moment.value = fields.hour * kUsPerHour + fields.minute * kUsPerMinute + fields.second * kUsPerSecond + fields.us;
    return moment;
  }
  if (!parts.timed) {
    moment.kind = Kind::kDate;
    moment.value = julian_day(fields.year, fields.month, fields.day) - kPgEpochJulianDay;
    return moment;
  }
  TROUPE_ASSIGN_OR_RETURN(moment.value, timestamp_of_fields(fields));
  moment.kind = parts.zoned ? Kind::kTimestampTz : Kind::kTimestamp;
  if (parts.zoned) moment.value += int64_t{fields.zone} * kUsPerSecond;
  return moment;
}

/// The ISO forms that need no pattern.
class IsoReader {
 public:
  explicit IsoReader(std::string_view text) : text_{text} {}

  bool read(DateTimeFields* fields, Parts* parts) {
    spaces();
    const size_t dash = text_.find('-', at_);
    if (dash != std::string_view::npos && dash <= at_ + 4 && dash > at_) {
      parts->dated = true;
      if (!number(4, &fields->year) || !skip('-') || !number(2, &fields->month) || !skip('-') ||
          !number(2, &fields->day)) {
        return false;
      }
      const bool space = spaces();
      if (at_ == text_.size()) return in_range(*fields);
      if (!space && !skip('T')) return false;
    }
    parts->timed = true;
    if (!number(2, &fields->hour) || !skip(':') || !number(2, &fields->minute) || !skip(':') ||
        !number(2, &fields->second) || !fraction(fields) || !zone(fields, parts)) {
      return false;
    }
    return at_ == text_.size() && in_range(*fields);
  }

 private:
  bool number(int digits, int32_t* out) {
    *out = 0;
    const size_t start = at_;
    while (at_ < text_.size() && at_ < start + static_cast<size_t>(digits) && text_[at_] >= '0' && text_[at_] <= '9') {
      *out = *out * 10 + (text_[at_++] - '0');
    }
    return at_ > start;
  }
  bool skip(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool spaces() {
    const size_t start = at_;
    while (skip(' ')) continue;
    return at_ > start;
  }
  bool fraction(DateTimeFields* fields) {
    if (!skip('.')) return true;
    int32_t us = 0;
    const size_t start = at_;
    if (!number(6, &us)) return false;
    for (size_t i = at_ - start; i < 6; ++i) us *= 10;
    fields->us = us;
    return true;
  }
  bool zone(DateTimeFields* fields, Parts* parts) {
    if (at_ == text_.size()) return true;
    if (parts->dated) skip(' ');
    if (at_ == text_.size()) return false;
    const bool west = text_[at_] == '-';
    if (!west && text_[at_] != '+') return false;
    ++at_;
    parts->zoned = true;
    int32_t hours = 0, minutes = 0;
    if (!number(2, &hours)) return false;
    if (skip(':') && !number(2, &minutes)) return false;
    if (hours > 15 || minutes > 59) return false;
    fields->zone = (hours * 3600 + minutes * 60) * (west ? 1 : -1);
    return true;
  }
  static bool in_range(const DateTimeFields& f) {
    return f.month >= 1 && f.month <= 12 && f.day >= 1 && f.day <= days_in_month(f.year, f.month) && f.hour < 24 &&
           f.minute < 60 && f.second < 60;
  }

  std::string_view text_;
  size_t at_ = 0;
};

absl::Status needs_zone(std::string_view from, std::string_view to) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, "cannot convert value from ", from, " to ", to,
                         " without time zone usage"),
                   "Use *_tz() function for time zone support.");
}

bool is_time(const PathMoment& moment) { return moment.kind == Kind::kTime || moment.kind == Kind::kTimeTz; }

int order(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

absl::StatusOr<int64_t> utc_time(const PathMoment& moment, bool with_zone, EvalContext& context) {
  int32_t zone = moment.zone;
  if (moment.kind == Kind::kTime) {
    if (!with_zone) return needs_zone("time", "timetz");
    const DateTimeFields now =
        fields_of_timestamptz(timestamp_of_unix_us(context.transaction_us), context.session().time_zone);
    zone = now.zone;
  }
  return moment.value + int64_t{zone} * kUsPerSecond;
}

absl::StatusOr<int64_t> instant(const PathMoment& moment, bool with_zone, EvalContext& context) {
  if (moment.kind == Kind::kTimestampTz) return moment.value;
  const bool date = moment.kind == Kind::kDate;
  if (!with_zone) return needs_zone(date ? "date" : "timestamp", "timestamptz");
  const absl::TimeZone& zone = context.session().time_zone;
  return date ? timestamptz_of_date(static_cast<int32_t>(moment.value), zone)
              : timestamptz_of_local(moment.value, zone);
}

void append_zone(int32_t zone, std::string* out) {
  const int32_t east = -zone, minutes = std::abs(east) / 60;
  const auto two = [](int32_t n) { return n < 10 ? cat("0", n) : cat(n); };
  *out += cat(east < 0 ? "-" : "+", two(minutes / 60), ":", two(minutes % 60));
}

}  // namespace

absl::StatusOr<PathMoment> parse_moment(std::string_view text, const std::string* pattern, EvalContext&) {
  if (pattern == nullptr) {
    DateTimeFields fields;
    Parts parts;
    if (IsoReader(text).read(&fields, &parts)) return moment_of(fields, parts);
    return with_hint(error(kInvalidDatetimeArgument, "datetime format is not recognized: \"", text, "\""),
                     "Use a datetime template argument to specify the input data format.");
  }
  const Parts parts = parts_of(*pattern);
  bool has_zone = false;
  TROUPE_ASSIGN_OR_RETURN(const DateTimeFields fields, parse_datetime_pattern(text, *pattern, &has_zone));
  if (!parts.dated && !parts.timed) return error(kInvalidDatetime, "datetime format is not dated and not timed");
  if (parts.dated && !parts.timed && parts.zoned) {
    return error(kInvalidDatetime, "datetime format is zoned but not timed");
  }
  if (parts.zoned && !has_zone) return error(kInvalidDatetime, "input string is too short for datetime format");
  return moment_of(fields, parts);
}

std::string_view type_name_of(const PathMoment& moment) {
  switch (moment.kind) {
    case Kind::kDate: return "date";
    case Kind::kTime: return "time without time zone";
    case Kind::kTimeTz: return "time with time zone";
    case Kind::kTimestamp: return "timestamp without time zone";
    default: return "timestamp with time zone";
  }
}

absl::StatusOr<std::optional<int>> compare_moments(const PathMoment& a, const PathMoment& b, bool with_zone,
                                                   EvalContext& context) {
  if (is_time(a) != is_time(b)) return std::nullopt;
  if (a.kind == b.kind && a.kind != Kind::kTimeTz) return std::optional(order(a.value, b.value));
  if (is_time(a)) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t left, utc_time(a, with_zone, context));
    TROUPE_ASSIGN_OR_RETURN(const int64_t right, utc_time(b, with_zone, context));
    return std::optional(left != right ? order(left, right) : order(a.zone, b.zone));
  }
  if (a.kind == Kind::kTimestampTz || b.kind == Kind::kTimestampTz) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t left, instant(a, with_zone, context));
    TROUPE_ASSIGN_OR_RETURN(const int64_t right, instant(b, with_zone, context));
    return std::optional(order(left, right));
  }
  const auto local = [](const PathMoment& moment) -> absl::StatusOr<int64_t> {
    return moment.kind == Kind::kDate ? timestamp_of_date(static_cast<int32_t>(moment.value)) : moment.value;
  };
  TROUPE_ASSIGN_OR_RETURN(const int64_t left, local(a));
  TROUPE_ASSIGN_OR_RETURN(const int64_t right, local(b));
  return std::optional(order(left, right));
}

std::string moment_text(const PathMoment& moment) {
  SessionSettings iso;
  iso.date_output = DateOutput::kIso;
  std::string out;
  switch (moment.kind) {
    case Kind::kDate: format_date(static_cast<int32_t>(moment.value), iso, &out); break;
    case Kind::kTime:
    case Kind::kTimeTz: format_time(moment.value, &out); break;
    default: {
      const int64_t local =
          moment.kind == Kind::kTimestampTz ? moment.value - int64_t{moment.zone} * kUsPerSecond : moment.value;
      format_timestamp(local, iso, &out);
      if (const size_t space = out.find(' '); space != std::string::npos) out[space] = 'T';
    }
  }
  if (moment.kind == Kind::kTimeTz || moment.kind == Kind::kTimestampTz) append_zone(moment.zone, &out);
  return out;
}

}  // namespace troupe
