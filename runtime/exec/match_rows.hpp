#pragma once
/// One partition's rows as MATCH_RECOGNIZE's expressions see them: each row value as a column. One that fails for some
/// row is computed only where it is asked for, as SQL has it.
#include <vector>

#include "runtime/exec/match_compiled.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {

class MatchRows {
 public:
  MatchRows(const CompiledMatch& match, Run& run) : match_{match}, run_{run} {}

  /// `rows` stay until the next set() or clear().
  void set(const Batch& rows);
  void clear();
  uint32_t size() const { return rows_ == nullptr ? 0 : rows_->rows; }

  /// The value of rows [from, from + count), null outside the partition.
  absl::Status window(uint32_t value, int64_t from, uint32_t count, Vector* out) const;
  absl::Status gather(uint32_t value, std::span<const uint32_t> rows, Vector* out) const;
  absl::Status append(uint32_t value, uint32_t row, Vector* out) const;

  /// For a condition that is_local(): writes a RowTruth for each row.
  void evaluate(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets,
                std::vector<uint8_t>* truths) const;

 private:
  bool is_ready(uint32_t value) const { return columns_[value].size() == rows_->rows; }
  absl::Status evaluate_part(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets, uint32_t from,
                             uint32_t count, uint8_t* truths) const;

  const CompiledMatch& match_;
  Run& run_;
  const Batch* rows_ = nullptr;
  std::vector<Vector> columns_;  ///< by row value; empty: it failed
};

}  // namespace troupe
