#pragma once
/// Takes the values that conditions and measures ask for from a match: FIRST, LAST, PREV, NEXT, CLASSIFIER, aggregates.
/// It follows the path as that grows and shrinks, so that a value costs the same however long the match is.
#include <memory>
#include <vector>

#include "runtime/exec/match_aggregate.hpp"

namespace troupe {

class MatchValues {
 public:
  MatchValues(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, const MatchRows& rows);

  /// Before append(): the path is now this one. Nobody else may note() it meanwhile.
  void follow(MatchPath& path);
  /// From now on: another partition, or another match.
  void restart();
  void set_match_number(int64_t number) { match_number_ = number; }
  /// Appends spec.values[value] as seen from the path's row `seen` - 1, the match so far ending there. `tentative`: the
  /// search asks, and the last row may become another.
  absl::Status append(uint32_t value, size_t seen, bool tentative, EvalContext& context, Vector* out);

  /// Where in the path the rows of these variables are; ascending.
  static std::vector<uint32_t> positions_of(const MatchPath& path, const std::vector<uint16_t>& variables);

 private:
  static constexpr int64_t kNoRow = -1;
  /// Rows that values may have been made of before somebody asks whether the statement is to end.
  static constexpr size_t kWorkPerLook = 65536;
  /// The row that the value's navigation leads to, which may lie outside the match; kNoRow: none.
  int64_t row_of(uint32_t value, size_t seen) const;
  absl::Status append_classifier(uint32_t value, size_t seen, Vector* out) const;

  const CompiledMatch& match_;
  const std::vector<MatchOffset>& offsets_;
  const MatchRows& rows_;
  const MatchPath* path_ = nullptr;
  size_t followed_ = 0;
  std::vector<MatchPositions> positions_;                      ///< by set of variables
  std::vector<std::unique_ptr<RunningAggregate>> aggregates_;  ///< by value; null: it is none
  int64_t match_number_ = 0;
  size_t work_ = 0;
};

}  // namespace troupe
