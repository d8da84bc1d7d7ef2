/// to_number().
#include <algorithm>

#include "runtime/types/formatting.hpp"
#include "runtime/types/formatting_number_pattern.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using formatting::NumberItem;
using formatting::NumberPattern;
using formatting::NumberWord;
using formatting::SignPlace;

/// Walks the pattern and the text together; PostgreSQL's NUM_processor() is the source of what is skipped when.
class NumberReader {
 public:
  NumberReader(const NumberPattern& p, std::string_view text) : p_{p}, text_{text} {}

  /// A sign or a blank, then the digits.
  std::string read() {
    for (const NumberItem& item : p_.items) {
      if (at_end()) break;
      this->item(item);
    }
    if (digits_.ends_with('.')) digits_.pop_back();
    return cat(std::string_view(&sign_, 1), digits_);
  }
  int digits_after() const { return read_after_; }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool is_digit(size_t at) const { return at < text_.size() && text_scan::is_digit(text_[at]); }
  void skip_character() { at_ += utf8_offset(text_.substr(at_), 1); }
  /// What stands for a word of the pattern, unless it belongs to the number.
  void skip_other(int characters) {
    for (; characters > 0 && !at_end() && std::string_view("0123456789.,+-").find(here()) == std::string_view::npos;
         --characters) {
      skip_character();
    }
  }
  void take_sign(std::string_view signs) {
    if (signs.find(here()) != std::string_view::npos) {
      sign_ = here();
      ++at_;
    } else {
      skip_other(1);
    }
  }

  void item(const NumberItem& item) {
    switch (item.word) {
      case NumberWord::kNine:
      case NumberWord::kZero:
      case NumberWord::kPoint:
        place(item.word);
        ++at_;
        break;
      case NumberWord::kComma:
        if (here() == ',' && !p_.fill_mode) ++at_;
        break;
      case NumberWord::kCurrency: skip_other(1); break;
      case NumberWord::kMinus: take_sign("-"); break;
      case NumberWord::kPlus: take_sign("+"); break;
      case NumberWord::kSign: take_sign("+-"); break;
      case NumberWord::kOrdinalUpper:
      case NumberWord::kOrdinalLower:
        if (!p_.point) skip_other(2);
        break;
      default: skip_character();
    }
  }
  /// Leaves `at_` before what is to be skipped next: the character read, whether it was of use or not.
  void place(NumberWord word) {
    if (here() == ' ') ++at_;
    if (at_end()) return;
    const bool first = read_before_ + read_after_ == 0;
    if (sign_ == ' ' && first && word != NumberWord::kPoint) read_sign_before();
    if (at_end()) return;
    bool read = false;
    if (is_digit(at_)) {
      if (read_point_ && read_after_ == p_.after) return;
      digits_.push_back(here());
      ++(read_point_ ? read_after_ : read_before_);
      read = true;
    } else if (p_.point && !read_point_ && here() == '.') {
      digits_.push_back('.');
      read_point_ = read = true;
    }
    if (sign_ == ' ' && read_before_ + read_after_ > 0) read_sign_behind(read);
  }
  void read_sign_before() {
    const bool placed = p_.sign == SignPlace::kBeforeDigits;
    if (here() == '-' || (here() == '<' && p_.brackets && !placed)) {
      sign_ = '-';
    } else if (here() == '+') {
      sign_ = '+';
    } else {
      return;
    }
    ++at_;
  }
  void read_sign_behind(bool read) {
    if (p_.sign != SignPlace::kNone && read && at_ + 1 < text_.size() && !is_digit(at_ + 1)) {
      const char next = text_[at_ + 1];
      if (next != '-' && next != '+') return;
      sign_ = next;
      ++at_;
    } else if (!read && p_.sign == SignPlace::kNone && (p_.plus || p_.minus) && (here() == '-' || here() == '+')) {
      sign_ = here();
    }
  }

  const NumberPattern& p_;
  std::string_view text_;
  size_t at_ = 0;
  char sign_ = ' ';
  std::string digits_;
  bool read_point_ = false;
  int read_before_ = 0, read_after_ = 0;
};

}  // namespace

absl::StatusOr<Numeric> parse_number_pattern(std::string_view text, std::string_view pattern) {
  TROUPE_ASSIGN_OR_RETURN(const NumberPattern p, formatting::parse_number_template(pattern));
  if (p.scientific || p.roman) {
    return error(ErrorCode::kFeatureNotSupported, "\"", p.scientific ? "EEEE" : "RN", "\" not supported for input");
  }
  NumberReader reader(p, text);
  TROUPE_ASSIGN_OR_RETURN(const Numeric read, parse_numeric(reader.read()));
  const int scale = reader.digits_after(), precision = p.before + p.shifted + scale;
  TROUPE_ASSIGN_OR_RETURN(const Numeric value, apply_numeric_typmod(read, ((precision << 16) | scale) + 4));
  if (!p.shift) return value;
  TROUPE_ASSIGN_OR_RETURN(const Numeric factor, numeric_power(Numeric::of_int(10), Numeric::of_int(-p.shifted)));
  return numeric_multiply(value, factor);
}

}  // namespace troupe
