#pragma once
/// One transaction on its way through the transaction manager, the log and the partitions.
#include <memory>
#include <string>
#include <vector>

#include "actors/node/serializable_commit.hpp"
#include "runtime/transaction/notification_queue.hpp"
#include "runtime/transaction/prepared_transactions.hpp"
#include "schemas/log_generated.h"
#include "storage/base/frame.hpp"
#include "storage/base/ids.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

using CommitFrame = Frame<schema::Commit>;

/// The committer builds it; the transaction manager alone sets the SCN in the frames, before anybody else reads them.
struct CommitRequest {
  TxnId txn = kNoTxn;
  /// Bit i: partition i has something to apply or locks to release.
  uint64_t participants = 0;
  /// Log records; the last one makes it a commit.
  std::vector<CommitFrame> records;
  /// DDL: what changes in the catalog once the commit is in the log.
  std::vector<CatalogChange> catalog_changes;
  Scn scn = kNoScn;
  /// Whose it is, for whoever has to explain a conflict.
  int32_t process_id = 0;
  /// SERIALIZABLE: what it read. Without records there is nothing to commit, but its reads are to be validated.
  std::shared_ptr<SerializableCommit> serializable;
  /// PREPARE TRANSACTION: what waits for a decision from here on. The commit itself is of a transaction of its own,
  /// which only writes that down.
  std::shared_ptr<Preparation> prepares;
  /// PREPARE TRANSACTION: the name. COMMIT and ROLLBACK PREPARED: which prepared transaction this one ends. It is here,
  /// because the session may die on the way; the transaction manager gives it back when what it is for has happened.
  PreparedTransactions::Claim claim;
  /// Nothing is to be left of the claimed transaction.
  bool rolls_back = false;

  /// NOTIFY: what it says, or null. Its place among others is that of its SCN.
  NotificationBatchPtr notifications;

  uint64_t bytes() const {
    uint64_t size = 0;
    for (const CommitFrame& record : records) size += record.size();
    return size;
  }
};
using CommitRequestPtr = std::shared_ptr<CommitRequest>;

/// A lock shard answers a question for locks as the partition with its number plus this.
inline constexpr PartitionId kLocksOf = 0x100;

/// Which part of the node was restarted.
enum class LostPart : uint8_t {
  kPartition,
  kLockShard,
  kTransactionManager,
  kSequences,
  kPublisher,
  kLogWriter,
  kCheckpointer
};

}  // namespace troupe
