#include "runtime/transaction/prepared_transactions.hpp"

#include <algorithm>

#include "storage/base/bytes.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// So much of a transaction is one row, so that any size of it fits into the log's records. Never to be changed: the
/// rows of a transaction are found by it.
constexpr size_t kPieceBytes = 2'048;

std::string row_key(TxnId txn, uint32_t piece) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(txn >> shift));
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(piece >> shift));
  return key;
}

absl::Status in_use(std::string_view name) {
  return error(ErrorCode::kDuplicateObject, "transaction identifier \"", name, "\" is already in use");
}

absl::Status unknown(std::string_view name) {
  return error(ErrorCode::kUndefinedObject, "prepared transaction with identifier \"", name, "\" does not exist");
}

}  // namespace

std::string encode_prepared(const PreparedTransaction& transaction) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.bytes(transaction.name);
  out.u64(transaction.txn);
  out.varint(transaction.owner);
  out.varint(transaction.database);
  out.u64(static_cast<uint64_t>(transaction.prepared_us));
  out.u64(transaction.participants);
  out.bytes(transaction.changes);
  out.varint(transaction.locks.size());
  for (const auto& [partition, locks] : transaction.locks) {
    out.varint(partition);
    out.bytes(locks);
  }
  encode_table_locks(transaction.weak_locks, &out);
  return bytes;
}

absl::StatusOr<PreparedTransaction> decode_prepared(std::string_view bytes) {
  ByteReader in(bytes);
  PreparedTransaction transaction;
  transaction.name = std::string(in.bytes());
  transaction.txn = in.u64();
  transaction.owner = static_cast<Oid>(in.varint());
  transaction.database = static_cast<Oid>(in.varint());
  transaction.prepared_us = static_cast<int64_t>(in.u64());
  transaction.participants = in.u64();
  transaction.changes = std::string(in.bytes());
  for (uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    const auto partition = static_cast<PartitionId>(in.varint());
    transaction.locks.emplace_back(partition, std::string(in.bytes()));
  }
  transaction.weak_locks = decode_table_locks(&in);
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "a prepared transaction is malformed");
  return transaction;
}

std::vector<std::pair<std::string, std::string_view>> prepared_rows(TxnId txn, std::string_view bytes) {
  std::vector<std::pair<std::string, std::string_view>> rows;
  for (size_t from = 0; from < bytes.size(); from += kPieceBytes) {
    rows.emplace_back(row_key(txn, static_cast<uint32_t>(rows.size())), bytes.substr(from, kPieceBytes));
  }
  return rows;
}

TxnId prepared_row_transaction(std::string_view key) {
  TxnId txn = 0;
  for (const char byte : key.substr(0, sizeof txn)) txn = txn << 8 | static_cast<uint8_t>(byte);
  return txn;
}

// --- claims ---

PreparedTransactions::Claim::Claim(Claim&& other) noexcept
    : of_{std::exchange(other.of_, nullptr)},
      name_{std::move(other.name_)},
      entry_{other.entry_},
      transaction_{std::move(other.transaction_)} {}

PreparedTransactions::Claim& PreparedTransactions::Claim::operator=(Claim&& other) noexcept {
  if (this != &other) {
    give_back();
    of_ = std::exchange(other.of_, nullptr);
    name_ = std::move(other.name_);
    entry_ = other.entry_;
    transaction_ = std::move(other.transaction_);
  }
  return *this;
}

void PreparedTransactions::Claim::give_back() {
  if (of_ == nullptr) return;
  const std::lock_guard lock(of_->mutex_);
  const auto at = of_->entries_.find(name_);
  // It may be decided by now, and the name another transaction's.
  if (at != of_->entries_.end() && at->second.number == entry_) {
    at->second.claimed = false;
    if (at->second.transaction == nullptr) of_->entries_.erase(at);
  }
  of_ = nullptr;
}

absl::Status PreparedTransactions::Claim::check() const {
  if (of_ == nullptr) return absl::OkStatus();
  const std::lock_guard lock(of_->mutex_);
  const auto at = of_->entries_.find(name_);
  const bool ours = at != of_->entries_.end() && at->second.number == entry_;
  if (ours && at->second.transaction == transaction_) return absl::OkStatus();
  return transaction_ == nullptr ? in_use(name_) : unknown(name_);
}

absl::StatusOr<PreparedTransactions::Claim> PreparedTransactions::claim_new(std::string_view name) {
  if (name.size() > kPreparedNameBytesMax) {
    return error(ErrorCode::kInvalidParameterValue, "transaction identifier \"", name, "\" is too long");
  }
  if (transactions_max_ == 0) {
    return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "prepared transactions are disabled"),
                     "Set max_prepared_transactions to a nonzero value.");
  }
  const std::lock_guard lock(mutex_);
  if (entries_.contains(name)) return in_use(name);
  if (entries_.size() >= transactions_max_) {
    return with_hint(error(ErrorCode::kOutOfMemory, "maximum number of prepared transactions reached"),
                     cat("Increase max_prepared_transactions (currently ", transactions_max_, ")."));
  }
  Claim claim;
  claim.of_ = this;
  claim.name_ = std::string(name);
  claim.entry_ = next_entry_++;
  Entry entry;
  entry.number = claim.entry_;
  entry.claimed = true;
  entries_.emplace(claim.name_, std::move(entry));
  return claim;
}

absl::StatusOr<PreparedTransactions::Claim> PreparedTransactions::claim(std::string_view name,
                                                                        const PreparedActor& who) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(name);
  if (at == entries_.end() || at->second.transaction == nullptr) return unknown(name);
  Entry& entry = at->second;
  if (entry.claimed) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "prepared transaction with identifier \"", name,
                 "\" is busy");
  }
  if (!who.superuser && who.role != entry.transaction->owner) {
    return with_hint(error(ErrorCode::kInsufficientPrivilege, "permission denied to finish prepared transaction"),
                     "Must be superuser or the user that prepared the transaction.");
  }
  if (who.database != entry.transaction->database) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "prepared transaction belongs to another database"),
                     "Connect to the database where the transaction was prepared to finish it.");
  }
  entry.claimed = true;
  Claim claim;
  claim.of_ = this;
  claim.name_ = std::string(name);
  claim.entry_ = entry.number;
  claim.transaction_ = entry.transaction;
  return claim;
}

// --- what waits ---

void PreparedTransactions::add(Preparation preparation) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[preparation.transaction->name];
  if (entry.number == 0) entry.number = next_entry_++;  // of a former life, or its session is gone
  entry.transaction = std::move(preparation.transaction);
  entry.gates = std::move(preparation.gates);
}

PreparedTransactions::Removed PreparedTransactions::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(name);
  if (at == entries_.end()) return {};
  Removed removed{std::move(at->second.transaction), std::move(at->second.gates)};
  entries_.erase(at);
  return removed;
}

bool PreparedTransactions::holds(TxnId txn) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.second.transaction != nullptr && entry.second.transaction->txn == txn;
  });
}

std::vector<PreparedTransactionPtr> PreparedTransactions::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<PreparedTransactionPtr> all;
  for (const auto& [name, entry] : entries_) {
    if (entry.transaction != nullptr) all.push_back(entry.transaction);
  }
  return all;
}

size_t PreparedTransactions::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace troupe
