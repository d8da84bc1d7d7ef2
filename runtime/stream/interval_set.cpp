#include "runtime/stream/interval_set.hpp"

#include <algorithm>

namespace troupe {

void IntervalSet::set(uint64_t owner, int64_t low, int64_t high) {
  of_.insert_or_assign(owner, std::pair{low, high});
  stale_ = true;
}

void IntervalSet::remove(uint64_t owner) {
  if (of_.erase(owner) > 0) stale_ = true;
}

void IntervalSet::build() {
  sorted_.clear();
  for (const auto& [owner, ends] : of_) sorted_.push_back({ends.first, ends.second, owner, 0});
  std::sort(sorted_.begin(), sorted_.end(), [](const Interval& a, const Interval& b) { return a.low < b.low; });
  build(0, sorted_.size());
  stale_ = false;
}

int64_t IntervalSet::build(size_t first, size_t end) {
  if (first >= end) return INT64_MIN;
  const size_t middle = first + (end - first) / 2;
  Interval& interval = sorted_[middle];
  interval.highest = std::max({interval.high, build(first, middle), build(middle + 1, end)});
  return interval.highest;
}

}  // namespace troupe
