#pragma once
/// What every plan node has, and the nodes that rows come from.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/expr.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

enum class PlanKind : uint8_t {
  kValues, kTableScan, kFunctionScan, kSystemScan, kCteScan, kWorkTableScan,
  kProject, kFilter, kProjectSet, kHashJoin, kNestedLoop, kIndexJoin, kApply,
  kAggregate, kWindow, kSort, kTopN, kLimit, kDistinct, kSetOperation, kAppend, kRecursiveUnion, kLockRows, kMatch,
  kInsert, kUpdate, kDelete, kMerge, kPartitionedChange,
};

struct Cost {
  double startup = 0;
  double total = 0;
  double rows = 1;
  double width = 0;  ///< bytes a row
};

struct PlanNode {
  explicit PlanNode(PlanKind plan_kind) : kind{plan_kind} {}
  virtual ~PlanNode() = default;
  PlanNode(const PlanNode&) = default;
  PlanNode& operator=(const PlanNode&) = default;

  template <typename T>
  const T& to() const {
    TROUPE_CHECK(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <typename T>
  const T* as() const {
    return kind == T::kKind ? static_cast<const T*>(this) : nullptr;
  }

  PlanKind kind;
  uint32_t id = 0;  ///< unique in its plan, from 0: where an execution keeps this node's state and counters
  std::vector<Type> output;
  std::vector<std::shared_ptr<const PlanNode>> inputs;
  Cost cost;
};
using PlanPtr = std::shared_ptr<const PlanNode>;
using TablePtr = std::shared_ptr<const TableDef>;
using IndexPtr = std::shared_ptr<const IndexDef>;

enum class LockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kExclusive };
enum class LockWait : uint8_t { kWait, kNoWait, kSkipLocked };

// --- sources ---

/// Rows of expressions; one row of none is what a SELECT without FROM starts from.
struct ValuesPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kValues;
  ValuesPlan() : PlanNode(kKind) {}
  std::vector<ExprList> rows;
};

enum class AccessKind : uint8_t {
  kFull,    ///< every row
  kLookup,  ///< rows whose key equals one of `keys` (row tree or unique index: at most one row each)
  kRange,   ///< keys that start with `prefix` and continue within the bounds
  kNothing, ///< the condition is never true
};
struct KeyBound {
  ExprPtr value;
  bool inclusive = true;
};
/// How a scan finds its rows: in the table's tree by primary key, or through an index. Expressions are constants,
/// parameters, slots and calls of them (in an IndexJoin: also columns of the outer row), already of the key column's
/// type; they are evaluated once a scan. A null in any of them means that no row matches.
struct Access {
  AccessKind kind = AccessKind::kFull;
  IndexPtr index;                       ///< null: the row tree
  /// kLookup: whole keys. kRange: leading columns of several ranges, in no order, instead of prefix and bounds. Equal
  /// ones count once.
  std::vector<ExprList> keys;
  /// The same for the first column: = ANY (key_array); `keys` is empty then. Duplicates count once.
  ExprPtr key_array;
  ExprList prefix;                      ///< kRange: equal leading columns
  std::optional<KeyBound> lower, upper; ///< kRange: on the column after the prefix, in value order (not key order)
};

enum class AggregateMode : uint8_t {
  kComplete,
  kPartial,  ///< output: group values, then each aggregate's state as bytea (Aggregate::serialize)
  kFinal,    ///< input: what kPartial put out
};
struct Aggregation {
  AggregateMode mode = AggregateMode::kComplete;
  ExprList groups;  ///< output: groups, then aggregates (then the grouping set's number, if there are sets)
  std::vector<AggregateCall> calls;
  /// Each set lists the groups that count, others are null. Empty: one set of all.
  std::vector<std::vector<uint16_t>> grouping_sets;
};

/// A table's rows. Filter, projection, partial aggregation and row limit run where the rows are.
/// Order of work: access → columns → filter → (aggregation | projection) → order and limit per partition.
struct TableScanPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kTableScan;
  TableScanPlan() : PlanNode(kKind) {}
  TablePtr table;
  std::string alias;              ///< as the statement calls it; empty: by its name
  Access access;
  std::vector<uint32_t> columns;  ///< row positions (attnum - 1) that are read, ascending
  ExprPtr filter;                 ///< over `columns`; null: none
  ExprList projection;            ///< over `columns`; empty: all of them as they are
  std::shared_ptr<const Aggregation> partial;  ///< over `columns`, in place of the projection; mode kPartial
  bool with_row_key = false;      ///< the row's key (bytea) comes as one more, last, output column
  /// Over the output. With `in_access_order` the access yields it and the partitions' streams are merged by it;
  /// otherwise each partition sorts (only together with row_limit: a top-n), and the streams are merged.
  std::vector<SortKey> order;
  bool in_access_order = false;
  bool backward = false;
  /// Without `order`: rows come in the order of their keys, whatever partitions they are in (row_order.hpp).
  bool in_row_order = false;
  ExprPtr row_limit;              ///< int8: at most so many rows a partition, after order; null: no limit
  bool one_partition = false;     ///< the access has one key that says where its row is
};

/// A set-returning function (runtime/plan/table_function.hpp), or several side by side (ROWS FROM).
struct TableFunction;
struct FunctionScanPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kFunctionScan;
  FunctionScanPlan() : PlanNode(kKind) {}
  struct Call {
    const TableFunction* function = nullptr;  ///< null: args[0] is an ordinary value, one row
    std::vector<Type> arguments;
    std::vector<Type> columns;
    ExprList args;
    bool expands = false;  ///< the function's one column is of a composite type, whose fields are the columns
  };
  std::vector<Call> calls;  ///< output: their columns one after the other; shorter ones are filled with nulls
  bool ordinality = false;  ///< one more bigint column, from 1
};

struct SystemTable;  // runtime/plan/system_table.hpp
struct SystemScanPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kSystemScan;
  SystemScanPlan() : PlanNode(kKind) {}
  std::shared_ptr<const SystemTable> table;
  ExprPtr filter;  ///< over all its columns; null: none
};

/// A WITH query's rows, computed once an execution: StatementPlan::ctes[cte].
struct CteScanPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kCteScan;
  CteScanPlan() : PlanNode(kKind) {}
  uint32_t cte = 0;
};

/// The rows the last round of the RecursiveUnionPlan with this work table produced.
struct WorkTableScanPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kWorkTableScan;
  WorkTableScanPlan() : PlanNode(kKind) {}
  uint32_t work_table = 0;
};

}  // namespace troupe
