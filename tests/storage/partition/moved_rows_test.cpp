#include "storage/partition/moved_rows.hpp"

#include "partition_test_support.hpp"

namespace troupe {
namespace {

constexpr TreeId kTree = 7;
constexpr CommandId kLastCommand = UINT32_MAX;

std::string place_of(const std::optional<MovedRows::Move>& move) {
  return move ? std::string(move->place) : "(none)";
}

}  // namespace

TEST_CASE("a key's first move after a time is found, and those of others are not", "[moved]") {
  MovedRows moved(1 << 20);
  moved.add({10, 2}, kTree, "a", "b");
  moved.add({10, 4}, kTree, "a", "c");
  moved.add({20, 1}, kTree, "a", "d");
  moved.add({20, 1}, kTree + 1, "a", "x");
  moved.check_invariants();
  CHECK(place_of(moved.find(kTree, "a", {9, kLastCommand})) == "b");
  CHECK(place_of(moved.find(kTree, "a", {10, 2})) == "c");
  CHECK(place_of(moved.find(kTree, "a", {10, kLastCommand})) == "d");
  CHECK(place_of(moved.find(kTree, "a", {20, 1})) == "(none)");
  CHECK(place_of(moved.find(kTree, "aa", {9, 0})) == "(none)");
}

TEST_CASE("what no snapshot asks for is dropped, and what there is no room for is known to be missing", "[moved]") {
  MovedRows moved(1'000);
  moved.add({10, 1}, kTree, "a", "b");
  moved.set_oldest_snapshot(10);
  CHECK(moved.empty());
  CHECK(moved.floor() == kNoScn);
  for (Scn scn = 11; scn < 30; ++scn) moved.add({scn, 1}, kTree, "a", std::string(100, 'b'));
  moved.check_invariants();
  CHECK(moved.floor() >= 11);
  CHECK(place_of(moved.find(kTree, "a", {moved.floor(), kLastCommand})) == std::string(100, 'b'));
}

TEST_CASE("a committed move is known until the snapshots from before it are gone", "[moved]") {
  SimFileSystem files(1);
  TestPartition partition(files);
  partition.put(10, kTree, "a", "row");
  partition.stage_erase(5, 1, kTree, "a");
  REQUIRE(partition.store->stage_move(5, 1, kTree, "a", "place").ok());
  partition.store->rollback_to(5, 1);
  partition.commit(20, 5);
  CHECK_FALSE(partition.store->moved(kTree, "a", {10, kLastCommand}));

  partition.stage_erase(6, 1, kTree, "a");
  REQUIRE(partition.store->stage_move(6, 1, kTree, "a", "place").ok());
  CHECK_FALSE(partition.store->moved(kTree, "a", {10, kLastCommand}));
  partition.commit(30, 6);
  CHECK(place_of(partition.store->moved(kTree, "a", {29, kLastCommand})) == "place");
  CHECK_FALSE(partition.store->moved(kTree, "a", {30, kLastCommand}));
  partition.store->check_invariants();
  partition.store->set_oldest_snapshot(30);
  CHECK_FALSE(partition.store->moved(kTree, "a", {29, kLastCommand}));
  CHECK(partition.store->moves_known_since() == 30);
}

}  // namespace troupe
