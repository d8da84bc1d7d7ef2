#include "actors/session/read_tracker.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "runtime/exec/messages.hpp"

namespace troupe {
namespace {

using schema::ReadKind;
using schema::ReadStatus;
using schema::WriteKind;
using schema::WriteOutcome;

constexpr TreeId kTable = 200;
constexpr TreeId kIndex = 201;
constexpr Scn kSnapshot = 50;

std::string packed(std::initializer_list<std::string_view> items) {
  std::string bytes;
  for (const std::string_view item : items) append_packed(item, &bytes);
  return bytes;
}

/// A transaction that has a question answered, and what it has read then.
struct Fixture {
  ReadTracker tracker{1'000, PlantedBug::kNone};
  uint64_t request = 0;

  void read(ReadKind kind, std::initializer_list<std::string_view> keys, ReadStatus status,
            std::string_view resume = {}, std::string_view resumed = {}, uint8_t flags = 0,
            std::string_view rows_read = {}) {
    const std::string bytes = packed(keys);
    ReadParts parts;
    parts.head.mutate_request(++request);
    parts.head.mutate_kind(kind);
    parts.head.mutate_tree(kTable);
    parts.head.mutate_index(kIndex);
    parts.head.mutate_flags(flags);
    parts.keys = bytes;
    parts.resume = resumed;
    tracker.asked(request, build_read(parts));
    ReadResultParts answer;
    answer.head.mutate_request(request);
    answer.head.mutate_status(status);
    answer.resume = resume;
    answer.rows_read = rows_read;
    tracker.answered(build_read_result(answer));
  }
  void write(WriteKind kind, std::initializer_list<std::string_view> keys,
             std::initializer_list<WriteOutcome> outcomes) {
    const std::string bytes = packed(keys);
    WriteParts parts;
    parts.head.mutate_request(++request);
    parts.head.mutate_kind(kind);
    parts.head.mutate_tree(kTable);
    parts.head.mutate_key_count(static_cast<uint32_t>(keys.size()));
    parts.keys = bytes;
    tracker.asked(request, build_write(parts));
    std::string noted;
    for (const WriteOutcome outcome : outcomes) noted.push_back(static_cast<char>(outcome));
    WriteResultParts answer;
    answer.head.mutate_request(request);
    answer.outcomes = noted;
    tracker.answered(build_write_result(answer));
  }
  /// "200:[a,b)" and so on.
  std::string all() {
    std::string text;
    const auto commit = tracker.take(kSnapshot);
    for (const PartReads& reads : commit->reads) {
      for (const ReadRange& range : reads.ranges) {
        const bool is_key = range.upper == key_after(range.lower);
        text += (text.empty() ? "" : " ") + std::to_string(reads.part.tree) + ":";
        text += is_key ? range.lower : "[" + range.lower + "," + range.upper + ")";
      }
    }
    std::replace(text.begin(), text.end(), '\0', '+');
    return text;
  }
};

}  // namespace

TEST_CASE("keys that were looked up are read, found or not", "[read_tracker]") {
  Fixture f;
  f.read(ReadKind::get, {"b", "d"}, ReadStatus::done);
  CHECK(f.all() == "200:b 200:d");
}

TEST_CASE("a scan has read as far as it was answered", "[read_tracker]") {
  Fixture f;
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::more, "f");
  CHECK(f.all() == "200:[b,f+)");
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::more, "f");
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::done, "", "f");
  CHECK(f.all() == "200:[b,x)");
  f.read(ReadKind::scan, {"b", ""}, ReadStatus::done);
  CHECK(f.all() == "200:[b,)");
}

TEST_CASE("a scan backwards has read from the end", "[read_tracker]") {
  const uint8_t backward = bit(schema::ReadFlag::backward);
  Fixture f;
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::more, "p", "", backward);
  CHECK(f.all() == "200:[p,x)");
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::more, "p", "", backward);
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::done, "", "p", backward);
  CHECK(f.all() == "200:[b,x)");
}

TEST_CASE("a scan by an index has read its entries and the rows behind them", "[read_tracker]") {
  Fixture f;
  const std::string rows = packed({"k1", key_after("k1"), "k5", "k7"});
  f.read(ReadKind::index_scan, {"b", "x"}, ReadStatus::done, "", "", 0, rows);
  CHECK(f.all() == "200:k1 200:[k5,k7) 201:[b,x)");
}

TEST_CASE("what failed has read all that it might have", "[read_tracker]") {
  Fixture f;
  f.read(ReadKind::index_aggregate, {"b", "x"}, ReadStatus::failed);
  CHECK(f.all() == "200:[,) 201:[b,x)");
}

TEST_CASE("an unknown fragment has read nothing, and what was given up neither", "[read_tracker]") {
  Fixture f;
  f.read(ReadKind::scan, {"b", "x"}, ReadStatus::unknown_fragment);
  ReadParts parts;
  parts.head.mutate_request(99);
  f.tracker.asked(99, build_read(parts));
  f.tracker.abandoned(99);
  ReadResultParts answer;
  answer.head.mutate_request(99);
  f.tracker.answered(build_read_result(answer));
  CHECK(f.all().empty());
}

TEST_CASE("writes that leave something are no reads, those that only find out are", "[read_tracker]") {
  Fixture f;
  f.write(WriteKind::update, {"a", "b"}, {});
  CHECK_FALSE(f.tracker.saw_newest());
  f.write(WriteKind::update, {"c", "d", "e"}, {WriteOutcome::done, WriteOutcome::not_found, WriteOutcome::skipped});
  f.write(WriteKind::insert, {"g", "h"}, {WriteOutcome::conflict, WriteOutcome::updated});
  CHECK(f.tracker.saw_newest());
  CHECK(f.all() == "200:d 200:g");
}

TEST_CASE("with savepoints every write is a read, for its lock may be given back", "[read_tracker]") {
  Fixture f;
  f.tracker.expect_rollbacks();
  f.write(WriteKind::remove, {"a", "b"}, {});
  CHECK(f.all() == "200:a 200:b");
  f.tracker.clear();
  f.write(WriteKind::remove, {"a", "b"}, {});
  CHECK(f.all().empty());
}

TEST_CASE("a read knows its statement", "[read_tracker]") {
  Fixture f;
  f.tracker.begin_statement("SELECT 1");
  f.tracker.begin_statement("SELECT 2");
  f.read(ReadKind::get, {"b"}, ReadStatus::done);
  f.write(WriteKind::update, {"a"}, {});
  const auto commit = f.tracker.take(kSnapshot);
  CHECK(commit->snapshot == kSnapshot);
  CHECK(commit->trail->texts.at(commit->reads.at(0).ranges.at(0).statement) == "SELECT 2");
  CHECK(commit->trail->wrote == std::vector<std::pair<TreeId, uint32_t>>{{kTable, 1}});
  for (int i = 0; i < 100; ++i) f.tracker.begin_statement("more");
  f.read(ReadKind::get, {"c"}, ReadStatus::done);
  CHECK(f.tracker.statement_text(f.tracker.take(kSnapshot)->reads.at(0).ranges.at(0).statement).empty());
}

}  // namespace troupe
