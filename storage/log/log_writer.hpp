#pragma once
/// Puts batches on the disk. Blocking. Owner: one detached thread.
#include <deque>
#include <optional>

#include "storage/log/log_appender.hpp"

namespace troupe {

class LogWriter {
 public:
  LogWriter(FileSystem& files, std::string directory, const OpenedLog& opened, const LogOptions& options);

  /// Adopts the directory as open_log() left it.
  absl::Status start();
  /// Writes and syncs. When it fails before a byte was written (no space for a new segment) the writer is not fenced
  /// and the same batch may be tried again; any other failure fences it.
  absl::Status write(const LogBatch& batch);
  /// What the first failed write or sync said; every later write() returns it. There is no way back but recovery.
  const absl::Status& fenced() const { return fenced_; }

  /// Makes the next segment in advance once the current one is more than half full; call it when idle. A failure is
  /// harmless: write() tries again when it needs the segment.
  absl::Status prepare_next();
  /// The same a piece at a time, for when there is no idle moment: call it after each write. It is through with the next
  /// segment before the current one is full, so no write has to wait for it to be allocated.
  absl::Status prepare_piece();
  /// The same after it failed, which else is not tried again before write() needs the segment.
  absl::Status prepare_again() {
    prepare_failed_in_.reset();
    return prepare_piece();
  }
  /// Releases the segments that end at or before `position`. A failure is harmless and may be tried again.
  absl::Status release(LogPosition position);

  /// Of the oldest retained byte.
  LogPosition start_position() const { return segments_.front().begin(); }
  /// Ascending; the last ones may be empty.
  const std::deque<SegmentId>& segments() const { return segments_; }

 private:
  absl::Status add_segment(const SegmentId& id);
  absl::Status fence(absl::Status why);
  absl::Status write_piece(const LogBatch& batch, const LogBatch::Piece& piece);
  absl::StatusOr<File*> file_of(LogPosition first) const;
  absl::Status grow_spare_by_use(double used);

  FileSystem& files_;
  std::string directory_;
  LogOptions options_;
  SegmentFiles segment_files_;
  std::deque<SegmentId> segments_;
  std::deque<OpenSegment> open_;  ///< the one written to, and those behind it
  LogPosition written_ = 0;
  std::optional<LogPosition> prepare_failed_in_;  ///< this segment, in which it is not tried again
  absl::Status fenced_;
};

}  // namespace troupe
