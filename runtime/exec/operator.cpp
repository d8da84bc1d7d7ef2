#include "runtime/exec/operator.hpp"

#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/partition_plan.hpp"

namespace troupe {

BlueprintResult compile_node(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kValues: return compile_values(node.to<ValuesPlan>());
    case PlanKind::kTableScan: return compile_table_scan(node.to<TableScanPlan>());
    case PlanKind::kFunctionScan: return compile_function_scan(node.to<FunctionScanPlan>());
    case PlanKind::kSystemScan: return compile_system_scan(node.to<SystemScanPlan>());
    case PlanKind::kCteScan: return compile_cte_scan(node.to<CteScanPlan>());
    case PlanKind::kWorkTableScan: return compile_work_table_scan(node.to<WorkTableScanPlan>());
    case PlanKind::kProject: return compile_project(node.to<ProjectPlan>());
    case PlanKind::kFilter: return compile_filter(node.to<FilterPlan>());
    case PlanKind::kProjectSet: return compile_project_set(node.to<ProjectSetPlan>());
    case PlanKind::kHashJoin: return compile_hash_join(node.to<HashJoinPlan>());
    case PlanKind::kNestedLoop: return compile_nested_loop(node.to<NestedLoopPlan>());
    case PlanKind::kIndexJoin: return compile_index_join(node.to<IndexJoinPlan>());
    case PlanKind::kApply: return compile_apply(node.to<ApplyPlan>());
    case PlanKind::kAggregate: return compile_aggregate(node.to<AggregatePlan>());
    case PlanKind::kWindow: return compile_window(node.to<WindowPlan>());
    case PlanKind::kMatch: return compile_match(node.to<MatchPlan>());
    case PlanKind::kSort: return compile_sort(node.to<SortPlan>());
    case PlanKind::kTopN: return compile_top_n(node.to<TopNPlan>());
    case PlanKind::kLimit: return compile_limit(node.to<LimitPlan>());
    case PlanKind::kDistinct: return compile_distinct(node.to<DistinctPlan>());
    case PlanKind::kSetOperation: return compile_set_operation(node.to<SetOperationPlan>());
    case PlanKind::kAppend: return compile_append(node.to<AppendPlan>());
    case PlanKind::kRecursiveUnion: return compile_recursive_union(node.to<RecursiveUnionPlan>());
    case PlanKind::kLockRows: return compile_lock_rows(node.to<LockRowsPlan>());
    case PlanKind::kInsert: return compile_insert(node.to<InsertPlan>());
    case PlanKind::kUpdate: return compile_update(node.to<UpdatePlan>());
    case PlanKind::kDelete: return compile_delete(node.to<DeletePlan>());
    case PlanKind::kMerge: return compile_merge(node.to<MergePlan>());
    case PlanKind::kPartitionedChange: return compile_partitioned_change(node.to<PartitionedChangePlan>());
  }
  return error(ErrorCode::kInternalError, "a plan node of unknown kind");
}

namespace {

/// Counts what an operator does, and how long that takes with everything under it.
class Measured final : public Operator {
 public:
  Measured(Run& run, std::unique_ptr<Operator> inner, ActualRun& actual)
      : Operator(run), inner_{std::move(inner)}, actual_{actual} {}

  void rewind() override {
    inner_->rewind();
    running_ = false;
  }
  void want(uint64_t rows) override { inner_->want(rows); }
  Task<BatchResult> next() override {
    if (!running_) ++actual_.loops;
    const bool is_first = !std::exchange(running_, true);
    const double start_ms = now_ms();
    auto pulling = inner_->next();
    BatchResult batch = co_await pulling;
    const double taken_ms = now_ms() - start_ms;
    if (is_first) actual_.startup_ms += taken_ms;
    actual_.total_ms += taken_ms;
    if (batch.ok()) actual_.rows += batch->rows;
    co_return batch;
  }

 private:
  double now_ms() const {
    const Clock* clock = run_.context.eval->clock;
    return clock == nullptr ? 0 : static_cast<double>(clock->monotonic_us()) / 1000;
  }
  std::unique_ptr<Operator> inner_;
  ActualRun& actual_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Operator> Blueprint::start(Run& run) const {
  std::unique_ptr<Operator> opened = open(run);
  if (run.actual.empty()) return opened;
  return std::make_unique<Measured>(run, std::move(opened), run.actual[node_.id]);
}

absl::StatusOr<ProgramList> ProgramList::compile(std::span<const ExprPtr> exprs) {
  ProgramList list;
  TROUPE_ASSIGN_OR_RETURN(list.programs_, compile_programs(exprs));
  for (const Program& program : list.programs_) {
    list.needs_sequences_ = list.needs_sequences_ || !program.sequences().empty() || program.sets_sequences();
  }
  return list;
}

absl::Status ProgramList::run(const EvalInput& in, std::vector<Vector>* out) const {
  out->resize(programs_.size());
  for (size_t i = 0; i < programs_.size(); ++i) TROUPE_RETURN_IF_ERROR(programs_[i].run(in, &(*out)[i]));
  return absl::OkStatus();
}

Task<absl::Status> ProgramList::reserve(Run& run, uint32_t rows) const {
  SequenceAccess* sequences = run.context.sequences;
  if (sequences == nullptr) co_return error(ErrorCode::kFeatureNotSupported, "sequences cannot be used here");
  std::vector<std::pair<Oid, uint32_t>> needed;
  for (const Program& program : programs_) {
    for (const Oid oid : program.sequences()) {
      auto at = needed.begin();
      while (at != needed.end() && at->first != oid) ++at;
      if (at == needed.end()) {
        needed.emplace_back(oid, rows);
      } else {
        at->second += rows;
      }
    }
  }
  for (const auto& [oid, count] : needed) {
    if (sequences->reserved(oid) >= count) continue;
    auto reserving = sequences->reserve(oid, count);
    absl::Status status = co_await reserving;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> ProgramList::settle(Run& run) const {
  SequenceAccess* sequences = run.context.sequences;
  if (sequences == nullptr || !sequences->must_settle()) co_return absl::OkStatus();
  auto settling = sequences->settle();
  absl::Status status = co_await settling;
  co_return status;
}

absl::StatusOr<SortSpec> SortSpec::compile(std::span<const SortKey> keys) {
  SortSpec spec;
  for (const SortKey& key : keys) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(key.value));
    spec.programs.push_back(std::move(program));
    spec.columns.push_back({compare_kind_for(key.value->type), key.descending, key.nulls_first});
  }
  return spec;
}

absl::Status SortSpec::run(const EvalInput& in, std::vector<Vector>* keys) const {
  keys->resize(programs.size());
  for (size_t i = 0; i < programs.size(); ++i) TROUPE_RETURN_IF_ERROR(programs[i].run(in, &(*keys)[i]));
  return absl::OkStatus();
}

absl::Status filter_batch(const Program& condition, Run& run, Batch* batch) {
  if (!condition || batch->rows == 0) return absl::OkStatus();
  Vector passes;
  TROUPE_RETURN_IF_ERROR(condition.run(run.input(*batch), &passes));
  std::vector<uint32_t> selection;
  select_true(passes, batch->rows, &selection);
  if (selection.size() < batch->rows) *batch = batch->gather(selection);
  return absl::OkStatus();
}

}  // namespace troupe
