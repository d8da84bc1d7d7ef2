#include <algorithm>
#include <cmath>

#include "runtime/types/interrupt.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/numeric_digits.hpp"

namespace troupe {
namespace {

constexpr int kScaleMax = 16383, kDisplayScaleMax = 1000, kSignificantDigitsMin = 16, kWeightMax = 32767;

constexpr int64_t kPowersOfTen[] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000};

absl::StatusOr<Numeric> checked(NumericDigits v) {
  v.strip();
  if (v.weight > kWeightMax) return error(ErrorCode::kNumericValueOutOfRange, "value overflows numeric format");
  if (v.scale > kScaleMax) v = digits::round(std::move(v), kScaleMax);
  return Numeric::of_digits(std::move(v));
}

/// NaN and infinities of a + sign * b.
Numeric add_specials(const Numeric& a, const Numeric& b, int sign) {
  if (a.is_nan() || b.is_nan()) return Numeric::nan();
  if (a.is_infinite() && b.is_infinite() && a.sign() != sign * b.sign()) return Numeric::nan();
  return a.is_infinite() ? a : Numeric::infinity(sign * b.sign() < 0);
}

absl::StatusOr<Numeric> add_or_subtract(const Numeric& a, const Numeric& b, int sign) {
  if (a.is_small() && b.is_small()) {
    const SmallNumeric x = small_numeric(a.bytes()), y = small_numeric(b.bytes());
    const int scale = std::max(x.scale, y.scale);
    const __int128 sum = static_cast<__int128>(x.value) * kPowersOfTen[scale - x.scale] +
                         static_cast<__int128>(y.value) * kPowersOfTen[scale - y.scale] * sign;
    return Numeric::of_int128(sum, scale);
  }
  if (!a.is_finite() || !b.is_finite()) return add_specials(a, b, sign);
  const NumericDigits x = numeric_digits(a.bytes()), y = numeric_digits(b.bytes());
  return checked(sign > 0 ? digits::add(x, y) : digits::subtract(x, y));
}

/// Weight and value of the first base-10000 digit, as PostgreSQL's select_div_scale() sees them.
struct Leading {
  int weight = 0;
  int digit = 0;
};
Leading leading_of_small(SmallNumeric v) {
  const uint64_t magnitude = v.value < 0 ? -static_cast<uint64_t>(v.value) : static_cast<uint64_t>(v.value);
  if (magnitude == 0) return {};
  int decimals = 1;
  for (uint64_t rest = magnitude; rest >= 10; rest /= 10) ++decimals;
  const int point = decimals - v.scale;  // decimals before the point
  const int weight = point > 0 ? (point - 1) / 4 : -((-point) / 4) - 1;
  // Decimals of the number that lie in the first digit.
  const int in_first = point - weight * 4;
  const int drop = decimals - in_first;
  if (drop >= 0) return {weight, static_cast<int>(magnitude / static_cast<uint64_t>(kPowersOfTen[drop]))};
  return {weight, static_cast<int>(magnitude * static_cast<uint64_t>(kPowersOfTen[-drop]))};
}
Leading leading_of(const Numeric& v) {
  if (v.is_small()) return leading_of_small(small_numeric(v.bytes()));
  const NumericDigits d = numeric_digits(v.bytes());
  return d.digits.empty() ? Leading{} : Leading{d.weight, d.digits[0]};
}

int division_scale(const Numeric& a, const Numeric& b) {
  const Leading x = leading_of(a), y = leading_of(b);
  int weight = x.weight - y.weight;
  if (x.digit <= y.digit) --weight;
  int scale = kSignificantDigitsMin - weight * digits::kDecimals;
  scale = std::max({scale, a.scale(), b.scale(), 0});
  return std::min(scale, kDisplayScaleMax);
}

/// a / b in 128 bits, if the dividend fits once scaled.
bool divide_small(SmallNumeric a, SmallNumeric b, int scale, Numeric* out) {
  int shift = scale + b.scale - a.scale;
  __int128 dividend = a.value;
  constexpr __int128 kRoom = (static_cast<__int128>(1) << 126) / 10;
  for (; shift > 0; --shift) {
    if (dividend > kRoom || dividend < -kRoom) return false;
    dividend *= 10;
  }
  if (shift < 0) return false;
  __int128 quotient = dividend / b.value;
  const __int128 remainder = dividend % b.value;
  const __int128 twice = (remainder < 0 ? -remainder : remainder) * 2;
  const __int128 divisor = b.value < 0 ? -static_cast<__int128>(b.value) : static_cast<__int128>(b.value);
  if (twice >= divisor) quotient += (dividend < 0) != (b.value < 0) ? -1 : 1;
  *out = Numeric::of_int128(quotient, scale);
  return true;
}

absl::Status division_by_zero() { return error(ErrorCode::kDivisionByZero, "division by zero"); }

absl::StatusOr<Numeric> divide_specials(const Numeric& a, const Numeric& b) {
  if (a.is_nan() || b.is_nan()) return Numeric::nan();
  if (a.is_infinite()) {
    if (b.is_infinite()) return Numeric::nan();
    if (b.sign() == 0) return division_by_zero();
    return Numeric::infinity(a.sign() * b.sign() < 0);
  }
  return Numeric();
}

int64_t round_quotient(int64_t v, int64_t unit) {
  const int64_t quotient = v / unit, remainder = v % unit;
  const uint64_t twice = (remainder < 0 ? -static_cast<uint64_t>(remainder) : static_cast<uint64_t>(remainder)) * 2;
  if (twice < static_cast<uint64_t>(unit)) return quotient;
  return v < 0 ? quotient - 1 : quotient + 1;
}

Numeric to_integer(const Numeric& v, int away_from_zero_when_sign) {
  if (!v.is_finite()) return v;
  Numeric cut = numeric_truncate(v, 0);
  if (v.sign() == away_from_zero_when_sign && v.compare(cut) != 0) {
    return *add_or_subtract(cut, Numeric::of_int(1), away_from_zero_when_sign);
  }
  return cut;
}

}  // namespace

absl::StatusOr<Numeric> numeric_add(const Numeric& a, const Numeric& b) { return add_or_subtract(a, b, 1); }
absl::StatusOr<Numeric> numeric_subtract(const Numeric& a, const Numeric& b) { return add_or_subtract(a, b, -1); }

absl::StatusOr<Numeric> numeric_multiply(const Numeric& a, const Numeric& b) {
  if (a.is_small() && b.is_small()) {
    const SmallNumeric x = small_numeric(a.bytes()), y = small_numeric(b.bytes());
    return Numeric::of_int128(static_cast<__int128>(x.value) * y.value, x.scale + y.scale);
  }
  if (!a.is_finite() || !b.is_finite()) {
    if (a.is_nan() || b.is_nan() || a.sign() == 0 || b.sign() == 0) return Numeric::nan();
    return Numeric::infinity(a.sign() * b.sign() < 0);
  }
  return checked(digits::multiply(numeric_digits(a.bytes()), numeric_digits(b.bytes())));
}

absl::StatusOr<Numeric> numeric_divide(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) return divide_specials(a, b);
  if (b.sign() == 0) return division_by_zero();
  const int scale = division_scale(a, b);
  Numeric out;
  if (a.is_small() && b.is_small() && divide_small(small_numeric(a.bytes()), small_numeric(b.bytes()), scale, &out)) {
    return out;
  }
  return checked(digits::divide(numeric_digits(a.bytes()), numeric_digits(b.bytes()), scale, true));
}

absl::StatusOr<Numeric> numeric_divide_truncated(const Numeric& a, const Numeric& b) {
  if (!a.is_finite() || !b.is_finite()) return divide_specials(a, b);
  if (b.sign() == 0) return division_by_zero();
  return checked(digits::divide(numeric_digits(a.bytes()), numeric_digits(b.bytes()), 0, false));
}

absl::StatusOr<Numeric> numeric_modulo(const Numeric& a, const Numeric& b) {
  if (a.is_nan() || b.is_nan()) return Numeric::nan();
  if (b.sign() == 0) return division_by_zero();
  if (a.is_infinite()) return Numeric::nan();
  if (b.is_infinite()) return a;
  if (a.is_small() && b.is_small()) {
    const SmallNumeric x = small_numeric(a.bytes()), y = small_numeric(b.bytes());
    const int scale = std::max(x.scale, y.scale);
    return Numeric::of_int128(static_cast<__int128>(x.value) * kPowersOfTen[scale - x.scale] %
                                  (static_cast<__int128>(y.value) * kPowersOfTen[scale - y.scale]),
                              scale);
  }
  const NumericDigits x = numeric_digits(a.bytes()), y = numeric_digits(b.bytes());
  return checked(digits::subtract(x, digits::multiply(digits::divide(x, y, 0, false), y)));
}

Numeric numeric_negate(const Numeric& v) {
  if (v.is_small()) {
    const SmallNumeric x = small_numeric(v.bytes());
    return Numeric::of_int128(-static_cast<__int128>(x.value), x.scale);
  }
  if (v.is_infinite()) return Numeric::infinity(v.sign() > 0);
  return v.is_nan() ? v : Numeric::of_digits(digits::negated(numeric_digits(v.bytes())));
}

Numeric numeric_abs(const Numeric& v) { return v.sign() < 0 ? numeric_negate(v) : v; }

Numeric numeric_round(const Numeric& v, int scale) {
  if (!v.is_finite()) return v;
  scale = std::clamp(scale, -(kWeightMax + 1) * 4 - 1, kScaleMax);
  if (v.is_small()) {
    const SmallNumeric x = small_numeric(v.bytes());
    if (x.scale == scale) return v;
    if (scale > x.scale && scale <= kNumericSmallScaleMax) {
      return Numeric::of_int128(static_cast<__int128>(x.value) * kPowersOfTen[scale - x.scale], scale);
    }
    if (scale >= 0 && scale < x.scale) return Numeric::of_int(round_quotient(x.value, kPowersOfTen[x.scale - scale]), scale);
  }
  return Numeric::of_digits(digits::round(numeric_digits(v.bytes()), scale));
}

Numeric numeric_truncate(const Numeric& v, int scale) {
  if (!v.is_finite()) return v;
  scale = std::clamp(scale, -(kWeightMax + 1) * 4 - 1, kScaleMax);
  return Numeric::of_digits(digits::truncate(numeric_digits(v.bytes()), scale));
}

Numeric numeric_ceil(const Numeric& v) { return to_integer(v, 1); }
Numeric numeric_floor(const Numeric& v) { return to_integer(v, -1); }

int numeric_min_scale(const Numeric& v) {
  const NumericDigits d = numeric_digits(v.bytes());
  if (d.digits.empty()) return 0;
  const int last = d.weight - static_cast<int>(d.digits.size()) + 1;
  if (last >= 0) return 0;
  int scale = -last * digits::kDecimals;
  for (int digit = d.digits.back(); digit % 10 == 0; digit /= 10) --scale;
  return scale;
}

Numeric numeric_trim_scale(const Numeric& v) { return v.is_finite() ? numeric_round(v, numeric_min_scale(v)) : v; }

absl::StatusOr<Numeric> numeric_gcd(const Numeric& a, const Numeric& b, const Interrupt* interrupt) {
  if (!a.is_finite() || !b.is_finite()) return Numeric::nan();
  Numeric x = numeric_abs(a), y = numeric_abs(b);
  const int scale = std::max(a.scale(), b.scale());
  for (uint32_t step = 1; y.sign() != 0; ++step) {
    if (step % 64 == 0 && interrupt != nullptr) TROUPE_RETURN_IF_ERROR(interrupt->check());
    TROUPE_ASSIGN_OR_RETURN(Numeric rest, numeric_modulo(x, y));
    x = std::move(y);
    y = std::move(rest);
  }
  return numeric_round(x, scale);
}

absl::StatusOr<Numeric> numeric_lcm(const Numeric& a, const Numeric& b, const Interrupt* interrupt) {
  if (!a.is_finite() || !b.is_finite()) return Numeric::nan();
  const int scale = std::max(a.scale(), b.scale());
  if (a.sign() == 0 || b.sign() == 0) return numeric_round(Numeric(), scale);
  TROUPE_ASSIGN_OR_RETURN(const Numeric divisor, numeric_gcd(a, b, interrupt));
  TROUPE_ASSIGN_OR_RETURN(const Numeric part, numeric_divide_truncated(a, divisor));
  TROUPE_ASSIGN_OR_RETURN(const Numeric product, numeric_multiply(part, b));
  return numeric_round(numeric_abs(product), scale);
}

namespace {

/// first * (first + 1) * ... * last, halves first: few of the products are long.
absl::StatusOr<Numeric> product_of(int64_t first, int64_t last, const Interrupt* interrupt) {
  if (first == last) return Numeric::of_int(first);
  if (last - first > 1024 && interrupt != nullptr) TROUPE_RETURN_IF_ERROR(interrupt->check());
  const int64_t middle = first + (last - first) / 2;
  TROUPE_ASSIGN_OR_RETURN(const Numeric low, product_of(first, middle, interrupt));
  TROUPE_ASSIGN_OR_RETURN(const Numeric high, product_of(middle + 1, last, interrupt));
  return numeric_multiply(low, high);
}

}  // namespace

absl::StatusOr<Numeric> numeric_factorial(int64_t n, const Interrupt* interrupt) {
  if (n < 0) return error(ErrorCode::kNumericValueOutOfRange, "factorial of a negative number is undefined");
  if (n > 32177) return error(ErrorCode::kNumericValueOutOfRange, "value overflows numeric format");
  return product_of(1, std::max<int64_t>(n, 1), interrupt);
}

}  // namespace troupe
