#include "actors/transaction/deadlock_detector.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/lock/deadlock.hpp"
#include "storage/log/commit_record.hpp"

namespace troupe {
namespace {
/// Most waits are over by then; a deadlock is found well within 100 ms.
constexpr std::chrono::milliseconds kDelay{20};
}  // namespace

DeadlockDetector::behavior_type DeadlockDetector::make_behavior() {
  running();
  look_soon();  // what a predecessor was told is lost
  return {
      [this](waits_atom) { look_soon(); },
      [this](waits_atom, PartitionId shard, const WaitEdgesPtr& waits) { on_waits(shard, *waits); },
      [this](tick_atom) {
        scheduled_ = false;
        if (wanted_ || missing_ != 0) {
          ask();
        } else {
          directory_.clear();  // a dead actor's thread ends with the last reference to it
        }
      },
  };
}

void DeadlockDetector::look_soon() {
  wanted_ = true;
  schedule();
}

void DeadlockDetector::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  tell_self_after(kDelay, tick_atom::value);
}

void DeadlockDetector::ask() {
  const Addresses& to = directory_.get();
  wanted_ = false;
  edges_.clear();
  missing_ = all_participants(to.lock_shards.size());
  for (const LockShardActor& shard : to.lock_shards) tell(shard, waits_atom::value);
  schedule();  // one that is killed never answers
}

void DeadlockDetector::on_waits(PartitionId shard, const std::vector<WaitEdge>& waits) {
  if ((missing_ >> shard & 1) == 0) return;
  missing_ &= ~(uint64_t{1} << shard);
  edges_.insert(edges_.end(), waits.begin(), waits.end());
  if (missing_ == 0) judge();
}

void DeadlockDetector::judge() {
  if (edges_.empty()) return;
  release_dead_blockers();
  const std::vector<TxnId> cycle = find_deadlock(edges_);
  if (!cycle.empty()) {
    const TxnId victim = choose_victim(cycle);
    std::string detail;
    for (size_t i = 0; i < cycle.size(); ++i) {
      detail += cat(i == 0 ? "" : "\n", "Transaction ", cycle[i], " waits for transaction ",
                    cycle[(i + 1) % cycle.size()], ".");
    }
    const absl::Status status = with_hint(
        with_detail(error(ErrorCode::kDeadlockDetected, "deadlock detected"), detail), "Retry the transaction.");
    for (const LockShardActor& shard : directory_.get().lock_shards) {
      tell(shard, cancel_atom::value, victim, encode_error(status));
    }
    node_.services.events.add("deadlock", cat("transaction ", victim), detail);
  }
  look_soon();  // as long as somebody waits
}

void DeadlockDetector::release_dead_blockers() {
  std::vector<TxnId> blockers;
  for (const WaitEdge& edge : edges_) blockers.push_back(edge.blocker);
  std::sort(blockers.begin(), blockers.end());
  blockers.erase(std::unique(blockers.begin(), blockers.end()), blockers.end());
  for (const TxnId blocker : blockers) {
    if (node_.services.sessions.is_open(blocker)) continue;
    const Addresses& to = directory_.get();
    tell(to.manager, abort_atom::value, blocker, all_participants(to.lock_shards.size()));
  }
}

}  // namespace troupe
