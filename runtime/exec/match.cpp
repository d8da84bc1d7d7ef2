/// MATCH_RECOGNIZE: a partition's rows are gathered, then looked through from the first to the last.
#include "runtime/exec/match_search.hpp"

namespace troupe {
namespace {

struct MatchBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  SortSpec partition_by;
  CompiledMatch match;
};

class Match final : public Operator {
 public:
  Match(Run& run, const MatchBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        input_{blueprint.input->start(run)},
        rows_(blueprint.input->output()),
        memory_(&run.memory) {}
  void rewind() override {
    input_->rewind();
    rows_.clear();
    search_.reset();
    partition_key_.clear();
    done_ = false;
  }

  Task<BatchResult> next() override {
    if (!search_) {
      absl::Status status = open_search();
      if (!status.ok()) co_return status;
    }
    while (!done_ && !search_->output().has_batch()) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch;
      done_ = batch->rows == 0;
      auto working = done_ ? end_partition() : take(*batch);
      absl::Status status = co_await working;
      if (status.ok() && done_) status = search_->output().end();
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
    co_return search_->output().has_batch() ? search_->output().take() : Batch{};
  }

 private:
  absl::Status open_search() {
    TROUPE_ASSIGN_OR_RETURN(std::vector<MatchOffset> offsets, evaluate_offsets(blueprint_.match, run_.input({}, 1)));
    search_ = std::make_unique<MatchSearch>(blueprint_.match, std::move(offsets), run_);
    return absl::OkStatus();
  }

  Task<absl::Status> take(const Batch& batch) {
    std::vector<Vector> keys;
    absl::Status status = blueprint_.partition_by.run(run_.input(batch), &keys);
    if (!status.ok()) co_return status;
    uint32_t from = 0;
    for (uint32_t row = 0; row < batch.rows && !keys.empty(); ++row) {
      key_.clear();
      for (size_t i = 0; i < keys.size(); ++i)
        encode_key_column(blueprint_.partition_by.columns[i], keys[i], row, &key_);
      if (key_ == partition_key_) continue;
      if (row > from) rows_.append(batch.slice(from, row - from));
      from = row;
      auto ending = end_partition();
      status = co_await ending;
      if (!status.ok()) co_return status;
      partition_key_ = key_;
    }
    rows_.append(batch.slice(from, batch.rows - from));
    status = memory_.hold(rows_.memory_bytes() + search_->memory_bytes());
    co_return status;
  }

  Task<absl::Status> end_partition() {
    if (rows_.size() == 0) co_return absl::OkStatus();
    absl::Status status = search_->begin(rows_.rows());
    if (!status.ok()) co_return status;
    while (!search_->at_end()) {
      status = search_->go_on();
      if (status.ok()) status = memory_.hold(rows_.memory_bytes() + search_->memory_bytes());
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (search_->at_end()) break;
      Yield yield(*run_.context.data);
      co_await yield;
    }
    search_->finish();
    rows_.clear();
    co_return absl::OkStatus();
  }

  const MatchBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  RowStore rows_;  ///< of the partition at hand
  std::unique_ptr<MatchSearch> search_;  ///< what depends on parameters: made when the first row is asked for
  std::string key_;
  std::string partition_key_;
  MemoryShare memory_;
  bool done_ = false;
};

std::unique_ptr<Operator> MatchBlueprint::open(Run& run) const { return std::make_unique<Match>(run, *this); }

}  // namespace

BlueprintResult compile_match(const MatchPlan& plan) {
  auto blueprint = std::make_unique<MatchBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  std::vector<SortKey> partition_by;
  for (const ExprPtr& expr : plan.spec.partition_by) partition_by.push_back({expr, false, false});
  TROUPE_ASSIGN_OR_RETURN(blueprint->partition_by, SortSpec::compile(partition_by));
  TROUPE_ASSIGN_OR_RETURN(blueprint->match, CompiledMatch::compile(plan.spec));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
