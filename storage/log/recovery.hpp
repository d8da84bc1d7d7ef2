#pragma once
/// Finding the log's end after a crash, and making it a place where writing may go on. format.hpp has the reasoning.
#include <vector>

#include "storage/log/frame_cursor.hpp"

namespace troupe {

struct LogScanOptions {
  LogPosition scan_from = 0;      ///< a frame's position or end (the checkpoint's); 0: the oldest segment
  LogPosition known_durable = 0;  ///< a bad frame before this is damage for sure
  bool must_exist = false;        ///< a log without segments is damage for sure
  uint64_t new_log_id = 0;        ///< open_log(): random, for a log that does not exist yet; not 0
  bool trusts_payloads = false;   ///< a planted bug (FrameCursor)
};

/// What a scan found. Nothing on the disk has been changed.
struct LogScan {
  std::vector<SegmentId> segments;  ///< ascending; empty: there is no log
  LogPosition start = 0;            ///< of the oldest frame that is retained
  LogPosition end = 0;              ///< behind the last record that counts
  Scn last_scn = kNoScn;            ///< of the last whole commit before `end`; kNoScn when none was scanned
  LogPosition doubtful_from = 0;    ///< [this, end) is readable and perhaps not on the disk
  bool closed = false;              ///< the last record is that of a clean stop
  uint64_t record_count = 0;
  std::string cut_because;  ///< why the log ends at `end`; empty: nothing follows
  /// Intact frames behind `end` that must not come back to life.
  struct Stale {
    LogPosition position;
    LogPosition end;
    LogPosition batch_start;
  };
  std::vector<Stale> stale;
};

/// Errors: kDataCorrupted with file, offset and hint; I/O.
absl::StatusOr<LogScan> scan_log(FileSystem& files, const std::string& directory, const LogScanOptions& options);

/// Where the log goes on.
struct LogTail {
  SegmentId segment;    ///< holds `end`, or ends there
  LogPosition end = 0;  ///< sector-aligned, all before it is durable
  Scn last_scn = kNoScn;
};

struct OpenedLog {
  LogTail tail;
  LogPosition start = 0;
  bool was_closed = false;  ///< the last run stopped cleanly
  uint64_t record_count = 0;
  std::string cut_because;
  std::vector<SegmentId> segments;
};

/// Scans, cuts what must be cut, makes the rest durable; makes a new log in an empty directory.
/// Errors: as scan_log(); kInvalidParameterValue; kDiskFull.
absl::StatusOr<OpenedLog> open_log(FileSystem& files, const std::string& directory, const LogOptions& options,
                                   const LogScanOptions& scan);

}  // namespace troupe
