/// ORDER BY, all of it or only the first rows.
#include <algorithm>

#include "runtime/exec/limit_value.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/sorter.hpp"

namespace troupe {
namespace {

struct SortBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  SortSpec keys;
  bool top_n = false;
  Program limit;
  Program offset;
};

class Sort final : public Operator {
 public:
  Sort(Run& run, const SortBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  void rewind() override {
    input_->rewind();
    sorter_.reset();
  }

  Task<BatchResult> next() override {
    if (!sorter_) {
      auto sorting = sort();
      absl::Status status = co_await sorting;
      if (!status.ok()) co_return status;
    }
    Batch out;
    if (position_ >= end_) co_return out;
    out = sorter_->take(position_, std::min(kBatchRows, end_ - position_));
    position_ += out.rows;
    co_return out;
  }

 private:
  /// Above this many rows keeping just the first ones costs more than it saves.
  static constexpr uint64_t kTopRowsMax = 1 << 20;

  Task<absl::Status> sort() {
    uint64_t limit = UINT64_MAX, offset = 0, keep = 0;
    if (blueprint_.top_n) {
      absl::StatusOr<uint64_t> evaluated = evaluate_limit(blueprint_.limit, run_.input({}, 1));
      if (!evaluated.ok()) co_return evaluated.status();
      limit = *evaluated;
      evaluated = evaluate_offset(blueprint_.offset, run_.input({}, 1));
      if (!evaluated.ok()) co_return evaluated.status();
      offset = *evaluated;
      if (limit <= kTopRowsMax && offset <= kTopRowsMax) keep = limit + offset;
    }
    sorter_ = std::make_unique<Sorter>(blueprint_.output(), blueprint_.keys.columns, &run_.memory, keep);
    position_ = end_ = 0;
    if (limit == 0) co_return absl::OkStatus();
    std::vector<Vector> keys;
    while (true) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) break;
      absl::Status status = blueprint_.keys.run(run_.input(*batch), &keys);
      if (status.ok()) status = sorter_->add(*batch, keys);
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
    sorter_->sort();
    position_ = static_cast<uint32_t>(std::min<uint64_t>(offset, sorter_->size()));
    end_ = static_cast<uint32_t>(std::min<uint64_t>(sorter_->size(), limit == UINT64_MAX ? UINT64_MAX : offset + limit));
    co_return absl::OkStatus();
  }

  const SortBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  std::unique_ptr<Sorter> sorter_;
  uint32_t position_ = 0;
  uint32_t end_ = 0;
};

std::unique_ptr<Operator> SortBlueprint::open(Run& run) const { return std::make_unique<Sort>(run, *this); }

}  // namespace

BlueprintResult compile_sort(const SortPlan& plan) {
  auto blueprint = std::make_unique<SortBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->keys, SortSpec::compile(plan.keys));
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_top_n(const TopNPlan& plan) {
  auto blueprint = std::make_unique<SortBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->keys, SortSpec::compile(plan.keys));
  blueprint->top_n = true;
  if (plan.limit) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->limit, Program::compile(plan.limit));
  }
  if (plan.offset) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->offset, Program::compile(plan.offset));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
