#pragma once
/// Sees to it that every continuous view is kept: starts what keeps one (actors/session/view_keeper.hpp) when the view
/// is made, when the node starts, and when whoever kept it is gone; one that does not stay is started less and less
/// often.
#include <map>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

using ViewStarterActor = caf::typed_actor<caf::reacts_to<tick_atom>>;

class ViewStarter final : public ActorOf<ViewStarterActor::base> {
 public:
  /// `supervisor`: of whom they are children.
  ViewStarter(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::vector<caf::execution_unit*> units,
              const caf::actor_addr& supervisor)
      : ActorOf(config, std::move(seat)), node_{node}, supervisor_{supervisor}, units_{std::move(units)} {}

  behavior_type make_behavior() override;
  const char* name() const override { return "view_starter"; }

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
  Scn catalog_seen_ = kNoScn;
  std::map<Oid, std::pair<Oid, std::string>> views_;  ///< database and name, by oid
  std::map<Oid, Started> started_;
  size_t next_unit_ = 0;
};

}  // namespace troupe
