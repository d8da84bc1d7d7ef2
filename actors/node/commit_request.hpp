#pragma once
/// One transaction on its way through the transaction manager, the log and the partitions.
#include <memory>
#include <vector>

#include "actors/node/serializable_commit.hpp"
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

  uint64_t bytes() const {
    uint64_t size = 0;
    for (const CommitFrame& record : records) size += record.size();
    return size;
  }
};
using CommitRequestPtr = std::shared_ptr<CommitRequest>;

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
