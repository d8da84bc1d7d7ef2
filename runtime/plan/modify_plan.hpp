#pragma once
/// Plan nodes that lock or change rows. "Layout columns" are the table's by row position (attnum - 1), dropped ones
/// included, so that the partition evaluates them on the newest version of a row.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace troupe {

inline constexpr ErrorCode kCheckOptionViolation{pack_sqlstate("44000")};

struct CheckCondition {
  std::string name;
  ExprPtr condition;     ///< over the new row's layout columns; violated when false (23514)
  bool of_view = false;  ///< WITH CHECK OPTION of a view of that name; violated when not true (44000)
  bool of_partition = false;  ///< what the partition of that name takes; violated when false (23514)
};

struct ColumnAssignment {
  uint32_t column = 0;  ///< layout column
  ExprPtr value;
};
bool assigns(std::span<const ColumnAssignment> assignments, uint32_t column);

/// An index of expressions, or of some rows only. Both see layout columns.
struct IndexTerms {
  ExprList values;    ///< one for each of the index's columns
  ExprPtr predicate;  ///< rows without a true one have no entry; null: all have one
};

/// What a new version of a row must satisfy, and the indexes it must go to.
struct TableWrite {
  TablePtr table;
  std::vector<IndexPtr> indexes;         ///< all but the primary key's; of an UPDATE those whose columns change
  std::vector<IndexTerms> terms;         ///< parallel; without values: those of plain columns. Empty: all are
  std::vector<uint32_t> not_null;        ///< layout columns to check (23502)
  std::vector<CheckCondition> checks;
  /// Of an UPDATE (ON CONFLICT DO UPDATE): the generated columns that it changes, over the new row's layout columns.
  std::vector<ColumnAssignment> generated;
  ExprList returning;                    ///< empty: none
  /// Layout columns whose old and new values foreign keys have to know (ExecContext::key_changes), ascending.
  std::vector<uint32_t> watched;
  /// An UPDATE that assigns to a key which a foreign key may refer to: nobody may hold on to the row meanwhile.
  bool changes_referenced = false;
};

struct ConflictAction {
  bool any_index = false;        ///< DO NOTHING without a target: every unique index counts
  bool primary_key = false;      ///< the primary key is the arbiter
  std::vector<IndexPtr> arbiters;
  bool update = false;           ///< DO UPDATE; else DO NOTHING
  /// Over the existing row's layout columns ++ the excluded row's.
  std::vector<ColumnAssignment> assignments;
  ExprPtr where;                 ///< over the same; null: always
  bool changes_key = false;      ///< assigns to a primary key column
};

/// Input: one row for each to insert, all layout columns in order (defaults and casts done, dropped ones null).
/// `write.returning` sees the new row's layout columns.
struct PartitionedInsert;  // runtime/plan/partition_plan.hpp
struct InsertPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kInsert;
  InsertPlan() : PlanNode(kKind) {}
  TableWrite write;
  std::optional<ConflictAction> conflict;
  /// Into a partitioned table: each row goes to a partition, whose write and conflict are meant. Null: it is not.
  std::shared_ptr<const PartitionedInsert> partitions;
};

/// Input: the row's key (bytea), then `extras` further columns. Changes rows and re-checks them.
/// Expressions see the row's layout columns, then the extras; `write.returning` the new row's, then the extras;
/// checks the new row's.
struct UpdatePlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kUpdate;
  UpdatePlan() : PlanNode(kKind) {}
  TableWrite write;
  std::vector<ColumnAssignment> assignments;
  ExprPtr recheck;          ///< the WHERE condition, for the newest version of a row; null: always true
  uint32_t extras = 0;
  /// The input is a TableScanPlan of kLookup by whole primary keys with no extras: its keys say which rows, the
  /// recheck is its filter, so it need not run; one write message does it all.
  bool direct = false;
  bool changes_key = false; ///< assigns to a key column, of the table or of its partitions: delete and insert
  /// Of a partition, through its partitioned table: rows may go to other ones. Null: they stay.
  std::shared_ptr<const PartitionedInsert> partitions;
  uint32_t leaf = 0;              ///< its place in partitions->leaves
  std::vector<uint32_t> to_root;  ///< by layout column of the partitioned table, the partition's; kNoColumn: dropped
};

/// As UpdatePlan; `write.returning` sees the deleted row's layout columns, then the extras.
struct DeletePlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kDelete;
  DeletePlan() : PlanNode(kKind) {}
  TableWrite write;
  ExprPtr recheck;
  uint32_t extras = 0;
  bool direct = false;
};

/// SELECT ... FOR: locks the rows of one table that its input names and puts out their newest versions.
struct RowLock {
  TablePtr table;
  LockStrength strength = LockStrength::kExclusive;
  LockWait wait = LockWait::kWait;
  uint32_t key_column = 0;  ///< of the input: the row's key (bytea), null where an outer join found none
  /// Where layout columns of the table lie in the input, to be replaced when the row has a newer version.
  struct Source {
    uint32_t input_column = 0;
    uint32_t layout_column = 0;
  };
  std::vector<Source> columns;
  /// `table` is a partition of what is read: only rows with its oid in this column. Nothing: all of them.
  std::optional<uint32_t> oid_column;
};
/// Output = input. A row that is gone or whose newest version fails `recheck` (over the input's columns) is left out.
struct LockRowsPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kLockRows;
  LockRowsPlan() : PlanNode(kKind) {}
  std::vector<RowLock> locks;
  ExprPtr recheck;
  /// One lock, and the input is a TableScanPlan of kLookup by whole primary keys that puts out its `columns`, then the
  /// key: it need not run.
  bool direct = false;
};

}  // namespace troupe
