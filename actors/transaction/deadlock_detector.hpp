#pragma once
/// Looks for cycles among waiting transactions: a little while after somebody has begun to wait it asks every lock
/// shard for its waits. Locks of transactions that are gone (their release was lost with a killed actor) are released
/// on the same occasion.
#include <vector>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

class DeadlockDetector final : public ActorOf<DeadlockDetectorActor::base> {
 public:
  DeadlockDetector(caf::actor_config& config, ActorSeat seat, NodeContext& node)
      : ActorOf(config, std::move(seat)), node_{node}, directory_{node.directory} {}
  behavior_type make_behavior() override;
  const char* name() const override { return "deadlock_detector"; }
  void on_exit() override { directory_.clear(); }

 private:
  void look_soon();
  void schedule();
  void ask();
  void on_waits(PartitionId shard, const std::vector<WaitEdge>& waits);
  void judge();
  void release_dead_blockers();

  NodeContext& node_;
  AddressView directory_;
  bool wanted_ = false;  ///< somebody waits, or has begun to since the shards were asked
  bool scheduled_ = false;
  uint64_t missing_ = 0;  ///< shards that have not answered
  std::vector<WaitEdge> edges_;
};

}  // namespace troupe
