#include "actors/session/session.hpp"

#include "actors/session/blocking_worker.hpp"
#include "actors/session/no_transport.hpp"

namespace troupe {

namespace {

SessionSignals signals_to(const caf::actor_addr& session) {
  const auto send = [session](const auto&... content) {
    if (const auto actor = caf::actor_cast<SessionActor>(session)) caf::anon_send(actor, content...);
  };
  SessionSignals signals;
  // The message first: it is there by the time the statement has ended.
  signals.cancel = [send, interrupt = signals.interrupt](const std::string& encoded) {
    send(cancel_atom::value, encoded);
    interrupt->raise(Interrupt::Reason::kCancel);
  };
  signals.end = [send, interrupt = signals.interrupt](const std::string& encoded) {
    send(end_atom::value, encoded);
    interrupt->raise(Interrupt::Reason::kEndOfSession);
  };
  signals.lost = [send](uint8_t part, uint32_t index, uint64_t incarnation, bool state_lost) {
    send(lost_atom::value, part, index, incarnation, state_lost);
  };
  signals.tick = [send] { send(tick_atom::value); };
  signals.notified = [send] { send(notify_atom::value); };
  signals.granted = [send](uint64_t request, const std::string& encoded) {
    send(granted_atom::value, request, encoded);
  };
  return signals;
}

}  // namespace

Session::Session(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::shared_ptr<Transport> transport,
                 KeptObject kept)
    : ActorOf(config, std::move(seat)),
      node_{node},
      directory_{node.directory},
      transport_{std::move(transport)},
      kept_{kept} {
  info_ = node_.services.sessions.add(node_.services.clock.wall_us(), signals_to(address()));
}

Session::~Session() = default;

Session::behavior_type Session::make_behavior() {
  running();
  backend_ = std::make_unique<Backend>(node_.services, static_cast<SessionHost&>(*this), transport_, info_);
  return {
      [this](readdone_atom, const ReadResultFrame& frame) {
        backend_->on_read_result(frame);
        after();
      },
      [this](written_atom, const WriteResultFrame& frame) {
        backend_->on_write_result(frame);
        after();
      },
      [this](prepared_atom, TxnId txn, PartitionId partition, const FrameBytes& redo, const std::string& error) {
        backend_->on_prepared(txn, partition, redo, error);
        after();
      },
      [this](committed_atom, TxnId txn, Scn scn, const std::string& error) {
        backend_->on_committed(txn, scn, error);
        after();
      },
      [this](granted_atom, uint64_t request, const std::string& error) {
        backend_->on_granted(request, error);
        after();
      },
      [this](next_atom, uint64_t request, int64_t first, uint32_t count, const std::string& error) {
        backend_->on_sequence(request, first, count, error);
        after();
      },
      [this](append_atom, TxnId txn, uint32_t record, uint64_t position, const std::string& error) {
        backend_->on_bulk_logged(txn, record, position, error);
        after();
      },
      [this](changes_atom, const ChangesPtr& changes, const std::string& error) {
        backend_->on_changes(changes, error);
        after();
      },
      [this](cancel_atom, const std::string& error) {
        backend_->on_cancel(error);
        after();
      },
      [this](end_atom, const std::string& error) {
        backend_->on_end(error);
        after();
      },
      [this](start_atom) {
        start();
        after();
      },
      [this](turn_atom) {
        backend_->on_turn();
        after();
      },
      [this](moved_atom) {
        transport_->arrive();
        after();
      },
      [this](lost_atom, uint8_t part, uint32_t index, uint64_t incarnation, bool state_lost) {
        backend_->on_lost(static_cast<LostPart>(part), index, incarnation, state_lost);
        after();
      },
      [this](notify_atom) {
        backend_->on_notified();
        after();
      },
      [this](tick_atom) {
        directory_.get();  // lets go of dead ones: their threads end with the last reference
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
        backend_->on_tick(node_.services.clock.wall_us());
        after();
      },
  };
}

void Session::start() {
  auto* events = static_cast<TransportEvents*>(this);
  switch (kept_.work) {
    case KeptWork::kClient: return backend_->start(events);
    case KeptWork::kView: return backend_->start_view(events, kept_.database, kept_.object);
    case KeptWork::kSubscription: return backend_->start_subscription(events, kept_.database, kept_.object);
    case KeptWork::kSubscriptionList: return backend_->start_subscription_list(events);
  }
}

/// Killed or failed: what the transaction holds is given back through the transaction manager, which knows whether
/// its commit is under way.
void Session::on_exit() {
  quitting_ = true;
  const TxnId txn = info_->txn.load(std::memory_order_acquire);
  const uint64_t participants = backend_ ? backend_->participants() : 0;
  node_.services.sessions.remove(info_->process_id);
  node_.services.advisory_locks.release_session(info_->process_id);
  node_.services.replication_slots.end_session(info_->process_id);
  if (txn != kNoTxn && participants != 0) tell(directory_.get().manager, abort_atom::value, txn, participants);
  transport_->close();
  backend_.reset();
  directory_.clear();
}

void Session::after() {
  if (quitting_) return;
  if (const std::exception_ptr failure = backend_->failed()) std::rethrow_exception(failure);
  if (finished_) quit();
}

void Session::outside(const std::function<void()>& event) {
  if (quitting_) return;
  context(pinned());
  event();
  if (const std::exception_ptr failure = backend_->failed()) {
    thrown_ = failure;
    tell(caf::actor_cast<SessionActor>(this), tick_atom::value);
  } else if (finished_) {
    tell(caf::actor_cast<SessionActor>(this), turn_atom::value);
  }
}

void Session::on_received(size_t size) {
  outside([&] { backend_->on_received(size); });
}
void Session::on_sent() {
  outside([&] { backend_->on_sent(); });
}
void Session::on_closed() {
  outside([&] { backend_->on_closed(); });
}

// --- from cell to cell ---

void Session::move_to(Cell& cell) {
  const auto self = caf::actor_cast<SessionActor>(this);
  pin(&cell);
  caf::anon_send(self, moved_atom::value);
}

/// What was to be done on the cell it has left is done where it is now.
caf::resumable::resume_result Session::resume(caf::execution_unit* unit, size_t throughput) {
  const Cell* here = Cell::current();
  if (here == nullptr || pinned() == here) return ActorOf<SessionActor::base>::resume(unit, throughput);
  pinned()->exec_later(this);
  return caf::resumable::shutdown_execution_unit;  // the reference went along
}

// --- sending ---

namespace {

/// Entries of unique indexes: put without a look at what is there, or another one erased.
void plant_bug(PlantedBug planted, WriteFrame& frame) {
  schema::WriteHead* head = frame.mutable_root()->mutable_head();
  if (head->tree() < kFirstUserTree) return;
  if (planted == PlantedBug::kUniqueUnchecked && head->kind() == schema::WriteKind::put) {
    head->mutate_flags(bit(schema::WriteFlag::overwrite));
  } else if (planted == PlantedBug::kIndexEntryForgotten && head->kind() == schema::WriteKind::erase) {
    auto* keys = frame.mutable_root()->mutable_keys();
    keys->Mutate(keys->size() - 1, keys->Get(keys->size() - 1) ^ 0x55);
  }
}

}  // namespace

uint16_t Session::partition_count() { return static_cast<uint16_t>(directory_.get().partitions.size()); }
uint64_t Session::partition_incarnation(PartitionId partition) {
  return directory_.get().partition_incarnations[partition];
}
uint64_t Session::lock_shard_incarnation(PartitionId partition) {
  return directory_.get().lock_shard_incarnations[partition];
}
void Session::send_read(PartitionId partition, ReadFrame frame) {
  tell(directory_.get().partitions[partition], read_atom::value, std::move(frame));
}
void Session::send_write(PartitionId partition, WriteFrame frame) {
  info_->participants.fetch_or(uint64_t{1} << partition, std::memory_order_relaxed);
  if (const PlantedBug planted = node_.services.config.planted; planted != PlantedBug::kNone) plant_bug(planted, frame);
  tell(directory_.get().lock_shards[partition], write_atom::value, std::move(frame));
}
void Session::send_bulk(PartitionId partition, WriteFrame frame) {
  tell(directory_.get().partitions[partition], write_atom::value, std::move(frame),
       caf::actor_cast<caf::strong_actor_ptr>(this));
}
void Session::send_abandon_tree(PartitionId partition, TreeId tree) {
  tell(directory_.get().partitions[partition], abort_atom::value, tree);
}
void Session::send_prepare(PartitionId partition, TxnId txn) {
  tell(directory_.get().partitions[partition], prepare_atom::value, txn);
}
void Session::send_commit(std::shared_ptr<CommitRequest> request) {
  if (node_.services.config.planted == PlantedBug::kUnlockedEarly) {
    for (const LockShardActor& shard : directory_.get().lock_shards) tell(shard, release_atom::value, request->txn);
  }
  tell(directory_.get().manager, commit_atom::value, std::move(request), caf::actor_cast<caf::strong_actor_ptr>(this));
}
void Session::send_discard(PartitionId partition, TxnId txn) {
  tell(directory_.get().lock_shards[partition], discard_atom::value, txn);
}
void Session::send_rollback_to(PartitionId partition, TxnId txn, CommandId first, CommandId end) {
  // To the partition itself, because reads and the prepare go there too and must find the writes gone; and by way of the
  // lock shard, behind writes of a failed statement that are still on their way.
  tell(directory_.get().partitions[partition], abort_atom::value, txn, first, end);
  tell(directory_.get().lock_shards[partition], rollback_atom::value, txn, first, end);
}
void Session::send_list_locks(PartitionId partition, TxnId txn) {
  tell(directory_.get().lock_shards[partition], prepare_atom::value, txn);
}
void Session::send_table_lock(TableLockRequest request) {
  tell(directory_.get().lock_shards[0], table_atom::value, std::move(request));
}
void Session::send_gate_drained() { tell(directory_.get().lock_shards[0], drained_atom::value); }
void Session::send_waits() { tell(directory_.get().deadlock_detector, waits_atom::value); }
void Session::send_cancel_wait(PartitionId partition, TxnId txn, std::string error) {
  tell(directory_.get().lock_shards[partition], cancel_atom::value, txn, std::move(error));
}
void Session::send_sequence_next(uint64_t request, std::shared_ptr<const SequenceDef> sequence, uint32_t count) {
  tell(directory_.get().sequences, next_atom::value, request, std::move(sequence), count);
}
void Session::send_sequence_set(uint64_t request, std::shared_ptr<const SequenceDef> sequence, int64_t value,
                                bool is_called) {
  tell(directory_.get().sequences, set_atom::value, request, std::move(sequence), value, is_called);
}
void Session::send_sequence_drop(Oid sequence) { tell(directory_.get().sequences, release_atom::value, sequence); }
void Session::send_question(const ChangesQuestion& question, uint64_t bytes_max) {
  const auto subscription = static_cast<uint64_t>(info_->process_id);
  const PublisherActor& publisher = directory_.get().publisher;
  if (question.bulk_of == kNoTxn) {
    tell(publisher, next_atom::value, subscription, question.after, question.record, bytes_max, question.interest);
  } else {
    tell(publisher, bulk_atom::value, subscription, question.bulk_of, question.record, question.position, bytes_max);
  }
}
void Session::send_subscription_end() {
  tell(directory_.get().publisher, release_atom::value, static_cast<uint64_t>(info_->process_id));
}
void Session::send_save_slots(uint64_t request) { tell(directory_.get().publisher, save_atom::value, request); }
void Session::send_bulk_record(BulkFrame record) {
  tell(directory_.get().log_writer, append_atom::value, std::move(record));
}
void Session::send_checkpoint(uint64_t request) { tell(directory_.get().checkpointer, checkpt_atom::value, request); }
void Session::send_blocking_work(uint64_t request, std::function<std::string()> work) {
  const auto self = caf::actor_cast<SessionActor>(this);
  if (node_.may_block) spawn<BlockingWorker, caf::detached>(std::move(work), request, self);
  else spawn<BlockingWorker>(std::move(work), request, self);
}
void Session::send_tick_after(int64_t us) { tell_self_after(std::chrono::microseconds(us), tick_atom::value); }
void Session::send_turn() { tell_self_behind_sockets(nullptr, turn_atom::value); }

ChildSpecPtr session_child(NodeContext& node, caf::execution_unit& unit, std::shared_ptr<Transport> transport) {
  auto spec = std::make_shared<ChildSpec>();
  spec->kind = "session";
  spec->name = "session " + transport->peer_name();
  spec->restart = RestartType::kTemporary;
  spec->pinned = &unit;
  spec->start = [&node, transport = std::move(transport)](caf::local_actor& supervisor, const ActorSeat& seat) {
    const auto session = supervisor.spawn<Session>(seat, std::ref(node), transport);
    caf::anon_send(session, start_atom::value);
    return caf::actor_cast<caf::actor>(session);
  };
  return spec;
}

namespace {

const char* kind_of(KeptWork work) {
  switch (work) {
    case KeptWork::kClient: return "session";
    case KeptWork::kView: return "continuous_view";
    case KeptWork::kSubscription: return "subscription";
    case KeptWork::kSubscriptionList: return "subscription_list";
  }
  return "session";
}

}  // namespace

ChildSpecPtr kept_session_child(NodeContext& node, caf::execution_unit* unit, const std::string& name,
                                KeptObject kept) {
  auto spec = std::make_shared<ChildSpec>();
  spec->kind = kind_of(kept.work);
  spec->name = name;
  spec->restart = RestartType::kTemporary;  // whoever starts them looks who is there
  spec->pinned = unit;
  spec->start = [&node, name, kept](caf::local_actor& supervisor, const ActorSeat& seat) {
    const std::shared_ptr<Transport> transport = std::make_shared<NoTransport>(name);
    const auto session = supervisor.spawn<Session>(seat, std::ref(node), transport, kept);
    caf::anon_send(session, start_atom::value);
    return caf::actor_cast<caf::actor>(session);
  };
  return spec;
}

}  // namespace troupe
