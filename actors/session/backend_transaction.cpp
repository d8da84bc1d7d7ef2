/// Transaction control as statements, and how transactions of single statements end.
#include "actors/session/backend.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

absl::Status not_in_block(std::string_view what) {
  return error(ErrorCode::kNoActiveSqlTransaction, what, " can only be used in transaction blocks");
}

}  // namespace

/// Cursors WITH HOLD that the transaction declared: they stay when it commits.
std::vector<std::unique_ptr<Portal>> Backend::take_held_cursors() {
  std::vector<std::unique_ptr<Portal>> held;
  for (auto& [name, portal] : portals_) {
    if (portal->hold && !portal->survives) held.push_back(std::move(portal));
  }
  std::erase_if(portals_, [](const auto& entry) { return entry.second == nullptr; });
  return held;
}

void Backend::hold_cursors(std::vector<std::unique_ptr<Portal>> held) {
  for (std::unique_ptr<Portal>& portal : held) {
    portal->survives = true;
    std::string name = portal->name;
    portals_.emplace(std::move(name), std::move(portal));
  }
}

/// Commits or rolls back, and lets the settings follow.
/// `prepare`: under that name it is left to be committed later.
Task<absl::Status> Backend::end_transaction(bool commit, PreparedTransactions::Claim* prepare) {
  absl::Status status;
  if (commit && keys_.events().has_changes()) {  // of a portal that was left before its end
    auto checking = keys_.after_statement();
    status = co_await checking;
    if (!status.ok()) commit = false;
  }
  if (commit && keys_.events().has_deferred()) {
    auto checking = keys_.before_commit();
    status = co_await checking;
    if (!status.ok()) commit = false;
  }
  keys_.events().clear();
  if (commit && temporaries_ > 0) {
    auto settling = run_on_commit();
    status = co_await settling;
    if (!status.ok()) commit = false;
  }
  if (commit && prepare != nullptr) {
    status = check_preparable();
    if (!status.ok()) commit = false;
  }
  auto held = commit ? take_held_cursors() : std::vector<std::unique_ptr<Portal>>();
  drop_portals_of_transaction();
  setting_marks_.clear();
  if (commit && transaction_.wants_checkpoint()) {
    auto checkpointing = run_checkpoint();
    status = co_await checkpointing;
    if (!status.ok()) commit = false;
  }
  if (commit) {
    auto committing = prepare == nullptr ? transaction_.commit()
                                         : transaction_.leave_prepared(std::move(*prepare), role_, database_oid());
    status = co_await committing;
  } else {
    transaction_.rollback();
  }
  if (commit && status.ok()) {
    hold_cursors(std::move(held));
    parameters_.commit();
  } else {
    parameters_.rollback();
  }
  co_return status;
}

/// Commits a transaction that only read, which needs no waiting; false: it is no such one.
bool Backend::end_reading_transaction() {
  if (!transaction_.only_read() || !portals_.empty()) return false;  // a cursor may want to outlive it
  drop_portals_of_transaction();
  setting_marks_.clear();
  transaction_.end_reading();
  parameters_.commit();
  return true;
}

absl::StatusOr<TransactionModes> Backend::modes_of(sql::List<const sql::Option*> options, TransactionModes modes) {
  for (const sql::Option* option : options) {
    const auto* value = option->value == nullptr ? nullptr : option->value->as<sql::Literal>();
    if (value == nullptr) continue;
    if (option->name == "transaction_read_only") {
      modes.read_only = value->integer != 0;
    } else if (option->name == "transaction_deferrable") {
      modes.deferrable = value->integer != 0;
    } else if (value->text == "serializable") {
      modes.isolation = IsolationLevel::kSerializable;
    } else if (value->text == "repeatable read") {
      modes.isolation = IsolationLevel::kRepeatableRead;
    } else if (value->text == "read committed") {
      modes.isolation = IsolationLevel::kReadCommitted;
    } else {
      modes.isolation = IsolationLevel::kReadUncommitted;
    }
  }
  return modes;
}

Task<absl::Status> Backend::run_transaction_statement(const sql::TransactionStatement& statement) {
  using Verb = sql::TransactionVerb;
  std::string tag;
  absl::Status status;
  switch (statement.verb) {
    case Verb::kBegin:
    case Verb::kStart: status = begin_block(statement); tag = statement.verb == Verb::kBegin ? "BEGIN" : "START TRANSACTION"; break;
    case Verb::kCommit:
    case Verb::kRollback: {
      auto ending = end_block(statement, &tag);
      status = co_await ending;
      break;
    }
    case Verb::kSavepoint:
    case Verb::kRelease:
    case Verb::kRollbackTo: status = run_savepoint(statement, &tag); break;
    case Verb::kPrepare: {
      auto preparing = run_prepare_transaction(statement, &tag);
      status = co_await preparing;
      break;
    }
    case Verb::kCommitPrepared:
    case Verb::kRollbackPrepared: {
      auto finishing = finish_prepared(statement, &tag);
      status = co_await finishing;
    }
  }
  if (status.ok()) writer_.command_complete(tag);
  co_return status;
}

absl::Status Backend::begin_block(const sql::TransactionStatement& statement) {
  Transaction& transaction = transaction_.state();
  TROUPE_RETURN_IF_ERROR(transaction.check_usable());
  if (!transaction.in_block() && transaction.status() == Transaction::Status::kIdle) {
    parameters_.begin();
    eval_.transaction_us = eval_.statement_us;
    record_->transaction_us.store(eval_.transaction_us, std::memory_order_relaxed);
  }
  TROUPE_ASSIGN_OR_RETURN(const TransactionModes modes,
                          modes_of(statement.modes, parameters_.snapshot().transaction));
  if (transaction.in_block()) {
    send_notice(error(ErrorCode::kActiveSqlTransaction, "there is already a transaction in progress"),
                Severity::kWarning);
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(transaction.begin_block(modes, eval_.statement_us));
  return show_modes(modes);
}

/// transaction_isolation and its like say what the block was begun with, and go back at its end.
absl::Status Backend::show_modes(const TransactionModes& modes) {
  if (modes == parameters_.snapshot().transaction) return absl::OkStatus();
  SetOptions options;
  options.scope = SetScope::kLocal;
  TROUPE_RETURN_IF_ERROR(parameters_.set("transaction_isolation", isolation_name(modes.isolation), options));
  TROUPE_RETURN_IF_ERROR(parameters_.set("transaction_read_only", modes.read_only ? "on" : "off", options));
  return parameters_.set("transaction_deferrable", modes.deferrable ? "on" : "off", options);
}

Task<absl::Status> Backend::end_block(const sql::TransactionStatement& statement, std::string* tag) {
  Transaction& transaction = transaction_.state();
  const bool commit = statement.verb == sql::TransactionVerb::kCommit;
  *tag = commit ? "COMMIT" : "ROLLBACK";
  if (!transaction.in_block()) {
    if (statement.chain) {
      co_return error(ErrorCode::kNoActiveSqlTransaction, commit ? "COMMIT" : "ROLLBACK",
                      " AND CHAIN can only be used in transaction blocks");
    }
    send_notice(error(ErrorCode::kNoActiveSqlTransaction, "there is no transaction in progress"), Severity::kWarning);
    if (transaction.status() == Transaction::Status::kIdle) co_return absl::OkStatus();
  }
  const TransactionModes modes = transaction.modes();
  const bool failed = transaction.status() == Transaction::Status::kFailed;
  if (commit && failed) *tag = "ROLLBACK";
  auto ending = end_transaction(commit && !failed);
  const absl::Status status = co_await ending;
  if (!status.ok() || !statement.chain) co_return status;
  parameters_.begin();
  eval_.transaction_us = eval_.statement_us;
  const absl::Status begun = transaction.begin_block(modes, eval_.statement_us);
  co_return begun.ok() ? show_modes(modes) : begun;
}

absl::Status Backend::run_savepoint(const sql::TransactionStatement& statement, std::string* tag) {
  using Verb = sql::TransactionVerb;
  Transaction& transaction = transaction_.state();
  const char* name = statement.verb == Verb::kSavepoint ? "SAVEPOINT"
                     : statement.verb == Verb::kRelease ? "RELEASE SAVEPOINT"
                                                        : "ROLLBACK TO SAVEPOINT";
  *tag = statement.verb == Verb::kSavepoint ? "SAVEPOINT" : statement.verb == Verb::kRelease ? "RELEASE" : "ROLLBACK";
  if (!transaction.in_block()) return not_in_block(name);
  if (statement.verb == Verb::kRollbackTo) {
    TROUPE_ASSIGN_OR_RETURN(const CommandId command, transaction_.rollback_to(statement.name));
    keys_.events().rollback_to(command);
    const auto mark = setting_marks_.find(statement.name);
    if (mark != setting_marks_.end()) parameters_.rollback_to(mark->second);
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(transaction.check_usable());
  if (statement.verb == Verb::kRelease) return transaction_.release(statement.name);
  setting_marks_.insert_or_assign(std::string(statement.name), parameters_.mark());
  return transaction_.savepoint(statement.name);
}

}  // namespace troupe
