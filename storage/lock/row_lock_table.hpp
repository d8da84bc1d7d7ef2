#pragma once
/// Row locks of one lock shard: (tree, key) → who holds it, who waits.
/// Invariant: the holders of a key are compatible; waiters are served first in, first out.
/// Owner: one lock_shard actor, so calls never overlap.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "storage/base/error.hpp"
#include "storage/lock/compact_locks.hpp"
#include "storage/lock/held_locks.hpp"
#include "storage/lock/lock_modes.hpp"
#include "storage/lock/lock_queue.hpp"

namespace troupe {

struct LockLimits {
  uint32_t waiters_max = 100'000;
  uint64_t keys_max = 32'000'000;  ///< locked at the same time; about 140 bytes each
  /// Of one transaction; of more, those that nobody else wants are kept as hashes (CompactLocks).
  size_t named_keys_max = 50'000;
  size_t compacted_at_once = 1024;
};

enum class LockOutcome : uint8_t { kGranted, kQueued, kRefused };
enum class WaitPolicy : uint8_t { kWait, kNoWait };

class RowLockTable {
 public:
  explicit RowLockTable(LockLimits limits) : limits_{limits} {}

  /// Grants now, queues (kWait), or refuses (kNoWait). A transaction waits for one key at a time; `ticket` comes back
  /// in the grant. Errors: kConfigurationLimitExceeded when limits.waiters_max are already waiting, or keys_max are
  /// locked.
  absl::StatusOr<LockOutcome> acquire(TxnId txn, CommandId command, TreeId tree, std::string_view key,
                                      RowLockStrength strength, WaitPolicy wait, uint64_t ticket);
  /// A lock that `txn` had before a restart, whatever keys_max has become. False: somebody else holds it.
  bool acquire_again(TxnId txn, TreeId tree, std::string_view key, RowLockStrength strength);
  /// Drops every lock and wait of `txn`; returns whom that let in, in order.
  std::vector<LockGrant> release_all(TxnId txn);
  /// Drops its wait, and the locks that commands >= `command` were granted: a key that it held before is held as it
  /// was.
  std::vector<LockGrant> rollback_to(TxnId txn, CommandId command);
  /// Ends its waiting; it keeps what it holds.
  std::vector<LockGrant> cancel_wait(TxnId txn);

  /// In the order granted. All of them, unless some are compact: those have no names.
  std::vector<HeldRowLock> held_by(TxnId txn) const;
  bool has_compact(TxnId txn) const { return compact_.contains(txn); }

  /// For the deadlock detector: in the order of waiting.
  std::vector<WaitEdge> waits() const;
  size_t waiting() const { return waiting_.size(); }
  size_t locked_keys() const { return rows_.size() + compact_keys(); }

  void check_invariants() const;

 private:
  using Queue = LockQueue<RowLockStrength, &row_locks_conflict>;
  struct Row {
    Queue queue;
    const std::string* name = nullptr;
  };
  /// One lock that was granted.
  struct Held {
    Row* row;
    CommandId command;
  };

  size_t compact_keys() const;
  bool expand(Row* row, TxnId txn, RowLockStrength strength);
  void compact(TxnId txn, std::vector<Held>* held);
  void release(TxnId txn, const Held& held, std::vector<LockGrant>* grants);
  void let_in(Row* row, std::span<const LockGrant> grants);
  void forget_if_free(Row* row);

  LockLimits limits_;
  absl::node_hash_map<std::string, Row> rows_;
  absl::flat_hash_map<TxnId, std::vector<Held>> held_;  ///< in the order granted
  absl::flat_hash_map<TxnId, Held> waiting_;            ///< for what
  std::vector<TxnId> waiting_order_;
  /// Of large transactions. A row that is in rows_ is locked as it says there, whatever its hash says here.
  absl::btree_map<TxnId, std::unique_ptr<CompactLocks>> compact_;
  uint64_t granted_ = 0;
  std::string name_;  ///< reused
};

}  // namespace troupe
