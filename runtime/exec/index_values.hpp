#pragma once
/// What rows have in the columns of an index, and of which rows it has entries.
#include <vector>

#include "runtime/exec/program.hpp"
#include "runtime/plan/modify_plan.hpp"

namespace troupe {

class IndexValues {
 public:
  /// `terms` see the batch's columns; without values those of plain columns are taken, by row position.
  static absl::StatusOr<IndexValues> compile(IndexPtr index, const IndexTerms& terms);
  const IndexPtr& index() const { return index_; }

  /// Of the rows of one batch, which stays where it is.
  struct Rows {
    std::vector<const Vector*> columns;
    std::vector<Vector> computed;
    bool partial = false;
    Vector present;  ///< of a partial index
    bool has(uint32_t row) const { return !partial || (!present.is_null(row) && present.get<bool>(row)); }
    std::vector<Value> values(uint32_t row) const;
  };
  absl::Status run(const EvalInput& in, const Batch& rows, Rows* out) const;

 private:
  IndexPtr index_;
  std::vector<Program> values_;
  Program predicate_;
};

/// One for each of `write.indexes`.
absl::StatusOr<std::vector<IndexValues>> compile_index_values(const TableWrite& write);

}  // namespace troupe
