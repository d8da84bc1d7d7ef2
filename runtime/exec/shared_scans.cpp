/// Rows that others make: system relations, WITH queries, the work table of a recursive one.
#include <algorithm>

#include "runtime/exec/execution.hpp"
#include "runtime/exec/group_table.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {
namespace {

struct SystemScanBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  std::shared_ptr<const SystemTable> table;
  Program filter;
};

class SystemScan final : public Operator {
 public:
  SystemScan(Run& run, const SystemScanBlueprint& blueprint) : Operator(run), blueprint_{blueprint} {}
  /// The rows stay: to a statement, the system looks the same however often a subquery asks.
  void rewind() override { position_ = 0; }

  Task<BatchResult> next() override {
    if (!rows_) {
      absl::Status status = produce();
      if (!status.ok()) co_return status;
    }
    while (position_ < rows_->size()) {
      Batch batch = rows_->take(position_, kBatchRows);
      position_ += batch.rows;
      absl::Status status = filter_batch(blueprint_.filter, run_, &batch);
      if (!status.ok()) co_return status;
      if (batch.rows > 0) co_return batch;
    }
    co_return Batch{};
  }

 private:
  absl::Status produce() {
    if (run_.context.system == nullptr) {
      return error(ErrorCode::kFeatureNotSupported, "system relation \"", blueprint_.table->name,
                   "\" cannot be read here");
    }
    std::vector<std::vector<Value>> produced;
    TROUPE_RETURN_IF_ERROR(blueprint_.table->produce(*run_.context.system, &produced));
    std::vector<Type> types;
    for (const SystemColumn& column : blueprint_.table->columns) types.push_back(column.type);
    rows_ = std::make_unique<RowStore>(types);
    Batch batch;
    for (const Type& type : types) batch.columns.emplace_back().reset_empty(physical_kind(type));
    for (const std::vector<Value>& row : produced) {
      for (size_t c = 0; c < types.size(); ++c) batch.columns[c].append_value(row[c]);
    }
    batch.rows = static_cast<uint32_t>(produced.size());
    rows_->append(batch);
    position_ = 0;
    return run_.memory.grow(rows_->memory_bytes());
  }

  const SystemScanBlueprint& blueprint_;
  std::unique_ptr<RowStore> rows_;
  uint32_t position_ = 0;
};

std::unique_ptr<Operator> SystemScanBlueprint::open(Run& run) const { return std::make_unique<SystemScan>(run, *this); }

struct CteScanBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  uint32_t cte = 0;
};

/// Reads what other scans of the same WITH query have fetched already, then fetches more for all of them.
class CteScan final : public Operator {
 public:
  CteScan(Run& run, const CteScanBlueprint& blueprint) : Operator(run), cte_{blueprint.cte} {}
  void rewind() override { position_ = 0; }

  Task<BatchResult> next() override {
    while (true) {
      SharedRows& shared = run_.ctes[cte_];
      if (shared.rows && position_ < shared.rows->size()) {
        Batch batch = copy_of(shared.rows->rows(), position_);
        position_ += batch.rows;
        co_return batch;
      }
      if (shared.complete) co_return Batch{};
      auto fetching = fetch_cte_rows(run_, cte_);
      absl::Status status = co_await fetching;
      if (!status.ok()) co_return status;
    }
  }

 private:
  /// The shared columns still grow, so their memory may move: a batch has its own.
  static Batch copy_of(const Batch& rows, uint32_t from) {
    std::vector<uint32_t> selection(std::min(kBatchRows, rows.rows - from));
    for (uint32_t i = 0; i < selection.size(); ++i) selection[i] = from + i;
    return rows.gather(selection);
  }

  uint32_t cte_;
  uint32_t position_ = 0;
};

std::unique_ptr<Operator> CteScanBlueprint::open(Run& run) const { return std::make_unique<CteScan>(run, *this); }

struct WorkTableBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  uint32_t work_table = 0;
};

class WorkTableScan final : public Operator {
 public:
  WorkTableScan(Run& run, const WorkTableBlueprint& blueprint) : Operator(run), table_{blueprint.work_table} {}
  void rewind() override { position_ = 0; }
  Task<BatchResult> next() override {
    const RowStore* rows = run_.work_tables[table_].get();
    if (rows == nullptr || position_ >= rows->size()) co_return Batch{};
    Batch batch = rows->take(position_, kBatchRows);
    position_ += batch.rows;
    co_return batch;
  }

 private:
  uint32_t table_;
  uint32_t position_ = 0;
};

std::unique_ptr<Operator> WorkTableBlueprint::open(Run& run) const {
  return std::make_unique<WorkTableScan>(run, *this);
}

struct RecursiveUnionBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr first;
  BlueprintPtr recursive;
  uint32_t work_table = 0;
  bool distinct = false;
  std::vector<CompareKind> kinds;
};

class RecursiveUnion final : public Operator {
 public:
  RecursiveUnion(Run& run, const RecursiveUnionBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        first_{blueprint.first->start(run)},
        recursive_{blueprint.recursive->start(run)},
        seen_(blueprint.kinds),
        memory_(&run.memory) {
    start_round();
  }
  void rewind() override {
    first_->rewind();
    in_first_ = true;
    done_ = false;
    seen_.clear();
    start_round();
  }

  Task<BatchResult> next() override {
    while (!done_) {
      Operator& source = in_first_ ? *first_ : *recursive_;
      auto pulling = source.next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch;
      if (batch->rows == 0) {
        end_round();
        continue;
      }
      absl::Status status = keep(&*batch);
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (batch->rows > 0) co_return batch;
    }
    co_return Batch{};
  }

 private:
  void start_round() { produced_ = std::make_unique<RowStore>(blueprint_.output()); }

  /// What this round produced is what the next one reads.
  void end_round() {
    in_first_ = false;
    if (produced_->size() == 0) {
      done_ = true;
      return;
    }
    run_.work_tables[blueprint_.work_table] = std::move(produced_);
    start_round();
    recursive_->rewind();
  }

  absl::Status keep(Batch* batch) {
    if (blueprint_.distinct) {
      uint32_t next_group = seen_.size();
      std::vector<uint32_t> groups(batch->rows), fresh;
      seen_.assign(batch->columns, batch->rows, groups.data());
      for (uint32_t row = 0; row < batch->rows; ++row) {
        if (groups[row] != next_group) continue;
        fresh.push_back(row);
        ++next_group;
      }
      if (fresh.size() < batch->rows) *batch = batch->gather(fresh);
    }
    produced_->append(*batch);
    return memory_.hold(seen_.memory_bytes() + produced_->memory_bytes());
  }

  const RecursiveUnionBlueprint& blueprint_;
  std::unique_ptr<Operator> first_;
  std::unique_ptr<Operator> recursive_;
  std::unique_ptr<RowStore> produced_;
  GroupTable seen_;
  MemoryShare memory_;
  bool in_first_ = true;
  bool done_ = false;
};

std::unique_ptr<Operator> RecursiveUnionBlueprint::open(Run& run) const {
  return std::make_unique<RecursiveUnion>(run, *this);
}

}  // namespace

BlueprintResult compile_system_scan(const SystemScanPlan& plan) {
  auto blueprint = std::make_unique<SystemScanBlueprint>(plan);
  blueprint->table = plan.table;
  if (plan.filter) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->filter, Program::compile(plan.filter));
  }
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_cte_scan(const CteScanPlan& plan) {
  auto blueprint = std::make_unique<CteScanBlueprint>(plan);
  blueprint->cte = plan.cte;
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_work_table_scan(const WorkTableScanPlan& plan) {
  auto blueprint = std::make_unique<WorkTableBlueprint>(plan);
  blueprint->work_table = plan.work_table;
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_recursive_union(const RecursiveUnionPlan& plan) {
  auto blueprint = std::make_unique<RecursiveUnionBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->first, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->recursive, compile_node(*plan.inputs[1]));
  blueprint->work_table = plan.work_table;
  blueprint->distinct = plan.distinct;
  for (const Type& type : plan.output) blueprint->kinds.push_back(compare_kind_for(type));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
