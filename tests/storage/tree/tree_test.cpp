#include <catch2/catch.hpp>

#include <map>

#include "storage/base/random.hpp"
#include "storage/tree/tree_cursor.hpp"
#include "storage/tree/tree_reclaimer.hpp"

namespace troupe {
namespace {

using Model = std::map<std::string, std::string>;

std::string random_key(Random& random, uint64_t space) {
  const uint64_t n = random.below(space);
  std::string key = cat("key", n % 7, "/", n);
  if (n % 11 == 0) key.append(n % 300, 'x');
  return key;
}

std::string random_value(Random& random) {
  // Mostly small; some get a page of their own.
  const uint64_t size = random.chance(0.05) ? random.below(3000) : random.below(60);
  return std::string(size, static_cast<char>('a' + random.below(26)));
}

std::string read(Tree& tree, std::string_view key) {
  bool found = false;
  std::string_view value;
  REQUIRE_FALSE(tree.get(key, &found, &value).needed());
  return found ? std::string(value) : "(none)";
}

void check_equal(Tree& tree, const Model& model) {
  tree.check_invariants();
  REQUIRE(tree.entries() == model.size());
  TreeCursor cursor(tree);
  REQUIRE_FALSE(cursor.seek_first().needed());
  for (const auto& [key, value] : model) {
    REQUIRE(cursor.valid());
    CHECK(cursor.key() == key);
    std::string_view bytes;
    REQUIRE_FALSE(tree.load(cursor.value(), &bytes).needed());
    CHECK(bytes == value);
    REQUIRE_FALSE(cursor.next().needed());
  }
  CHECK_FALSE(cursor.valid());
  REQUIRE_FALSE(cursor.seek_last().needed());
  for (auto at = model.rbegin(); at != model.rend(); ++at) {
    REQUIRE(cursor.valid());
    CHECK(cursor.key() == at->first);
    REQUIRE_FALSE(cursor.previous().needed());
  }
  CHECK_FALSE(cursor.valid());
}

}  // namespace

TEST_CASE("a tree holds what an ordered map holds", "[tree]") {
  for (const uint32_t page_bytes : {256u, 1024u, 16384u}) {
    Pager pager({.page_bytes = page_bytes});
    Tree tree(pager);
    Model model;
    Random random(page_bytes);
    for (int round = 0; round < 6; ++round) {
      const double erasing = round % 2 == 0 ? 0.2 : 0.8;
      for (int i = 0; i < 1500; ++i) {
        const std::string key = random_key(random, 2000);
        if (random.chance(erasing)) {
          bool erased = false;
          REQUIRE_FALSE(tree.erase(key, &erased).needed());
          CHECK(erased == (model.erase(key) > 0));
        } else {
          const std::string value = random_value(random);
          REQUIRE_FALSE(tree.put(key, value).needed());
          model[key] = value;
        }
        const std::string asked = random_key(random, 2000);
        const auto expected = model.find(asked);
        CHECK(read(tree, asked) == (expected == model.end() ? "(none)" : expected->second));
      }
      check_equal(tree, model);
    }
    for (const auto& [key, value] : model) REQUIRE_FALSE(tree.erase(key).needed());
    check_equal(tree, {});
    CHECK(pager.dirty_bytes() == 0);
  }
}

TEST_CASE("a cursor seeks to the neighbours of any key", "[tree]") {
  Pager pager({.page_bytes = 512});
  Tree tree(pager);
  Model model;
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const std::string key = random_key(random, 5000);
    REQUIRE_FALSE(tree.put(key, "v").needed());
    model[key] = "v";
  }
  for (int i = 0; i < 2000; ++i) {
    const std::string key = random_key(random, 5000);
    TreeCursor cursor(tree);
    REQUIRE_FALSE(cursor.seek(key).needed());
    const auto above = model.lower_bound(key);
    REQUIRE(cursor.valid() == (above != model.end()));
    if (cursor.valid()) CHECK(cursor.key() == above->first);
    REQUIRE_FALSE(cursor.seek_before(key).needed());
    REQUIRE(cursor.valid() == (above != model.begin()));
    if (cursor.valid()) CHECK(cursor.key() == std::prev(above)->first);
  }
}

TEST_CASE("ascending inserts fill pages", "[tree]") {
  Pager pager({.page_bytes = 16384});
  Tree tree(pager);
  uint64_t bytes = 0;
  for (int i = 0; i < 50000; ++i) {
    const std::string key = cat(1000000 + i);
    const std::string value(100, 'v');
    if (!tree.append(key, value)) REQUIRE_FALSE(tree.put(key, value).needed());
    bytes += SlottedPage::space_for(key.size(), value.size());
  }
  tree.check_invariants();
  CHECK(tree.entries() == 50000);
  CHECK(static_cast<double>(bytes) / static_cast<double>(pager.dirty_bytes()) > 0.9);
  CHECK_FALSE(tree.append("1000000", "not above the last"));
}

TEST_CASE("rank and split keys describe how entries are spread", "[tree]") {
  Pager pager({.page_bytes = 1024});
  Tree tree(pager);
  for (int i = 0; i < 10000; ++i) REQUIRE_FALSE(tree.put(cat(10000 + i), "0123456789").needed());
  CHECK(tree.rank("10000") == Approx(0).margin(0.01));
  CHECK(tree.rank("15000") == Approx(0.5).margin(0.1));
  CHECK(tree.rank("2") == Approx(1).margin(0.01));
  CHECK(tree.average_entry_bytes() == 15);
  CHECK(Tree(pager).average_entry_bytes() == 0);
  const auto keys = tree.split_keys(9);
  REQUIRE(keys.size() == 9);
  for (int i = 0; i < 9; ++i) CHECK(std::stoi((keys[i] + "0000").substr(0, 5)) == Approx(11000 + 1000 * i).margin(300));
}

TEST_CASE("a dropped tree is freed a few pages a call", "[tree]") {
  Pager pager({.page_bytes = 512});
  TreeReclaimer reclaimer(pager);
  {
    Tree tree(pager);
    Random random(5);
    for (int i = 0; i < 2000; ++i) REQUIRE_FALSE(tree.put(random_key(random, 100000), random_value(random)).needed());
    reclaimer.add(tree);
    CHECK(tree.empty());
  }
  int calls = 0;
  while (!reclaimer.idle()) {
    uint32_t budget = 10;
    REQUIRE_FALSE(reclaimer.step(&budget).needed());
    ++calls;
  }
  CHECK(calls > 20);
  CHECK(pager.dirty_bytes() == 0);
}

TEST_CASE("a key or value of any size fits", "[tree]") {
  Pager pager({.page_bytes = 4096});
  Tree tree(pager);
  const std::string long_key(kKeyBytesMax, 'k');
  const std::string huge(64 << 20, 'h');
  REQUIRE_FALSE(tree.put(long_key, huge).needed());
  REQUIRE_FALSE(tree.put(long_key + "", "again", "st").needed());
  for (int i = 0; i < 20; ++i) REQUIRE_FALSE(tree.put(cat(i, long_key).substr(0, kKeyBytesMax), cat("v", i)).needed());
  REQUIRE_FALSE(tree.put("huge", huge).needed());
  REQUIRE_FALSE(tree.put("", "empty key").needed());
  tree.check_invariants();
  CHECK(read(tree, long_key) == "against");
  CHECK(read(tree, "huge") == huge);
  CHECK(read(tree, "") == "empty key");
  CHECK(read(tree, cat(7, long_key).substr(0, kKeyBytesMax)) == "v7");
}

}  // namespace troupe
