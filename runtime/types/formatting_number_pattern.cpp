#include "runtime/types/formatting_number_pattern.hpp"

#include <optional>

#include "runtime/types/scalar_text.hpp"

namespace troupe::formatting {
namespace {

absl::Status bad(std::string_view what) { return error(ErrorCode::kSyntaxError, what); }

/// What a word of the template is; some are not items.
enum class Key : uint8_t {
  kNine,
  kZero,
  kPoint,
  kComma,
  kBlank,
  kNothing,
  kScientific,
  kFillMode,
  kCurrency,
  kMinus,
  kPlus,
  kBrackets,
  kSignItem,
  kSign,
  kRomanUpper,
  kRomanLower,
  kOrdinalUpper,
  kOrdinalLower,
  kShift
};

struct Word {
  std::string_view upper;
  Key key;
};

// Longer words before those they begin with.
constexpr Word kWords[] = {
    {"9", Key::kNine},      {"0", Key::kZero},      {".", Key::kPoint},         {",", Key::kComma},
    {"B", Key::kBlank},     {"C", Key::kNothing},   {"D", Key::kPoint},         {"EEEE", Key::kScientific},
    {"FM", Key::kFillMode}, {"G", Key::kComma},     {"L", Key::kCurrency},      {"MI", Key::kMinus},
    {"PL", Key::kPlus},     {"PR", Key::kBrackets}, {"RN", Key::kRomanUpper},   {"SG", Key::kSignItem},
    {"SP", Key::kNothing},  {"S", Key::kSign},      {"TH", Key::kOrdinalUpper}, {"V", Key::kShift},
};

/// All of it in capitals, or all in small letters.
bool begins_with(std::string_view text, std::string_view upper, bool* small) {
  if (text.starts_with(upper)) return *small = false, true;
  *small = true;
  if (text.size() < upper.size()) return false;
  for (size_t i = 0; i < upper.size(); ++i) {
    if (upper[i] < 'A' || text[i] != upper[i] + ('a' - 'A')) return false;
  }
  return true;
}

std::optional<Word> next_word(std::string_view text) {
  for (const Word& word : kWords) {
    bool small = false;
    if (!begins_with(text, word.upper, &small)) continue;
    Key key = word.key;
    if (small && key == Key::kRomanUpper) key = Key::kRomanLower;
    if (small && key == Key::kOrdinalUpper) key = Key::kOrdinalLower;
    return Word{text.substr(0, word.upper.size()), key};
  }
  return std::nullopt;
}

class TemplateParser {
 public:
  absl::StatusOr<NumberPattern> parse(std::string_view text) {
    while (!text.empty()) {
      if (const auto word = next_word(text)) {
        if (p_.scientific && word->key != Key::kScientific) return bad("\"EEEE\" must be the last pattern used");
        TROUPE_RETURN_IF_ERROR(add(word->key));
        text.remove_prefix(word->upper.size());
      } else if (text[0] == '"') {
        text.remove_prefix(1);
        quoted(&text);
      } else {
        if (text.starts_with("\\\"")) text.remove_prefix(1);
        literal(&text);
      }
    }
    return std::move(p_);
  }

 private:
  void quoted(std::string_view* text) {
    while (!text->empty()) {
      if (text->front() == '"') return text->remove_prefix(1);
      if (text->front() == '\\' && text->size() > 1) text->remove_prefix(1);
      literal(text);
    }
  }
  void literal(std::string_view* text) {
    const size_t bytes = utf8_offset(*text, 1);
    p_.items.push_back({NumberWord::kLiteral, text->substr(0, bytes)});
    text->remove_prefix(bytes);
  }
  absl::Status item(NumberWord word) {
    p_.items.push_back({word, {}});
    return absl::OkStatus();
  }

  absl::Status add(Key key) {
    switch (key) {
      case Key::kNine: return nine();
      case Key::kZero: return zero();
      case Key::kPoint: return point();
      case Key::kComma: return item(NumberWord::kComma);
      case Key::kCurrency: return item(NumberWord::kCurrency);
      case Key::kBlank: p_.blank = p_.blank || (p_.before == 0 && p_.after == 0 && !p_.zero); return absl::OkStatus();
      case Key::kNothing: return absl::OkStatus();
      case Key::kFillMode: p_.fill_mode = true; return absl::OkStatus();
      case Key::kScientific: return scientific();
      case Key::kSign: return sign();
      case Key::kMinus:
      case Key::kPlus:
      case Key::kSignItem: return sign_item(key);
      case Key::kBrackets: return brackets();
      case Key::kShift: return shift();
      case Key::kRomanUpper:
      case Key::kRomanLower:
        p_.roman = true;
        return item(key == Key::kRomanUpper ? NumberWord::kRomanUpper : NumberWord::kRomanLower);
      case Key::kOrdinalUpper: return item(NumberWord::kOrdinalUpper);
      case Key::kOrdinalLower: return item(NumberWord::kOrdinalLower);
    }
    return absl::OkStatus();
  }
  absl::Status nine() {
    if (p_.brackets) return bad("\"9\" must be ahead of \"PR\"");
    ++(p_.shift ? p_.shifted : p_.point ? p_.after : p_.before);
    return item(NumberWord::kNine);
  }
  absl::Status zero() {
    if (p_.brackets) return bad("\"0\" must be ahead of \"PR\"");
    if (!p_.zero && !p_.point) {
      p_.zero = true;
      p_.first_zero = p_.before;
    }
    ++(p_.point ? p_.after : p_.before);
    p_.last_zero = p_.before + p_.after;
    return item(NumberWord::kZero);
  }
  absl::Status point() {
    if (p_.point) return bad("multiple decimal points");
    if (p_.shift) return bad("cannot use \"V\" and decimal point together");
    p_.point = true;
    return item(NumberWord::kPoint);
  }
  absl::Status shift() {
    if (p_.point) return bad("cannot use \"V\" and decimal point together");
    p_.shift = true;
    return absl::OkStatus();
  }
  absl::Status sign() {
    if (p_.sign != SignPlace::kNone) return bad("cannot use \"S\" twice");
    if (p_.plus || p_.minus || p_.brackets) return bad("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    p_.sign = p_.point ? SignPlace::kBehindDigits : SignPlace::kBeforeDigits;
    p_.digits_before_sign = p_.before;
    return absl::OkStatus();
  }
  absl::Status sign_item(Key key) {
    const std::string_view name = key == Key::kMinus ? "MI" : key == Key::kPlus ? "PL" : "SG";
    if (p_.sign != SignPlace::kNone) {
      return error(ErrorCode::kSyntaxError, "cannot use \"S\" and \"", name, "\" together");
    }
    p_.minus = p_.minus || key != Key::kPlus;
    p_.plus = p_.plus || key != Key::kMinus;
    return item(key == Key::kMinus ? NumberWord::kMinus : key == Key::kPlus ? NumberWord::kPlus : NumberWord::kSign);
  }
  absl::Status brackets() {
    if (p_.sign != SignPlace::kNone || p_.plus || p_.minus) {
      return bad("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
    }
    p_.brackets = true;
    return absl::OkStatus();
  }
  absl::Status scientific() {
    if (p_.scientific) return bad("cannot use \"EEEE\" twice");
    if (p_.blank || p_.fill_mode || p_.sign != SignPlace::kNone || p_.brackets || p_.minus || p_.plus || p_.roman ||
        p_.shift) {
      return with_detail(bad("\"EEEE\" is incompatible with other formats"),
                         "\"EEEE\" may only be used together with digit and decimal point patterns.");
    }
    p_.scientific = true;
    return absl::OkStatus();
  }

  NumberPattern p_;
};

}  // namespace

absl::StatusOr<NumberPattern> parse_number_template(std::string_view text) { return TemplateParser().parse(text); }

}  // namespace troupe::formatting
