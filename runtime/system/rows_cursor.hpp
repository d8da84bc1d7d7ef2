#pragma once
/// A table function whose rows are all there when it is called. Only for runtime/system.
#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "runtime/plan/table_function.hpp"

namespace troupe {

class RowsCursor final : public TableFunctionCursor {
 public:
  explicit RowsCursor(Batch rows) : rows_{std::move(rows)} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    const uint32_t count = std::min(rows_max, rows_.rows - at_);
    out = rows_.slice(at_, count);
    at_ += count;
    return absl::OkStatus();
  }

 private:
  Batch rows_;
  uint32_t at_ = 0;
};

using OpenedCursor = absl::StatusOr<std::unique_ptr<TableFunctionCursor>>;

inline Batch empty_rows(std::span<const Physical> kinds) {
  Batch rows;
  for (const Physical kind : kinds) {
    rows.columns.emplace_back();
    rows.columns.back().reset_empty(kind);
  }
  return rows;
}

/// pg_partition_tree() and pg_partition_ancestors(), which follow the catalog (functions_partition.cpp).
void register_partition_table_functions();

}  // namespace troupe
