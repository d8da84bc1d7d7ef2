#pragma once
/// Row locks of one lock shard: (tree, key) → who holds it, who waits.
/// Invariant: the holders of a key are compatible; waiters are served first in, first out.
/// Owner: one lock_shard actor, so calls never overlap.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "storage/base/error.hpp"
#include "storage/lock/lock_modes.hpp"
#include "storage/lock/lock_queue.hpp"

namespace troupe {

struct LockLimits {
  uint32_t waiters_max = 100'000;
};

enum class LockOutcome : uint8_t { kGranted, kQueued, kRefused };
enum class WaitPolicy : uint8_t { kWait, kNoWait };

class RowLockTable {
 public:
  explicit RowLockTable(LockLimits limits) : limits_{limits} {}

  /// Grants now, queues (kWait), or refuses (kNoWait). A transaction waits for one key at a time; `ticket` comes back
  /// in the grant. Errors: kConfigurationLimitExceeded when limits.waiters_max are already waiting.
  absl::StatusOr<LockOutcome> acquire(TxnId txn, TreeId tree, std::string_view key, RowLockStrength strength,
                                      WaitPolicy wait, uint64_t ticket);
  /// Drops every lock and wait of `txn`; returns whom that let in, in order.
  std::vector<LockGrant> release_all(TxnId txn);
  /// Ends its waiting; it keeps what it holds.
  std::vector<LockGrant> cancel_wait(TxnId txn);

  /// For the deadlock detector: in the order of waiting.
  std::vector<WaitEdge> waits() const;
  size_t waiting() const { return waiting_.size(); }
  size_t locked_keys() const { return rows_.size(); }

  void check_invariants() const;

 private:
  using Queue = LockQueue<RowLockStrength, &row_locks_conflict>;
  struct Row {
    Queue queue;
    const std::string* name = nullptr;
  };

  void forget_if_free(Row* row);

  LockLimits limits_;
  absl::node_hash_map<std::string, Row> rows_;
  absl::flat_hash_map<TxnId, std::vector<Row*>> held_;  ///< each row once, in the order locked
  absl::flat_hash_map<TxnId, Row*> waiting_;
  std::vector<TxnId> waiting_order_;
  std::string name_;  ///< reused
};

}  // namespace troupe
