#pragma once
/// Who holds and who waits for one thing, for any set of modes. Fair: a request waits behind earlier waiters that it
/// conflicts with; a holder that wants more goes before those who hold nothing.
/// Invariant: the holders are compatible with each other, but for a holder with itself.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "storage/base/ids.hpp"

namespace troupe {

/// A request that was let in: `ticket` is what its asker gave.
struct LockGrant {
  TxnId txn = kNoTxn;
  uint64_t ticket = 0;
  bool operator==(const LockGrant&) const = default;
};
struct WaitEdge {
  TxnId waiter = kNoTxn;
  TxnId blocker = kNoTxn;
  bool operator==(const WaitEdge&) const = default;
};

enum class LockAttempt : uint8_t {
  kBlocked,
  kHeld,  ///< its asker had a lock that is as strong
  kGranted,
};

/// `conflict(a, b)`: whether two modes exclude each other. A holder that asks for more holds several locks; each knows
/// the command that asked for it.
template <typename Mode, bool (*conflict)(Mode, Mode)>
class LockQueue {
 public:
  struct Holder {
    TxnId txn;
    CommandId command;
    Mode mode;
  };
  struct Waiter {
    TxnId txn;
    CommandId command;
    Mode mode;
    uint64_t ticket;
  };

  /// Takes the lock now if it can be had; does not queue.
  LockAttempt try_acquire(TxnId txn, Mode mode, CommandId command = 0) {
    if (holds(txn, mode)) return LockAttempt::kHeld;
    if (blocked_by_holders(txn, mode)) return LockAttempt::kBlocked;
    // Somebody who holds it already does not wait behind those who wait for him.
    if (!is_holder(txn) && blocked_by_waiters(txn, mode, waiters_.size())) return LockAttempt::kBlocked;
    holders_.push_back({txn, command, mode});
    return LockAttempt::kGranted;
  }
  /// A lock that `txn` was granted elsewhere.
  void adopt(TxnId txn, Mode mode, CommandId command) { holders_.push_back({txn, command, mode}); }
  void enqueue(TxnId txn, Mode mode, uint64_t ticket, CommandId command = 0) {
    const Waiter waiter{txn, command, mode, ticket};
    if (!is_holder(txn)) {
      waiters_.push_back(waiter);
      return;
    }
    const auto first_stranger =
        std::find_if(waiters_.begin(), waiters_.end(), [this](const Waiter& w) { return !is_holder(w.txn); });
    waiters_.insert(first_stranger, waiter);
  }

  /// Forgets everything of `txn`; who is let in by that is appended to `grants`.
  void release(TxnId txn, std::vector<LockGrant>* grants) {
    holders_.erase(std::remove_if(holders_.begin(), holders_.end(), [&](const Holder& h) { return h.txn == txn; }),
                   holders_.end());
    cancel(txn, grants);
  }
  /// Forgets the newest lock of `txn` in this mode.
  void release_one(TxnId txn, Mode mode, std::vector<LockGrant>* grants) {
    for (size_t i = holders_.size(); i-- > 0;) {
      if (holders_[i].txn != txn || holders_[i].mode != mode) continue;
      holders_.erase(holders_.begin() + static_cast<ptrdiff_t>(i));
      break;
    }
    grant_waiters(grants);
  }
  /// Forgets a lock that `command` of `txn` was granted.
  void release_granted(TxnId txn, CommandId command, std::vector<LockGrant>* grants) {
    const auto at = std::find_if(holders_.begin(), holders_.end(),
                                 [&](const Holder& h) { return h.txn == txn && h.command == command; });
    if (at != holders_.end()) holders_.erase(at);
    grant_waiters(grants);
  }
  /// Ends the waiting of `txn`.
  void cancel(TxnId txn, std::vector<LockGrant>* grants) {
    std::erase_if(waiters_, [&](const Waiter& w) { return w.txn == txn; });
    grant_waiters(grants);
  }
  void grant_waiters(std::vector<LockGrant>* grants) {
    for (size_t i = 0; i < waiters_.size();) {
      const Waiter waiter = waiters_[i];
      if (blocked_by_holders(waiter.txn, waiter.mode) ||
          (!is_holder(waiter.txn) && blocked_by_waiters(waiter.txn, waiter.mode, i))) {
        ++i;
        continue;
      }
      waiters_.erase(waiters_.begin() + static_cast<ptrdiff_t>(i));
      holders_.push_back({waiter.txn, waiter.command, waiter.mode});
      grants->push_back({waiter.txn, waiter.ticket});
    }
  }

  void add_waits(std::vector<WaitEdge>* edges) const {
    for (size_t i = 0; i < waiters_.size(); ++i) {
      const Waiter& waiter = waiters_[i];
      for (const Holder& holder : holders_) {
        if (holder.txn != waiter.txn && conflict(holder.mode, waiter.mode)) edges->push_back({waiter.txn, holder.txn});
      }
      for (size_t k = 0; k < i && !is_holder(waiter.txn); ++k) {
        if (waiters_[k].txn != waiter.txn && conflict(waiters_[k].mode, waiter.mode)) {
          edges->push_back({waiter.txn, waiters_[k].txn});
        }
      }
    }
  }

  bool empty() const { return holders_.empty() && waiters_.empty(); }
  const auto& holders() const { return holders_; }
  const auto& waiters() const { return waiters_; }
  bool is_holder(TxnId txn) const {
    return std::any_of(holders_.begin(), holders_.end(), [&](const Holder& h) { return h.txn == txn; });
  }

 private:
  bool holds(TxnId txn, Mode mode) const {
    return std::any_of(holders_.begin(), holders_.end(),
                       [&](const Holder& h) { return h.txn == txn && h.mode >= mode; });
  }
  bool blocked_by_holders(TxnId txn, Mode mode) const {
    return std::any_of(holders_.begin(), holders_.end(),
                       [&](const Holder& h) { return h.txn != txn && conflict(h.mode, mode); });
  }
  bool blocked_by_waiters(TxnId txn, Mode mode, size_t before) const {
    return std::any_of(waiters_.begin(), waiters_.begin() + static_cast<ptrdiff_t>(before),
                       [&](const Waiter& w) { return w.txn != txn && conflict(w.mode, mode); });
  }

  absl::InlinedVector<Holder, 1> holders_;
  std::vector<Waiter> waiters_;  ///< nearly always empty
};

}  // namespace troupe
