#include "storage/lock/row_lock_table.hpp"

#include <catch2/catch.hpp>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"
#include "storage/lock/deadlock.hpp"

namespace troupe {
namespace {

constexpr auto kUpdate = RowLockStrength::kUpdate;
constexpr auto kNoKeyUpdate = RowLockStrength::kNoKeyUpdate;
constexpr auto kShare = RowLockStrength::kShare;
constexpr auto kKeyShare = RowLockStrength::kKeyShare;

LockOutcome acquire(RowLockTable& table, TxnId txn, std::string_view key, RowLockStrength strength,
                    WaitPolicy wait = WaitPolicy::kWait) {
  return table.acquire(txn, 1, 7, key, strength, wait, txn * 10).value();
}
LockOutcome acquire_in(RowLockTable& table, CommandId command, TxnId txn, std::string_view key,
                       RowLockStrength strength) {
  return table.acquire(txn, command, 7, key, strength, WaitPolicy::kWait, txn * 10).value();
}

}  // namespace

TEST_CASE("a waiter is granted when the last holder leaves", "[lock]") {
  RowLockTable table{LockLimits{.waiters_max = 4}};
  REQUIRE(acquire(table, 1, "a", kShare) == LockOutcome::kGranted);
  REQUIRE(acquire(table, 2, "a", kShare) == LockOutcome::kGranted);
  REQUIRE(acquire(table, 3, "a", kUpdate) == LockOutcome::kQueued);
  CHECK(table.release_all(1).empty());
  CHECK(table.release_all(2) == std::vector{LockGrant{3, 30}});
  table.check_invariants();
}

TEST_CASE("a newcomer waits behind a waiter it conflicts with", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire(table, 1, "a", kShare);
  REQUIRE(acquire(table, 2, "a", kUpdate) == LockOutcome::kQueued);
  CHECK(acquire(table, 3, "a", kShare) == LockOutcome::kQueued);
  CHECK(table.release_all(1) == std::vector{LockGrant{2, 20}});
  CHECK(table.release_all(2) == std::vector{LockGrant{3, 30}});
}

TEST_CASE("a holder that wants more goes before strangers", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire(table, 1, "a", kShare);
  acquire(table, 2, "a", kShare);
  REQUIRE(acquire(table, 3, "a", kUpdate) == LockOutcome::kQueued);
  REQUIRE(acquire(table, 1, "a", kUpdate) == LockOutcome::kQueued);
  CHECK(table.release_all(2) == std::vector{LockGrant{1, 10}});
  CHECK(table.release_all(1) == std::vector{LockGrant{3, 30}});
}

TEST_CASE("what a transaction holds can be taken to another table", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire_in(table, 1, 1, "a", kShare);
  acquire_in(table, 2, 1, "a", kUpdate);
  acquire_in(table, 3, 1, "b", kKeyShare);
  acquire_in(table, 1, 2, "c", kUpdate);
  const HeldLocks held{table.held_by(1), {{17, TableLockMode::kExclusive}}};
  CHECK(held.rows == std::vector<HeldRowLock>{{7, "a", kShare}, {7, "a", kUpdate}, {7, "b", kKeyShare}});
  const auto read = decode_locks(encode_locks(held));
  REQUIRE(read.ok());
  CHECK(*read == held);
  CHECK_FALSE(decode_locks(encode_locks(held).substr(0, 9)).ok());
  CHECK(table.held_by(3).empty());
}

TEST_CASE("row lock strengths conflict as in PostgreSQL", "[lock]") {
  CHECK_FALSE(row_locks_conflict(kKeyShare, kKeyShare));
  CHECK_FALSE(row_locks_conflict(kKeyShare, kShare));
  CHECK_FALSE(row_locks_conflict(kKeyShare, kNoKeyUpdate));
  CHECK(row_locks_conflict(kKeyShare, kUpdate));
  CHECK_FALSE(row_locks_conflict(kShare, kShare));
  CHECK(row_locks_conflict(kShare, kNoKeyUpdate));
  CHECK(row_locks_conflict(kNoKeyUpdate, kNoKeyUpdate));
  CHECK(row_locks_conflict(kUpdate, kUpdate));
}

TEST_CASE("NOWAIT is refused and leaves no trace", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire(table, 1, "a", kUpdate);
  CHECK(acquire(table, 2, "a", kUpdate, WaitPolicy::kNoWait) == LockOutcome::kRefused);
  CHECK(table.waiting() == 0);
  CHECK(table.release_all(1).empty());
  CHECK(table.locked_keys() == 0);
}

TEST_CASE("more waiters than the limit are an error that names it", "[lock]") {
  RowLockTable table{LockLimits{.waiters_max = 1}};
  acquire(table, 1, "a", kUpdate);
  acquire(table, 2, "a", kUpdate);
  const auto refused = table.acquire(3, 1, 7, "a", kUpdate, WaitPolicy::kWait, 1);
  REQUIRE(error_code(refused.status()) == ErrorCode::kConfigurationLimitExceeded);
  CHECK(refused.status().message().find("limits.lock_waiters_max") != absl::string_view::npos);
}

TEST_CASE("more locked keys than the limit are an error that names it, and leave nothing behind", "[lock]") {
  RowLockTable table{LockLimits{.keys_max = 2}};
  acquire(table, 1, "a", kUpdate);
  acquire(table, 1, "b", kUpdate);
  const auto refused = table.acquire(1, 1, 7, "c", kUpdate, WaitPolicy::kWait, 1);
  REQUIRE(error_code(refused.status()) == ErrorCode::kConfigurationLimitExceeded);
  CHECK(refused.status().message().find("limits.row_locks_max") != absl::string_view::npos);
  CHECK(table.locked_keys() == 2);
  acquire(table, 1, "a", kUpdate);  // held already
  table.release_all(1);
  CHECK(table.locked_keys() == 0);
  acquire(table, 2, "c", kUpdate);
}

TEST_CASE("a rollback lets go what was locked since, and holds the rest as it was", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire_in(table, 3, 1, "before", kUpdate);
  acquire_in(table, 3, 1, "stronger", kShare);
  acquire_in(table, 5, 1, "since", kUpdate);
  acquire_in(table, 5, 1, "stronger", kUpdate);
  acquire_in(table, 5, 1, "before", kUpdate);
  REQUIRE(acquire_in(table, 1, 2, "since", kShare) == LockOutcome::kQueued);
  REQUIRE(acquire_in(table, 1, 3, "stronger", kShare) == LockOutcome::kQueued);
  REQUIRE(acquire_in(table, 1, 4, "before", kShare) == LockOutcome::kQueued);

  CHECK(table.rollback_to(1, 4) == std::vector{LockGrant{2, 20}, LockGrant{3, 30}});
  table.check_invariants();
  CHECK(acquire(table, 5, "stronger", kNoKeyUpdate, WaitPolicy::kNoWait) == LockOutcome::kRefused);
  CHECK(table.release_all(1) == std::vector{LockGrant{4, 40}});
  table.check_invariants();
}

TEST_CASE("a rollback ends the waiting of a statement that failed elsewhere", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire(table, 1, "a", kUpdate);
  REQUIRE(acquire_in(table, 7, 2, "a", kUpdate) == LockOutcome::kQueued);
  CHECK(table.rollback_to(2, 7).empty());
  CHECK(table.waiting() == 0);
  CHECK(acquire_in(table, 8, 2, "b", kUpdate) == LockOutcome::kGranted);
  CHECK(table.release_all(1).empty());
}

TEST_CASE("a deadlock of three is found and the youngest gives way", "[lock]") {
  RowLockTable table{LockLimits{}};
  acquire(table, 1, "a", kUpdate);
  acquire(table, 2, "b", kUpdate);
  acquire(table, 3, "c", kUpdate);
  acquire(table, 1, "b", kUpdate);
  acquire(table, 2, "c", kUpdate);
  CHECK(find_deadlock(table.waits()).empty());
  acquire(table, 3, "a", kUpdate);
  const auto cycle = find_deadlock(table.waits());
  CHECK(cycle == std::vector<TxnId>{1, 2, 3});
  CHECK(choose_victim(cycle) == 3);
}

TEST_CASE("random locking keeps the invariants and lets everyone through", "[lock]") {
  Random random(5);
  RowLockTable table{LockLimits{}};
  std::vector<bool> waiting(20, false);
  for (int step = 0; step < 20'000; ++step) {
    const TxnId txn = 1 + random.below(19);
    if (random.chance(0.2)) {
      waiting[txn] = false;
      const auto command = static_cast<CommandId>(random.below(5));
      for (const LockGrant& grant : command == 0 ? table.release_all(txn) : table.rollback_to(txn, command)) {
        waiting[grant.txn] = false;
      }
    } else if (!waiting[txn]) {
      const std::string key(1, static_cast<char>('a' + random.below(6)));
      const auto strength = static_cast<RowLockStrength>(random.below(4));
      const auto command = static_cast<CommandId>(random.below(5));
      waiting[txn] = acquire_in(table, command, txn, key, strength) == LockOutcome::kQueued;
    }
    if (step % 100 == 0) table.check_invariants();
  }
  for (TxnId txn = 1; txn < 20; ++txn) table.release_all(txn);
  CHECK(table.locked_keys() == 0);
  CHECK(table.waiting() == 0);
}

TEST_CASE("the locks of a large transaction take little, and others meet them all the same", "[lock]") {
  RowLockTable table{LockLimits{.named_keys_max = 10, .compacted_at_once = 4}};
  for (int i = 0; i < 1'000; ++i) acquire_in(table, 1 + i / 100, 1, cat("key ", i), kNoKeyUpdate);
  CHECK(table.has_compact(1));
  CHECK(table.locked_keys() == 1'000);
  CHECK(acquire(table, 2, "key 5", kUpdate, WaitPolicy::kNoWait) == LockOutcome::kRefused);
  CHECK(acquire(table, 2, "key 5", kKeyShare) == LockOutcome::kGranted);
  CHECK(acquire(table, 3, "key 6", kUpdate) == LockOutcome::kQueued);
  CHECK(table.waits() == std::vector{WaitEdge{3, 1}});
  CHECK(acquire(table, 4, "key 500", kUpdate) == LockOutcome::kQueued);
  CHECK(acquire(table, 5, "another", kUpdate) == LockOutcome::kGranted);
  CHECK(acquire(table, 1, "key 7", kUpdate) == LockOutcome::kGranted);
  CHECK(acquire(table, 6, "key 7", kKeyShare) == LockOutcome::kQueued);
  table.check_invariants();
  CHECK(table.rollback_to(1, 3) == std::vector{LockGrant{4, 40}});
  CHECK(acquire(table, 7, "key 700", kUpdate) == LockOutcome::kGranted);
  CHECK(acquire(table, 7, "key 100", kUpdate, WaitPolicy::kNoWait) == LockOutcome::kRefused);
  CHECK(table.release_all(1).size() == 2);
  CHECK_FALSE(table.has_compact(1));
  for (TxnId txn = 2; txn < 8; ++txn) table.release_all(txn);
  CHECK(table.locked_keys() == 0);
}

TEST_CASE("compact or not, the same locks are had", "[lock]") {
  Random random(6);
  RowLockTable named{LockLimits{}};
  RowLockTable compact{LockLimits{.named_keys_max = 2, .compacted_at_once = 1}};
  std::vector<bool> waiting(10, false);
  const auto by_txn = [](std::vector<LockGrant> grants) {
    std::sort(grants.begin(), grants.end(), [](const auto& a, const auto& b) { return a.txn < b.txn; });
    return grants;
  };
  uint64_t was_compact = 0;
  for (int step = 0; step < 40'000; ++step) {
    const TxnId txn = 1 + random.below(9);
    if (random.chance(0.05)) {
      waiting[txn] = false;
      const auto command = static_cast<CommandId>(random.below(5));
      const auto end = [&](RowLockTable& table) {
        return by_txn(command == 0 ? table.release_all(txn) : table.rollback_to(txn, command));
      };
      const auto grants = end(named);
      REQUIRE(end(compact) == grants);
      for (const LockGrant& grant : grants) waiting[grant.txn] = false;
    } else if (!waiting[txn]) {
      const std::string key = cat("key ", random.below(60));
      const auto strength = static_cast<RowLockStrength>(random.below(4));
      const auto command = static_cast<CommandId>(random.below(5));
      const LockOutcome outcome = acquire_in(named, command, txn, key, strength);
      REQUIRE(acquire_in(compact, command, txn, key, strength) == outcome);
      waiting[txn] = outcome == LockOutcome::kQueued;
      was_compact += compact.has_compact(txn) ? 1 : 0;
    }
    if (step % 100 == 0) compact.check_invariants();
  }
  CHECK(was_compact > 3'000);
  for (TxnId txn = 1; txn < 10; ++txn) compact.release_all(txn);
  CHECK(compact.locked_keys() == 0);
}

}  // namespace troupe
