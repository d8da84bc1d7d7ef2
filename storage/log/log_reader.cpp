#include "storage/log/log_reader.hpp"

#include <algorithm>

namespace troupe {
namespace {

absl::Status too_old(std::string_view what, Scn earliest) {
  return with_hint(with_detail(error(ErrorCode::kSnapshotTooOld, what, " is no longer in the log"),
                               cat("The log holds every commit after SCN ", earliest, ".")),
                   "Start over from a fresh copy of the data, or raise log.retention_bytes_max.");
}

template <typename Root>
absl::StatusOr<const Root*> read_root(const LogRecord& record, std::string_view name) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(record.payload.data()), record.payload.size());
  if (!verifier.VerifyBuffer<Root>(nullptr)) {
    return error(ErrorCode::kDataCorrupted, "the log record at ", record.position, " (", record.payload.size(),
                 " bytes) holds no ", name);
  }
  return flatbuffers::GetRoot<Root>(record.payload.data());
}

}  // namespace

absl::StatusOr<bool> LogIndex::add(const SegmentId& segment, LogPosition durable) {
  FrameCursor cursor(files_, directory_);
  TROUPE_RETURN_IF_ERROR(cursor.seek(segment.first, segment.first));
  TROUPE_ASSIGN_OR_RETURN(const FrameCursor::State state, cursor.next(std::min(durable, segment.end())));
  if (state == FrameCursor::State::limit) return false;  // prepared in advance, nothing in it yet
  if (state == FrameCursor::State::bad) return cursor.corruption(cursor.problem());
  const LogFrame& frame = cursor.frame();
  const bool begins = (frame.kind == LogRecordKind::commit || frame.kind == LogRecordKind::commit_part) &&
                      (frame.flags & kFrameContinues) == 0;
  entries_.push_back({segment, begins ? frame.scn - 1 : frame.scn});
  return true;
}

absl::Status LogIndex::refresh(LogPosition durable) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<SegmentId> segments, list_segments(files_, directory_));
  const LogPosition start = segments.empty() ? durable : segments.front().first;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.segment.first < start; });
  const LogPosition known = entries_.empty() ? 0 : entries_.back().segment.end();
  for (const SegmentId& segment : segments) {
    if (segment.first < known) continue;
    TROUPE_ASSIGN_OR_RETURN(const bool added, add(segment, durable));
    if (!added) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentId> LogIndex::find(Scn after) const {
  const auto above = std::upper_bound(entries_.begin(), entries_.end(), after,
                                      [](Scn scn, const Entry& entry) { return scn < entry.before; });
  if (above == entries_.begin()) return too_old(cat("the commit after SCN ", after), earliest());
  return std::prev(above)->segment;
}

absl::StatusOr<SegmentId> LogIndex::find_position(LogPosition position) const {
  const auto above = std::upper_bound(entries_.begin(), entries_.end(), position,
                                      [](LogPosition p, const Entry& entry) { return p < entry.segment.first; });
  if (above == entries_.begin()) return too_old(cat("position ", position), earliest());
  return std::prev(above)->segment;
}

absl::Status LogReader::seek(const SegmentId& segment, LogPosition position) {
  skip_up_to_ = kNoScn;
  return cursor_.seek(segment.first, position);
}

absl::Status LogReader::seek_behind(const SegmentId& segment, Scn after) {
  skip_up_to_ = after;
  return cursor_.seek(segment.first, segment.begin());
}

absl::Status LogReader::explain(FrameCursor::State state) const {
  // A released segment's file lives on as a spare and gets new content, so first ask whether it is still there.
  TROUPE_ASSIGN_OR_RETURN(const bool exists, files_.exists(cursor_.path()));
  if (!exists) {
    return with_hint(error(ErrorCode::kSnapshotTooOld, "position ", cursor_.position(), " is no longer in the log"),
                     "Start over from a fresh copy of the data, or raise log.retention_bytes_max.");
  }
  if (state == FrameCursor::State::bad) return cursor_.corruption(cursor_.problem());
  return cursor_.corruption(
      cat("the segment that should follow, \"", segment_name(cursor_.segment().end()), "\", is missing"));
}

absl::StatusOr<std::optional<LogRecord>> LogReader::next(LogPosition durable) { return next_of(false, durable); }

absl::StatusOr<std::optional<LogRecord>> LogReader::next_bulk(LogPosition durable) { return next_of(true, durable); }

absl::StatusOr<std::optional<LogRecord>> LogReader::next_of(bool bulk, LogPosition durable) {
  for (;;) {
    TROUPE_ASSIGN_OR_RETURN(const FrameCursor::State state, cursor_.next(durable));
    if (state == FrameCursor::State::limit) return std::optional<LogRecord>{};
    if (state != FrameCursor::State::frame) return explain(state);
    const LogFrame& frame = cursor_.frame();
    const bool told = bulk ? frame.kind == LogRecordKind::bulk
                           : frame.kind == LogRecordKind::commit || frame.kind == LogRecordKind::commit_part ||
                                 frame.kind == LogRecordKind::checkpoint;
    if (!told || (!bulk && frame.scn <= skip_up_to_)) continue;
    return std::optional<LogRecord>(
        {.position = frame.position, .end = frame.end, .kind = frame.kind, .scn = frame.scn, .payload = frame.payload});
  }
}

absl::StatusOr<const schema::Commit*> read_commit(const LogRecord& record) {
  return read_root<schema::Commit>(record, "transaction");
}

absl::StatusOr<const schema::CheckpointMark*> read_checkpoint_mark(const LogRecord& record) {
  return read_root<schema::CheckpointMark>(record, "checkpoint mark");
}

absl::StatusOr<const schema::Bulk*> read_bulk(const LogRecord& record) {
  return read_root<schema::Bulk>(record, "rows written in bulk");
}

}  // namespace troupe
