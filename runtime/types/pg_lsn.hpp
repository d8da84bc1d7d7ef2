#pragma once
/// pg_lsn: a position in a log, as "0/16B3748". Below 2^63, which no log reaches.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

/// Errors: 22P02; 22003 from 2^63 on.
absl::StatusOr<int64_t> parse_pg_lsn(std::string_view text);
std::string format_pg_lsn(uint64_t lsn);

}  // namespace troupe
