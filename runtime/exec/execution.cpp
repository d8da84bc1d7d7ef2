#include "runtime/exec/execution.hpp"

#include "storage/column/array_format.hpp"

namespace troupe {

absl::StatusOr<std::shared_ptr<const ExecutablePlan>> ExecutablePlan::compile(StatementPlanPtr plan) {
  auto executable = std::make_shared<ExecutablePlan>();
  if (plan->root == nullptr) return error(ErrorCode::kInternalError, "a statement without a plan is not executed");
  TROUPE_ASSIGN_OR_RETURN(executable->root_, compile_node(*plan->root));
  for (const PlanPtr& cte : plan->ctes) {
    TROUPE_ASSIGN_OR_RETURN(BlueprintPtr compiled, compile_node(*cte));
    executable->ctes_.push_back(std::move(compiled));
  }
  for (const InitPlan& init : plan->init_plans) {
    TROUPE_ASSIGN_OR_RETURN(BlueprintPtr compiled, compile_node(*init.plan));
    executable->init_plans_.push_back(std::move(compiled));
  }
  executable->plan_ = std::move(plan);
  return std::shared_ptr<const ExecutablePlan>(std::move(executable));
}

Run::Run(const ExecutablePlan& executable, std::vector<Value> parameters, ExecContext& execution_context)
    : plan{executable},
      context{execution_context},
      params{std::move(parameters)},
      slots(executable.statement().slots),
      memory{execution_context.memory_bytes_max, execution_context.memory_shown},
      ctes(executable.statement().ctes.size()),
      work_tables(executable.statement().work_tables),
      actual(execution_context.measure ? executable.statement().nodes : 0) {}

Run::~Run() = default;

Execution::Execution(std::shared_ptr<const ExecutablePlan> plan, std::vector<Value> params, ExecContext& context)
    : plan_{std::move(plan)}, run_(*plan_, std::move(params), context), root_{plan_->root().start(run_)} {}

Execution::~Execution() {
  // Operators give their memory back to the run.
  root_.reset();
  run_.ctes.clear();
}

Task<BatchResult> Execution::next(uint64_t wanted) {
  if (finished_) co_return Batch{};
  if (!begun_) {
    begun_ = true;
    const StatementPlan& statement = plan_->statement();
    if (!statement.init_plans.empty()) {
      auto beginning = begin();
      absl::Status status = co_await beginning;
      if (!status.ok()) co_return status;
    }
  }
  if (wanted != UINT64_MAX) root_->want(wanted);
  auto pulling = root_->next();
  BatchResult batch = co_await pulling;
  if (!batch.ok()) {
    finished_ = true;
  } else if (batch->rows == 0) {
    finished_ = true;
    if (!plan_->statement().modifying_ctes.empty()) {
      auto finishing = finish_modifying_ctes();
      absl::Status status = co_await finishing;
      if (!status.ok()) co_return status;
    }
  }
  co_return batch;
}

Task<absl::Status> Execution::begin() {
  for (size_t i = 0; i < plan_->statement().init_plans.size(); ++i) {
    auto running = run_init_plan(i);
    absl::Status status = co_await running;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Execution::run_init_plan(size_t i) {
  const InitPlan& init = plan_->statement().init_plans[i];
  const std::unique_ptr<Operator> source = plan_->init_plan(i).start(run_);
  std::vector<Value> values;
  while (true) {
    if (init.kind == InitPlan::Kind::kExists) source->want(1);
    auto pulling = source->next();
    BatchResult batch = co_await pulling;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    if (init.kind == InitPlan::Kind::kExists) {
      values.emplace_back();
      break;
    }
    if (init.kind == InitPlan::Kind::kScalar && values.size() + batch->rows > 1) {
      co_return error(ErrorCode::kCardinalityViolation,
                      "more than one row returned by a subquery used as an expression");
    }
    for (uint32_t row = 0; row < batch->rows; ++row) values.push_back(batch->columns[0].value(row));
  }
  Value& slot = run_.slots[init.slot];
  switch (init.kind) {
    case InitPlan::Kind::kExists: slot = Value::of(!values.empty()); break;
    case InitPlan::Kind::kScalar:
      slot = values.empty() ? Value::null(physical_kind(init.type)) : std::move(values[0]);
      break;
    case InitPlan::Kind::kArray: {
      const Oid element = element_type_of(init.type.oid);
      slot = Value::text(pack_array(element, physical_kind(Type{element}), values));
      break;
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> fetch_cte_rows(Run& run, uint32_t cte) {
  SharedRows& shared = run.ctes[cte];
  if (!shared.source) {
    const Blueprint& blueprint = run.plan.cte(cte);
    shared.rows = std::make_unique<RowStore>(blueprint.output());
    shared.source = blueprint.start(run);
  }
  auto pulling = shared.source->next();
  BatchResult batch = co_await pulling;
  if (!batch.ok()) co_return batch.status();
  if (batch->rows == 0) {
    shared.complete = true;
    co_return absl::OkStatus();
  }
  const uint64_t before = shared.rows->memory_bytes();
  shared.rows->append(*batch);
  co_return run.memory.grow(shared.rows->memory_bytes() - before);
}

Task<absl::Status> Execution::finish_modifying_ctes() {
  for (const uint32_t cte : plan_->statement().modifying_ctes) {
    while (!run_.ctes[cte].complete) {
      auto fetching = fetch_cte_rows(run_, cte);
      absl::Status status = co_await fetching;
      if (!status.ok()) co_return status;
    }
  }
  co_return absl::OkStatus();
}

}  // namespace troupe
