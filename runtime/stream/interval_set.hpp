#pragma once
/// Closed intervals of integers and whose they are; finds those that hold a value. An interval tree over the intervals
/// sorted by their lower ends (Cormen et al., Introduction to Algorithms, 14.3), made anew after a change, when it is
/// asked next.
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace troupe {

class IntervalSet {
 public:
  void set(uint64_t owner, int64_t low, int64_t high);
  void remove(uint64_t owner);
  bool empty() const { return of_.empty(); }
  /// Calls found(owner) for each one whose interval has the value.
  template <typename Found>
  void find(int64_t value, Found&& found) {
    if (stale_) build();
    visit(0, sorted_.size(), value, found);
  }
  /// Calls found(owner) for all.
  template <typename Found>
  void each(Found&& found) const {
    for (const auto& [owner, ends] : of_) found(owner);
  }

 private:
  struct Interval {
    int64_t low = 0, high = 0;
    uint64_t owner = 0;
    int64_t highest = 0;  ///< of the part of the tree that this is the middle of
  };
  void build();
  int64_t build(size_t first, size_t end);
  template <typename Found>
  void visit(size_t first, size_t end, int64_t value, Found& found) {
    if (first >= end) return;
    const size_t middle = first + (end - first) / 2;
    const Interval& interval = sorted_[middle];
    if (interval.highest < value) return;
    visit(first, middle, value, found);
    if (interval.low > value) return;
    if (interval.high >= value) found(interval.owner);
    visit(middle + 1, end, value, found);
  }

  std::unordered_map<uint64_t, std::pair<int64_t, int64_t>> of_;
  std::vector<Interval> sorted_;
  bool stale_ = false;
};

}  // namespace troupe
