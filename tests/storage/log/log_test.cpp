#include "storage/base/text.hpp"
#include "storage/log/bulk_record.hpp"
#include "storage/log/inspect.hpp"
#include "storage/log/recovery_point.hpp"
#include "tests/storage/log/log_fixture.hpp"

namespace troupe {
namespace {

TEST_CASE("records are read back in SCN order across segments", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  std::map<Scn, std::string> expected;
  for (Scn scn = 2; scn < 60; ++scn) {
    expected[scn] = payload_of(scn, 700);
    REQUIRE(log->commit(scn, expected[scn]).ok());
    if (scn % 3 == 0) REQUIRE(log->flush().ok());
  }
  REQUIRE(log->flush().ok());
  CHECK(log->writer.segments().size() > 3);
  CHECK(read_commits(disk, log->appender.durable_position()).value() == expected);
  expected.erase(expected.begin(), expected.find(31));
  CHECK(read_commits(disk, log->appender.durable_position(), 30).value() == expected);
  CHECK(log->appender.durable_scn() == 59);
}

TEST_CASE("a FlatBuffer survives the way through the log", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  const std::string_view changes[] = {"first ", "second"};
  auto frame = build_commit({.txn = 77, .participants = participant_bit(3), .change_count = 2}, changes);
  stamp_commit(frame, 5, 123456);
  REQUIRE(log->appender.append(LogRecordKind::commit, 5, frame.view()).ok());
  REQUIRE(log->appender.append(LogRecordKind::checkpoint, 0, build_checkpoint_mark(5, 512, 9).view()).ok());
  REQUIRE(log->flush().ok());
  LogIndex index(disk, kLogDirectory);
  REQUIRE(index.refresh(log->appender.durable_position()).ok());
  LogReader reader(disk, kLogDirectory);
  REQUIRE(reader.seek(index.find_position(512).value(), 512).ok());
  const auto record = reader.next(log->appender.durable_position()).value();
  REQUIRE(record.has_value());
  const schema::Commit* commit = read_commit(*record).value();
  CHECK(commit->head()->scn() == 5);
  CHECK(commit->head()->txn() == 77);
  CHECK(commit->head()->committed_at_us() == 123456);
  CHECK(bytes_view(commit->changes()) == "first second");
  const auto mark = reader.next(log->appender.durable_position()).value();
  CHECK(read_checkpoint_mark(*mark).value()->head()->position() == 512);
  CHECK_FALSE(reader.next(log->appender.durable_position()).value().has_value());
}

TEST_CASE("rows written in bulk lie between commits, and each kind of reader sees its own", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  std::map<Scn, std::string> expected;
  std::vector<std::string> rows;
  LogPosition first = 0;
  for (uint32_t i = 0; i < 30; ++i) {
    rows.push_back(cat("rows of record ", i, std::string(200, 'r')));
    const BulkFrame bulk = build_bulk(9, i, 1, rows.back());
    CHECK(bulk.size() < 180);  // compressed
    const auto end = log->appender.append(LogRecordKind::bulk, kNoScn, bulk.view());
    REQUIRE(end.ok());
    if (i == 0) first = *end - frame_bytes(bulk.size());
    expected[i + 2] = payload_of(i + 2, 700);
    REQUIRE(log->commit(i + 2, expected[i + 2]).ok());
    if (i % 4 == 0) REQUIRE(log->flush().ok());
  }
  REQUIRE(log->flush().ok());
  const LogPosition durable = log->appender.durable_position();
  CHECK(read_commits(disk, durable).value() == expected);

  LogIndex index(disk, kLogDirectory);
  REQUIRE(index.refresh(durable).ok());
  LogReader reader(disk, kLogDirectory);
  REQUIRE(reader.seek(index.find_position(first).value(), first).ok());
  std::vector<std::string> seen;
  while (const auto record = reader.next_bulk(durable).value()) {
    const schema::Bulk* bulk = read_bulk(*record).value();
    CHECK(bulk->head()->txn() == 9);
    CHECK(bulk->head()->record() == seen.size());
    REQUIRE(unpack_bulk(*bulk, &seen.emplace_back()).ok());
  }
  CHECK(seen == rows);
  // Recovery finds the same end and the same commits.
  log.reset();
  const auto again = RunningLog::open(disk).value();
  CHECK(again->opened.tail.last_scn == 31);
}

TEST_CASE("a reader that tails the log sees each record once it is durable, and not before", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  LogReader reader(disk, kLogDirectory);
  REQUIRE(reader.seek(log->opened.tail.segment, log->opened.tail.end).ok());
  for (Scn scn = 2; scn < 100; ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 300)).ok());
    CHECK_FALSE(reader.next(log->appender.durable_position()).value().has_value());
    REQUIRE(log->flush().ok());
    const auto record = reader.next(log->appender.durable_position()).value();
    REQUIRE(record.has_value());
    CHECK(record->scn == scn);
    CHECK(record->payload == payload_of(scn, 300));
    CHECK(reinterpret_cast<uintptr_t>(record->payload.data()) % 8 == 0);
  }
}

TEST_CASE("a log that was closed says so and goes on where it ended", "[log]") {
  SimFileSystem disk(1);
  LogPosition end = 0;
  {
    auto log = RunningLog::open(disk).value();
    CHECK(log->opened.was_closed);
    REQUIRE(log->commit(2, "x").ok());
    REQUIRE(log->flush().ok());
    REQUIRE(log->appender.append_mark(true).ok());
    REQUIRE(log->flush().ok());
    CHECK_FALSE(log->appender.needs_mark());
    end = log->appender.durable_position();
  }
  disk.crash();
  auto log = RunningLog::open(disk).value();
  CHECK(log->opened.was_closed);
  CHECK(log->opened.tail.end == end);
  CHECK(log->opened.tail.last_scn == 2);
  CHECK(log->opened.cut_because == "no frame header of this position, but of 0");
  REQUIRE(log->commit(3, "y").ok());
  REQUIRE(log->flush().ok());
  CHECK(read_commits(disk, log->appender.durable_position()).value() == std::map<Scn, std::string>{{2, "x"}, {3, "y"}});
}

TEST_CASE("the queue and the record size have limits", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  CHECK(error_code(log->commit(2, std::string(3001, 'x')).status()) == ErrorCode::kProgramLimitExceeded);
  Scn scn = 2;
  while (log->appender.queued_bytes() + 3100 < 16384) REQUIRE(log->commit(scn++, std::string(3000, 'x')).ok());
  CHECK(error_code(log->commit(scn, std::string(3000, 'x')).status()) == ErrorCode::kConfigurationLimitExceeded);
  REQUIRE(log->flush().ok());
  CHECK(log->commit(scn, std::string(3000, 'x')).ok());
}

TEST_CASE("a failed sync fences the log for good", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  REQUIRE(log->commit(2, "x").ok());
  disk.fail_nth(SimOperation::sync, 1);
  CHECK(error_code(log->flush()) == ErrorCode::kIoError);
  CHECK_FALSE(log->writer.fenced().ok());
  CHECK(error_code(log->commit(3, "y").status()) == ErrorCode::kIoError);
  CHECK(error_code(log->writer.release(1 << 20)) == ErrorCode::kIoError);
  CHECK(log->appender.durable_scn() == 0);
}

TEST_CASE("a full disk stalls the log and does not fence it", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  Scn scn = 2;
  disk.set_capacity(8192);
  while (log->appender.end() + 3100 < 8192) REQUIRE(log->commit(scn++, std::string(2900, 'x')).ok());
  REQUIRE(log->flush().ok());
  REQUIRE(log->commit(scn, std::string(2900, 'x')).ok());
  LogBatch batch = log->appender.take_batch();
  CHECK(error_code(log->writer.write(batch)) == ErrorCode::kDiskFull);
  CHECK(log->writer.fenced().ok());
  disk.set_capacity(1 << 20);
  CHECK(log->writer.write(batch).ok());
  log->appender.finished(std::move(batch), absl::OkStatus());
  CHECK(read_commits(disk, log->appender.durable_position()).value().size() == scn - 1);
}

TEST_CASE("nothing is written behind a batch whose segment could not be made", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  Scn scn = 2;
  while (log->appender.end() + 3100 < 8192) REQUIRE(log->commit(scn++, std::string(2900, 'x')).ok());
  REQUIRE(log->flush().ok());
  REQUIRE(log->commit(scn++, std::string(2900, 'y')).ok());
  LogBatch failing = log->appender.take_batch();
  REQUIRE(log->commit(scn, std::string(2900, 'z')).ok());
  disk.fail_nth(SimOperation::preallocate, 1);
  const absl::Status failed = log->writer.write(failing);
  CHECK(error_code(failed) == ErrorCode::kIoError);
  log->appender.finished(std::move(failing), failed);
  CHECK_FALSE(log->appender.has_queued());
  CHECK(error_code(log->writer.fenced()) == ErrorCode::kIoError);
  log = RunningLog::open(disk).value();
  CHECK(log->opened.tail.last_scn == scn - 2);
}

TEST_CASE("released segments are used again, and a reader that needs them is told the earliest SCN", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  LogReader slow(disk, kLogDirectory);
  REQUIRE(slow.seek(log->opened.tail.segment, log->opened.tail.end).ok());
  uint64_t made = 0;
  for (Scn scn = 2; scn < 200; ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 1000)).ok());
    REQUIRE(log->flush().ok());
    REQUIRE(log->writer.prepare_next().ok());
    REQUIRE(log->writer.release(log->appender.durable_position()).ok());
    if (scn == 60) made = disk.count(SimOperation::preallocate);
  }
  CHECK(disk.count(SimOperation::preallocate) == made);
  CHECK(disk.list(kLogDirectory).value().size() <= 3);
  CHECK(error_code(slow.next(log->appender.durable_position()).status()) == ErrorCode::kSnapshotTooOld);
  LogIndex index(disk, kLogDirectory);
  REQUIRE(index.refresh(log->appender.durable_position()).ok());
  const absl::Status old = index.find(5).status();
  CHECK(error_code(old) == ErrorCode::kSnapshotTooOld);
  CHECK(error_fields(old).detail == "The log holds every commit after SCN " + std::to_string(index.earliest()) + ".");
  const auto rest = read_commits(disk, log->appender.durable_position()).value();
  CHECK(rest.begin()->first == index.earliest() + 1);
  CHECK(rest.rbegin()->first == 199);
}

TEST_CASE("while nobody idles, the next segment grows piece by piece, and no write makes one", "[log]") {
  SimFileSystem disk(1);
  LogOptions large = small_options();
  large.segment_bytes = 8u << 20;
  auto log = RunningLog::open(disk, large).value();
  uint64_t pieces = 0;
  for (Scn scn = 2; log->writer.segments().size() < 4; ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 2'000)).ok());
    const uint64_t before = disk.count(SimOperation::preallocate);
    REQUIRE(log->flush().ok());
    CHECK(disk.count(SimOperation::preallocate) == before);
    REQUIRE(log->writer.prepare_piece().ok());
    const uint64_t grown = disk.count(SimOperation::preallocate) - before;
    REQUIRE(grown <= 1);
    pieces += grown;
  }
  CHECK(pieces == 3 * 8);
  log = RunningLog::open(disk, large).value();  // what is half made is cleared away
  CHECK(disk.list(kLogDirectory).value().size() == 4);
}

TEST_CASE("a segment that cannot be prepared is made by the write that needs it", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  disk.set_capacity(0);
  Scn scn = 2;
  absl::Status prepared;
  for (; prepared.ok(); ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 500)).ok());
    REQUIRE(log->flush().ok());
    prepared = log->writer.prepare_piece();
  }
  CHECK(error_code(prepared) == ErrorCode::kDiskFull);
  CHECK(log->writer.prepare_piece().ok());  // said once
  disk.set_capacity(1 << 20);
  for (const Scn end = scn + 20; scn < end; ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 500)).ok());
    REQUIRE(log->flush().ok());
  }
  CHECK(log->writer.segments().size() > 1);
  CHECK(read_commits(disk, log->appender.durable_position()).value().size() == scn - 2);
}

TEST_CASE("subscribers hold the log back up to the retention limit", "[log]") {
  LogOptions options;
  options.retention_bytes_max = 1000;
  CHECK(keep_from(5000, 6000, 9000, options) == 5000);
  CHECK(keep_from(8800, 8500, 9000, options) == 8500);
  CHECK(keep_from(8800, 100, 9000, options) == 8000);
  CHECK(keep_from(300, 100, 500, options) == 100);
}

TEST_CASE("a transaction of several records is whole or absent", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  REQUIRE(log->commit(2, "x").ok());
  REQUIRE(log->appender.append(LogRecordKind::commit_part, 3, "a").ok());
  REQUIRE(log->flush().ok());
  REQUIRE(log->appender.append(LogRecordKind::commit_part, 3, "b").ok());
  REQUIRE(log->flush().ok());
  SECTION("absent without its last part, however durable the others are") {
    log = RunningLog::open(disk).value();
    CHECK(log->opened.tail.last_scn == 2);
    CHECK(read_commits(disk, log->opened.tail.end).value() == std::map<Scn, std::string>{{2, "x"}});
    REQUIRE(log->commit(3, "other").ok());
    REQUIRE(log->flush().ok());
    log = RunningLog::open(disk).value();
    CHECK(read_commits(disk, log->opened.tail.end).value() == std::map<Scn, std::string>{{2, "x"}, {3, "other"}});
  }
  SECTION("whole with it") {
    REQUIRE(log->commit(3, "c").ok());
    REQUIRE(log->flush().ok());
    log = RunningLog::open(disk).value();
    CHECK(read_commits(disk, log->opened.tail.end).value() == std::map<Scn, std::string>{{2, "x"}, {3, "abc"}});
  }
}

TEST_CASE("recovery starts at the checkpoint and refuses one that the log does not reach", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  LogPosition middle = 0;
  for (Scn scn = 2; scn < 40; ++scn) {
    REQUIRE(log->commit(scn, payload_of(scn, 900)).ok());
    REQUIRE(log->flush().ok());
    if (scn == 20) middle = log->appender.durable_position();
  }
  const LogPosition end = log->appender.durable_position();
  log = RunningLog::open(disk, small_options(), {.scan_from = middle, .known_durable = end}).value();
  CHECK(log->opened.record_count == 19);
  CHECK(log->opened.tail.last_scn == 39);
  const LogScanOptions beyond{.scan_from = end + (1 << 20)};
  CHECK(error_code(scan_log(disk, kLogDirectory, beyond).status()) == ErrorCode::kDataCorrupted);
  const LogScanOptions longer{.known_durable = end + 512};
  CHECK(error_code(scan_log(disk, kLogDirectory, longer).status()) == ErrorCode::kDataCorrupted);
  SimFileSystem empty(1);
  CHECK(error_code(open_log(empty, "log", small_options(), {.scan_from = 4096, .new_log_id = 1}).status()) ==
        ErrorCode::kDataCorrupted);
}

TEST_CASE("what is retained may begin inside a transaction of several parts", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  for (int part = 0; part < 20; ++part) {
    const auto kind = part < 19 ? LogRecordKind::commit_part : LogRecordKind::commit;
    REQUIRE((log->appender.append(kind, 2, payload_of(2, 900)).ok() && log->flush().ok()));
  }
  REQUIRE((log->commit(3, "behind it").ok() && log->flush().ok()));
  const LogScan whole = scan_log(disk, kLogDirectory, {}).value();
  const SegmentId first = whole.segments.front();
  REQUIRE(log->writer.release(first.end()).ok());
  const LogScan scan = scan_log(disk, kLogDirectory, {}).value();
  CHECK(scan.segments.front().first == first.end());
  CHECK(scan.last_scn == 3);
  CHECK(scan.end == whole.end);
}

TEST_CASE("a missing segment is damage", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  for (Scn scn = 2; scn < 40; ++scn) REQUIRE((log->commit(scn, payload_of(scn, 900)).ok() && log->flush().ok()));
  REQUIRE(disk.remove(join_path(kLogDirectory, segment_name(8192))).ok());
  const absl::Status status = scan_log(disk, kLogDirectory, {}).status();
  CHECK(error_code(status) == ErrorCode::kDataCorrupted);
  CHECK_FALSE(error_fields(status).hint.empty());
}

TEST_CASE("a segment that was cut short is damage, wherever the cut lies", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  for (Scn scn = 2; scn < 9; ++scn) REQUIRE((log->commit(scn, payload_of(scn, 900)).ok() && log->flush().ok()));
  const std::string path = join_path(kLogDirectory, segment_name(0));
  for (const uint64_t size : {8191, 6000, 4096, 1024, 512, 100, 0}) {
    INFO(size);
    disk.open(path, {.write = true}).value()->truncate(size).IgnoreError();
    const absl::Status status = scan_log(disk, kLogDirectory, {}).status();
    CHECK(error_code(status) == ErrorCode::kDataCorrupted);
    CHECK_FALSE(error_fields(status).hint.empty());
    if (size < kSegmentHeaderBytes) continue;
    CHECK(error_fields(status).message == cat("log segment \"", path, "\" is ", size, " bytes, its header says 8192"));
  }
}

TEST_CASE("a missing newest segment is damage when the log is known to have reached it", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  for (Scn scn = 2; scn < 12; ++scn) REQUIRE((log->commit(scn, payload_of(scn, 900)).ok() && log->flush().ok()));
  const LogPosition reached = log->appender.durable_position();
  REQUIRE(log->writer.segments().size() == 2);
  REQUIRE(disk.remove(join_path(kLogDirectory, segment_name(8192))).ok());
  CHECK(scan_log(disk, kLogDirectory, {.known_durable = 8192}).ok());
  const absl::Status status = scan_log(disk, kLogDirectory, {.known_durable = reached}).status();
  CHECK(error_code(status) == ErrorCode::kDataCorrupted);
  CHECK(error_fields(status).message == cat("log segment \"", join_path(kLogDirectory, segment_name(8192)),
                                            "\" is missing: the log ends at 8192, but is known to have reached ",
                                            reached));
  CHECK_FALSE(error_fields(status).hint.empty());
}

TEST_CASE("where recovery starts and how far the log reached survive a crash, and damage to them is noticed", "[log]") {
  SimFileSystem disk(1);
  REQUIRE(disk.create_directory("data").ok());
  CHECK(read_recovery_point(disk, "data").value().problem.empty());
  const auto keep = [&](uint64_t capacity) {
    disk.set_capacity(capacity);
    REQUIRE(write_recovery_point(disk, "data", {.scn = 7, .position = 512, .reached = 4096}).ok());
    disk.crash();
    const RecoveryPoint point = read_recovery_point(disk, "data").value();
    CHECK(point.scn == 7);
    CHECK(point.position == 512);
    CHECK(point.reached == 4096);
    CHECK(point.problem.empty());
  };
  keep(1 << 20);
  keep(28);  // no room for a second one
  disk.flip_bit("data/recovery.point", 20, 1);
  const RecoveryPoint damaged = read_recovery_point(disk, "data").value();
  CHECK(damaged.problem == "data/recovery.point is damaged; the log was read from its beginning instead");
  CHECK((damaged.scn == kNoScn && damaged.position == 0 && damaged.reached == 0));
}

TEST_CASE("another segment size is taken over by new segments", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  for (Scn scn = 2; scn < 20; ++scn) REQUIRE((log->commit(scn, payload_of(scn, 900)).ok() && log->flush().ok()));
  REQUIRE(log->writer.prepare_next().ok());
  LogOptions larger = small_options();
  larger.segment_bytes = 16384;
  log = RunningLog::open(disk, larger).value();
  for (Scn scn = 20; scn < 60; ++scn) REQUIRE((log->commit(scn, payload_of(scn, 900)).ok() && log->flush().ok()));
  log = RunningLog::open(disk, larger).value();
  CHECK(log->opened.tail.last_scn == 59);
  CHECK(read_commits(disk, log->opened.tail.end).value().size() == 58);
}

TEST_CASE("inspection shows each record and where the log ends", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  const std::string_view changes[] = {"12345"};
  auto frame = build_commit({.scn = 7, .txn = 9, .change_count = 1}, changes);
  REQUIRE(log->appender.append(LogRecordKind::commit, 7, frame.view()).ok());
  REQUIRE(log->flush().ok());
  std::vector<std::string> lines;
  REQUIRE(inspect_log(disk, kLogDirectory, {}, [&](std::string_view line) { lines.emplace_back(line); }).ok());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "segment log-0000000000000000.seg: 8192 bytes of log 42");
  CHECK(lines[1].find("0000000000000200 commit      scn 7 ") == 0);
  CHECK(lines[1].find("txn 9 part 0 changes 1 (5 bytes)") != std::string::npos);
  CHECK(lines[3].find("end 1024, SCN 7") == 0);
}

}  // namespace
}  // namespace troupe
