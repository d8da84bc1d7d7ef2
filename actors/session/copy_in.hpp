#pragma once
/// COPY FROM: fields become vectors, vectors become rows of the table: a chunk at a time through the INSERT that the
/// statement stands for (defaults, checks, indexes, identity), or past the log into trees of the transaction itself.
/// Memory: one chunk.
/// Owner: one statement.
#include <memory>
#include <string_view>
#include <vector>

#include "actors/session/bulk_writer.hpp"
#include "actors/session/copy_sources.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/exec/partitioned_insert.hpp"
#include "runtime/exec/row_inserter.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/protocol/copy_reader.hpp"
#include "runtime/sql/ast_dml.hpp"

namespace troupe {

/// The columns COPY moves when the statement names none, or those it names. Errors: 42703, 42701, 42P10.
absl::StatusOr<std::vector<uint32_t>> copied_columns(const sql::CopyStatement& statement, const TableDef& table);

class CopyIn {
 public:
  /// Plans it; `planning` as for any statement (its system tables are not used). Errors: those of the INSERT, of the
  /// options and of the WHERE clause.
  static absl::StatusOr<std::unique_ptr<CopyIn>> make(const sql::CopyStatement& statement, const TableDef& table,
                                                      const PlanContext& planning);

  const StatementPlan& plan() const { return executable_->statement(); }
  const TableWrite& write() const { return plan().root->to<InsertPlan>().write; }
  /// Of a partitioned table those that rows may go to.
  std::vector<TablePtr> partitions() const;
  bool binary() const { return binary_; }
  uint16_t columns() const { return static_cast<uint16_t>(columns_.size()); }
  bool freeze() const { return freeze_; }

  /// Before the first row. `bulk` (not nullptr): every tree of the table is the transaction's own, and empty.
  void start(ExecContext& context, BulkLog* bulk);
  /// A piece of the client's data, which stays until the task ends.
  Task<absl::Status> take(std::string_view data);
  /// The data is complete: the rows that are left.
  Task<absl::Status> finish();
  uint64_t rows() const { return rows_; }

 private:
  enum class Form : uint8_t { kInt16, kInt32, kInt64, kString, kAny };
  struct Column {
    Type type;
    Form form;
  };
  /// What the INSERT's source does with the fields: a projection or a filter.
  struct Step {
    bool filters = false;
    Program condition;
    ProgramList values;
  };
  CopyIn() = default;
  absl::Status compile_steps(const PlanNode& source);
  void clear_chunk();
  absl::Status add_row();
  absl::Status add_field(size_t column, std::string_view text);
  Task<absl::Status> take_rows();
  Task<absl::Status> check_chunk();
  Task<absl::Status> write_chunk();
  Task<absl::Status> complete_chunk();
  Task<absl::Status> run_steps(Batch* rows, CopySources* sources);
  Task<absl::Status> write_bulk();
  absl::Status check_rows_of_chunk(uint32_t* failing);
  absl::Status with_source(absl::Status status, uint32_t row, bool shown) const;
  void add_bulk(uint32_t row, std::span<const Vector* const> key,
                const std::vector<IndexValues::Rows>& entries);

  std::shared_ptr<const ExecutablePlan> executable_;
  std::vector<Column> columns_;
  std::vector<Step> steps_;
  std::unique_ptr<const InsertSpec> spec_;
  std::unique_ptr<const PartitionedInsertSpec> partitions_;  ///< in place of spec_
  std::unique_ptr<CopyReader> reader_;
  bool binary_ = false;
  bool freeze_ = false;
  bool latin1_ = false;
  std::string decoded_;  ///< the client's piece

  std::unique_ptr<Run> run_;
  std::unique_ptr<RowInserter> inserter_;
  std::unique_ptr<PartitionedInserter> routed_;  ///< in place of inserter_
  std::unique_ptr<BulkWriter> bulk_rows_;
  std::vector<IndexValues> index_values_;  ///< of the table's indexes
  std::vector<std::unique_ptr<IndexBulkWriter>> bulk_entries_;
  Batch chunk_;
  CopySources sources_;  ///< of its rows
  std::string key_, bytes_;
  uint64_t rows_ = 0;
};

}  // namespace troupe
