/// UNION ALL, and the partitions of a table: one input after the other, or all of them merged in an order they share.
#include <algorithm>

#include "runtime/exec/operator.hpp"
#include "runtime/exec/partition_pruning.hpp"

namespace troupe {
namespace {

struct AppendBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  std::vector<BlueprintPtr> inputs;
  std::unique_ptr<const CompiledPruning> pruning;  ///< null: every input is asked
  SortSpec order;                                  ///< empty: none
};

class Append final : public Operator {
 public:
  Append(Run& run, const AppendBlueprint& blueprint) : Operator(run), blueprint_{blueprint} {
    for (const BlueprintPtr& input : blueprint.inputs) inputs_.push_back(input->start(run));
  }
  void rewind() override {
    at_ = 0;
    asked_.clear();
    for (auto& input : inputs_) input->rewind();
  }

  Task<BatchResult> next() override {
    if (asked_.empty()) {
      absl::Status status = choose_inputs(run_, blueprint_.pruning.get(), inputs_.size(), &asked_);
      if (!status.ok()) co_return status;
    }
    for (; at_ < inputs_.size(); ++at_) {
      if (!asked_[at_]) continue;
      auto pulling = inputs_[at_]->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok() || batch->rows > 0) co_return batch;
    }
    co_return Batch{};
  }

 private:
  const AppendBlueprint& blueprint_;
  std::vector<std::unique_ptr<Operator>> inputs_;
  std::vector<bool> asked_;  ///< empty: not known yet
  size_t at_ = 0;
};

class MergeAppend final : public Operator {
 public:
  MergeAppend(Run& run, const AppendBlueprint& blueprint) : Operator(run), blueprint_{blueprint} {
    for (const BlueprintPtr& input : blueprint.inputs) inputs_.push_back({input->start(run)});
  }
  void rewind() override {
    started_ = false;
    heap_.clear();
    for (Input& input : inputs_) {
      input.source->rewind();
      input.rows = {};
    }
  }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    const uint64_t wanted = std::min<uint64_t>(std::exchange(wanted_, UINT64_MAX), kBatchRows);
    if (!started_) {
      started_ = true;
      std::vector<bool> asked;
      absl::Status status = choose_inputs(run_, blueprint_.pruning.get(), inputs_.size(), &asked);
      for (size_t i = 0; i < inputs_.size() && status.ok(); ++i) {
        if (!asked[i]) continue;
        auto filling = fill(i);
        status = co_await filling;
      }
      if (!status.ok()) co_return status;
    }
    RowStore out(blueprint_.output());
    while (!heap_.empty() && out.size() < wanted) {
      std::pop_heap(heap_.begin(), heap_.end(), After{this});
      const size_t first = heap_.back();
      heap_.pop_back();
      Input& input = inputs_[first];
      out.append(input.rows, {&input.at, 1});
      if (++input.at < input.rows.rows) {
        push(first);
        continue;
      }
      auto filling = fill(first);
      absl::Status status = co_await filling;
      if (!status.ok()) co_return status;
    }
    co_return out.rows();
  }

 private:
  struct Input {
    std::unique_ptr<Operator> source;
    Batch rows;
    std::vector<std::string> keys;  ///< by row
    uint32_t at = 0;
  };

  /// For a heap whose top is the first row; of equal ones the earlier input's.
  struct After {
    const MergeAppend* merge;
    bool operator()(size_t a, size_t b) const {
      const Input &one = merge->inputs_[a], &other = merge->inputs_[b];
      const int order = one.keys[one.at].compare(other.keys[other.at]);
      return order != 0 ? order > 0 : a > b;
    }
  };
  void push(size_t input) {
    heap_.push_back(input);
    std::push_heap(heap_.begin(), heap_.end(), After{this});
  }

  /// The next rows of an input, and its place among the others; it has none when it is at its end.
  Task<absl::Status> fill(size_t number) {
    Input& input = inputs_[number];
    auto pulling = input.source->next();
    BatchResult batch = co_await pulling;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) co_return absl::OkStatus();
    input.rows = *std::move(batch);
    input.at = 0;
    std::vector<Vector> keys;
    absl::Status status = blueprint_.order.run(run_.input(input.rows), &keys);
    if (!status.ok()) co_return status;
    input.keys.assign(input.rows.rows, {});
    for (size_t c = 0; c < keys.size(); ++c) {
      for (uint32_t row = 0; row < input.rows.rows; ++row) {
        encode_key_column(blueprint_.order.columns[c], keys[c], row, &input.keys[row]);
      }
    }
    push(number);
    co_return absl::OkStatus();
  }

  const AppendBlueprint& blueprint_;
  std::vector<Input> inputs_;
  std::vector<size_t> heap_;  ///< inputs that have rows
  bool started_ = false;
  uint64_t wanted_ = UINT64_MAX;
};

std::unique_ptr<Operator> AppendBlueprint::open(Run& run) const {
  if (order.programs.empty()) return std::make_unique<Append>(run, *this);
  return std::make_unique<MergeAppend>(run, *this);
}

}  // namespace

BlueprintResult compile_append(const AppendPlan& plan) {
  auto blueprint = std::make_unique<AppendBlueprint>(plan);
  for (const PlanPtr& input : plan.inputs) {
    TROUPE_ASSIGN_OR_RETURN(BlueprintPtr compiled, compile_node(*input));
    blueprint->inputs.push_back(std::move(compiled));
  }
  if (plan.pruning) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->pruning, CompiledPruning::compile(*plan.pruning));
  }
  TROUPE_ASSIGN_OR_RETURN(blueprint->order, SortSpec::compile(plan.order));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
