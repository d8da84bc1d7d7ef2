#include "runtime/transaction/transaction.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {
constexpr size_t kNotFound = SIZE_MAX;
}

std::string_view isolation_name(IsolationLevel isolation) {
  switch (isolation) {
    case IsolationLevel::kReadUncommitted: return "read uncommitted";
    case IsolationLevel::kReadCommitted: return "read committed";
    case IsolationLevel::kRepeatableRead: return "repeatable read";
    case IsolationLevel::kSerializable: return "serializable";
  }
  return "";
}

void Transaction::begin_statement(const TransactionModes& defaults, int64_t now_us) {
  if (status_ == Status::kIdle) {
    status_ = Status::kActive;
    modes_ = defaults;
    started_us_ = now_us;
  }
  ++command_;
}

absl::Status Transaction::begin_block(const TransactionModes& modes, int64_t now_us) {
  if (block_) return error(ErrorCode::kActiveSqlTransaction, "there is already a transaction in progress");
  if (status_ == Status::kIdle) {
    status_ = Status::kActive;
    started_us_ = now_us;
  }
  modes_ = modes;
  block_ = true;
  return absl::OkStatus();
}

absl::Status Transaction::set_modes(const TransactionModes& modes) {
  const bool queried = queried_ || snapshot_ != kNoScn;
  if (modes.isolation != modes_.isolation && queried) {
    return error(ErrorCode::kActiveSqlTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  if (modes_.read_only && !modes.read_only && queried) {
    return error(ErrorCode::kActiveSqlTransaction, "transaction read-write mode must be set before any query");
  }
  modes_ = modes;
  return absl::OkStatus();
}

absl::Status Transaction::check_usable() const {
  if (status_ != Status::kFailed) return absl::OkStatus();
  return error(ErrorCode::kInFailedSqlTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

absl::Status Transaction::check_writable(std::string_view tag) const {
  if (!modes_.read_only) return absl::OkStatus();
  return error(ErrorCode::kReadOnlySqlTransaction, "cannot execute ", tag, " in a read-only transaction");
}

void Transaction::end() { *this = Transaction(); }

size_t Transaction::find_savepoint(std::string_view name) const {
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name == name) return i;
  }
  return kNotFound;
}

absl::Status Transaction::savepoint(std::string_view name) {
  savepoints_.push_back({std::string(name), command_ + 1});
  return absl::OkStatus();
}

absl::Status Transaction::release(std::string_view name) {
  const size_t index = find_savepoint(name);
  if (index == kNotFound) return error(ErrorCode::kInvalidSavepoint, "savepoint \"", name, "\" does not exist");
  savepoints_.resize(index);
  return absl::OkStatus();
}

absl::StatusOr<CommandId> Transaction::rollback_to(std::string_view name) {
  const size_t index = find_savepoint(name);
  if (index == kNotFound) return error(ErrorCode::kInvalidSavepoint, "savepoint \"", name, "\" does not exist");
  savepoints_.resize(index + 1);
  status_ = Status::kActive;
  return savepoints_[index].first_command;
}

}  // namespace troupe
