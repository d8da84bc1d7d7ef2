#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "runtime/settings/number_value.hpp"
#include "runtime/settings/parameter.hpp"
#include "runtime/settings/string_value.hpp"

namespace troupe {
namespace {

/// Any unambiguous beginning of true, false, yes, no, on, off; or 1, 0.
std::optional<bool> parse_bool(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(absl_view(text));
  const auto begins = [&](std::string_view word, size_t least) {
    return lower.size() >= least && word.starts_with(lower);
  };
  if (lower == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2)) return true;
  if (lower == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2)) return false;
  return std::nullopt;
}

absl::StatusOr<std::string> canonical_enum(const ParameterInfo& parameter, std::string_view given_name,
                                           std::string_view text) {
  const std::vector<absl::string_view> choices = absl::StrSplit(absl_view(parameter.choices), ", ");
  for (const absl::string_view choice : choices) {
    if (absl::EqualsIgnoreCase(choice, absl_view(text))) return std::string(choice);
  }
  // An enum that grew out of a switch still takes a switch's words, spelled out.
  const auto has = [&](absl::string_view word) {
    return std::find(choices.begin(), choices.end(), word) != choices.end();
  };
  const std::string lower = absl::AsciiStrToLower(absl_view(text));
  if (has("on") && has("off")) {
    if (lower == "true" || lower == "yes" || lower == "1") return "on";
    if (lower == "false" || lower == "no" || lower == "0") return "off";
  }
  return with_hint(invalid_parameter_value(given_name, text), cat("Available values: ", parameter.choices, "."));
}

/// Switches whose other side PostgreSQL has and Troupe has not.
absl::Status check_supported(const ParameterInfo& parameter, std::string_view value) {
  struct OnlyValue {
    std::string_view name, value;
  };
  static constexpr OnlyValue kOnly[] = {{"array_nulls", "on"},
                                        {"exit_on_error", "off"},
                                        {"standard_conforming_strings", "on"},
                                        {"transform_null_equals", "off"},
                                        {"allow_system_table_mods", "off"}};
  for (const OnlyValue& only : kOnly) {
    if (parameter.name == only.name && value != only.value) {
      return with_hint(error(ErrorCode::kFeatureNotSupported, "setting parameter \"", parameter.name, "\" to \"", value,
                             "\" is not supported"),
                       cat("Leave it at \"", only.value, "\"."));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> canonical_value(const ParameterInfo& parameter, std::string_view given_name,
                                            std::string_view text, std::string_view current) {
  switch (parameter.type) {
    case ParameterType::kBool: {
      const auto value = parse_bool(text);
      if (!value) {
        return error(ErrorCode::kInvalidParameterValue, "parameter \"", given_name, "\" requires a Boolean value");
      }
      const std::string_view word = *value ? "on" : "off";
      TROUPE_RETURN_IF_ERROR(check_supported(parameter, word));
      return std::string(word);
    }
    case ParameterType::kInteger: return canonical_integer(parameter, given_name, text);
    case ParameterType::kReal: return canonical_real(parameter, given_name, text);
    case ParameterType::kEnum: return canonical_enum(parameter, given_name, text);
    case ParameterType::kString: return canonical_string(parameter, text, current);
  }
  return std::string(text);
}

std::string display_value(const ParameterInfo& parameter, std::string_view canonical) {
  if (parameter.name == "data_directory_mode") return "0700";  // shown in octal, counted in decimal
  if (parameter.name == "seed") return "unavailable";          // as PostgreSQL has it
  if (parameter.unit == ParameterUnit::kNone) return std::string(canonical);
  if (parameter.type == ParameterType::kInteger) {
    int64_t value = 0;
    if (absl::SimpleAtoi(absl_view(canonical), &value)) return display_integer(parameter.unit, value);
  } else if (double value = 0; absl::SimpleAtod(absl_view(canonical), &value)) {
    return display_real(parameter.unit, value);
  }
  return std::string(canonical);
}

}  // namespace troupe
