#pragma once
/// How long a supervisor waits before it starts a failed child again: not at all, unless the child fails again before it
/// has settled; then a little, and twice as long each time. One has settled when it lived a hundred times as long as it
/// was waited for, so waiting costs little of anybody's time, while one that fails at once cannot keep a core busy.
/// Pure; times are passed in. Owner: a supervisor, one for each child.
#include <algorithm>
#include <cstdint>

namespace troupe {

class RestartBackoff {
 public:
  /// Before the next restart of a child that lived for so long.
  int64_t next_ms(int64_t lived_ms, int64_t first_ms, int64_t most_ms) {
    const bool settled = lived_ms >= kSettled * std::max(delay_ms_, first_ms);
    delay_ms_ = settled ? 0 : std::clamp(delay_ms_ * 2, first_ms, most_ms);
    return delay_ms_;
  }

 private:
  static constexpr int64_t kSettled = 100;

  int64_t delay_ms_ = 0;  ///< before the newest restart
};

}  // namespace troupe
