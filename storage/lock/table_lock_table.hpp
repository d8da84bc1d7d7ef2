#pragma once
/// Table locks that went past the tables' gates: strong ones, and weak ones that found a gate closed.
/// Owner: lock shard 0.
#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "storage/lock/held_locks.hpp"
#include "storage/lock/lock_queue.hpp"
#include "storage/lock/table_lock_mode.hpp"

namespace troupe {

class TableLockTable {
 public:
  enum class Outcome : uint8_t { kGranted, kQueued, kRefused };

  Outcome acquire(TxnId txn, Oid table, TableLockMode mode, bool no_wait, uint64_t ticket) {
    Queue& queue = tables_[table];
    if (queue.try_acquire(txn, mode) != LockAttempt::kBlocked) return Outcome::kGranted;
    if (no_wait) {
      forget_if_free(table);
      return Outcome::kRefused;
    }
    queue.enqueue(txn, mode, ticket);
    return Outcome::kQueued;
  }
  /// Drops every lock and wait of `txn`; whom that let in, in order.
  std::vector<LockGrant> release_all(TxnId txn) {
    std::vector<LockGrant> grants;
    for (auto it = tables_.begin(); it != tables_.end();) {
      it->second.release(txn, &grants);
      it = it->second.empty() ? tables_.erase(it) : std::next(it);
    }
    return grants;
  }
  /// Drops one lock on a table, which was granted and then not wanted.
  std::vector<LockGrant> release_one(TxnId txn, Oid table, TableLockMode mode) {
    std::vector<LockGrant> grants;
    const auto it = tables_.find(table);
    if (it == tables_.end()) return grants;
    it->second.release_one(txn, mode, &grants);
    if (it->second.empty()) tables_.erase(it);
    return grants;
  }
  std::vector<LockGrant> cancel_wait(TxnId txn) {
    std::vector<LockGrant> grants;
    for (auto& [table, queue] : tables_) queue.cancel(txn, &grants);
    return grants;
  }
  /// Somebody holds or wants a strong lock: the gate stays closed.
  bool has_strong(Oid table) const {
    const auto it = tables_.find(table);
    if (it == tables_.end()) return false;
    const auto strong = [](const auto& entry) { return !is_weak(entry.mode); };
    return std::any_of(it->second.holders().begin(), it->second.holders().end(), strong) ||
           std::any_of(it->second.waiters().begin(), it->second.waiters().end(), strong);
  }
  /// Whether all who stand in the way of `mode` wait, or will wait, for `txn` to give up `held`.
  bool wait_for_holder(TxnId txn, Oid table, TableLockMode mode, TableLockMode held) const {
    const auto it = tables_.find(table);
    if (it == tables_.end()) return false;
    const auto waits = [&](const auto& entry) {
      return entry.txn == txn || !table_locks_conflict(entry.mode, mode) || table_locks_conflict(entry.mode, held);
    };
    return std::all_of(it->second.holders().begin(), it->second.holders().end(), waits) &&
           std::all_of(it->second.waiters().begin(), it->second.waiters().end(), waits);
  }
  std::vector<WaitEdge> waits() const {
    std::vector<WaitEdge> edges;
    for (const auto& [table, queue] : tables_) queue.add_waits(&edges);
    return edges;
  }
  std::vector<HeldTableLock> held_by(TxnId txn) const {
    std::vector<HeldTableLock> locks;
    for (const auto& [table, queue] : tables_) {
      for (const auto& holder : queue.holders()) {
        if (holder.txn == txn) locks.push_back({table, holder.mode});
      }
    }
    return locks;
  }
  bool empty() const { return tables_.empty(); }

 private:
  using Queue = LockQueue<TableLockMode, &table_locks_conflict>;
  void forget_if_free(Oid table) {
    const auto it = tables_.find(table);
    if (it != tables_.end() && it->second.empty()) tables_.erase(it);
  }
  absl::btree_map<Oid, Queue> tables_;
};

}  // namespace troupe
