#include "storage/checkpoint/checkpointer.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

#include "storage/base/random.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/file/sim_file_system.hpp"
#include "storage/tree/tree_cursor.hpp"

namespace troupe {
namespace {

using Model = std::map<std::string, std::string>;

/// One tree over one data file.
struct Bench {
  explicit Bench(FileSystem& files, PagerOptions pager_options = {.page_bytes = 512, .cache_bytes = 64 << 10})
      : pager{pager_options}, reclaimer{pager} {
    auto result = open_data_file(files, "partition-3.data", {.partition = 3, .growth_bytes = 64 << 10});
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    opened = *std::move(result);
    checkpointer = std::make_unique<Checkpointer>(pager, reclaimer, *opened.file, PageCodec::kLz4, opened.superblock,
                                                  opened.allocator);
    const auto& trees = opened.directory.trees;
    tree = std::make_unique<Tree>(pager, trees.empty() ? TreeRoot{} : trees.front().root);
  }

  void serve(PageFault fault) {
    auto image = load_page(*opened.file, fault.address);
    INFO(image.status().ToString());
    REQUIRE(image.ok());
    pager.install(fault.address, *std::move(image));
  }
  void put(const std::string& key, const std::string& value) {
    for (PageFault fault; (fault = tree->put(key, value)).needed();) serve(fault);
  }
  std::unique_ptr<CheckpointJob> begin(Scn covered, bool disk_full = false) {
    CheckpointMetadata metadata{};
    metadata[0] = static_cast<uint8_t>(covered);
    return checkpointer->begin(covered, metadata, {{1, tree.get(), kNoScn, 0}}, disk_full);
  }
  absl::Status finish(CheckpointResult result) { return checkpointer->finish(std::move(result), {tree.get()}); }
  absl::Status checkpoint(Scn covered) { return finish(begin(covered)->run()); }

  Model contents() {
    Model model;
    TreeCursor cursor(*tree);
    for (PageFault fault; (fault = cursor.seek_first()).needed();) serve(fault);
    while (cursor.valid()) {
      const std::string key(cursor.key());
      std::string_view bytes;
      const PageFault missing = tree->load(cursor.value(), &bytes);
      if (!missing.needed()) model[key] = std::string(bytes);
      const PageFault fault = missing.needed() ? missing : cursor.next();
      if (!fault.needed()) continue;
      serve(fault);
      const std::string resume = missing.needed() ? key : key + '\0';
      for (PageFault again; (again = cursor.seek(resume)).needed();) serve(again);
    }
    return model;
  }

  Pager pager;
  TreeReclaimer reclaimer;
  OpenedCheckpoint opened;
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<Tree> tree;
};

std::string value_for(uint64_t n) { return std::string(n % 13 == 0 ? 900 : n % 50, static_cast<char>('a' + n % 26)); }

}  // namespace

TEST_CASE("a checkpoint is what a restart finds", "[checkpoint]") {
  SimFileSystem files(1);
  Model model;
  {
    Bench bench(files);
    for (uint64_t n = 0; n < 3000; ++n) bench.put(cat("key", n), model[cat("key", n)] = value_for(n));
    REQUIRE(bench.checkpoint(42).ok());
    bench.put("key5", "lost with the restart");
  }
  files.crash();
  Bench bench(files);
  CHECK(bench.opened.superblock.covered_scn == 42);
  CHECK(bench.opened.superblock.metadata[0] == 42);
  CHECK(bench.contents() == model);
  bench.tree->check_invariants();
}

TEST_CASE("writers go on while another thread writes the checkpoint", "[checkpoint]") {
  SimFileSystem files(1);
  Bench bench(files);
  Random random(9);
  Model model;
  const auto write_some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const uint64_t n = random.below(4000);
      bench.put(cat("key", n), model[cat("key", n)] = value_for(random.next() % 1000));
    }
  };
  write_some(3000);
  Model frozen;
  for (int round = 0; round < 8; ++round) {
    frozen = model;
    auto job = bench.begin(static_cast<Scn>(100 + round));
    CheckpointResult result;
    std::thread writer([&] { result = job->run(); });
    write_some(1500);
    writer.join();
    job.reset();
    REQUIRE(bench.finish(std::move(result)).ok());
    bench.tree->check_invariants();
    bench.checkpointer->allocator().check_invariants();
    write_some(100);
  }
  CHECK(bench.contents() == model);
  files.crash();
  Bench reopened(files);
  CHECK(reopened.opened.superblock.covered_scn == 107);
  CHECK(reopened.contents() == frozen);
}

TEST_CASE("an unchanged page is not written again, and freed space is used again", "[checkpoint]") {
  SimFileSystem files(1);
  Bench bench(files);
  for (uint64_t n = 0; n < 3000; ++n) bench.put(cat("key", n), value_for(n));
  REQUIRE(bench.checkpoint(1).ok());
  const uint64_t grains = bench.checkpointer->allocator().end();
  for (uint64_t round = 0; round < 100; ++round) {
    bench.put("key7", cat("round ", round));
    CheckpointResult result = bench.begin(2 + round)->run();
    CHECK(result.pages_written < 8);
    REQUIRE(bench.finish(std::move(result)).ok());
  }
  CHECK(bench.checkpointer->allocator().end() <= grains + 128);
}

TEST_CASE("a full disk fails the checkpoint and nothing else", "[checkpoint]") {
  SimFileSystem files(1);
  Bench bench(files);
  Model model;
  for (uint64_t n = 0; n < 1000; ++n) bench.put(cat("key", n), model[cat("key", n)] = value_for(n));
  files.fail_nth(SimOperation::write, 1, ErrorCode::kDiskFull);
  CheckpointResult result = bench.begin(7)->run();
  CHECK(error_code(result.status) == ErrorCode::kDiskFull);
  CHECK_FALSE(result.must_fence);
  CHECK_FALSE(bench.finish(std::move(result)).ok());
  bench.put("key5", model["key5"] = "after it");
  CHECK(bench.contents() == model);
  REQUIRE(bench.checkpoint(8).ok());
  files.crash();
  CHECK(Bench(files).contents() == model);
}

TEST_CASE("what is free goes back to a full disk, and a crash finds everything that is not", "[checkpoint]") {
  SimFileSystem files(1);
  Bench bench(files);
  Model model;
  for (uint64_t n = 0; n < 4000; ++n) bench.put(cat("key", n), value_for(n));
  REQUIRE(bench.checkpoint(1).ok());
  const auto free_space = [&] { return files.free_space("partition-3.data").value(); };
  const uint64_t before = free_space();
  for (uint64_t n = 0; n < 4000; ++n) bench.put(cat("key", n), model[cat("key", n)] = "x");
  REQUIRE(bench.checkpoint(2).ok());  // what the first one wrote is free now
  const uint64_t kept = free_space();
  CHECK(kept <= before);
  REQUIRE(bench.finish(bench.begin(3, true)->run()).ok());
  CHECK(free_space() > before + (100 << 10));
  bench.checkpointer->allocator().check_invariants();
  for (uint64_t n = 0; n < 4000; n += 7) bench.put(cat("key", n), model[cat("key", n)] = value_for(n + 1));
  REQUIRE(bench.checkpoint(4).ok());  // into the holes
  CHECK(bench.contents() == model);
  files.crash();
  CHECK(Bench(files).contents() == model);
}

TEST_CASE("a failed sync is reported once and asks for the fence", "[checkpoint]") {
  for (const uint64_t which : {1u, 2u, 3u}) {
    SimFileSystem files(1);
    Bench bench(files);
    bench.put("key", "value");
    REQUIRE(bench.checkpoint(7).ok());
    bench.put("key", "newer");
    const uint64_t syncs = files.count(SimOperation::sync);
    files.fail_nth(SimOperation::sync, which);
    const CheckpointResult result = bench.begin(8)->run();
    CHECK(result.must_fence);
    CHECK(files.count(SimOperation::sync) == syncs + which);
  }
}

TEST_CASE("a torn superblock leaves the checkpoint before it", "[checkpoint]") {
  for (const uint64_t torn_at : {1ull, 8ull, 60ull, 2000ull, 4095ull}) {
    SimFileSystem files(1);
    std::string before;
    uint64_t slot = 0;
    {
      Bench bench(files);
      bench.put("key", "old");
      REQUIRE(bench.checkpoint(7).ok());
      before = encode_superblock(bench.checkpointer->superblock());
      bench.put("key", "new");
      REQUIRE(bench.checkpoint(8).ok());
      // As if the process had ended inside the write of the first copy.
      const Superblock& after = bench.checkpointer->superblock();
      slot = after.first_offset();
      const std::string torn = encode_superblock(after).substr(0, torn_at) + before.substr(torn_at);
      REQUIRE(bench.opened.file->write(slot, torn).ok());
      REQUIRE(bench.opened.file->write(after.second_offset(), before).ok());
      REQUIRE(bench.opened.file->sync().ok());
    }
    Bench bench(files);
    CHECK(bench.opened.superblock.covered_scn == 7);
    CHECK(bench.contents() == Model{{"key", "old"}});
    CHECK(bench.checkpoint(9).ok());
  }
}

TEST_CASE("a bit that flips in one copy of the superblock loses nothing and is reported", "[checkpoint]") {
  SimFileSystem files(1);
  {
    Bench bench(files);
    bench.put("key", "old");
    REQUIRE(bench.checkpoint(7).ok());
    bench.put("key", "new");
    REQUIRE(bench.checkpoint(8).ok());
  }
  for (const uint64_t byte : {0ull, 8ull, 20ull, 100ull, 2000ull, 4095ull}) {
    for (const uint64_t slot : {uint64_t{0}, kSuperblockBytes}) {
      const auto damaged = files.fork(byte);
      damaged->flip_bit("partition-3.data", slot + byte, 3);
      {
        Bench bench(*damaged);
        CHECK(bench.opened.superblock.covered_scn == 8);
        CHECK(bench.opened.repaired.find("superblock of partition-3.data") != std::string::npos);
        CHECK(bench.contents() == Model{{"key", "new"}});
      }
      // It was written again, so the other copy may be lost now.
      damaged->flip_bit("partition-3.data", (kSuperblockBytes - slot) + byte, 3);
      {
        Bench bench(*damaged);
        CHECK(bench.opened.superblock.covered_scn == 8);
      }
      damaged->flip_bit("partition-3.data", byte, 3);
      damaged->flip_bit("partition-3.data", kSuperblockBytes + byte, 3);
      const auto refused = open_data_file(*damaged, "partition-3.data", {.partition = 3});
      CHECK(error_code(refused.status()) == ErrorCode::kDataCorrupted);
    }
  }
}

TEST_CASE("a damaged directory or free map is refused, not guessed", "[checkpoint]") {
  SimFileSystem files(1);
  Superblock superblock;
  {
    Bench bench(files);
    for (uint64_t n = 0; n < 300; ++n) bench.put(cat("key", n), value_for(n));
    REQUIRE(bench.checkpoint(7).ok());
    superblock = bench.checkpointer->superblock();
  }
  for (const PageAddress page : {superblock.directory, superblock.free_map}) {
    for (const uint64_t byte : {0ull, 4ull, 9ull, 16ull, 70ull}) {
      const auto damaged = files.fork(byte);
      damaged->flip_bit("partition-3.data", page.offset_bytes() + byte, 5);
      const auto opened = open_data_file(*damaged, "partition-3.data", {.partition = 3});
      CHECK(error_code(opened.status()) == ErrorCode::kDataCorrupted);
    }
  }
}

TEST_CASE("another partition's file is refused", "[checkpoint]") {
  SimFileSystem files(1);
  Bench bench(files);
  CHECK(error_code(open_data_file(files, "partition-3.data", {.partition = 4}).status()) == ErrorCode::kDataCorrupted);
  CHECK(error_code(open_data_file(files, "other.data", {.create = false}).status()) == ErrorCode::kUndefinedFile);
}

}  // namespace troupe
