#include "storage/log/inspect.hpp"

#include "absl/strings/str_format.h"
#include "storage/log/log_reader.hpp"

namespace troupe {
namespace {

std::string describe_payload(const LogFrame& frame) {
  const LogRecord record{.position = frame.position, .kind = frame.kind, .scn = frame.scn, .payload = frame.payload};
  if (frame.kind == LogRecordKind::checkpoint) {
    const auto mark = read_checkpoint_mark(record);
    return mark.ok() ? cat(" covers position ", (*mark)->head()->position())
                     : cat(" ", std_view(mark.status().message()));
  }
  if (frame.kind == LogRecordKind::bulk) {
    const auto bulk = read_bulk(record);
    if (!bulk.ok()) return cat(" ", std_view(bulk.status().message()));
    const schema::BulkHead& head = *(*bulk)->head();
    return absl::StrFormat(" txn %d record %d changes %d (%d bytes)", head.txn(), head.record(), head.change_count(),
                           head.raw_bytes());
  }
  if (frame.kind != LogRecordKind::commit && frame.kind != LogRecordKind::commit_part) return {};
  const auto commit = read_commit(record);
  if (!commit.ok()) return cat(" ", std_view(commit.status().message()));
  const schema::CommitHead& head = *(*commit)->head();
  return absl::StrFormat(" txn %d part %d changes %d (%d bytes) committed_at_us %d", head.txn(), head.part(),
                         head.change_count(), (*commit)->changes()->size(), head.committed_at_us());
}

}  // namespace

std::string describe(const LogFrame& frame) {
  return absl::StrFormat("%016x %-11s scn %d length %d batch %016x", frame.position, absl_view(kind_name(frame.kind)),
                         frame.scn, frame.payload.size(), frame.batch_start);
}

absl::Status inspect_log(FileSystem& files, const std::string& directory, const InspectOptions& options,
                         const std::function<void(std::string_view)>& line) {
  TROUPE_ASSIGN_OR_RETURN(const auto segments, list_segments(files, directory));
  uint64_t lines = 0;
  for (const SegmentId& segment : segments) {
    if (segment.end() <= options.from) continue;
    line(cat("segment ", segment_name(segment.first), ": ", segment.size_bytes, " bytes of log ", segment.log_id));
    FrameCursor cursor(files, directory);
    TROUPE_RETURN_IF_ERROR(cursor.seek(segment.first, std::max(options.from, segment.first)));
    for (;;) {
      TROUPE_ASSIGN_OR_RETURN(const FrameCursor::State state, cursor.next(segment.end()));
      if (state == FrameCursor::State::bad) line(cat("no record at ", cursor.position(), ": ", cursor.problem()));
      if (state != FrameCursor::State::frame) break;
      if (cursor.frame().kind == LogRecordKind::padding && !options.with_padding) continue;
      line(cat(describe(cursor.frame()), describe_payload(cursor.frame())));
      if (++lines == options.lines_max) return absl::OkStatus();
    }
  }
  const auto scan = scan_log(files, directory, {.scan_from = options.from, .known_durable = options.known_durable});
  if (!scan.ok()) {
    line(cat("damaged: ", std_view(scan.status().message())));
  } else {
    line(cat("end ", scan->end, ", SCN ", scan->last_scn, scan->closed ? ", stopped cleanly" : "",
             scan->cut_because.empty() ? "" : "; what follows is no record: ", scan->cut_because));
  }
  return absl::OkStatus();
}

}  // namespace troupe
