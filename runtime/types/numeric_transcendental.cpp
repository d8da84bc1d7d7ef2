#include <algorithm>
#include <cmath>

#include "runtime/types/numeric.hpp"
#include "runtime/types/numeric_digits.hpp"

/// Roots, exponentials and logarithms: computed with guard digits, rounded to the scale PostgreSQL would show.
namespace troupe {
namespace {

using digits::add;
using digits::divide;
using digits::multiply;
using digits::subtract;

constexpr int kSignificantDigitsMin = 16, kDisplayScaleMax = 1000, kGuardDigits = 12;
constexpr double kLog10E = 0.434294481903252, kLn10 = 2.302585092994046;
/// Results of more decimal digits than this overflow (PostgreSQL's NUMERIC_MAX_RESULT_SCALE is 2000).
constexpr double kResultDigitsMax = 2000;

NumericDigits one() { return digits::of_int(1); }

NumericDigits scaled_multiply(const NumericDigits& a, const NumericDigits& b, int scale) {
  return digits::round(multiply(a, b), scale);
}

/// PostgreSQL's estimate of the decimal weight of ln(v), which decides the scales of ln, log and power.
int ln_weight(const NumericDigits& v) {
  if (v.negative || v.digits.empty()) return 0;
  const double rough = digits::approximate(v);
  if (rough >= 0.9 && rough <= 1.1) {
    const NumericDigits x = subtract(v, one());
    return x.digits.empty() ? 0 : x.weight * digits::kDecimals + static_cast<int>(std::log10(x.digits[0]));
  }
  double leading = v.digits[0];
  int weight = v.weight * digits::kDecimals;
  if (v.digits.size() > 1) {
    leading = leading * digits::kBase + v.digits[1];
    weight -= digits::kDecimals;
  }
  return static_cast<int>(std::log10(std::fabs(std::log(leading) + weight * kLn10)));
}

/// The root of v to `scale` decimals from one that is wrong by less than a unit of the last of them.
NumericDigits exactly_rounded(const NumericDigits& v, NumericDigits root, int scale) {
  const NumericDigits unit = digits::power_of_ten(1, -scale), half = digits::power_of_ten(5, -scale - 1);
  const auto is_above = [&v](const NumericDigits& x) { return subtract(v, multiply(x, x)).negative; };
  while (is_above(root)) root = subtract(root, unit);
  while (!is_above(add(root, unit))) root = add(root, unit);
  if (!is_above(add(root, half))) root = add(root, unit);
  root.scale = scale;
  return root;
}

/// Newton's iteration on a double's estimate.
NumericDigits sqrt_of(const NumericDigits& v, int scale) {
  if (v.digits.empty()) {
    NumericDigits zero;
    zero.scale = scale;
    return zero;
  }
  const int work = scale + kGuardDigits;
  const int half_weight = v.weight >= 0 ? v.weight / 2 : -((1 - v.weight) / 2);
  NumericDigits mantissa = v;
  mantissa.weight -= half_weight * 2;
  NumericDigits x = numeric_digits(Numeric::of_double(std::sqrt(digits::approximate(mantissa))).bytes());
  x.weight += half_weight;
  const NumericDigits two = digits::of_int(2);
  for (int i = 0; i < 64; ++i) {
    const NumericDigits next = divide(add(x, divide(v, x, work, true)), two, work, true);
    NumericDigits change = subtract(next, x);
    x = next;
    change = digits::truncate(std::move(change), work - 2);
    if (change.digits.empty()) break;
  }
  return exactly_rounded(v, digits::truncate(std::move(x), scale), scale);
}

/// e^x by halving x until it is small, the Taylor series, and squaring back.
NumericDigits exp_of(const NumericDigits& x, int scale) {
  const int result_weight = static_cast<int>(digits::approximate(x) * kLog10E);
  int halvings = 0;
  NumericDigits small = x;
  int work = std::max(scale + result_weight, 0) + kGuardDigits;
  const NumericDigits two = digits::of_int(2);
  double rough = std::fabs(digits::approximate(x));
  for (; rough > 0.01; rough /= 2) ++halvings;
  work += halvings;  // every squaring doubles the relative error
  NumericDigits divisor = one();
  for (int i = 0; i < halvings; ++i) divisor = multiply(divisor, two);
  small = divide(x, divisor, work, true);
  NumericDigits sum = add(one(), small), term = small;
  for (int n = 2; !term.digits.empty(); ++n) {
    term = divide(scaled_multiply(term, small, work), digits::of_int(n), work, true);
    sum = add(sum, term);
  }
  for (int i = 0; i < halvings; ++i) {
    const auto weight = static_cast<int>(digits::approximate_log10(sum));
    sum = scaled_multiply(sum, sum, std::max(work - 2 * std::max(weight, 0), scale + 4));
  }
  return digits::round(std::move(sum), scale);
}

/// ln by square roots towards 1, then 2 * atanh((v - 1) / (v + 1)).
NumericDigits ln_of(const NumericDigits& v, int scale) {
  int work = scale + kGuardDigits + 8;
  NumericDigits x = v;
  int doublings = 1;
  const auto log10 = std::fabs(digits::approximate_log10(v));
  for (double left = log10; left > 0.04; left /= 2) work += 1;
  while (std::fabs(digits::approximate_log10(x)) > 0.04) {
    x = sqrt_of(x, work);
    ++doublings;
  }
  const NumericDigits t = divide(subtract(x, one()), add(x, one()), work, true);
  const NumericDigits t2 = scaled_multiply(t, t, work);
  NumericDigits sum = t, power = t;
  for (int n = 3; !power.digits.empty(); n += 2) {
    power = scaled_multiply(power, t2, work);
    sum = add(sum, divide(power, digits::of_int(n), work, true));
  }
  for (int i = 0; i < doublings; ++i) sum = add(sum, sum);
  return digits::round(std::move(sum), scale);
}

int display_scale(int scale) { return std::clamp(scale, 0, kDisplayScaleMax); }

absl::Status overflows() { return error(ErrorCode::kNumericValueOutOfRange, "value overflows numeric format"); }

absl::Status bad_logarithm(const Numeric& v) {
  return error(ErrorCode::kInvalidArgumentForLogarithm,
               v.sign() == 0 ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number");
}

NumericDigits zero_of_scale(int scale) {
  NumericDigits zero;
  zero.scale = scale;
  return zero;
}

/// base^exponent by repeated squaring, with enough digits for `scale` after the point.
absl::StatusOr<Numeric> integer_power(const NumericDigits& base, int64_t exponent, int scale) {
  if (exponent == 0) return Numeric::of_digits(digits::round(one(), scale));
  if (base.digits.empty()) return Numeric::of_digits(zero_of_scale(scale));
  const double result_log = digits::approximate_log10(base) * static_cast<double>(exponent);
  if (result_log > 4.0 * 32767) return overflows();
  if (result_log + 1 < -scale) return Numeric::of_digits(zero_of_scale(scale));
  const auto significant = static_cast<int>(scale + std::max(result_log, 0.0)) + kGuardDigits +
                           static_cast<int>(std::log(std::fabs(static_cast<double>(exponent)) + 1));
  NumericDigits product = one(), square = base;
  for (auto n = static_cast<uint64_t>(exponent < 0 ? -exponent : exponent); n != 0; n >>= 1) {
    const auto cut = [&](NumericDigits v) {
      const auto weight = static_cast<int>(digits::approximate_log10(v));
      return digits::round(std::move(v), significant - weight);
    };
    if ((n & 1) != 0) product = cut(multiply(product, square));
    if (n > 1) square = cut(multiply(square, square));
  }
  if (exponent < 0) return Numeric::of_digits(divide(one(), product, scale, true));
  return Numeric::of_digits(digits::round(std::move(product), scale));
}

absl::StatusOr<Numeric> power_of_specials(const Numeric& base, const Numeric& exponent) {
  const Numeric unit = Numeric::of_int(1);
  // PostgreSQL follows POSIX's pow(): 1 and exponent 0 win over NaN.
  if (base.is_finite() && base.compare(unit) == 0) return unit;
  if (exponent.is_zero()) return unit;
  if (base.is_nan() || exponent.is_nan()) return Numeric::nan();
  const int magnitude = numeric_abs(base).compare(unit);
  if (exponent.is_infinite()) {
    if (base.is_zero() && exponent.sign() < 0) {
      return error(ErrorCode::kInvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
    }
    if (magnitude == 0) return unit;
    return (magnitude > 0) == (exponent.sign() > 0) ? Numeric::infinity(false) : Numeric();
  }
  if (exponent.sign() < 0) return Numeric();
  if (base.sign() > 0) return Numeric::infinity(false);
  const NumericDigits e = numeric_digits(exponent.bytes());
  if (!digits::is_integer(e)) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  const bool odd = static_cast<int>(e.digits.size()) == e.weight + 1 && e.digits.back() % 2 == 1;
  return Numeric::infinity(odd);
}

absl::StatusOr<Numeric> fractional_power(const NumericDigits& base, const NumericDigits& exponent) {
  if (base.digits.empty()) return Numeric::of_digits(zero_of_scale(kSignificantDigitsMin));
  const int weight = ln_weight(base);
  const NumericDigits rough = multiply(ln_of(base, display_scale(8 - weight)), exponent);
  const double ln_result = digits::approximate(rough);
  if (std::fabs(ln_result) > kResultDigitsMax * 3.01) {
    if (ln_result > 0) return overflows();
    return Numeric::of_digits(zero_of_scale(kDisplayScaleMax));
  }
  const auto result_weight = static_cast<int>(ln_result * kLog10E);
  const int scale = display_scale(std::max({kSignificantDigitsMin - result_weight, base.scale, exponent.scale}));
  const int work = std::max(scale + result_weight, 0) - weight + 16 + std::max(0, exponent.weight * 4);
  const NumericDigits ln_base = ln_of(base, std::max(work, 8));
  return Numeric::of_digits(exp_of(multiply(ln_base, exponent), scale));
}

}  // namespace

absl::StatusOr<Numeric> numeric_sqrt(const Numeric& v) {
  if (v.is_nan() || (v.is_infinite() && v.sign() > 0)) return v;
  if (v.sign() < 0) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction, "cannot take square root of a negative number");
  }
  const NumericDigits d = numeric_digits(v.bytes());
  const int weight = (d.weight + 1) * digits::kDecimals / 2 - 1;
  return Numeric::of_digits(sqrt_of(d, display_scale(std::max(kSignificantDigitsMin - weight, d.scale))));
}

Numeric numeric_sqrt_to_scale(const Numeric& v, int scale) {
  return Numeric::of_digits(sqrt_of(numeric_digits(v.bytes()), scale));
}

absl::StatusOr<Numeric> numeric_exp(const Numeric& v) {
  if (v.is_nan()) return v;
  if (v.is_infinite()) return v.sign() > 0 ? v : Numeric();
  const NumericDigits d = numeric_digits(v.bytes());
  const double weight = std::clamp(digits::approximate(d) * kLog10E, -kResultDigitsMax, kResultDigitsMax);
  const int scale = display_scale(std::max(kSignificantDigitsMin - static_cast<int>(weight), d.scale));
  if (digits::approximate(d) >= kResultDigitsMax * 3) return overflows();
  if (digits::approximate(d) <= -kResultDigitsMax * 3) return Numeric::of_digits(zero_of_scale(scale));
  return Numeric::of_digits(exp_of(d, scale));
}

absl::StatusOr<Numeric> numeric_ln(const Numeric& v) {
  if (v.is_nan()) return v;
  if (v.sign() <= 0) return bad_logarithm(v);
  if (v.is_infinite()) return v;
  const NumericDigits d = numeric_digits(v.bytes());
  return Numeric::of_digits(ln_of(d, display_scale(std::max(kSignificantDigitsMin - ln_weight(d), d.scale))));
}

absl::StatusOr<Numeric> numeric_log(const Numeric& base, const Numeric& v) {
  if (base.is_nan() || v.is_nan()) return Numeric::nan();
  for (const Numeric* argument : {&base, &v}) {
    if (argument->sign() <= 0) return bad_logarithm(*argument);
  }
  if (base.is_infinite()) return v.is_infinite() ? Numeric::nan() : Numeric();
  if (v.is_infinite()) return v;
  const NumericDigits b = numeric_digits(base.bytes()), n = numeric_digits(v.bytes());
  const int weight_b = ln_weight(b), weight_n = ln_weight(n);
  const int scale = display_scale(std::max({kSignificantDigitsMin - (weight_n - weight_b), b.scale, n.scale}));
  const int work = scale + kGuardDigits + std::abs(weight_b) + std::abs(weight_n);
  const NumericDigits ln_base = ln_of(b, work);
  if (ln_base.digits.empty()) return error(ErrorCode::kDivisionByZero, "division by zero");
  return Numeric::of_digits(divide(ln_of(n, work), ln_base, scale, true));
}

absl::StatusOr<Numeric> numeric_power(const Numeric& base, const Numeric& exponent) {
  if (!base.is_finite() || !exponent.is_finite()) return power_of_specials(base, exponent);
  if (base.sign() == 0 && exponent.sign() < 0) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
  }
  const NumericDigits b = numeric_digits(base.bytes()), e = numeric_digits(exponent.bytes());
  if (digits::is_integer(e)) {
    const Numeric whole = numeric_round(exponent, 0);
    if (whole.is_small()) {
      const int64_t n = small_numeric(whole.bytes()).value;
      if (n >= INT32_MIN && n <= INT32_MAX) {
        return integer_power(b, n, display_scale(std::max(kSignificantDigitsMin, b.scale)));
      }
    }
  }
  if (base.sign() < 0) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  return fractional_power(b, e);
}

}  // namespace troupe
