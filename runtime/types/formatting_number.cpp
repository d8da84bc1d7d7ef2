#include <algorithm>

#include "runtime/types/formatting.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

enum class Sign : uint8_t { kDefault, kLeading, kTrailing, kBrackets };

/// A number template, taken apart.
struct NumberPattern {
  struct Item {
    char kind;  ///< 9 0 . , + (PL) - (MI) ~ (SG) T (TH) t (th) ' (literal)
    char literal = 0;
  };
  std::vector<Item> items;
  int before = 0;  ///< digits before the point
  int after = 0;
  int first_zero = -1;  ///< digit position of the first 0 before the point
  int last_zero_after = 0;
  bool fill_mode = false;
  bool has_sign_item = false;  ///< MI or SG: no sign by default
  Sign sign = Sign::kDefault;
};

absl::StatusOr<NumberPattern> parse_pattern(std::string_view text) {
  NumberPattern p;
  bool point = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto is = [&](std::string_view word) { return text_scan::starts_ignoring_case(rest, word); };
    size_t used = 1;
    if (rest[0] == '9' || rest[0] == '0') {
      if (rest[0] == '0' && !point && p.first_zero < 0) p.first_zero = p.before;
      ++(point ? p.after : p.before);
      if (rest[0] == '0' && point) p.last_zero_after = p.after;
      p.items.push_back({rest[0]});
    } else if (rest[0] == '.' || is("D")) {
      if (point) return error(ErrorCode::kSyntaxError, "multiple decimal points");
      point = true;
      p.items.push_back({'.'});
    } else if (rest[0] == ',' || is("G")) {
      p.items.push_back({','});
    } else if (is("FM")) {
      p.fill_mode = true;
      used = 2;
    } else if (is("MI") || is("PL") || is("SG")) {
      const char kind = is("MI") ? '-' : (is("PL") ? '+' : '~');
      p.has_sign_item = p.has_sign_item || kind != '+';
      p.items.push_back({kind});
      used = 2;
    } else if (is("PR")) {
      p.sign = Sign::kBrackets;
      used = 2;
    } else if (is("TH")) {
      p.items.push_back({rest[0] == 'T' ? 'T' : 't'});
      used = 2;
    } else if (is("S")) {
      p.sign = p.before + p.after > 0 ? Sign::kTrailing : Sign::kLeading;
    } else if (is("L")) {
      p.items.push_back({'\'', ' '});
    } else if (is("EEEE") || is("RN") || is("V")) {
      return error(ErrorCode::kFeatureNotSupported, "number pattern \"", rest.substr(0, is("EEEE") ? 4 : is("RN") ? 2 : 1), "\" is not supported");
    } else if (rest[0] == '"') {
      size_t end = rest.find('"', 1);
      if (end == std::string_view::npos) end = rest.size() - 1;
      for (const char c : rest.substr(1, end - 1)) p.items.push_back({'\'', c});
      used = end + 1;
    } else {
      p.items.push_back({'\'', rest[0]});
    }
    i += used;
  }
  return p;
}

std::string_view ordinal(std::string_view digits) {
  const char ones = digits.back();
  if (digits.size() > 1 && digits[digits.size() - 2] == '1') return "th";
  return ones == '1' ? "st" : ones == '2' ? "nd" : ones == '3' ? "rd" : "th";
}

class NumberPrinter {
 public:
  NumberPrinter(const NumberPattern& p, bool negative, std::string whole, std::string fraction)
      : p_{p}, negative_{negative}, whole_{std::move(whole)}, fraction_{std::move(fraction)} {}

  std::string print() {
    overflow_ = static_cast<int>(whole_.size()) > p_.before;
    // A lone zero before the point is not shown when decimals follow, unless FM leaves nothing else.
    const bool zero = fraction_.find_first_not_of('0') == std::string::npos;
    if (whole_ == "0" && p_.after > 0 && !overflow_ && !(p_.fill_mode && zero)) whole_.clear();
    if (p_.fill_mode) {
      // FM drops zeros at the end that no 0 asks for.
      size_t keep = fraction_.size();
      while (keep > static_cast<size_t>(p_.last_zero_after) && fraction_[keep - 1] == '0') --keep;
      fraction_.resize(keep);
    }
    first_digit_ = p_.before - static_cast<int>(whole_.size());
    if (p_.first_zero >= 0) first_digit_ = std::min(first_digit_, p_.first_zero);
    for (const NumberPattern::Item& item : p_.items) this->item(item);
    if (!sign_written_) write_sign();
    if (p_.sign == Sign::kTrailing) out_.push_back(negative_ ? '-' : '+');
    if (p_.sign == Sign::kBrackets && (negative_ || !p_.fill_mode)) out_.push_back(negative_ ? '>' : ' ');
    return std::move(out_);
  }

 private:
  void item(const NumberPattern::Item& item) {
    switch (item.kind) {
      case '9':
      case '0': return digit();
      case '.':
        write_sign();
        point_ = true;
        out_.push_back('.');
        return;
      case ',':
        if (sign_written_) out_.push_back(',');
        else if (!p_.fill_mode) out_.push_back(' ');
        return;
      case '-':
        if (negative_ || !p_.fill_mode) out_.push_back(negative_ ? '-' : ' ');
        return;
      case '+':
        if (!negative_ || !p_.fill_mode) out_.push_back(negative_ ? ' ' : '+');
        return;
      case '~': out_.push_back(negative_ ? '-' : '+'); return;
      case 'T':
      case 't':
        if (negative_ || point_ || overflow_) return;
        for (const char c : ordinal(whole_.empty() ? "0" : std::string_view(whole_))) out_.push_back(item.kind == 'T' ? text_scan::upper(c) : c);
        return;
      default: out_.push_back(item.literal);
    }
  }
  void digit() {
    if (point_) {
      const auto at = static_cast<size_t>(after_++);
      if (overflow_) out_.push_back('#');
      else if (at < fraction_.size()) out_.push_back(fraction_[at]);
      return;
    }
    const int at = before_++;
    if (overflow_) {
      write_sign();
      out_.push_back('#');
      return;
    }
    if (at < first_digit_) {
      if (!p_.fill_mode) out_.push_back(' ');
      return;
    }
    write_sign();
    const int index = at - (p_.before - static_cast<int>(whole_.size()));
    out_.push_back(index < 0 ? '0' : whole_[static_cast<size_t>(index)]);
  }
  /// Right before the first digit, unless the pattern places the sign itself.
  void write_sign() {
    if (sign_written_) return;
    sign_written_ = true;
    switch (p_.sign) {
      case Sign::kLeading: out_.push_back(negative_ ? '-' : '+'); return;
      case Sign::kTrailing: return;
      case Sign::kBrackets:
        if (negative_ || !p_.fill_mode) out_.push_back(negative_ ? '<' : ' ');
        return;
      case Sign::kDefault:
        if (p_.has_sign_item) return;
        if (negative_ || !p_.fill_mode) out_.push_back(negative_ ? '-' : ' ');
    }
  }

  const NumberPattern& p_;
  bool negative_, overflow_ = false, point_ = false, sign_written_ = false;
  std::string whole_, fraction_, out_;
  int first_digit_ = 0, before_ = 0, after_ = 0;
};

}  // namespace

absl::StatusOr<std::string> format_number_pattern(const Numeric& v, std::string_view pattern) {
  TROUPE_ASSIGN_OR_RETURN(const NumberPattern p, parse_pattern(pattern));
  if (!v.is_finite()) return std::string(static_cast<size_t>(p.before + p.after + (p.after > 0 ? 2 : 1)), '#');
  std::string text;
  format_numeric(numeric_round(numeric_abs(v), p.after).bytes(), &text);
  const size_t point = std::min(text.find('.'), text.size());
  std::string whole = text.substr(0, point), fraction = point < text.size() ? text.substr(point + 1) : "";
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return NumberPrinter(p, v.sign() < 0 && !zero, std::move(whole), std::move(fraction)).print();
}

absl::StatusOr<Numeric> parse_number_pattern(std::string_view text, std::string_view pattern) {
  TROUPE_ASSIGN_OR_RETURN(const NumberPattern p, parse_pattern(pattern));
  std::string digits;
  bool negative = false, point = false;
  int before = 0, after = 0;
  for (const char c : text) {
    if (text_scan::is_digit(c)) {
      if (point ? after >= p.after : before >= p.before) break;
      ++(point ? after : before);
      digits.push_back(c);
    } else if (c == '.' && !point && p.after > 0) {
      point = true;
      digits.push_back(c);
    } else if (c == '-' || c == '<') {
      negative = true;
    }
  }
  if (before + after == 0) return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type numeric: \" \"");
  return parse_numeric((negative ? "-" : "") + digits);
}

}  // namespace troupe
