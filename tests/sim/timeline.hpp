#pragma once
/// Virtual time, and what is to happen when. Events of the same moment happen in the order they were asked for.
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "storage/base/clock.hpp"

namespace troupe::sim {

class Timeline final : public Clock {
 public:
  // 2026-01-01; a fixed date, so that timestamps are the same in every run.
  static constexpr int64_t kWallStartUs = 1'767'225'600'000'000;

  int64_t wall_us() const override { return kWallStartUs + now_us_; }
  int64_t monotonic_us() const override { return now_us_; }
  int64_t now_us() const { return now_us_; }

  void after(int64_t delay_us, std::function<void()> event) {
    events_.emplace(std::pair{now_us_ + delay_us, next_++}, std::move(event));
  }
  /// INT64_MAX: nothing is to happen.
  int64_t next_us() const { return events_.empty() ? INT64_MAX : events_.begin()->first.first; }
  void advance_to(int64_t us) {
    if (us > now_us_) now_us_ = us;
  }
  /// Runs the next event if it is due; false when none is.
  bool run_due() {
    if (next_us() > now_us_) return false;
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
    return true;
  }
  void clear() { events_.clear(); }

 private:
  int64_t now_us_ = 1'000'000;
  uint64_t next_ = 0;
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> events_;
};

}  // namespace troupe::sim
