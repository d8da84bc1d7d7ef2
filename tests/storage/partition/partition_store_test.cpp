#include "partition_test_support.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr TreeId kTree = 7;

using Rows = TestPartition::Rows;

}  // namespace

TEST_CASE("a transaction's redo comes in pieces of whole changes, and from the start when it is asked for again",
          "[partition]") {
  SimFileSystem disk(77);
  TestPartition partition(disk);
  for (int i = 0; i < 200; ++i) partition.put(kFirstScn + 1 + i, 100, cat("key ", i), std::string(40, 'a'));
  REQUIRE(partition.checkpoint(300).ok());
  partition.reopen();
  for (int i = 0; i < 300; ++i) partition.stage(5, 1, 100, cat("key ", i), std::string(50, 'b'));
  const std::string whole = partition.prepare(5);
  const auto pieces = [&](size_t most, bool again) {
    std::vector<std::string> all;
    for (bool more = true; more && all.size() < most;) {
      const PrepareResult result = partition.store->prepare_piece(5, 500, again, &more);
      again = false;
      if (const auto* fault = std::get_if<PageFault>(&result)) {
        partition.serve(*fault);
        more = true;
      } else {
        all.push_back(std::get<std::string>(result));
      }
    }
    return all;
  };
  const std::vector<std::string> first = pieces(7, true);
  CHECK(first.size() == 7);
  const std::vector<std::string> all = pieces(SIZE_MAX, true);
  CHECK(all.size() > 20);
  CHECK(std::equal(first.begin(), first.end(), all.begin()));
  std::string joined;
  for (const std::string& piece : all) {
    joined += piece;
    ChangeReader reader(piece);
    Change change;
    while (reader.next(&change)) {
    }
    CHECK(reader.status().ok());
  }
  CHECK(joined == whole);
}

TEST_CASE("a transaction sees its own writes of earlier commands only", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.put(10, kTree, "a", "old");
  partition.stage(5, 1, kTree, "a", "new");
  partition.stage_erase(5, 2, kTree, "a");

  CHECK(partition.get({.txn = 5, .command = 1}, kTree, "a") == "old");
  CHECK(partition.get({.txn = 5, .command = 2}, kTree, "a") == "new");
  CHECK(partition.get({.txn = 5, .command = 3}, kTree, "a") == "(none)");
  CHECK(partition.get({.txn = 6, .command = 3}, kTree, "a") == "old");

  const LatestRow latest = partition.latest(5, kTree, "a");
  CHECK_FALSE(latest.exists);
  CHECK(latest.scn == 10);
  CHECK(latest.pending_command == 2);
}

TEST_CASE("rolling back to a savepoint forgets what came after it", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.stage(5, 1, kTree, "a", "one");
  partition.stage(5, 2, kTree, "a", "two");
  partition.stage(5, 3, kTree, "b", "three");
  partition.store->rollback_to(5, 2);
  CHECK(partition.get({.txn = 5, .command = 9}, kTree, "a") == "one");
  CHECK(partition.get({.txn = 5, .command = 9}, kTree, "b") == "(none)");
  partition.store->rollback_to(5, 1);
  CHECK_FALSE(partition.store->has_pending(5));
  CHECK(partition.store->statistics().pending_bytes == 0);
}

TEST_CASE("a snapshot keeps seeing what it saw", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.store->set_oldest_snapshot(10);
  partition.put(10, kTree, "a", "ten");
  partition.put(20, kTree, "a", "twenty");
  partition.stage_erase(1, 1, kTree, "a");
  partition.commit(30, 1);
  partition.put(40, kTree, "a", "forty");
  partition.put(40, kTree, "b", "b");

  CHECK(partition.get({.snapshot = 10}, kTree, "a") == "ten");
  CHECK(partition.get({.snapshot = 29}, kTree, "a") == "twenty");
  CHECK(partition.get({.snapshot = 30}, kTree, "a") == "(none)");
  CHECK(partition.get({.snapshot = 40}, kTree, "a") == "forty");
  CHECK(partition.get({.snapshot = 39}, kTree, "b") == "(none)");
  const ScanCursor all{.tree = kTree};
  CHECK(partition.scan({.snapshot = 15}, all, {}) == Rows{{"a", "ten"}});
  CHECK(partition.scan({.snapshot = 35}, all, {}).empty());

  partition.store->set_oldest_snapshot(20);
  CHECK(partition.get({.snapshot = 15}, kTree, "a") == "(too old)");
  CHECK(partition.get({.snapshot = 20}, kTree, "a") == "twenty");
  partition.store->check_invariants();
}

TEST_CASE("prepare packs the net effect in key order", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.put(10, kTree, "b", "before");
  partition.stage(5, 1, kTree, "z", "z1");
  partition.stage(5, 2, kTree, "z", "z2");
  partition.stage(5, 2, kTree, "c", "inserted");
  partition.stage_erase(5, 3, kTree, "c");
  partition.stage_erase(5, 3, kTree, "b");
  REQUIRE(partition.store->stage_drop_tree(5, 4, 9).ok());

  const std::string changes = partition.prepare(5);
  ChangeReader reader(changes);
  Change change;
  REQUIRE(reader.next(&change));
  CHECK((change.op == ChangeOp::kErase && change.key == "b" && change.before == "before" && !change.has_after));
  REQUIRE(reader.next(&change));
  CHECK((change.op == ChangeOp::kPut && change.key == "z" && !change.has_before && change.after == "z2"));
  REQUIRE(reader.next(&change));
  CHECK((change.op == ChangeOp::kDropTree && change.tree == 9));
  CHECK_FALSE(reader.next(&change));
  CHECK(reader.ok());
}

TEST_CASE("malformed changes are refused whole", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.stage(5, 1, kTree, "a", "row");
  const std::string changes = partition.prepare(5) + "\x07";
  CHECK(error_code(partition.store->apply(10, 5, changes).status()) == ErrorCode::kDataCorrupted);
  CHECK(partition.get(kTree, "a") == "(none)");
}

TEST_CASE("a transaction's pending writes have a limit", "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.pending_bytes_max = 10000;
  TestPartition partition(files, options);
  absl::Status status;
  for (int i = 0; i < 200 && status.ok(); ++i) {
    status = partition.store->stage(5, 1, kTree, cat("key", i), ChangeOp::kPut, std::string(100, 'r'));
  }
  CHECK(error_code(status) == ErrorCode::kConfigurationLimitExceeded);
  CHECK(partition.store->statistics().pending_bytes <= 10000);
  CHECK(partition.store->stage(6, 1, kTree, "a", ChangeOp::kPut, "other transactions go on").ok());
  CHECK(error_code(partition.store->stage(6, 1, kTree, std::string(10000, 'k'), ChangeOp::kPut, "")) ==
        ErrorCode::kProgramLimitExceeded);
}

TEST_CASE("pending writes past memory's limit go to pages, which a checkpoint writes and a restart frees",
          "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.pending_memory_bytes_max = 4'000;
  options.dirty_bytes_max = 16 * 1024;
  TestPartition partition(files, options);
  for (int i = 0; i < 3'000; ++i) {
    REQUIRE(partition.spill(5).ok());
    partition.stage(5, 1, kTree, cat("key", (i * 7919) % 3'000), std::string(100, 'r'));
    CHECK(partition.store->statistics().pending_memory_bytes < 8'000);
    CHECK(partition.store->statistics().dirty_bytes < 24 * 1024);
  }
  CHECK(partition.scan({.txn = 5, .command = 2}, {.tree = kTree}, {}).size() == 3'000);
  CHECK(partition.scan({.txn = 5, .command = 1}, {.tree = kTree}, {}).empty());
  partition.store->check_invariants();
  const uint64_t full = partition.store->statistics().file_bytes;
  CHECK(full > 300'000);

  SECTION("it commits") {
    partition.commit(10, 5);
    CHECK(partition.scan({}, {.tree = kTree}, {}).size() == 3'000);
  }
  SECTION("it is rolled back") {
    partition.store->discard(5);
    CHECK(partition.store->statistics().pending_bytes == 0);
  }
  SECTION("the node dies") {
    REQUIRE(partition.checkpoint(9).ok());
    partition.store.reset();
    files.crash();
    partition.reopen();
    CHECK_FALSE(partition.store->has_pending(5));
    CHECK(partition.scan({}, {.tree = kTree}, {}).empty());
  }
  partition.collect_garbage();
  for (Scn scn = 11; scn < 14; ++scn) REQUIRE(partition.checkpoint(scn).ok());
  CHECK(partition.store->statistics().free_bytes > full / 4);
  partition.store->check_invariants();
}

TEST_CASE("a savepoint behind a spill is gone back to, and keys are written again on both sides of it", "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.pending_memory_bytes_max = 1;
  TestPartition partition(files, options);
  const auto staged = [&](CommandId command, std::string_view key, std::string_view row) {
    REQUIRE(partition.spill(5).ok());
    partition.stage(5, command, kTree, key, row);
  };
  const auto seen = [&](CommandId command) {
    std::string rows;
    for (const auto& [key, row] : partition.scan({.txn = 5, .command = command}, {.tree = kTree}, {})) {
      rows += cat(key, "=", row, " ");
      CHECK(partition.get({.txn = 5, .command = command}, kTree, key) == row);
    }
    const ScanCursor back{.tree = kTree, .direction = ScanDirection::kBackward};
    CHECK(partition.scan({.txn = 5, .command = command}, back, {.rows_max = 1}).size() ==
          partition.scan({.txn = 5, .command = command}, {.tree = kTree}, {}).size());
    return rows;
  };
  partition.put(10, kTree, "b", "old");
  staged(1, "a", "1");
  staged(1, "b", "1");
  staged(2, "a", "2");
  staged(3, "c", "3");
  REQUIRE(partition.spill(5).ok());
  CHECK(partition.store->statistics().pending_memory_bytes == 0);
  CHECK(seen(1) == "b=old ");
  CHECK(seen(2) == "a=1 b=1 ");
  CHECK(seen(4) == "a=2 b=1 c=3 ");

  partition.store->rollback_to(5, 2);
  CHECK(seen(9) == "a=1 b=1 ");
  CHECK_FALSE(partition.latest(5, kTree, "c").exists);
  partition.stage_erase(5, 4, kTree, "a");
  CHECK(seen(9) == "b=1 ");
  staged(5, "a", "5");
  partition.stage_erase(5, 5, kTree, "b");
  CHECK(seen(5) == "b=1 ");
  CHECK(seen(6) == "a=5 ");
  partition.store->rollback_to(5, 5);
  CHECK(seen(9) == "b=1 ");
  staged(6, "d", "6");
  partition.commit(20, 5);
  CHECK(partition.scan({}, {.tree = kTree}, {}) == Rows{{"b", "1"}, {"d", "6"}});
}

TEST_CASE("a disk without room refuses what a transaction writes past memory, and leaves the rest alone",
          "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.pending_memory_bytes_max = 4'000;
  options.dirty_bytes_max = 16 * 1024;
  TestPartition partition(files, options);
  partition.put(10, kTree, "before", "row");
  absl::Status status;
  files.fail_every(SimOperation::write, 1, ErrorCode::kDiskFull);
  for (int i = 0; i < 3'000 && status.ok(); ++i) {
    status = partition.spill(5);
    if (status.ok()) partition.stage(5, 1, kTree, cat("key", i), std::string(100, 'r'));
  }
  REQUIRE(error_code(status) == ErrorCode::kDiskFull);
  partition.store->discard(5);
  CHECK(partition.get(kTree, "before") == "row");
  files.fail_every(SimOperation::write, 0);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(partition.spill(6).ok());
    partition.stage(6, 1, kTree, cat("after ", i), std::string(100, 'r'));
  }
  partition.commit(11, 6);
  CHECK(partition.scan({}, {.tree = kTree}, {}).size() == 301);
  partition.store->check_invariants();
}

TEST_CASE("a full history makes old snapshots fail, never lie", "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.history_bytes_max = 20000;
  TestPartition partition(files, options);
  partition.store->set_oldest_snapshot(10);
  partition.put(10, kTree, "untouched", "row");
  for (Scn scn = 11; scn < 1000; ++scn) partition.put(scn, kTree, "a", cat("row ", scn, std::string(100, 'r')));
  CHECK(partition.store->statistics().history_bytes <= 20000);
  CHECK(partition.get({.snapshot = 20}, kTree, "a") == "(too old)");
  CHECK(partition.get({.snapshot = 20}, kTree, "untouched") == "row");
  CHECK(partition.get({.snapshot = 998}, kTree, "a").substr(0, 7) == "row 998");
  partition.store->check_invariants();
}

TEST_CASE("deletions are collected when no snapshot needs them", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.store->set_oldest_snapshot(10);
  for (int i = 0; i < 500; ++i) partition.stage(1, 1, kTree, cat("key", 1000 + i), "row");
  partition.commit(11, 1);
  for (int i = 0; i < 500; ++i) partition.stage_erase(1, 1, kTree, cat("key", 1000 + i));
  partition.commit(12, 1);
  CHECK(partition.store->row_count(kTree) == 0);
  partition.collect_garbage();
  CHECK(partition.get({.snapshot = 11}, kTree, "key1003") == "row");
  CHECK(partition.store->statistics().tombstones == 500);
  partition.store->set_oldest_snapshot(12);
  partition.collect_garbage();
  CHECK(partition.store->statistics().tombstones == 0);
  CHECK(partition.scan({}, {.tree = kTree}, {}).empty());
  CHECK(partition.store->statistics().dirty_bytes == 0);
}

TEST_CASE("deletions from before a restart are collected too", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  for (int i = 0; i < 500; ++i) partition.stage(1, 1, kTree, cat("key", 1000 + i), "row");
  partition.commit(11, 1);
  for (int i = 0; i < 400; ++i) partition.stage_erase(1, 1, kTree, cat("key", 1000 + i));
  partition.commit(12, 1);
  REQUIRE(partition.checkpoint(12).ok());
  partition.reopen();
  CHECK(partition.store->statistics().tombstones == 400);
  partition.collect_garbage();
  CHECK(partition.store->statistics().tombstones == 0);
  CHECK(partition.store->row_count(kTree) == 100);
  partition.store->check_invariants();
}

TEST_CASE("a dropped tree stays for older snapshots, then gives its space back", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  for (int i = 0; i < 3000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(i % 300, 'r'));
  partition.commit(11, 1);
  REQUIRE(partition.checkpoint(11).ok());
  partition.store->set_oldest_snapshot(11);
  REQUIRE(partition.store->stage_drop_tree(1, 1, kTree).ok());
  partition.commit(12, 1);
  CHECK(partition.store->trees().empty());
  partition.collect_garbage();
  CHECK(partition.get({.snapshot = 11}, kTree, "key8") == std::string(8, 'r'));

  partition.store->set_oldest_snapshot(12);
  (void)partition.store->collect_garbage(20);
  REQUIRE(partition.checkpoint(12).ok());  // in the middle of it
  partition.reopen();
  CHECK(partition.get(kTree, "key8") == "(none)");
  partition.collect_garbage();
  REQUIRE(partition.checkpoint(12).ok());
  REQUIRE(partition.checkpoint(12).ok());
  const PartitionStatistics statistics = partition.store->statistics();
  // All but superblocks, directory and free map.
  CHECK(statistics.free_bytes >= statistics.file_bytes - 16 * 1024);
}

TEST_CASE("a commit that is larger than the cache is applied whole", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  for (int i = 0; i < 5000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'a'));
  partition.commit(11, 1);
  REQUIRE(partition.checkpoint(11).ok());
  partition.reopen();
  for (int i = 0; i < 5000; i += 3) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'b'));
  const std::string changes = partition.prepare(1);
  CHECK(partition.store->statistics().evictions > 1000);
  for (int missing = 0;; ++missing) {
    const auto fault = partition.store->apply(12, 1, changes);
    REQUIRE(fault.ok());
    if (fault->done()) break;
    CHECK(partition.get({.snapshot = 11}, kTree, "key0") == std::string(100, 'a'));
    partition.serve(fault->fault);
  }
  CHECK(partition.get(kTree, "key0") == std::string(100, 'b'));
  CHECK(partition.get(kTree, "key4998") == std::string(100, 'b'));
  CHECK(partition.get(kTree, "key4999") == std::string(100, 'a'));
  CHECK(partition.get({.snapshot = 11}, kTree, "key0") == std::string(100, 'a'));
}

TEST_CASE("a commit that changes more pages than may be dirty is applied around checkpoints", "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.dirty_bytes_max = 64 * 1024;
  TestPartition partition(files, options);
  for (int i = 0; i < 5000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'a'));
  partition.commit(11, 1);
  REQUIRE(partition.checkpoint(11).ok());
  partition.store->set_oldest_snapshot(11);
  for (int i = 0; i < 5000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'b'));
  partition.stage_erase(1, 2, kTree, "key7");
  const std::string changes = partition.prepare(1);
  int checkpoints = 0;
  uint64_t dirty_most = 0;
  while (true) {
    const auto applied = partition.store->apply(12, 1, changes);
    REQUIRE(applied.ok());
    dirty_most = std::max(dirty_most, partition.store->statistics().dirty_bytes);
    if (applied->done()) break;
    if (applied->needs_room) {
      REQUIRE(partition.checkpoint(11).ok());
      // A crash here: the pages hold a part of the commit, and the log has all of it.
      if (++checkpoints == 3) {
        partition.reopen();
        partition.store->set_oldest_snapshot(12);
        CHECK(partition.store->checkpoint_scn() == 11);
      }
    } else {
      partition.serve(applied->fault);
    }
  }
  CHECK(checkpoints > 5);
  CHECK(dirty_most <= 2 * options.dirty_bytes_max);
  CHECK(partition.get(kTree, "key0") == std::string(100, 'b'));
  CHECK(partition.get(kTree, "key4999") == std::string(100, 'b'));
  CHECK(partition.get(kTree, "key7") == "(none)");
  CHECK(partition.scan({}, {.tree = kTree}, {}).size() == 4999);
  partition.store->check_invariants();
}

TEST_CASE("a commit that is sent again half applied is applied once", "[partition]") {
  SimFileSystem files(1);
  PartitionOptions options = TestPartition::tiny();
  options.dirty_bytes_max = 64 * 1024;
  TestPartition partition(files, options);
  for (int i = 0; i < 2000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'a'));
  partition.commit(11, 1);
  REQUIRE(partition.checkpoint(11).ok());
  for (int i = 0; i < 2000; ++i) partition.stage(1, 1, kTree, cat("key", i), std::string(100, 'b'));
  const std::string changes = partition.prepare(1);
  while (true) {
    const auto applied = partition.store->apply(12, 1, changes);
    REQUIRE(applied.ok());
    if (applied->needs_room) break;
    REQUIRE(applied->fault.needed());
    partition.serve(applied->fault);
  }
  REQUIRE(partition.checkpoint(11).ok());
  partition.apply(12, 1, std::string(changes));
  // The older version is what the history has, not the half of the commit that was there.
  CHECK(partition.get({.snapshot = 11}, kTree, "key0") == std::string(100, 'a'));
  CHECK(partition.get({.snapshot = 11}, kTree, "key1999") == std::string(100, 'a'));
  CHECK(partition.get(kTree, "key0") == std::string(100, 'b'));
  partition.store->check_invariants();
}

TEST_CASE("a page that cannot be read is asked for again later", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  for (int i = 0; i < 1000; ++i) partition.stage(1, 1, kTree, cat("key", i), "row");
  partition.commit(11, 1);
  REQUIRE(partition.checkpoint(11).ok());
  partition.reopen();
  const ReadResult result = partition.store->get({}, kTree, "key77");
  REQUIRE(std::holds_alternative<PageFault>(result));
  files.fail_nth(SimOperation::read, 1);
  const PageAddress address = std::get<PageFault>(result).address;
  CHECK(error_code(load_page(partition.store->file(), address).status()) == ErrorCode::kIoError);
  partition.store->forget_fault(address);
  CHECK(partition.get(kTree, "key77") == "row");
}

TEST_CASE("a new owner forgets the pages that its predecessor asked for", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  const std::string big(4000, 'b');
  partition.put(10, kTree, "big", big);
  REQUIRE(partition.checkpoint(10).ok());
  partition.reopen();
  const ReadResult result = partition.store->get({}, kTree, "big");
  REQUIRE(std::holds_alternative<PageFault>(result));
  const PageFault fault = std::get<PageFault>(result);
  auto stale = load_page(partition.store->file(), fault.address);
  REQUIRE(stale.ok());

  partition.store->forget_faults();
  partition.put(11, kTree, "big", std::string(4000, 'c'));
  for (Scn scn = 11; scn < 14; ++scn) REQUIRE(partition.checkpoint(scn).ok());
  // Nobody waits for it any more.
  partition.store->install(fault.address, *stale);
  CHECK(partition.get(kTree, "big") == std::string(4000, 'c'));
  partition.store->check_invariants();
}

TEST_CASE("what a read under way still looks at is not written over", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  const std::string big(4000, 'b');
  partition.put(10, kTree, "big", big);
  partition.put(10, kTree, "small", "row");
  REQUIRE(partition.checkpoint(10).ok());
  partition.reopen();
  CHECK(partition.get(kTree, "small") == "row");
  const ReadResult result = partition.store->get({}, kTree, "big");  // its overflow page
  REQUIRE(std::holds_alternative<PageFault>(result));
  const PageAddress address = std::get<PageFault>(result).address;
  partition.put(11, kTree, "big", "small now");
  for (Scn scn = 12; scn < 40; ++scn) {
    partition.put(scn, kTree, cat("other", scn), big);
    REQUIRE(partition.checkpoint(scn).ok());
  }
  const auto image = load_page(partition.store->file(), address);
  REQUIRE(image.ok());
  CHECK(image->view().substr(9) == big);
  partition.store->install(address, *image);
  CHECK(partition.get(kTree, "big") == "small now");
  partition.store->check_invariants();
}

TEST_CASE("bulk rows go straight into the tree and report duplicates", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  const auto bulk = [&](std::string_view key) {
    return std::get<BulkOutcome>(*partition.store->bulk_put(kTree, key, "row"));
  };
  for (int i = 0; i < 1000; ++i) CHECK(bulk(cat(1000 + i)) == BulkOutcome::kInserted);
  CHECK(bulk("1500") == BulkOutcome::kDuplicate);
  CHECK(bulk("0500") == BulkOutcome::kInserted);
  CHECK(partition.get({.snapshot = kFirstScn}, kTree, "1500") == "row");
  CHECK(partition.store->estimate_rows(kTree, {"1250", "1500", true}) == Approx(250).margin(60));
  CHECK(partition.store->split_keys(kTree, 3).size() == 3);
  CHECK(partition.store->estimate_bytes(kTree) == Approx(1001 * 16).margin(1001 * 10));
  partition.store->abandon_tree(kTree);
  CHECK(partition.store->estimate_bytes(kTree) == 0);
  CHECK(partition.get(kTree, "1500") == "(none)");
}

TEST_CASE("a scan merges pending and committed rows in both directions", "[partition]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  for (const char* key : {"b", "d", "f", "h"}) partition.stage(1, 1, kTree, key, "committed");
  partition.commit(10, 1);
  partition.stage(5, 1, kTree, "a", "pending");
  partition.stage(5, 1, kTree, "d", "pending");
  partition.stage_erase(5, 1, kTree, "f");
  partition.stage(5, 1, kTree, "i", "pending");
  partition.stage(5, 2, kTree, "c", "later");
  Rows expected{{"a", "pending"}, {"b", "committed"}, {"d", "pending"}, {"h", "committed"}, {"i", "pending"}};
  for (const uint32_t rows : {1u, 2u, 100u}) {
    ScanCursor cursor{.tree = kTree};
    CHECK(partition.scan({.txn = 5, .command = 2}, cursor, {.rows_max = rows}) == expected);
    cursor.direction = ScanDirection::kBackward;
    CHECK(partition.scan({.txn = 5, .command = 2}, cursor, {.rows_max = rows}) ==
          Rows(expected.rbegin(), expected.rend()));
    cursor.range = {"b", "h", true};
    CHECK(partition.scan({.txn = 5, .command = 2}, cursor, {.rows_max = rows}) ==
          Rows{{"d", "pending"}, {"b", "committed"}});
  }
}

}  // namespace troupe
