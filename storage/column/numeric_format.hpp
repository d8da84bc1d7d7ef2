#pragma once
/// The bytes of a numeric value. Two forms:
///   small: 0 · u8 scale (<= 18) · i64 value * 10^scale        10 bytes, so it lies inline in a StringRef
///   large: 1 · u8 negative · u16 scale · i16 weight · u16 digits, base 10000, most significant first
///   2 = NaN, 3 = Infinity, 4 = -Infinity (one byte)
/// What fits the small form is in the small form; large digits have no zero at either end.
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace troupe {

enum class NumericForm : uint8_t { kSmall = 0, kLarge = 1, kNan = 2, kInfinity = 3, kMinusInfinity = 4 };
inline constexpr uint32_t kNumericSmallBytes = 10;
inline constexpr int kNumericSmallScaleMax = 18;

inline NumericForm numeric_form(std::string_view packed) { return static_cast<NumericForm>(packed[0]); }
bool numeric_is_valid(std::string_view packed);

struct SmallNumeric {
  int64_t value;
  int scale;
};
/// Only for NumericForm::kSmall.
inline SmallNumeric small_numeric(std::string_view packed) {
  SmallNumeric v;
  __builtin_memcpy(&v.value, packed.data() + 2, 8);
  v.scale = static_cast<uint8_t>(packed[1]);
  return v;
}
inline void write_small_numeric(SmallNumeric v, char* to) {
  to[0] = 0;
  to[1] = static_cast<char>(v.scale);
  __builtin_memcpy(to + 2, &v.value, 8);
}

/// A finite numeric spelled out: value = sign * sum(digits[i] * 10000^(weight - i)).
struct NumericDigits {
  bool negative = false;
  int scale = 0;   ///< decimal digits shown after the point
  int weight = 0;  ///< of digits[0], in base 10000
  absl::InlinedVector<uint16_t, 24> digits;  ///< none means zero
  void strip();  ///< drops zeros at both ends
};
NumericDigits numeric_digits(std::string_view packed);
/// In whichever form fits; `v` is stripped first.
std::string pack_numeric(NumericDigits v);

/// PostgreSQL's order: -Infinity < finite < Infinity < NaN.
int compare_numeric(std::string_view a, std::string_view b);

}  // namespace troupe
