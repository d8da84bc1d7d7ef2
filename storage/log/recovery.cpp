#include "storage/log/recovery.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr LogPosition kNoLimit = UINT64_MAX;

/// The parts of a commit that has not ended yet.
struct OpenCommit {
  LogPosition begin = 0;  ///< 0: none
  Scn scn = kNoScn;
};

class LogScanner {
 public:
  LogScanner(FileSystem& files, const std::string& directory, const LogScanOptions& options)
      : files_{files}, options_{options}, cursor_{files, directory} {
    if (options.trusts_payloads) cursor_.trust_payloads();
  }

  absl::StatusOr<LogScan> run() {
    TROUPE_ASSIGN_OR_RETURN(scan_.segments, list_segments(files_, cursor_.directory()));
    if (scan_.segments.empty()) return no_log();
    scan_.start = scan_.segments.front().begin();
    const LogPosition from = options_.scan_from == 0 ? scan_.start : options_.scan_from;
    TROUPE_ASSIGN_OR_RETURN(const SegmentId segment, segment_of(from));
    TROUPE_RETURN_IF_ERROR(cursor_.seek(segment.first, from));
    scan_.doubtful_from = cursor_.position();
    TROUPE_RETURN_IF_ERROR(read_frames());
    TROUPE_RETURN_IF_ERROR(find_end());
    return std::move(scan_);
  }

 private:
  absl::StatusOr<LogScan> no_log() {
    if (!options_.must_exist && options_.scan_from <= kSegmentHeaderBytes &&
        options_.known_durable <= kSegmentHeaderBytes) {
      return std::move(scan_);
    }
    return with_hint(
        error(ErrorCode::kDataCorrupted, "there is no log in \"", cursor_.directory(),
              "\", but there was one, and the checkpoint needs it from position ", options_.scan_from, " on"),
        "Restore the log directory, or the newest backup.");
  }

  absl::StatusOr<SegmentId> segment_of(LogPosition position) const {
    for (const SegmentId& segment : scan_.segments) {
      if (position >= segment.first && position <= segment.end()) return segment;
    }
    return with_hint(error(ErrorCode::kDataCorrupted, "the log in \"", cursor_.directory(), "\" holds positions ",
                           scan_.segments.front().first, " to ", scan_.segments.back().end(),
                           ", but the checkpoint needs it from ", position, " on"),
                     "Log and checkpoint are not of the same moment. Restore both from one backup.");
  }

  absl::Status read_frames() {
    for (;;) {
      TROUPE_ASSIGN_OR_RETURN(const FrameCursor::State state, cursor_.next(kNoLimit));
      if (state == FrameCursor::State::bad) scan_.cut_because = cursor_.problem();
      if (state != FrameCursor::State::frame) return absl::OkStatus();
      TROUPE_RETURN_IF_ERROR(take(cursor_.frame()));
    }
  }

  absl::Status take(const LogFrame& frame) {
    scan_.doubtful_from = std::max(scan_.doubtful_from, frame.batch_start);
    scan_.end = frame.end;
    scan_.closed = frame.kind == LogRecordKind::closed || (scan_.closed && frame.kind == LogRecordKind::padding);
    if (frame.kind != LogRecordKind::padding) ++scan_.record_count;
    const bool commits = frame.kind == LogRecordKind::commit || frame.kind == LogRecordKind::commit_part;
    const bool continues = (frame.flags & kFrameContinues) != 0;
    if (commits && (frame.scn < scan_.last_scn || (frame.scn == scan_.last_scn && !continues))) {
      return misplaced(frame, cat("SCN ", frame.scn, " after ", scan_.last_scn));
    }
    if (open_.begin != 0 && commits && (frame.scn != open_.scn || !continues)) {
      return misplaced(frame, cat("SCN ", frame.scn, " inside of transaction ", open_.scn));
    }
    if (open_.begin == 0 && commits && continues && !may_be_headless()) {
      return misplaced(frame, cat("transaction ", frame.scn, " has no first part"));
    }
    seen_first_part_ = seen_first_part_ || (commits && (!continues || frame.kind == LogRecordKind::commit));
    if (frame.kind == LogRecordKind::commit_part && open_.begin == 0) {
      if (continues) return absl::OkStatus();  // of a headless one
      open_ = {frame.position, frame.scn};
    }
    if (frame.kind == LogRecordKind::commit) {
      open_ = {};
      scan_.last_scn = frame.scn;
    } else if (open_.begin == 0) {
      scan_.last_scn = std::max(scan_.last_scn, frame.scn);
    }
    return absl::OkStatus();
  }

  /// A scan of all that is retained may begin inside a transaction whose first parts went with a recycled segment.
  bool may_be_headless() const {
    return !seen_first_part_ && options_.scan_from == 0 && scan_.segments.front().first > 0;
  }

  absl::Status misplaced(const LogFrame& frame, std::string_view problem) const {
    return with_hint(error(ErrorCode::kDataCorrupted, "log segment \"", cursor_.path(), "\" at offset ",
                           frame.position - cursor_.segment().first, " (position ", frame.position, "): ", problem),
                     "Look at it with \"troupe inspect log\"; restore from the newest backup.");
  }

  absl::Status find_end() {
    // Where the cursor stands the next frame would be: possibly in the next segment already.
    const LogPosition bad = cursor_.position();
    scan_.end = std::max(scan_.end, std::min(bad, scan_.segments.back().end()));
    if (!has_room(cursor_.segment(), bad)) scan_.end = cursor_.segment().end();
    if (scan_.end < options_.known_durable) return ends_too_early();
    if (open_.begin != 0) {
      scan_.end = open_.begin;
      scan_.cut_because =
          cat("transaction ", open_.scn, " has no last part", scan_.cut_because.empty() ? "" : ": ", scan_.cut_because);
    }
    TROUPE_RETURN_IF_ERROR(find_stale(scan_.end));
    for (const LogScan::Stale& stale : scan_.stale) {
      if (stale.batch_start <= bad) continue;
      return cursor_.corruption(
          cat(scan_.cut_because, "; the record at ", stale.position, " shows that it was whole once"));
    }
    scan_.doubtful_from = std::min(scan_.doubtful_from, scan_.end);
    return absl::OkStatus();
  }

  absl::Status ends_too_early() const {
    const SegmentId& newest = scan_.segments.back();
    if (scan_.end < newest.end()) {
      return cursor_.corruption(
          cat(scan_.cut_because, " (the log is known to have reached ", options_.known_durable, ")"));
    }
    return with_hint(
        error(ErrorCode::kDataCorrupted, "log segment \"", join_path(cursor_.directory(), segment_name(newest.end())),
              "\" is missing: the log ends at ", scan_.end, ", but is known to have reached ", options_.known_durable),
        "Restore it, or the newest backup.");
  }

  absl::Status find_stale(LogPosition from) {
    for (const SegmentId& segment : scan_.segments) {
      if (segment.end() > from) TROUPE_RETURN_IF_ERROR(find_stale_in(segment, std::max(from, segment.begin())));
    }
    return absl::OkStatus();
  }

  /// Lengths behind a bad frame cannot be trusted, so every place where a frame may start is looked at: the eight
  /// bytes of its own position are rare enough to find it by.
  absl::Status find_stale_in(const SegmentId& segment, LogPosition from) {
    TROUPE_ASSIGN_OR_RETURN(const OpenSegment open, open_segment(files_, cursor_.directory(), segment.first, false));
    std::string bytes(segment.end() - from, '\0');
    TROUPE_ASSIGN_OR_RETURN(const size_t size, open.file->read_up_to(from - segment.first, bytes));
    bytes.resize(size);
    for (size_t at = 0; at + kFrameHeaderBytes <= bytes.size(); at += kFrameAlignment) {
      LogPosition position;
      std::memcpy(&position, bytes.data() + at + offsetof(FrameHeader, position), sizeof position);
      if (position != from + at) continue;
      FrameHeader header;
      if (check_frame(std::string_view(bytes).substr(at), position, segment, &header)) continue;
      scan_.stale.push_back({position, position + frame_bytes(header.length), position - header.batch_offset});
    }
    return absl::OkStatus();
  }

  FileSystem& files_;
  LogScanOptions options_;
  FrameCursor cursor_;
  LogScan scan_;
  OpenCommit open_;
  bool seen_first_part_ = false;  ///< or the last one of a headless transaction
};

/// Makes what a scan found true on the disk.
class LogRepair {
 public:
  LogRepair(FileSystem& files, const std::string& directory, const LogScan& scan)
      : files_{files}, directory_{directory}, scan_{scan} {}

  absl::StatusOr<LogTail> run() {
    TROUPE_RETURN_IF_ERROR(erase_stale());
    TROUPE_RETURN_IF_ERROR(write_again());
    TROUPE_ASSIGN_OR_RETURN(const LogPosition end, pad());
    TROUPE_RETURN_IF_ERROR(sync());
    const SegmentId& segment = segment_of(end);
    return LogTail{.segment = segment, .end = std::max(end, segment.begin()), .last_scn = scan_.last_scn};
  }

 private:
  /// The last one that begins before `position`, or at its header.
  const SegmentId& segment_of(LogPosition position) const {
    const SegmentId* found = &scan_.segments.front();
    for (const SegmentId& segment : scan_.segments) {
      if (segment.first <= position && (position < segment.end() || &segment == &scan_.segments.back()))
        found = &segment;
    }
    return *found;
  }

  absl::StatusOr<File*> file_of(const SegmentId& segment) {
    auto& file = opened_[segment.first];
    if (file == nullptr) {
      TROUPE_ASSIGN_OR_RETURN(OpenSegment open, open_segment(files_, directory_, segment.first, true));
      file = std::move(open.file);
    }
    return file.get();
  }

  absl::Status sync() {
    for (const auto& [first, file] : opened_) TROUPE_RETURN_IF_ERROR(file->sync());
    return absl::OkStatus();
  }

  absl::Status erase_stale() {
    std::map<LogPosition, std::vector<LogScan::Stale>, std::greater<>> batches;
    for (const LogScan::Stale& stale : scan_.stale) batches[stale.batch_start].push_back(stale);
    for (const auto& [start, frames] : batches) {
      for (const LogScan::Stale& stale : frames) {
        const SegmentId& segment = segment_of(stale.position);
        TROUPE_ASSIGN_OR_RETURN(File* const file, file_of(segment));
        // Without its header it is no frame; its payload may stay.
        TROUPE_RETURN_IF_ERROR(file->write(stale.position - segment.first, std::string(kFrameHeaderBytes, '\0')));
      }
      TROUPE_RETURN_IF_ERROR(sync());
    }
    return absl::OkStatus();
  }

  absl::Status write_again() {
    for (const SegmentId& segment : scan_.segments) {
      const LogPosition from = std::max(segment.begin(), scan_.doubtful_from);
      const LogPosition to = std::min(segment.end(), scan_.end);
      if (from >= to) continue;
      TROUPE_ASSIGN_OR_RETURN(File* const file, file_of(segment));
      std::string bytes(to - from, '\0');
      TROUPE_RETURN_IF_ERROR(file->read(from - segment.first, bytes));
      TROUPE_RETURN_IF_ERROR(file->write(from - segment.first, bytes));
    }
    return absl::OkStatus();
  }

  /// A cut may lie inside a sector; the next batch must not start there.
  absl::StatusOr<LogPosition> pad() {
    const SegmentId& segment = segment_of(scan_.end);
    const LogPosition begin = std::max(scan_.end, segment.begin());
    const LogPosition end = std::min(padded_end(begin), segment.end());
    if (end == begin) return begin;
    TROUPE_ASSIGN_OR_RETURN(File* const file, file_of(segment));
    std::string bytes(end - begin, '\0');
    if (bytes.size() >= kFrameHeaderBytes) {
      FrameHeader header{};
      header.length = static_cast<uint32_t>(bytes.size() - kFrameHeaderBytes);
      header.position = begin;
      header.batch_offset = static_cast<uint32_t>(begin - std::min(begin, scan_.doubtful_from));
      header.kind = LogRecordKind::padding;
      header.scn = scan_.last_scn;
      seal_frame(&header, {}, segment.crc_seed());
      std::memcpy(bytes.data(), &header, sizeof header);
    }
    TROUPE_RETURN_IF_ERROR(file->write(begin - segment.first, bytes));
    return end;
  }

  FileSystem& files_;
  const std::string& directory_;
  const LogScan& scan_;
  std::map<LogPosition, std::unique_ptr<File>> opened_;
};

absl::StatusOr<OpenedLog> make_log(FileSystem& files, const std::string& directory, const LogOptions& options,
                                   uint64_t log_id) {
  TROUPE_CHECK(log_id != 0);
  SegmentFiles segments(files, directory, options);
  TROUPE_RETURN_IF_ERROR(segments.load());
  TROUPE_ASSIGN_OR_RETURN(const OpenSegment first,
                          segments.create({.log_id = log_id, .first = 0, .size_bytes = options.segment_bytes}));
  OpenedLog log;
  log.tail = {.segment = first.id, .end = first.id.begin(), .last_scn = kNoScn};
  log.start = first.id.begin();
  log.was_closed = true;
  log.segments = {first.id};
  return log;
}

/// Segments behind the tail were made in advance, perhaps of a size that is configured no more. Newest first, so that
/// no crash leaves a gap.
absl::Status release_prepared(FileSystem& files, const std::string& directory, const LogOptions& options,
                              const LogTail& tail, std::vector<SegmentId>* segments) {
  SegmentFiles releaser(files, directory, options);
  TROUPE_RETURN_IF_ERROR(releaser.load());
  while (segments->back().first > tail.segment.first) {
    TROUPE_RETURN_IF_ERROR(releaser.release(segments->back()));
    segments->pop_back();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LogScan> scan_log(FileSystem& files, const std::string& directory, const LogScanOptions& options) {
  return LogScanner(files, directory, options).run();
}

absl::StatusOr<OpenedLog> open_log(FileSystem& files, const std::string& directory, const LogOptions& options,
                                   const LogScanOptions& scan_options) {
  TROUPE_RETURN_IF_ERROR(check_options(options));
  TROUPE_RETURN_IF_ERROR(files.create_directory(directory));
  // Names are in doubt as bytes are: the process may have died, or failed, between a rename and its sync.
  TROUPE_RETURN_IF_ERROR(files.sync_directory(directory));
  TROUPE_ASSIGN_OR_RETURN(const LogScan scan, scan_log(files, directory, scan_options));
  if (scan.segments.empty()) return make_log(files, directory, options, scan_options.new_log_id);
  TROUPE_ASSIGN_OR_RETURN(const LogTail tail, LogRepair(files, directory, scan).run());
  std::vector<SegmentId> segments = scan.segments;
  TROUPE_RETURN_IF_ERROR(release_prepared(files, directory, options, tail, &segments));
  return OpenedLog{.tail = tail,
                   .start = scan.start,
                   .was_closed = scan.closed,
                   .record_count = scan.record_count,
                   .cut_because = scan.cut_because,
                   .segments = std::move(segments)};
}

}  // namespace troupe
