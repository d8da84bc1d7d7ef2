#include "actors/lock/advisory_locks.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {

absl::StatusOr<bool> AdvisoryLocks::acquire(int32_t session, const AdvisoryLock& lock, std::optional<uint64_t> ticket) {
  const std::lock_guard guard(mutex_);
  if (queues_.size() >= keys_max_ && !queues_.contains(lock.key)) {
    return with_hint(error(ErrorCode::kOutOfMemory, "too many advisory locks are held"),
                     cat("limits.advisory_locks_max is ", keys_max_, "."));
  }
  Queue& queue = queues_[lock.key];
  const bool granted = queue.try_acquire(id_of(session), lock.mode) != LockAttempt::kBlocked;
  if (granted || ticket) by_session_.emplace(session, lock.key);
  if (!granted && ticket) queue.enqueue(id_of(session), lock.mode, *ticket);
  return granted;
}

void AdvisoryLocks::release(int32_t session, const AdvisoryLock& lock) {
  std::vector<LockGrant> grants;
  {
    const std::lock_guard guard(mutex_);
    const auto it = queues_.find(lock.key);
    if (it == queues_.end()) return;
    it->second.release_one(id_of(session), lock.mode, &grants);
    settle(session, lock.key);
  }
  tell(grants, {});
}

void AdvisoryLocks::cancel_wait(int32_t session, const AdvisoryLock& lock) {
  std::vector<LockGrant> grants;
  {
    const std::lock_guard guard(mutex_);
    const auto it = queues_.find(lock.key);
    if (it == queues_.end()) return;
    it->second.cancel(id_of(session), &grants);
    it->second.release_one(id_of(session), lock.mode, &grants);
    settle(session, lock.key);
  }
  tell(grants, {});
}

void AdvisoryLocks::refuse(int32_t session, const std::string& encoded_error) {
  std::vector<LockGrant> refused, grants;
  {
    const std::lock_guard guard(mutex_);
    for (auto at = by_session_.lower_bound({session, AdvisoryKey{INT64_MIN, false, 0}});
         at != by_session_.end() && at->first == session; ++at) {
      Queue& queue = queues_.at(at->second);
      for (const auto& waiter : queue.waiters()) {
        if (waiter.txn == id_of(session)) refused.push_back({waiter.txn, waiter.ticket});
      }
      if (!refused.empty()) {
        queue.cancel(id_of(session), &grants);
        settle(session, at->second);
        break;  // a session waits for one at a time
      }
    }
  }
  tell(refused, encoded_error);
  tell(grants, {});
}

void AdvisoryLocks::release_session(int32_t session) {
  std::vector<LockGrant> grants;
  {
    const std::lock_guard guard(mutex_);
    auto at = by_session_.lower_bound({session, AdvisoryKey{INT64_MIN, false, 0}});
    while (at != by_session_.end() && at->first == session) {
      const auto queue = queues_.find(at->second);
      queue->second.release(id_of(session), &grants);
      if (queue->second.empty()) queues_.erase(queue);
      at = by_session_.erase(at);
    }
  }
  tell(grants, {});
}

std::vector<std::pair<int32_t, int32_t>> AdvisoryLocks::waits() const {
  std::vector<WaitEdge> edges;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [key, queue] : queues_) queue.add_waits(&edges);
  }
  std::vector<std::pair<int32_t, int32_t>> sessions;
  for (const WaitEdge& edge : edges) {
    sessions.emplace_back(static_cast<int32_t>(edge.waiter), static_cast<int32_t>(edge.blocker));
  }
  return sessions;
}

std::vector<AdvisoryLocks::Row> AdvisoryLocks::rows() const {
  std::vector<Row> rows;
  const std::lock_guard guard(mutex_);
  for (const auto& [key, queue] : queues_) {
    for (const auto& holder : queue.holders()) {
      rows.push_back({{key, holder.mode}, static_cast<int32_t>(holder.txn), true});
    }
    for (const auto& waiter : queue.waiters()) {
      rows.push_back({{key, waiter.mode}, static_cast<int32_t>(waiter.txn), false});
    }
  }
  return rows;
}

size_t AdvisoryLocks::size() const {
  const std::lock_guard guard(mutex_);
  return queues_.size();
}

void AdvisoryLocks::settle(int32_t session, const AdvisoryKey& key) {
  const auto it = queues_.find(key);
  const auto mine = [&](const auto& entry) { return entry.txn == id_of(session); };
  const Queue& queue = it->second;
  if (std::none_of(queue.holders().begin(), queue.holders().end(), mine) &&
      std::none_of(queue.waiters().begin(), queue.waiters().end(), mine)) {
    by_session_.erase({session, key});
  }
  if (queue.empty()) queues_.erase(it);
}

void AdvisoryLocks::tell(const std::vector<LockGrant>& grants, const std::string& encoded_error) const {
  for (const LockGrant& grant : grants) {
    const SessionRecordPtr session = sessions_.find(static_cast<int32_t>(grant.txn));
    if (session != nullptr) session->tell.granted(grant.ticket, encoded_error);
  }
}

}  // namespace troupe
