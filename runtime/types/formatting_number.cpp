/// to_char() of numbers.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <optional>

#include "runtime/types/formatting.hpp"
#include "runtime/types/formatting_number_pattern.hpp"
#include "runtime/types/text_scan.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using formatting::NumberItem;
using formatting::NumberPattern;
using formatting::NumberWord;
using formatting::SignPlace;

/// A number as digits, ready for a pattern.
struct Digits {
  bool negative = false;
  std::string text;  ///< "12.50"; signs # when it does not fit
  int missing = 0;   ///< digits of the pattern before the point that it does not fill
};

/// Splits off the sign and says how the pattern's digits are filled.
Digits fit(std::string text, const NumberPattern& p) {
  Digits digits;
  digits.negative = text.starts_with('-');
  if (digits.negative) text.erase(0, 1);
  const auto before = static_cast<int>(std::min(text.find('.'), text.size()));
  digits.missing = std::max(p.before - before, 0);
  if (before > p.before) {
    text.assign(static_cast<size_t>(p.before + p.after + 1), '#');
    text[static_cast<size_t>(p.before)] = '.';
  }
  digits.text = std::move(text);
  return digits;
}

absl::StatusOr<std::string_view> ordinal(std::string_view digits) {
  const char last = digits.back();
  if (!text_scan::is_digit(last)) {
    return error(ErrorCode::kInvalidTextRepresentation, "\"", digits, "\" is not a number");
  }
  if (digits.size() > 1 && digits[digits.size() - 2] == '1') return "th";
  return last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
}

/// Walks the pattern and the digits together; PostgreSQL's NUM_processor() is the source of what happens when.
class NumberPrinter {
 public:
  NumberPrinter(const NumberPattern& p, const Digits& digits)
      : p_{p},
        digits_{digits.text},
        missing_{digits.missing},
        negative_{digits.negative},
        brackets_{p.brackets},
        sign_{p.sign} {
    if (p.plus || p.minus) {
      sign_written_ = p.minus;
    } else {
      if (!negative_ && p.fill_mode) brackets_ = false;
      sign_written_ = !negative_ && p.fill_mode && sign_ == SignPlace::kNone;
      if (sign_ == SignPlace::kBeforeDigits && p.before == p.digits_before_sign) sign_ = SignPlace::kBehindDigits;
    }
    if (p.fill_mode && p.point) last_kept_ = last_kept();
    places_ = p.after + p.before - 1 + (missing_ > 0 ? 1 : 0) + (p.point ? 1 : 0);
    if (!sign_written_ && missing_ == 0) ++places_;
  }

  absl::StatusOr<std::string> print() {
    for (const NumberItem& item : p_.items) TROUPE_RETURN_IF_ERROR(this->item(item));
    // Places behind the digits that a float has end the text.
    out_.resize(std::min(out_.find('\0'), out_.size()));
    return std::move(out_);
  }

 private:
  /// FM drops zeros at the end that no 0 asks for.
  std::optional<size_t> last_kept() const {
    const size_t point = digits_.find('.');
    if (point == std::string::npos) return std::nullopt;
    size_t last = std::max(digits_.find_last_not_of('0'), point);
    if (p_.last_zero > missing_) {
      last = std::max(last, std::min(digits_.size() - 1, static_cast<size_t>(p_.last_zero - missing_)));
    }
    return last;
  }
  bool ends_with_point() const { return last_kept_ && digits_[*last_kept_] == '.'; }
  char next() const { return at_ < digits_.size() ? digits_[at_] : '\0'; }
  /// The zero of 0.5 before the point.
  bool at_lone_zero() const { return !p_.zero && at_ == 0 && next() == '0' && p_.after != 0; }

  absl::Status item(const NumberItem& item) {
    switch (item.word) {
      case NumberWord::kNine:
      case NumberWord::kZero:
      case NumberWord::kPoint: place(item.word); break;
      case NumberWord::kComma:
        if (in_number_ || !p_.fill_mode) out_.push_back(in_number_ ? ',' : ' ');
        break;
      case NumberWord::kCurrency: out_.push_back(' '); break;
      case NumberWord::kMinus:
        if (negative_ || !p_.fill_mode) out_.push_back(negative_ ? '-' : ' ');
        break;
      case NumberWord::kPlus:
        if (!negative_ || !p_.fill_mode) out_.push_back(negative_ ? ' ' : '+');
        break;
      case NumberWord::kSign: out_.push_back(negative_ ? '-' : '+'); break;
      case NumberWord::kOrdinalUpper:
      case NumberWord::kOrdinalLower: return write_ordinal(item.word == NumberWord::kOrdinalUpper);
      default: out_.append(item.literal);
    }
    return absl::OkStatus();
  }
  absl::Status write_ordinal(bool upper) {
    if (digits_.starts_with('#') || negative_ || p_.point) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(const std::string_view letters, ordinal(digits_));
    for (const char c : letters) out_.push_back(upper ? text_scan::upper(c) : c);
    return absl::OkStatus();
  }
  /// One place of the number: a digit, the point, or the room for them.
  void place(NumberWord word) {
    in_number_ = false;
    const bool zeros_begun = p_.zero && p_.first_zero <= place_;
    const bool reached = place_ >= missing_ || (p_.zero && p_.first_zero == place_);
    if (!sign_written_ && reached && (!at_lone_zero() || ends_with_point())) write_sign();
    if (place_ < missing_ && !zeros_begun) {
      if (!p_.fill_mode) out_.push_back(' ');
    } else if (place_ < missing_) {
      out_.push_back('0');
      in_number_ = true;
    } else {
      write_next(word);
      if (at_ < digits_.size()) ++at_;
    }
    if (place_ + 1 == places_ && last_kept_ != at_) write_sign_behind();
    ++place_;
  }
  void write_sign() {
    if (sign_ == SignPlace::kBehindDigits) return;
    sign_written_ = true;
    if (sign_ == SignPlace::kBeforeDigits) {
      out_.push_back(negative_ ? '-' : '+');
    } else if (negative_ || brackets_ || !p_.fill_mode) {
      out_.push_back(!negative_ ? ' ' : (brackets_ ? '<' : '-'));
    }
  }
  void write_next(NumberWord word) {
    if (next() == '.') {
      out_.push_back('.');
    } else if (last_kept_ && at_ > *last_kept_ && word != NumberWord::kZero) {
      return;
    } else if (!at_lone_zero()) {
      out_.push_back(next());
      in_number_ = true;
    } else if (!p_.fill_mode) {
      out_.push_back(' ');
    } else if (ends_with_point()) {
      out_.push_back('0');
    }
  }
  void write_sign_behind() {
    if (sign_written_ && brackets_) {
      out_.push_back(negative_ ? '>' : ' ');
    } else if (sign_ == SignPlace::kBehindDigits) {
      out_.push_back(negative_ ? '-' : '+');
    }
  }

  const NumberPattern& p_;
  const std::string& digits_;
  const int missing_;
  const bool negative_;
  bool brackets_;
  SignPlace sign_;
  bool sign_written_ = false;
  bool in_number_ = false;  ///< the last place was a digit
  std::optional<size_t> last_kept_;
  int places_ = 0;  ///< up to the one that a sign goes behind
  int place_ = 0;
  size_t at_ = 0;
  std::string out_;
};

/// 1 to 3999; else a row of #.
std::string roman(int64_t v) {
  if (v < 1 || v > 3999) return std::string(15, '#');
  struct Letters {
    int64_t value;
    std::string_view text;
  };
  constexpr Letters kLetters[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
                                  {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"}};
  std::string out;
  for (const Letters& letters : kLetters) {
    for (; v >= letters.value; v -= letters.value) out.append(letters.text);
  }
  return out;
}

/// The other words beside RN mean nothing, only what stands between them is shown.
std::string print_roman(const NumberPattern& p, int64_t v) {
  std::string out;
  for (const NumberItem& item : p.items) {
    switch (item.word) {
      case NumberWord::kRomanUpper:
      case NumberWord::kRomanLower: {
        std::string letters = roman(v);
        if (item.word == NumberWord::kRomanLower) letters = text_scan::lowered(letters);
        if (!p.fill_mode) out.append(15 - letters.size(), ' ');
        out.append(letters);
        break;
      }
      case NumberWord::kComma:
      case NumberWord::kMinus:
      case NumberWord::kPlus:
        if (!p.fill_mode) out.push_back(' ');
        break;
      case NumberWord::kCurrency: out.push_back(' '); break;
      case NumberWord::kLiteral: out.append(item.literal); break;
      default: break;
    }
  }
  return out;
}

/// A sign's room and signs # around the point, for what has no exponent.
std::string no_exponent(const NumberPattern& p) {
  std::string out(static_cast<size_t>(p.before + p.after + 6), '#');
  out[0] = ' ';
  out[static_cast<size_t>(p.before + 1)] = '.';
  return out;
}

/// d.ddde+dd, rounded half away from zero. As in PostgreSQL, 9.99 may become 10.0e+00.
absl::StatusOr<std::string> scientific(const Numeric& v, const NumberPattern& p) {
  if (!v.is_finite()) return no_exponent(p);
  std::string text;
  format_numeric(numeric_abs(v).bytes(), &text);
  const size_t point = std::min(text.find('.'), text.size());
  const size_t first = text.find_first_of("123456789");
  int exponent = 0;
  std::string significand = "0";
  if (first != std::string::npos) {
    exponent = static_cast<int>(point) - static_cast<int>(first) - (first < point ? 1 : 0);
    std::string digits = text.substr(first);
    std::erase(digits, '.');
    significand = cat(digits.substr(0, 1), ".", digits.substr(1), "0");
  }
  TROUPE_ASSIGN_OR_RETURN(const Numeric exact, parse_numeric(significand));
  std::string rounded;
  format_numeric(numeric_round(exact, p.after).bytes(), &rounded);
  char tail[16];
  std::snprintf(tail, sizeof tail, "e%+03d", exponent);
  return cat(v.sign() < 0 ? "-" : " ", rounded, tail);
}

std::string scientific(double v, const NumberPattern& p) {
  if (!std::isfinite(v)) return no_exponent(p);
  char text[512];
  std::snprintf(text, sizeof text, "%+.*e", std::min(p.after, 400), v);
  if (text[0] == '+') text[0] = ' ';
  return text;
}

std::string fixed(double v, int decimals) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  char text[400];  // 309 digits before the point, at most 15 after it
  std::snprintf(text, sizeof text, "%.*f", decimals, v);
  return text;
}

/// Shows `precision` digits only, because there are no more in a float.
template <typename F>
absl::StatusOr<std::string> format_float_pattern(F v, std::string_view text, int precision) {
  TROUPE_ASSIGN_OR_RETURN(NumberPattern p, formatting::parse_number_template(text));
  if (p.roman) return print_roman(p, std::abs(v) < 4000 ? std::llrint(v) : 0);
  if (p.scientific) return scientific(static_cast<double>(v), p);
  if (p.shift) v = static_cast<F>(v * static_cast<F>(std::pow(10.0, p.shifted)));
  p.before += p.shifted;
  const auto before = static_cast<int>(fixed(std::abs(v), 0).size());
  p.after = before >= precision ? 0 : std::min(p.after, precision - before);
  return NumberPrinter(p, fit(fixed(v, p.after), p)).print();
}

}  // namespace

absl::StatusOr<std::string> format_number_pattern(const Numeric& v, std::string_view pattern) {
  TROUPE_ASSIGN_OR_RETURN(NumberPattern p, formatting::parse_number_template(pattern));
  if (p.roman) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t whole, numeric_to_int64(v, "integer"));
    if (whole != static_cast<int32_t>(whole)) {
      return error(ErrorCode::kNumericValueOutOfRange, "integer out of range");
    }
    return print_roman(p, whole);
  }
  if (p.scientific) return scientific(v, p);
  Numeric shifted = v;
  if (p.shift) {
    TROUPE_ASSIGN_OR_RETURN(const Numeric factor, numeric_power(Numeric::of_int(10), Numeric::of_int(p.shifted)));
    TROUPE_ASSIGN_OR_RETURN(shifted, numeric_multiply(v, factor));
  }
  p.before += p.shifted;
  std::string text;
  format_numeric(numeric_round(shifted, p.after).bytes(), &text);
  return NumberPrinter(p, fit(std::move(text), p)).print();
}

absl::StatusOr<std::string> format_number_pattern(int32_t v, std::string_view pattern) {
  TROUPE_ASSIGN_OR_RETURN(const NumberPattern p, formatting::parse_number_template(pattern));
  if (p.roman) return print_roman(p, v);
  if (p.scientific) return scientific(static_cast<double>(v), p);
  return format_number_pattern(Numeric::of_int(v), pattern);
}

absl::StatusOr<std::string> format_number_pattern(float v, std::string_view pattern) {
  return format_float_pattern(v, pattern, FLT_DIG);
}

absl::StatusOr<std::string> format_number_pattern(double v, std::string_view pattern) {
  return format_float_pattern(v, pattern, DBL_DIG);
}

}  // namespace troupe
