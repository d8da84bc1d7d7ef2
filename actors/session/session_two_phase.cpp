/// SessionTransaction: transactions that are prepared, and the end of those that others have prepared.
#include <map>
#include <utility>

#include "actors/node/commit_records.hpp"
#include "actors/node/redo_piece.hpp"
#include "actors/session/session_transaction.hpp"
#include "storage/catalog/names.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

/// A prepared transaction is one row with all its changes, and in memory until it is decided about.
constexpr size_t kPreparedBytesMax = 512 << 20;

/// The rows of kPreparedTree that hold the transaction come, or go.
std::string row_changes(const PreparedTransaction& transaction, ChangeOp op) {
  std::string changes;
  ChangeWriter writer(&changes);
  const std::string encoded = encode_prepared(transaction);
  for (const auto& [key, piece] : prepared_rows(transaction.txn, encoded)) {
    Change change;
    change.tree = kPreparedTree;
    change.op = op;
    change.key = key;
    change.has_before = op == ChangeOp::kErase;
    change.has_after = op == ChangeOp::kPut;
    (change.has_before ? change.before : change.after) = piece;
    writer.append(change);
  }
  return changes;
}

absl::Status refused(std::string_view what, std::string hint) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, "cannot PREPARE a transaction that ", what), std::move(hint));
}

}  // namespace

absl::Status SessionTransaction::check_preparable() const {
  if (temporaries_touched_) {
    return error(ErrorCode::kFeatureNotSupported,
                 "cannot PREPARE a transaction that has operated on temporary objects");
  }
  if (!exported_.empty()) {
    return error(ErrorCode::kFeatureNotSupported, "cannot PREPARE a transaction that has exported snapshots");
  }
  if (notifications_.has_pending()) {
    return error(ErrorCode::kFeatureNotSupported,
                 "cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY");
  }
  if (!definitions_.changes.empty() || definitions_.needs_checkpoint) {
    return refused("has changed definitions", "Make definitions in a transaction of their own.");
  }
  if (advisory_locks_.has_keys()) {
    return refused("has brought rows that a deferrable key or an exclusion constraint looks at",
                   "Change that table in a transaction of its own.");
  }
  if (advisory_locks_.mark() > 0) {
    return refused("holds advisory locks", "Take them for the session (pg_advisory_lock) instead.");
  }
  // What it read would have to be watched until the decision.
  if (tracks_reads()) return refused("is SERIALIZABLE", "Use REPEATABLE READ, and lock what must not change.");
  return absl::OkStatus();
}

Task<absl::Status> SessionTransaction::leave_prepared(PreparedTransactions::Claim claim, Oid owner, Oid database) {
  ensure_id();
  absl::Status status = doom_;
  if (status.ok()) {
    auto logging = log_preparation(std::move(claim), owner, database);
    status = co_await logging;
  }
  if (!status.ok() && error_code(status) != ErrorCode::kStatementCompletionUnknown) {
    rollback();
    co_return status;
  }
  release_everything(status.ok());
  co_return status;
}

Task<absl::Status> SessionTransaction::log_preparation(PreparedTransactions::Claim claim, Oid owner, Oid database) {
  auto transaction = std::make_shared<PreparedTransaction>();
  transaction->name = claim.name();
  transaction->txn = state_.id();
  transaction->owner = owner;
  transaction->database = database;
  transaction->prepared_us = services_.clock.wall_us();
  transaction->participants = data_.participants();
  auto redoing = prepare(Preparing::kRedo);
  absl::Status status = co_await redoing;
  if (!status.ok()) co_return status;
  for (const auto& [partition, redo] : preparation_.answers) {
    transaction->changes += read_redo(redo).changes;
    if (transaction->changes.size() <= kPreparedBytesMax) continue;
    co_return with_hint(error(ErrorCode::kProgramLimitExceeded, "the transaction's changes take more than ",
                              kPreparedBytesMax >> 20, " MB, too much to be prepared"),
                        "Prepare smaller transactions.");
  }
  auto listing = prepare(Preparing::kLocks);
  status = co_await listing;
  if (!status.ok()) co_return status;
  for (const auto& [shard, locks] : preparation_.answers) transaction->locks.emplace_back(shard, locks.view());
  transaction->weak_locks = weak_table_locks();
  auto request = std::make_shared<CommitRequest>();
  request->txn = services_.transactions.next();
  request->participants = 1;
  const std::string changes = row_changes(*transaction, ChangeOp::kPut);
  const std::string_view redo[] = {changes};
  auto records = build_commit_records(request->txn, 1, redo, services_.config.log_record_bytes_max);
  if (!records.ok()) co_return records.status();
  request->records = *std::move(records);
  request->prepares = std::make_shared<Preparation>();
  request->prepares->transaction = std::move(transaction);
  request->prepares->gates = std::exchange(gates_, {});
  request->claim = std::move(claim);
  const CommitRequestPtr sent = request;
  auto sending = send_to_log(std::move(request));
  status = co_await sending;
  // Refused on its way: they are this session's again, whose end tells those who wait for them.
  const bool refused = !status.ok() && error_code(status) != ErrorCode::kStatementCompletionUnknown;
  if (refused) gates_ = std::move(sent->prepares->gates);
  co_return status;
}

std::vector<HeldTableLock> SessionTransaction::weak_table_locks() {
  std::map<const TableGate*, Oid> tables;
  for (const ObjectPtr& object : catalog()->objects(ObjectKind::table)) {
    tables[static_cast<const TableGate*>(static_cast<const TableDef&>(*object).gate.get())] = object->oid;
  }
  std::vector<HeldTableLock> locks;
  for (const TableGate::Hold& hold : gates_) {
    const auto table = tables.find(hold.gate());
    if (table != tables.end()) locks.push_back({table->second, hold.mode()});
  }
  return locks;
}

/// Under its own id: so its participants let go of what it holds when they have applied it.
Task<absl::Status> SessionTransaction::finish_prepared(PreparedTransactions::Claim claim, bool commit) {
  const PreparedTransaction& transaction = *claim.transaction();
  auto request = std::make_shared<CommitRequest>();
  request->txn = commit ? transaction.txn : services_.transactions.next();
  request->participants = commit ? transaction.participants | 1 : 1;
  request->rolls_back = !commit;
  const std::string rows = row_changes(transaction, ChangeOp::kErase);
  std::vector<std::string_view> redo{rows};
  if (commit && !transaction.changes.empty()) redo.emplace_back(transaction.changes);
  auto records = build_commit_records(request->txn, request->participants, redo, services_.config.log_record_bytes_max);
  if (!records.ok()) co_return records.status();
  request->records = *std::move(records);
  request->claim = std::move(claim);
  auto sending = send_to_log(std::move(request));
  co_return co_await sending;
}

}  // namespace troupe
