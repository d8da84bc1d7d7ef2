#include "storage/log/log_appender.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {
/// A batch buffer that grew beyond this is given back to the system.
constexpr size_t kKeptBytes = 4 << 20;
}  // namespace

LogAppender::LogAppender(const LogTail& tail, const LogOptions& options)
    : options_{options},
      segment_{tail.segment},
      next_{tail.end},
      durable_position_{tail.end},
      last_scn_{tail.last_scn},
      whole_scn_{tail.last_scn},
      durable_scn_{tail.last_scn} {
  TROUPE_CHECK(check_options(options).ok());
  TROUPE_CHECK(next_ % kLogSectorBytes == 0 && next_ >= segment_.begin() && next_ <= segment_.end());
  batch_.start = batch_.end = next_;
}

absl::Status LogAppender::check_append(std::string_view payload) const {
  if (!fence_.ok()) return fence_;
  if (payload.size() > options_.record_bytes_max) {
    return error(ErrorCode::kProgramLimitExceeded, "a log record of ", payload.size(),
                 " bytes is larger than log.record_bytes_max (", options_.record_bytes_max, ")");
  }
  if (queued_bytes() + frame_bytes(payload.size()) > options_.queued_bytes_max && queued_bytes() > 0) {
    return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "the log is ", queued_bytes(),
                           " bytes behind (limits.log_queued_bytes_max ", options_.queued_bytes_max, ")"),
                     "The disk does not keep up. Try again later.");
  }
  return absl::OkStatus();
}

absl::StatusOr<LogPosition> LogAppender::append(LogRecordKind kind, Scn scn, std::string_view payload) {
  if (absl::Status status = check_append(payload); !status.ok()) [[unlikely]]
    return status;
  const bool commits = kind == LogRecordKind::commit || kind == LogRecordKind::commit_part;
  const bool continues = commits && in_parts_;
  TROUPE_CHECK(commits ? (in_parts_ ? scn == last_scn_ : scn > last_scn_) : !in_parts_);
  // Before last_scn_ moves: padding in front of this record must name the SCN before it.
  make_room(frame_bytes(payload.size()));
  if (commits) {
    in_parts_ = kind == LogRecordKind::commit_part;
    last_scn_ = scn;
    if (!in_parts_) whole_scn_ = scn;
  }
  put_frame(kind, continues ? kFrameContinues : 0, last_scn_, payload);
  ++batch_.record_count;
  last_is_mark_ = kind == LogRecordKind::mark || kind == LogRecordKind::closed;
  return next_;
}

absl::StatusOr<LogPosition> LogAppender::append_mark(bool closed) {
  // A mark proves only what is in earlier batches.
  TROUPE_CHECK(!has_queued() && !in_flight_);
  return append(closed ? LogRecordKind::closed : LogRecordKind::mark, last_scn_, {});
}

void LogAppender::open_piece() {
  const uint64_t offset = batch_.bytes.size();
  batch_.pieces.push_back({.segment = segment_, .position = next_, .offset = offset, .size_bytes = 0});
}

void LogAppender::make_room(uint64_t bytes) {
  if (next_ + bytes > segment_.end()) {
    if (has_room(segment_, next_)) {
      if (batch_.pieces.empty()) open_piece();
      put_padding(segment_.end());
    }
    segment_ = {.log_id = segment_.log_id, .first = segment_.end(), .size_bytes = options_.segment_bytes};
    next_ = segment_.begin();
    open_piece();
  } else if (batch_.pieces.empty()) {
    open_piece();
  }
}

void LogAppender::put_frame(LogRecordKind kind, uint8_t flags, Scn scn, std::string_view payload) {
  FrameHeader header{};
  header.length = static_cast<uint32_t>(payload.size());
  header.position = next_;
  header.batch_offset = static_cast<uint32_t>(next_ - batch_.start);
  header.kind = kind;
  header.flags = flags;
  header.scn = scn;
  seal_frame(&header, payload, segment_.crc_seed());
  const uint64_t size = frame_bytes(payload.size());
  std::string& out = batch_.bytes;
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out.append(payload);
  out.append(size - sizeof header - payload.size(), '\0');
  next_ += size;
  batch_.pieces.back().size_bytes += size;
}

void LogAppender::put_padding(LogPosition end) {
  FrameHeader header{};
  header.length = static_cast<uint32_t>(end - next_ - kFrameHeaderBytes);
  header.position = next_;
  header.batch_offset = static_cast<uint32_t>(next_ - batch_.start);
  header.kind = LogRecordKind::padding;
  header.scn = last_scn_;
  seal_frame(&header, {}, segment_.crc_seed());
  batch_.bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  // Only up to the next sector: what follows is skipped by readers and need not be written.
  const LogPosition written = std::min(end, padded_end(next_ + kFrameHeaderBytes));
  batch_.bytes.append(written - next_ - kFrameHeaderBytes, '\0');
  batch_.pieces.back().size_bytes += written - next_;
  next_ = end;
}

LogBatch LogAppender::take_batch() {
  TROUPE_CHECK(has_queued() && !in_flight_);
  const LogPosition end = std::min(padded_end(next_), segment_.end());
  if (end > next_ && has_room(segment_, next_) && end - next_ >= kFrameHeaderBytes) {
    put_padding(end);
  } else if (end > next_) {
    batch_.bytes.append(end - next_, '\0');
    batch_.pieces.back().size_bytes += end - next_;
    next_ = end;
  }
  batch_.end = next_;
  batch_.last_scn = whole_scn_;
  LogBatch taken = std::move(batch_);
  batch_ = LogBatch{};
  batch_.start = batch_.end = next_;
  batch_.bytes = std::move(spare_bytes_);
  batch_.bytes.clear();
  in_flight_ = true;
  in_flight_bytes_ = taken.bytes.size();
  return taken;
}

void LogAppender::finished(LogBatch batch, const absl::Status& result) {
  TROUPE_CHECK(in_flight_ && batch.start == durable_position_);
  in_flight_ = false;
  in_flight_bytes_ = 0;
  if (!result.ok()) {
    fence_ = result;
    return;
  }
  durable_position_ = batch.end;
  durable_scn_ = batch.last_scn;
  if (batch.bytes.capacity() <= kKeptBytes) spare_bytes_ = std::move(batch.bytes);
}

void LogAppender::check_invariants() const {
  TROUPE_CHECK(durable_position_ <= batch_.start && batch_.start <= next_);
  TROUPE_CHECK(in_flight_ || !fence_.ok() || durable_position_ == batch_.start);
  TROUPE_CHECK(durable_scn_ <= whole_scn_ && whole_scn_ <= last_scn_);
  uint64_t offset = 0;
  for (const LogBatch::Piece& piece : batch_.pieces) {
    TROUPE_CHECK(piece.offset == offset && piece.position >= piece.segment.begin());
    TROUPE_CHECK(piece.position + piece.size_bytes <= piece.segment.end());
    offset += piece.size_bytes;
  }
  TROUPE_CHECK(offset == batch_.bytes.size());
}

}  // namespace troupe
