/// SELECT ... FOR UPDATE / SHARE: locks rows and shows their newest versions.
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/write_batch.hpp"

namespace troupe {
namespace {

struct LockBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  const LockRowsPlan* plan = nullptr;
  BlueprintPtr input;
  std::vector<std::unique_ptr<FragmentCall>> calls;  ///< per lock: yields the source columns
  Program recheck;
};

class LockRows final : public Operator {
 public:
  LockRows(Run& run, const LockBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}
  void rewind() override { input_->rewind(); }

  Task<BatchResult> next() override {
    while (true) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok() || batch->rows == 0) co_return batch;
      rows_ = *std::move(batch);
      for (size_t i = 0; i < blueprint_.plan->locks.size() && rows_.rows > 0; ++i) {
        auto locking = lock(i);
        absl::Status status = co_await locking;
        if (!status.ok()) co_return status;
      }
      absl::Status status = filter_batch(blueprint_.recheck, run_, &rows_);
      if (!status.ok()) co_return status;
      if (rows_.rows > 0) co_return std::move(rows_);
    }
  }

 private:
  Task<absl::Status> lock(size_t number) {
    const RowLock& lock = blueprint_.plan->locks[number];
    WriteBatch::Spec spec;
    spec.tree = lock.table->tree;
    spec.kind = schema::WriteKind::lock;
    spec.call = blueprint_.calls[number].get();
    spec.flags = bit(schema::WriteFlag::returning);
    spec.strength = static_cast<schema::LockStrength>(lock.strength);
    spec.wait = static_cast<schema::LockWait>(lock.wait);
    WriteBatch batch(run_, std::move(spec));
    const Vector& locators = rows_.columns[lock.key_column];
    std::vector<bool> kept(rows_.rows, false);
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      kept[row] = locators.is_null(row);  // an outer join found no row: nothing to lock
      if (kept[row]) continue;
      const std::string_view locator = locators.string(row);
      batch.add(locator_partition(locator), locator_key(locator), {}, row);
    }
    if (batch.empty()) co_return absl::OkStatus();
    batch.start();
    auto finishing = batch.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    if (!answers.ok()) co_return answers.status();
    replace_columns(lock, *answers, &kept);
    co_return absl::OkStatus();
  }

  /// The newest versions take the places of those the snapshot had; rows that are gone or skipped go.
  void replace_columns(const RowLock& lock, std::span<const WriteBatch::Answer> answers, std::vector<bool>* kept) {
    const ReturnedRows newest = returned_rows(answers);
    std::vector<uint32_t> newest_row(rows_.rows, UINT32_MAX);
    for (uint32_t i = 0; i < newest.ordinals.size(); ++i) {
      newest_row[newest.ordinals[i]] = i;
      (*kept)[newest.ordinals[i]] = true;
    }
    // A row that a join shows twice is locked once; the repeated key was told apart by the partition.
    for (const WriteBatch::Answer& answer : answers) {
      for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
        if (answer.outcome(key) == schema::WriteOutcome::self_modified) (*kept)[answer.ordinals[key]] = true;
      }
    }
    for (size_t c = 0; c < lock.columns.size(); ++c) {
      const Vector& shown = rows_.columns[lock.columns[c].input_column];
      Vector replaced;
      replaced.reset_empty(shown.kind(), rows_.rows);
      for (uint32_t row = 0; row < rows_.rows; ++row) {
        if (newest_row[row] == UINT32_MAX) {
          replaced.append_from(shown, row);
        } else {
          replaced.append_from(newest.batch.columns[c], newest_row[row]);
        }
      }
      rows_.columns[lock.columns[c].input_column] = std::move(replaced);
    }
    std::vector<uint32_t> selection;
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      if ((*kept)[row]) selection.push_back(row);
    }
    if (selection.size() < rows_.rows) rows_ = rows_.gather(selection);
  }

  const LockBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  Batch rows_;
};

std::unique_ptr<Operator> LockBlueprint::open(Run& run) const { return std::make_unique<LockRows>(run, *this); }

}  // namespace

BlueprintResult compile_lock_rows(const LockRowsPlan& plan) {
  auto blueprint = std::make_unique<LockBlueprint>(plan);
  blueprint->plan = &plan;
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  for (const RowLock& lock : plan.locks) {
    FragmentSpec spec;
    describe_table(*lock.table, &spec);
    for (const RowLock::Source& source : lock.columns) {
      spec.output.push_back(make_column(spec.types[source.layout_column], source.layout_column));
    }
    // A constant stands in when no column is shown, so that the answer says which rows were locked.
    if (spec.output.empty()) spec.output.push_back(make_bool(true));
    blueprint->calls.push_back(std::make_unique<FragmentCall>(std::move(spec)));
  }
  if (plan.recheck) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->recheck, Program::compile(plan.recheck));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
