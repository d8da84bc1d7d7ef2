#include "runtime/cep/pattern_matcher.hpp"

#include <algorithm>

namespace troupe {

using Op = PatternStep::Op;

PatternMatcher::PatternMatcher(const PatternProgram& program, const std::vector<bool>& looks_back)
    : program_{program}, marks_{0} {
  mark_forks(looks_back);
}

/// A fork's failures are worth remembering when nothing that can be reached from it looks back.
void PatternMatcher::mark_forks(const std::vector<bool>& looks_back) {
  const std::vector<PatternStep>& steps = program_.steps;
  std::vector<bool> depends(steps.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < steps.size(); ++i) {
      const PatternStep& step = steps[i];
      if (depends[i] || step.op == Op::kAccept) continue;
      depends[i] = (step.op == Op::kRow && looks_back[step.variable]) || depends[step.next] ||
                   (step.op == Op::kFork && depends[step.other]);
      changed = changed || depends[i];
    }
  }
  uint32_t forks = 0;
  marks_of_.assign(steps.size(), kNoMark);
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].op == Op::kFork && !depends[i]) marks_of_[i] = forks++;
  }
  marks_ = FailureMarks(forks);
}

void PatternMatcher::reset() {
  marks_.reset();
  met_limit_ = false;
}

/// A place that led nowhere because no row was left may lead to a match from a later start, which sees further.
void PatternMatcher::forget_limited(uint64_t row) {
  if (met_limit_) marks_.clear(row, furthest_ + 1);
  met_limit_ = false;
}

void PatternMatcher::start(uint64_t row) {
  forget_limited(row);
  path_.start(row);
  choices_.clear();
  step_ = program_.entry;
  row_ = furthest_ = row;
  steps_ = 0;
  marks_.drop_before(row);
}

absl::StatusOr<SearchOutcome> PatternMatcher::search(const PatternRows& rows, PatternConditions& conditions) {
  for (uint32_t turn = 0; turn < kStepsPerTurn; ++turn) {
    const PatternStep& step = program_.steps[step_];
    bool goes_on = true;
    switch (step.op) {
      case Op::kRow: {
        if (row_ >= rows.end && !rows.complete) return SearchOutcome::kMoreRows;
        met_limit_ = met_limit_ || (rows.limited && row_ >= rows.end);
        TROUPE_ASSIGN_OR_RETURN(const RowTruth truth, take_row(step, rows, conditions));
        if (truth == RowTruth::kWait) return SearchOutcome::kMoreRows;
        goes_on = truth == RowTruth::kTrue;
        break;
      }
      case Op::kFork:
        goes_on = marks_of_[step_] == kNoMark || marks_.set(row_, marks_of_[step_]);
        if (goes_on) choices_.push_back({step.other, row_});
        break;
      case Op::kStart: goes_on = row_ == 0; break;
      case Op::kEnd:
        if (row_ >= rows.end && !rows.complete) return SearchOutcome::kMoreRows;
        met_limit_ = met_limit_ || (rows.limited && row_ >= rows.end);
        goes_on = row_ == rows.end && !rows.limited;
        break;
      case Op::kAccept: found(); return SearchOutcome::kMatch;
    }
    if (goes_on) {
      step_ = step.next;
    } else if (!go_back()) {
      return SearchOutcome::kNoMatch;
    }
  }
  TROUPE_RETURN_IF_ERROR(count_steps(kStepsPerTurn));
  return SearchOutcome::kPaused;
}

absl::StatusOr<RowTruth> PatternMatcher::take_row(const PatternStep& step, const PatternRows& rows,
                                                  PatternConditions& conditions) {
  if (row_ >= rows.end) return RowTruth::kFalse;
  const uint8_t* truths = rows.truths[step.variable];
  RowTruth truth = truths == nullptr ? RowTruth::kTrue : static_cast<RowTruth>(truths[row_]);
  if (truth == RowTruth::kFalse || truth == RowTruth::kWait) return truth;
  path_.push(step.variable, step.excluded);
  if (truth == RowTruth::kAsk) {
    TROUPE_ASSIGN_OR_RETURN(truth, conditions.ask(path_));
    if (truth != RowTruth::kTrue) {
      path_.truncate(path_.size() - 1);
      return truth;
    }
  }
  ++row_;
  furthest_ = std::max(furthest_, row_);
  return truth;
}

/// To the last place where there was another way.
bool PatternMatcher::go_back() {
  if (choices_.empty()) return false;
  step_ = choices_.back().step;
  row_ = choices_.back().row;
  choices_.pop_back();
  path_.truncate(row_ - path_.first_row());
  return true;
}

/// The places on the way to a match have not failed.
void PatternMatcher::found() { marks_.clear(path_.first_row(), path_.end_row() + 1); }

absl::Status PatternMatcher::count_steps(uint64_t steps) {
  steps_ += steps;
  if (steps_ <= kStepsMax + kStepsPerRowMax * (furthest_ - path_.first_row())) return absl::OkStatus();
  return with_hint(error(ErrorCode::kStatementTooComplex, "looking for a row pattern took more than ", steps_,
                         " steps from one row"),
                   "Conditions on rows matched before make the ways to match multiply: compare with PREV() instead, or "
                   "bound the quantifiers.");
}

size_t PatternMatcher::memory_bytes() const {
  return marks_.memory_bytes() + path_.memory_bytes() + choices_.capacity() * sizeof(Choice);
}

}  // namespace troupe
