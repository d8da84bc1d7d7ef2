#include "actors/session/session_advisory_locks.hpp"

#include <algorithm>

namespace troupe {

absl::StatusOr<bool> SessionAdvisoryLocks::try_lock(const AdvisoryLock& lock, AdvisoryScope scope) {
  if (!counts_.contains(lock)) {
    TROUPE_ASSIGN_OR_RETURN(const bool granted, services_.advisory_locks.acquire(session_, lock, std::nullopt));
    if (!granted) return false;
  }
  note(lock, scope);
  return true;
}

absl::Status SessionAdvisoryLocks::want(const AdvisoryLock& lock, AdvisoryScope scope) {
  if (wanted_.empty()) {
    TROUPE_ASSIGN_OR_RETURN(const bool granted, try_lock(lock, scope));
    if (granted) return absl::OkStatus();
  }
  wanted_.push_back({lock, scope});
  return absl::OkStatus();
}

Task<absl::Status> SessionAdvisoryLocks::take_wanted(uint32_t timeout_ms) {
  while (!wanted_.empty()) {
    const Wish wish = wanted_.front();
    wanted_.pop_front();
    if (!counts_.contains(wish.lock)) {
      auto waiting = wait_for(wish.lock, timeout_ms);
      const absl::Status status = co_await waiting;
      if (!status.ok()) co_return status;
    }
    note(wish.lock, wish.scope);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SessionAdvisoryLocks::wait_for(AdvisoryLock lock, uint32_t timeout_ms) {
  constexpr int64_t kUsPerMs = 1'000;
  wait_.lock = lock;
  wait_.request = ++next_request_ | kAdvisoryRequest;
  wait_.status = absl::OkStatus();
  const auto granted = services_.advisory_locks.acquire(session_, lock, wait_.request);
  if (!granted.ok()) co_return granted.status();
  wait_.done = *granted;
  if (!wait_.done) host_.send_waits();
  const int64_t deadline_us = services_.clock.monotonic_us() + timeout_ms * kUsPerMs;
  if (!wait_.done && timeout_ms > 0) host_.send_tick_after(timeout_ms * kUsPerMs);
  while (!wait_.done) {
    co_await wait_.signal;
    if (!wait_.done && timeout_ms > 0 && services_.clock.monotonic_us() >= deadline_us) {
      cancel(error(ErrorCode::kLockNotAvailable, "canceling statement due to lock timeout"));
    }
  }
  co_return wait_.status;
}

bool SessionAdvisoryLocks::unlock(const AdvisoryLock& lock) {
  const auto at = counts_.find(lock);
  if (at == counts_.end() || at->second.session == 0) return false;
  --at->second.session;
  release_if_unused(at);
  return true;
}

void SessionAdvisoryLocks::unlock_all() {
  for (auto at = counts_.begin(); at != counts_.end();) {
    at->second.session = 0;
    release_if_unused(at++);
  }
}

bool SessionAdvisoryLocks::has_keys() const {
  return std::any_of(of_transaction_.begin(), of_transaction_.end(),
                     [](const AdvisoryLock& lock) { return lock.key.constraint != 0; });
}

void SessionAdvisoryLocks::rollback_to(size_t mark) {
  while (of_transaction_.size() > mark) {
    const auto at = counts_.find(of_transaction_.back());
    of_transaction_.pop_back();
    --at->second.transaction;
    release_if_unused(at);
  }
}

void SessionAdvisoryLocks::on_granted(uint64_t request, const std::string& encoded_error) {
  if (wait_.done || request != wait_.request) return;
  wait_.status = decode_error(encoded_error);
  wait_.done = true;
  wait_.signal.raise();
}

void SessionAdvisoryLocks::cancel(const absl::Status& status) {
  if (wait_.done) return;
  services_.advisory_locks.cancel_wait(session_, wait_.lock);
  wait_.status = status;
  wait_.done = true;
  wait_.signal.raise();
}

void SessionAdvisoryLocks::on_tick() {
  if (!wait_.done) wait_.signal.raise();
}

void SessionAdvisoryLocks::note(const AdvisoryLock& lock, AdvisoryScope scope) {
  Count& count = counts_[lock];
  if (scope == AdvisoryScope::kSession) {
    ++count.session;
  } else {
    ++count.transaction;
    of_transaction_.push_back(lock);
  }
}

void SessionAdvisoryLocks::release_if_unused(std::map<AdvisoryLock, Count>::iterator at) {
  if (at->second.session != 0 || at->second.transaction != 0) return;
  const AdvisoryLock lock = at->first;
  counts_.erase(at);
  services_.advisory_locks.release(session_, lock);
}

}  // namespace troupe
