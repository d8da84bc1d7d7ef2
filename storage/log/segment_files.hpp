#pragma once
/// The log's directory: which segments there are, making them, releasing them.
#include <memory>
#include <vector>

#include "storage/file/file_system.hpp"
#include "storage/log/options.hpp"

namespace troupe {

/// Opens the segment that begins at `first` and checks its header. Errors: kUndefinedFile, kDataCorrupted, I/O.
struct OpenSegment {
  SegmentId id;
  std::unique_ptr<File> file;
};
absl::StatusOr<OpenSegment> open_segment(FileSystem& files, const std::string& directory, LogPosition first,
                                         bool write);

/// The segments in ascending order; each begins where the one before ends. Errors: kDataCorrupted (a header, a missing
/// segment, one that was cut short), I/O.
absl::StatusOr<std::vector<SegmentId>> list_segments(FileSystem& files, const std::string& directory);

/// Makes and releases segments.
/// Invariant: at any crash the directory holds an uninterrupted row of segments with valid headers.
/// Owner: the log writer's thread.
class SegmentFiles {
 public:
  SegmentFiles(FileSystem& files, std::string directory, const LogOptions& options);

  /// Finds out which spares there are; removes those of another size.
  absl::Status load();
  /// A durable, preallocated, empty segment, from a spare when there is one. Errors: kDiskFull, I/O; nothing but a
  /// spare is left behind, so it may be tried again.
  absl::StatusOr<OpenSegment> create(const SegmentId& id);
  /// Turns it into a spare, or removes it when there are enough. Oldest first, one call after the other.
  absl::Status release(const SegmentId& id);

  /// Makes a spare in pieces, because allocating a whole segment takes long: the one under way becomes so large.
  /// Errors: kDiskFull, I/O; then nothing of it is left.
  absl::Status grow_spare(uint64_t size_bytes);
  uint64_t growing_bytes() const { return growing_bytes_; }

  size_t spare_count() const { return spares_.size(); }

 private:
  void drop_growing();
  std::string spare_path(uint64_t n) const { return join_path(directory_, spare_name(n)); }

  FileSystem& files_;
  std::string directory_;
  LogOptions options_;
  std::vector<uint64_t> spares_;  ///< of options_.segment_bytes each
  uint64_t next_spare_ = 1;
  std::unique_ptr<File> growing_;  ///< not yet a spare
  uint64_t growing_number_ = 0;
  uint64_t growing_bytes_ = 0;
};

}  // namespace troupe
