#include "runtime/types/formatting.hpp"
#include "runtime/types/kernel.hpp"

/// to_char(), to_date(), to_timestamp(), to_number().
namespace troupe {
namespace {

constexpr Oid kT = oid::kText;
using enum Volatility;

absl::StatusOr<std::optional<std::string>> optional_text(absl::StatusOr<std::string> v) {
  if (!v.ok()) return v.status();
  return std::optional(*std::move(v));
}

absl::StatusOr<int64_t> local_from_pattern(std::string_view text, std::string_view pattern, bool* has_zone, int32_t* west) {
  TROUPE_ASSIGN_OR_RETURN(const DateTimeFields f, parse_datetime_pattern(text, pattern, has_zone));
  *west = f.zone;
  return timestamp_of_fields(f);
}

}  // namespace

void register_formatting(Registrar& to) {
  to.function<[](int64_t v, std::string_view p) -> absl::StatusOr<std::optional<std::string>> {
    if (is_infinite_timestamp(v)) return std::nullopt;
    return optional_text(format_datetime_pattern(fields_of_timestamp(v), false, p));
  }>("to_char", {oid::kTimestamp, kT}, kT, kStable);
  to.function<[](EvalContext& c, int64_t v, std::string_view p) -> absl::StatusOr<std::optional<std::string>> {
    if (is_infinite_timestamp(v)) return std::nullopt;
    return optional_text(format_datetime_pattern(fields_of_timestamptz(v, c.session().time_zone), true, p));
  }>("to_char", {oid::kTimestamptz, kT}, kT, kStable);
  to.function<[](const Interval& v, std::string_view p) { return format_interval_pattern(v, p); }>("to_char", {oid::kInterval, kT}, kT, kStable);
  to.function<[](const Numeric& v, std::string_view p) { return format_number_pattern(v, p); }>("to_char", {oid::kNumeric, kT}, kT, kStable);
  to.function<[](int32_t v, std::string_view p) { return format_number_pattern(v, p); }>("to_char", {oid::kInt4, kT}, kT, kStable);
  to.function<[](int64_t v, std::string_view p) { return format_number_pattern(Numeric::of_int(v), p); }>("to_char", {oid::kInt8, kT}, kT, kStable);
  to.function<[](float v, std::string_view p) { return format_number_pattern(v, p); }>("to_char", {oid::kFloat4, kT}, kT, kStable);
  to.function<[](double v, std::string_view p) { return format_number_pattern(v, p); }>("to_char", {oid::kFloat8, kT}, kT, kStable);
  to.function<[](std::string_view t, std::string_view p) -> absl::StatusOr<std::optional<Numeric>> {
    if (p.empty()) return std::nullopt;
    TROUPE_ASSIGN_OR_RETURN(const Numeric read, parse_number_pattern(t, p));
    return std::optional(read);
  }>("to_number", {kT, kT}, oid::kNumeric, kStable);
  to.function<[](std::string_view t, std::string_view p) -> absl::StatusOr<int32_t> {
    bool has_zone = false;
    TROUPE_ASSIGN_OR_RETURN(const DateTimeFields f, parse_datetime_pattern(t, p, &has_zone));
    return julian_day(f.year, f.month, f.day) - kPgEpochJulianDay;
  }>("to_date", {kT, kT}, oid::kDate, kStable);
  to.function<[](EvalContext& c, std::string_view t, std::string_view p) -> absl::StatusOr<int64_t> {
    bool has_zone = false;
    int32_t west = 0;
    TROUPE_ASSIGN_OR_RETURN(const int64_t local, local_from_pattern(t, p, &has_zone, &west));
    if (has_zone) return local + int64_t{west} * kUsPerSecond;
    return timestamptz_of_local(local, c.session().time_zone);
  }>("to_timestamp", {kT, kT}, oid::kTimestamptz, kStable);
}

}  // namespace troupe
