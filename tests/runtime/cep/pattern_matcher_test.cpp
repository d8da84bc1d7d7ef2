#include "runtime/cep/pattern_matcher.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "random_pattern.hpp"

namespace troupe {
namespace {

constexpr uint16_t kVariables = 3;

/// Whether rows are variables: by a table, or by what was matched before.
class RandomConditions final : public PatternConditions {
 public:
  RandomConditions(Random& random, size_t rows) : seed_{random.next()} {
    for (uint16_t variable = 0; variable < kVariables; ++variable) {
      kinds_.push_back(static_cast<Kind>(random.below(4)));
      truths_.emplace_back();
      for (size_t row = 0; row < rows; ++row) {
        const bool holds = random.below(3) != 0;
        table_.push_back(holds);
        const bool asks = looks_back()[variable] || kinds_.back() == Kind::kAskedTable;
        truths_.back().push_back(static_cast<uint8_t>(asks    ? RowTruth::kAsk
                                                      : holds ? RowTruth::kTrue
                                                              : RowTruth::kFalse));
      }
    }
    rows_ = rows;
  }

  std::vector<bool> looks_back() const {
    std::vector<bool> flags;
    for (uint16_t v = 0; v < kVariables; ++v) flags.push_back(v < kinds_.size() && kinds_[v] == Kind::kLooksBack);
    return flags;
  }
  std::vector<const uint8_t*> truths() const {
    std::vector<const uint8_t*> pointers;
    for (uint16_t v = 0; v < kVariables; ++v)
      pointers.push_back(kinds_[v] == Kind::kAlways ? nullptr : truths_[v].data());
    return pointers;
  }

  /// Whether the last of `labels`, the first of which is of row `first`, holds.
  bool holds(size_t first, const std::vector<uint16_t>& labels) const {
    const uint16_t variable = labels.back();
    const size_t row = first + labels.size() - 1;
    if (kinds_[variable] == Kind::kAlways) return true;
    if (kinds_[variable] != Kind::kLooksBack) return table_[variable * rows_ + row];
    uint64_t mixed = seed_ + row * 31;
    for (const uint16_t label : labels) mixed = mixed * 1000003 + label;
    return (mixed >> 7) % 3 != 0;
  }

  absl::StatusOr<RowTruth> ask(MatchPath& path) override {
    std::vector<uint16_t> labels;
    for (size_t i = 0; i < path.size(); ++i) labels.push_back(path.variable(i));
    return holds(path.first_row(), labels) ? RowTruth::kTrue : RowTruth::kFalse;
  }

 private:
  enum class Kind : uint8_t { kAlways, kTable, kAskedTable, kLooksBack };
  uint64_t seed_;
  size_t rows_ = 0;
  std::vector<Kind> kinds_;
  std::vector<bool> table_;
  std::vector<std::vector<uint8_t>> truths_;
};

/// The rows of a match, as text: variables, those not shown in brackets.
std::string text_of(const std::vector<std::pair<uint16_t, bool>>& rows) {
  std::string text = "match:";
  for (const auto& [variable, excluded] : rows) {
    text += excluded ? '[' : ' ';
    text += static_cast<char>('a' + variable);
    if (excluded) text += ']';
  }
  return text;
}

/// The first sequence that fits the rows from `start` on. `limited`: there are more rows, which are not to be used.
std::string expected_at(const std::vector<PatternWord>& words, const RandomConditions& conditions, size_t start,
                        size_t rows, bool limited = false) {
  for (const PatternWord& word : words) {
    if (start + rows_of(word) > rows) continue;
    std::vector<uint16_t> labels;
    std::vector<std::pair<uint16_t, bool>> matched;
    bool fits = true;
    for (const PatternLetter& letter : word) {
      const size_t at = start + labels.size();
      if (letter.kind == PatternLetter::Kind::kStart) fits = fits && at == 0;
      if (letter.kind == PatternLetter::Kind::kEnd) fits = fits && at == rows && !limited;
      if (letter.kind != PatternLetter::Kind::kRow) continue;
      labels.push_back(letter.variable);
      matched.emplace_back(letter.variable, letter.excluded);
      fits = fits && conditions.holds(start, labels);
    }
    if (fits) return text_of(matched);
  }
  return "none";
}

std::string found_at(PatternMatcher& matcher, RandomConditions& conditions, size_t start, size_t rows,
                     bool one_at_a_time) {
  const std::vector<const uint8_t*> truths = conditions.truths();
  matcher.start(start);
  uint64_t end = one_at_a_time ? start : rows;
  while (true) {
    const PatternRows at_hand{end, !one_at_a_time || end == rows, truths};
    const auto outcome = matcher.search(at_hand, conditions);
    REQUIRE(outcome.ok());
    if (*outcome == SearchOutcome::kMoreRows) {
      REQUIRE(end < rows);
      ++end;
    } else if (*outcome == SearchOutcome::kNoMatch) {
      return "none";
    } else if (*outcome == SearchOutcome::kMatch) {
      std::vector<std::pair<uint16_t, bool>> matched;
      for (size_t i = 0; i < matcher.path().size(); ++i) {
        matched.emplace_back(matcher.path().variable(i), matcher.path().is_excluded(i));
      }
      return text_of(matched);
    }
  }
}

Pattern variable(uint16_t number) {
  Pattern pattern;
  pattern.kind = Pattern::Kind::kVariable;
  pattern.variable = number;
  return pattern;
}

Pattern made_of(Pattern::Kind kind, std::vector<Pattern> items) {
  Pattern pattern;
  pattern.kind = kind;
  pattern.items = std::move(items);
  return pattern;
}

Pattern repeated(Pattern item, uint32_t minimum, uint32_t maximum) {
  Pattern pattern = made_of(Pattern::Kind::kRepeat, {std::move(item)});
  pattern.minimum = minimum;
  pattern.maximum = maximum;
  return pattern;
}

/// No condition is ever asked.
class NoConditions final : public PatternConditions {
 public:
  absl::StatusOr<RowTruth> ask(MatchPath&) override { return RowTruth::kFalse; }
};

/// Every row is as good as any other, by what came before: nothing may be remembered.
class LooksAtAll final : public PatternConditions {
 public:
  absl::StatusOr<RowTruth> ask(MatchPath& path) override {
    return path.variable(path.size() - 1) == 0 ? RowTruth::kTrue : RowTruth::kFalse;
  }
};

/// How many random patterns; TROUPE_PATTERNS in the environment says another number.
int pattern_count() {
  const char* wanted = std::getenv("TROUPE_PATTERNS");
  return wanted != nullptr ? std::atoi(wanted) : 10'000;
}

}  // namespace

TEST_CASE("the match found is the first in the order of preference", "[cep]") {
  Random random(20160);
  constexpr size_t kRows = 6;
  int compared = 0, matches = 0;
  while (compared < pattern_count()) {
    const Pattern pattern = RandomPattern(random, kVariables).make(3);
    const auto words = PatternWords(kRows, 4000).of(pattern);
    if (!words) continue;
    ++compared;
    const auto program = PatternProgram::compile(pattern);
    REQUIRE(program.ok());
    RandomConditions conditions(random, kRows);
    PatternMatcher matcher(*program, conditions.looks_back()), waiting(*program, conditions.looks_back());
    for (size_t start = 0; start < kRows; ++start) {
      const std::string expected = expected_at(*words, conditions, start, kRows);
      matches += expected != "none";
      INFO("pattern " << compared << ", from row " << start);
      REQUIRE(found_at(matcher, conditions, start, kRows, false) == expected);
      REQUIRE(found_at(waiting, conditions, start, kRows, true) == expected);
    }
  }
  CHECK(matches > compared);  // most are not vain
}

TEST_CASE("a match goes no further than its start allows, and later starts are not held to that", "[cep]") {
  Random random(77);
  constexpr size_t kRows = 6;
  int compared = 0;
  while (compared < pattern_count()) {
    const Pattern pattern = RandomPattern(random, kVariables).make(3);
    const auto words = PatternWords(kRows, 4000).of(pattern);
    if (!words) continue;
    ++compared;
    const auto program = PatternProgram::compile(pattern);
    REQUIRE(program.ok());
    RandomConditions conditions(random, kRows);
    const std::vector<const uint8_t*> truths = conditions.truths();
    PatternMatcher matcher(*program, conditions.looks_back());
    size_t limit = 1;
    for (size_t start = 0; start < kRows; ++start) {
      limit = std::min(kRows, std::max(limit, start + 1) + random.below(3));
      const bool limited = limit < kRows;
      matcher.start(start);
      const auto outcome = matcher.search({limit, true, truths, limited}, conditions);
      REQUIRE(outcome.ok());
      std::vector<std::pair<uint16_t, bool>> matched;
      for (size_t i = 0; i < matcher.path().size(); ++i) {
        matched.emplace_back(matcher.path().variable(i), matcher.path().is_excluded(i));
      }
      const std::string found = *outcome == SearchOutcome::kMatch ? text_of(matched) : "none";
      INFO("pattern " << compared << ", from row " << start << " to " << limit);
      REQUIRE(found == expected_at(*words, conditions, start, limit, limited));
    }
  }
}

TEST_CASE("a search that cannot end well costs states times rows", "[cep]") {
  // ((a | a)+)+ b over rows that are all a: exponential for who tries everything.
  const Pattern either = made_of(Pattern::Kind::kAlternation, {variable(0), variable(0)});
  const Pattern inner = repeated(either, 1, Pattern::kUnbounded);
  const Pattern outer = repeated(inner, 1, Pattern::kUnbounded);
  const auto program = PatternProgram::compile(made_of(Pattern::Kind::kConcatenation, {outer, variable(1)}));
  REQUIRE(program.ok());
  constexpr size_t kRows = 20000;
  const std::vector<uint8_t> all(kRows, 1), none(kRows, 0);
  const std::vector<const uint8_t*> truths = {all.data(), none.data()};
  PatternMatcher matcher(*program, {false, false});
  NoConditions conditions;
  for (size_t start = 0; start < kRows; ++start) {
    matcher.start(start);
    auto outcome = matcher.search({kRows, true, truths}, conditions);
    while (outcome.ok() && *outcome == SearchOutcome::kPaused)
      outcome = matcher.search({kRows, true, truths}, conditions);
    REQUIRE(outcome.ok());
    REQUIRE(*outcome == SearchOutcome::kNoMatch);
  }
}

TEST_CASE("a search that multiplies is given up with an error", "[cep]") {
  const Pattern either = made_of(Pattern::Kind::kAlternation, {variable(0), variable(0)});
  const Pattern many = repeated(either, 1, Pattern::kUnbounded);
  const auto program = PatternProgram::compile(made_of(Pattern::Kind::kConcatenation, {many, variable(1)}));
  REQUIRE(program.ok());
  constexpr size_t kRows = 100;
  const std::vector<uint8_t> ask(kRows, static_cast<uint8_t>(RowTruth::kAsk));
  const std::vector<const uint8_t*> truths = {ask.data(), ask.data()};
  PatternMatcher matcher(*program, {true, true});
  LooksAtAll conditions;
  matcher.start(0);
  auto outcome = matcher.search({kRows, true, truths}, conditions);
  while (outcome.ok() && *outcome == SearchOutcome::kPaused)
    outcome = matcher.search({kRows, true, truths}, conditions);
  REQUIRE_FALSE(outcome.ok());
  CHECK(error_code(outcome.status()) == ErrorCode::kStatementTooComplex);
}

TEST_CASE("a pattern with too many states is refused", "[cep]") {
  Pattern nested = variable(0);
  for (int i = 0; i < 5; ++i) nested = repeated(nested, 100, 100);
  const auto program = PatternProgram::compile(nested);
  REQUIRE_FALSE(program.ok());
  CHECK(error_code(program.status()) == ErrorCode::kStatementTooComplex);
  std::vector<Pattern> items;
  for (uint16_t i = 0; i < 20; ++i) items.push_back(variable(i));
  CHECK_FALSE(PatternProgram::compile(made_of(Pattern::Kind::kPermute, items)).ok());
}

TEST_CASE("no way through the automaton returns to a step without taking a row", "[cep]") {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto program = PatternProgram::compile(RandomPattern(random, kVariables).make(4));
    if (!program.ok()) continue;
    // Depth first over steps that take no row: one that is still open must not be met again.
    std::vector<uint8_t> state(program->steps.size());  // 1 open, 2 done
    const auto visit = [&](auto&& self, uint32_t at) -> void {
      REQUIRE(state[at] != 1);
      if (state[at] == 2) return;
      state[at] = 1;
      const PatternStep& step = program->steps[at];
      if (step.op != PatternStep::Op::kRow && step.op != PatternStep::Op::kAccept) self(self, step.next);
      if (step.op == PatternStep::Op::kFork) self(self, step.other);
      state[at] = 2;
    };
    for (uint32_t at = 0; at < program->steps.size(); ++at) visit(visit, at);
  }
}

}  // namespace troupe
