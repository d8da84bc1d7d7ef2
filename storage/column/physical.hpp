#pragma once
/// How a value lies in memory, whatever SQL type it has.
#include <cstdint>
#include <cstring>

namespace troupe {

enum class Physical : uint8_t { kBool, kInt16, kInt32, kInt64, kFloat32, kFloat64, kFixed16, kVarlen };

/// 16 bytes in order: uuid; Interval and TimeTz are stored in it bitwise.
struct Fixed16 {
  uint8_t bytes[16];
  bool operator==(const Fixed16& other) const { return std::memcmp(bytes, other.bytes, 16) == 0; }
};

/// An interval as PostgreSQL keeps it; stored bitwise in a Fixed16.
struct Interval {
  int64_t us = 0;
  int32_t days = 0;
  int32_t months = 0;
};
static_assert(sizeof(Interval) == 16);

/// time with time zone: microseconds since midnight and seconds west of UTC; stored bitwise in a Fixed16.
struct TimeTz {
  int64_t us = 0;
  int32_t zone = 0;
  int32_t unused = 0;
};
static_assert(sizeof(TimeTz) == 16);

/// Bytes of one value in a vector; kVarlen is a StringRef there.
constexpr uint32_t width(Physical kind) {
  constexpr uint8_t kWidths[] = {1, 2, 4, 8, 4, 8, 16, 16};
  return kWidths[static_cast<uint8_t>(kind)];
}

}  // namespace troupe
