#include "runtime/types/money.hpp"

#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

using text_scan::is_digit;
using text_scan::trim_left;

constexpr int kDecimals = 2;

bool take(char c, std::string_view* rest) {
  if (rest->empty() || rest->front() != c) return false;
  rest->remove_prefix(1);
  return true;
}

/// Digits with a point and commas among them, as a negative number of cents; false when it is too large.
bool take_amount(std::string_view* rest, int64_t* cents) {
  int64_t value = 0;
  int decimals = 0;
  bool point = false;
  const auto append = [&](int digit) {
    return !__builtin_mul_overflow(value, 10, &value) && !__builtin_sub_overflow(value, digit, &value);
  };
  for (; !rest->empty(); rest->remove_prefix(1)) {
    const char c = rest->front();
    if (is_digit(c) && (!point || decimals < kDecimals)) {
      if (!append(c - '0')) return false;
      decimals += point ? 1 : 0;
    } else if (c == '.' && !point) {
      point = true;
    } else if (c != ',') {
      break;
    }
  }
  const bool up = !rest->empty() && is_digit(rest->front()) && rest->front() >= '5';
  // What is rounded away has all its decimals.
  if (up && __builtin_sub_overflow(value, 1, &value)) return false;
  for (; decimals < kDecimals; ++decimals) {
    if (!append(0)) return false;
  }
  *cents = value;
  return true;
}

}  // namespace

absl::StatusOr<int64_t> parse_money(std::string_view text) {
  const auto out_of_range = [&] {
    return error(ErrorCode::kNumericValueOutOfRange, "value \"", text, "\" is out of range for type money");
  };
  std::string_view rest = trim_left(text);
  if (take('$', &rest)) rest = trim_left(rest);
  bool negative = take('-', &rest) || take('(', &rest);
  if (!negative) take('+', &rest);
  rest = trim_left(rest);
  if (take('$', &rest)) rest = trim_left(rest);
  int64_t cents = 0;
  if (!take_amount(&rest, &cents)) return out_of_range();
  while (!rest.empty() && is_digit(rest.front())) rest.remove_prefix(1);
  for (; !rest.empty(); rest.remove_prefix(1)) {
    const char c = rest.front();
    negative = negative || c == '-';
    if (!text_scan::is_space(c) && c != ')' && c != '-' && c != '+' && c != '$') return invalid_syntax("money", text);
  }
  if (!negative && __builtin_sub_overflow(int64_t{0}, cents, &cents)) return out_of_range();
  return cents;
}

void format_money(int64_t cents, std::string* out) {
  const uint64_t amount = cents < 0 ? ~static_cast<uint64_t>(cents) + 1 : static_cast<uint64_t>(cents);
  std::string units = cat(amount / kCents);
  for (size_t at = units.size(); at > 3;) units.insert(at -= 3, ",");
  const uint64_t rest = amount % kCents;
  out->append(cat(cents < 0 ? "-$" : "$", units, ".", rest / 10, rest % 10));
}

}  // namespace troupe
