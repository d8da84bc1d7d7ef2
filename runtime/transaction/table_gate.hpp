#pragma once
/// Weak table locks without a message, like PostgreSQL's fast-path locking. ACCESS SHARE, ROW SHARE and ROW EXCLUSIVE
/// do not conflict with each other, so a transaction only counts itself in at the table's gate. A strong lock closes
/// the gate first: from then on weak requests go to the lock shard's queue, and the strong one waits for the counts
/// that conflict with it to drain.
/// Everything is in one atomic word, so a count and the closed bit are always read together: a weak request either
/// came before the closing (then the strong one sees its count) or finds the gate closed (then it takes itself out).
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "storage/base/check.hpp"
#include "storage/base/ids.hpp"
#include "storage/lock/table_lock_mode.hpp"

namespace troupe {

class TableGate {
 public:
  /// A weak lock, released when destroyed.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept : gate_{std::move(other.gate_)}, mode_{other.mode_} {}
    Hold& operator=(Hold&& other) noexcept {
      if (this != &other) {
        release();
        gate_ = std::move(other.gate_);
        mode_ = other.mode_;
      }
      return *this;
    }
    ~Hold() { release(); }
    /// True when somebody waits for the gate to drain, who has to be told.
    bool release() {
      if (gate_ == nullptr) return false;
      return std::exchange(gate_, nullptr)->leave(mode_);
    }
    const TableGate* gate() const { return gate_.get(); }
    TableLockMode mode() const { return mode_; }

   private:
    friend class TableGate;
    Hold(std::shared_ptr<TableGate> gate, TableLockMode mode) : gate_{std::move(gate)}, mode_{mode} {}
    std::shared_ptr<TableGate> gate_;
    TableLockMode mode_ = TableLockMode::kAccessShare;
  };

  /// An empty hold when the gate is closed: ask the lock shard then.
  static Hold try_enter(const std::shared_ptr<TableGate>& gate, TableLockMode mode);

  /// Counts itself in though the gate is closed: the lock shard said that it may.
  static Hold enter_closed(const std::shared_ptr<TableGate>& gate, TableLockMode mode) {
    TROUPE_CHECK(is_weak(mode));
    gate->word_.fetch_add(one(mode), std::memory_order_acq_rel);
    return {gate, mode};
  }

  /// For the lock shard: no weak lock enters from here on.
  void close() { word_.fetch_or(kClosed, std::memory_order_acq_rel); }
  void open() { word_.fetch_and(~kClosed, std::memory_order_acq_rel); }
  bool closed() const { return (word_.load(std::memory_order_acquire) & kClosed) != 0; }
  /// Weak locks held that conflict with `strong`.
  uint64_t conflicting(TableLockMode strong) const;

 private:
  static constexpr int kCountBits = 20;
  static constexpr uint64_t kClosed = uint64_t{1} << 63;
  static constexpr uint64_t one(TableLockMode mode) {
    return uint64_t{1} << (kCountBits * (static_cast<int>(mode) - 1));
  }
  bool leave(TableLockMode mode) {
    return (word_.fetch_sub(one(mode), std::memory_order_acq_rel) & kClosed) != 0;
  }

  alignas(64) std::atomic<uint64_t> word_{0};
};

/// What a session asks of lock shard 0: a strong lock, or a weak one that found the gate closed.
struct TableLockRequest {
  uint64_t request = 0;
  TxnId txn = kNoTxn;
  std::shared_ptr<TableGate> gate;
  Oid table = 0;
  TableLockMode mode = TableLockMode::kAccessShare;
  bool no_wait = false;
  /// Weak locks of the transaction itself that are counted at the gate and conflict with `mode`: not waited for.
  uint8_t own = 0;
  /// For a weak lock: the strongest weak one that it has there already. Who waits for that to go waits anyway, so he is
  /// not waited for.
  std::optional<TableLockMode> held{};
  uint32_t timeout_ms = 0;  ///< 0: none
};

/// Which weak locks a session holds, for whoever looks for deadlocks: the gates count holders without names.
/// Owner: the session writes; any thread reads. A reader may see a lock that has just gone, or miss one that has just
/// come; who waits changes nothing, so between two looks at a deadlock all its locks are seen.
class WeakLockList {
 public:
  void add(const TableGate* gate, TableLockMode mode) {
    const uint32_t at = count_.load(std::memory_order_relaxed);
    if (at < kSlots) slots_[at].store(reinterpret_cast<uintptr_t>(gate) | static_cast<uintptr_t>(mode), std::memory_order_relaxed);
    count_.store(at + 1, std::memory_order_release);
  }
  void clear() { count_.store(0, std::memory_order_release); }
  /// A lock that conflicts with `strong`. Locks beyond the slots are not seen: their deadlocks end by lock_timeout.
  bool conflicts(const TableGate* gate, TableLockMode strong) const {
    const uint32_t count = count_.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < count && i < kSlots; ++i) {
      const uintptr_t slot = slots_[i].load(std::memory_order_relaxed);
      const auto mode = static_cast<TableLockMode>(slot & kModeMask);
      if ((slot & ~kModeMask) == reinterpret_cast<uintptr_t>(gate) && table_locks_conflict(strong, mode)) return true;
    }
    return false;
  }

 private:
  static constexpr uint32_t kSlots = 64;
  static constexpr uintptr_t kModeMask = 63;  // gates are 64-byte aligned
  std::atomic<uint32_t> count_{0};
  std::array<std::atomic<uintptr_t>, kSlots> slots_{};
};

}  // namespace troupe
