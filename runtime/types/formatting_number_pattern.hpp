#pragma once
/// Number templates taken apart, for to_char() and to_number().
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe::formatting {

enum class NumberWord : uint8_t {
  kNine,
  kZero,
  kPoint,
  kComma,
  kCurrency,
  kMinus,
  kPlus,
  kSign,
  kOrdinalUpper,
  kOrdinalLower,
  kRomanUpper,
  kRomanLower,
  kLiteral
};

struct NumberItem {
  NumberWord word = NumberWord::kLiteral;
  std::string_view literal;  ///< one character of the template
};

/// Where S puts the sign.
enum class SignPlace : uint8_t { kNone, kBeforeDigits, kBehindDigits };

struct NumberPattern {
  std::vector<NumberItem> items;  ///< only of what is written or read in its place
  int before = 0;                 ///< digits before the point
  int after = 0;                  ///< digits behind it
  int shifted = 0;                ///< digits behind V
  int first_zero = 0;             ///< digits before the first 0
  int last_zero = 0;              ///< digits up to the last 0
  int digits_before_sign = 0;     ///< before S
  SignPlace sign = SignPlace::kNone;
  bool point = false, zero = false, fill_mode = false, blank = false, brackets = false, minus = false, plus = false;
  bool roman = false, shift = false, scientific = false;
};

/// Errors: 42601 for words that do not go together. The pattern's text must stay.
absl::StatusOr<NumberPattern> parse_number_template(std::string_view text);

}  // namespace troupe::formatting
