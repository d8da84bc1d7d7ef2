#pragma once
/// What is kept beside the log: where recovery may start, and how far the log reached at least.
#include "storage/file/file_system.hpp"
#include "storage/log/format.hpp"

namespace troupe {

struct RecoveryPoint {
  Scn scn = kNoScn;          ///< every partition's checkpoint covers it
  LogPosition position = 0;  ///< recovery may start scanning here; 0: at the oldest segment
  LogPosition reached = 0;   ///< a log that ends before this has lost something; at a clean stop this is its end
  std::string problem = {};  ///< why what was kept is not used; empty: it is, or nothing was kept
};

/// A damaged file is no error: it only saves scanning, and says what else may be missing.
absl::StatusOr<RecoveryPoint> read_recovery_point(FileSystem& files, const std::string& data_directory);
/// Durable; on a full disk in place: should that be torn, recovery reads all of the log.
absl::Status write_recovery_point(FileSystem& files, const std::string& data_directory, const RecoveryPoint& point);

}  // namespace troupe
