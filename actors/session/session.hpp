#pragma once
/// The actor of one client connection: a backend with a mailbox. It runs on the cell that owns its socket, and may be moved
/// with it to another one between transactions (cell_choice.hpp).
#include <memory>

#include "actors/node/node_context.hpp"
#include "actors/session/backend.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

/// What a session is for.
enum class KeptWork : uint8_t {
  kClient,
  kView,              ///< keeps a continuous view
  kSubscription,      ///< applies a subscription
  kSubscriptionList,  ///< looks once which subscriptions there are
};
struct KeptObject {
  KeptWork work = KeptWork::kClient;
  Oid database = kNoOid;
  Oid object = kNoOid;
};

class Session final : public ActorOf<SessionActor::base>, private SessionHost, private TransportEvents {
 public:
  Session(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::shared_ptr<Transport> transport,
          KeptObject kept = {});
  ~Session() override;
  behavior_type make_behavior() override;
  const char* name() const override { return "session"; }
  void on_exit() override;
  resume_result resume(caf::execution_unit* unit, size_t throughput) override;

 private:
  // TransportEvents: socket events run outside a message, on this session's cell.
  std::span<char> read_room() override { return backend_->read_room(); }
  void on_received(size_t size) override;
  void on_sent() override;
  void on_closed() override;
  bool at_rest() const override { return !quitting_ && backend_->at_rest(); }
  void move_to(Cell& cell) override;

  // SessionHost.
  uint16_t partition_count() override;
  uint64_t partition_incarnation(PartitionId partition) override;
  uint64_t lock_shard_incarnation(PartitionId partition) override;
  void send_read(PartitionId partition, ReadFrame frame) override;
  void send_write(PartitionId partition, WriteFrame frame) override;
  void send_bulk(PartitionId partition, WriteFrame frame) override;
  void send_prepare(PartitionId partition, TxnId txn) override;
  void send_commit(std::shared_ptr<CommitRequest> request) override;
  void send_discard(PartitionId partition, TxnId txn) override;
  void send_rollback_to(PartitionId partition, TxnId txn, CommandId first, CommandId end) override;
  void send_list_locks(PartitionId partition, TxnId txn) override;
  void send_table_lock(TableLockRequest request) override;
  void send_gate_drained() override;
  void send_waits() override;
  void send_cancel_wait(PartitionId partition, TxnId txn, std::string error) override;
  void send_sequence_next(uint64_t request, std::shared_ptr<const SequenceDef> sequence, uint32_t count) override;
  void send_sequence_set(uint64_t request, std::shared_ptr<const SequenceDef> sequence, int64_t value,
                         bool is_called) override;
  void send_sequence_drop(Oid sequence) override;
  void send_question(const ChangesQuestion& question, uint64_t bytes_max) override;
  void send_subscription_end() override;
  void send_save_slots(uint64_t request) override;
  void send_checkpoint(uint64_t request) override;
  void send_abandon_tree(PartitionId partition, TreeId tree) override;
  void send_bulk_record(BulkFrame record) override;
  void send_blocking_work(uint64_t request, std::function<std::string()> work) override;
  void send_tick_after(int64_t us) override;
  void send_turn() override;
  void finished() override { finished_ = true; }

  void start();
  /// After anything that may have run the backend on.
  void after();
  /// Runs a socket event: errors must not reach the loop, so they are thrown from a message of our own.
  void outside(const std::function<void()>& event);

  NodeContext& node_;
  AddressView directory_;
  std::shared_ptr<Transport> transport_;
  const KeptObject kept_;
  SessionRecordPtr info_;
  std::unique_ptr<Backend> backend_;
  std::exception_ptr thrown_;
  bool finished_ = false;
  bool quitting_ = false;
};

/// The child that the sessions' supervisor starts for a new connection.
ChildSpecPtr session_child(NodeContext& node, caf::execution_unit& unit, std::shared_ptr<Transport> transport);
/// The child that works for the node itself, without a client.
ChildSpecPtr kept_session_child(NodeContext& node, caf::execution_unit* unit, const std::string& name, KeptObject kept);

}  // namespace troupe
