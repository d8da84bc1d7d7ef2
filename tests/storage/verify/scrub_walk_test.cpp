#include "storage/verify/scrub_walk.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <set>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"
#include "storage/verify/log_walk.hpp"
#include "storage/verify/page_check.hpp"
#include "storage/verify/page_rules.hpp"
#include "tests/storage/partition/partition_test_support.hpp"

namespace troupe {
namespace {

constexpr char kPath[] = "data/partition-0.data";

std::string key_of(uint64_t n) { return cat("key ", 1'000'000 + n); }

/// Two trees of several levels, one with values in pages of their own.
struct Filled {
  explicit Filled(SimFileSystem& disk) : files{disk}, partition{disk} {
    for (uint64_t i = 0; i < 1'500; ++i) change(i);
    for (uint64_t i = 0; i < 40; ++i) partition.put(++scn, 101, key_of(i), std::string(3'000 + i, 'v'));
    checkpoint();
  }
  void change(uint64_t i) { partition.put(++scn, 100, key_of(i), cat("row ", i, " of SCN ", scn)); }
  void checkpoint() { REQUIRE(partition.checkpoint(scn).ok()); }

  /// All of the file, `budget` bytes at a time, with `between` after every step.
  std::vector<Damage> walk(uint64_t budget, const std::function<void()>& between = {}) {
    auto file = files.open(kPath, {});
    REQUIRE(file.ok());
    ScrubWalk scrub(**file);
    std::vector<Damage> damage;
    for (int steps = 0; steps < 100'000; ++steps) {
      const auto done = scrub.step(budget, &damage);
      INFO(done.status().ToString());
      REQUIRE(done.ok());
      pages = scrub.pages();
      if (*done) return damage;
      if (between) between();
    }
    FAIL("a round that does not end");
    return damage;
  }
  PageReport check() {
    auto file = files.open(kPath, {});
    REQUIRE(file.ok());
    const auto superblock = read_superblock(**file);
    REQUIRE(superblock.ok());
    return PageCheck(**file, *superblock).run();
  }
  /// Where pages of the newest checkpoint begin, by what a round reads.
  std::set<uint64_t> offsets() {
    std::set<uint64_t> all;
    auto content = read_file(files, kPath);
    REQUIRE(content.ok());
    for (uint64_t at = kDataStartBytes; at + sizeof(PageHeader) <= content->size(); at += kGrainBytes) {
      PageHeader header;
      std::memcpy(&header, content->data() + at, sizeof header);
      if (header.magic == kPageMagic && PageAddress(header.address).offset_bytes() == at) all.insert(at);
    }
    return all;
  }

  SimFileSystem& files;
  TestPartition partition;
  Scn scn = kFirstScn;
  uint64_t pages = 0;
};

TEST_CASE("a round over a sound file finds nothing, whatever its steps", "[verify]") {
  SimFileSystem disk(1);
  Filled filled(disk);
  const PageReport report = filled.check();
  CHECK(report.damage.empty());
  for (const uint64_t budget : {uint64_t{1}, uint64_t{5'000}, uint64_t{1} << 40}) {
    CHECK(filled.walk(budget).empty());
    CHECK(filled.pages >= report.page_count());
  }
}

TEST_CASE("a flipped bit is found by a round wherever a check of the stopped file finds it", "[verify]") {
  SimFileSystem disk(2);
  Filled filled(disk);
  int found = 0;
  for (const uint64_t offset : filled.offsets()) {
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
    const PageReport report = filled.check();
    const std::vector<Damage> damage = filled.walk(10'000);
    INFO("page at " << offset);
    CHECK(damage.empty() == report.damage.empty());
    if (!damage.empty()) {
      ++found;
      CHECK(damage.front().at_byte == offset);
      CHECK(damage.front().file == kPath);
      CHECK(damage.front().problem.find("checksum") != std::string::npos);
    }
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
  }
  CHECK(found > 50);
}

TEST_CASE("a damaged leaf is told with its tree, and the rest is read all the same", "[verify]") {
  SimFileSystem disk(3);
  Filled filled(disk);
  filled.walk(1 << 30);
  const uint64_t all = filled.pages;
  std::set<TreeId> trees;
  const auto content = read_file(disk, kPath);
  REQUIRE(content.ok());
  for (const uint64_t offset : filled.offsets()) {
    PageHeader header;
    std::memcpy(&header, content->data() + offset, sizeof header);
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
    for (const Damage& damage : filled.walk(1 << 30)) {
      trees.insert(damage.tree);
      if (damage.tree == 100 && header.kind == PageKind::kLeaf) CHECK(filled.pages == all);
    }
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
  }
  CHECK(trees == std::set<TreeId>{0, 100, 101});
}

TEST_CASE("a damaged superblock slot is found though the other one counts", "[verify]") {
  SimFileSystem disk(4);
  Filled filled(disk);
  disk.flip_bit(kPath, kSuperblockBytes + 20, 1);
  const std::vector<Damage> damage = filled.walk(4'000);
  REQUIRE(!damage.empty());
  CHECK(damage.front().at_byte == kSuperblockBytes);
  disk.flip_bit(kPath, 20, 1);
  CHECK(filled.walk(4'000).front().bytes == kDataStartBytes);
}

TEST_CASE("checkpoints during a round are no damage, and damage is found all the same", "[verify]") {
  SimFileSystem disk(5);
  Filled filled(disk);
  Random random(7);
  int steps = 0;
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) filled.change(random.below(3'000));
    if (++steps % 3 == 0) filled.checkpoint();
  };
  for (int round = 0; round < 4; ++round) CHECK(filled.walk(3'000, work).empty());
  CHECK(steps > 40);
  // A page of tree 101 is never written again, so what is damaged in it stays.
  uint64_t bad = 0;
  for (const uint64_t offset : filled.offsets()) {
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
    const auto damage = filled.walk(1 << 30);
    if (damage.size() == 1 && damage.front().tree == 101 && damage.front().bytes > 2'000) bad = offset;
    if (bad != 0) break;
    disk.flip_bit(kPath, offset + sizeof(PageHeader) + 3, 4);
  }
  if (bad != 0) {
    const auto damage = filled.walk(3'000, work);
    REQUIRE(damage.size() == 1);
    CHECK(damage.front().at_byte == bad);
  }
}

TEST_CASE("a page that its checksum vouches for is still looked into", "[verify]") {
  PageImage image = SlottedEditor::make_page(PageKind::kLeaf, 0, 4096);
  SlottedEditor editor(&image);
  for (uint32_t i = 0; i < 20; ++i) editor.insert(i, key_of(i), "value", {}, false);
  REQUIRE(page_problem(image, 0) == std::nullopt);
  CHECK(page_problem(image, 1) != std::nullopt);
  int noticed = 0;
  const size_t slots = sizeof(SlottedHeader) + 20 * sizeof(Slot);
  for (size_t at = sizeof(SlottedHeader); at < slots; ++at) {
    image.mutable_data()[at] = static_cast<char>(image.mutable_data()[at] ^ 0x10);
    noticed += page_problem(image, 0) != std::nullopt ? 1 : 0;
    image.mutable_data()[at] = static_cast<char>(image.mutable_data()[at] ^ 0x10);
  }
  CHECK(noticed == 20 * static_cast<int>(sizeof(Slot)));
}

}  // namespace
TEST_CASE("what transactions have spilled is whole, too, and the walk comes to its end", "[verify]") {
  SimFileSystem disk(12);
  Filled filled(disk);
  PartitionOptions options = TestPartition::tiny();
  options.pending_memory_bytes_max = 1'000;
  filled.partition.options = options;
  filled.partition.reopen();
  for (TxnId txn = 5; txn < 8; ++txn) {
    for (uint64_t i = 0; i < 200; ++i) {
      filled.partition.stage(txn, 1, 100 + i % 2, cat(txn, key_of(i)), std::string(i * 10, 'x'));
      REQUIRE(filled.partition.spill(txn).ok());
    }
  }
  filled.checkpoint();
  CHECK(filled.walk(2'000).empty());
  CHECK(filled.check().damage.empty());
}

}  // namespace troupe
