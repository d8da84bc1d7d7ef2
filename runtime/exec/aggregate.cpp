/// GROUP BY in the session: complete, or final over what the partitions put out.
#include "runtime/exec/aggregator.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {
namespace {

struct AggregateBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  CompiledAggregation aggregation;
};

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(Run& run, const AggregateBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  void rewind() override {
    input_->rewind();
    aggregator_.reset();
  }

  Task<BatchResult> next() override {
    if (!aggregator_) {
      aggregator_ = std::make_unique<Aggregator>(blueprint_.aggregation, &run_.memory);
      while (true) {
        auto pulling = input_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok()) co_return batch;
        if (batch->rows == 0) break;
        absl::Status status = aggregator_->add(run_.input(*batch));
        if (status.ok()) status = run_.context.data->check_cancelled();
        if (!status.ok()) co_return status;
        if (run_.should_pause(batch->rows)) {
          Yield yield(*run_.context.data);
          co_await yield;
        }
      }
      absl::Status status = aggregator_->finish(*run_.context.eval);
      if (!status.ok()) co_return status;
    }
    Batch out;
    absl::Status status = aggregator_->next(kBatchRows, *run_.context.eval, &out);
    if (!status.ok()) co_return status;
    co_return out;
  }

 private:
  const AggregateBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  std::unique_ptr<Aggregator> aggregator_;
};

std::unique_ptr<Operator> AggregateBlueprint::open(Run& run) const {
  return std::make_unique<AggregateOperator>(run, *this);
}

}  // namespace

BlueprintResult compile_aggregate(const AggregatePlan& plan) {
  auto blueprint = std::make_unique<AggregateBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->aggregation, CompiledAggregation::compile(plan.aggregation));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
