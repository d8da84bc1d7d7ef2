#pragma once
/// Arithmetic on spelled-out numerics (schoolbook algorithms, base 10000; division is Knuth's algorithm D). Used by
/// numeric*.cpp only. Results are stripped; scales are what the caller asks for.
#include "storage/column/numeric_format.hpp"

namespace troupe::digits {

inline constexpr int kBase = 10000, kDecimals = 4;

int compare_magnitude(const NumericDigits& a, const NumericDigits& b);
/// The larger of both scales.
NumericDigits add(const NumericDigits& a, const NumericDigits& b);
NumericDigits subtract(const NumericDigits& a, const NumericDigits& b);
/// The sum of both scales.
NumericDigits multiply(const NumericDigits& a, const NumericDigits& b);
/// Rounded (half away from zero) or truncated to `scale`; b is not zero.
NumericDigits divide(const NumericDigits& a, const NumericDigits& b, int scale, bool round);
/// `scale` may be negative; the result's scale is max(scale, 0).
NumericDigits round(NumericDigits v, int scale);
/// digit * 10^exponent; the digit is 1 to 9.
NumericDigits power_of_ten(uint16_t digit, int exponent);
NumericDigits truncate(NumericDigits v, int scale);
NumericDigits of_int(__int128 v);
/// A rough double, for estimates.
double approximate(const NumericDigits& v);
/// log10 of the magnitude, roughly; v is not zero. Works beyond a double's range.
double approximate_log10(const NumericDigits& v);
/// Whether it has no fraction.
bool is_integer(const NumericDigits& v);
NumericDigits negated(NumericDigits v);

}  // namespace troupe::digits
