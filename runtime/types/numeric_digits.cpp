#include "runtime/types/numeric_digits.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace troupe::digits {
namespace {

int last_weight(const NumericDigits& v) { return v.weight - static_cast<int>(v.digits.size()) + 1; }

int digit_at(const NumericDigits& v, int weight) {
  const int i = v.weight - weight;
  return i < 0 || i >= static_cast<int>(v.digits.size()) ? 0 : v.digits[static_cast<size_t>(i)];
}

/// |a| + |b| or, when |a| >= |b|, |a| - |b|.
NumericDigits combine_magnitudes(const NumericDigits& a, const NumericDigits& b, int sign_of_b) {
  if (b.digits.empty()) return a;
  NumericDigits out;
  out.weight = std::max(a.digits.empty() ? b.weight : a.weight, b.weight) + 1;
  const int last = std::min(a.digits.empty() ? last_weight(b) : last_weight(a), last_weight(b));
  out.digits.resize(static_cast<size_t>(out.weight - last + 1));
  int carry = 0;
  for (int w = last; w <= out.weight; ++w) {
    int sum = digit_at(a, w) + sign_of_b * digit_at(b, w) + carry;
    carry = sum < 0 ? -1 : (sum >= kBase ? 1 : 0);
    sum -= carry * kBase;
    out.digits[static_cast<size_t>(out.weight - w)] = static_cast<uint16_t>(sum);
  }
  return out;
}

NumericDigits add_signed(const NumericDigits& a, const NumericDigits& b, bool negate_b) {
  const bool b_negative = b.negative != negate_b;
  NumericDigits out;
  if (a.negative == b_negative) {
    out = combine_magnitudes(a, b, 1);
    out.negative = a.negative;
  } else if (compare_magnitude(a, b) >= 0) {
    out = combine_magnitudes(a, b, -1);
    out.negative = a.negative;
  } else {
    out = combine_magnitudes(b, a, -1);
    out.negative = b_negative;
  }
  out.scale = std::max(a.scale, b.scale);
  out.strip();
  return out;
}

/// What remains of base-10000 digits when a decimal scale cuts inside one: 10^(digits cut).
constexpr int kCut[] = {1, 1000, 100, 10};

/// Quotient digits of u / v by Knuth's algorithm D; v has at least two digits, u.size() > v.size().
std::vector<uint32_t> long_division(std::vector<uint32_t> u, std::vector<uint32_t> v) {
  const uint32_t factor = kBase / (v[0] + 1);
  const auto scale_by = [](std::vector<uint32_t>* x, uint32_t f) {
    uint32_t carry = 0;
    for (size_t i = x->size(); i-- > 0;) {
      const uint32_t p = (*x)[i] * f + carry;
      (*x)[i] = p % kBase;
      carry = p / kBase;
    }
    return carry;
  };
  u.insert(u.begin(), 0);
  u[0] = 0;
  scale_by(&u, factor);
  scale_by(&v, factor);
  const size_t n = v.size(), steps = u.size() - n;
  std::vector<uint32_t> quotient(steps);
  for (size_t j = 0; j < steps; ++j) {
    const uint64_t top = uint64_t{u[j]} * kBase + u[j + 1];
    uint64_t q = std::min<uint64_t>(top / v[0], kBase - 1);
    while (q > 0 && q * v[1] > (top - q * v[0]) * kBase + u[j + 2]) --q;
    int64_t borrow = 0;
    for (size_t i = n; i-- > 0;) {
      int64_t d = int64_t{u[j + 1 + i]} - static_cast<int64_t>(q * v[i]) + borrow;
      borrow = d < 0 ? -((-d + kBase - 1) / kBase) : 0;
      u[j + 1 + i] = static_cast<uint32_t>(d - borrow * kBase);
    }
    int64_t top_digit = int64_t{u[j]} + borrow;
    while (top_digit < 0) {
      --q;
      uint32_t carry = 0;
      for (size_t i = n; i-- > 0;) {
        const uint32_t s = u[j + 1 + i] + v[i] + carry;
        u[j + 1 + i] = s % kBase;
        carry = s / kBase;
      }
      top_digit += carry;
    }
    u[j] = static_cast<uint32_t>(top_digit);
    quotient[j] = static_cast<uint32_t>(q);
  }
  return quotient;
}

using Digits = decltype(NumericDigits::digits);
constexpr size_t kManyDigits = 32;
constexpr uint64_t kPairBase = uint64_t{kBase} * kBase;

/// Digits two and two, the last pair first.
std::vector<uint32_t> pairs_of(const Digits& digits) {
  std::vector<uint32_t> pairs;
  pairs.reserve(digits.size() / 2 + 1);
  for (size_t end = digits.size(); end > 0; end -= std::min<size_t>(end, 2)) {
    pairs.push_back(digits[end - 1] + (end > 1 ? kBase * uint32_t{digits[end - 2]} : 0));
  }
  return pairs;
}

/// Leaves every sum but the last below kPairBase.
void carry_pairs(std::vector<uint64_t>* sums) {
  uint64_t carry = 0;
  for (uint64_t& sum : *sums) {
    sum += carry;
    carry = sum / kPairBase;
    sum %= kPairBase;
  }
}

/// a.size() + b.size() digits. In pairs: a quarter of the multiplications.
Digits long_product(const Digits& a, const Digits& b) {
  constexpr size_t kUntilCarry = 1024;  // products below 10^16 fit 1844 times
  const std::vector<uint32_t> x = pairs_of(a), y = pairs_of(b);
  std::vector<uint64_t> sums(x.size() + y.size(), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    uint64_t* to = sums.data() + i;
    const uint64_t factor = x[i];
    for (size_t j = 0; j < y.size(); ++j) to[j] += factor * y[j];
    if (i % kUntilCarry == kUntilCarry - 1) carry_pairs(&sums);
  }
  carry_pairs(&sums);
  Digits out(a.size() + b.size(), 0);
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t pair = sums[i / 2];
    out[out.size() - 1 - i] = static_cast<uint16_t>(i % 2 == 0 ? pair % kBase : pair / kBase);
  }
  return out;
}

std::vector<uint32_t> short_division(const std::vector<uint32_t>& u, uint32_t v) {
  std::vector<uint32_t> quotient(u.size());
  uint64_t remainder = 0;
  for (size_t i = 0; i < u.size(); ++i) {
    remainder = remainder * kBase + u[i];
    quotient[i] = static_cast<uint32_t>(remainder / v);
    remainder %= v;
  }
  return quotient;
}

}  // namespace

int compare_magnitude(const NumericDigits& a, const NumericDigits& b) {
  if (a.digits.empty() || b.digits.empty()) {
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  }
  if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
  const int last = std::min(last_weight(a), last_weight(b));
  for (int w = a.weight; w >= last; --w) {
    if (const int d = digit_at(a, w) - digit_at(b, w); d != 0) return d;
  }
  return 0;
}

NumericDigits add(const NumericDigits& a, const NumericDigits& b) { return add_signed(a, b, false); }
NumericDigits subtract(const NumericDigits& a, const NumericDigits& b) { return add_signed(a, b, true); }

NumericDigits multiply(const NumericDigits& a, const NumericDigits& b) {
  NumericDigits out;
  out.scale = a.scale + b.scale;
  if (a.digits.empty() || b.digits.empty()) return out;
  if (std::min(a.digits.size(), b.digits.size()) >= kManyDigits) {
    out.digits = long_product(a.digits, b.digits);
    out.weight = a.weight + b.weight + 1;
    out.negative = a.negative != b.negative;
    out.strip();
    return out;
  }
  std::vector<uint64_t> sums(a.digits.size() + b.digits.size(), 0);
  for (size_t i = 0; i < a.digits.size(); ++i) {
    for (size_t j = 0; j < b.digits.size(); ++j) sums[i + j + 1] += uint64_t{a.digits[i]} * b.digits[j];
  }
  out.digits.resize(sums.size());
  uint64_t carry = 0;
  for (size_t i = sums.size(); i-- > 0;) {
    const uint64_t v = sums[i] + carry;
    out.digits[i] = static_cast<uint16_t>(v % kBase);
    carry = v / kBase;
  }
  out.weight = a.weight + b.weight + 1;
  out.negative = a.negative != b.negative;
  out.strip();
  return out;
}

NumericDigits divide(const NumericDigits& a, const NumericDigits& b, int scale, bool round_it) {
  NumericDigits out;
  out.scale = std::max(scale, 0);
  if (a.digits.empty()) return out;
  // One digit more than the scale needs decides the rounding.
  const int last = -((scale + kDecimals - 1) / kDecimals) - 1;
  const int first = a.weight - b.weight;
  if (first < last - 1) return out;
  std::vector<uint32_t> v(b.digits.begin(), b.digits.end());
  // With m digits of u before v's last digit is reached, quotient digit 0 has weight `first`.
  const auto wanted = static_cast<size_t>(std::max(first - last + 1, 1));
  std::vector<uint32_t> u(v.size() + wanted - 1, 0);
  for (size_t i = 0; i < u.size() && i < a.digits.size(); ++i) u[i] = a.digits[i];
  std::vector<uint32_t> quotient = v.size() == 1 ? short_division(u, v[0]) : [&] {
    if (u.size() < v.size() + 1) u.resize(v.size() + 1, 0);
    return long_division(std::move(u), std::move(v));
  }();
  out.digits.assign(quotient.begin(), quotient.end());
  out.weight = first;
  out.negative = a.negative != b.negative;
  return round_it ? round(std::move(out), scale) : truncate(std::move(out), scale);
}

NumericDigits truncate(NumericDigits v, int scale) {
  v.scale = std::max(scale, 0);
  const int kept_decimals = (v.weight + 1) * kDecimals + scale;  // of the digits from the first on
  if (kept_decimals <= 0) {
    v.digits.clear();
  } else {
    const auto kept = static_cast<size_t>((kept_decimals + kDecimals - 1) / kDecimals);
    if (kept <= v.digits.size()) {
      v.digits.resize(kept);
      if (const int part = kept_decimals % kDecimals; part != 0) {
        v.digits.back() = static_cast<uint16_t>(v.digits.back() / kCut[part] * kCut[part]);
      }
    }
  }
  v.strip();
  return v;
}

NumericDigits power_of_ten(uint16_t digit, int exponent) {
  NumericDigits v;
  v.weight = exponent >= 0 ? exponent / kDecimals : -((kDecimals - 1 - exponent) / kDecimals);
  for (int left = exponent - v.weight * kDecimals; left > 0; --left) digit = static_cast<uint16_t>(digit * 10);
  v.scale = std::max(-exponent, 0);
  v.digits.push_back(digit);
  return v;
}

NumericDigits round(NumericDigits v, int scale) {
  // Adding half a unit of the last kept decimal, then truncating, rounds half away from zero.
  NumericDigits half = power_of_ten(5, -scale - 1);
  half.negative = v.negative;
  if (v.digits.empty()) {
    v.scale = std::max(scale, 0);
    return v;
  }
  return truncate(add(v, half), scale);
}

NumericDigits of_int(__int128 v) {
  NumericDigits out;
  out.negative = v < 0;
  unsigned __int128 magnitude = v < 0 ? -static_cast<unsigned __int128>(v) : static_cast<unsigned __int128>(v);
  std::vector<uint16_t> reversed;
  for (; magnitude != 0; magnitude /= kBase) reversed.push_back(static_cast<uint16_t>(magnitude % kBase));
  out.digits.assign(reversed.rbegin(), reversed.rend());
  out.weight = static_cast<int>(reversed.size()) - 1;
  out.strip();
  return out;
}

double approximate(const NumericDigits& v) {
  double sum = 0;
  for (size_t i = 0; i < v.digits.size() && i < 5; ++i) {
    sum += v.digits[i] * std::pow(10.0, kDecimals * (v.weight - static_cast<double>(i)));
  }
  return v.negative ? -sum : sum;
}

double approximate_log10(const NumericDigits& v) {
  double mantissa = 0;
  for (size_t i = 0; i < v.digits.size() && i < 5; ++i) {
    mantissa += v.digits[i] * std::pow(10.0, -kDecimals * static_cast<double>(i));
  }
  return std::log10(mantissa) + kDecimals * v.weight;
}

bool is_integer(const NumericDigits& v) { return v.digits.empty() || static_cast<int>(v.digits.size()) <= v.weight + 1; }

NumericDigits negated(NumericDigits v) {
  if (!v.digits.empty()) v.negative = !v.negative;
  return v;
}

}  // namespace troupe::digits
