#include "runtime/types/datetime_tokens.hpp"

#include <algorithm>

#include "runtime/types/text_scan.hpp"

namespace troupe::datetime_tokens {
namespace {

using text_scan::is_alnum;
using text_scan::is_alpha;
using text_scan::is_digit;

/// What may be followed by a number or a sign of its own.
bool is_date_word(std::string_view word) {
  constexpr std::string_view kWords[] = {"ad",  "allballs", "am", "at",     "bc", "d",  "dow", "doy", "dst",   "epoch",    "h",
                                         "inf", "infinity", "isodow", "isoyear", "j", "jd", "julian", "m", "mm", "now", "on",
                                         "pm",  "s", "t", "today", "tomorrow", "y", "yesterday", "z"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords) || month_of(word) != 0 ||
         is_weekday(word);
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_{text_scan::lowered(text)} {}

  std::optional<std::vector<Token>> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (text_scan::is_space(c) || c == ',' || c == ';') {
        ++at_;
      } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        number();
      } else if (is_alpha(c)) {
        word();
      } else if (c == '+' || c == '-') {
        sign();
      } else if (c == '@' || c == '(' || c == ')' || c == '/' || c == '.') {
        ++at_;  // ignored punctuation
      } else {
        return std::nullopt;
      }
    }
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  template <typename Accept>
  size_t span(size_t from, Accept accept) const {
    while (from < text_.size() && accept(text_[from])) ++from;
    return from;
  }
  void emit(Kind kind, size_t end) {
    tokens_.push_back({kind, text_.substr(at_, end - at_)});
    at_ = end;
  }
  void number() {
    size_t end = span(at_, is_digit);
    const char next = end < text_.size() ? text_[end] : '\0';
    const char after = end + 1 < text_.size() ? text_[end + 1] : '\0';
    if (next == ':') return emit(Kind::kTime, span(end, [](char c) { return is_digit(c) || c == ':' || c == '.'; }));
    if ((next == '-' || next == '/') && (is_digit(after) || is_alpha(after))) return date(end, next);
    if (next == '.') {
      const size_t second = span(end + 1, is_digit);
      if (second < text_.size() && text_[second] == '.') return date(end, '.');
      return emit(Kind::kNumber, second);
    }
    emit(Kind::kNumber, end);
  }
  /// Up to two separators; "1999-01-08-05" leaves "-05" for the zone.
  void date(size_t end, char separator) {
    for (int parts = 1; parts < 3 && end < text_.size() && text_[end] == separator; ++parts) {
      const size_t next = span(end + 1, is_digit);
      // Of numbers the third is one, too: "1999-08-Jan" is no date.
      const size_t letters = next == end + 1 && parts == 1 ? span(end + 1, is_alpha) : next;
      if (letters == end + 1) break;
      end = letters;
    }
    emit(Kind::kDate, end);
  }
  void word() {
    size_t end = span(at_, is_alpha);
    const std::string letters = text_.substr(at_, end - at_);
    const char next = end < text_.size() ? text_[end] : '\0';
    if (month_of(letters) != 0 && (next == '-' || next == '/') ) return date(end, next);
    if (next == '/' || next == '_') {
      // A zone's name: America/New_York, Etc/GMT+5.
      end = span(end, [](char c) { return is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+'; });
    } else if (next == '-' || ((next == '+' || is_digit(next)) && !is_date_word(letters))) {
      // POSIX's names of zones: est5edt, pst-03:00.
      end = span(end, [](char c) { return is_alnum(c) || std::string_view("+-/_.:").find(c) != std::string_view::npos; });
    }
    emit(Kind::kWord, end);
  }
  void sign() {
    if (is_digit(peek(1)) || (peek(1) == '.' && is_digit(peek(2)))) {
      return emit(Kind::kZone, span(at_ + 1, [](char c) { return is_digit(c) || c == ':' || c == '.'; }));
    }
    emit(Kind::kSign, at_ + 1);
  }

  std::string text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::optional<std::vector<Token>> split(std::string_view text) { return Splitter(text).run(); }

int month_of(std::string_view word) {
  constexpr std::string_view kNames[] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};
  if (word == "sept") return 9;
  for (int m = 0; m < 12; ++m) {
    if (word == kNames[m] || word == kNames[m].substr(0, 3)) return m + 1;
  }
  return 0;
}

bool is_weekday(std::string_view word) {
  constexpr std::string_view kWords[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                                         "sun",    "mon",    "tue",     "tues",      "wed",      "weds",   "thu",
                                         "thur",   "thurs",  "fri",     "sat"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

}  // namespace troupe::datetime_tokens
