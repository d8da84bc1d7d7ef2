#pragma once
/// Which snapshots are in use. A session owns a slot and stores its snapshot there while it needs it, as a hazard
/// pointer: it stores the durable SCN it read, then makes sure that the floor has not passed it meanwhile. A garbage
/// collector raises the floor to the newest SCN, then looks for the smallest slot; both sides use sequentially
/// consistent accesses, so either the collector sees the slot or the session sees the raised floor and takes a newer
/// snapshot. Every partition has a collector.
/// Source: Michael, "Hazard Pointers" (2004), applied to version numbers.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/transaction/commit_clock.hpp"

namespace troupe {

class SnapshotRegistry {
 public:
  explicit SnapshotRegistry(const CommitClock& clock, uint32_t slots_max);

  /// One reader's place; give it back by destroying it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot();

    /// Takes the newest durable SCN as the snapshot and keeps it from being collected.
    Scn acquire();
    void release();
    Scn held() const;
    explicit operator bool() const { return registry_ != nullptr; }

   private:
    friend class SnapshotRegistry;
    Slot(SnapshotRegistry* registry, uint32_t index) : registry_{registry}, index_{index} {}
    SnapshotRegistry* registry_ = nullptr;
    uint32_t index_ = 0;
  };

  /// An invalid slot when all are taken.
  Slot take_slot();

  /// No snapshot below it is in use or will be. Any number of garbage collectors may ask at once.
  Scn oldest() { return oldest(clock_.durable()); }
  /// For one that has read the durable SCN a while ago: by now others may have come further.
  Scn oldest(Scn durable);

 private:
  static constexpr Scn kFree = kMaxScn;
  void give_back(uint32_t index);

  const CommitClock& clock_;
  std::vector<std::atomic<Scn>> slots_;
  std::atomic<Scn> floor_{kFirstScn};
  std::mutex mutex_;  ///< of free_ only: when a session begins and ends
  std::vector<uint32_t> free_;
  std::atomic<uint32_t> used_max_{0};
};

}  // namespace troupe
