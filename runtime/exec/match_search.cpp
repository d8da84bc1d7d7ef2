#include "runtime/exec/match_search.hpp"

#include <algorithm>

namespace troupe {
namespace {

/// What neither the rows nor the pattern bring about: not theirs to be told of.
bool is_of_the_node(ErrorCode code) {
  switch (code) {
    case ErrorCode::kQueryCanceled:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kInternalError: return true;
    default: return false;
  }
}

/// A whole number or a moment; of what has none (null) `otherwise`.
int64_t moment(const Vector& values, uint32_t row, int64_t otherwise) {
  if (values.is_null(row)) return otherwise;
  switch (values.kind()) {
    case Physical::kInt16: return values.get<int16_t>(row);
    case Physical::kInt32: return values.get<int32_t>(row);
    default: return values.get<int64_t>(row);
  }
}

}  // namespace

MatchSearch::MatchSearch(const CompiledMatch& match, std::vector<MatchOffset> offsets, Run& run,
                         MatchFailures* failures)
    : match_{match},
      run_{run},
      failures_{failures},
      offsets_{std::move(offsets)},
      rows_(match_, run),
      values_(match_, offsets_, rows_),
      output_(match_, offsets_, rows_, run),
      truths_(match_.spec->variables.size()),
      truth_pointers_(match_.spec->variables.size()),
      matcher_(*match_.spec->program, variables_that_look_back()) {}

std::vector<bool> MatchSearch::variables_that_look_back() {
  for (uint16_t variable = 0; variable < match_.spec->variables.size(); ++variable) {
    looks_back_.push_back(match_.conditions[variable] && !is_local(match_, offsets_, variable));
  }
  return looks_back_;
}

absl::Status MatchSearch::begin(const Batch& rows) {
  rows_.set(rows);
  TROUPE_RETURN_IF_ERROR(evaluate(0));
  matcher_.reset();
  match_number_ = 0;
  matched_end_ = 0;
  start(0);
  return absl::OkStatus();
}

absl::Status MatchSearch::begin_live(const Batch& rows, uint32_t row, uint32_t matched_end, int64_t match_number) {
  live_ = true;
  waits_ = false;
  rows_.set_growing(rows);
  TROUPE_RETURN_IF_ERROR(evaluate(0));
  matcher_.reset();
  match_number_ = match_number;
  matched_end_ = matched_end;
  start(row);
  return absl::OkStatus();
}

absl::Status MatchSearch::extend() {
  waits_ = false;
  const uint32_t before = rows_.extend();
  return before == rows_.size() ? absl::OkStatus() : evaluate(before);
}

/// The conditions of the rows from `from` on.
absl::Status MatchSearch::evaluate(uint32_t from) {
  for (size_t variable = 0; variable < truths_.size(); ++variable) {
    if (!match_.conditions[variable]) continue;
    if (looks_back_[variable]) {
      truths_[variable].resize(rows_.size(), static_cast<uint8_t>(RowTruth::kAsk));
      std::fill(truths_[variable].begin() + from, truths_[variable].end(), static_cast<uint8_t>(RowTruth::kAsk));
    } else {
      rows_.evaluate(*match_.conditions[variable], offsets_, from, &truths_[variable]);
    }
    truth_pointers_[variable] = truths_[variable].data();
  }
  return match_.has_within() ? evaluate_times(from) : absl::OkStatus();
}

absl::Status MatchSearch::evaluate_times(uint32_t from) {
  const MatchExpressions& end = *match_.conditions.back();
  const uint32_t count = rows_.size() - from;
  std::vector<Vector> columns(1);
  TROUPE_RETURN_IF_ERROR(rows_.window(match_.spec->values[end.values[0]].row_value, from, count, &columns[0]));
  Vector ends;
  TROUPE_RETURN_IF_ERROR(end.programs[0].run(run_.input(columns, count), &ends));
  times_.resize(from);
  ends_.resize(from);
  for (uint32_t row = 0; row < count; ++row) {
    times_.push_back(moment(columns[0], row, INT64_MAX));  // nulls are last, and within nothing
    ends_.push_back(moment(ends, row, INT64_MIN));
  }
  limit_ = std::min(limit_, from);
  return absl::OkStatus();
}

/// How far the match that is looked for may go.
PatternRows MatchSearch::rows_at_hand() {
  if (ends_.empty()) return {rows_.size(), !live_, truth_pointers_};
  limit_ = std::max(limit_, row_ + 1);
  while (limit_ < rows_.size() && times_[limit_] <= ends_[row_]) ++limit_;
  const bool limited = limit_ < rows_.size() || (live_ && known_ > ends_[row_]);
  return {limit_, !live_ || limited, truth_pointers_, limited};
}

absl::Status MatchSearch::go_on() {
  for (uint32_t searches = 0; searches < kSearchesPerTurn && !waits(); ++searches) {
    const auto outcome = matcher_.search(rows_at_hand(), *this);
    if (!outcome.ok()) {
      if (!is_told(outcome.status())) return outcome.status();
      failures_->match_failed(row_, outcome.status());
      TROUPE_RETURN_IF_ERROR(skip_row());
      continue;
    }
    switch (*outcome) {
      case SearchOutcome::kPaused: return absl::OkStatus();
      case SearchOutcome::kMoreRows: waits_ = true; break;
      case SearchOutcome::kMatch: TROUPE_RETURN_IF_ERROR(take_match()); break;
      case SearchOutcome::kNoMatch: TROUPE_RETURN_IF_ERROR(skip_row()); break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RowTruth> MatchSearch::ask(MatchPath& path) {
  const auto truth = ask_truth(path);
  if (truth.ok()) return *truth ? RowTruth::kTrue : RowTruth::kFalse;
  if (!is_told(truth.status())) return truth.status();
  failures_->condition_failed(static_cast<uint32_t>(path.end_row() - 1), truth.status());
  return RowTruth::kFalse;
}

absl::StatusOr<bool> MatchSearch::ask_truth(MatchPath& path) {
  values_.follow(path);
  const MatchExpressions& condition = *match_.conditions[path.variable(path.size() - 1)];
  columns_.resize(condition.values.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const uint32_t value = condition.values[i];
    columns_[i].reset_empty(physical_kind(match_.spec->values[value].type), 1);
    TROUPE_RETURN_IF_ERROR(values_.append(value, path.size(), /*tentative=*/true, *run_.context.eval, &columns_[i]));
  }
  Vector passes;
  TROUPE_RETURN_IF_ERROR(condition.programs[0].run(run_.input(columns_, 1), &passes));
  return !passes.is_null(0) && passes.get<bool>(0);
}

bool MatchSearch::is_told(const absl::Status& status) const {
  return failures_ != nullptr && !is_of_the_node(error_code(status));
}

void MatchSearch::start(uint32_t row) {
  row_ = row;
  matcher_.start(row);
  values_.set_match_number(match_number_ + 1);
}

absl::Status MatchSearch::take_match() {
  MatchPath& path = matcher_.path();
  const uint32_t row = row_;
  ++match_number_;
  auto next = row_after(path);
  if (next.ok()) {
    const absl::Status put = put_out(path);
    if (!put.ok() && !is_told(put)) return put;
    if (!put.ok()) failures_->match_failed(row, put);
  } else {
    if (!is_told(next.status())) return next.status();
    failures_->match_failed(row, next.status());
    next = row + 1;
  }
  matched_end_ = std::max(matched_end_, row + static_cast<uint32_t>(path.size()));
  start(*next);
  return absl::OkStatus();
}

/// With failures to be told of, one match at a time: it must be known whose they are.
absl::Status MatchSearch::put_out(MatchPath& path) {
  absl::Status status = output_.add_match(path, match_number_);
  if (failures_ == nullptr) return status;
  if (status.ok()) status = output_.end();
  if (!status.ok()) output_.discard();
  return status;
}

absl::Status MatchSearch::skip_row() {
  if (match_.spec->rows == RowsPerMatch::kWithUnmatched && row_ >= matched_end_) {
    TROUPE_RETURN_IF_ERROR(output_.add_unmatched(row_));
  }
  start(row_ + 1);
  return absl::OkStatus();
}

/// Where to look for the next match. Errors: 2202K, 2202L.
absl::StatusOr<uint32_t> MatchSearch::row_after(const MatchPath& path) const {
  const MatchSpec& spec = *match_.spec;
  if (path.empty() || spec.skip == SkipTo::kNextRow) return row_ + 1;
  if (spec.skip == SkipTo::kPastLastRow) return row_ + static_cast<uint32_t>(path.size());
  const std::vector<uint32_t> positions = MatchValues::positions_of(path, spec.skip_variables);
  if (positions.empty()) {
    return error(kSkipToNonExistentRow, "AFTER MATCH SKIP TO \"", spec.skip_name,
                 "\": no row of the match is this variable");
  }
  const uint32_t at = spec.skip == SkipTo::kFirst ? positions.front() : positions.back();
  if (at > 0) return row_ + at;
  return with_hint(error(kSkipToFirstRow, "AFTER MATCH SKIP TO \"", spec.skip_name,
                         "\" leads to the first row of the match, which would be found again and again"),
                   "Skip to a later variable, TO NEXT ROW or PAST LAST ROW.");
}

size_t MatchSearch::memory_bytes() const {
  size_t bytes = matcher_.memory_bytes() + output_.memory_bytes();
  for (const auto& truths : truths_) bytes += truths.capacity();
  return bytes + (times_.capacity() + ends_.capacity()) * sizeof(int64_t);
}

}  // namespace troupe
