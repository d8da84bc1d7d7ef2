#include "actors/lock/lock_shard.hpp"

#include <algorithm>

#include "runtime/exec/lock_errors.hpp"
#include "runtime/exec/messages.hpp"

namespace troupe {
namespace {

RowLockStrength strength_of(schema::LockStrength strength) { return static_cast<RowLockStrength>(strength); }

absl::Status too_large_to_prepare() {
  return with_hint(error(ErrorCode::kProgramLimitExceeded, "the transaction has locked too many rows to be prepared"),
                   "Prepare smaller transactions, or COMMIT this one.");
}

absl::Status lock_timeout() {
  return error(ErrorCode::kLockNotAvailable, "canceling statement due to lock timeout");
}

}  // namespace

LockShard::LockShard(caf::actor_config& config, ActorSeat seat, NodeContext& node, PartitionId id)
    : ActorOf(config, std::move(seat)), node_{node}, id_{id}, directory_{node.directory},
      heir_{*node.lock_shards[id]} {
  state_ = heir_.take_over();
  node_.lock_shard_rebuilt[id_].store(state_.rebuilt);
}

LockShard::behavior_type LockShard::make_behavior() {
  running();
  return {
      [this](write_atom, const WriteFrame& frame) {
        const Heir<LockShardState>::Use use(heir_, state_);
        on_write(frame);
      },
      [this](table_atom, const TableLockRequest& request) {
        const Heir<LockShardState>::Use use(heir_, state_);
        on_table({request, false, current_sender(), node_.services.clock.monotonic_us(),
                  node_.services.config.planted == PlantedBug::kGateIgnored});
      },
      [this](drained_atom) {
        const Heir<LockShardState>::Use use(heir_, state_);
        check_gates();
      },
      [this](release_atom, TxnId txn) {
        const Heir<LockShardState>::Use use(heir_, state_);
        on_release(txn);
      },
      [this](discard_atom, TxnId txn) {
        const Heir<LockShardState>::Use use(heir_, state_);
        tell(directory_.get().partitions[id_], discard_atom::value, txn);
        on_release(txn);
      },
      [this](rollback_atom, TxnId txn, CommandId first, CommandId end) {
        const Heir<LockShardState>::Use use(heir_, state_);
        tell(directory_.get().partitions[id_], rollback_atom::value, txn, first, end);
        on_rollback(txn, first);
      },
      [this](prepare_atom, TxnId txn) {
        const Heir<LockShardState>::Use use(heir_, state_);
        const bool nameless = state_->rows.has_compact(txn);
        const std::string locks = encode_locks({state_->rows.held_by(txn), state_->tables.held_by(txn)});
        tell(caf::actor_cast<SessionActor>(current_sender()), prepared_atom::value, txn,
             static_cast<PartitionId>(kLocksOf + id_), FrameBytes::copy_of(locks),
             nameless ? encode_error(too_large_to_prepare()) : std::string());
      },
      [this](cancel_atom, TxnId txn, const std::string& encoded_error) {
        const Heir<LockShardState>::Use use(heir_, state_);
        on_cancel(txn, encoded_error);
      },
      [this](waits_atom) {
        const Heir<LockShardState>::Use use(heir_, state_);
        auto waits = std::make_shared<std::vector<WaitEdge>>(state_->rows.waits());
        for (const WaitEdge& edge : state_->tables.waits()) waits->push_back(edge);
        add_gate_waits(waits.get());
        if (id_ == 0) add_advisory_waits(waits.get());
        tell(caf::actor_cast<DeadlockDetectorActor>(current_sender()), waits_atom::value, id_, std::move(waits));
      },
      [this](tick_atom) {
        directory_.get();  // lets go of dead ones: their threads end with the last reference
        const Heir<LockShardState>::Use use(heir_, state_);
        check_timeouts();
      },
  };
}

// --- rows ---

void LockShard::on_write(const WriteFrame& frame) {
  const TxnId txn = frame->head()->txn();
  WaitingWrite write{txn, frame, current_sender(), 0, {}, 0};
  const auto ahead = state_->waiting_writes.find(txn);
  if (ahead != state_->waiting_writes.end()) {
    ahead->second.push_back(std::move(write));
  } else if (!lock_keys(write)) {
    state_->waiting_writes[txn].push_back(std::move(write));
  }
}

/// Locks one key after the other and sends the write on, or refuses it; false: it waits for `next_key`.
bool LockShard::lock_keys(WaitingWrite& write) {
  const schema::WriteHead& head = *write.frame->head();
  const auto policy = head.wait() == schema::LockWait::wait ? WaitPolicy::kWait : WaitPolicy::kNoWait;
  PackedStrings keys = keys_of(*write.frame);
  std::string_view key;
  for (uint32_t i = 0; keys.next(&key); ++i) {
    if (i < write.next_key || node_.services.config.planted == PlantedBug::kRowLockSkipped) continue;
    const auto outcome =
        state_->rows.acquire(write.txn, head.command(), head.tree(), key, strength_of(head.strength()), policy, i);
    if (!outcome.ok()) {
      refuse(write, outcome.status());
      return true;
    }
    if (*outcome == LockOutcome::kQueued) {
      write.next_key = i;
      write.since_us = node_.services.clock.monotonic_us();
      tell(directory_.get().deadlock_detector, waits_atom::value);
      return false;
    }
    if (*outcome == LockOutcome::kRefused) {
      if (head.wait() == schema::LockWait::nowait) {
        refuse(write, error(ErrorCode::kLockNotAvailable, kRowIsLocked));
        return true;
      }
      write.skip.resize(head.key_count(), '\0');
      write.skip[i] = '\1';
    }
  }
  forward(write);
  return true;
}

void LockShard::forward(WaitingWrite& write) {
  WriteFrame frame = write.skip.empty() ? std::move(write.frame) : with_skipped(write.frame, write.skip);
  tell(directory_.get().partitions[id_], write_atom::value, std::move(frame), std::move(write.asker));
}

void LockShard::refuse(const WaitingWrite& write, const absl::Status& status) {
  tell(caf::actor_cast<SessionActor>(write.asker), written_atom::value, failed_write(*write.frame->head(), status));
}

void LockShard::go_on(const std::vector<LockGrant>& grants) {
  for (const LockGrant& grant : grants) {
    const auto it = state_->waiting_writes.find(grant.txn);
    if (it == state_->waiting_writes.end()) continue;
    std::deque<WaitingWrite>& writes = it->second;
    ++writes.front().next_key;
    while (!writes.empty() && lock_keys(writes.front())) writes.pop_front();
    if (writes.empty()) state_->waiting_writes.erase(it);
  }
}

void LockShard::on_release(TxnId txn) {
  const Heir<LockShardState>::Use use(heir_, state_);
  state_->waiting_writes.erase(txn);
  go_on(state_->rows.release_all(txn));
  if (!state_->tables.empty() || !state_->waiting_tables.empty()) release_tables(txn);
}

/// The partition is told before those who waited, so they find the row as it was.
void LockShard::on_rollback(TxnId txn, CommandId command) {
  const Heir<LockShardState>::Use use(heir_, state_);
  state_->waiting_writes.erase(txn);  // of a statement that failed elsewhere meanwhile
  go_on(state_->rows.rollback_to(txn, command));
}

void LockShard::on_cancel(TxnId txn, const std::string& encoded_error) {
  const Heir<LockShardState>::Use use(heir_, state_);
  const auto it = state_->waiting_writes.find(txn);
  if (it != state_->waiting_writes.end()) {
    for (const WaitingWrite& write : it->second) refuse(write, decode_error(encoded_error));
    state_->waiting_writes.erase(it);
  }
  go_on(state_->rows.cancel_wait(txn));
  for (size_t i = 0; i < state_->waiting_tables.size();) {
    if (state_->waiting_tables[i].txn != txn) {
      ++i;
      continue;
    }
    const WaitingTable waiting = std::move(state_->waiting_tables[i]);
    state_->waiting_tables.erase(state_->waiting_tables.begin() + static_cast<ptrdiff_t>(i));
    if (waiting.granted) grant_tables(state_->tables.release_one(txn, waiting.table, waiting.mode));
    tell(caf::actor_cast<SessionActor>(waiting.asker), granted_atom::value, waiting.request, encoded_error);
  }
  grant_tables(state_->tables.cancel_wait(txn));
  check_gates();
  if (id_ == 0) refuse_advisory_wait(txn, encoded_error);
}

// --- tables ---

void LockShard::on_table(WaitingTable request) {
  if (request.held && state_->tables.wait_for_holder(request.txn, request.table, request.mode, *request.held)) {
    table_granted(request);  // the session counts itself in at the gate
    return;
  }
  if (!is_weak(request.mode)) {
    request.gate->close();
    state_->closed_gates.insert_or_assign(request.table, request.gate);
  }
  const auto outcome =
      state_->tables.acquire(request.txn, request.table, request.mode, request.no_wait, request.request);
  const bool drained = request.drained();
  if (outcome == TableLockTable::Outcome::kRefused || (request.no_wait && !drained)) {
    if (outcome == TableLockTable::Outcome::kGranted) {
      grant_tables(state_->tables.release_one(request.txn, request.table, request.mode));
    }
    tell(caf::actor_cast<SessionActor>(request.asker), granted_atom::value, request.request,
         encode_error(error(ErrorCode::kLockNotAvailable, "could not obtain lock on relation")));
    check_gates();
    return;
  }
  request.granted = outcome == TableLockTable::Outcome::kGranted;
  if (request.granted && drained) {
    table_granted(request);
    return;
  }
  if (state_->waiting_tables.size() >= node_.services.config.lock_waiters_max) {
    grant_tables(state_->tables.cancel_wait(request.txn));
    if (request.granted) grant_tables(state_->tables.release_one(request.txn, request.table, request.mode));
    tell(caf::actor_cast<SessionActor>(request.asker), granted_atom::value, request.request,
         encode_error(error(ErrorCode::kConfigurationLimitExceeded,
                            "too many lock requests are waiting (limits.lock_waiters_max is ",
                            node_.services.config.lock_waiters_max, ")")));
    check_gates();
    return;
  }
  tell(directory_.get().deadlock_detector, waits_atom::value);
  state_->waiting_tables.push_back(std::move(request));
  check_gates();  // the gate may have drained while it was being closed
}

/// Who waits for a gate to drain waits for those who hold weak locks there.
void LockShard::add_gate_waits(std::vector<WaitEdge>* waits) const {
  for (const WaitingTable& waiting : state_->waiting_tables) {
    if (!waiting.granted || waiting.drained()) continue;
    for (const SessionRecordPtr& session : node_.services.sessions.list()) {
      const TxnId holder = session->txn.load(std::memory_order_acquire);
      // Without an id it waits for nobody.
      if (holder == kNoTxn || holder == waiting.txn) continue;
      if (session->weak_locks.conflicts(waiting.gate.get(), waiting.mode)) waits->push_back({waiting.txn, holder});
    }
  }
}

/// Sessions that are in no transaction wait for nobody.
void LockShard::add_advisory_waits(std::vector<WaitEdge>* waits) const {
  for (const auto& [waiter, blocker] : node_.services.advisory_locks.waits()) {
    const SessionRecordPtr a = node_.services.sessions.find(waiter), b = node_.services.sessions.find(blocker);
    if (a == nullptr || b == nullptr) continue;
    const WaitEdge edge{a->txn.load(std::memory_order_acquire), b->txn.load(std::memory_order_acquire)};
    if (edge.waiter != kNoTxn && edge.blocker != kNoTxn) waits->push_back(edge);
  }
}

void LockShard::refuse_advisory_wait(TxnId txn, const std::string& encoded_error) {
  if (node_.services.advisory_locks.size() == 0) return;
  for (const SessionRecordPtr& session : node_.services.sessions.list()) {
    if (session->txn.load(std::memory_order_acquire) != txn) continue;
    node_.services.advisory_locks.refuse(session->process_id, encoded_error);
  }
}

void LockShard::table_granted(WaitingTable& request) {
  tell(caf::actor_cast<SessionActor>(request.asker), granted_atom::value, request.request, std::string());
}

/// Grants what only waited for a gate to drain, and opens the gates that nobody needs closed any more.
void LockShard::check_gates() {
  for (size_t i = 0; i < state_->waiting_tables.size();) {
    WaitingTable& waiting = state_->waiting_tables[i];
    if (!waiting.granted || !waiting.drained()) {
      ++i;
      continue;
    }
    table_granted(waiting);
    state_->waiting_tables.erase(state_->waiting_tables.begin() + static_cast<ptrdiff_t>(i));
  }
  for (auto it = state_->closed_gates.begin(); it != state_->closed_gates.end();) {
    if (state_->tables.has_strong(it->first)) {
      ++it;
      continue;
    }
    it->second->open();
    state_->closed_gates.erase(it++);
  }
}

void LockShard::release_tables(TxnId txn) {
  std::erase_if(state_->waiting_tables, [&](const WaitingTable& waiting) { return waiting.txn == txn; });
  grant_tables(state_->tables.release_all(txn));
  check_gates();
}

void LockShard::grant_tables(const std::vector<LockGrant>& grants) {
  for (const LockGrant& grant : grants) {
    for (WaitingTable& waiting : state_->waiting_tables) {
      if (waiting.txn == grant.txn && waiting.request == grant.ticket) waiting.granted = true;
    }
  }
}

void LockShard::check_timeouts() {
  node_.row_locks[id_].store(state_->rows.locked_keys(), std::memory_order_relaxed);
  node_.lock_waiters[id_].store(
      static_cast<uint32_t>(state_->waiting_writes.size() + state_->waiting_tables.size()), std::memory_order_relaxed);
  const int64_t now = node_.services.clock.monotonic_us();
  std::vector<TxnId> late;
  for (const auto& [txn, writes] : state_->waiting_writes) {
    const WaitingWrite& write = writes.front();
    const uint32_t limit_ms = write.frame->head()->lock_timeout_ms();
    if (limit_ms != 0 && now - write.since_us > static_cast<int64_t>(limit_ms) * 1'000) late.push_back(txn);
  }
  for (const WaitingTable& waiting : state_->waiting_tables) {
    if (waiting.timeout_ms != 0 && now - waiting.since_us > static_cast<int64_t>(waiting.timeout_ms) * 1'000) {
      late.push_back(waiting.txn);
    }
  }
  std::sort(late.begin(), late.end());
  for (const TxnId txn : late) on_cancel(txn, encode_error(lock_timeout()));
  if (!state_->waiting_tables.empty()) check_gates();
}

}  // namespace troupe
