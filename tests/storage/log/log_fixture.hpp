#pragma once
/// A log over a simulated disk, driven like its owner does.
#include <catch2/catch.hpp>
#include <map>

#include "storage/file/sim_file_system.hpp"
#include "storage/log/commit_record.hpp"
#include "storage/log/log_reader.hpp"
#include "storage/log/log_writer.hpp"

namespace troupe {

inline constexpr const char* kLogDirectory = "log";

inline LogOptions small_options() {
  return {.segment_bytes = 8192,
          .record_bytes_max = 3000,
          .queued_bytes_max = 16384,
          .spare_segments_max = 1,
          .retention_bytes_max = 1 << 20};
}

/// The node's part of the log: appends, writes what was appended, starts again after a crash.
struct RunningLog {
  static absl::StatusOr<std::unique_ptr<RunningLog>> open(FileSystem& files, LogOptions options = small_options(),
                                                          LogScanOptions scan = {}) {
    if (scan.new_log_id == 0) scan.new_log_id = 42;
    TROUPE_ASSIGN_OR_RETURN(OpenedLog opened, open_log(files, kLogDirectory, options, scan));
    auto log = std::make_unique<RunningLog>(files, std::move(opened), options);
    TROUPE_RETURN_IF_ERROR(log->writer.start());
    return log;
  }
  RunningLog(FileSystem& files, OpenedLog log, const LogOptions& options)
      : opened{std::move(log)}, appender{opened.tail, options}, writer{files, kLogDirectory, opened, options} {}

  absl::StatusOr<LogPosition> commit(Scn scn, std::string_view payload) {
    return appender.append(LogRecordKind::commit, scn, payload);
  }
  absl::Status flush() {
    if (!appender.has_queued()) return absl::OkStatus();
    LogBatch batch = appender.take_batch();
    const absl::Status status = writer.write(batch);
    appender.finished(std::move(batch), status);
    appender.check_invariants();
    return status;
  }

  OpenedLog opened;
  LogAppender appender;
  LogWriter writer;
};

/// Whole commits of the log by SCN, the parts of each joined.
inline absl::StatusOr<std::map<Scn, std::string>> read_commits(FileSystem& files, LogPosition durable, Scn after = 0) {
  LogIndex index(files, kLogDirectory);
  TROUPE_RETURN_IF_ERROR(index.refresh(durable));
  std::map<Scn, std::string> commits;
  if (index.entries().empty()) return commits;
  TROUPE_ASSIGN_OR_RETURN(const SegmentId segment, index.find(std::max(after, index.earliest())));
  LogReader reader(files, kLogDirectory);
  TROUPE_RETURN_IF_ERROR(reader.seek_behind(segment, std::max(after, index.earliest())));
  std::string parts;
  for (;;) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, reader.next(durable));
    if (!record) return commits;
    if (record->kind == LogRecordKind::checkpoint) continue;
    parts += record->payload;
    if (record->kind != LogRecordKind::commit) continue;
    commits[record->scn] = std::exchange(parts, {});
  }
}

inline std::string payload_of(Scn scn, size_t size) {
  std::string payload = "commit " + std::to_string(scn) + " ";
  payload.resize(std::max(size, payload.size()), static_cast<char>('a' + scn % 26));
  return payload;
}

}  // namespace troupe
