/// MERGE: decides for each row of the join which clause it is for, by the newest version of the target's row, and lets
/// the clauses' own INSERT, UPDATE and DELETE do their rows.
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/lock_errors.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/partitioned_insert.hpp"
#include "runtime/exec/write_batch.hpp"
#include "runtime/plan/merge_plan.hpp"

namespace troupe {
namespace {

constexpr uint32_t kNoClause = UINT32_MAX;

struct MergeBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;

  struct Clause {
    Program condition;
    Program recheck;
    BlueprintPtr change;
  };
  const MergePlan* plan = nullptr;
  BlueprintPtr input;
  Program on;
  std::vector<Clause> clauses;
  /// Of the table, or of each of its leaves: yields the layout columns.
  std::vector<std::unique_ptr<FragmentCall>> locks;
};

class MergeRows final : public Operator {
 public:
  MergeRows(Run& run, const MergeBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, plan_{*blueprint.plan}, input_{blueprint.input->start(run)} {}
  bool at_end() const override { return done_; }
  void rewind() override { TROUPE_CHECK_MSG(!done_, "a data-modifying statement runs once"); }

  Task<BatchResult> next() override {
    while (!done_) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) break;
      rows_ = *std::move(batch);
      auto merging = merge();
      absl::Status status = co_await merging;
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
    }
    done_ = true;
    co_return Batch{};
  }

 private:
  using Rows = std::vector<uint32_t>;

  bool changes(uint32_t clause) const {
    return clause != kNoClause && plan_.clauses[clause].action != MergeAction::kNothing;
  }

  Task<absl::Status> merge() {
    const size_t clauses = plan_.clauses.size();
    std::vector<Rows> chosen(clauses), changed(clauses);
    Rows matched, unmatched;
    keys_.assign(rows_.rows, {});
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      const bool found = !rows_.columns[0].is_null(row);
      if (found) keys_[row] = rows_.columns[0].string(row);
      (found ? matched : unmatched).push_back(row);
    }
    absl::Status status = decide(rows_, matched, true, false, &chosen);
    for (size_t i = 0; i < clauses && status.ok(); ++i) {
      if (!plan_.clauses[i].matched || chosen[i].empty() || !changes(static_cast<uint32_t>(i))) continue;
      auto locking = lock(plan_.clauses[i], chosen[i], &unmatched, &changed);
      status = co_await locking;
    }
    std::sort(unmatched.begin(), unmatched.end());
    if (status.ok()) status = decide(rows_, unmatched, false, false, &changed);
    for (size_t i = 0; i < clauses && status.ok(); ++i) {
      if (changed[i].empty() || !changes(static_cast<uint32_t>(i))) continue;
      auto changing = change(i, changed[i]);
      status = co_await changing;
    }
    co_return status;
  }

  /// Gives each of the rows to the first clause whose condition it satisfies. `batch` has them by their numbers, or,
  /// when it holds newest versions, in their order.
  absl::Status decide(const Batch& batch, Rows rows, bool matched, bool newest, std::vector<Rows>* chosen) {
    Rows places(rows.size());
    for (uint32_t i = 0; i < rows.size(); ++i) places[i] = newest ? i : rows[i];
    for (size_t c = 0; c < plan_.clauses.size() && !rows.empty(); ++c) {
      if (plan_.clauses[c].matched != matched) continue;
      const Program& condition = newest ? blueprint_.clauses[c].recheck : blueprint_.clauses[c].condition;
      Vector holds;
      if (condition) TROUPE_RETURN_IF_ERROR(condition.run(run_.input(batch.gather(places)), &holds));
      Rows other_rows, other_places;
      for (uint32_t i = 0; i < rows.size(); ++i) {
        if (!condition || (!holds.is_null(i) && holds.get<bool>(i))) {
          (*chosen)[c].push_back(rows[i]);
        } else {
          other_rows.push_back(rows[i]);
          other_places.push_back(places[i]);
        }
      }
      rows = std::move(other_rows);
      places = std::move(other_places);
    }
    return absl::OkStatus();
  }

  /// Locks rows and decides anew, by their newest versions; those that are gone or match no longer are unmatched.
  Task<absl::Status> lock(const MergeClause& clause, const Rows& rows, Rows* unmatched, std::vector<Rows>* changed) {
    if (plan_.leaves.empty()) {
      ReturnedRows newest;
      auto locking = lock_in(clause, 0, rows, &newest);
      const absl::Status status = co_await locking;
      co_return status.ok() ? decide_again(std::move(newest), rows, unmatched, changed) : status;
    }
    for (uint32_t leaf = 0; leaf < plan_.leaves.size(); ++leaf) {
      const Rows own = rows_of(plan_.leaves[leaf].table->oid, rows);
      if (own.empty()) continue;
      ReturnedRows newest;
      auto locking = lock_in(clause, leaf, own, &newest);
      absl::Status status = co_await locking;
      if (!status.ok()) co_return status;
      if (!newest.ordinals.empty()) {
        newest.batch = rows_in_layout(newest.batch, plan_.leaves[leaf].to_root, *plan_.table);
      }
      status = decide_again(std::move(newest), own, unmatched, changed);
      if (!status.ok()) co_return status;
    }
    co_return absl::OkStatus();
  }

  /// Which of the rows are of that leaf.
  Rows rows_of(Oid table, const Rows& rows) const {
    Rows own;
    for (const uint32_t row : rows) {
      if (rows_.columns[1].get<int64_t>(row) == int64_t{table}) own.push_back(row);
    }
    return own;
  }

  Task<absl::Status> lock_in(const MergeClause& clause, uint32_t leaf, const Rows& rows, ReturnedRows* newest) {
    const TableDef& table = plan_.leaves.empty() ? *plan_.table : *plan_.leaves[leaf].table;
    WriteBatch::Spec spec;
    spec.tree = table.tree;
    spec.kind = schema::WriteKind::lock;
    spec.call = blueprint_.locks[leaf].get();
    spec.flags = bit(schema::WriteFlag::returning);
    if (clause.keeps_keys) spec.strength = schema::LockStrength::no_key_update;
    spec.moved = [this](uint32_t row, PartitionId partition, std::string_view key) {
      keys_[row] = make_row_locator(partition, key);
    };
    WriteBatch batch(run_, std::move(spec));
    for (const uint32_t row : rows) {
      if (!touched_.insert(cat(leaf, " ", keys_[row])).second) {
        co_return with_hint(error(ErrorCode::kCardinalityViolation, "MERGE command cannot affect row a second time"),
                            "Ensure that not more than one source row matches any one target row.");
      }
      batch.add(locator_partition(keys_[row]), locator_key(keys_[row]), {}, row);
    }
    batch.start();
    auto finishing = batch.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    const bool updates = clause.action == MergeAction::kUpdate;
    if (!answers.ok()) co_return with_lock_context(answers.status(), updates ? "updating" : "deleting", table);
    *newest = returned_rows(*answers);
    co_return absl::OkStatus();
  }

  absl::Status decide_again(ReturnedRows newest, const Rows& rows, Rows* unmatched, std::vector<Rows>* changed) {
    std::vector<bool> there(rows_.rows, false);
    for (const uint32_t row : newest.ordinals) there[row] = true;
    for (const uint32_t row : rows) {
      if (!there[row]) unmatched->push_back(row);
    }
    if (newest.ordinals.empty()) return absl::OkStatus();
    for (uint32_t i = 0; i < plan_.extras; ++i) {
      newest.batch.columns.push_back(rows_.columns[1 + i].gather(newest.ordinals));
    }
    if (blueprint_.on) {
      Vector holds;
      TROUPE_RETURN_IF_ERROR(blueprint_.on.run(run_.input(newest.batch), &holds));
      Rows still, ordinals;
      for (uint32_t i = 0; i < newest.ordinals.size(); ++i) {
        const bool matches = !holds.is_null(i) && holds.get<bool>(i);
        if (!matches) unmatched->push_back(newest.ordinals[i]);
        if (matches) still.push_back(i), ordinals.push_back(newest.ordinals[i]);
      }
      newest.batch = newest.batch.gather(still);
      newest.ordinals = std::move(ordinals);
    }
    return decide(newest.batch, newest.ordinals, true, true, changed);
  }

  Task<absl::Status> change(size_t number, const Rows& rows) {
    const MergeClause& clause = plan_.clauses[number];
    const std::vector<Type>& types = plan_.inputs[0]->output;
    Batch batch;
    batch.rows = static_cast<uint32_t>(rows.size());
    Vector keys;
    keys.reset_empty(Physical::kVarlen, batch.rows);
    for (const uint32_t row : rows) keys.append_string(keys_[row]);
    batch.columns.push_back(std::move(keys));
    for (uint32_t i = 0; i < plan_.extras; ++i) batch.columns.push_back(rows_.columns[1 + i].gather(rows));
    auto store = std::make_unique<RowStore>(std::span(types).first(1 + plan_.extras));
    store->append(batch);
    run_.work_tables[clause.work_table] = std::move(store);
    const std::unique_ptr<Operator> changing = blueprint_.clauses[number].change->start(run_);
    auto running = changing->next();
    const BatchResult nothing = co_await running;
    run_.rows_affected += rows.size();
    co_return nothing.status();
  }

  const MergeBlueprint& blueprint_;
  const MergePlan& plan_;
  std::unique_ptr<Operator> input_;
  Batch rows_;
  std::vector<std::string> keys_;             ///< where the matched rows of the target are
  absl::flat_hash_set<std::string> touched_;  ///< those of the rows that were changed
  bool done_ = false;
};

std::unique_ptr<Operator> MergeBlueprint::open(Run& run) const { return std::make_unique<MergeRows>(run, *this); }

}  // namespace

BlueprintResult compile_merge(const MergePlan& plan) {
  auto blueprint = std::make_unique<MergeBlueprint>(plan);
  blueprint->plan = &plan;
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  if (plan.on) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->on, Program::compile(plan.on));
  }
  std::vector<TablePtr> tables;
  for (const MergePlan::Leaf& leaf : plan.leaves) tables.push_back(leaf.table);
  if (tables.empty()) tables.push_back(plan.table);
  for (const TablePtr& table : tables) {
    FragmentSpec spec;
    describe_table(*table, &spec);
    for (uint32_t i = 0; i < spec.types.size(); ++i) spec.output.push_back(make_column(spec.types[i], i));
    blueprint->locks.push_back(std::make_unique<FragmentCall>(std::move(spec)));
  }
  for (const MergeClause& clause : plan.clauses) {
    MergeBlueprint::Clause compiled;
    if (clause.condition) {
      TROUPE_ASSIGN_OR_RETURN(compiled.condition, Program::compile(clause.condition));
    }
    if (clause.recheck) {
      TROUPE_ASSIGN_OR_RETURN(compiled.recheck, Program::compile(clause.recheck));
    }
    if (clause.change) {
      TROUPE_ASSIGN_OR_RETURN(compiled.change, compile_node(*clause.change));
    }
    blueprint->clauses.push_back(std::move(compiled));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
