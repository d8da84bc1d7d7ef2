#include "runtime/exec/batch_queue.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/exec/partitioned_insert.hpp"
#include "runtime/exec/row_inserter.hpp"

namespace troupe {
namespace {

struct InsertBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  std::unique_ptr<const InsertSpec> spec;
  std::unique_ptr<const PartitionedInsertSpec> partitions;  ///< in place of spec
};

class Insert final : public Operator {
 public:
  Insert(Run& run, const InsertBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  bool at_end() const override { return done_ && returned_.empty(); }
  void rewind() override { TROUPE_CHECK_MSG(!done_, "a data-modifying statement runs once"); }

  Task<BatchResult> next() override {
    if (!done_) {
      done_ = true;
      auto running = run_all();
      absl::Status status = co_await running;
      if (!status.ok()) co_return status;
    }
    if (returned_.empty()) co_return Batch{};
    co_return returned_.pop_front();
  }

 private:
  Task<absl::Status> run_all() {
    std::unique_ptr<RowInserter> inserter;
    std::unique_ptr<PartitionedInserter> partitions;
    if (blueprint_.spec) inserter = std::make_unique<RowInserter>(run_, *blueprint_.spec);
    else partitions = std::make_unique<PartitionedInserter>(run_, *blueprint_.partitions);
    const bool is_root = &run_.plan.root() == &blueprint_;
    uint64_t affected = 0;
    while (true) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) break;
      std::vector<Batch> returned;
      auto inserting = inserter ? inserter->insert(*batch, &affected, &returned)
                                : partitions->insert(*batch, &affected, &returned);
      absl::Status status = co_await inserting;
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      for (Batch& rows : returned) returned_.push_back(std::move(rows));
      if (input_->at_end()) break;
    }
    if (is_root) run_.rows_affected += affected;
    co_return absl::OkStatus();
  }

  const InsertBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  bool done_ = false;
  BatchQueue returned_;
};

std::unique_ptr<Operator> InsertBlueprint::open(Run& run) const { return std::make_unique<Insert>(run, *this); }

}  // namespace

BlueprintResult compile_insert(const InsertPlan& plan) {
  auto blueprint = std::make_unique<InsertBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  if (plan.partitions) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->partitions, PartitionedInsertSpec::compile(*plan.partitions));
    return BlueprintPtr(std::move(blueprint));
  }
  TROUPE_ASSIGN_OR_RETURN(blueprint->spec, InsertSpec::compile(plan.write, plan.conflict ? &*plan.conflict : nullptr));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
