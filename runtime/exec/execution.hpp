#pragma once
/// Running a plan. An ExecutablePlan is compiled once and shared by every execution of a prepared statement, on any
/// thread; an Execution is one run of it, pulled batch by batch, and may rest between two pulls (a suspended portal).
#include <memory>
#include <vector>

#include "runtime/exec/operator.hpp"
#include "runtime/plan/statement_plan.hpp"

namespace troupe {

class ExecutablePlan {
 public:
  /// Errors: 0A000 for what cannot run yet.
  static absl::StatusOr<std::shared_ptr<const ExecutablePlan>> compile(StatementPlanPtr plan);

  const StatementPlan& statement() const { return *plan_; }
  const Blueprint& root() const { return *root_; }
  const Blueprint& cte(uint32_t number) const { return *ctes_[number]; }
  const Blueprint& init_plan(size_t i) const { return *init_plans_[i]; }

 private:
  StatementPlanPtr plan_;
  BlueprintPtr root_;
  std::vector<BlueprintPtr> ctes_;
  std::vector<BlueprintPtr> init_plans_;
};

/// Owner: one session. Destroying it abandons what it waits for.
class Execution {
 public:
  /// `params` are of the plan's parameter types. `context` outlives the execution.
  Execution(std::shared_ptr<const ExecutablePlan> plan, std::vector<Value> params, ExecContext& context);
  ~Execution();

  /// The next rows, no more than kBatchRows; none: the end. A statement that returns no rows does all its work in the
  /// first call. One call at a time. `wanted`: a SELECT FOR UPDATE locks no more rows than that.
  Task<BatchResult> next(uint64_t wanted = UINT64_MAX);
  /// True when it is known already that next() would answer none.
  bool at_end() const { return finished_ || (begun_ && root_->at_end() && plan_->statement().modifying_ctes.empty()); }
  /// Rows inserted, updated or deleted by the statement itself (not by its WITH queries), so far.
  uint64_t rows_affected() const { return run_.rows_affected; }
  /// A null frame: prepare as usual.
  /// With ExecContext::measure: what each node did, by PlanNode::id, for explain_plan().
  const std::vector<ActualRun>& actual() const { return run_.actual; }

 private:
  Task<absl::Status> begin();
  Task<absl::Status> run_init_plan(size_t i);
  Task<absl::Status> finish_modifying_ctes();

  std::shared_ptr<const ExecutablePlan> plan_;
  Run run_;
  std::unique_ptr<Operator> root_;
  bool begun_ = false;
  bool finished_ = false;
};

/// Fetches one more batch of a WITH query's rows (or finds its end) for everybody who reads it.
Task<absl::Status> fetch_cte_rows(Run& run, uint32_t cte);

}  // namespace troupe
