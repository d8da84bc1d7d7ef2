#include "runtime/settings/parameter.hpp"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "runtime/settings/parameter_table.hpp"

namespace troupe {
namespace {

struct ByLowerName {
  static std::string key(std::string_view name) { return absl::AsciiStrToLower(absl_view(name)); }
  bool operator()(const ParameterInfo& a, const ParameterInfo& b) const { return key(a.name) < key(b.name); }
};

std::vector<ParameterInfo> sorted_table() {
  std::vector<ParameterInfo> table;
  for (const auto part : {parameter_table::client_parameters(), parameter_table::planner_parameters(),
                          parameter_table::preset_parameters(), parameter_table::server_parameters()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  std::sort(table.begin(), table.end(), ByLowerName{});
  return table;
}

/// <0, 0, >0; neither side is copied, since drivers set parameters with each connection.
int compare_ignoring_case(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const auto x = static_cast<uint8_t>(absl::ascii_tolower(a[i])), y = static_cast<uint8_t>(absl::ascii_tolower(b[i]));
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

bool starts_identifier(char c) { return absl::ascii_isalpha(c) || c == '_' || static_cast<uint8_t>(c) >= 0x80; }

}  // namespace

std::span<const ParameterInfo> all_parameters() {
  static const std::vector<ParameterInfo> table = sorted_table();
  return table;
}

const ParameterInfo* find_parameter(std::string_view name) {
  const auto table = all_parameters();
  const auto at = std::lower_bound(table.begin(), table.end(), name, [](const ParameterInfo& p, std::string_view n) {
    return compare_ignoring_case(p.name, n) < 0;
  });
  return at != table.end() && compare_ignoring_case(at->name, name) == 0 ? &*at : nullptr;
}

ParameterId parameter_id(const ParameterInfo& parameter) {
  return static_cast<ParameterId>(&parameter - all_parameters().data());
}

bool is_custom_parameter_name(std::string_view name) {
  bool at_start = true;
  bool dotted = false;
  for (const char c : name) {
    if (c == '.') {
      if (at_start) return false;
      at_start = dotted = true;
    } else if (starts_identifier(c) || (!at_start && (absl::ascii_isdigit(c) || c == '$'))) {
      at_start = false;
    } else {
      return false;
    }
  }
  return dotted && !at_start;
}

std::string_view unit_name(ParameterUnit unit) {
  switch (unit) {
    case ParameterUnit::kNone: return {};
    case ParameterUnit::kBytes: return "B";
    case ParameterUnit::kKilobytes: return "kB";
    case ParameterUnit::kPages: return "8kB";
    case ParameterUnit::kMegabytes: return "MB";
    case ParameterUnit::kMilliseconds: return "ms";
    case ParameterUnit::kSeconds: return "s";
    case ParameterUnit::kMinutes: return "min";
  }
  return {};
}

absl::Status unknown_parameter(std::string_view name) {
  return error(ErrorCode::kUndefinedObject, "unrecognized configuration parameter \"", name, "\"");
}

absl::Status invalid_parameter_value(std::string_view name, std::string_view value) {
  return error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"", name, "\": \"", value, "\"");
}

}  // namespace troupe
