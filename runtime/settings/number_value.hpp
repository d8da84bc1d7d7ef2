#pragma once
/// Numbers with units, as PostgreSQL reads and writes them. Only for runtime/settings.
#include <string>
#include <string_view>

#include "runtime/settings/parameter.hpp"

namespace troupe {

/// Errors: 22023.
absl::StatusOr<std::string> canonical_integer(const ParameterInfo& parameter, std::string_view given_name,
                                              std::string_view text);
absl::StatusOr<std::string> canonical_real(const ParameterInfo& parameter, std::string_view given_name,
                                           std::string_view text);
/// With the largest unit that divides it.
std::string display_integer(ParameterUnit unit, int64_t value);
std::string display_real(ParameterUnit unit, double value);

}  // namespace troupe
