#include "storage/conflict/read_set.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "storage/base/random.hpp"

namespace troupe {
namespace {

constexpr TreePart kPart{100, 0};

bool covers(const std::vector<PartReads>& reads, TreePart part, std::string_view key) {
  for (const PartReads& read : reads) {
    if (read.part != part) continue;
    for (const ReadRange& range : read.ranges) {
      if (range.lower <= key && (range.upper.empty() || key < range.upper)) return true;
    }
  }
  return false;
}

std::string random_key(Random& random) {
  std::string key(1 + random.below(3), ' ');
  for (char& c : key) c = static_cast<char>('a' + random.below(6));
  return key;
}

}  // namespace

TEST_CASE("a key that was read covers that key only", "[conflict]") {
  ReadSet set(100);
  set.add_key(kPart, "b", 0);
  const auto reads = set.take();
  CHECK(covers(reads, kPart, "b"));
  CHECK_FALSE(covers(reads, kPart, std::string_view("b\0", 2)));
  CHECK_FALSE(covers(reads, kPart, "a"));
  CHECK_FALSE(covers(reads, {100, 1}, "b"));
  CHECK(set.empty());
}

TEST_CASE("the answers of one scan are one range, in both directions", "[conflict]") {
  ReadSet set(100);
  set.add_range(kPart, "a", "c", 0);
  set.add_range(kPart, "c", "f", 0);
  CHECK(set.size() == 1);
  set.add_range({101, 0}, "x", "z", 0);
  set.add_range({101, 0}, "m", "x", 0);
  CHECK(set.size() == 2);
  set.check_invariants();
  const auto reads = set.take();
  REQUIRE(reads.size() == 2);
  CHECK(reads[0].ranges[0].lower == "a");
  CHECK(reads[0].ranges[0].upper == "f");
  CHECK(reads[1].ranges[0].lower == "m");
  CHECK(reads[1].ranges[0].upper == "z");
}

TEST_CASE("a range to the end is not taken for one that begins at the beginning", "[conflict]") {
  ReadSet set(100);
  set.add_range(kPart, "", "b", 0);
  set.add_range(kPart, "f", "", 0);
  set.check_invariants();
  const auto reads = set.take();
  REQUIRE(reads[0].ranges.size() == 2);
  CHECK_FALSE(covers(reads, kPart, "c"));
  CHECK(covers(reads, kPart, "zzz"));
}

TEST_CASE("whatever was read stays covered, however few ranges are left", "[conflict]") {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    ReadSet set(static_cast<uint32_t>(4 + random.below(60)));
    std::set<std::pair<TreePart, std::string>> keys;
    for (int i = 0; i < 300; ++i) {
      const TreePart part{static_cast<TreeId>(100 + random.below(2)), static_cast<PartitionId>(random.below(2))};
      std::string lower = random_key(random), upper = random_key(random);
      if (random.below(3) == 0) {
        if (upper < lower) std::swap(lower, upper);
        if (random.below(20) == 0) upper.clear();
        set.add_range(part, lower, upper, 0);
        if (upper.empty() || lower < upper) keys.insert({part, lower});
      } else {
        set.add_key(part, lower, 0);
        keys.insert({part, lower});
      }
      set.check_invariants();
    }
    const auto reads = set.take();
    for (const auto& [part, key] : keys) CHECK(covers(reads, part, key));
    for (const PartReads& read : reads) {
      for (size_t i = 1; i < read.ranges.size(); ++i) CHECK(read.ranges[i - 1].upper < read.ranges[i].lower);
    }
  }
}

TEST_CASE("there are never more ranges than the limit", "[conflict]") {
  ReadSet set(64);
  Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    set.add_key(kPart, std::to_string(random.below(1'000'000'000)), 0);
    CHECK(set.size() <= 64);
  }
  ReadSet long_keys(64);
  for (int i = 0; i < 200; ++i) {
    long_keys.add_key(kPart, std::to_string(i) + std::string(4'000, 'x'), 0);
    CHECK(long_keys.bytes() <= 64 * ReadSet::kRangeBytes + 2 * 4'010);
  }
}

}  // namespace troupe
