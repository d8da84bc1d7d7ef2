#include "storage/conflict/conflict_index.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "storage/base/random.hpp"

namespace troupe {
namespace {

constexpr TreePart kPart{100, 0};

std::vector<PartReads> range(std::string lower, std::string upper, TreePart part = kPart) {
  return {{part, {{std::move(lower), std::move(upper), 0}}}};
}
std::vector<PartReads> key(const std::string& one) { return range(one, key_after(one)); }

std::string random_key(Random& random) {
  std::string key(1 + random.below(3), ' ');
  for (char& c : key) c = static_cast<char>('a' + random.below(8));
  return key;
}

}  // namespace

TEST_CASE("a written key that was read is found, and what is only near it is not", "[conflict]") {
  ConflictIndex index(1 << 20);
  index.add_key(kPart, "b", 10);
  index.add_key(kPart, "d", 11);
  CHECK(index.find(key("b"), 9)->scn == 10);
  CHECK(index.find(key("b"), 9)->key == "b");
  CHECK_FALSE(index.find(key("b"), 10).has_value());
  CHECK_FALSE(index.find(key("c"), 9).has_value());
  CHECK_FALSE(index.find(range("b", "c", {100, 1}), 9).has_value());
  CHECK(index.find(range("a", "c"), 9)->key == "b");
  CHECK(index.find(range("c", ""), 9)->key == "d");
  CHECK_FALSE(index.find(range("e", ""), 9).has_value());
}

TEST_CASE("a phantom in a range that was empty is found", "[conflict]") {
  ConflictIndex index(1 << 20);
  index.add_key(kPart, "m", 20);
  CHECK(index.find(range("", ""), 19).has_value());
  CHECK(index.find(range("l", "n"), 19).has_value());
}

TEST_CASE("a part that was written as a whole meets whatever was read in it", "[conflict]") {
  ConflictIndex index(1 << 20);
  index.add_part(kPart, 20);
  const auto hit = index.find(key("anything"), 19);
  REQUIRE(hit.has_value());
  CHECK_FALSE(hit->key.has_value());
  CHECK_FALSE(index.find(key("anything"), 20).has_value());
}

TEST_CASE("what the oldest snapshot may ask for is never forgotten", "[conflict]") {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    ConflictIndex index(round % 3 == 0 ? 4'000 : 1 << 20);
    const bool exact = round % 3 != 0;
    std::map<std::pair<TreePart, std::string>, Scn> model;
    Scn oldest = 100;
    for (Scn scn = 101; scn < 400; ++scn) {
      for (uint64_t i = 0; i <= random.below(4); ++i) {
        const TreePart part{static_cast<TreeId>(100 + random.below(2)), static_cast<PartitionId>(random.below(2))};
        const std::string key = random_key(random);
        index.add_key(part, key, scn);
        model[{part, key}] = scn;
      }
      if (random.below(10) == 0) {
        oldest += random.below(scn - oldest + 1);
        index.forget(oldest);
      }
      index.check_invariants();
      std::string lower = random_key(random), upper = random_key(random);
      if (upper < lower) std::swap(lower, upper);
      const TreePart part{100, static_cast<PartitionId>(random.below(2))};
      const Scn snapshot = oldest + random.below(scn - oldest + 1);
      const bool expected = std::any_of(model.begin(), model.end(), [&](const auto& entry) {
        return entry.first.first == part && entry.first.second >= lower && entry.first.second < upper &&
               entry.second > snapshot;
      });
      const bool found = index.find(range(lower, upper, part), snapshot).has_value();
      if (exact) {
        CHECK(found == expected);
      } else {
        CHECK((found || !expected));
      }
    }
    index.forget(1'000);
    CHECK(index.size() == 0);
    CHECK(index.bytes() == 0);
  }
}

TEST_CASE("past its limit the index keeps a part as a whole, and no conflict goes unseen", "[conflict]") {
  ConflictIndex index(20'000);
  for (Scn scn = 10; scn < 5'000; ++scn) {
    index.add_key(kPart, std::to_string(scn), scn);
    CHECK(index.bytes() <= 20'200);
  }
  index.check_invariants();
  CHECK(index.find(key("4999"), 4'998).has_value());
  CHECK(index.find(key("11"), 10).has_value());
  CHECK_FALSE(index.find(key("11"), 4'999).has_value());
  index.forget(4'999);
  CHECK_FALSE(index.find(key("11"), 10).has_value());
}

TEST_CASE("past the limit the part whose writes take the most memory is kept as a whole", "[conflict]") {
  constexpr TreePart kCold{101, 0};
  ConflictIndex index(1 << 20);
  Scn scn = 1;
  for (const char* one : {"a", "b", "c"}) index.add_key(kCold, one, scn++);
  // One key, again and again: a single node, but a write for each commit.
  for (int i = 0; i < 20'000; ++i) index.add_key(kPart, "hot", scn++);
  CHECK(index.bytes() <= 1 << 20);
  CHECK_FALSE(index.find(range("bb", "bc", kCold), 0).has_value());
  CHECK(index.find(range("b", "c", kCold), 0)->key == "b");
  CHECK(index.find(key("other"), 0).has_value());
  index.check_invariants();
}

}  // namespace troupe
