#pragma once
/// Configuration parameters: what PostgreSQL 15 calls them, which values they take and who may set them. The table is
/// fixed; values live in SessionParameters (session_parameters.hpp) and ParameterDefaults.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

enum class ParameterType : uint8_t { kBool, kInteger, kReal, kString, kEnum };

/// Who may change it, and when.
enum class ParameterContext : uint8_t {
  kInternal,   ///< nobody: it tells what the server is
  kRestart,    ///< the configuration file, before a start
  kReload,     ///< the configuration file, at any time
  kBackend,    ///< the client, when it connects
  kSuperuser,  ///< a superuser, at any time
  kUser,       ///< anybody, at any time
};

/// What a number without a unit counts, and with which units it may be written.
enum class ParameterUnit : uint8_t {
  kNone,
  kBytes,
  kKilobytes,
  kPages /* of 8 kB */,
  kMegabytes,
  kMilliseconds,
  kSeconds,
  kMinutes
};

struct ParameterInfo {
  std::string_view name = {};  ///< as SHOW ALL spells it; looked up in any case
  ParameterType type = ParameterType::kString;
  ParameterContext context = ParameterContext::kUser;
  ParameterUnit unit = ParameterUnit::kNone;
  double minimum = 0;
  double maximum = 0;
  std::string_view default_value = {};  ///< canonical: numbers in `unit`
  std::string_view choices = {};        ///< of an enum: "a, b, c"
  std::string_view category = {};
  std::string_view description = {};
  bool reported = false;       ///< the client is told of every change (ParameterStatus)
  bool hidden = false;         ///< left out by SHOW ALL and pg_settings
  bool kept_on_reset = false;  ///< RESET ALL leaves it alone

  // For the tables.
  constexpr ParameterInfo report() const { return with(&ParameterInfo::reported); }
  constexpr ParameterInfo hide() const { return with(&ParameterInfo::hidden); }
  constexpr ParameterInfo keep_on_reset() const { return with(&ParameterInfo::kept_on_reset); }

 private:
  constexpr ParameterInfo with(bool ParameterInfo::*flag) const {
    ParameterInfo copy = *this;
    copy.*flag = true;
    return copy;
  }
};

/// Position in all_parameters(), or from there on a custom parameter's ("myapp.user_id") in its session.
using ParameterId = uint16_t;

/// Ordered by lower-case name, as SHOW ALL.
std::span<const ParameterInfo> all_parameters();
/// By name in any case; null when there is none.
const ParameterInfo* find_parameter(std::string_view name);
ParameterId parameter_id(const ParameterInfo& parameter);

/// "myapp.user_id": identifiers joined by dots, which anybody may set.
bool is_custom_parameter_name(std::string_view name);

/// The value in its canonical form: a number in the parameter's unit, "on" or "off", an enum's spelling, a DateStyle
/// in full. `given_name` is the name as the client wrote it, `current` the value in force, which a DateStyle completes.
/// Errors: 22023 with PostgreSQL's message, detail and hint; 0A000 for a value PostgreSQL has and Troupe has not.
absl::StatusOr<std::string> canonical_value(const ParameterInfo& parameter, std::string_view given_name,
                                            std::string_view text, std::string_view current = {});

/// A canonical value as SHOW prints it: numbers with the largest unit that divides them ("1min", "64MB").
std::string display_value(const ParameterInfo& parameter, std::string_view canonical);

/// pg_settings.unit: "ms", "8kB" ...; empty when there is none.
std::string_view unit_name(ParameterUnit unit);

/// Errors, with PostgreSQL's wording.
absl::Status unknown_parameter(std::string_view name);                                ///< 42704
absl::Status invalid_parameter_value(std::string_view name, std::string_view value);  ///< 22023

}  // namespace troupe
