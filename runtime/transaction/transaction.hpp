#pragma once
/// One session's transaction as PostgreSQL's clients know it: status, isolation, command numbers, savepoints.
/// Owner: one session. Time is passed in, in microseconds.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/settings/settings_snapshot.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

std::string_view isolation_name(IsolationLevel isolation);

class Transaction {
 public:
  enum class Status : uint8_t { kIdle, kActive, kFailed };

  Status status() const { return status_; }
  bool in_block() const { return block_; }
  const TransactionModes& modes() const { return modes_; }
  int64_t started_us() const { return started_us_; }

  /// kNoTxn until the first write.
  TxnId id() const { return id_; }
  void set_id(TxnId id) { id_ = id; }

  /// One snapshot for the whole transaction, rather than one a statement.
  bool keeps_snapshot() const { return modes_.isolation >= IsolationLevel::kRepeatableRead; }
  Scn snapshot() const { return snapshot_; }
  void set_snapshot(Scn snapshot) { snapshot_ = snapshot; }

  CommandId command() const { return command_; }
  /// What a statement does on its own account, after what it was asked to do: it sees that.
  CommandId next_command() { return ++command_; }

  /// A statement begins; outside a block it is a transaction of its own.
  void begin_statement(const TransactionModes& defaults, int64_t now_us);
  /// BEGIN. In a block already: a warning's status (kActiveSqlTransaction), and nothing happens.
  absl::Status begin_block(const TransactionModes& modes, int64_t now_us);
  /// Several statements in one simple query are one transaction.
  void begin_implicit_block() { implicit_block_ = true; }
  bool implicit_block() const { return implicit_block_; }
  /// SET TRANSACTION. Errors: 25001 once a snapshot was taken.
  absl::Status set_modes(const TransactionModes& modes);

  /// A query ran: from here on its modes stay.
  void note_query() { queried_ = true; }

  /// Not OK (25P02) in a failed transaction, where only its end may follow.
  absl::Status check_usable() const;
  /// Not OK (25006) for a write in a read-only transaction; `tag` names it ("INSERT").
  absl::Status check_writable(std::string_view tag) const;
  void fail() {
    if (block_ || implicit_block_) status_ = Status::kFailed;
  }
  /// After commit or rollback.
  void end();

  // Savepoints. Names may repeat: the newest counts.
  absl::Status savepoint(std::string_view name);
  bool has_savepoints() const { return !savepoints_.empty(); }
  absl::Status release(std::string_view name);
  /// The first command whose writes are to be forgotten; the transaction is usable again.
  absl::StatusOr<CommandId> rollback_to(std::string_view name);

 private:
  struct Savepoint {
    std::string name;
    CommandId first_command;
  };
  size_t find_savepoint(std::string_view name) const;

  Status status_ = Status::kIdle;
  bool block_ = false;
  bool implicit_block_ = false;
  bool queried_ = false;
  TransactionModes modes_;
  TxnId id_ = kNoTxn;
  Scn snapshot_ = kNoScn;
  CommandId command_ = 0;
  int64_t started_us_ = 0;
  std::vector<Savepoint> savepoints_;
};

}  // namespace troupe
