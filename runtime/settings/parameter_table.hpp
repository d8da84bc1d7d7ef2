#pragma once
/// How the tables of parameters are written, and their parts. Only for runtime/settings.
#include <limits>
#include <span>
#include <string_view>

#include "runtime/settings/parameter.hpp"

namespace troupe::parameter_table {

inline constexpr double kIntMax = std::numeric_limits<int32_t>::max();
inline constexpr double kRealMax = std::numeric_limits<double>::max();

// pg_settings.category
inline constexpr std::string_view kArchiving = "Write-Ahead Log / Archiving";
inline constexpr std::string_view kAsynchronous = "Resource Usage / Asynchronous Behavior";
inline constexpr std::string_view kAuthentication = "Connections and Authentication / Authentication";
inline constexpr std::string_view kAutovacuum = "Autovacuum";
inline constexpr std::string_view kCheckpoints = "Write-Ahead Log / Checkpoints";
inline constexpr std::string_view kConnection = "Connections and Authentication / Connection Settings";
inline constexpr std::string_view kCumulative = "Statistics / Cumulative Query and Index Statistics";
inline constexpr std::string_view kDeveloper = "Developer Options";
inline constexpr std::string_view kDisk = "Resource Usage / Disk";
inline constexpr std::string_view kErrorHandling = "Error Handling";
inline constexpr std::string_view kFiles = "File Locations";
inline constexpr std::string_view kGenetic = "Query Tuning / Genetic Query Optimizer";
inline constexpr std::string_view kLocale = "Client Connection Defaults / Locale and Formatting";
inline constexpr std::string_view kLocks = "Lock Management";
inline constexpr std::string_view kLogSettings = "Write-Ahead Log / Settings";
inline constexpr std::string_view kLogWhat = "Reporting and Logging / What to Log";
inline constexpr std::string_view kLogWhen = "Reporting and Logging / When to Log";
inline constexpr std::string_view kLogWhere = "Reporting and Logging / Where to Log";
inline constexpr std::string_view kMemory = "Resource Usage / Memory";
inline constexpr std::string_view kMonitoring = "Statistics / Monitoring";
inline constexpr std::string_view kOtherDefaults = "Client Connection Defaults / Other Defaults";
inline constexpr std::string_view kOtherPlatforms = "Version and Platform Compatibility / Other Platforms and Clients";
inline constexpr std::string_view kPlannerCosts = "Query Tuning / Planner Cost Constants";
inline constexpr std::string_view kPlannerMethods = "Query Tuning / Planner Method Configuration";
inline constexpr std::string_view kPlannerOther = "Query Tuning / Other Planner Options";
inline constexpr std::string_view kPreload = "Client Connection Defaults / Shared Library Preloading";
inline constexpr std::string_view kPreset = "Preset Options";
inline constexpr std::string_view kPreviousVersions =
    "Version and Platform Compatibility / Previous PostgreSQL Versions";
inline constexpr std::string_view kPrimary = "Replication / Primary Server";
inline constexpr std::string_view kProcessTitle = "Reporting and Logging / Process Title";
inline constexpr std::string_view kSending = "Replication / Sending Servers";
inline constexpr std::string_view kStandby = "Replication / Standby Servers";
inline constexpr std::string_view kStatement = "Client Connection Defaults / Statement Behavior";
inline constexpr std::string_view kTls = "Connections and Authentication / SSL";
inline constexpr std::string_view kVacuumDelay = "Resource Usage / Cost-Based Vacuum Delay";

constexpr ParameterInfo boolean(std::string_view name, ParameterContext context, std::string_view value,
                                std::string_view category, std::string_view description) {
  return {.name = name,
          .type = ParameterType::kBool,
          .context = context,
          .default_value = value,
          .category = category,
          .description = description};
}
constexpr ParameterInfo string(std::string_view name, ParameterContext context, std::string_view value,
                               std::string_view category, std::string_view description) {
  return {.name = name,
          .type = ParameterType::kString,
          .context = context,
          .default_value = value,
          .category = category,
          .description = description};
}
constexpr ParameterInfo choice(std::string_view name, ParameterContext context, std::string_view value,
                               std::string_view choices, std::string_view category, std::string_view description) {
  return {.name = name,
          .type = ParameterType::kEnum,
          .context = context,
          .default_value = value,
          .choices = choices,
          .category = category,
          .description = description};
}
constexpr ParameterInfo integer(std::string_view name, ParameterContext context, std::string_view value,
                                ParameterUnit unit, double minimum, double maximum, std::string_view category,
                                std::string_view description) {
  return {.name = name,
          .type = ParameterType::kInteger,
          .context = context,
          .unit = unit,
          .minimum = minimum,
          .maximum = maximum,
          .default_value = value,
          .category = category,
          .description = description};
}
constexpr ParameterInfo real(std::string_view name, ParameterContext context, std::string_view value,
                             ParameterUnit unit, double minimum, double maximum, std::string_view category,
                             std::string_view description) {
  return {.name = name,
          .type = ParameterType::kReal,
          .context = context,
          .unit = unit,
          .minimum = minimum,
          .maximum = maximum,
          .default_value = value,
          .category = category,
          .description = description};
}

std::span<const ParameterInfo> client_parameters();
std::span<const ParameterInfo> planner_parameters();
std::span<const ParameterInfo> preset_parameters();
std::span<const ParameterInfo> server_parameters();

}  // namespace troupe::parameter_table
