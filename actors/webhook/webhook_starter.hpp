#pragma once
/// Sees to it that every enabled webhook has a sender: when it is made or enabled, when the node starts, and when its
/// sender is gone; one that does not stay is started less and less often. It has the thread that makes the requests.
#include <map>
#include <memory>
#include <vector>

#include "actors/node/node_context.hpp"
#include "actors/webhook/http_caller.hpp"
#include "actors/webhook/webhook_place.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/supervisor.hpp"

namespace troupe {

using WebhookStarterActor = caf::typed_actor<caf::reacts_to<tick_atom>>;

class WebhookStarter final : public ActorOf<WebhookStarterActor::base> {
 public:
  /// `supervisor`: of whom they are children.
  WebhookStarter(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::vector<caf::execution_unit*> units,
                 const caf::actor_addr& supervisor)
      : ActorOf(config, std::move(seat)), node_{node}, supervisor_{supervisor}, units_{std::move(units)} {}

  behavior_type make_behavior() override;
  const char* name() const override { return "webhook_starter"; }

 private:
  struct Started {
    int64_t at_us = 0;
    int64_t pause_us = 0;
  };
  void look();
  void look_at_catalog();

  static constexpr std::chrono::milliseconds kPeriod{50};
  NodeContext& node_;
  const caf::actor_addr supervisor_;  ///< which has this one, so not the other way round
  std::vector<caf::execution_unit*> units_;
  std::shared_ptr<HttpCaller> caller_;  ///< made when there is something to send
  Scn catalog_seen_ = kNoScn;
  std::map<Oid, WebhookPlace> webhooks_;  ///< those that are enabled
  std::map<Oid, Started> started_;
  size_t next_unit_ = 0;
};

}  // namespace troupe
