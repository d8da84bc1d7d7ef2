#pragma once
/// Orders commits: gives each its SCN, hands its records to the log writer and the request to its participants, in that
/// order; publishes changed catalogs. It keeps commits until they are durable and applied everywhere, so that a
/// restarted log writer or partition can be sent what it missed.
/// Invariant: participants and log writer are sent commits in SCN order, each exactly the ones that follow.
#include <deque>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "actors/node/node_context.hpp"
#include "actors/transaction/commit_validator.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"

namespace troupe {

/// What outlives the actor.
struct TransactionManagerState {
  TransactionManagerState(uint32_t partitions, Scn recovered, uint64_t conflict_bytes_max)
      : last_sent(partitions, recovered), last_dispatched{recovered}, validator{conflict_bytes_max} {}

  struct Kept {
    CommitRequestPtr commit;
    caf::strong_actor_ptr waiter;
  };
  /// Commits that somebody may still have to be sent again, in SCN order.
  std::deque<Kept> kept;
  /// By transaction, of the kept ones: a commit that is sent twice is recognised.
  absl::flat_hash_map<TxnId, Scn> known;
  /// Per partition, the newest commit it was sent.
  std::vector<Scn> last_sent;
  Scn last_dispatched;
  /// What kept commits wrote is noted when a SERIALIZABLE transaction asks, or when they are forgotten though one may.
  CommitValidator validator;
};

class TransactionManager final : public ActorOf<TransactionManagerActor::base> {
 public:
  TransactionManager(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "transaction_manager"; }
  void on_exit() override { directory_.clear(); }

 private:
  using Kept = TransactionManagerState::Kept;

  void on_commit(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter);
  /// The transaction does not commit: its session hears why.
  void refuse(const CommitRequest& commit, const caf::strong_actor_ptr& waiter, const absl::Status& why);
  bool settle_by_reads(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter);
  void dispatch(const Kept& kept);
  void follow_prepared(CommitRequest& commit);
  void publish_catalog(const CommitRequest& commit);
  void forget_finished();
  void forget_writes();
  bool applied_everywhere(const CommitRequest& commit) const;
  void discard(TxnId txn, uint64_t participants);
  void on_abort(TxnId txn, uint64_t participants);
  void resend_to_partition(PartitionId partition, Scn after);
  void resend_to_log(const LogWriterActor& log_writer, Scn after);
  void send_again();
  void watch_oldest();

  NodeContext& node_;
  AddressView directory_;
  Heir<TransactionManagerState>& heir_;
  Heir<TransactionManagerState>::Claim state_;
  Scn watched_ = kNoScn;  ///< the oldest commit that is kept, and for how many ticks it has been the same
  uint32_t ticks_watched_ = 0;
};

}  // namespace troupe
