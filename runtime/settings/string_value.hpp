#pragma once
/// Checks of parameters whose values are more than a word or a number. Only for runtime/settings.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "runtime/settings/parameter.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

/// "ISO, MDY"; what `text` leaves open is as in `current`. Errors: 22023 with detail.
absl::StatusOr<std::string> canonical_date_style(std::string_view text, std::string_view current);
void decode_date_style(std::string_view canonical, DateOutput* output, DateOrder* order);

/// The zone's own spelling, or `<+05>-05` for an offset. Errors: 22023.
absl::StatusOr<std::string> canonical_time_zone(std::string_view text);
absl::TimeZone decode_time_zone(std::string_view canonical);

/// Identifiers separated by commas, folded to lower case unless quoted; nothing when the syntax is wrong.
std::optional<std::vector<std::string>> split_identifiers(std::string_view text);
/// In double quotes unless it is a plain lower-case identifier.
std::string quote_list_element(std::string_view name);

/// Any string parameter. Errors: as canonical_value().
absl::StatusOr<std::string> canonical_string(const ParameterInfo& parameter, std::string_view text,
                                             std::string_view current);

}  // namespace troupe
