#pragma once
/// The marks inside encoded keys, shared by key_encode.cpp and key_decode.cpp only.
#include <cstdint>

namespace troupe::key_format {

inline constexpr uint8_t kNullFirst = 0, kNotNull = 1, kNullLast = 2;
/// Bytes: 00 inside becomes 00 FF, the end is 00 01.
inline constexpr char kEscapedZero = '\xFF', kTerminator = '\x01';
inline constexpr uint8_t kNumericMinusInfinity = 1, kNumericNegative = 2, kNumericZero = 3, kNumericPositive = 4,
                         kNumericInfinity = 5, kNumericNan = 6;
inline constexpr uint8_t kArrayEnd = 0, kArrayElement = 1, kArrayNull = 2;
/// A record's last fields are left out when they are null: its end is what nulls without end would be.
inline constexpr uint8_t kRecordEnd = 3;
inline constexpr uint8_t kRangeEmpty = 0, kRangeFull = 1, kBoundMinusInfinity = 0, kBoundValue = 1, kBoundInfinity = 2;
/// Behind a bound's value: an exclusive upper bound is before it, an exclusive lower bound after it.
inline constexpr uint8_t kBoundBefore = 0, kBoundAt = 1, kBoundAfter = 2;

}  // namespace troupe::key_format
