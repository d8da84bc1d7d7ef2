/// The log against a disk that loses, tears and flips: thousands of seeds.
#include "tests/storage/log/log_fixture.hpp"

namespace troupe {
namespace {

/// What a client may rely on: acknowledged commits are there after a crash, commits are whole, and nothing else is.
class CrashRun {
 public:
  explicit CrashRun(uint64_t seed) : random_{seed}, disk_{seed * 7919 + 1} {}

  void run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      disk_.cut_power_after(1 + random_.below(120));
      if (random_.chance(0.2)) disk_.fail_nth(SimOperation::sync, 1 + random_.below(20));
      if (random_.chance(0.1)) disk_.fail_nth(SimOperation::write, 1 + random_.below(20));
      if (random_.chance(0.1)) disk_.fail_nth(SimOperation::sync_directory, 1 + random_.below(5));
      work();
      // Not every end of a process is the end of the machine.
      if (random_.chance(0.7) || disk_.powered_off()) disk_.crash();
      recover();
    }
  }

 private:
  void work() {
    auto log = RunningLog::open(disk_, small_options(), scan_options());
    if (!log.ok()) {
      REQUIRE(error_code(log.status()) == ErrorCode::kIoError);
      return;
    }
    Scn scn = std::max(last_scn(), checkpoint_scn_) + 1;
    for (int step = 0; step < 60; ++step) {
      if (!commit(**log, scn++)) return;
      if (random_.chance(0.5) && !flush(**log)) return;
      if (random_.chance(0.1) && !(*log)->writer.prepare_next().ok() && disk_.powered_off()) return;
      if (random_.chance(0.5) && !(*log)->writer.prepare_piece().ok() && disk_.powered_off()) return;
      if (random_.chance(0.1)) checkpoint(**log);
      if (random_.chance(0.2)) note_reached(**log);
    }
  }

  bool commit(RunningLog& log, Scn scn) {
    std::string whole;
    for (uint64_t parts = random_.chance(0.1) ? random_.below(4) : 0; parts > 0; --parts) {
      const std::string part = payload_of(scn, random_.below(2000));
      if (!log.appender.append(LogRecordKind::commit_part, scn, part).ok()) return false;
      whole += part;
      if (random_.chance(0.3) && !flush(log)) return false;
    }
    const std::string last = payload_of(scn, random_.chance(0.1) ? random_.below(2900) : random_.below(300));
    whole += last;
    appended_[scn] = whole;
    return log.commit(scn, last).ok();
  }

  bool flush(RunningLog& log) {
    const bool written = log.flush().ok();
    acknowledged_ = std::max(acknowledged_, log.appender.durable_scn());
    durable_position_ = std::max(durable_position_, log.appender.durable_position());
    if (written && log.appender.needs_mark() && !log.appender.has_queued() && random_.chance(0.1)) {
      return log.appender.append_mark(false).ok() && log.flush().ok();
    }
    return written;
  }

  void checkpoint(RunningLog& log) {
    // A position between two transactions, known durable by the checkpoint's own sync.
    if (log.appender.durable_scn() != log.appender.last_scn()) return;
    checkpoint_ = log.appender.durable_position();
    checkpoint_scn_ = log.appender.durable_scn();
    log.writer.release(checkpoint_).IgnoreError();
  }

  /// Behind whole transactions only: what recovery cuts from an unfinished one was durable, too.
  void note_reached(const RunningLog& log) {
    if (log.appender.durable_scn() == log.appender.last_scn()) reached_ = log.appender.durable_position();
  }

  LogScanOptions scan_options() const {
    return {.scan_from = checkpoint_, .known_durable = std::max(checkpoint_, reached_), .new_log_id = 42};
  }
  Scn last_scn() const { return appended_.empty() ? 1 : appended_.rbegin()->first; }

  void recover() {
    auto log = RunningLog::open(disk_, small_options(), scan_options());
    // Recovery may be hit, too.
    while (!log.ok() && error_code(log.status()) == ErrorCode::kIoError) {
      disk_.crash();
      if (random_.chance(0.5)) disk_.cut_power_after(1 + random_.below(8));
      log = RunningLog::open(disk_, small_options(), scan_options());
    }
    REQUIRE((log.ok() ? std::string() : std::string(log.status().message())) == "");
    const Scn end = std::max((*log)->opened.tail.last_scn, checkpoint_scn_);
    REQUIRE(end >= acknowledged_);
    appended_.erase(appended_.upper_bound(end), appended_.end());
    // What recovery shows was given to clients, so from now on it must stay.
    acknowledged_ = end;
    disk_.cut_power_after(0);
    const auto found = read_commits(disk_, (*log)->opened.tail.end, checkpoint_scn_);
    REQUIRE((found.ok() ? std::string() : std::string(found.status().message())) == "");
    std::map<Scn, std::string> expected(appended_.upper_bound(checkpoint_scn_), appended_.end());
    REQUIRE(*found == expected);
  }

  Random random_;
  SimFileSystem disk_;
  std::map<Scn, std::string> appended_;
  Scn acknowledged_ = 1;
  LogPosition checkpoint_ = 0;
  Scn checkpoint_scn_ = 1;
  LogPosition reached_ = 0;
  LogPosition durable_position_ = 0;
};

TEST_CASE("no acknowledged commit is lost and no torn one appears, whatever the disk does", "[log]") {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    INFO("seed " << seed);
    CrashRun(seed).run(4);
  }
}

/// A log of several batches, closed by nothing: the last batch is in doubt.
void write_some(SimFileSystem& disk, Random& random, std::vector<LogPosition>* batch_ends) {
  auto log = RunningLog::open(disk).value();
  Scn scn = 2;
  for (int batch = 0; batch < 8; ++batch) {
    for (uint64_t n = 1 + random.below(4); n > 0; --n, ++scn) {
      REQUIRE(log->commit(scn, payload_of(scn, random.below(600))).ok());
    }
    REQUIRE(log->flush().ok());
    batch_ends->push_back(log->appender.durable_position());
  }
}

TEST_CASE("a flipped bit before the last batch is refused, never skipped", "[log]") {
  int in_padding = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    SimFileSystem disk(seed);
    std::vector<LogPosition> ends;
    write_some(disk, random, &ends);
    const auto whole = read_commits(disk, ends.back()).value();
    const LogPosition at = random.below(ends[ends.size() - 2]);
    const LogPosition first = at / 8192 * 8192;
    disk.flip_bit(join_path(kLogDirectory, segment_name(first)), at - first, static_cast<int>(random.below(8)));
    const auto scan = scan_log(disk, kLogDirectory, {});
    if (!scan.ok()) {
      CHECK(error_code(scan.status()) == ErrorCode::kDataCorrupted);
      CHECK_FALSE(error_fields(scan.status()).hint.empty());
      CHECK_FALSE(read_commits(disk, ends.back()).ok());
      continue;
    }
    // Bytes that carry nothing (padding, the rest of the header sector): then nothing may be missing.
    ++in_padding;
    CHECK(scan->end == ends.back());
    CHECK(read_commits(disk, ends.back()).value() == whole);
  }
  CHECK(in_padding < 900);
}

TEST_CASE("a flipped bit in the last batch cuts it, unless a mark vouches for it", "[log]") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    SimFileSystem disk(seed);
    auto log = RunningLog::open(disk).value();
    REQUIRE(log->commit(2, payload_of(2, 100)).ok());
    REQUIRE(log->flush().ok());
    const LogPosition begin = log->appender.durable_position();
    REQUIRE(log->commit(3, payload_of(3, 300)).ok());
    REQUIRE(log->flush().ok());
    const bool marked = random.chance(0.5);
    if (marked) REQUIRE((log->appender.append_mark(random.chance(0.5)).ok() && log->flush().ok()));
    disk.flip_bit(join_path(kLogDirectory, segment_name(0)), begin + random.below(32 + 300),
                  static_cast<int>(random.below(8)));
    const auto scan = scan_log(disk, kLogDirectory, {});
    if (marked) {
      CHECK(error_code(scan.status()) == ErrorCode::kDataCorrupted);
    } else {
      REQUIRE(scan.ok());
      CHECK(scan->end == begin);
      CHECK(scan->last_scn == 2);
    }
  }
}

TEST_CASE("records that were cut do not come back when the gap before them is filled", "[log]") {
  SimFileSystem disk(1);
  auto log = RunningLog::open(disk).value();
  // Three frames of the same length in one batch; the first is destroyed before it was acknowledged.
  for (Scn scn = 2; scn < 5; ++scn) REQUIRE(log->commit(scn, payload_of(scn, 100)).ok());
  REQUIRE(log->flush().ok());
  disk.flip_bit(join_path(kLogDirectory, segment_name(0)), 512 + 40, 3);
  log = RunningLog::open(disk).value();
  CHECK(log->opened.tail.last_scn == 0);
  REQUIRE(log->commit(2, payload_of(2, 100)).ok());
  LogBatch batch = log->appender.take_batch();
  // Only the first frame of the new batch reaches the disk: what follows is what lay there before.
  auto file = disk.open(join_path(kLogDirectory, segment_name(0)), {.write = true}).value();
  REQUIRE(file->write(512, std::string_view(batch.bytes).substr(0, frame_bytes(100))).ok());
  const auto scan = scan_log(disk, kLogDirectory, {}).value();
  CHECK(scan.record_count == 1);
  CHECK(scan.last_scn == 2);
}

TEST_CASE("a crash while an unfinished transaction is cut leaves a log that opens", "[log]") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimFileSystem disk(seed);
    {
      auto log = RunningLog::open(disk).value();
      REQUIRE((log->commit(2, "x").ok() && log->flush().ok()));
      for (int part = 0; part < 5; ++part) {
        REQUIRE(log->appender.append(LogRecordKind::commit_part, 3, payload_of(3, 700)).ok());
        REQUIRE(log->flush().ok());
      }
    }
    for (uint64_t cut = 1; cut < 12; ++cut) {
      INFO("seed " << seed << " cut " << cut);
      const auto fork = disk.fork(seed * 100 + cut);
      fork->cut_power_after(cut);
      RunningLog::open(*fork).status().IgnoreError();
      fork->crash();
      const auto log = RunningLog::open(*fork);
      REQUIRE(log.ok());
      CHECK((*log)->opened.tail.last_scn == 2);
    }
  }
}

TEST_CASE("stale bytes of a recycled segment never pass", "[log]") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    SimFileSystem disk(seed);
    auto log = RunningLog::open(disk).value();
    // Equal batches: the old frames in a recycled file lie exactly where new ones are expected.
    for (Scn scn = 2; scn < 60; ++scn) {
      REQUIRE(log->commit(scn, std::string(400, 'x')).ok());
      REQUIRE(log->flush().ok());
      REQUIRE(log->writer.release(log->appender.durable_position()).ok());
    }
    disk.crash();
    log = RunningLog::open(disk).value();
    CHECK(log->opened.tail.last_scn == 59);
  }
}

}  // namespace
}  // namespace troupe
