#pragma once
/// How much memory one statement may hold in hash tables, sorts and materialised rows.
#include <cstdint>

#include "storage/base/error.hpp"

namespace troupe {

/// Limit: limits.sort_bytes_max.
class MemoryBudget {
 public:
  static constexpr uint64_t kDefaultLimit = 1ull << 30;
  explicit MemoryBudget(uint64_t limit_bytes = kDefaultLimit) : limit_{limit_bytes} {}

  /// Errors: 53200 beyond the limit; the bytes count all the same, the statement is about to end.
  absl::Status grow(uint64_t bytes) {
    used_ += bytes;
    if (used_ <= limit_) [[likely]] return absl::OkStatus();
    return exceeded();
  }
  void shrink(uint64_t bytes) { used_ -= bytes < used_ ? bytes : used_; }
  uint64_t used() const { return used_; }

 private:
  absl::Status exceeded() const;
  uint64_t limit_;
  uint64_t used_ = 0;
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
