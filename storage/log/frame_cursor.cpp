#include "storage/log/frame_cursor.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {
constexpr uint64_t kChunkBytes = 256 << 10;
}

absl::Status FrameCursor::seek(LogPosition segment_first, LogPosition position) {
  chunk_begin_ = chunk_end_ = 0;
  auto segment = open_segment(files_, directory_, segment_first, false);
  if (!segment.ok()) return segment.status();
  segment_ = *std::move(segment);
  position_ = std::max(position, segment_.id.begin());
  TROUPE_CHECK(position_ % kFrameAlignment == 0 && position_ <= segment_.id.end());
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> FrameCursor::load(uint64_t size, LogPosition limit) {
  const LogPosition end = std::min(position_ + size, segment_.id.end());
  if (position_ < chunk_begin_ || end > chunk_end_) {
    const uint64_t ahead = std::min(kChunkBytes, limit - position_);
    const uint64_t wanted = std::min(std::max(size, ahead), segment_.id.end() - position_);
    chunk_.resize((wanted + 7) / 8);
    chunk_begin_ = chunk_end_ = position_;
    const std::span<char> out(reinterpret_cast<char*>(chunk_.data()), wanted);
    TROUPE_ASSIGN_OR_RETURN(const size_t got, segment_.file->read_up_to(position_ - segment_.id.first, out));
    chunk_end_ = position_ + got;
  }
  const char* chunk = reinterpret_cast<const char*>(chunk_.data());
  return std::string_view(chunk + (position_ - chunk_begin_), chunk_end_ - position_);
}

absl::StatusOr<FrameCursor::State> FrameCursor::enter_next_segment(LogPosition limit) {
  const LogPosition first = segment_.id.end();
  if (first >= limit) return State::limit;
  const uint64_t log_id = segment_.id.log_id;
  const absl::Status status = seek(first, first);
  if (status.ok() && segment_.id.log_id != log_id) return corruption("the segment belongs to another log");
  if (status.ok()) return State::frame;
  if (error_code(status) != ErrorCode::kUndefinedFile) return status;
  return State::absent;
}

absl::StatusOr<FrameCursor::State> FrameCursor::next(LogPosition limit) {
  while (!has_room(segment_.id, position_)) {
    TROUPE_ASSIGN_OR_RETURN(const State state, enter_next_segment(limit));
    if (state != State::frame) return state;
  }
  if (position_ >= limit) return State::limit;
  FrameHeader header;
  TROUPE_ASSIGN_OR_RETURN(std::string_view bytes, load(kFrameHeaderBytes, limit));
  auto problem = check_frame_header(bytes, position_, segment_.id, &header);
  if (!problem) {
    const bool padding = header.kind == LogRecordKind::padding;
    TROUPE_ASSIGN_OR_RETURN(bytes, load(padding ? kFrameHeaderBytes : frame_bytes(header.length), limit));
    if (!trusts_payloads_) problem = check_frame(bytes, position_, segment_.id, &header);
  }
  if (problem) {
    problem_ = *std::move(problem);
    // A reader that tails the log may look again once the frame is written; the chunk must not hide it.
    chunk_begin_ = chunk_end_ = 0;
    return State::bad;
  }
  const bool padding = header.kind == LogRecordKind::padding;
  frame_ = {.position = position_,
            .end = position_ + frame_bytes(header.length),
            .batch_start = position_ - header.batch_offset,
            .kind = header.kind,
            .flags = header.flags,
            .scn = header.scn,
            .payload = padding ? std::string_view{} : bytes.substr(kFrameHeaderBytes, header.length)};
  position_ = frame_.end;
  return State::frame;
}

absl::Status FrameCursor::corruption(std::string_view problem) const {
  return with_hint(error(ErrorCode::kDataCorrupted, "log segment \"", path(), "\" at offset ",
                         position_ - segment_.id.first, " (position ", position_, "): ", problem),
                   "Look at it with \"troupe inspect log\"; restore from the newest backup if it is damaged.");
}

}  // namespace troupe
