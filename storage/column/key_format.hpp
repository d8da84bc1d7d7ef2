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

}  // namespace troupe::key_format
