#include "storage/log/log_writer.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// As much as the disk takes in a few milliseconds.
constexpr uint64_t kPieceBytes = 1 << 20;
/// The next segment is complete when four fifths of the current one are used.
constexpr double kPrepareAhead = 1.25;

}  // namespace

LogWriter::LogWriter(FileSystem& files, std::string directory, const OpenedLog& opened, const LogOptions& options)
    : files_{files},
      directory_{std::move(directory)},
      options_{options},
      segment_files_{files, directory_, options},
      segments_(opened.segments.begin(), opened.segments.end()),
      written_{opened.tail.end} {
  TROUPE_CHECK(!segments_.empty());
}

absl::Status LogWriter::start() {
  TROUPE_RETURN_IF_ERROR(segment_files_.load());
  TROUPE_ASSIGN_OR_RETURN(OpenSegment last, open_segment(files_, directory_, segments_.back().first, true));
  open_.push_back(std::move(last));
  return absl::OkStatus();
}

absl::Status LogWriter::add_segment(const SegmentId& id) {
  TROUPE_CHECK(id.first == segments_.back().end());
  TROUPE_ASSIGN_OR_RETURN(OpenSegment made, segment_files_.create(id));
  segments_.push_back(id);
  open_.push_back(std::move(made));
  return absl::OkStatus();
}

absl::StatusOr<File*> LogWriter::file_of(LogPosition first) const {
  for (const OpenSegment& segment : open_) {
    if (segment.id.first == first) return segment.file.get();
  }
  return error(ErrorCode::kInternalError, "the log segment at ", first, " is not open for writing");
}

absl::Status LogWriter::write_piece(const LogBatch& batch, const LogBatch::Piece& piece) {
  TROUPE_ASSIGN_OR_RETURN(File* const file, file_of(piece.segment.first));
  const std::string_view bytes = std::string_view(batch.bytes).substr(piece.offset, piece.size_bytes);
  return file->write(piece.position - piece.segment.first, bytes);
}

absl::Status LogWriter::fence(absl::Status why) {
  fenced_ = with_hint(std::move(why), "What reached the disk is unknown. The node stops and finds out by recovery.");
  return fenced_;
}

absl::Status LogWriter::write(const LogBatch& batch) {
  if (!fenced_.ok()) return fenced_;
  TROUPE_CHECK(batch.start >= written_);
  for (const LogBatch::Piece& piece : batch.pieces) {
    if (piece.segment.first >= segments_.back().end()) {
      absl::Status status = annotate(add_segment(piece.segment), "extending the log");
      if (status.ok()) continue;
      // What comes behind this batch must not be written without it. A full disk is waited for.
      return error_code(status) == ErrorCode::kDiskFull ? status : fence(std::move(status));
    }
  }
  absl::Status status;
  for (const LogBatch::Piece& piece : batch.pieces) {
    if (status.ok()) status = write_piece(batch, piece);
  }
  for (const LogBatch::Piece& piece : batch.pieces) {
    if (status.ok() && options_.synced) status = (*file_of(piece.segment.first))->sync();
  }
  if (!status.ok()) return fence(annotate(status, "writing the log"));
  written_ = batch.end;
  // Files before the newest one written to are done with.
  while (open_.size() > 1 && open_.front().id.first < batch.pieces.back().segment.first) open_.pop_front();
  return absl::OkStatus();
}

absl::Status LogWriter::prepare_next() {
  if (!fenced_.ok()) return fenced_;
  const SegmentId& last = segments_.back();
  if (written_ < last.first + last.size_bytes / 2) return absl::OkStatus();
  return add_segment({.log_id = last.log_id, .first = last.end(), .size_bytes = options_.segment_bytes});
}

absl::Status LogWriter::prepare_piece() {
  const SegmentId& last = segments_.back();
  if (!fenced_.ok() || prepare_failed_in_ == last.first || written_ <= last.first) return fenced_;
  const uint64_t used = written_ - last.first;
  absl::Status status;
  if (segment_files_.spare_count() == 0) {
    status = grow_spare_by_use(static_cast<double>(used) / static_cast<double>(last.size_bytes));
  } else {
    status = prepare_next();
  }
  if (!status.ok()) prepare_failed_in_ = last.first;
  return status;
}

/// The spare is always a little further than the current segment.
absl::Status LogWriter::grow_spare_by_use(double used) {
  const auto wanted = static_cast<uint64_t>(used * kPrepareAhead * static_cast<double>(options_.segment_bytes));
  if (wanted >= options_.segment_bytes) return segment_files_.grow_spare(options_.segment_bytes);
  if (wanted < segment_files_.growing_bytes() + kPieceBytes) return absl::OkStatus();
  return segment_files_.grow_spare(wanted / kPieceBytes * kPieceBytes);
}

absl::Status LogWriter::release(LogPosition position) {
  if (!fenced_.ok()) return fenced_;
  const LogPosition limit = std::min(position, written_);
  // The segment that is written to stays, even when it is full to the last byte.
  while (segments_.size() > 1 && segments_.front().end() <= limit && segments_.front().first < open_.front().id.first) {
    TROUPE_RETURN_IF_ERROR(segment_files_.release(segments_.front()));
    segments_.pop_front();
  }
  return absl::OkStatus();
}

}  // namespace troupe
