#pragma once
/// The rows that MATCH_RECOGNIZE puts out: what it carries from the input, and measures, computed for many at once.
#include <vector>

#include "runtime/exec/batch_queue.hpp"
#include "runtime/exec/match_values.hpp"

namespace troupe {

class MatchOutput {
 public:
  MatchOutput(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, const MatchRows& rows, Run& run);

  /// The match's row, or rows. Errors: the measures' own.
  absl::Status add_match(MatchPath& path, int64_t match_number);
  /// A row of no match: its measures are null.
  absl::Status add_unmatched(uint32_t row);
  /// After the last row.
  absl::Status end() { return flush(); }

  /// What waits for its measures is not put out.
  void discard() { reset(); }

  bool has_batch() const { return !ready_.empty(); }
  Batch take();
  size_t memory_bytes() const { return ready_bytes_; }

 private:
  static constexpr uint32_t kNoMeasures = UINT32_MAX;
  absl::Status add_row(uint32_t row, size_t seen);
  absl::Status carry(uint32_t row);
  absl::Status flush();
  absl::Status compute_measures(std::vector<Vector>* columns);
  Vector spread(const Vector& measure, Type type) const;
  void reset();

  const CompiledMatch& match_;
  const MatchRows& rows_;
  Run& run_;
  MatchValues values_;
  // Rows that wait for their measures:
  std::vector<Vector> carried_;
  std::vector<Vector> inputs_;  ///< of the measures
  uint32_t input_rows_ = 0;
  std::vector<uint32_t> measures_of_;  ///< by row, its row among the inputs, or kNoMeasures

  BatchQueue ready_;
  size_t ready_bytes_ = 0;
};

}  // namespace troupe
