#pragma once
/// How much memory one statement may hold in hash tables, sorts and materialised rows.
#include <atomic>
#include <cstdint>

#include "storage/base/error.hpp"

namespace troupe {

/// Limit: limits.sort_bytes_max.
class MemoryBudget {
 public:
  static constexpr uint64_t kDefaultLimit = 1ull << 30;
  /// `shown`: where others see what the session's statements hold together; only this session's cell writes to it.
  explicit MemoryBudget(uint64_t limit_bytes = kDefaultLimit, std::atomic<uint64_t>* shown = nullptr)
      : limit_{limit_bytes}, shown_{shown} {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  ~MemoryBudget() { shrink(used_); }

  /// Errors: 53200 beyond the limit; the bytes count all the same, the statement is about to end.
  absl::Status grow(uint64_t bytes) {
    used_ += bytes;
    show(bytes);
    if (used_ <= limit_) [[likely]] return absl::OkStatus();
    return exceeded();
  }
  void shrink(uint64_t bytes) {
    const uint64_t given_back = bytes < used_ ? bytes : used_;
    used_ -= given_back;
    show(0 - given_back);
  }
  uint64_t used() const { return used_; }

 private:
  absl::Status exceeded() const;
  void show(uint64_t change) {
    if (shown_ == nullptr || change == 0) return;
    shown_->store(shown_->load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  uint64_t limit_;
  uint64_t used_ = 0;
  std::atomic<uint64_t>* shown_;
};

/// What one operator holds: gives it back when it goes.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget* budget) : budget_{budget} {}
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  ~MemoryShare() { release(); }
  /// The operator now holds `bytes` in all.
  absl::Status hold(uint64_t bytes) {
    if (budget_ == nullptr || bytes <= held_) return absl::OkStatus();
    const uint64_t more = bytes - held_;
    held_ = bytes;
    return budget_->grow(more);
  }
  void release() {
    if (budget_ != nullptr) budget_->shrink(held_);
    held_ = 0;
  }

 private:
  MemoryBudget* budget_;
  uint64_t held_ = 0;
};

}  // namespace troupe
