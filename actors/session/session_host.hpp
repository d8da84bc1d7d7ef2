#pragma once
/// What a backend asks of the actor it lives in: to send messages. Tests and the simulator implement it too.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/exec/data_access.hpp"
#include "runtime/transaction/table_gate.hpp"
#include "storage/base/ids.hpp"
#include "storage/log/bulk_record.hpp"

namespace troupe {

struct ChangesQuestion;  // actors/stream/changes.hpp

struct CommitRequest;
struct SequenceDef;

class SessionHost {
 public:
  virtual ~SessionHost() = default;

  virtual uint16_t partition_count() = 0;
  virtual uint64_t partition_incarnation(PartitionId partition) = 0;
  virtual uint64_t lock_shard_incarnation(PartitionId partition) = 0;

  virtual void send_read(PartitionId partition, ReadFrame frame) = 0;
  /// To the lock shard, which locks and forwards.
  virtual void send_write(PartitionId partition, WriteFrame frame) = 0;
  /// To the partition directly: bulk loads take no row locks.
  virtual void send_bulk(PartitionId partition, WriteFrame frame) = 0;
  /// To the partition, behind the bulk writes: nobody will know the tree.
  virtual void send_abandon_tree(PartitionId partition, TreeId tree) = 0;
  virtual void send_prepare(PartitionId partition, TxnId txn) = 0;
  /// To the lock shard: what the transaction holds there. Answered by on_prepared(), as partition + kLocksOf.
  virtual void send_list_locks(PartitionId partition, TxnId txn) = 0;
  virtual void send_commit(std::shared_ptr<CommitRequest> request) = 0;
  /// The transaction is over without a commit: forget its writes, release its locks, end its waiting.
  virtual void send_discard(PartitionId partition, TxnId txn) = 0;
  /// Of commands in [first, end), of which `end` is the next one to come.
  virtual void send_rollback_to(PartitionId partition, TxnId txn, CommandId first, CommandId end) = 0;
  /// To lock shard 0, answered by on_granted().
  virtual void send_table_lock(TableLockRequest request) = 0;
  /// A weak lock left a closed gate, for which a strong one waits.
  virtual void send_gate_drained() = 0;
  /// The session waits for another one: there may be a deadlock.
  virtual void send_waits() = 0;
  /// Ends the transaction's waiting for locks with the (encoded) error.
  virtual void send_cancel_wait(PartitionId partition, TxnId txn, std::string error) = 0;
  virtual void send_sequence_next(uint64_t request, std::shared_ptr<const SequenceDef> sequence, uint32_t count) = 0;
  virtual void send_sequence_set(uint64_t request, std::shared_ptr<const SequenceDef> sequence, int64_t value,
                         bool is_called) = 0;
  virtual void send_sequence_drop(Oid sequence) = 0;
  /// For up to so many bytes; answered by on_changes() when there are some.
  virtual void send_question(const ChangesQuestion& question, uint64_t bytes_max) = 0;
  virtual void send_subscription_end() = 0;
  /// The replication slots as they are now, to the disk; answered by on_granted().
  virtual void send_save_slots(uint64_t request) = 0;
  /// Into the log, before the commit that it belongs to; answered by on_bulk_logged().
  virtual void send_bulk_record(BulkFrame record) = 0;
  /// CHECKPOINT; answered by on_granted().
  virtual void send_checkpoint(uint64_t request) = 0;
  /// Something that may block, such as work on files, on a thread of its own; it answers an encoded error, or nothing,
  /// which comes back by on_granted().
  virtual void send_blocking_work(uint64_t request, std::function<std::string()> work) = 0;
  /// on_tick() after so long.
  virtual void send_tick_after(int64_t us) = 0;
  /// Comes back as on_turn() after others had theirs.
  virtual void send_turn() = 0;
  /// The session is over; the actor ends.
  virtual void finished() = 0;
};

}  // namespace troupe
