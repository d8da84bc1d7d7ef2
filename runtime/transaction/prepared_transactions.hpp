#pragma once
/// Transactions that PREPARE TRANSACTION left waiting for COMMIT PREPARED or ROLLBACK PREPARED. What they are to change
/// and what they hold is on the disk (kPreparedTree), so that a restart finds it again.
/// Safe from any thread. Invariant: a name belongs to one transaction, from its PREPARE on.
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/transaction/table_gate.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/lock/held_locks.hpp"

namespace troupe {

/// Longest name, in bytes (PostgreSQL's GIDSIZE without the terminating byte).
inline constexpr size_t kPreparedNameBytesMax = 199;

struct PreparedTransaction {
  std::string name;  ///< "transaction identifier" to PostgreSQL
  TxnId txn = kNoTxn;
  Oid owner = 0;
  Oid database = 0;
  int64_t prepared_us = 0;
  uint64_t participants = 0;
  std::string changes;                                     ///< packed, of all participants
  std::vector<std::pair<PartitionId, std::string>> locks;  ///< of each lock shard, encoded
  std::vector<HeldTableLock> weak_locks;                   ///< counted at the tables' gates
};
using PreparedTransactionPtr = std::shared_ptr<const PreparedTransaction>;

std::string encode_prepared(const PreparedTransaction& transaction);
/// Errors: kDataCorrupted.
absl::StatusOr<PreparedTransaction> decode_prepared(std::string_view bytes);

/// Rows of kPreparedTree that hold `bytes`, in the order of their keys.
std::vector<std::pair<std::string, std::string_view>> prepared_rows(TxnId txn, std::string_view bytes);
/// The transaction that the key of such a row is of.
TxnId prepared_row_transaction(std::string_view key);

/// On its way to the transaction manager, with the weak locks that its session held.
struct Preparation {
  PreparedTransactionPtr transaction;
  std::vector<TableGate::Hold> gates;
};

/// Who finishes a prepared transaction, or makes one.
struct PreparedActor {
  Oid role = 0;
  bool superuser = false;
  Oid database = 0;
};

class PreparedTransactions {
 public:
  explicit PreparedTransactions(size_t transactions_max) : transactions_max_{transactions_max} {}

  /// The right to a name, given back when destroyed: nobody else uses it meanwhile. A session's, until it is on its way
  /// to the transaction manager with what it is for, which happens even if the session dies.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    ~Claim() { give_back(); }
    const std::string& name() const { return name_; }
    /// Null when it was claimed for a new one.
    const PreparedTransactionPtr& transaction() const { return transaction_; }
    /// Errors when the name has become another transaction's, or nobody's: 42710 for a new one, else 42704. Of no name,
    /// or given back: fine.
    absl::Status check() const;

   private:
    friend class PreparedTransactions;
    void give_back();
    PreparedTransactions* of_ = nullptr;
    std::string name_;
    uint64_t entry_ = 0;
    PreparedTransactionPtr transaction_;
  };

  /// For PREPARE TRANSACTION. Errors: 22023 (too long), 55000 (disabled), 42710 (in use), 53200 (too many).
  absl::StatusOr<Claim> claim_new(std::string_view name);
  /// For COMMIT PREPARED and ROLLBACK PREPARED. Errors: 42704, 55000 (another session is at it), 42501, 0A000.
  absl::StatusOr<Claim> claim(std::string_view name, const PreparedActor& who);

  /// From now on it waits for its decision.
  void add(Preparation preparation);
  /// It has been decided; nothing when it is not known.
  struct Removed {
    PreparedTransactionPtr transaction;
    std::vector<TableGate::Hold> gates;
  };
  Removed remove(std::string_view name);

  bool holds(TxnId txn) const;
  /// By name.
  std::vector<PreparedTransactionPtr> list() const;
  size_t size() const;

 private:
  struct Entry {
    uint64_t number = 0;
    PreparedTransactionPtr transaction;  ///< null: its PREPARE is under way
    std::vector<TableGate::Hold> gates;
    bool claimed = false;
  };

  const size_t transactions_max_;
  mutable std::mutex mutex_;
  uint64_t next_entry_ = 1;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace troupe
