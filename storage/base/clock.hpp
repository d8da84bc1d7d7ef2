#pragma once
/// Time is passed in: the node's clock is the system's, the simulator's is virtual.
#include <cstdint>

namespace troupe {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01 UTC; may jump.
  virtual int64_t wall_us() const = 0;
  /// Microseconds since an arbitrary start; never goes back.
  virtual int64_t monotonic_us() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t wall_us() const override;
  int64_t monotonic_us() const override;
};

}  // namespace troupe
