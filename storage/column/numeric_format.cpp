#include "storage/column/numeric_format.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {
namespace {

constexpr size_t kLargeHeaderBytes = 6;
constexpr int64_t kBase = 10000;

constexpr int64_t kPowersOfTen[19] = {1,
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

NumericDigits digits_of_small(SmallNumeric small) {
  NumericDigits v;
  v.negative = small.value < 0;
  v.scale = small.scale;
  unsigned __int128 magnitude = v.negative ? -static_cast<unsigned __int128>(small.value) : small.value;
  // Align to base 10000: the fraction must hold a multiple of 4 decimal digits.
  const int fraction_digits = (small.scale + 3) / 4;
  magnitude *= static_cast<uint64_t>(kPowersOfTen[fraction_digits * 4 - small.scale]);
  uint16_t reversed[12];
  int count = 0;
  for (; magnitude != 0; magnitude /= kBase) reversed[count++] = static_cast<uint16_t>(magnitude % kBase);
  v.weight = count - 1 - fraction_digits;
  for (int i = count - 1; i >= 0; --i) v.digits.push_back(reversed[i]);
  v.strip();
  return v;
}

/// The small form of `v`, if it fits.
bool to_small(const NumericDigits& v, SmallNumeric* small) {
  if (v.scale > kNumericSmallScaleMax) return false;
  if (v.digits.empty()) {
    *small = {0, v.scale};
    return true;
  }
  if (v.weight > 4) return false;
  __int128 magnitude = 0;
  const int last = v.weight - static_cast<int>(v.digits.size()) + 1;
  if (-last * 4 > 20) return false;
  for (const uint16_t digit : v.digits) magnitude = magnitude * kBase + digit;
  // magnitude * 10^(4 * last + scale) is the scaled integer.
  int exponent = 4 * last + v.scale;
  const __int128 limit = static_cast<__int128>(INT64_MAX) + 1;
  for (; exponent > 0; --exponent) {
    magnitude *= 10;
    if (magnitude > limit) return false;
  }
  for (; exponent < 0; ++exponent) {
    if (magnitude % 10 != 0) return false;
    magnitude /= 10;
  }
  if (v.negative) magnitude = -magnitude;
  if (magnitude > INT64_MAX || magnitude < INT64_MIN) return false;
  *small = {static_cast<int64_t>(magnitude), v.scale};
  return true;
}

int compare_magnitudes(const NumericDigits& a, const NumericDigits& b) {
  if (a.digits.empty() || b.digits.empty()) {
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  }
  if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
  const size_t common = std::min(a.digits.size(), b.digits.size());
  for (size_t i = 0; i < common; ++i) {
    if (a.digits[i] != b.digits[i]) return a.digits[i] < b.digits[i] ? -1 : 1;
  }
  return a.digits.size() == b.digits.size() ? 0 : (a.digits.size() < b.digits.size() ? -1 : 1);
}

int rank(NumericForm form) {
  switch (form) {
    case NumericForm::kMinusInfinity: return 0;
    case NumericForm::kInfinity: return 2;
    case NumericForm::kNan: return 3;
    default: return 1;
  }
}

int compare_small(SmallNumeric a, SmallNumeric b) {
  if (a.scale == b.scale) return a.value == b.value ? 0 : (a.value < b.value ? -1 : 1);
  __int128 x = a.value, y = b.value;
  if (a.scale < b.scale) {
    x *= kPowersOfTen[b.scale - a.scale];
  } else {
    y *= kPowersOfTen[a.scale - b.scale];
  }
  return x == y ? 0 : (x < y ? -1 : 1);
}

}  // namespace

bool numeric_is_valid(std::string_view packed) {
  if (packed.empty()) return false;
  switch (numeric_form(packed)) {
    case NumericForm::kSmall:
      return packed.size() == kNumericSmallBytes && static_cast<uint8_t>(packed[1]) <= kNumericSmallScaleMax;
    case NumericForm::kLarge: return packed.size() >= kLargeHeaderBytes && packed.size() % 2 == 0;
    case NumericForm::kNan:
    case NumericForm::kInfinity:
    case NumericForm::kMinusInfinity: return packed.size() == 1;
  }
  return false;
}

void NumericDigits::strip() {
  size_t leading = 0;
  while (leading < digits.size() && digits[leading] == 0) ++leading;
  if (leading > 0) {
    digits.erase(digits.begin(), digits.begin() + static_cast<std::ptrdiff_t>(leading));
    weight -= static_cast<int>(leading);
  }
  while (!digits.empty() && digits.back() == 0) digits.pop_back();
  if (digits.empty()) {
    weight = 0;
    negative = false;
  }
}

NumericDigits numeric_digits(std::string_view packed) {
  if (numeric_form(packed) == NumericForm::kSmall) return digits_of_small(small_numeric(packed));
  NumericDigits v;
  uint16_t scale;
  int16_t weight;
  std::memcpy(&scale, packed.data() + 2, 2);
  std::memcpy(&weight, packed.data() + 4, 2);
  v.negative = packed[1] != 0;
  v.scale = scale;
  v.weight = weight;
  v.digits.resize((packed.size() - kLargeHeaderBytes) / 2);
  std::memcpy(v.digits.data(), packed.data() + kLargeHeaderBytes, v.digits.size() * 2);
  return v;
}

std::string pack_numeric(NumericDigits v) {
  v.strip();
  SmallNumeric small{};
  if (to_small(v, &small)) {
    std::string out(kNumericSmallBytes, '\0');
    write_small_numeric(small, out.data());
    return out;
  }
  std::string out(kLargeHeaderBytes + v.digits.size() * 2, '\0');
  out[0] = static_cast<char>(NumericForm::kLarge);
  out[1] = v.negative ? 1 : 0;
  const auto scale = static_cast<uint16_t>(v.scale);
  const auto weight = static_cast<int16_t>(v.weight);
  std::memcpy(out.data() + 2, &scale, 2);
  std::memcpy(out.data() + 4, &weight, 2);
  std::memcpy(out.data() + kLargeHeaderBytes, v.digits.data(), v.digits.size() * 2);
  return out;
}

int compare_numeric(std::string_view a, std::string_view b) {
  const NumericForm form_a = numeric_form(a), form_b = numeric_form(b);
  if (form_a == NumericForm::kSmall && form_b == NumericForm::kSmall) {
    return compare_small(small_numeric(a), small_numeric(b));
  }
  if (const int order = rank(form_a) - rank(form_b); order != 0) return order;
  if (rank(form_a) != 1) return 0;
  const NumericDigits x = numeric_digits(a), y = numeric_digits(b);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  return x.negative ? compare_magnitudes(y, x) : compare_magnitudes(x, y);
}

}  // namespace troupe
