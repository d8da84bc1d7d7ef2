#pragma once
/// Work on all rows of a table that a definition needs: building an index, rewriting the table, checking a new
/// constraint. Rows stream through it; what it holds does not grow with the table.
/// The caller holds the table's lock, so that what it reads stays. New trees are written past the log (bulk_writer.hpp):
/// when wrote() the transaction needs a checkpoint before it commits.
/// Owner: one definition under way.
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "actors/session/catalog_rows.hpp"
#include "runtime/exec/exec_context.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/plan/modify_plan.hpp"

namespace troupe {

class BulkLog;

class TableRewriter {
 public:
  /// Both outlive this object and its tasks.
  TableRewriter(DataAccess& data, ExecContext& context) : data_{data}, context_{context} {}

  /// Fills `index.tree` from the rows of `table`. Errors: 23505 for a duplicate key, 0A000 for an index on expressions
  /// or of some rows only.
  Task<absl::Status> build_index(const TableDef& table, const IndexDef& index, const IndexTerms& terms);
  /// Every row of `old_table` through `values` (the new row's layout columns over the old row's; empty: unchanged) into
  /// `tree`, keyed as `new_table` is. Indexes are not touched. Errors: 23505 for a duplicate primary key, 23502 for a
  /// null in a NOT NULL column, the expressions' own. `log`: nullptr when the rows are no news.
  Task<absl::Status> rewrite(const TableDef& old_table, const TableDef& new_table, TreeId tree, const ExprList& values,
                             RowIdSource& ids, BulkLog* log);
  /// Errors: 23502 when a row has a null in layout column `column`.
  Task<absl::Status> check_not_null(const TableDef& table, uint32_t column);
  /// Errors: 23514 when the condition is false for a row.
  Task<absl::Status> check_rows(const TableDef& table, const CheckCondition& check);

  bool wrote() const { return wrote_; }

 private:
  /// Whether any row passes the filter.
  Task<absl::StatusOr<bool>> any_row(const TableDef& table, ExprPtr filter);

  DataAccess& data_;
  ExecContext& context_;
  bool wrote_ = false;
};

}  // namespace troupe
