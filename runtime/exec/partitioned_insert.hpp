#pragma once
/// Inserts rows into a partitioned table: each goes to the partition that takes it, and is inserted there as that
/// table's own.
#include <memory>
#include <vector>

#include "runtime/exec/row_inserter.hpp"
#include "runtime/plan/partition_plan.hpp"

namespace troupe {

/// The rows in another layout; `columns` says by column of that which one of `rows` it is.
Batch rows_in_layout(const Batch& rows, const std::vector<uint32_t>& columns, const TableDef& table);

/// Compiled once, each partition's part when the first row goes there. One session's, as its prepared statement is.
class PartitionedInsertSpec {
 public:
  static absl::StatusOr<std::unique_ptr<const PartitionedInsertSpec>> compile(const PartitionedInsert& plan);
  explicit PartitionedInsertSpec(const PartitionedInsert& plan) : plan_{plan}, leaves_(plan.leaves.size()) {}

  const PartitionedInsert& plan() const { return plan_; }
  absl::StatusOr<const InsertSpec*> leaf(uint32_t number) const;

 private:
  friend class PartitionedInserter;
  struct Level {
    const RoutingLevel* plan = nullptr;
    std::vector<Program> keys;
    std::vector<std::unique_ptr<const Level>> below;  ///< by child; null: a leaf
  };
  struct Leaf {
    bool compiled = false;
    absl::Status status;
    std::unique_ptr<const InsertSpec> spec;
  };
  static absl::StatusOr<std::unique_ptr<const Level>> compile_level(const RoutingLevel& level);

  const PartitionedInsert& plan_;
  std::unique_ptr<const Level> top_;
  mutable std::vector<Leaf> leaves_;
};

class PartitionedInserter {
 public:
  PartitionedInserter(Run& run, const PartitionedInsertSpec& spec) : run_{run}, spec_{spec} {}

  /// As RowInserter::insert(); `rows` are in the partitioned table's layout.
  Task<absl::Status> insert(const Batch& rows, uint64_t* affected, std::vector<Batch>* returned);
  /// The leaf of each row. Errors: 23514 for a row that no partition takes.
  absl::Status route(const Batch& rows, std::vector<uint32_t>* leaves);
  /// As RowInserter::failed_row().
  uint32_t failed_row() const { return failed_row_; }
  /// NOT NULL and CHECK alone; see check_rows().
  absl::Status check(const Batch& rows);

 private:
  /// What one partition has put out, and for which of the rows.
  struct Returned {
    Batch rows;
    std::vector<uint32_t> ordinals;
  };
  absl::Status route_level(const PartitionedInsertSpec::Level& level, const Batch& rows,
                           const std::vector<uint32_t>& ordinals, std::vector<uint32_t>* leaves);
  /// The failing row as the statement knows it: columns in the partitioned table's order.
  absl::Status shown_as_root(absl::Status status, const Batch& rows) const;
  absl::Status no_partition(const PartitionedInsertSpec::Level& level, const std::vector<Value>& key) const;
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> by_leaf(const std::vector<uint32_t>& leaves) const;
  RowInserter& inserter(uint32_t leaf, const InsertSpec& spec);

  Run& run_;
  const PartitionedInsertSpec& spec_;
  std::vector<std::unique_ptr<RowInserter>> inserters_;
  uint32_t failed_row_ = RowInserter::kNoRow;
};

}  // namespace troupe
