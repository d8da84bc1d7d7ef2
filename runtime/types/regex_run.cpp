#include <algorithm>

#include "runtime/types/regex_program.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

/// One step of the simulation holds every state the pattern can be in, best first.
class Simulation {
 public:
  Simulation(const Regex::Program& program, std::string_view text, bool want_groups)
      : program_{program}, text_{text}, slots_{want_groups ? static_cast<size_t>(program.groups + 1) * 2 : 2},
        marks_(program.code.size(), 0) {}

  bool run(size_t from) {
    std::vector<int64_t> fresh(slots_, -1);
    for (size_t at = from;; ) {
      if (!matched_) add(0, at, fresh);
      if (threads_.empty() && matched_) break;
      const bool end = at >= text_.size();
      const uint32_t code = end ? 0 : utf8::decode(text_, at);
      const size_t next = end ? at : at + utf8::size_at(text_, at);
      if (!step(at, code, end, next)) break;
      if (end) break;
      at = next;
    }
    return matched_;
  }
  const std::vector<int64_t>& best() const { return best_; }

 private:
  struct Thread {
    uint32_t pc;
    std::vector<int64_t> saved;
  };

  /// Consumes one character; false when the answer is final.
  bool step(size_t at, uint32_t code, bool end, size_t next) {
    std::vector<Thread> current;
    current.swap(threads_);
    ++generation_;
    for (Thread& t : current) {
      if (matched_ && t.saved[0] > best_[0]) continue;
      const Instruction& i = program_.code[t.pc];
      if (i.op == Op::kMatch) {
        take(t, at);
        if (program_.shortest) return false;
        continue;
      }
      if (!end && accepts(program_, i, code)) add(t.pc + 1, next, t.saved);
    }
    return true;
  }
  void take(const Thread& t, size_t) {
    if (matched_ && (t.saved[0] > best_[0] || (t.saved[0] == best_[0] && t.saved[1] <= best_[1]))) return;
    best_ = t.saved;
    matched_ = true;
  }
  /// Follows everything that consumes nothing.
  void add(uint32_t pc, size_t at, const std::vector<int64_t>& saved) {
    stack_.clear();
    stack_.push_back({pc, saved});
    while (!stack_.empty()) {
      Thread t = std::move(stack_.back());
      stack_.pop_back();
      if (marks_[t.pc] == generation_) continue;
      marks_[t.pc] = generation_;
      const Instruction& i = program_.code[t.pc];
      switch (i.op) {
        case Op::kJump: stack_.push_back({i.x, std::move(t.saved)}); break;
        case Op::kSplit:
          stack_.push_back({i.y, t.saved});
          stack_.push_back({i.x, std::move(t.saved)});
          break;
        case Op::kSave:
          if (i.x < t.saved.size()) t.saved[i.x] = static_cast<int64_t>(at);
          stack_.push_back({t.pc + 1, std::move(t.saved)});
          break;
        case Op::kAssert:
          if (holds(static_cast<Assertion>(i.x), text_, at)) stack_.push_back({t.pc + 1, std::move(t.saved)});
          break;
        case Op::kLook:
          if (looks(program_.looks[i.x], text_, at)) stack_.push_back({t.pc + 1, std::move(t.saved)});
          break;
        default: threads_.push_back(std::move(t));
      }
    }
  }
  const Regex::Program& program_;
  std::string_view text_;
  size_t slots_;
  std::vector<uint32_t> marks_;
  uint32_t generation_ = 1;
  std::vector<Thread> threads_, stack_;
  std::vector<int64_t> best_;
  bool matched_ = false;
};

/// Which states a look's program can be in, without groups.
class LookSimulation {
 public:
  LookSimulation(const Regex::Program& program, std::string_view text) : program_{program}, text_{text} {}

  /// Whether something that begins at `from` matches.
  bool ahead(size_t from) {
    std::vector<bool> states = fresh();
    enter(0, from, &states);
    for (size_t at = from;; at += utf8::size_at(text_, at)) {
      if (matched_) return true;
      if (at >= text_.size() || !advance(at, &states)) return false;
    }
  }
  /// Whether something of at most `reach` characters that ends at `to` matches.
  bool behind(size_t to, size_t reach) {
    std::vector<bool> states = fresh();
    size_t first = to;
    for (; first > 0 && reach > 0; --reach) first -= utf8::size_before(text_, first);
    for (size_t at = first;; at += utf8::size_at(text_, at)) {
      enter(0, at, &states);
      if (at >= to) return matched_;
      matched_ = false;
      advance(at, &states);
    }
  }

 private:
  std::vector<bool> fresh() const { return std::vector<bool>(program_.code.size(), false); }
  /// Takes the character at `at`; false when no state is left.
  bool advance(size_t at, std::vector<bool>* states) {
    std::vector<bool> after = fresh();
    const uint32_t code = utf8::decode(text_, at);
    const size_t next = at + utf8::size_at(text_, at);
    bool any = false;
    for (uint32_t pc = 0; pc < program_.code.size(); ++pc) {
      if (!(*states)[pc] || !accepts(program_, program_.code[pc], code)) continue;
      any = true;
      enter(pc + 1, next, &after);
    }
    *states = std::move(after);
    return any;
  }
  void enter(uint32_t first, size_t at, std::vector<bool>* states) {
    std::vector<uint32_t> stack{first};
    while (!stack.empty()) {
      const uint32_t pc = stack.back();
      stack.pop_back();
      if ((*states)[pc]) continue;
      (*states)[pc] = true;
      const Instruction& i = program_.code[pc];
      switch (i.op) {
        case Op::kMatch: matched_ = true; break;
        case Op::kJump: stack.push_back(i.x); break;
        case Op::kSplit:
          stack.push_back(i.y);
          stack.push_back(i.x);
          break;
        case Op::kSave: stack.push_back(pc + 1); break;
        case Op::kAssert:
          if (holds(static_cast<Assertion>(i.x), text_, at)) stack.push_back(pc + 1);
          break;
        case Op::kLook:
          if (looks(program_.looks[i.x], text_, at)) stack.push_back(pc + 1);
          break;
        default: break;
      }
    }
  }

  const Regex::Program& program_;
  std::string_view text_;
  bool matched_ = false;
};

}  // namespace

bool accepts(const Regex::Program& program, const Instruction& i, uint32_t code) {
  switch (i.op) {
    case Op::kChar: return (program.ignore_case ? utf8::lower_code(code) : code) == i.x;
    case Op::kAny: return !program.dot_stops_at_newline || code != '\n';
    case Op::kClass: {
      const CharacterClass& set = program.classes[i.x];
      if (!program.ignore_case) return set.contains(code);
      const uint32_t lower = utf8::lower_code(code), upper = utf8::upper_code(code);
      return set.negated ? set.contains(lower) && set.contains(upper) : set.contains(lower) || set.contains(upper);
    }
    default: return false;
  }
}

bool holds(Assertion a, std::string_view text, size_t at) {
  const bool before = at > 0 && is_word_character(utf8::decode(text, at - utf8::size_before(text, at)));
  const bool after = at < text.size() && is_word_character(utf8::decode(text, at));
  switch (a) {
    case Assertion::kTextStart: return at == 0;
    case Assertion::kTextEnd: return at == text.size();
    case Assertion::kLineStart: return at == 0 || text[at - 1] == '\n';
    case Assertion::kLineEnd: return at == text.size() || text[at] == '\n';
    case Assertion::kWordStart: return !before && after;
    case Assertion::kWordEnd: return before && !after;
    case Assertion::kWordEdge: return before != after;
    case Assertion::kNotWordEdge: return before == after;
  }
  return false;
}

bool looks(const Look& look, std::string_view text, size_t at) {
  LookSimulation simulation(*look.program, text);
  return (look.behind ? simulation.behind(at, look.reach) : simulation.ahead(at)) != look.negated;
}

namespace {

std::vector<Regex::Span> spans_of(const std::vector<int64_t>& offsets) {
  std::vector<Regex::Span> spans;
  for (size_t i = 0; i + 1 < offsets.size(); i += 2) spans.push_back({offsets[i], offsets[i + 1]});
  return spans;
}

}  // namespace

absl::StatusOr<bool> Regex::search(std::string_view text, size_t from, std::vector<Span>* groups) const {
  if (program_->is_literal) {
    const size_t at = text.find(program_->literal, from);
    if (at == std::string_view::npos) return false;
    if (groups != nullptr) *groups = {{static_cast<int64_t>(at), static_cast<int64_t>(at + program_->literal.size())}};
    return true;
  }
  if (!program_->referenced.empty()) {
    std::vector<int64_t> found;
    TROUPE_ASSIGN_OR_RETURN(const bool matched, search_by_backtracking(*program_, text, from, &found));
    if (matched && groups != nullptr) *groups = spans_of(found);
    return matched;
  }
  Simulation simulation(*program_, text, groups != nullptr);
  if (!simulation.run(from)) return false;
  if (groups != nullptr) *groups = spans_of(simulation.best());
  return true;
}

absl::StatusOr<bool> Regex::matches(std::string_view text) const { return search(text, 0, nullptr); }
int Regex::groups() const { return program_->groups; }

}  // namespace troupe
