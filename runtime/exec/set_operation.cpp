/// DISTINCT, DISTINCT ON, UNION, INTERSECT and EXCEPT.
#include "runtime/exec/group_table.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {
namespace {

std::vector<CompareKind> kinds_of(std::span<const Type> types) {
  std::vector<CompareKind> kinds;
  for (const Type& type : types) kinds.push_back(compare_kind_for(type));
  return kinds;
}

struct DistinctBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  std::vector<Program> on;  ///< empty: all columns
  std::vector<CompareKind> kinds;
};

class Distinct final : public Operator {
 public:
  Distinct(Run& run, const DistinctBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        input_{blueprint.input->start(run)},
        seen_(blueprint.kinds),
        memory_(&run.memory) {}
  void rewind() override {
    input_->rewind();
    seen_.clear();
  }

  Task<BatchResult> next() override {
    while (true) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok() || batch->rows == 0) co_return batch;
      absl::Status status = keep_new(&*batch);
      if (!status.ok()) co_return status;
      if (batch->rows > 0) co_return batch;
      if (run_.should_pause(kBatchRows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
  }

 private:
  absl::Status keep_new(Batch* batch) {
    std::vector<Vector> keys;
    if (blueprint_.on.empty()) {
      keys = batch->columns;
    } else {
      keys.resize(blueprint_.on.size());
      for (size_t i = 0; i < keys.size(); ++i) {
        TROUPE_RETURN_IF_ERROR(blueprint_.on[i].run(run_.input(*batch), &keys[i]));
      }
    }
    uint32_t next_group = seen_.size();
    std::vector<uint32_t> groups(batch->rows), fresh;
    seen_.assign(keys, batch->rows, groups.data());
    for (uint32_t row = 0; row < batch->rows; ++row) {
      if (groups[row] != next_group) continue;
      fresh.push_back(row);
      ++next_group;
    }
    if (fresh.size() < batch->rows) *batch = batch->gather(fresh);
    return memory_.hold(seen_.memory_bytes());
  }

  const DistinctBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  GroupTable seen_;
  MemoryShare memory_;
};

std::unique_ptr<Operator> DistinctBlueprint::open(Run& run) const { return std::make_unique<Distinct>(run, *this); }

struct SetBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr left;
  BlueprintPtr right;
  SetOperationKind operation = SetOperationKind::kUnion;
  bool all = false;
  std::vector<CompareKind> kinds;
};

/// Counts how often each row comes from either side; a row's copies are told by the counts.
class SetOperation final : public Operator {
 public:
  SetOperation(Run& run, const SetBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        left_{blueprint.left->start(run)},
        right_{blueprint.right->start(run)},
        rows_(blueprint.kinds),
        memory_(&run.memory) {}
  void rewind() override {
    left_->rewind();
    right_->rewind();
    rows_.clear();
    left_counts_.clear();
    right_counts_.clear();
    counted_ = false;
    group_ = 0;
    copies_out_ = 0;
  }

  Task<BatchResult> next() override {
    if (!counted_) {
      auto counting_left = count(*left_, &left_counts_);
      absl::Status status = co_await counting_left;
      if (!status.ok()) co_return status;
      auto counting_right = count(*right_, &right_counts_);
      status = co_await counting_right;
      if (!status.ok()) co_return status;
      left_counts_.resize(rows_.size());
      right_counts_.resize(rows_.size());
      counted_ = true;
    }
    co_return emit();
  }

 private:
  Task<absl::Status> count(Operator& input, std::vector<uint64_t>* counts) {
    std::vector<uint32_t> groups;
    while (true) {
      auto pulling = input.next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) co_return absl::OkStatus();
      groups.resize(batch->rows);
      rows_.assign(batch->columns, batch->rows, groups.data());
      counts->resize(rows_.size());
      for (const uint32_t group : groups) ++(*counts)[group];
      absl::Status status = memory_.hold(rows_.memory_bytes());
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
  }

  uint64_t copies(uint32_t group) const {
    const uint64_t left = left_counts_[group], right = right_counts_[group];
    switch (blueprint_.operation) {
      case SetOperationKind::kUnion: return blueprint_.all ? left + right : 1;
      case SetOperationKind::kIntersect:
        return blueprint_.all ? std::min(left, right) : (left > 0 && right > 0 ? 1 : 0);
      case SetOperationKind::kExcept:
        return blueprint_.all ? (left > right ? left - right : 0) : (left > 0 && right == 0 ? 1 : 0);
    }
    return 0;
  }

  Batch emit() {
    std::vector<uint32_t> selection;
    while (group_ < rows_.size() && selection.size() < kBatchRows) {
      if (copies_out_ < copies(group_)) {
        selection.push_back(group_);
        ++copies_out_;
      } else {
        ++group_;
        copies_out_ = 0;
      }
    }
    Batch out;
    if (selection.empty()) return out;
    out.rows = static_cast<uint32_t>(selection.size());
    for (size_t c = 0; c < blueprint_.kinds.size(); ++c) out.columns.push_back(rows_.key(c).gather(selection));
    return out;
  }

  const SetBlueprint& blueprint_;
  std::unique_ptr<Operator> left_;
  std::unique_ptr<Operator> right_;
  GroupTable rows_;
  MemoryShare memory_;
  std::vector<uint64_t> left_counts_, right_counts_;
  bool counted_ = false;
  uint32_t group_ = 0;
  uint64_t copies_out_ = 0;
};

std::unique_ptr<Operator> SetBlueprint::open(Run& run) const { return std::make_unique<SetOperation>(run, *this); }

}  // namespace

BlueprintResult compile_distinct(const DistinctPlan& plan) {
  auto blueprint = std::make_unique<DistinctBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->on, compile_programs(plan.on));
  if (plan.on.empty()) {
    blueprint->kinds = kinds_of(plan.inputs[0]->output);
  } else {
    for (const ExprPtr& expr : plan.on) blueprint->kinds.push_back(compare_kind_for(expr->type));
  }
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_set_operation(const SetOperationPlan& plan) {
  auto blueprint = std::make_unique<SetBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->left, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->right, compile_node(*plan.inputs[1]));
  blueprint->operation = plan.operation;
  blueprint->all = plan.all;
  blueprint->kinds = kinds_of(plan.output);
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
