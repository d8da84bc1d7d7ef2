/// UPDATE and DELETE of rows that lie in several partitions: each partition's rows are given to its own change.
#include <map>

#include "absl/container/flat_hash_set.h"
#include "runtime/exec/batch_queue.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/row_store.hpp"
#include "runtime/plan/partition_plan.hpp"

namespace troupe {
namespace {

struct PartitionedChangeBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  const PartitionedChangePlan* plan = nullptr;
  BlueprintPtr input;
  std::vector<BlueprintPtr> changes;  ///< by leaf
  std::map<int64_t, size_t> by_oid;
};

class PartitionedChange final : public Operator {
 public:
  PartitionedChange(Run& run, const PartitionedChangeBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  bool at_end() const override { return done_ && returned_.empty(); }
  void rewind() override { TROUPE_CHECK_MSG(!done_, "a data-modifying statement runs once"); }

  Task<BatchResult> next() override {
    while (!done_) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) {
        done_ = true;
        break;
      }
      auto changing = change(*batch);
      absl::Status status = co_await changing;
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
    }
    if (returned_.empty()) co_return Batch{};
    co_return returned_.pop_front();
  }

 private:
  Task<absl::Status> change(const Batch& rows) {
    std::map<size_t, std::vector<uint32_t>> by_leaf;
    const Vector& oids = rows.columns.back();
    for (uint32_t row = 0; row < rows.rows; ++row) {
      if (rows.columns[0].is_null(row)) continue;  // an outer join found none
      const auto leaf = blueprint_.by_oid.find(oids.get<int64_t>(row));
      if (leaf == blueprint_.by_oid.end() || !is_first(leaf->first, rows.columns[0].string(row))) continue;
      by_leaf[leaf->second].push_back(row);
    }
    for (const auto& [leaf, chosen] : by_leaf) {
      const std::vector<Type>& types = blueprint_.plan->inputs[0]->output;
      Batch own = rows.gather(chosen);
      own.columns.pop_back();
      auto store = std::make_unique<RowStore>(std::span(types).first(types.size() - 1));
      store->append(own);
      run_.work_tables[blueprint_.plan->leaves[leaf].work_table] = std::move(store);
      const std::unique_ptr<Operator> changing = blueprint_.changes[leaf]->start(run_);
      while (true) {
        auto running = changing->next();
        BatchResult put_out = co_await running;
        if (!put_out.ok()) co_return put_out.status();
        if (put_out->rows == 0) break;
        returned_.push_back(*std::move(put_out));
      }
    }
    co_return absl::OkStatus();
  }

  bool is_first(int64_t oid, std::string_view key) {
    if (!blueprint_.plan->once) return true;
    std::string place(reinterpret_cast<const char*>(&oid), sizeof oid);
    return seen_.insert(place.append(key)).second;
  }

  const PartitionedChangeBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  absl::flat_hash_set<std::string> seen_;
  bool done_ = false;
  BatchQueue returned_;
};

std::unique_ptr<Operator> PartitionedChangeBlueprint::open(Run& run) const {
  return std::make_unique<PartitionedChange>(run, *this);
}

}  // namespace

BlueprintResult compile_partitioned_change(const PartitionedChangePlan& plan) {
  auto blueprint = std::make_unique<PartitionedChangeBlueprint>(plan);
  blueprint->plan = &plan;
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  for (size_t i = 0; i < plan.leaves.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(BlueprintPtr change, compile_node(*plan.leaves[i].change));
    blueprint->changes.push_back(std::move(change));
    blueprint->by_oid[int64_t{plan.leaves[i].table->oid}] = i;
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
