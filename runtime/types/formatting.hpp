#pragma once
/// to_char(), to_date(), to_timestamp() and to_number(): PostgreSQL's template patterns.
/// Date patterns of the TM (locale) kind act as English.
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/types/datetime.hpp"
#include "runtime/types/numeric.hpp"

namespace troupe {

absl::StatusOr<std::string> format_datetime_pattern(const DateTimeFields& fields, bool zoned, std::string_view pattern);
absl::StatusOr<std::string> format_interval_pattern(const Interval& v, std::string_view pattern);
/// Of bigint too. The types differ in how many digits they have and in how they are rounded for EEEE.
absl::StatusOr<std::string> format_number_pattern(const Numeric& v, std::string_view pattern);
absl::StatusOr<std::string> format_number_pattern(int32_t v, std::string_view pattern);
absl::StatusOr<std::string> format_number_pattern(float v, std::string_view pattern);
absl::StatusOr<std::string> format_number_pattern(double v, std::string_view pattern);

/// The fields `pattern` reads from `text`; has_zone = an offset was among them (fields.zone, west).
absl::StatusOr<DateTimeFields> parse_datetime_pattern(std::string_view text, std::string_view pattern, bool* has_zone);
absl::StatusOr<Numeric> parse_number_pattern(std::string_view text, std::string_view pattern);

}  // namespace troupe
