#include "storage/lock/row_lock_table.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {

absl::StatusOr<LockOutcome> RowLockTable::acquire(TxnId txn, TreeId tree, std::string_view key,
                                                  RowLockStrength strength, WaitPolicy wait, uint64_t ticket) {
  name_.assign(reinterpret_cast<const char*>(&tree), sizeof tree);
  name_.append(key);
  const auto [it, fresh] = rows_.try_emplace(name_);
  Row& row = it->second;
  if (fresh) row.name = &it->first;
  const bool known = !fresh && row.queue.is_holder(txn);
  if (row.queue.try_acquire(txn, strength)) {
    if (!known) held_[txn].push_back(&row);
    return LockOutcome::kGranted;
  }
  if (wait == WaitPolicy::kNoWait) return LockOutcome::kRefused;
  if (waiting_.size() >= limits_.waiters_max) {
    return error(ErrorCode::kConfigurationLimitExceeded, "too many lock requests are waiting (limits.lock_waiters_max is ",
                 limits_.waiters_max, ")");
  }
  TROUPE_CHECK(!waiting_.contains(txn));
  row.queue.enqueue(txn, strength, ticket);
  waiting_.emplace(txn, &row);
  waiting_order_.push_back(txn);
  return LockOutcome::kQueued;
}

std::vector<LockGrant> RowLockTable::cancel_wait(TxnId txn) {
  std::vector<LockGrant> grants;
  const auto it = waiting_.find(txn);
  if (it == waiting_.end()) return grants;
  Row* row = it->second;
  waiting_.erase(it);
  std::erase(waiting_order_, txn);
  row->queue.cancel(txn, &grants);
  for (const LockGrant& grant : grants) {
    waiting_.erase(grant.txn);
    std::erase(waiting_order_, grant.txn);
    auto& held = held_[grant.txn];
    if (std::find(held.begin(), held.end(), row) == held.end()) held.push_back(row);
  }
  forget_if_free(row);
  return grants;
}

std::vector<LockGrant> RowLockTable::release_all(TxnId txn) {
  std::vector<LockGrant> grants = cancel_wait(txn);
  const auto it = held_.find(txn);
  if (it == held_.end()) return grants;
  const std::vector<Row*> rows = std::move(it->second);
  held_.erase(it);
  for (Row* row : rows) {
    const size_t before = grants.size();
    row->queue.release(txn, &grants);
    for (size_t i = before; i < grants.size(); ++i) {
      const TxnId let_in = grants[i].txn;
      waiting_.erase(let_in);
      std::erase(waiting_order_, let_in);
      auto& held = held_[let_in];
      if (std::find(held.begin(), held.end(), row) == held.end()) held.push_back(row);
    }
    forget_if_free(row);
  }
  return grants;
}

void RowLockTable::forget_if_free(Row* row) {
  if (row->queue.empty()) rows_.erase(*row->name);
}

std::vector<WaitEdge> RowLockTable::waits() const {
  std::vector<WaitEdge> edges;
  std::vector<const Row*> seen;
  for (const TxnId txn : waiting_order_) {
    const Row* row = waiting_.at(txn);
    if (std::find(seen.begin(), seen.end(), row) != seen.end()) continue;
    seen.push_back(row);
    row->queue.add_waits(&edges);
  }
  return edges;
}

void RowLockTable::check_invariants() const {
  for (const auto& [name, row] : rows_) {
    TROUPE_CHECK(!row.queue.empty());
    for (const auto& a : row.queue.holders()) {
      TROUPE_CHECK(held_.contains(a.txn));
      for (const auto& b : row.queue.holders()) {
        TROUPE_CHECK(a.txn == b.txn || !row_locks_conflict(a.mode, b.mode));
      }
    }
    for (const auto& waiter : row.queue.waiters()) TROUPE_CHECK(waiting_.at(waiter.txn) == &row);
  }
  TROUPE_CHECK(waiting_.size() == waiting_order_.size());
}

}  // namespace troupe
