#pragma once
/// Finds the match that begins at a row: the one that SQL prefers, by trying the preferred way first and going back.
/// Row by row: when the rows at hand end and more may come, the search stops and goes on from there.
///
/// Where conditions look at their own row and those beside it only, a place that led to no match leads to none from
/// any other start either: such places are remembered, and the search costs at most states times rows. Where they look
/// at the rows matched before, ways multiply: steps are counted, and too many are an error.
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/cep/failure_marks.hpp"
#include "runtime/cep/match_path.hpp"
#include "runtime/cep/pattern.hpp"

namespace troupe {

/// Whether a row is a variable. kAsk: only the conditions can tell.
enum class RowTruth : uint8_t { kFalse, kTrue, kAsk, kWait };

/// The rows at hand, numbered from 0 through the partition.
struct PatternRows {
  uint64_t end = 0;      ///< rows before it are there
  bool complete = true;  ///< no more will come
  /// By variable: a RowTruth for each row; null: every row is the variable.
  std::span<const uint8_t* const> truths;
  /// `end` is as far as a match from this row may go (WITHIN), the partition goes on: the next start may see further.
  bool limited = false;
};

class PatternConditions {
 public:
  virtual ~PatternConditions() = default;
  /// Whether the path's last row, taken as its variable, may be it. kTrue, kFalse, or kWait for rows still to come.
  virtual absl::StatusOr<RowTruth> ask(MatchPath& path) = 0;
};

enum class SearchOutcome : uint8_t { kMatch, kNoMatch, kMoreRows, kPaused };

class PatternMatcher {
 public:
  /// A search that tried more steps than this, and this much more a row that it looked at, is given up.
  static constexpr uint64_t kStepsMax = 4'000'000;
  static constexpr uint64_t kStepsPerRowMax = 1'000;

  /// `looks_back`: by variable, whether its condition depends on what the rows before were matched as.
  PatternMatcher(const PatternProgram& program, const std::vector<bool>& looks_back);

  /// From now on: another partition.
  void reset();
  /// Looks for a match that begins at `row`; rows only go up within a partition.
  void start(uint64_t row);
  /// Goes on; kPaused after some thousand steps, so that others may run. Errors: 54001, the conditions' own.
  absl::StatusOr<SearchOutcome> search(const PatternRows& rows, PatternConditions& conditions);
  /// After kMatch, until the next start().
  MatchPath& path() { return path_; }
  size_t memory_bytes() const;

 private:
  struct Choice {
    uint32_t step;
    uint64_t row;
  };
  static constexpr uint32_t kStepsPerTurn = 1 << 16;
  static constexpr uint32_t kNoMark = UINT32_MAX;

  void mark_forks(const std::vector<bool>& looks_back);
  void forget_limited(uint64_t row);
  absl::StatusOr<RowTruth> take_row(const PatternStep& step, const PatternRows& rows, PatternConditions& conditions);
  bool go_back();
  void found();
  absl::Status count_steps(uint64_t steps);

  const PatternProgram& program_;
  std::vector<uint32_t> marks_of_;  ///< by step: its number among the forks whose failures are remembered
  FailureMarks marks_;
  MatchPath path_;
  std::vector<Choice> choices_;
  uint32_t step_ = 0;
  uint64_t row_ = 0;
  uint64_t furthest_ = 0;
  uint64_t steps_ = 0;
  bool met_limit_ = false;  ///< what failed since start() may have failed because of PatternRows::limited
};

}  // namespace troupe
