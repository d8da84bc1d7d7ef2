#pragma once
/// Zones by name, for datetime input and AT TIME ZONE. (find_time_zone() in eval_context.hpp is what SET takes.)
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "storage/base/error.hpp"

namespace troupe {

/// EST, CEST, Z ...: seconds east of UTC.
std::optional<int> zone_abbreviation_east_s(std::string_view name);
/// An IANA name in any common spelling, or POSIX ("UTC+3" lies west).
std::optional<absl::TimeZone> find_named_zone(std::string_view name);
/// What AT TIME ZONE takes. Errors: 22023 `time zone "x" not recognized`.
absl::StatusOr<absl::TimeZone> find_zone_for_at(std::string_view name);
/// Seconds west of UTC that are in force at a local time.
int32_t zone_west_s_of_local(int64_t local_timestamp, const absl::TimeZone& zone);

}  // namespace troupe
