/// SELECT ... FOR UPDATE / SHARE: locks rows and shows their newest versions. A LIMIT above counts the rows that could
/// be locked, so what has been read is locked no faster than it is wanted.
#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/lock_errors.hpp"
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
  void rewind() override {
    input_->rewind();
    read_ = {};
    next_row_ = 0;
  }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    const uint64_t wanted = std::exchange(wanted_, UINT64_MAX);
    while (true) {
      if (next_row_ == read_.rows) {
        input_->want(wanted);
        auto pulling = input_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok() || batch->rows == 0) co_return batch;
        read_ = *std::move(batch);
        next_row_ = 0;
      }
      rows_ = take(wanted);
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
  /// The next rows to lock.
  Batch take(uint64_t wanted) {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(wanted, read_.rows - next_row_));
    const uint32_t first = std::exchange(next_row_, next_row_ + count);
    if (count < read_.rows) return read_.slice(first, count);
    next_row_ = 0;
    return std::exchange(read_, {});
  }

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
    const std::vector<uint32_t> first = first_with_same(lock);
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      if (first[row] != row) continue;
      const std::string_view locator = locators.string(row);
      batch.add(locator_partition(locator), locator_key(locator), {}, row);
    }
    if (batch.empty()) co_return absl::OkStatus();
    batch.start();
    auto finishing = batch.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    if (!answers.ok()) co_return with_lock_context(answers.status(), "locking", *lock.table);
    replace_columns(lock, returned_rows(*answers), first);
    co_return absl::OkStatus();
  }

  static constexpr uint32_t kNothingToLock = UINT32_MAX;

  /// For each row the first that shows the same row of the table, as a join may do; kNothingToLock where an outer join
  /// found none, or another partition's row.
  std::vector<uint32_t> first_with_same(const RowLock& lock) const {
    const Vector& locators = rows_.columns[lock.key_column];
    const Vector* oids = lock.oid_column ? &rows_.columns[*lock.oid_column] : nullptr;
    std::vector<uint32_t> first(rows_.rows, kNothingToLock);
    absl::flat_hash_map<absl::string_view, uint32_t> seen;
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      if (locators.is_null(row)) continue;
      if (oids != nullptr && oids->get<int64_t>(row) != int64_t{lock.table->oid}) continue;  // another partition's
      first[row] = rows_.rows == 1 ? row : seen.try_emplace(absl_view(locators.string(row)), row).first->second;
    }
    return first;
  }

  /// The newest versions take the places of those the snapshot had; rows that are gone or skipped go.
  void replace_columns(const RowLock& lock, const ReturnedRows& newest, const std::vector<uint32_t>& first) {
    constexpr uint32_t kNone = UINT32_MAX;
    std::vector<uint32_t> locked(rows_.rows, kNone);
    for (uint32_t i = 0; i < newest.ordinals.size(); ++i) locked[newest.ordinals[i]] = i;
    std::vector<uint32_t> newest_row(rows_.rows, kNone);
    std::vector<uint32_t> selection;
    for (uint32_t row = 0; row < rows_.rows; ++row) {
      if (first[row] != kNothingToLock) newest_row[row] = locked[first[row]];
      if (first[row] == kNothingToLock || newest_row[row] != kNone) selection.push_back(row);
    }
    for (size_t c = 0; c < lock.columns.size(); ++c) {
      const Vector& shown = rows_.columns[lock.columns[c].input_column];
      Vector replaced;
      replaced.reset_empty(shown.kind(), rows_.rows);
      for (uint32_t row = 0; row < rows_.rows; ++row) {
        if (newest_row[row] == kNone) {
          replaced.append_from(shown, row);
        } else {
          replaced.append_from(newest.batch.columns[c], newest_row[row]);
        }
      }
      rows_.columns[lock.columns[c].input_column] = std::move(replaced);
    }
    if (selection.size() < rows_.rows) rows_ = rows_.gather(selection);
  }

  const LockBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  uint64_t wanted_ = UINT64_MAX;
  Batch read_;  ///< from next_row_ on not yet locked
  uint32_t next_row_ = 0;
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
