#pragma once
/// Rows kept by an operator: batches appended into one long column each.
#include <span>
#include <vector>

#include "runtime/types/type.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class RowStore {
 public:
  explicit RowStore(std::span<const Type> types);

  void append(const Batch& batch);
  /// Rows selection[...] of the batch.
  void append(const Batch& batch, std::span<const uint32_t> selection);
  const Batch& rows() const { return rows_; }
  uint32_t size() const { return rows_.rows; }
  /// Rows [from, from + count), less at the end.
  Batch take(uint32_t from, uint32_t count) const;
  size_t memory_bytes() const { return rows_.memory_bytes(); }
  void clear();

 private:
  std::vector<Physical> kinds_;
  Batch rows_;
};

/// A batch of `rows` nulls, one constant vector a column: the missing side of an outer join.
void append_null_columns(std::span<const Type> types, uint32_t rows, std::vector<Vector>* columns);

}  // namespace troupe
