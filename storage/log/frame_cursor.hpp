#pragma once
/// Walks over the frames of a log, segment by segment, in chunks. What a bad frame means is for its user to say.
#include "storage/log/segment_files.hpp"

namespace troupe {

struct LogFrame {
  LogPosition position = 0;
  LogPosition end = 0;  ///< of the frame; the next one may begin later (next segment)
  LogPosition batch_start = 0;
  LogRecordKind kind = LogRecordKind::mark;
  uint8_t flags = 0;
  Scn scn = kNoScn;
  std::string_view payload;  ///< 8-byte aligned; valid until the cursor moves; empty for padding
};

class FrameCursor {
 public:
  enum class State : uint8_t {
    frame,  ///< frame() is the next one
    limit,  ///< everything before the limit was read
    bad,    ///< problem() says what is wrong at position()
    absent  ///< the segment that begins at position() does not exist
  };

  FrameCursor(FileSystem& files, std::string directory) : files_{files}, directory_{std::move(directory)} {}

  /// A planted bug: a frame counts by its header alone.
  void trust_payloads() { trusts_payloads_ = true; }

  /// To a frame's position (or an end) in the segment that begins at `segment_first`.
  /// Errors: kUndefinedFile, kDataCorrupted, I/O.
  absl::Status seek(LogPosition segment_first, LogPosition position);
  /// Reads the frame at position(), if that is before `limit`, and moves behind it. A state other than frame moves
  /// nothing, so it may be called again. Errors: I/O.
  absl::StatusOr<State> next(LogPosition limit);

  const LogFrame& frame() const { return frame_; }
  const std::string& problem() const { return problem_; }
  LogPosition position() const { return position_; }
  const SegmentId& segment() const { return segment_.id; }
  const std::string& directory() const { return directory_; }
  std::string path() const { return join_path(directory_, segment_name(segment_.id.first)); }

  /// kDataCorrupted: file, offset, problem and a hint.
  absl::Status corruption(std::string_view problem) const;

 private:
  /// Bytes of the segment from position_ on: at least `size` unless the segment or file ends, and more only up to
  /// `limit`, because what is behind it may still change.
  absl::StatusOr<std::string_view> load(uint64_t size, LogPosition limit);
  absl::StatusOr<State> enter_next_segment(LogPosition limit);

  FileSystem& files_;
  std::string directory_;
  OpenSegment segment_;
  LogPosition position_ = 0;
  LogFrame frame_;
  std::string problem_;
  std::vector<uint64_t> chunk_;  ///< words, so that payloads are aligned
  LogPosition chunk_begin_ = 0;
  LogPosition chunk_end_ = 0;
  bool trusts_payloads_ = false;
};

}  // namespace troupe
