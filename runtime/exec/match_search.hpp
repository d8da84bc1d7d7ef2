#pragma once
/// The search through one partition's rows: the conditions asked, the matches put out, and where it goes on after one.
/// The rows are all there (match.cpp), or come in order, as a stream has them: then the search stops
/// where the next row decides, and goes on from there.
#include <optional>

#include "runtime/cep/pattern_matcher.hpp"
#include "runtime/exec/match_output.hpp"

namespace troupe {

/// Who is told of what fails, instead of the whole search failing.
class MatchFailures {
 public:
  virtual ~MatchFailures() = default;
  /// The row is not the variable that was asked for.
  virtual void condition_failed(uint32_t row, const absl::Status& status) = 0;
  /// The match that begins with the row is not put out.
  virtual void match_failed(uint32_t row, const absl::Status& status) = 0;
};

class MatchSearch final : public PatternConditions {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  /// `failures` null: they are the search's own.
  MatchSearch(const CompiledMatch& match, std::vector<MatchOffset> offsets, Run& run,
              MatchFailures* failures = nullptr);

  /// Another partition, all of it; `rows` stay until finish(). Errors: those of WITHIN's sum.
  absl::Status begin(const Batch& rows);
  bool at_end() const { return row_ >= rows_.size(); }
  void finish() { rows_.clear(); }
  /// Looks on, for a moment; when the rows may go on, until waits().
  absl::Status go_on();

  // Where rows are still to come.
  /// The partition's first rows that matter; the search is at `row`.
  absl::Status begin_live(const Batch& rows, uint32_t row, uint32_t matched_end, int64_t match_number);
  /// There are more of `rows`.
  absl::Status extend();
  /// Every row up to this moment, by the first column of ORDER BY, is there.
  void know(int64_t time) {
    known_ = time;
    waits_ = false;
  }
  /// Nothing can be said before a row comes, or time goes beyond waits_until().
  bool waits() const { return waits_ || at_end(); }
  /// kNever: for a row only.
  int64_t waits_until() const { return at_end() || ends_.empty() ? kNever : ends_[row_]; }
  uint32_t row() const { return row_; }
  uint32_t matched_end() const { return matched_end_; }
  int64_t match_number() const { return match_number_; }

  absl::StatusOr<RowTruth> ask(MatchPath& path) override;

  MatchOutput& output() { return output_; }
  size_t memory_bytes() const;

 private:
  static constexpr uint32_t kSearchesPerTurn = 4096;

  std::vector<bool> variables_that_look_back();
  absl::Status evaluate(uint32_t from);
  absl::Status evaluate_times(uint32_t from);
  PatternRows rows_at_hand();
  absl::StatusOr<bool> ask_truth(MatchPath& path);
  void start(uint32_t row);
  absl::Status take_match();
  absl::Status put_out(MatchPath& path);
  absl::Status skip_row();
  absl::StatusOr<uint32_t> row_after(const MatchPath& path) const;
  bool is_told(const absl::Status& status) const;

  const CompiledMatch& match_;
  Run& run_;
  MatchFailures* const failures_;
  const std::vector<MatchOffset> offsets_;
  MatchRows rows_;
  MatchValues values_;  ///< the conditions'
  MatchOutput output_;
  std::vector<bool> looks_back_;
  std::vector<std::vector<uint8_t>> truths_;
  std::vector<const uint8_t*> truth_pointers_;
  PatternMatcher matcher_;
  std::vector<Vector> columns_;
  uint32_t row_ = 0;
  uint32_t matched_end_ = 0;  ///< rows before it were part of a match
  int64_t match_number_ = 0;
  bool live_ = false;
  bool waits_ = false;
  int64_t known_ = 0;
  // WITHIN, by row; without it empty.
  std::vector<int64_t> times_;
  std::vector<int64_t> ends_;  ///< the last moment of a match that begins there
  uint32_t limit_ = 0;         ///< the first row that is too late for one that begins at row_
};

}  // namespace troupe
