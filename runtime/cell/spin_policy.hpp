#pragma once
/// How long a cell that has run out of work looks for more before it sleeps. Waking a sleeping thread costs as much as
/// a point read, so looking on pays when the next request comes soon and nobody else wants the core. The same idea as
/// the kernel's halt polling (Documentation/virt/kvm/halt-polling.rst): grows when a sleep turns out to have been
/// short, shrinks when looking was for nothing, and keeps away for a while once somebody else ran meanwhile. Pure;
/// times are passed in. Owner: one cell.
#include <algorithm>
#include <cstdint>

namespace troupe {

class SpinPolicy {
 public:
  /// `most_ns` 0: never.
  explicit SpinPolicy(uint64_t most_ns) : most_ns_{most_ns} {}

  /// How long to look now.
  uint64_t budget_ns(uint64_t now_ns) const { return now_ns < quiet_until_ns_ ? 0 : budget_ns_; }

  void found_work() { quiet_ns_ = kQuietLeastNs; }
  void found_nothing() { budget_ns_ = budget_ns_ / 2 < kBudgetLeastNs ? 0 : budget_ns_ / 2; }
  /// Another thread wanted the core.
  void disturbed(uint64_t now_ns) {
    quiet_until_ns_ = now_ns + quiet_ns_;
    quiet_ns_ = std::min(quiet_ns_ * 2, kQuietMostNs);
  }
  /// The cell slept for so long.
  void slept(uint64_t ns) {
    if (ns > most_ns_ || ns < kSleepLeastNs) return;
    budget_ns_ = std::min(most_ns_, std::max(budget_ns_ * 2, kBudgetLeastNs));
  }

 private:
  /// Less than that was no sleep: something was there already.
  static constexpr uint64_t kSleepLeastNs = 2'000;
  static constexpr uint64_t kBudgetLeastNs = 10'000;
  static constexpr uint64_t kQuietLeastNs = 1'000'000;
  static constexpr uint64_t kQuietMostNs = 64'000'000;

  uint64_t most_ns_;
  uint64_t budget_ns_ = 0;
  uint64_t quiet_ns_ = kQuietLeastNs;
  uint64_t quiet_until_ns_ = 0;
};

}  // namespace troupe
