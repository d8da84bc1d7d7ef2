#pragma once
/// A database in the process: SQL text through parser, binder, planner, executor and partition engines. Locks are left
/// out: sessions take turns.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "local_data.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

struct LocalDatabase {
  explicit LocalDatabase(uint64_t seed = 1, bool tiny = false, EngineLimits limits = {}, uint16_t partitions = 3)
      : data(partitions, seed, tiny, limits) {}

  LocalData data;
  CatalogPtr catalog = Catalog::bootstrap()->in_database(kDefaultDatabase);
  Scn last_scn = kFirstScn;
  TxnId last_txn = 0;
  uint64_t last_row_id = 0;
  std::map<Oid, int64_t> sequences;
};

class LocalSession : public RowIdSource, public SequenceAccess {
 public:
  explicit LocalSession(LocalDatabase& database) : db_{database} {}

  uint64_t next_row_id() override { return ++db_.last_row_id; }
  Task<absl::Status> reserve(Oid sequence, uint32_t count) override {
    reserved_[sequence] = std::max(reserved_[sequence], count);
    co_return absl::OkStatus();
  }
  uint32_t reserved(Oid sequence) const override {
    const auto at = reserved_.find(sequence);
    return at == reserved_.end() ? 0 : at->second;
  }
  absl::StatusOr<int64_t> next(Oid sequence) override {
    TROUPE_CHECK(reserved_[sequence]-- > 0);
    return ++db_.sequences[sequence];
  }
  absl::StatusOr<int64_t> current(Oid sequence) override { return db_.sequences[sequence]; }
  absl::StatusOr<int64_t> last() override { return error(ErrorCode::kObjectNotInPrerequisiteState, "lastval"); }
  absl::Status set(Oid sequence, int64_t value, bool) override {
    db_.sequences[sequence] = value;
    return absl::OkStatus();
  }
  absl::Status check_right(Oid, bool) const override { return absl::OkStatus(); }
  bool must_settle() const override { return false; }
  Task<absl::Status> settle() override { co_return absl::OkStatus(); }

  /// BEGIN; `one_snapshot`: REPEATABLE READ.
  void begin(bool one_snapshot = false) {
    txn_ = ++db_.last_txn;
    command_ = 0;
    in_block_ = true;
    one_snapshot_ = one_snapshot;
    block_snapshot_ = db_.last_scn;
  }
  void commit() {
    finish_transaction(true);
    in_block_ = false;
  }
  void rollback() {
    finish_transaction(false);
    in_block_ = false;
  }

  void ddl(const std::string& text) {
    const StatementPlanPtr plan = plan_of(text);
    REQUIRE(plan->ddl != nullptr);
    auto next = db_.catalog->with_changes(plan->ddl->changes, ++db_.last_scn, plan->ddl->counters);
    INFO(next.status().ToString());
    REQUIRE(next.ok());
    db_.catalog = *next;
  }

  struct Result {
    absl::Status status;
    std::vector<std::string> rows;  ///< columns joined by |, null as NULL
    uint64_t affected = 0;
  };
  /// Runs one statement.
  Result run(const std::string& text, std::vector<Value> params = {}, std::vector<Type> types = {}) {
    const StatementPlanPtr plan = plan_of(text, types);
    auto executable = ExecutablePlan::compile(plan);
    if (!executable.ok()) return {executable.status(), {}, 0};
    return run_plan(*executable, std::move(params));
  }
  Result run_plan(std::shared_ptr<const ExecutablePlan> executable, std::vector<Value> params) {
    if (!in_block_) {
      txn_ = ++db_.last_txn;
      command_ = 0;
    }
    ExecContext context;
    context.data = &db_.data;
    context.eval = &eval_;
    context.sequences = this;
    context.row_ids = this;
    context.txn = txn_;
    context.command = ++command_;
    context.snapshot = in_block_ && one_snapshot_ ? block_snapshot_ : db_.last_scn;
    context.one_snapshot = in_block_ && one_snapshot_;
    Result result;
    {
      Execution execution(executable, std::move(params), context);
      while (true) {
        auto pulling = execution.next();
        pulling.start();
        while (!pulling.done()) REQUIRE(db_.data.step());
        BatchResult batch = pulling.result();
        result.status = batch.status();
        if (!batch.ok() || batch->rows == 0) break;
        batch->check_invariants();
        print(*batch, executable->root().output(), &result.rows);
      }
      result.affected = execution.rows_affected();
    }
    CHECK(db_.data.under_way() == 0);
    if (!in_block_) finish_transaction(result.status.ok());
    return result;
  }

  bool written_redo_was_complete = false;  ///< of the transaction that ended last

  std::vector<std::string> rows(const std::string& text, std::vector<Value> params = {}, std::vector<Type> types = {}) {
    Result result = run(text, std::move(params), std::move(types));
    INFO(text << ": " << result.status.ToString());
    REQUIRE(result.status.ok());
    return std::move(result.rows);
  }
  /// The rows in no particular order: sorted as text.
  std::vector<std::string> sorted_rows(const std::string& text) {
    std::vector<std::string> all = rows(text);
    std::sort(all.begin(), all.end());
    return all;
  }
  uint64_t affected(const std::string& text) {
    const Result result = run(text);
    INFO(text << ": " << result.status.ToString());
    REQUIRE(result.status.ok());
    return result.affected;
  }
  /// "SQLSTATE message", and the detail on a line of its own.
  std::string error_of(const std::string& text) {
    const Result result = run(text);
    INFO(text);
    REQUIRE_FALSE(result.status.ok());
    const ErrorFields fields = error_fields(result.status);
    return cat(unpack_sqlstate(static_cast<uint32_t>(fields.code)), " ", fields.message,
               fields.detail.empty() ? "" : "\n", fields.detail);
  }

  StatementPlanPtr plan_of(const std::string& text, std::vector<Type> types = {}) {
    auto parsed = sql::parse_statement(text);
    INFO(text << ": " << parsed.status().ToString());
    REQUIRE(parsed.ok());
    CatalogNames names(db_.catalog, std::vector<Oid>{kPublicSchema});
    eval_.names = &names;
    PlanContext context;
    context.catalog = db_.catalog;
    context.text = text;
    context.parameters = types;
    context.eval = &eval_;
    auto planned = plan_statement(*(*parsed)->statements()[0].node, context);
    eval_.names = nullptr;
    INFO(planned.status().ToString());
    REQUIRE(planned.ok());
    return *planned;
  }

 private:
  void finish_transaction(bool commit) {
    std::string redo;
    for (PartitionId id = 0; id < db_.data.partition_count(); ++id) {
      LocalPartition& partition = db_.data.partition(id);
      if (!partition.has_pending(txn_)) continue;
      if (!commit) {
        partition.discard(txn_);
        continue;
      }
      const std::string changes = partition.prepare(txn_);
      redo += changes;
    }
    check_written_redo(commit, redo);
    if (!commit || redo.empty()) return;
    const Scn scn = ++db_.last_scn;
    for (PartitionId id = 0; id < db_.data.partition_count(); ++id) db_.data.partition(id).apply(scn, txn_, redo);
  }

  /// What came with the answers is what the participants say, where it claims to be complete.
  void check_written_redo(bool commit, std::string_view prepared) {
    const WrittenRedo written = std::move(db_.data.redo[txn_]);
    db_.data.redo.erase(txn_);
    written_redo_was_complete = written.complete();
    if (!commit || !written.complete()) return;
    const auto changes_of = [](std::string_view packed, std::multiset<std::string>* changes) {
      ChangeReader reader(packed);
      Change change;
      while (reader.next(&change)) {
        changes->insert(cat(change.tree, " ", change.partition, " ", static_cast<int>(change.op), " ", change.key, " ",
                            change.has_before, change.before, " ", change.has_after, change.after));
      }
      CHECK(reader.status().ok());
    };
    std::multiset<std::string> expected, actual;
    changes_of(prepared, &expected);
    for (const std::string_view piece : written.redo()) changes_of(piece, &actual);
    CHECK(actual == expected);
  }

  void print(const Batch& batch, const std::vector<Type>& types, std::vector<std::string>* rows) const {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      std::string line;
      for (size_t c = 0; c < batch.columns.size(); ++c) {
        if (c > 0) line += "|";
        if (batch.columns[c].is_null(row)) {
          line += "NULL";
        } else {
          format_text(types[c], batch.columns[c], row, eval_, &line);
        }
      }
      rows->push_back(std::move(line));
    }
  }

  LocalDatabase& db_;
  EvalContext eval_;
  TxnId txn_ = kNoTxn;
  CommandId command_ = 0;
  bool in_block_ = false;
  bool one_snapshot_ = false;
  Scn block_snapshot_ = 0;
  std::map<Oid, uint32_t> reserved_;
};

using Rows = std::vector<std::string>;

}  // namespace troupe
