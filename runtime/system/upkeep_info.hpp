#pragma once
/// Rows of sys.scrub, sys.damage and sys.recovery: what the node does for its files.
#include <cstdint>
#include <optional>
#include <string>

#include "storage/base/ids.hpp"

namespace troupe {

/// A partition's data file, or the log, and how far the scrubber is with it.
struct ScrubInfo {
  std::string file;
  std::optional<PartitionId> partition;  ///< none: the log
  uint64_t round = 0;                    ///< from 1
  std::string state;                     ///< running, done, failed
  std::optional<int64_t> started_us, finished_us;
  uint64_t pages = 0;  ///< of the log: records
  uint64_t bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t damaged = 0;
};

/// Something on the disk that is not whole.
struct DamageInfo {
  uint64_t id = 0;
  int64_t at_us = 0;
  std::string file;
  std::optional<PartitionId> partition;
  uint64_t at_byte = 0, bytes = 0;
  std::string schema, relation;  ///< empty: of none, or of one that is gone
  std::string problem;
};

/// A step of recovery: of the last start, or of a partition that was built anew since.
struct RecoveryInfo {
  uint64_t id = 0;
  std::string step;
  std::optional<PartitionId> partition;
  std::string state;  ///< running, done, failed
  int64_t started_us = 0;
  double duration_ms = 0;
  uint64_t bytes = 0, total_bytes = 0;  ///< of the log
  uint64_t commits = 0;
  std::string error;
};

}  // namespace troupe
