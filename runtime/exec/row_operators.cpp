/// Operators that look at one row at a time: values, projection, filter, append.
#include <utility>

#include "runtime/exec/operator.hpp"

namespace troupe {
namespace {

struct ValuesBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  std::vector<ProgramList> rows;
};

class Values final : public Operator {
 public:
  Values(Run& run, const ValuesBlueprint& blueprint) : Operator(run), blueprint_{blueprint} {}
  bool at_end() const override { return next_row_ == blueprint_.rows.size(); }
  void rewind() override { next_row_ = 0; }

  Task<BatchResult> next() override {
    Batch batch;
    if (next_row_ == blueprint_.rows.size()) co_return batch;
    if (blueprint_.rows.size() == 1) {
      auto evaluating = evaluate(blueprint_.rows[0], &batch.columns);
      absl::Status status = co_await evaluating;
      if (!status.ok()) co_return status;
      batch.rows = 1;
      next_row_ = 1;
      co_return batch;
    }
    for (const Type& type : blueprint_.output()) batch.columns.emplace_back().reset_empty(physical_kind(type));
    std::vector<Vector> values;
    while (next_row_ < blueprint_.rows.size() && batch.rows < kBatchRows) {
      auto evaluating = evaluate(blueprint_.rows[next_row_], &values);
      absl::Status status = co_await evaluating;
      if (!status.ok()) co_return status;
      for (size_t c = 0; c < values.size(); ++c) batch.columns[c].append_from(values[c], 0);
      ++batch.rows;
      ++next_row_;
    }
    co_return batch;
  }

 private:
  Task<absl::Status> evaluate(const ProgramList& list, std::vector<Vector>* values) {
    if (!list.needs_sequences()) co_return list.run(run_.input({}, 1), values);
    auto reserving = list.reserve(run_, 1);
    absl::Status status = co_await reserving;
    if (status.ok()) status = list.run(run_.input({}, 1), values);
    if (!status.ok()) co_return status;
    auto settling = list.settle(run_);
    co_return co_await settling;
  }

  const ValuesBlueprint& blueprint_;
  size_t next_row_ = 0;
};

std::unique_ptr<Operator> ValuesBlueprint::open(Run& run) const { return std::make_unique<Values>(run, *this); }

struct ProjectBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  ProgramList values;
};

class Project final : public Operator {
 public:
  Project(Run& run, const ProjectBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  bool at_end() const override { return input_->at_end(); }
  void rewind() override { input_->rewind(); }
  void want(uint64_t rows) override { input_->want(rows); }

  Task<BatchResult> next() override {
    auto pulling = input_->next();
    BatchResult batch = co_await pulling;
    if (!batch.ok() || batch->rows == 0) co_return batch;
    Batch out;
    out.rows = batch->rows;
    const ProgramList& values = blueprint_.values;
    if (values.needs_sequences()) {
      auto reserving = values.reserve(run_, batch->rows);
      absl::Status status = co_await reserving;
      if (!status.ok()) co_return status;
    }
    absl::Status status = values.run(run_.input(*batch), &out.columns);
    if (!status.ok()) co_return status;
    if (values.needs_sequences()) {
      auto settling = values.settle(run_);
      status = co_await settling;
      if (!status.ok()) co_return status;
    }
    co_return out;
  }

 private:
  const ProjectBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
};

std::unique_ptr<Operator> ProjectBlueprint::open(Run& run) const { return std::make_unique<Project>(run, *this); }

struct FilterBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  Program condition;
};

class Filter final : public Operator {
 public:
  Filter(Run& run, const FilterBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  void rewind() override { input_->rewind(); }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    const uint64_t wanted = std::exchange(wanted_, UINT64_MAX);
    while (true) {
      input_->want(wanted);
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok() || batch->rows == 0) co_return batch;
      absl::Status status = filter_batch(blueprint_.condition, run_, &*batch);
      if (!status.ok()) co_return status;
      if (batch->rows > 0) co_return batch;
      if (run_.should_pause(kBatchRows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
  }

 private:
  const FilterBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  uint64_t wanted_ = UINT64_MAX;
};

std::unique_ptr<Operator> FilterBlueprint::open(Run& run) const { return std::make_unique<Filter>(run, *this); }

}  // namespace

BlueprintResult compile_values(const ValuesPlan& plan) {
  auto blueprint = std::make_unique<ValuesBlueprint>(plan);
  for (const ExprList& row : plan.rows) {
    TROUPE_ASSIGN_OR_RETURN(ProgramList list, ProgramList::compile(row));
    blueprint->rows.push_back(std::move(list));
  }
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_project(const ProjectPlan& plan) {
  auto blueprint = std::make_unique<ProjectBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->values, ProgramList::compile(plan.values));
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_filter(const FilterPlan& plan) {
  auto blueprint = std::make_unique<FilterBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->condition, Program::compile(plan.condition));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
