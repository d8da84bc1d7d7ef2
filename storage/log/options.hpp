#pragma once
/// The log's limits; their names in config/ are log.<name>.
#include "storage/log/format.hpp"

namespace troupe {

struct LogOptions {
  uint64_t segment_bytes = 64ull << 20;
  uint32_t record_bytes_max = 16u << 20;      ///< payload; larger transactions are several parts
  uint64_t queued_bytes_max = 64ull << 20;    ///< appended and not yet durable
  uint32_t spare_segments_max = 2;            ///< released segments kept for reuse
  bool synced = true;                         ///< false is a planted bug (storage/base/planted_bug.hpp)
  uint64_t retention_bytes_max = 1ull << 30;  ///< what slow subscribers may hold back
};

/// Errors: kInvalidParameterValue, naming the option.
absl::Status check_options(const LogOptions& options);

/// Everything before this position may be released: recovery needs the log from `checkpoint` on, subscribers from
/// `subscribers` on, but no subscriber holds back more than retention_bytes_max.
LogPosition keep_from(LogPosition checkpoint, LogPosition subscribers, LogPosition end, const LogOptions& options);

}  // namespace troupe
