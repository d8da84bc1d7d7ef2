#include "storage/log/segment_files.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// A segment has its whole size before it has its name, so no crash leaves a shorter one.
absl::Status check_size(const File& file, const SegmentId& segment) {
  TROUPE_ASSIGN_OR_RETURN(const uint64_t size_bytes, file.size());
  if (size_bytes >= segment.size_bytes) return absl::OkStatus();
  return with_hint(error(ErrorCode::kDataCorrupted, "log segment \"", file.path(), "\" is ", size_bytes,
                         " bytes, its header says ", segment.size_bytes),
                   "The file was cut short, perhaps while it was copied. Restore it, or the newest backup.");
}

}  // namespace

absl::StatusOr<OpenSegment> open_segment(FileSystem& files, const std::string& directory, LogPosition first,
                                         bool write) {
  OpenSegment segment;
  const std::string path = join_path(directory, segment_name(first));
  TROUPE_ASSIGN_OR_RETURN(segment.file, files.open(path, {.write = write}));
  std::string sector(kSegmentHeaderBytes, '\0');
  TROUPE_ASSIGN_OR_RETURN(const size_t size, segment.file->read_up_to(0, sector));
  sector.resize(size);
  TROUPE_ASSIGN_OR_RETURN(segment.id, decode_segment_header(sector, path));
  if (segment.id.first != first) {
    return error(ErrorCode::kDataCorrupted, "log segment \"", path,
                 "\" at offset 0: its header says that it begins at ", segment.id.first);
  }
  return segment;
}

absl::StatusOr<std::vector<SegmentId>> list_segments(FileSystem& files, const std::string& directory) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list(directory));
  std::vector<SegmentId> segments;  // the names' order is the positions' order
  for (const std::string& name : names) {
    const auto first = parse_segment_name(name);
    if (!first) continue;
    TROUPE_ASSIGN_OR_RETURN(const OpenSegment segment, open_segment(files, directory, *first, false));
    TROUPE_RETURN_IF_ERROR(check_size(*segment.file, segment.id));
    if (!segments.empty() && (segments.back().end() != *first || segments.back().log_id != segment.id.log_id)) {
      return with_hint(error(ErrorCode::kDataCorrupted, "log segment \"", join_path(directory, name),
                             "\" does not continue the one before, which ends at ", segments.back().end()),
                       "A segment is missing or comes from another log. Restore the directory, or the newest backup.");
    }
    segments.push_back(segment.id);
  }
  return segments;
}

SegmentFiles::SegmentFiles(FileSystem& files, std::string directory, const LogOptions& options)
    : files_{files}, directory_{std::move(directory)}, options_{options} {}

absl::Status SegmentFiles::load() {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.list(directory_));
  spares_.clear();
  for (const std::string& name : names) {
    const auto number = parse_spare_name(name);
    if (!number) continue;
    next_spare_ = std::max(next_spare_, *number + 1);
    TROUPE_ASSIGN_OR_RETURN(const uint64_t size, files_.file_size(join_path(directory_, name)));
    if (size == options_.segment_bytes && spares_.size() < options_.spare_segments_max) {
      spares_.push_back(*number);
    } else {
      TROUPE_RETURN_IF_ERROR(files_.remove(join_path(directory_, name)));
    }
  }
  return absl::OkStatus();
}

absl::Status SegmentFiles::grow_spare(uint64_t size_bytes) {
  TROUPE_CHECK(size_bytes <= options_.segment_bytes);
  if (growing_ == nullptr) {
    growing_number_ = next_spare_++;
    const OpenOptions fresh{.write = true, .create = true, .truncate = true};
    TROUPE_ASSIGN_OR_RETURN(growing_, files_.open(spare_path(growing_number_), fresh));
  }
  if (absl::Status status = growing_->preallocate(size_bytes); !status.ok()) {
    drop_growing();  // what was allocated helps nobody, least of all on a full disk
    return status;
  }
  growing_bytes_ = size_bytes;
  if (size_bytes < options_.segment_bytes) return absl::OkStatus();
  spares_.push_back(growing_number_);
  growing_ = nullptr;
  growing_bytes_ = 0;
  return absl::OkStatus();
}

void SegmentFiles::drop_growing() {
  if (growing_ == nullptr) return;
  growing_ = nullptr;
  growing_bytes_ = 0;
  files_.remove(spare_path(growing_number_)).IgnoreError();
}

absl::StatusOr<OpenSegment> SegmentFiles::create(const SegmentId& id) {
  TROUPE_CHECK(id.size_bytes == options_.segment_bytes);
  if (spares_.empty()) TROUPE_RETURN_IF_ERROR(grow_spare(id.size_bytes));
  const std::string spare = spare_path(spares_.back());
  const std::string path = join_path(directory_, segment_name(id.first));
  {
    TROUPE_ASSIGN_OR_RETURN(const auto file, files_.open(spare, {.write = true}));
    TROUPE_RETURN_IF_ERROR(file->write(0, encode_segment_header(id)));
    TROUPE_RETURN_IF_ERROR(file->sync());
  }
  TROUPE_RETURN_IF_ERROR(files_.rename(spare, path));
  spares_.pop_back();
  TROUPE_RETURN_IF_ERROR(files_.sync_directory(directory_));
  return open_segment(files_, directory_, id.first, true);
}

absl::Status SegmentFiles::release(const SegmentId& id) {
  const std::string path = join_path(directory_, segment_name(id.first));
  const bool reuse = id.size_bytes == options_.segment_bytes && spares_.size() < options_.spare_segments_max;
  const uint64_t number = next_spare_++;
  const absl::Status status = reuse ? files_.rename(path, spare_path(number)) : files_.remove(path);
  // Gone already: an earlier call got this far, and then the sync failed.
  const bool gone = error_code(status) == ErrorCode::kUndefinedFile;
  if (!status.ok() && !gone) return status;
  // Before the next one goes, and before anybody writes into the spare: otherwise a crash could leave a gap, or a
  // segment under its old name with a new header.
  TROUPE_RETURN_IF_ERROR(files_.sync_directory(directory_));
  if (reuse && !gone) {
    spares_.push_back(number);
    drop_growing();
  }
  return absl::OkStatus();
}

}  // namespace troupe
