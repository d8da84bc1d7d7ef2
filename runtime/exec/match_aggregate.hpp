#pragma once
/// An aggregate over a match that grows, and that the search shortens when it goes back: each new row costs one update,
/// going back at most kRowsPerCheckpoint.
#include <memory>
#include <vector>

#include "runtime/cep/match_path.hpp"
#include "runtime/exec/aggregator.hpp"
#include "runtime/exec/match_rows.hpp"

namespace troupe {

/// Where in the path the rows of a set of variables are, ascending.
using MatchPositions = std::vector<uint32_t>;

class RunningAggregate {
 public:
  /// `positions` null: every row of the match counts.
  RunningAggregate(const CompiledMatch& match, uint32_t value, const MatchRows& rows, const MatchPositions* positions);

  /// The path is what it was up to `size`.
  void keep(size_t size);
  /// Appends the aggregate over the first `seen` rows of the path. A `tentative` last row may be another next time.
  absl::Status append(const MatchPath& path, size_t seen, bool tentative, EvalContext& context, Vector* out);

 private:
  using State = std::unique_ptr<AggregateStates>;
  static constexpr size_t kRowsPerCheckpoint = 64;
  struct Checkpoint {
    size_t fed;
    State state;
  };

  State fresh() const;
  absl::StatusOr<State> copy(AggregateStates& from) const;
  absl::Status advance(const MatchPath& path, size_t to, bool keeps, EvalContext& context);
  /// Rows [from, to) of the path.
  absl::Status feed(const MatchPath& path, size_t from, size_t to, AggregateStates& state, EvalContext& context) const;
  absl::Status select(const MatchPath& path, size_t from, size_t to, std::vector<uint32_t>* rows) const;
  Vector classifiers(const MatchPath& path, std::span<const uint32_t> rows) const;

  const CompiledMatch& match_;
  const MatchAggregate& aggregate_;
  const MatchRows& rows_;
  const MatchPositions* positions_;
  State state_;
  size_t fed_ = 0;
  std::vector<Checkpoint> checkpoints_;
};

}  // namespace troupe
