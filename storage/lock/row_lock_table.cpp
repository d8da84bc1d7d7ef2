#include "storage/lock/row_lock_table.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"

#include "storage/base/check.hpp"

namespace troupe {
namespace {

uint64_t hash_of(const std::string& name) { return absl::Hash<std::string>{}(name); }

}  // namespace

absl::StatusOr<LockOutcome> RowLockTable::acquire(TxnId txn, CommandId command, TreeId tree, std::string_view key,
                                                  RowLockStrength strength, WaitPolicy wait, uint64_t ticket) {
  name_.assign(reinterpret_cast<const char*>(&tree), sizeof tree);
  name_.append(key);
  const auto [it, fresh] = rows_.try_emplace(name_);
  Row& row = it->second;
  if (fresh) row.name = &it->first;
  if (fresh && !compact_.empty() && expand(&row, txn, strength)) {
    rows_.erase(it);
    return LockOutcome::kGranted;
  }
  if (row.queue.empty() && locked_keys() > limits_.keys_max) {
    rows_.erase(it);
    return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "too many rows are locked (limits.row_locks_max)"),
                     "Change fewer rows in one transaction, or raise the limit.");
  }
  const LockAttempt attempt = row.queue.try_acquire(txn, strength, command);
  if (attempt == LockAttempt::kGranted) {
    std::vector<Held>& held = held_[txn];
    held.push_back({&row, command});
    if (++granted_ % limits_.compacted_at_once == 0 && held.size() > limits_.named_keys_max) compact(txn, &held);
  }
  if (attempt != LockAttempt::kBlocked) return LockOutcome::kGranted;
  if (wait == WaitPolicy::kNoWait) return LockOutcome::kRefused;
  if (waiting_.size() >= limits_.waiters_max) {
    return error(ErrorCode::kConfigurationLimitExceeded, "too many lock requests are waiting (limits.lock_waiters_max is ",
                 limits_.waiters_max, ")");
  }
  TROUPE_CHECK(!waiting_.contains(txn));
  row.queue.enqueue(txn, strength, ticket, command);
  waiting_.emplace(txn, Held{&row, command});
  waiting_order_.push_back(txn);
  return LockOutcome::kQueued;
}

/// Counted anew each time: there is nearly never one, and hardly ever a second.
size_t RowLockTable::compact_keys() const {
  size_t keys = 0;
  for (const auto& [txn, locks] : compact_) keys += locks->size();
  return keys;
}

/// Gives a row its holders back that are known by its hash only. True: `txn` is one, and needs no more.
bool RowLockTable::expand(Row* row, TxnId txn, RowLockStrength strength) {
  const uint64_t hash = hash_of(*row->name);
  CompactLocks::Lock lock{};
  const auto own = compact_.find(txn);
  if (own != compact_.end() && own->second->find(hash, &lock) && lock.strength >= strength) return true;
  for (const auto& [holder, locks] : compact_) {
    if (!locks->find(hash, &lock)) continue;
    row->queue.adopt(holder, lock.strength, lock.command);
    held_[holder].push_back({row, lock.command});
  }
  return false;
}

/// The oldest ones, but for those that somebody waits for or that are held twice; these go to the end.
void RowLockTable::compact(TxnId txn, std::vector<Held>* held) {
  auto& locks = compact_[txn];
  if (locks == nullptr) locks = std::make_unique<CompactLocks>();
  const size_t count = std::min(2 * limits_.compacted_at_once, held->size());
  for (size_t i = 0; i < count; ++i) {
    const Held lock = (*held)[i];
    const auto& queue = lock.row->queue;
    if (queue.holders().size() > 1 || !queue.waiters().empty()) {
      held->push_back(lock);
      continue;
    }
    locks->add(hash_of(*lock.row->name), {lock.command, queue.holders().front().mode});
    rows_.erase(*lock.row->name);
  }
  held->erase(held->begin(), held->begin() + static_cast<ptrdiff_t>(count));
}

bool RowLockTable::acquire_again(TxnId txn, TreeId tree, std::string_view key, RowLockStrength strength) {
  const uint64_t keys_max = std::exchange(limits_.keys_max, UINT64_MAX);
  const auto outcome = acquire(txn, 0, tree, key, strength, WaitPolicy::kNoWait, 0);
  limits_.keys_max = keys_max;
  return outcome.ok() && *outcome == LockOutcome::kGranted;
}

std::vector<LockGrant> RowLockTable::cancel_wait(TxnId txn) {
  std::vector<LockGrant> grants;
  const auto it = waiting_.find(txn);
  if (it == waiting_.end()) return grants;
  Row* row = it->second.row;
  waiting_.erase(it);
  std::erase(waiting_order_, txn);
  row->queue.cancel(txn, &grants);
  let_in(row, grants);
  forget_if_free(row);
  return grants;
}

std::vector<LockGrant> RowLockTable::release_all(TxnId txn) {
  std::vector<LockGrant> grants = cancel_wait(txn);
  if (!compact_.empty()) compact_.erase(txn);
  const auto it = held_.find(txn);
  if (it == held_.end()) return grants;
  const std::vector<Held> all = std::move(it->second);
  held_.erase(it);
  for (const Held& held : all) release(txn, held, &grants);
  return grants;
}

std::vector<LockGrant> RowLockTable::rollback_to(TxnId txn, CommandId command) {
  std::vector<LockGrant> grants = cancel_wait(txn);
  if (const auto locks = compact_.find(txn); locks != compact_.end()) locks->second->rollback_to(command);
  const auto it = held_.find(txn);
  if (it == held_.end()) return grants;
  const auto kept = [command](const Held& held) { return held.command < command; };
  const auto first = std::stable_partition(it->second.begin(), it->second.end(), kept);
  const std::vector<Held> dropped(first, it->second.end());
  it->second.erase(first, it->second.end());
  if (it->second.empty()) held_.erase(it);
  for (const Held& held : dropped) release(txn, held, &grants);
  return grants;
}

void RowLockTable::release(TxnId txn, const Held& held, std::vector<LockGrant>* grants) {
  const size_t before = grants->size();
  held.row->queue.release_granted(txn, held.command, grants);
  let_in(held.row, std::span(*grants).subspan(before));
  forget_if_free(held.row);
}

/// Those who waited for the row and have it now.
void RowLockTable::let_in(Row* row, std::span<const LockGrant> grants) {
  for (const LockGrant& grant : grants) {
    const auto waited = waiting_.find(grant.txn);
    held_[grant.txn].push_back({row, waited->second.command});
    waiting_.erase(waited);
    std::erase(waiting_order_, grant.txn);
  }
}

void RowLockTable::forget_if_free(Row* row) {
  if (row->queue.empty()) rows_.erase(*row->name);
}

std::vector<HeldRowLock> RowLockTable::held_by(TxnId txn) const {
  std::vector<HeldRowLock> locks;
  const auto it = held_.find(txn);
  if (it == held_.end()) return locks;
  for (const Held& held : it->second) {
    for (const auto& holder : held.row->queue.holders()) {
      if (holder.txn != txn || holder.command != held.command) continue;
      HeldRowLock& lock = locks.emplace_back();
      std::memcpy(&lock.tree, held.row->name->data(), sizeof lock.tree);
      lock.key = held.row->name->substr(sizeof lock.tree);
      lock.strength = holder.mode;
    }
  }
  return locks;
}

std::vector<WaitEdge> RowLockTable::waits() const {
  std::vector<WaitEdge> edges;
  std::vector<const Row*> seen;
  for (const TxnId txn : waiting_order_) {
    const Row* row = waiting_.at(txn).row;
    if (std::find(seen.begin(), seen.end(), row) != seen.end()) continue;
    seen.push_back(row);
    row->queue.add_waits(&edges);
  }
  return edges;
}

void RowLockTable::check_invariants() const {
  size_t held = 0;
  for (const auto& [name, row] : rows_) {
    TROUPE_CHECK(!row.queue.empty());
    held += row.queue.holders().size();
    for (const auto& a : row.queue.holders()) {
      TROUPE_CHECK(held_.contains(a.txn));
      for (const auto& b : row.queue.holders()) {
        TROUPE_CHECK(a.txn == b.txn || !row_locks_conflict(a.mode, b.mode));
      }
    }
    for (const auto& waiter : row.queue.waiters()) TROUPE_CHECK(waiting_.at(waiter.txn).row == &row);
  }
  for (const auto& [txn, locks] : held_) held -= locks.size();
  TROUPE_CHECK(held == 0);
  TROUPE_CHECK(waiting_.size() == waiting_order_.size());
}

}  // namespace troupe
