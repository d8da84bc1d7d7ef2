#pragma once
/// What `troupe inspect log` shows. Changes nothing on the disk, and goes on where recovery would refuse.
#include <functional>

#include "storage/log/recovery.hpp"

namespace troupe {

/// One line: position, kind, SCN, length, batch.
std::string describe(const LogFrame& frame);

struct InspectOptions {
  LogPosition from = 0;           ///< 0: the oldest
  uint64_t lines_max = 0;         ///< 0: all
  LogPosition known_durable = 0;  ///< as in LogScanOptions
  bool with_padding = false;
};

/// A line per segment, record and problem, and at last where the log ends and why, or what is damaged.
/// Errors: those that make it impossible to read on (a segment's header or size, I/O).
absl::Status inspect_log(FileSystem& files, const std::string& directory, const InspectOptions& options,
                         const std::function<void(std::string_view)>& line);

}  // namespace troupe
