#pragma once
/// Operators: a plan compiled once becomes a tree of Blueprints, immutable and shared by all its executions; an
/// execution opens them into a tree of Operators, which are pulled batch by batch.
#include <atomic>
#include <memory>
#include <vector>

#include "runtime/exec/exec_context.hpp"
#include "runtime/exec/memory_budget.hpp"
#include "runtime/exec/program.hpp"
#include "runtime/exec/row_store.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/plan/statement_plan.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {

struct MergePlan;              // runtime/plan/merge_plan.hpp
struct PartitionedChangePlan;  // runtime/plan/partition_plan.hpp
class ExecutablePlan;
class Operator;
using BatchResult = absl::StatusOr<Batch>;

/// Rows computed once and read by several: a WITH query, the last round of a recursive one.
struct SharedRows {
  std::unique_ptr<Operator> source;
  std::unique_ptr<RowStore> rows;
  bool complete = false;
};

/// What one execution's operators share.
struct Run {
  Run(const ExecutablePlan& executable, std::vector<Value> parameters, ExecContext& execution_context);
  ~Run();

  EvalInput input(std::span<const Vector> columns, uint32_t rows) {
    return {columns, rows, params, slots, context.eval, context.sequences};
  }
  EvalInput input(const Batch& batch) { return input(batch.columns, batch.rows); }
  /// Whether an operator that has just worked on `rows` more rows should let others run (co_await Yield). Loops that do
  /// not hand out a batch each turn ask.
  bool should_pause(uint64_t rows) {
    rows_since_pause_ += rows;
    if (rows_since_pause_ < kRowsPerPause) return false;
    rows_since_pause_ = 0;
    return true;
  }

  const ExecutablePlan& plan;
  ExecContext& context;
  std::vector<Value> params;
  std::vector<Value> slots;
  MemoryBudget memory;
  std::vector<SharedRows> ctes;
  std::vector<std::unique_ptr<RowStore>> work_tables;  ///< the last round's rows
  uint64_t rows_affected = 0;
  std::vector<ActualRun> actual;  ///< by PlanNode::id; empty: not measured

 private:
  static constexpr uint64_t kRowsPerPause = 8192;
  uint64_t rows_since_pause_ = 0;
};

class Operator {
 public:
  explicit Operator(Run& run) : run_{run} {}
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  /// The next rows; none: the end (asking again answers none again).
  virtual Task<BatchResult> next() = 0;
  /// The next next() need not put out more than so many rows: who locks rows locks no more. Others may ignore it.
  virtual void want(uint64_t rows) { (void)rows; }
  /// True when it is known already that next() would answer none.
  virtual bool at_end() const { return false; }
  /// Starts over, with the slots as they are now.
  virtual void rewind() = 0;

 protected:
  Run& run_;
};

class Blueprint {
 public:
  explicit Blueprint(const PlanNode& node) : node_{node} {}
  virtual ~Blueprint() = default;
  /// The node's operator in this execution, measured when the execution is (EXPLAIN ANALYZE).
  std::unique_ptr<Operator> start(Run& run) const;
  const PlanNode& node() const { return node_; }
  const std::vector<Type>& output() const { return node_.output; }

 protected:
  virtual std::unique_ptr<Operator> open(Run& run) const = 0;

 private:
  const PlanNode& node_;  ///< kept by the StatementPlan
};
using BlueprintPtr = std::unique_ptr<const Blueprint>;
using BlueprintResult = absl::StatusOr<BlueprintPtr>;

/// Compiles a node and what is under it. Errors: 0A000 for what no operator does.
BlueprintResult compile_node(const PlanNode& node);

// By the sources that hold them.
BlueprintResult compile_table_scan(const TableScanPlan& plan);  // table_scan.cpp
BlueprintResult compile_index_join(const IndexJoinPlan& plan);  // index_join.cpp
BlueprintResult compile_values(const ValuesPlan& plan);         // row_operators.cpp
BlueprintResult compile_project(const ProjectPlan& plan);
BlueprintResult compile_filter(const FilterPlan& plan);
BlueprintResult compile_append(const AppendPlan& plan);               // append.cpp
BlueprintResult compile_limit(const LimitPlan& plan);                 // limit.cpp
BlueprintResult compile_function_scan(const FunctionScanPlan& plan);  // function_scan.cpp
BlueprintResult compile_project_set(const ProjectSetPlan& plan);
BlueprintResult compile_system_scan(const SystemScanPlan& plan);  // shared_scans.cpp
BlueprintResult compile_cte_scan(const CteScanPlan& plan);
BlueprintResult compile_work_table_scan(const WorkTableScanPlan& plan);
BlueprintResult compile_recursive_union(const RecursiveUnionPlan& plan);
BlueprintResult compile_hash_join(const HashJoinPlan& plan);      // hash_join.cpp
BlueprintResult compile_nested_loop(const NestedLoopPlan& plan);  // hash_join.cpp
BlueprintResult compile_apply(const ApplyPlan& plan);             // apply.cpp
BlueprintResult compile_aggregate(const AggregatePlan& plan);     // aggregate.cpp
BlueprintResult compile_distinct(const DistinctPlan& plan);       // set_operation.cpp
BlueprintResult compile_set_operation(const SetOperationPlan& plan);
BlueprintResult compile_sort(const SortPlan& plan);  // sort.cpp
BlueprintResult compile_top_n(const TopNPlan& plan);
BlueprintResult compile_window(const WindowPlan& plan);  // window.cpp
BlueprintResult compile_match(const MatchPlan& plan);    // match.cpp
BlueprintResult compile_insert(const InsertPlan& plan);  // insert.cpp
BlueprintResult compile_update(const UpdatePlan& plan);  // change_rows.cpp
BlueprintResult compile_delete(const DeletePlan& plan);
BlueprintResult compile_lock_rows(const LockRowsPlan& plan);  // lock_rows.cpp
BlueprintResult compile_merge(const MergePlan& plan);         // merge_rows.cpp
BlueprintResult compile_partitioned_change(const PartitionedChangePlan& plan);  // partitioned_change.cpp

/// Programs that are evaluated together: reserves what their nextval() calls will take before, settles setval() after.
class ProgramList {
 public:
  static absl::StatusOr<ProgramList> compile(std::span<const ExprPtr> exprs);
  size_t size() const { return programs_.size(); }
  const Program& operator[](size_t i) const { return programs_[i]; }
  bool needs_sequences() const { return needs_sequences_; }
  /// Only for lists that need no sequences.
  absl::Status run(const EvalInput& in, std::vector<Vector>* out) const;
  /// Before and after run() for lists that do.
  Task<absl::Status> reserve(Run& run, uint32_t rows) const;
  Task<absl::Status> settle(Run& run) const;

 private:
  std::vector<Program> programs_;
  bool needs_sequences_ = false;
};

/// Compiled ORDER BY.
struct SortSpec {
  std::vector<Program> programs;
  std::vector<KeyColumn> columns;
  static absl::StatusOr<SortSpec> compile(std::span<const SortKey> keys);
  absl::Status run(const EvalInput& in, std::vector<Vector>* keys) const;
};

/// The rows of `batch` for which `condition` is true; all of them when there is none.
absl::Status filter_batch(const Program& condition, Run& run, Batch* batch);

}  // namespace troupe
