#pragma once
/// Gathers records into batches while the batch before is being written: group commit.
///
/// The owner appends; whenever no batch is in flight and something is queued it takes the batch, lets another thread
/// write() it (log_writer.hpp), and gives it back with finished(). Pure memory: no file is touched here.
/// Invariant: frames lie in SCN order; every frame of a batch names the batch's start.
/// Owner: one actor or one mutex; calls never overlap.
#include "storage/log/recovery.hpp"

namespace troupe {

/// Bytes that belong together: one write per piece, then a sync.
struct LogBatch {
  struct Piece {
    SegmentId segment;
    LogPosition position;  ///< in `segment`, sector-aligned
    uint64_t offset;       ///< in `bytes`
    uint64_t size_bytes;
  };
  LogPosition start = 0;
  LogPosition end = 0;    ///< once this batch is durable, so is everything before here
  Scn last_scn = kNoScn;  ///< the newest commit that is whole in here or before
  uint32_t record_count = 0;
  std::vector<Piece> pieces;
  std::string bytes;
};

class LogAppender {
 public:
  LogAppender(const LogTail& tail, const LogOptions& options);

  /// Queues a record; returns the position behind it: it is durable once durable_position() is not smaller.
  /// SCNs of commits ascend; the parts of one transaction share theirs and nothing else comes between them.
  /// Errors: kConfigurationLimitExceeded (limits.log_queued_bytes_max), kProgramLimitExceeded (log.record_bytes_max), and
  /// once fenced that error.
  absl::StatusOr<LogPosition> append(LogRecordKind kind, Scn scn, std::string_view payload);
  /// After a pause (or, `closed`, before a clean stop) when needs_mark(): see format.hpp, THE END.
  absl::StatusOr<LogPosition> append_mark(bool closed);
  /// The last record that was appended is not yet proven durable by a later one (and is no part that needs others).
  bool needs_mark() const { return !last_is_mark_ && !in_parts_; }

  /// Never once fenced: what is queued must not be written behind a batch that was not.
  bool has_queued() const { return fence_.ok() && !batch_.pieces.empty(); }
  bool in_flight() const { return in_flight_; }
  /// Needs has_queued() and !in_flight().
  LogBatch take_batch();
  /// The batch came back. A failure fences the appender: what is queued and all that follows gets this error.
  void finished(LogBatch batch, const absl::Status& result);
  /// As after a failed batch: nothing is appended any more.
  void refuse(const absl::Status& why) { fence_ = why; }

  /// Everything before is on the disk.
  LogPosition durable_position() const { return durable_position_; }
  Scn durable_scn() const { return durable_scn_; }
  /// Behind the newest record.
  LogPosition end() const { return next_; }
  Scn last_scn() const { return last_scn_; }
  uint64_t queued_bytes() const { return batch_.bytes.size() + in_flight_bytes_; }
  const absl::Status& fence() const { return fence_; }

  void check_invariants() const;

 private:
  void open_piece();
  void make_room(uint64_t bytes);
  void put_frame(LogRecordKind kind, uint8_t flags, Scn scn, std::string_view payload);
  void put_padding(LogPosition end);
  absl::Status check_append(std::string_view payload) const;

  LogOptions options_;
  SegmentId segment_;  ///< holds next_
  LogPosition next_;
  LogPosition durable_position_;
  Scn last_scn_;   ///< of the newest commit or part
  Scn whole_scn_;  ///< of the newest whole commit
  Scn durable_scn_;
  bool in_parts_ = false;  ///< the newest commit lacks its last part
  bool last_is_mark_ = true;
  LogBatch batch_;           ///< being gathered
  std::string spare_bytes_;  ///< of the last batch, to be used again
  bool in_flight_ = false;
  uint64_t in_flight_bytes_ = 0;
  absl::Status fence_;
};

}  // namespace troupe
