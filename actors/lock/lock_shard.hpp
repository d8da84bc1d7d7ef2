#pragma once
/// The locks of one partition. A write's keys are locked one after the other; when the last is had, the same frame goes
/// on to the partition. A waiter waits here, not there. Shard 0 has the table locks too.
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"
#include "storage/lock/row_lock_table.hpp"
#include "storage/lock/table_lock_table.hpp"

namespace troupe {

/// What outlives the actor.
struct LockShardState {
  explicit LockShardState(LockLimits limits) : rows{limits} {}

  /// A write that waits for one of its keys, or behind another one of its transaction that does.
  struct WaitingWrite {
    TxnId txn = kNoTxn;
    WriteFrame frame;
    caf::strong_actor_ptr asker;
    uint32_t next_key = 0;
    std::string skip;  ///< SKIP LOCKED: a byte a key, once one was skipped
    int64_t since_us = 0;
  };
  /// A table lock that waits for other strong ones, or for the gate to drain.
  struct WaitingTable : TableLockRequest {
    bool granted = false;  ///< by the queue; only the gate has to drain
    caf::strong_actor_ptr asker;
    int64_t since_us = 0;

    bool gate_ignored = false;  ///< a planted bug

    bool drained() const { return is_weak(mode) || gate_ignored || gate->conflicting(mode) <= own; }
  };

  RowLockTable rows;
  TableLockTable tables;
  /// By transaction, in the order they came: the first waits for a key, the others for the first.
  absl::flat_hash_map<TxnId, std::deque<WaitingWrite>> waiting_writes;
  std::vector<WaitingTable> waiting_tables;
  absl::flat_hash_map<Oid, std::shared_ptr<TableGate>> closed_gates;
};

class LockShard final : public ActorOf<LockShardActor::base> {
 public:
  LockShard(caf::actor_config& config, ActorSeat seat, NodeContext& node, PartitionId id);
  behavior_type make_behavior() override;
  const char* name() const override { return "lock_shard"; }
  void on_exit() override { directory_.clear(); }

 private:
  using WaitingWrite = LockShardState::WaitingWrite;
  using WaitingTable = LockShardState::WaitingTable;

  void on_write(const WriteFrame& frame);
  bool lock_keys(WaitingWrite& write);
  void forward(WaitingWrite& write);
  void refuse(const WaitingWrite& write, const absl::Status& status);
  void go_on(const std::vector<LockGrant>& grants);
  void on_cancel(TxnId txn, const std::string& encoded_error);
  void on_release(TxnId txn);
  void on_rollback(TxnId txn, CommandId command);
  void on_table(WaitingTable request);
  void add_gate_waits(std::vector<WaitEdge>* waits) const;
  void add_advisory_waits(std::vector<WaitEdge>* waits) const;
  void refuse_advisory_wait(TxnId txn, const std::string& encoded_error);
  void table_granted(WaitingTable& request);
  void check_gates();
  void release_tables(TxnId txn);
  void grant_tables(const std::vector<LockGrant>& grants);
  void check_timeouts();

  NodeContext& node_;
  const PartitionId id_;
  AddressView directory_;
  Heir<LockShardState>& heir_;
  Heir<LockShardState>::Claim state_;
};

}  // namespace troupe
