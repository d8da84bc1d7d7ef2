#pragma once
/// What statements did to rows of tables that have foreign keys or are referred to by some: gathered while rows are
/// written, looked at when the statement is done.
/// Owner: one session.
#include <string>
#include <vector>

#include "runtime/plan/modify_plan.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

enum class RowChange : uint8_t { kInsert, kUpdate, kDelete };

/// Rows of one table that were changed the same way.
struct KeyChange {
  TablePtr table;
  RowChange change = RowChange::kInsert;
  std::vector<uint32_t> columns;  ///< layout columns: what `before` and `after` show
  Batch before;                   ///< no rows of an insert
  Batch after;                    ///< no rows of a delete; else parallel to before
};

struct KeyChanges {
  std::vector<KeyChange> list;

  /// Adds rows; the last entry grows when it is of the same kind.
  void add(const TableWrite& write, RowChange change, const Batch* before, const Batch* after);
};

/// Cuts the last `columns` columns off a batch and returns them.
Batch split_columns(Batch* batch, size_t columns);
/// Some columns of a batch.
Batch columns_of(const Batch& rows, const std::vector<uint32_t>& columns);

}  // namespace troupe
