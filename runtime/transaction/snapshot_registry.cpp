#include "runtime/transaction/snapshot_registry.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

SnapshotRegistry::SnapshotRegistry(const CommitClock& clock, uint32_t slots_max) : clock_{clock}, slots_(slots_max) {
  for (auto& slot : slots_) slot.store(kFree, std::memory_order_relaxed);
  free_.reserve(slots_max);
  for (uint32_t i = slots_max; i-- > 0;) free_.push_back(i);
}

SnapshotRegistry::Slot SnapshotRegistry::take_slot() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return {};
  const uint32_t index = free_.back();
  free_.pop_back();
  if (index >= used_max_.load(std::memory_order_relaxed)) used_max_.store(index + 1, std::memory_order_seq_cst);
  return {this, index};
}

void SnapshotRegistry::give_back(uint32_t index) {
  slots_[index].store(kFree, std::memory_order_seq_cst);
  const std::lock_guard lock(mutex_);
  free_.push_back(index);
}

Scn SnapshotRegistry::oldest(Scn durable) {
  // The floor is raised first to what a new snapshot would be, then lowered to what is in use: a session that stored
  // its snapshot before it saw the raised floor is in a slot by then. It never sinks, or a collector that was held up
  // would let in a snapshot that another one has collected past.
  Scn floor = floor_.load(std::memory_order_seq_cst);
  while (floor < durable && !floor_.compare_exchange_weak(floor, durable, std::memory_order_seq_cst)) {
  }
  Scn oldest = durable;
  const uint32_t used = used_max_.load(std::memory_order_seq_cst);
  for (uint32_t i = 0; i < used; ++i) oldest = std::min(oldest, slots_[i].load(std::memory_order_seq_cst));
  return oldest;
}

SnapshotRegistry::Slot::Slot(Slot&& other) noexcept
    : registry_{std::exchange(other.registry_, nullptr)}, index_{other.index_} {}

SnapshotRegistry::Slot& SnapshotRegistry::Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    if (registry_ != nullptr) registry_->give_back(index_);
    registry_ = std::exchange(other.registry_, nullptr);
    index_ = other.index_;
  }
  return *this;
}

SnapshotRegistry::Slot::~Slot() {
  if (registry_ != nullptr) registry_->give_back(index_);
}

Scn SnapshotRegistry::Slot::acquire() {
  auto& slot = registry_->slots_[index_];
  while (true) {
    const Scn snapshot = registry_->clock_.durable();
    slot.store(snapshot, std::memory_order_seq_cst);
    if (registry_->floor_.load(std::memory_order_seq_cst) <= snapshot) return snapshot;
  }
}

void SnapshotRegistry::Slot::release() { registry_->slots_[index_].store(kFree, std::memory_order_release); }

Scn SnapshotRegistry::Slot::held() const {
  const Scn scn = registry_->slots_[index_].load(std::memory_order_relaxed);
  return scn == kFree ? kNoScn : scn;
}

}  // namespace troupe
