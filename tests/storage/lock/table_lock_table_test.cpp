#include "storage/lock/table_lock_table.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

using Outcome = TableLockTable::Outcome;
constexpr Oid kTable = 7;

TEST_CASE("a lock that is not wanted after all leaves the others of its holder", "[lock]") {
  TableLockTable locks;
  REQUIRE(locks.acquire(1, kTable, TableLockMode::kShare, false, 1) == Outcome::kGranted);
  REQUIRE(locks.acquire(1, kTable, TableLockMode::kExclusive, false, 2) == Outcome::kGranted);
  REQUIRE(locks.acquire(2, kTable, TableLockMode::kShare, false, 3) == Outcome::kQueued);

  CHECK(locks.release_one(1, kTable, TableLockMode::kExclusive) == std::vector<LockGrant>{{2, 3}});
  CHECK(locks.has_strong(kTable));
  CHECK(locks.acquire(3, kTable, TableLockMode::kRowExclusive, true, 4) == Outcome::kRefused);
  locks.release_all(1);
  locks.release_all(2);
  CHECK(locks.empty());
}

TEST_CASE("who has a weak lock does not wait for those who wait for it", "[lock]") {
  TableLockTable locks;
  // Granted by the queue, and waiting for the gate, where transaction 1 is counted with ACCESS SHARE.
  REQUIRE(locks.acquire(2, kTable, TableLockMode::kAccessExclusive, false, 1) == Outcome::kGranted);
  CHECK(locks.wait_for_holder(1, kTable, TableLockMode::kRowExclusive, TableLockMode::kAccessShare));
  locks.release_all(2);
  // SHARE does not wait for ACCESS SHARE: it is held, and stands in the way of ROW EXCLUSIVE.
  REQUIRE(locks.acquire(2, kTable, TableLockMode::kShare, false, 2) == Outcome::kGranted);
  CHECK_FALSE(locks.wait_for_holder(1, kTable, TableLockMode::kRowExclusive, TableLockMode::kAccessShare));
}

}  // namespace
}  // namespace troupe
