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
      if (!end && accepts(i, code)) add(t.pc + 1, next, t.saved);
    }
    return true;
  }
  void take(const Thread& t, size_t) {
    if (matched_ && (t.saved[0] > best_[0] || (t.saved[0] == best_[0] && t.saved[1] <= best_[1]))) return;
    best_ = t.saved;
    matched_ = true;
  }
  bool accepts(const Instruction& i, uint32_t code) const {
    switch (i.op) {
      case Op::kChar: return (program_.ignore_case ? utf8::lower_code(code) : code) == i.x;
      case Op::kAny: return !program_.dot_stops_at_newline || code != '\n';
      case Op::kClass: {
        const CharacterClass& set = program_.classes[i.x];
        if (!program_.ignore_case) return set.contains(code);
        const uint32_t lower = utf8::lower_code(code), upper = utf8::upper_code(code);
        return set.negated ? set.contains(lower) && set.contains(upper) : set.contains(lower) || set.contains(upper);
      }
      default: return false;
    }
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
          if (holds(static_cast<Assertion>(i.x), at)) stack_.push_back({t.pc + 1, std::move(t.saved)});
          break;
        default: threads_.push_back(std::move(t));
      }
    }
  }
  bool holds(Assertion a, size_t at) const {
    const bool before = at > 0 && is_word_character(utf8::decode(text_, at - utf8::size_before(text_, at)));
    const bool after = at < text_.size() && is_word_character(utf8::decode(text_, at));
    switch (a) {
      case Assertion::kTextStart: return at == 0;
      case Assertion::kTextEnd: return at == text_.size();
      case Assertion::kLineStart: return at == 0 || text_[at - 1] == '\n';
      case Assertion::kLineEnd: return at == text_.size() || text_[at] == '\n';
      case Assertion::kWordStart: return !before && after;
      case Assertion::kWordEnd: return before && !after;
      case Assertion::kWordEdge: return before != after;
      case Assertion::kNotWordEdge: return before == after;
    }
    return false;
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

}  // namespace

bool Regex::search(std::string_view text, size_t from, std::vector<Span>* groups) const {
  if (program_->is_literal) {
    const size_t at = text.find(program_->literal, from);
    if (at == std::string_view::npos) return false;
    if (groups != nullptr) *groups = {{static_cast<int64_t>(at), static_cast<int64_t>(at + program_->literal.size())}};
    return true;
  }
  Simulation simulation(*program_, text, groups != nullptr);
  if (!simulation.run(from)) return false;
  if (groups != nullptr) {
    groups->clear();
    for (size_t i = 0; i + 1 < simulation.best().size(); i += 2) {
      groups->push_back({simulation.best()[i], simulation.best()[i + 1]});
    }
  }
  return true;
}

bool Regex::matches(std::string_view text) const { return search(text, 0, nullptr); }
int Regex::groups() const { return program_->groups; }

}  // namespace troupe
