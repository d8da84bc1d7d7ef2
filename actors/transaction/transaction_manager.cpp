#include "actors/transaction/transaction_manager.hpp"

#include <algorithm>
#include <bit>

#include "actors/node/commit_records.hpp"
#include "storage/catalog/references.hpp"

namespace troupe {
namespace {
/// Half a second.
constexpr uint32_t kTicksPatience = 10;

absl::Status read_conflict() {
  return with_hint(error(ErrorCode::kSerializationFailure,
                         "could not serialize access due to read/write dependencies among transactions"),
                   "The transaction might succeed if retried.");
}

}  // namespace

TransactionManager::TransactionManager(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)), node_{node}, directory_{node.directory}, heir_{*node.manager} {
  state_ = heir_.take_over();
}

TransactionManager::behavior_type TransactionManager::make_behavior() {
  running();
  return {
      [this](commit_atom, const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        on_commit(commit, waiter);
      },
      [this](abort_atom, TxnId txn, uint64_t participants) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        on_abort(txn, participants);
      },
      [this](rejoin_atom, PartitionId partition, Scn after) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        resend_to_partition(partition, after);
      },
      [this](append_atom, Scn after) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        resend_to_log(caf::actor_cast<LogWriterActor>(current_sender()), after);
      },
      [this](checkpt_atom, uint64_t round) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        const Addresses& to = directory_.get();
        for (const PartitionActor& partition : to.partitions) {
          tell(partition, checkpt_atom::value, state_->last_dispatched, round);
        }
      },
      [this](lost_atom) {
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        send_again();
      },
      [this](tick_atom) {
        directory_.get();  // lets go of dead ones: their threads end with the last reference
        const Heir<TransactionManagerState>::Use use(heir_, state_);
        forget_finished();
        forget_writes();
        watch_oldest();
      },
  };
}

void TransactionManager::on_commit(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter) {
  if (const absl::Status ours = commit->claim.check(); !ours.ok()) return refuse(*commit, waiter, ours);
  if (state_->known.contains(commit->txn)) return;  // a session repeated it: the answer will come
  if (commit->scn != kNoScn) {
    // Sequenced, and forgotten since because it is durable and applied: only the answer was lost.
    tell(caf::actor_cast<SessionActor>(waiter), committed_atom::value, commit->txn, commit->scn, std::string());
    return;
  }
  forget_finished();
  if (commit->serializable != nullptr && settle_by_reads(commit, waiter)) return;
  if (!commit->catalog_changes.empty()) {
    const absl::Status fits = check_references(*node_.services.catalog.get(), commit->catalog_changes);
    if (!fits.ok()) return refuse(*commit, waiter, fits);
  }
  commit->scn = node_.services.commits.assign();
  stamp_commit_records(commit->records, commit->scn, node_.services.clock.wall_us());
  state_->known.emplace(commit->txn, commit->scn);
  node_.services.log_queued_bytes.fetch_add(commit->bytes(), std::memory_order_relaxed);
  if (commit->notifications != nullptr) {
    node_.services.notifications.order(commit->scn, std::move(commit->notifications));
  }
  state_->kept.push_back({commit, waiter});
  state_->last_dispatched = commit->scn;
  follow_prepared(*commit);  // before its session can hear of it, who may decide at once
  dispatch(state_->kept.back());
}

void TransactionManager::refuse(const CommitRequest& commit, const caf::strong_actor_ptr& waiter,
                                const absl::Status& why) {
  tell(caf::actor_cast<SessionActor>(waiter), committed_atom::value, commit.txn, kNoScn, encode_error(why));
}

/// A SERIALIZABLE transaction: true when it is answered, because it must not commit or has nothing to commit.
bool TransactionManager::settle_by_reads(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter) {
  const auto fails = [&] {
    refuse(*commit, waiter, read_conflict());
    return true;
  };
  if (commit->serializable->conflict) return fails();  // a session repeated it
  CommitValidator& validator = state_->validator;
  const auto first = std::upper_bound(state_->kept.begin(), state_->kept.end(), validator.noted(),
                                      [](Scn scn, const Kept& kept) { return scn < kept.commit->scn; });
  for (auto kept = first; kept != state_->kept.end(); ++kept) validator.note(*kept->commit);
  const bool skipped = node_.services.config.planted == PlantedBug::kValidationSkipped;
  if (!skipped && !validator.validate(*commit)) return fails();
  if (!commit->records.empty()) return false;
  tell(caf::actor_cast<SessionActor>(waiter), committed_atom::value, commit->txn, state_->last_dispatched,
       std::string());
  return true;
}

/// To the log last: once it is durable, which may be at once, snapshots see it and its client goes on, and what they
/// ask of a partition must come behind it there.
void TransactionManager::dispatch(const Kept& kept) {
  const Addresses& to = directory_.get();
  if (node_.services.config.planted == PlantedBug::kAcknowledgedEarly) {
    tell(caf::actor_cast<SessionActor>(kept.waiter), committed_atom::value, kept.commit->txn, kept.commit->scn,
         std::string());
  }
  for (uint64_t left = kept.commit->participants; left != 0; left &= left - 1) {
    const auto partition = static_cast<size_t>(std::countr_zero(left));
    tell(to.partitions[partition], apply_atom::value, kept.commit, state_->last_sent[partition]);
    state_->last_sent[partition] = kept.commit->scn;
  }
  if (!kept.commit->catalog_changes.empty()) publish_catalog(*kept.commit);
  tell(to.log_writer, append_atom::value, kept.commit, kept.waiter);
}

void TransactionManager::publish_catalog(const CommitRequest& commit) {
  auto& catalog = node_.services.catalog;
  auto next = catalog.get()->with_changes(commit.catalog_changes, commit.scn);
  // The committer held the locks on its objects' names and rows, so nobody can have come in between.
  TROUPE_CHECK_MSG(next.ok(), std::string(next.status().message()));
  catalog.set(*std::move(next));
}

bool TransactionManager::applied_everywhere(const CommitRequest& commit) const {
  for (uint64_t left = commit.participants; left != 0; left &= left - 1) {
    const auto partition = static_cast<size_t>(std::countr_zero(left));
    if (node_.applied[partition].load(std::memory_order_acquire) < commit.scn) return false;
  }
  return true;
}

void TransactionManager::forget_finished() {
  const Scn durable = node_.services.commits.durable();
  Scn asked_from = kMaxScn;  // of SERIALIZABLE transactions, their oldest snapshot; not known yet
  while (!state_->kept.empty()) {
    const CommitRequest& oldest = *state_->kept.front().commit;
    if (oldest.scn > durable || !applied_everywhere(oldest)) return;
    // Who takes a snapshot from here on takes `durable` or a newer one.
    if (asked_from == kMaxScn) asked_from = node_.services.serializable_snapshots.oldest(durable);
    const bool forgets = node_.services.config.planted == PlantedBug::kWritesForgotten;
    if (oldest.scn > asked_from && !forgets) state_->validator.note(oldest);
    state_->known.erase(oldest.txn);
    state_->kept.pop_front();
  }
}

/// What no SERIALIZABLE transaction will ask for.
void TransactionManager::forget_writes() {
  state_->validator.forget(node_.services.serializable_snapshots.oldest());
  node_.services.conflict_bytes.store(state_->validator.bytes(), std::memory_order_relaxed);
}

/// PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED count from their place in the log on: whoever comes later
/// comes behind them there, and after a crash that lost them those who came later are lost, too.
void TransactionManager::follow_prepared(CommitRequest& commit) {
  PreparedTransactions& prepared = node_.services.prepared;
  if (commit.prepares != nullptr) prepared.add(std::move(*commit.prepares));
  const PreparedTransactions::Claim claim = std::move(commit.claim);
  if (claim.transaction() == nullptr) return;
  PreparedTransactions::Removed resolved = prepared.remove(claim.name());
  for (TableGate::Hold& hold : resolved.gates) {
    if (hold.release()) tell(directory_.get().lock_shards[0], drained_atom::value);
  }
  // Else its participants apply it.
  if (commit.rolls_back) discard(resolved.transaction->txn, resolved.transaction->participants);
}

void TransactionManager::discard(TxnId txn, uint64_t participants) {
  const Addresses& to = directory_.get();
  for (uint64_t left = participants; left != 0; left &= left - 1) {
    tell(to.lock_shards[static_cast<size_t>(std::countr_zero(left))], discard_atom::value, txn);
  }
}

/// Its session died. Nothing of it can come after this message, so what is not known by now never was committed.
void TransactionManager::on_abort(TxnId txn, uint64_t participants) {
  if (state_->known.contains(txn) || node_.services.prepared.holds(txn)) return;
  discard(txn, participants);
}

void TransactionManager::resend_to_partition(PartitionId partition, Scn after) {
  const Addresses& to = directory_.get();
  Scn previous = after;
  for (const Kept& kept : state_->kept) {
    if ((kept.commit->participants >> partition & 1) == 0 || kept.commit->scn <= after) continue;
    tell(to.partitions[partition], apply_atom::value, kept.commit, previous);
    previous = kept.commit->scn;
  }
  tell(to.partitions[partition], rejoin_atom::value, previous);
}

/// To everybody who may lack some; what they have they ignore.
void TransactionManager::send_again() {
  for (size_t i = 0; i < state_->last_sent.size(); ++i) resend_to_partition(static_cast<PartitionId>(i), kNoScn);
  resend_to_log(directory_.get().log_writer, kNoScn);
}

/// When two of us are restarted at once, either may ask an address that has gone.
void TransactionManager::watch_oldest() {
  const Scn oldest = state_->kept.empty() ? kNoScn : state_->kept.front().commit->scn;
  if (oldest == kNoScn || oldest != std::exchange(watched_, oldest)) {
    ticks_watched_ = 0;
  } else if (++ticks_watched_ == kTicksPatience) {
    ticks_watched_ = 0;
    send_again();
  }
}

void TransactionManager::resend_to_log(const LogWriterActor& log_writer, Scn after) {
  for (const Kept& kept : state_->kept) {
    if (kept.commit->scn > after) tell(log_writer, append_atom::value, kept.commit, kept.waiter);
  }
}

}  // namespace troupe
