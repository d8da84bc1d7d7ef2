#include "runtime/exec/match_aggregate.hpp"

#include <algorithm>

namespace troupe {

RunningAggregate::RunningAggregate(const CompiledMatch& match, uint32_t value, const MatchRows& rows,
                                   const MatchPositions* positions)
    : match_{match},
      aggregate_{*match.spec->values[value].aggregate},
      rows_{rows},
      positions_{positions},
      state_{fresh()} {}

RunningAggregate::State RunningAggregate::fresh() const {
  auto state = std::make_unique<AggregateStates>(&aggregate_.call);
  state->resize(1);
  return state;
}

absl::StatusOr<RunningAggregate::State> RunningAggregate::copy(AggregateStates& from) const {
  State state = fresh();
  TROUPE_RETURN_IF_ERROR(aggregate_.call.aggregate->combine(aggregate_.call, state->base(), from.base()));
  return state;
}

void RunningAggregate::keep(size_t size) {
  if (fed_ <= size) return;
  while (!checkpoints_.empty() && checkpoints_.back().fed > size) checkpoints_.pop_back();
  if (checkpoints_.empty()) {
    state_ = fresh();
    fed_ = 0;
    return;
  }
  // The state is taken, not copied: the next advance() makes the checkpoint again.
  state_ = std::move(checkpoints_.back().state);
  fed_ = checkpoints_.back().fed;
  checkpoints_.pop_back();
}

absl::Status RunningAggregate::append(const MatchPath& path, size_t seen, bool tentative, EvalContext& context,
                                      Vector* out) {
  if (seen < fed_) keep(seen);
  const auto& call = aggregate_.call;
  if (!tentative || seen == 0) {
    TROUPE_RETURN_IF_ERROR(advance(path, seen, false, context));
    return call.aggregate->finalize(call, state_->base(), context, *out);
  }
  TROUPE_RETURN_IF_ERROR(advance(path, seen - 1, true, context));
  if (fed_ == seen) return call.aggregate->finalize(call, state_->base(), context, *out);
  TROUPE_ASSIGN_OR_RETURN(const State with_last, copy(*state_));
  TROUPE_RETURN_IF_ERROR(feed(path, seen - 1, seen, *with_last, context));
  return call.aggregate->finalize(call, with_last->base(), context, *out);
}

/// `keeps`: the search may come back to where it has been.
absl::Status RunningAggregate::advance(const MatchPath& path, size_t to, bool keeps, EvalContext& context) {
  while (fed_ < to) {
    const size_t next = keeps ? std::min(to, (fed_ / kRowsPerCheckpoint + 1) * kRowsPerCheckpoint) : to;
    TROUPE_RETURN_IF_ERROR(feed(path, fed_, next, *state_, context));
    fed_ = next;
    if (!keeps || fed_ % kRowsPerCheckpoint != 0) continue;
    TROUPE_ASSIGN_OR_RETURN(State saved, copy(*state_));
    checkpoints_.push_back({fed_, std::move(saved)});
  }
  return absl::OkStatus();
}

absl::Status RunningAggregate::feed(const MatchPath& path, size_t from, size_t to, AggregateStates& state,
                                    EvalContext& context) const {
  std::vector<uint32_t> rows;
  TROUPE_RETURN_IF_ERROR(select(path, from, to, &rows));
  if (rows.empty()) return absl::OkStatus();
  std::vector<Vector> args(aggregate_.args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    if (aggregate_.args[i] == MatchAggregate::kClassifier) {
      args[i] = classifiers(path, rows);
    } else {
      TROUPE_RETURN_IF_ERROR(rows_.gather(aggregate_.args[i], rows, &args[i]));
    }
  }
  return aggregate_.call.aggregate->update(aggregate_.call, {state.base(), nullptr}, args,
                                           static_cast<uint32_t>(rows.size()), context);
}

/// The rows that count among [from, to) of the path.
absl::Status RunningAggregate::select(const MatchPath& path, size_t from, size_t to,
                                      std::vector<uint32_t>* rows) const {
  const auto first = static_cast<uint32_t>(path.first_row());
  if (positions_ == nullptr) {
    for (size_t at = from; at < to; ++at) rows->push_back(first + static_cast<uint32_t>(at));
  } else {
    auto at = std::lower_bound(positions_->begin(), positions_->end(), from);
    for (; at != positions_->end() && *at < to; ++at) rows->push_back(first + *at);
  }
  if (aggregate_.filter == MatchAggregate::kNone || rows->empty()) return absl::OkStatus();
  Vector passes;
  TROUPE_RETURN_IF_ERROR(rows_.gather(aggregate_.filter, *rows, &passes));
  size_t kept = 0;
  for (uint32_t i = 0; i < rows->size(); ++i) {
    if (!passes.is_null(i) && passes.get<bool>(i)) (*rows)[kept++] = (*rows)[i];
  }
  rows->resize(kept);
  return absl::OkStatus();
}

Vector RunningAggregate::classifiers(const MatchPath& path, std::span<const uint32_t> rows) const {
  Vector names;
  names.reset_empty(Physical::kVarlen, static_cast<uint32_t>(rows.size()));
  for (const uint32_t row : rows) names.append_string(match_.spec->variables[path.variable(row - path.first_row())]);
  return names;
}

}  // namespace troupe
