#include "runtime/settings/number_value.hpp"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace troupe {
namespace {

struct UnitStep {
  std::string_view name;
  double size;  ///< in bytes or in microseconds
};
/// Largest first.
constexpr UnitStep kMemoryUnits[] = {
    {"TB", 1099511627776.0}, {"GB", 1073741824.0}, {"MB", 1048576.0}, {"kB", 1024.0}, {"B", 1.0}};
constexpr UnitStep kTimeUnits[] = {{"d", 86'400e6}, {"h", 3'600e6}, {"min", 60e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}};

bool counts_time(ParameterUnit unit) { return unit >= ParameterUnit::kMilliseconds; }

std::span<const UnitStep> steps_of(ParameterUnit unit) {
  if (counts_time(unit)) return kTimeUnits;
  return kMemoryUnits;
}

double base_size(ParameterUnit unit) {
  switch (unit) {
    case ParameterUnit::kNone:
    case ParameterUnit::kBytes: return 1;
    case ParameterUnit::kKilobytes: return 1024;
    case ParameterUnit::kPages: return 8192;
    case ParameterUnit::kMegabytes: return 1048576;
    case ParameterUnit::kMilliseconds: return 1e3;
    case ParameterUnit::kSeconds: return 1e6;
    case ParameterUnit::kMinutes: return 60e6;
  }
  return 1;
}

/// A number in the parameter's unit, or why not: a hint, empty when there is nothing more to say.
struct Parsed {
  std::optional<double> value;
  std::string_view hint;
};

Parsed with_unit(double number, std::string_view unit, ParameterUnit base) {
  if (unit.empty()) return {number, {}};
  if (base == ParameterUnit::kNone) return {};
  const auto steps = steps_of(base);
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].name != unit) continue;
    double value = number * steps[i].size / base_size(base);
    if (number != std::rint(number) && i + 1 < steps.size()) {
      // 30.1GB is a whole number of MB: SHOW then prints something short.
      const double finer = steps[i + 1].size / base_size(base);
      value = std::rint(value / finer) * finer;
    }
    return {value, {}};
  }
  return {std::nullopt, counts_time(base)
                            ? R"(Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".)"
                            : R"(Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".)"};
}

/// Integers may be written in hexadecimal and octal, as in C.
Parsed parse_number(std::string_view text, ParameterUnit unit, bool integer) {
  const std::string owned(text);
  const char* begin = owned.c_str();
  char* end = nullptr;
  errno = 0;
  double number = integer ? static_cast<double>(std::strtol(begin, &end, 0)) : std::strtod(begin, &end);
  if (integer && (*end == '.' || *end == 'e' || *end == 'E' || errno == ERANGE)) {
    errno = 0;
    number = std::strtod(begin, &end);
  }
  if (end == begin || errno == ERANGE || std::isnan(number)) return {};
  const auto rest = absl::StripAsciiWhitespace(absl::string_view(end));
  return with_unit(number, std_view(rest), unit);
}

absl::Status with_given_hint(absl::Status status, std::string_view hint) {
  return hint.empty() ? status : with_hint(std::move(status), std::string(hint));
}

absl::Status out_of_range(const ParameterInfo& parameter, std::string_view given_name, double value) {
  const std::string unit = parameter.unit == ParameterUnit::kNone ? std::string() : cat(" ", unit_name(parameter.unit));
  const auto print = [&](double v) {
    return parameter.type == ParameterType::kInteger ? absl::StrFormat("%.0f", v) : absl::StrFormat("%g", v);
  };
  return error(ErrorCode::kInvalidParameterValue, print(value), unit, " is outside the valid range for parameter \"",
               given_name, "\" (", print(parameter.minimum), " .. ", print(parameter.maximum), ")");
}

}  // namespace

absl::StatusOr<std::string> canonical_integer(const ParameterInfo& parameter, std::string_view given_name,
                                              std::string_view text) {
  const Parsed parsed = parse_number(text, parameter.unit, /*integer=*/true);
  if (!parsed.value) return with_given_hint(invalid_parameter_value(given_name, text), parsed.hint);
  const double value = std::rint(*parsed.value);
  if (value > INT32_MAX || value < INT32_MIN) {
    return with_hint(invalid_parameter_value(given_name, text), "Value exceeds integer range.");
  }
  if (value < parameter.minimum || value > parameter.maximum) return out_of_range(parameter, given_name, value);
  return absl::StrFormat("%.0f", value == 0 ? 0.0 : value);  // never "-0"
}

absl::StatusOr<std::string> canonical_real(const ParameterInfo& parameter, std::string_view given_name,
                                           std::string_view text) {
  const Parsed parsed = parse_number(text, parameter.unit, /*integer=*/false);
  if (!parsed.value) return with_given_hint(invalid_parameter_value(given_name, text), parsed.hint);
  const double value = *parsed.value;
  if (value < parameter.minimum || value > parameter.maximum) return out_of_range(parameter, given_name, value);
  return absl::StrFormat("%g", value == 0 ? 0.0 : value);
}

std::string display_integer(ParameterUnit unit, int64_t value) {
  if (unit == ParameterUnit::kNone || value <= 0) return cat(value);
  const auto amount = static_cast<int64_t>(base_size(unit)) * value;
  for (const UnitStep& step : steps_of(unit)) {
    const auto size = static_cast<int64_t>(step.size);
    if (amount % size == 0) return cat(amount / size, step.name);
  }
  return cat(value);
}

std::string display_real(ParameterUnit unit, double value) {
  if (unit == ParameterUnit::kNone || value <= 0) return absl::StrFormat("%g", value);
  double amount = value;
  std::string_view name;
  for (const UnitStep& step : steps_of(unit)) {
    amount = value * base_size(unit) / step.size;
    name = step.name;
    if (amount > 0 && std::fabs(std::rint(amount) / amount - 1.0) <= 1e-8) break;
  }
  return cat(absl::StrFormat("%g", amount), name);
}

}  // namespace troupe
