#include "runtime/types/numeric.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "runtime/types/numeric_digits.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

constexpr int kScaleMax = 16383, kWeightMax = 32767;

absl::Status overflows() { return error(ErrorCode::kNumericValueOutOfRange, "value overflows numeric format"); }

absl::Status bad_numeric(std::string_view text) {
  return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type numeric: \"", text, "\"");
}

/// The digits of "ddd.ddd" at `decimals`, which stand for 10^exponent times their value.
NumericDigits digits_of_decimals(std::string_view decimals, int point) {
  NumericDigits v;
  // Decimals before the point, padded to whole base-10000 digits.
  const int before = point;
  v.weight = before > 0 ? (before - 1) / 4 : -((-before) / 4) - 1;
  const int pad = (v.weight + 1) * 4 - before;
  const size_t total = decimals.size() + static_cast<size_t>(pad);
  for (size_t at = 0; at < total; at += 4) {
    int digit = 0;
    for (size_t i = at; i < at + 4; ++i) {
      const bool inside = i >= static_cast<size_t>(pad) && i < total;
      digit = digit * 10 + (inside ? decimals[i - static_cast<size_t>(pad)] - '0' : 0);
    }
    v.digits.push_back(static_cast<uint16_t>(digit));
  }
  v.strip();
  return v;
}

absl::StatusOr<Numeric> special_numeric(std::string_view word, bool signed_number, bool negative,
                                        std::string_view text) {
  if (text_scan::equals_ignoring_case(word, "nan") && !signed_number) return Numeric::nan();
  if (text_scan::equals_ignoring_case(word, "inf") || text_scan::equals_ignoring_case(word, "infinity")) {
    return Numeric::infinity(negative);
  }
  return bad_numeric(text);
}

/// Up to 18 digits without exponent: no digit vector is made.
bool parse_small(std::string_view word, bool negative, Numeric* out) {
  if (word.size() > 19) return false;
  int64_t v = 0;
  int scale = -1, digits = 0;
  for (const char c : word) {
    if (c == '.' && scale < 0) {
      scale = 0;
    } else if (c >= '0' && c <= '9') {
      if (++digits > 18) return false;
      v = v * 10 + (c - '0');
      if (scale >= 0) ++scale;
    } else {
      return false;
    }
  }
  if (digits == 0) return false;
  *out = Numeric::of_int(negative ? -v : v, std::max(scale, 0));
  return true;
}

bool parse_exponent(std::string_view word, int* exponent) {
  bool negative = false;
  if (!word.empty() && (word[0] == '+' || word[0] == '-')) {
    negative = word[0] == '-';
    word.remove_prefix(1);
  }
  if (word.empty()) return false;
  int64_t v = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return false;
    v = std::min<int64_t>(v * 10 + (c - '0'), 1 << 20);
  }
  *exponent = static_cast<int>(negative ? -v : v);
  return true;
}

void format_small(SmallNumeric v, std::string* out) {
  char buffer[48];
  char* at = buffer + sizeof buffer;
  uint64_t magnitude = v.value < 0 ? -static_cast<uint64_t>(v.value) : static_cast<uint64_t>(v.value);
  int written = 0;
  do {
    if (written == v.scale && v.scale > 0) *--at = '.';
    *--at = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
    ++written;
  } while (magnitude != 0 || written <= v.scale);
  if (v.value < 0) *--at = '-';
  out->append(at, static_cast<size_t>(buffer + sizeof buffer - at));
}

void format_large(const NumericDigits& v, std::string* out) {
  if (v.negative) out->push_back('-');
  const auto digit = [&v](int weight) {
    const int i = v.weight - weight;
    return i < 0 || i >= static_cast<int>(v.digits.size()) ? 0 : static_cast<int>(v.digits[static_cast<size_t>(i)]);
  };
  char four[8];
  if (v.digits.empty() || v.weight < 0) {
    out->push_back('0');
  } else {
    for (int w = v.weight; w >= 0; --w) {
      std::snprintf(four, sizeof four, w == v.weight ? "%d" : "%04d", digit(w));
      out->append(four);
    }
  }
  if (v.scale == 0) return;
  out->push_back('.');
  const size_t end = out->size() + static_cast<size_t>(v.scale);
  for (int w = -1; out->size() < end; --w) {
    std::snprintf(four, sizeof four, "%04d", digit(w));
    out->append(four);
  }
  out->resize(end);
}

Numeric of_float_text(double v, int digits) {
  if (std::isnan(v)) return Numeric::nan();
  if (std::isinf(v)) return Numeric::infinity(v < 0);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*g", digits, v);
  return *parse_numeric(buffer);
}

}  // namespace

Numeric::Numeric(std::string_view packed) {
  if (packed.size() <= sizeof inline_) {
    size_ = static_cast<uint8_t>(packed.size());
    std::memcpy(inline_, packed.data(), packed.size());
  } else {
    long_ = packed;
  }
}

Numeric Numeric::of_int(int64_t v, int scale) {
  if (scale > kNumericSmallScaleMax) return of_int128(v, scale);
  Numeric n;
  write_small_numeric({v, scale}, n.inline_);
  return n;
}

Numeric Numeric::of_int128(__int128 v, int scale) {
  if (scale <= kNumericSmallScaleMax && v >= INT64_MIN && v <= INT64_MAX) {
    return of_int(static_cast<int64_t>(v), scale);
  }
  NumericDigits digits = digits::of_int(v);
  if (scale > 0) {
    // Shift by whole digits, then by the rest through a multiplication.
    const int whole = (scale + 3) / 4;
    const int rest = whole * 4 - scale;
    constexpr int kPowers[] = {1, 10, 100, 1000};
    if (rest > 0) digits = digits::multiply(digits, digits::of_int(kPowers[rest]));
    digits.weight -= whole;
  }
  digits.scale = scale;
  return of_digits(std::move(digits));
}

Numeric Numeric::of_digits(NumericDigits digits) { return Numeric(pack_numeric(std::move(digits))); }
Numeric Numeric::of_double(double v) { return of_float_text(v, 15); }
Numeric Numeric::of_float(float v) { return of_float_text(static_cast<double>(v), 6); }
Numeric Numeric::nan() {
  const char form = static_cast<char>(NumericForm::kNan);
  return Numeric(std::string_view(&form, 1));
}
Numeric Numeric::infinity(bool negative) {
  const char form = static_cast<char>(negative ? NumericForm::kMinusInfinity : NumericForm::kInfinity);
  return Numeric(std::string_view(&form, 1));
}

int Numeric::sign() const {
  switch (form()) {
    case NumericForm::kSmall: {
      const int64_t v = small_numeric(bytes()).value;
      return v == 0 ? 0 : (v < 0 ? -1 : 1);
    }
    case NumericForm::kLarge: {
      const NumericDigits v = numeric_digits(bytes());
      return v.digits.empty() ? 0 : (v.negative ? -1 : 1);
    }
    case NumericForm::kInfinity: return 1;
    case NumericForm::kMinusInfinity: return -1;
    case NumericForm::kNan: return 0;
  }
  return 0;
}

int Numeric::scale() const {
  if (is_small()) return small_numeric(bytes()).scale;
  return is_finite() ? numeric_digits(bytes()).scale : 0;
}

absl::StatusOr<Numeric> parse_numeric(std::string_view text) {
  std::string_view word = text_scan::trim(text);
  bool negative = false, is_signed = false;
  if (!word.empty() && (word[0] == '+' || word[0] == '-')) {
    negative = word[0] == '-';
    is_signed = true;
    word.remove_prefix(1);
  }
  Numeric small;
  if (parse_small(word, negative, &small)) return small;
  if (word.empty() || !(text_scan::is_digit(word[0]) || word[0] == '.')) {
    return special_numeric(word, is_signed, negative, text);
  }
  std::string decimals;
  int point = -1;
  size_t at = 0;
  for (; at < word.size(); ++at) {
    if (word[at] == '.' && point < 0) {
      point = static_cast<int>(decimals.size());
    } else if (text_scan::is_digit(word[at])) {
      decimals.push_back(word[at]);
    } else {
      break;
    }
  }
  if (decimals.empty()) return bad_numeric(text);
  if (point < 0) point = static_cast<int>(decimals.size());
  int exponent = 0;
  if (at < word.size() && ((word[at] != 'e' && word[at] != 'E') || !parse_exponent(word.substr(at + 1), &exponent))) {
    return bad_numeric(text);
  }
  if (std::abs(exponent) >= INT32_MAX / 2048) return overflows();
  NumericDigits v = digits_of_decimals(decimals, point + exponent);
  v.negative = negative && !v.digits.empty();
  v.scale = std::max(static_cast<int>(decimals.size()) - point - exponent, 0);
  if (v.scale > kScaleMax) v = digits::round(std::move(v), kScaleMax);
  if (v.weight > kWeightMax) return overflows();
  return Numeric::of_digits(std::move(v));
}

void format_numeric(std::string_view packed, std::string* out) {
  switch (numeric_form(packed)) {
    case NumericForm::kSmall: return format_small(small_numeric(packed), out);
    case NumericForm::kLarge: return format_large(numeric_digits(packed), out);
    case NumericForm::kNan: out->append("NaN"); return;
    case NumericForm::kInfinity: out->append("Infinity"); return;
    case NumericForm::kMinusInfinity: out->append("-Infinity"); return;
  }
}

absl::StatusOr<int64_t> numeric_to_int64(const Numeric& v, std::string_view type_name) {
  if (!v.is_finite()) {
    return error(ErrorCode::kFeatureNotSupported, "cannot convert ", v.is_nan() ? "NaN" : "infinity", " to ", type_name);
  }
  if (v.is_small() && v.scale() == 0) return small_numeric(v.bytes()).value;
  const Numeric rounded = numeric_round(v, 0);
  if (!rounded.is_small()) return error(ErrorCode::kNumericValueOutOfRange, type_name, " out of range");
  return small_numeric(rounded.bytes()).value;
}

double numeric_to_double_lossy(const Numeric& v) {
  if (v.is_nan()) return std::numeric_limits<double>::quiet_NaN();
  if (v.is_infinite()) return v.sign() * std::numeric_limits<double>::infinity();
  std::string text;
  format_numeric(v.bytes(), &text);
  return std::strtod(text.c_str(), nullptr);
}

absl::StatusOr<double> numeric_to_double(const Numeric& v) {
  const double d = numeric_to_double_lossy(v);
  if (v.is_finite() && (std::isinf(d) || (d == 0 && !v.is_zero()))) {
    std::string text;
    format_numeric(v.bytes(), &text);
    return error(ErrorCode::kNumericValueOutOfRange, "\"", text, "\" is out of range for type double precision");
  }
  return d;
}

absl::StatusOr<Numeric> apply_numeric_typmod(const Numeric& v, int32_t typmod) {
  if (typmod < kVarHeader || v.is_nan()) return v;
  const int32_t packed = typmod - kVarHeader;
  const int precision = (packed >> 16) & 0xFFFF;
  const int scale = ((packed & 0x7FF) ^ 1024) - 1024;
  const auto overflow = [&](const std::string& detail) {
    return with_detail(error(ErrorCode::kNumericValueOutOfRange, "numeric field overflow"),
                       cat("A field with precision ", precision, ", scale ", scale, detail));
  };
  if (v.is_infinite()) return overflow(" cannot hold an infinite value.");
  const Numeric rounded = numeric_round(v, scale);
  if (rounded.is_zero()) return rounded;
  const int integer_digits = precision - scale;
  const auto log = digits::approximate_log10(numeric_digits(rounded.bytes()));
  // Near the limit the estimate is not enough: compare with the exact power of ten.
  bool fits = log < integer_digits - 1;
  if (!fits && log <= integer_digits + 1) {
    NumericDigits limit = digits::of_int(1);
    const int whole = integer_digits >= 0 ? integer_digits / 4 : -((3 - integer_digits) / 4);
    constexpr int kPowers[] = {1, 10, 100, 1000};
    limit.digits[0] = static_cast<uint16_t>(kPowers[integer_digits - whole * 4]);
    limit.weight = whole;
    fits = digits::compare_magnitude(numeric_digits(rounded.bytes()), limit) < 0;
  }
  if (!fits) {
    return overflow(cat(" must round to an absolute value less than ",
                        integer_digits == 0 ? std::string("1") : cat("10^", integer_digits), "."));
  }
  return rounded;
}

}  // namespace troupe
