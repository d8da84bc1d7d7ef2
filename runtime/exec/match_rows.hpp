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
  /// The same of rows that become more: extend() takes those in, and returns how many there were.
  void set_growing(const Batch& rows);
  uint32_t extend();
  void clear();
  uint32_t size() const { return size_; }

  /// The value of rows [from, from + count), null outside the partition.
  absl::Status window(uint32_t value, int64_t from, uint32_t count, Vector* out) const;
  absl::Status gather(uint32_t value, std::span<const uint32_t> rows, Vector* out) const;
  absl::Status append(uint32_t value, uint32_t row, Vector* out) const;

  /// For a condition that is_local(): writes a RowTruth for each row from `from` on.
  void evaluate(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets, uint32_t from,
                std::vector<uint8_t>* truths) const;

 private:
  bool is_ready(uint32_t value) const { return columns_[value].size() == size_; }
  absl::Status evaluate_part(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets, uint32_t from,
                             uint32_t count, uint8_t* truths) const;

  const CompiledMatch& match_;
  Run& run_;
  const Batch* rows_ = nullptr;
  uint32_t size_ = 0;            ///< of the rows, as far as they were taken in
  std::vector<Vector> columns_;  ///< by row value; empty: it failed
};

}  // namespace troupe
