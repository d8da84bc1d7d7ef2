#pragma once
/// The node's SCNs: assigned by the transaction manager in log order, published when the log is durable up to them.
/// Owner of assign(): the transaction manager; of publish(): the log writer; durable() is read by everyone.
#include <atomic>

#include "storage/base/check.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

class CommitClock {
 public:
  /// `last`: the newest SCN that recovery found.
  explicit CommitClock(Scn last = kFirstScn) : assigned_{last}, durable_{last} {}

  Scn assign() { return assigned_.fetch_add(1, std::memory_order_acq_rel) + 1; }
  Scn assigned() const { return assigned_.load(std::memory_order_acquire); }

  /// What a new snapshot is.
  Scn durable() const { return durable_.load(std::memory_order_seq_cst); }
  void publish(Scn scn) {
    TROUPE_CHECK(scn >= durable_.load(std::memory_order_relaxed));
    durable_.store(scn, std::memory_order_seq_cst);
  }

 private:
  std::atomic<Scn> assigned_;
  alignas(64) std::atomic<Scn> durable_;
};

/// Transaction ids, unique across restarts: the boot number in the high bits.
class TxnIdAllocator {
 public:
  explicit TxnIdAllocator(uint64_t boot) : next_{(boot << kCounterBits) | 1} {}
  TxnId next() { return next_.fetch_add(1, std::memory_order_relaxed); }

 private:
  static constexpr int kCounterBits = 40;
  alignas(64) std::atomic<TxnId> next_;
};

}  // namespace troupe
