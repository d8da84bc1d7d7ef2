#include <algorithm>

#include "runtime/types/regex_program.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

using text_scan::is_digit;

constexpr int kRepeatMax = 255, kDepthMax = 200;
constexpr size_t kProgramMax = 100000;

absl::Status invalid(std::string_view what) {
  return error(ErrorCode::kInvalidRegularExpression, "invalid regular expression: ", what);
}

void add_named_class(std::string_view name, std::vector<std::pair<uint32_t, uint32_t>>* ranges) {
  const auto add = [&](std::initializer_list<std::pair<uint32_t, uint32_t>> r) { ranges->insert(ranges->end(), r); };
  // Letters beyond ASCII: Latin-1, Latin Extended, Greek, Cyrillic and what lies between.
  if (name == "alpha") add({{'A', 'Z'}, {'a', 'z'}, {0xAA, 0xAA}, {0xB5, 0xB5}, {0xBA, 0xBA}, {0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2C1}, {0x370, 0x1FFF}, {0x2C00, 0xD7FF}, {0xF900, 0xFDFF}});
  if (name == "digit") add({{'0', '9'}});
  if (name == "alnum" || name == "word") {
    add_named_class("alpha", ranges);
    add_named_class("digit", ranges);
    if (name == "word") add({{'_', '_'}});
  }
  if (name == "upper") add({{'A', 'Z'}, {0xC0, 0xD6}, {0xD8, 0xDE}, {0x391, 0x3A9}, {0x400, 0x42F}});
  if (name == "lower") add({{'a', 'z'}, {0xDF, 0xF6}, {0xF8, 0xFF}, {0x3B1, 0x3C9}, {0x430, 0x45F}});
  if (name == "space") add({{' ', ' '}, {'\t', '\r'}});
  if (name == "blank") add({{' ', ' '}, {'\t', '\t'}});
  if (name == "punct") add({{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}});
  if (name == "xdigit") add({{'0', '9'}, {'A', 'F'}, {'a', 'f'}});
  if (name == "cntrl") add({{0, 31}, {127, 127}});
  if (name == "graph") add({{33, 126}, {0xA1, 0x10FFFF}});
  if (name == "print") add({{32, 126}, {0xA0, 0x10FFFF}});
}

/// The most characters that the program takes; SIZE_MAX: as many as there are.
size_t longest_match(const Regex::Program& program) {
  const std::vector<Instruction>& code = program.code;
  std::vector<size_t> rest(code.size() + 1, 0);  // from each instruction on
  for (size_t pc = code.size(); pc-- > 0;) {
    const Instruction& i = code[pc];
    switch (i.op) {
      case Op::kSplit:
      case Op::kJump:
        if (i.x <= pc || (i.op == Op::kSplit && i.y <= pc)) return SIZE_MAX;
        rest[pc] = i.op == Op::kSplit ? std::max(rest[i.x], rest[i.y]) : rest[i.x];
        break;
      case Op::kChar:
      case Op::kAny:
      case Op::kClass: rest[pc] = rest[pc + 1] + 1; break;
      default: rest[pc] = rest[pc + 1];
    }
  }
  return rest[0];
}

/// Writes code as it parses; repeats copy the atom's code.
class Compiler {
 public:
  Compiler(std::string_view pattern, RegexOptions options) : text_{pattern}, options_{options} {}

  absl::StatusOr<Regex::Program> compile() {
    TROUPE_RETURN_IF_ERROR(leading_options());
    program_.ignore_case = options_.ignore_case;
    program_.dot_stops_at_newline = options_.newline_sensitive || options_.dot_stops_at_newline;
    const bool plain = !options_.expanded && text_.find_first_of("\\^$.[]|()*+?{}") == std::string_view::npos;
    if (options_.literal || plain) {
      return literal();
    }
    emit({Op::kSave, 0});
    TROUPE_RETURN_IF_ERROR(alternation(0));
    if (at_ < text_.size()) return invalid("parentheses () not balanced");
    emit({Op::kSave, 1});
    emit({Op::kMatch});
    return std::move(program_);
  }

 private:
  absl::StatusOr<Regex::Program> literal() {
    program_.is_literal = !options_.ignore_case;
    program_.literal = text_;
    emit({Op::kSave, 0});
    for (; at_ < text_.size(); at_ += utf8::size_at(text_, at_)) character(utf8::decode(text_, at_));
    emit({Op::kSave, 1});
    emit({Op::kMatch});
    return std::move(program_);
  }
  /// "***=", "***:" and "(?i)" at the very start.
  absl::Status leading_options() {
    if (text_.starts_with("***=")) {
      options_.literal = true;
      text_.remove_prefix(4);
      return absl::OkStatus();
    }
    if (text_.starts_with("***:")) text_.remove_prefix(4);
    if (!text_.starts_with("(?") || text_.size() < 3 || !text_scan::is_alpha(text_[2])) return absl::OkStatus();
    const size_t end = text_.find(')');
    if (end == std::string_view::npos) return invalid("parentheses () not balanced");
    bool global = false;
    auto options = parse_regex_flags(text_.substr(2, end - 2), &global);
    if (!options.ok()) return invalid("invalid embedded option");
    options_.ignore_case = options_.ignore_case || options->ignore_case;
    options_.newline_sensitive = options_.newline_sensitive || options->newline_sensitive;
    options_.literal = options->literal;
    options_.expanded = options_.expanded || options->expanded;
    options_.dot_stops_at_newline = options_.dot_stops_at_newline || options->dot_stops_at_newline;
    options_.line_anchors = options_.line_anchors || options->line_anchors;
    text_.remove_prefix(end + 1);
    return absl::OkStatus();
  }

  absl::Status alternation(int depth) {
    if (depth > kDepthMax) return invalid("regular expression is too complex");
    const size_t start = program_.code.size();
    TROUPE_RETURN_IF_ERROR(branch(depth));
    std::vector<size_t> jumps;
    size_t from = start;
    while (peek() == '|') {
      ++at_;
      // split from, next ; branch ; jump end ; next: ...
      insert(from, {Op::kSplit, static_cast<uint32_t>(from + 1), 0});
      for (size_t& j : jumps) j += j >= from ? 1 : 0;
      jumps.push_back(program_.code.size());
      emit({Op::kJump});
      program_.code[from].y = static_cast<uint32_t>(program_.code.size());
      from = program_.code.size();
      TROUPE_RETURN_IF_ERROR(branch(depth));
    }
    for (const size_t j : jumps) program_.code[j].x = static_cast<uint32_t>(program_.code.size());
    return absl::OkStatus();
  }
  bool anchors_at_lines() const { return options_.newline_sensitive || options_.line_anchors; }
  /// In expanded syntax.
  void skip_space() {
    while (options_.expanded && at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_scan::is_space(text_[at_])) {
        ++at_;
      } else {
        return;
      }
    }
  }
  absl::Status branch(int depth) {
    skip_space();
    while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') TROUPE_RETURN_IF_ERROR(quantified(depth));
    return absl::OkStatus();
  }
  absl::Status quantified(int depth) {
    const size_t start = program_.code.size();
    const bool constraint = text_[at_] == '^' || text_[at_] == '$' || is_look();
    TROUPE_RETURN_IF_ERROR(atom(depth));
    for (;;) {
      skip_space();
      int low, high;
      if (!quantifier(&low, &high)) break;
      if (low < 0) return invalid("invalid repetition count(s)");
      if (constraint) return invalid("quantifier operand invalid");
      bool greedy = true;
      if (peek() == '?') {
        greedy = false;
        ++at_;
      }
      if (!first_quantifier_seen_) {
        first_quantifier_seen_ = true;
        program_.shortest = !greedy;
      }
      TROUPE_RETURN_IF_ERROR(repeat(start, low, high, greedy));
      if (at_ < text_.size() && (peek() == '*' || peek() == '+' || peek() == '?')) return invalid("quantifier operand invalid");
    }
    return absl::OkStatus();
  }
  bool is_look() const {
    const std::string_view rest = text_.substr(at_);
    return rest.starts_with("(?=") || rest.starts_with("(?!") || rest.starts_with("(?<=") || rest.starts_with("(?<!");
  }
  /// low = -1 for bad bounds, high = -1 for no bound.
  bool quantifier(int* low, int* high) {
    switch (peek()) {
      case '*': *low = 0, *high = -1; break;
      case '+': *low = 1, *high = -1; break;
      case '?': *low = 0, *high = 1; break;
      case '{': {
        if (at_ + 1 >= text_.size() || !is_digit(text_[at_ + 1])) return false;
        ++at_;
        *low = *high = number();
        if (peek() == ',') {
          ++at_;
          *high = is_digit(peek()) ? number() : -1;
        }
        if (peek() != '}' || *low > kRepeatMax || *high > kRepeatMax || (*high >= 0 && *high < *low)) *low = -1;
        break;
      }
      default: return false;
    }
    ++at_;
    return true;
  }
  absl::Status repeat(size_t start, int low, int high, bool greedy) {
    const std::vector<Instruction> unit(program_.code.begin() + static_cast<std::ptrdiff_t>(start), program_.code.end());
    program_.code.resize(start);
    const auto copy = [&] {
      const auto shift = static_cast<uint32_t>(program_.code.size() - start);
      for (Instruction i : unit) {
        if (i.op == Op::kSplit || i.op == Op::kJump) i.x += shift;
        if (i.op == Op::kSplit) i.y += shift;
        emit(i);
      }
    };
    if (program_.code.size() + unit.size() * static_cast<size_t>(std::max({low, high, 1})) > kProgramMax) {
      return invalid("regular expression is too complex");
    }
    for (int i = 0; i < low; ++i) copy();
    if (high < 0) {
      const auto split = static_cast<uint32_t>(program_.code.size());
      emit({Op::kSplit});
      copy();
      emit({Op::kJump, split});
      branch_to(split, split + 1, static_cast<uint32_t>(program_.code.size()), greedy);
      return absl::OkStatus();
    }
    std::vector<uint32_t> splits;
    for (int i = low; i < high; ++i) {
      splits.push_back(static_cast<uint32_t>(program_.code.size()));
      emit({Op::kSplit});
      copy();
    }
    for (const uint32_t s : splits) branch_to(s, s + 1, static_cast<uint32_t>(program_.code.size()), greedy);
    return absl::OkStatus();
  }
  void branch_to(uint32_t split, uint32_t into, uint32_t past, bool greedy) {
    program_.code[split].x = greedy ? into : past;
    program_.code[split].y = greedy ? past : into;
  }

  absl::Status atom(int depth) {
    const char c = text_[at_];
    switch (c) {
      case '(': return group(depth);
      case '[': return bracket();
      case '.': ++at_; emit({Op::kAny}); return absl::OkStatus();
      case '^': ++at_; assertion(anchors_at_lines() ? Assertion::kLineStart : Assertion::kTextStart); return absl::OkStatus();
      case '$': ++at_; assertion(anchors_at_lines() ? Assertion::kLineEnd : Assertion::kTextEnd); return absl::OkStatus();
      case '\\': ++at_; return escape();
      case '*':
      case '+':
      case '?': return invalid("quantifier operand invalid");
      default: break;
    }
    if (c == '{' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) return invalid("quantifier operand invalid");
    const size_t size = utf8::size_at(text_, at_);
    character(utf8::decode(text_, at_));
    at_ += size;
    return absl::OkStatus();
  }
  absl::Status group(int depth) {
    if (is_look()) return look(depth);
    ++at_;
    int number = -1;
    if (peek() == '?') {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != ':') return invalid("quantifier operand invalid");
      at_ += 2;
    } else if (!looking_) {
      number = ++program_.groups;
      emit({Op::kSave, static_cast<uint32_t>(number * 2)});
    }
    TROUPE_RETURN_IF_ERROR(alternation(depth + 1));
    if (peek() != ')') return invalid("parentheses () not balanced");
    ++at_;
    if (number >= 0) {
      emit({Op::kSave, static_cast<uint32_t>(number * 2 + 1)});
      closed_.push_back(static_cast<uint32_t>(number));
    }
    return absl::OkStatus();
  }
  /// Within it, parentheses only group.
  absl::Status look(int depth) {
    at_ += 2;
    Look look;
    look.behind = peek() == '<';
    if (look.behind) ++at_;
    look.negated = peek() == '!';
    ++at_;
    Regex::Program outer = std::exchange(program_, Regex::Program());
    program_.ignore_case = outer.ignore_case;
    program_.dot_stops_at_newline = outer.dot_stops_at_newline;
    const bool outer_looking = std::exchange(looking_, true), outer_seen = std::exchange(first_quantifier_seen_, true);
    const absl::Status inside = alternation(depth + 1);
    looking_ = outer_looking;
    first_quantifier_seen_ = outer_seen;
    emit({Op::kMatch});
    look.reach = longest_match(program_);
    look.program = std::make_shared<const Regex::Program>(std::exchange(program_, std::move(outer)));
    TROUPE_RETURN_IF_ERROR(inside);
    if (peek() != ')') return invalid("parentheses () not balanced");
    ++at_;
    emit({Op::kLook, static_cast<uint32_t>(program_.looks.size())});
    program_.looks.push_back(std::move(look));
    return absl::OkStatus();
  }
  /// After the backslash: a group's number, or an octal code.
  absl::Status number_escape() {
    const size_t start = at_;
    const int group = number();
    if (at_ - start == 1 || group <= static_cast<int>(closed_.size())) {
      const auto referenced = static_cast<uint32_t>(group);
      const bool known = std::find(closed_.begin(), closed_.end(), referenced) != closed_.end();
      if (!known || looking_) return invalid("invalid backreference number");
      emit({Op::kBackReference, referenced});
      auto& all = program_.referenced;
      const auto at = std::lower_bound(all.begin(), all.end(), referenced);
      if (at == all.end() || *at != referenced) all.insert(at, referenced);
      return absl::OkStatus();
    }
    at_ = start;
    uint32_t code = 0;
    int digits = 0;
    for (; digits < 3 && peek() >= '0' && peek() <= '7'; ++digits, ++at_) {
      code = code * 8 + static_cast<uint32_t>(peek() - '0');
    }
    if (digits == 0) return invalid("invalid escape \\ sequence");
    character(code);
    return absl::OkStatus();
  }
  absl::Status bracket() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("[[:<:]]") || rest.starts_with("[[:>:]]")) {
      assertion(rest[3] == '<' ? Assertion::kWordStart : Assertion::kWordEnd);
      at_ += 7;
      return absl::OkStatus();
    }
    CharacterClass set;
    ++at_;
    if (peek() == '^') {
      set.negated = true;
      ++at_;
    }
    for (bool first = true; first || peek() != ']'; first = false) {
      if (at_ >= text_.size()) return invalid("brackets [] not balanced");
      TROUPE_RETURN_IF_ERROR(bracket_item(&set));
    }
    ++at_;
    if (set.negated && (options_.newline_sensitive || options_.dot_stops_at_newline)) set.ranges.push_back({'\n', '\n'});
    add_class(std::move(set));
    return absl::OkStatus();
  }
  absl::Status bracket_item(CharacterClass* set) {
    if (text_.substr(at_).starts_with("[:")) {
      const size_t end = text_.find(":]", at_);
      if (end == std::string_view::npos) return invalid("brackets [] not balanced");
      const size_t before = set->ranges.size();
      add_named_class(text_.substr(at_ + 2, end - at_ - 2), &set->ranges);
      if (set->ranges.size() == before) return invalid("invalid character class");
      at_ = end + 2;
      return absl::OkStatus();
    }
    if (peek() == '\\' && at_ + 1 < text_.size() && std::string_view("dswDSW").find(text_[at_ + 1]) != std::string_view::npos) {
      const char kind = text_[at_ + 1];
      if (kind == 'D' || kind == 'S' || kind == 'W') return invalid("invalid escape \\ sequence");
      add_named_class(kind == 'd' ? "digit" : (kind == 's' ? "space" : "word"), &set->ranges);
      at_ += 2;
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(const uint32_t low, bracket_character());
    uint32_t high = low;
    if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
      ++at_;
      TROUPE_ASSIGN_OR_RETURN(high, bracket_character());
      if (high < low) return invalid("invalid character range");
    }
    set->ranges.push_back({low, high});
    return absl::OkStatus();
  }
  absl::StatusOr<uint32_t> bracket_character() {
    if (at_ >= text_.size()) return invalid("brackets [] not balanced");
    if (peek() == '\\') {
      ++at_;
      return escaped_character();
    }
    const uint32_t code = utf8::decode(text_, at_);
    at_ += utf8::size_at(text_, at_);
    return code;
  }
  /// After the backslash.
  absl::Status escape() {
    const char c = peek();
    switch (c) {
      case 'A': ++at_; assertion(Assertion::kTextStart); return absl::OkStatus();
      case 'Z': ++at_; assertion(Assertion::kTextEnd); return absl::OkStatus();
      case 'm': ++at_; assertion(Assertion::kWordStart); return absl::OkStatus();
      case 'M': ++at_; assertion(Assertion::kWordEnd); return absl::OkStatus();
      case 'y': ++at_; assertion(Assertion::kWordEdge); return absl::OkStatus();
      case 'Y': ++at_; assertion(Assertion::kNotWordEdge); return absl::OkStatus();
      case 'd': case 'D': return class_escape("digit", c == 'D');
      case 's': case 'S': return class_escape("space", c == 'S');
      case 'w': case 'W': return class_escape("word", c == 'W');
      default: break;
    }
    if (c >= '1' && c <= '9') return number_escape();
    TROUPE_ASSIGN_OR_RETURN(const uint32_t code, escaped_character());
    character(code);
    return absl::OkStatus();
  }
  absl::Status class_escape(std::string_view name, bool negated) {
    ++at_;
    CharacterClass set;
    set.negated = negated;
    add_named_class(name, &set.ranges);
    add_class(std::move(set));
    return absl::OkStatus();
  }
  absl::StatusOr<uint32_t> escaped_character() {
    if (at_ >= text_.size()) return invalid("invalid escape \\ sequence");
    const char c = text_[at_++];
    switch (c) {
      case 'a': return 7;
      case 'b': return 8;
      case 'B': return '\\';
      case 'e': return 27;
      case 'f': return 12;
      case 'n': return 10;
      case 'r': return 13;
      case 't': return 9;
      case 'v': return 11;
      case '0': return 0;
      case 'x': return hexadecimal(8, 1);
      case 'u': return hexadecimal(4, 4);
      case 'U': return hexadecimal(8, 8);
      default: break;
    }
    if (text_scan::is_alnum(c)) return invalid("invalid escape \\ sequence");
    --at_;
    const uint32_t code = utf8::decode(text_, at_);
    at_ += utf8::size_at(text_, at_);
    return code;
  }
  absl::StatusOr<uint32_t> hexadecimal(int most, int least) {
    uint32_t v = 0;
    int n = 0;
    for (; n < most && at_ < text_.size(); ++n, ++at_) {
      const char c = text_scan::lower(text_[at_]);
      if (is_digit(c)) v = v * 16 + static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') v = v * 16 + static_cast<uint32_t>(c - 'a' + 10);
      else break;
    }
    if (n < least) return invalid("invalid escape \\ sequence");
    return v;
  }

  int number() {
    int v = 0;
    while (at_ < text_.size() && is_digit(text_[at_])) v = std::min(v * 10 + (text_[at_++] - '0'), 100000);
    return v;
  }
  void character(uint32_t code) { emit({Op::kChar, options_.ignore_case ? utf8::lower_code(code) : code}); }
  void assertion(Assertion a) { emit({Op::kAssert, static_cast<uint32_t>(a)}); }
  void add_class(CharacterClass set) {
    emit({Op::kClass, static_cast<uint32_t>(program_.classes.size())});
    program_.classes.push_back(std::move(set));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void emit(Instruction i) { program_.code.push_back(i); }
  /// Makes room for one instruction; branches inside what moves are corrected.
  void insert(size_t at, Instruction i) {
    program_.code.insert(program_.code.begin() + static_cast<std::ptrdiff_t>(at), i);
    for (size_t k = at + 1; k < program_.code.size(); ++k) {
      Instruction& moved = program_.code[k];
      if (moved.op == Op::kSplit || moved.op == Op::kJump) moved.x += moved.x >= at ? 1 : 0;
      if (moved.op == Op::kSplit) moved.y += moved.y >= at ? 1 : 0;
    }
  }

  std::string_view text_;
  RegexOptions options_;
  size_t at_ = 0;
  Regex::Program program_;
  bool first_quantifier_seen_ = false;
  bool looking_ = false;          ///< inside a look
  std::vector<uint32_t> closed_;  ///< groups that back-references may be to
};

}  // namespace

bool is_word_character(uint32_t code) {
  static const CharacterClass word = [] {
    CharacterClass set;
    add_named_class("word", &set.ranges);
    return set;
  }();
  return word.contains(code);
}

absl::StatusOr<RegexOptions> parse_regex_flags(std::string_view flags, bool* global) {
  RegexOptions options;
  *global = false;
  for (const char c : flags) {
    switch (c) {
      case 'g': *global = true; break;
      case 'i': options.ignore_case = true; break;
      case 'c': options.ignore_case = false; break;
      case 'n':
      case 'm': options.newline_sensitive = true; break;
      case 's': options.newline_sensitive = false; break;
      case 'q': options.literal = true; break;
      case 'e': break;
      case 't': options.expanded = false; break;
      case 'x': options.expanded = true; break;
      case 'p': options.dot_stops_at_newline = true; break;
      case 'w': options.line_anchors = true; break;
      case 'b':
        return error(ErrorCode::kFeatureNotSupported, "regular expression option \"", std::string(1, c),
                     "\" is not supported");
      default: return error(ErrorCode::kInvalidParameterValue, "invalid regular expression option: \"", std::string(1, c), "\"");
    }
  }
  return options;
}

absl::StatusOr<Regex> Regex::compile(std::string_view pattern, RegexOptions options) {
  TROUPE_ASSIGN_OR_RETURN(Program program, Compiler(pattern, options).compile());
  Regex regex;
  regex.program_ = std::make_shared<const Program>(std::move(program));
  return regex;
}

}  // namespace troupe
