#include "runtime/cep/pattern.hpp"

#include <algorithm>
#include <numeric>

namespace troupe {
namespace {

using Kind = Pattern::Kind;

/// Whether it can match without taking a row.
bool is_nullable(const Pattern& pattern) {
  switch (pattern.kind) {
    case Kind::kVariable: return false;
    case Kind::kEmpty:
    case Kind::kStart:
    case Kind::kEnd: return true;
    case Kind::kAlternation: return std::any_of(pattern.items.begin(), pattern.items.end(), is_nullable);
    case Kind::kRepeat: return pattern.minimum == 0 || is_nullable(pattern.items[0]);
    default: return std::all_of(pattern.items.begin(), pattern.items.end(), is_nullable);
  }
}

/// Where a part of the pattern goes on: a loop must know whether its body took a row, so that there are two places.
struct Exits {
  uint32_t empty = 0;  ///< no row was taken since the loop's turn began
  uint32_t taken = 0;  ///< one was
  bool same() const { return empty == taken; }
};

/// Writes the steps from the pattern's end to its beginning: each part is given where it goes on, and says where it
/// begins.
class Compiler {
 public:
  explicit Compiler(PatternProgram* program) : program_{*program} {}

  uint32_t add(const Pattern& pattern, Exits exits) {
    if (too_many_) return 0;
    switch (pattern.kind) {
      case Kind::kVariable: return row(pattern.variable, exits.taken);
      case Kind::kEmpty: return exits.empty;
      case Kind::kStart: return emit({PatternStep::Op::kStart, false, 0, exits.empty, 0});
      case Kind::kEnd: return emit({PatternStep::Op::kEnd, false, 0, exits.empty, 0});
      case Kind::kConcatenation: return concatenation(pointers(pattern), exits);
      case Kind::kAlternation: return alternation(pattern, exits);
      case Kind::kPermute: return permutations(pattern, exits);
      case Kind::kExclusion: {
        const bool outer = excluded_;
        excluded_ = true;
        const uint32_t begin = add(pattern.items[0], exits);
        excluded_ = outer;
        return begin;
      }
      case Kind::kRepeat: return repeat(pattern, exits);
    }
    return exits.empty;
  }
  uint32_t accept() { return emit({}); }
  bool too_many() const { return too_many_; }

 private:
  using Items = std::vector<const Pattern*>;

  uint32_t emit(PatternStep step) {
    if (program_.steps.size() == PatternProgram::kStatesMax) {
      too_many_ = true;
      return 0;
    }
    program_.steps.push_back(step);
    return static_cast<uint32_t>(program_.steps.size() - 1);
  }
  uint32_t row(uint16_t variable, uint32_t next) { return emit({PatternStep::Op::kRow, excluded_, variable, next, 0}); }
  uint32_t fork(uint32_t first, uint32_t second) { return emit({PatternStep::Op::kFork, false, 0, first, second}); }
  /// One more turn, or on: as the quantifier prefers.
  uint32_t turn(const Pattern& repeat, uint32_t body, uint32_t on) {
    return repeat.reluctant ? fork(on, body) : fork(body, on);
  }

  static Items pointers(const Pattern& pattern) {
    Items items;
    for (const Pattern& item : pattern.items) items.push_back(&item);
    return items;
  }

  uint32_t concatenation(const Items& items, Exits exits) {
    for (size_t i = items.size(); i-- > 0 && !too_many_;) {
      if (exits.same()) {
        exits.empty = exits.taken = add(*items[i], exits);
        continue;
      }
      // Where all before it may be empty, this one may be the first to take a row.
      const bool may_be_first = std::all_of(items.begin(), items.begin() + static_cast<ptrdiff_t>(i),
                                            [](const Pattern* item) { return is_nullable(*item); });
      Exits begin;
      begin.taken = i == 0 ? exits.taken : add(*items[i], {exits.taken, exits.taken});
      begin.empty = may_be_first ? add(*items[i], exits) : begin.taken;
      exits = begin;
    }
    return exits.empty;
  }

  uint32_t alternation(const Pattern& pattern, Exits exits) {
    uint32_t begin = add(pattern.items.back(), exits);
    for (size_t i = pattern.items.size() - 1; i-- > 0 && !too_many_;) begin = fork(add(pattern.items[i], exits), begin);
    return begin;
  }

  uint32_t permutations(const Pattern& pattern, Exits exits) {
    std::vector<size_t> order(pattern.items.size());
    std::iota(order.begin(), order.end(), 0);
    std::reverse(order.begin(), order.end());
    uint32_t begin = 0;
    bool first = true;
    do {  // the least preferred order is written first
      Items items;
      for (const size_t item : order) items.push_back(&pattern.items[item]);
      const uint32_t one = concatenation(items, exits);
      begin = first ? one : fork(one, begin);
      first = false;
    } while (!too_many_ && std::prev_permutation(order.begin(), order.end()));
    return begin;
  }

  uint32_t repeat(const Pattern& pattern, Exits exits) {
    const Pattern& body = pattern.items[0];
    const bool nullable = is_nullable(body);
    uint32_t copies = pattern.minimum;
    Exits begin;
    if (pattern.maximum == Pattern::kUnbounded) {
      begin.taken = fork(0, 0);
      const uint32_t loop_body = add(body, {exits.taken, begin.taken});
      if (too_many_) return 0;
      PatternStep& loop = program_.steps[begin.taken];
      loop.next = pattern.reluctant ? exits.taken : loop_body;
      loop.other = pattern.reluctant ? loop_body : exits.taken;
      if (copies > 0 && !nullable) {  // the last turn that must be is the loop's own
        begin = {loop_body, loop_body};
        --copies;
      } else {
        begin.empty = exits.same() ? begin.taken : turn(pattern, add(body, {exits.empty, begin.taken}), exits.empty);
      }
    } else {
      begin = optional_turns(pattern, exits);
    }
    for (; copies > 0 && !too_many_; --copies) begin = one_more(body, nullable, begin, copies == 1);
    return begin.empty;
  }

  /// Up to maximum - minimum turns.
  Exits optional_turns(const Pattern& pattern, Exits exits) {
    const Pattern& body = pattern.items[0];
    Exits begin = exits;
    for (uint32_t left = pattern.maximum - pattern.minimum; left > 0 && !too_many_; --left) {
      const uint32_t after = begin.taken;
      if (left == 1 && !exits.same()) begin.empty = turn(pattern, add(body, {exits.empty, after}), exits.empty);
      begin.taken = turn(pattern, add(body, {exits.taken, after}), exits.taken);
      if (exits.same()) begin.empty = begin.taken;
    }
    return begin;
  }

  /// A turn that must be, before what begins at `begin`.
  Exits one_more(const Pattern& body, bool nullable, Exits begin, bool is_first) {
    if (!nullable) {
      const uint32_t at = add(body, {begin.taken, begin.taken});
      return {at, at};
    }
    if (begin.same()) {
      const uint32_t at = add(body, begin);
      return {at, at};
    }
    Exits before;
    before.empty = add(body, begin);
    before.taken = is_first ? before.empty : add(body, {begin.taken, begin.taken});
    return before;
  }

  PatternProgram& program_;
  bool excluded_ = false;
  bool too_many_ = false;
};

}  // namespace

absl::StatusOr<PatternProgram> PatternProgram::compile(const Pattern& pattern) {
  PatternProgram program;
  Compiler compiler(&program);
  const uint32_t accept = compiler.accept();
  program.entry = compiler.add(pattern, {accept, accept});
  if (!compiler.too_many()) return program;
  return with_hint(
      error(ErrorCode::kStatementTooComplex, "row pattern is too complex: it has more than ", kStatesMax, " states"),
      "Quantifiers with bounds and PERMUTE are written out; use smaller bounds, or * and + with a condition "
      "on count().");
}

}  // namespace troupe
