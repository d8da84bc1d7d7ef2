#pragma once
/// Reads commits: recovery from the checkpoint on, subscribers and replicas behind the writer.
/// Owner: one thread each; any number of readers beside one writer.
#include <optional>

#include "schemas/log_generated.h"
#include "storage/log/frame_cursor.hpp"

namespace troupe {

/// Where each retained segment's SCNs begin, so that a reader finds its place with one binary search.
/// Owner: one log_reader actor; refresh() when segments were added or released.
class LogIndex {
 public:
  LogIndex(FileSystem& files, std::string directory) : files_{files}, directory_{std::move(directory)} {}

  /// Reads the first frame of each segment that is new, up to the durable position. Errors: kDataCorrupted, I/O.
  absl::Status refresh(LogPosition durable);

  struct Entry {
    SegmentId segment;
    Scn before = kNoScn;  ///< commits up to this SCN begin in earlier segments
  };
  const std::vector<Entry>& entries() const { return entries_; }
  /// A reader that has seen everything up to this SCN (or a later one) finds all the rest.
  Scn earliest() const { return entries_.empty() ? kNoScn : entries_.front().before; }
  /// The segment in which the first commit behind `after` begins.
  /// Errors: kSnapshotTooOld, naming earliest(), when it has been released.
  absl::StatusOr<SegmentId> find(Scn after) const;
  /// The segment that holds `position`. Errors: kSnapshotTooOld.
  absl::StatusOr<SegmentId> find_position(LogPosition position) const;

 private:
  absl::StatusOr<bool> add(const SegmentId& segment, LogPosition durable);

  FileSystem& files_;
  std::string directory_;
  std::vector<Entry> entries_;  ///< ascending
};

struct LogRecord {
  LogPosition position = 0;
  LogPosition end = 0;  ///< resume here
  LogRecordKind kind = LogRecordKind::commit;
  Scn scn = kNoScn;
  std::string_view payload;  ///< 8-byte aligned; valid until the reader moves
};

class LogReader {
 public:
  LogReader(FileSystem& files, std::string directory) : files_{files}, cursor_{files, std::move(directory)} {}

  /// To a record's position or end, in `segment` (LogIndex::find_position).
  absl::Status seek(const SegmentId& segment, LogPosition position);
  /// To the first commit with a larger SCN (LogIndex::find).
  absl::Status seek_behind(const SegmentId& segment, Scn after);

  /// The next commit, part or checkpoint before the durable position; none when all of them were read.
  /// Errors: kDataCorrupted (file, offset, hint); kSnapshotTooOld when the segment was released meanwhile; I/O.
  absl::StatusOr<std::optional<LogRecord>> next(LogPosition durable);
  /// The same with bulk records, and with nothing else.
  absl::StatusOr<std::optional<LogRecord>> next_bulk(LogPosition durable);

  /// Behind the last record that was read.
  LogPosition position() const { return cursor_.position(); }

 private:
  absl::StatusOr<std::optional<LogRecord>> next_of(bool bulk, LogPosition durable);
  absl::Status explain(FrameCursor::State state) const;

  FileSystem& files_;
  FrameCursor cursor_;
  Scn skip_up_to_ = kNoScn;
};

/// The record's transaction. Errors: kDataCorrupted, when the verified bytes hold no Commit after all.
absl::StatusOr<const schema::Commit*> read_commit(const LogRecord& record);
absl::StatusOr<const schema::CheckpointMark*> read_checkpoint_mark(const LogRecord& record);
absl::StatusOr<const schema::Bulk*> read_bulk(const LogRecord& record);

}  // namespace troupe
