#pragma once
/// Physical plans: what the executor runs. Immutable, shared between executions; parameters and slots are bound when a
/// plan runs. Expressions of a node see the columns of its input(s) by position; joins see left ++ right.
#include "runtime/plan/match_plan.hpp"
#include "runtime/plan/plan_node.hpp"

namespace troupe {

// --- row by row ---


struct ProjectPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kProject;
  ProjectPlan() : PlanNode(kKind) {}
  ExprList values;
};
struct FilterPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kFilter;
  FilterPlan() : PlanNode(kKind) {}
  ExprPtr condition;
};
/// Set-returning functions in a select list: input columns, then each call's one column; rows repeated as often as the
/// longest call yields.
struct ProjectSetPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kProjectSet;
  ProjectSetPlan() : PlanNode(kKind) {}
  std::vector<FunctionScanPlan::Call> calls;
};

// --- joins: inputs[0] is left (probe, outer), inputs[1] right (build, inner) ---

enum class JoinKind : uint8_t {
  kInner, kLeft, kRight, kFull,
  kSemi,           ///< left rows with a match
  kAnti,           ///< left rows without one
  kNullAwareAnti,  ///< NOT IN: no left row at all when the right has a null key
  kMark,           ///< left ++ one boolean: matched (three-valued for IN: null when unknown)
  kSingle,         ///< kLeft, and 21000 when a left row has two matches: a scalar subquery
};
struct HashJoinPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kHashJoin;
  HashJoinPlan() : PlanNode(kKind) {}
  JoinKind join = JoinKind::kInner;
  ExprList left_keys;   ///< over the left input
  ExprList right_keys;  ///< over the right input, of the same types
  ExprPtr residual;     ///< over left ++ right; part of the ON condition; null: none
  bool null_aware_mark = false;  ///< kMark for IN; otherwise (EXISTS) it is never null
};
struct NestedLoopPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kNestedLoop;
  NestedLoopPlan() : PlanNode(kKind) {}
  JoinKind join = JoinKind::kInner;
  ExprPtr condition;  ///< over left ++ right; null: true
  bool null_aware_mark = false;
};
/// For batches of outer rows, looks up their matches in a table: no inputs[1].
struct IndexJoinPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kIndexJoin;
  IndexJoinPlan() : PlanNode(kKind) {}
  JoinKind join = JoinKind::kInner;  ///< kInner, kLeft, kSemi, kAnti, kSingle
  /// The inner side: kLookup with one key, or kRange by prefix, whose expressions see the outer row.
  std::shared_ptr<const TableScanPlan> inner;
  ExprPtr residual;  ///< over outer ++ inner output
};
struct SlotBinding {
  uint32_t slot = 0;
  uint32_t column = 0;  ///< of the outer row
};
/// Runs inputs[1] anew for each left row, with the slots set from it. LATERAL and what could not be decorrelated.
struct ApplyPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kApply;
  ApplyPlan() : PlanNode(kKind) {}
  JoinKind join = JoinKind::kInner;  ///< kInner, kLeft, kSemi, kAnti, kMark, kSingle
  std::vector<SlotBinding> bindings;
  ExprPtr condition;  ///< over left ++ right; null: true
  bool null_aware_mark = false;
};

// --- many rows ---

struct AggregatePlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kAggregate;
  AggregatePlan() : PlanNode(kKind) {}
  Aggregation aggregation;
  bool input_grouped = false;  ///< equal groups arrive together: no hash table is needed
};
enum class FrameUnit : uint8_t { kRange, kRows, kGroups };
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing
};
struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kUnboundedPreceding;
  ExprPtr offset;
};
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };
enum class WindowFunction : uint8_t {
  kAggregate, kRowNumber, kRank, kDenseRank, kPercentRank, kCumeDist, kNtile, kLag, kLead, kFirstValue, kLastValue,
  kNthValue,
};
/// While planning, the arguments and then the filter are those of the expression; the call's own say only how many.
struct WindowCall {
  WindowFunction function = WindowFunction::kRowNumber;
  AggregateCall aggregate;  ///< of kAggregate; others use its args and filter
  Type type;
  uint32_t window = 0;      ///< while planning: which of the query's windows
};
struct WindowSpec {
  ExprList partition_by;
  std::vector<SortKey> order;
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end{FrameBoundKind::kCurrentRow, nullptr};
  FrameExclusion exclusion = FrameExclusion::kNone;
};
/// Input sorted by partition_by, then order; output: input columns, then each call.
struct WindowPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kWindow;
  WindowPlan() : PlanNode(kKind) {}
  WindowSpec spec;
  std::vector<WindowCall> calls;
};
/// MATCH_RECOGNIZE over input sorted by partition_by, then order; output: carried row values, then measures.
struct MatchPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kMatch;
  MatchPlan() : PlanNode(kKind) {}
  MatchSpec spec;
};
struct SortPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kSort;
  SortPlan() : PlanNode(kKind) {}
  std::vector<SortKey> keys;
};
/// The first limit + offset rows in order, less the first offset ones.
struct TopNPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kTopN;
  TopNPlan() : PlanNode(kKind) {}
  std::vector<SortKey> keys;
  ExprPtr limit;
  ExprPtr offset;  ///< null: 0
};
/// int8 expressions without columns; null values mean no limit, 0. Errors when run: 2201W, 2201X when negative.
struct LimitPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kLimit;
  LimitPlan() : PlanNode(kKind) {}
  ExprPtr limit;
  ExprPtr offset;
  std::vector<SortKey> ties;  ///< WITH TIES: rows equal to the last one in these (the input's order) count too
};
/// Rows that differ; with `on`, the first row of each set of equal ones (the input is sorted by them).
struct DistinctPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kDistinct;
  DistinctPlan() : PlanNode(kKind) {}
  ExprList on;
};
enum class SetOperationKind : uint8_t { kUnion, kIntersect, kExcept };
/// UNION, INTERSECT [ALL], EXCEPT [ALL] of two inputs with the same types. UNION ALL is an AppendPlan.
struct SetOperationPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kSetOperation;
  SetOperationPlan() : PlanNode(kKind) {}
  SetOperationKind operation = SetOperationKind::kUnion;
  bool all = false;
};
struct PartitionPruning;  // runtime/plan/partition_plan.hpp
struct AppendPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kAppend;
  AppendPlan() : PlanNode(kKind) {}
  bool of_partitions = false;  ///< the inputs are scans of a table's partitions
  /// Of partitions: which of them the values known at the start leave. Null: all.
  std::shared_ptr<const PartitionPruning> pruning;
  /// The inputs come in this order, and so does the output. Empty: one input after the other.
  std::vector<SortKey> order;
};
/// inputs[0] once, then inputs[1] (which reads the work table) until it yields nothing.
struct RecursiveUnionPlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kRecursiveUnion;
  RecursiveUnionPlan() : PlanNode(kKind) {}
  uint32_t work_table = 0;
  bool distinct = false;  ///< UNION: rows seen before are left out
};

}  // namespace troupe
