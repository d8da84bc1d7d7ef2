#pragma once
/// Sees to it that every subscription that is enabled is applied: looks into pg_subscription (by a session of its own)
/// when the node starts and when something there has changed, starts a worker for each (actors/session/
/// subscription_worker.hpp) and, when that ends, another one, less and less often; and makes connections to publishers
/// for sessions.
#include <map>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/transaction/subscription_boards.hpp"

namespace troupe {

using SubscriptionStarterActor = caf::typed_actor<caf::reacts_to<tick_atom>>;

class SubscriptionStarter final : public ActorOf<SubscriptionStarterActor::base> {
 public:
  /// `supervisor`: of whom they are children.
  SubscriptionStarter(caf::actor_config& config, ActorSeat seat, NodeContext& node,
                      std::vector<caf::execution_unit*> units, const caf::actor_addr& supervisor);

  behavior_type make_behavior() override;
  const char* name() const override { return "subscription_starter"; }
  void on_exit() override;

 private:
  struct Started {
    int64_t at_us = 0;
    int64_t pause_us = 0;
  };
  void look();
  void look_at_rows(int64_t now_us);
  void start(const ListedSubscription& subscription, int64_t now_us);
  caf::execution_unit* next_unit() { return units_[next_unit_++ % units_.size()]; }

  static constexpr std::chrono::milliseconds kPeriod{50};
  NodeContext& node_;
  SubscriptionBoards& boards_;
  const caf::actor_addr supervisor_;  ///< which has this one, so not the other way round
  std::vector<caf::execution_unit*> units_;
  uint64_t asked_ = 0;  ///< for the rows as of this change
  int64_t asked_at_us_ = 0;
  std::map<Oid, Started> started_;
  size_t next_unit_ = 0;
};

}  // namespace troupe
