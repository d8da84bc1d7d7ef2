#pragma once
/// Reminds others that time passes: garbage collection, lock timeouts, sessions with timeouts. One timer for all.
#include "actors/node/node_context.hpp"
#include "actors/node/overdue_prepared.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

using TickerActor = caf::typed_actor<caf::reacts_to<tick_atom>>;

class Ticker final : public ActorOf<TickerActor::base> {
 public:
  Ticker(caf::actor_config& config, ActorSeat seat, NodeContext& node)
      : ActorOf(config, std::move(seat)), node_{node}, directory_{node.directory}, overdue_{node.services} {}

  behavior_type make_behavior() override {
    running();
    tell_self_after(kPeriod, tick_atom::value);
    return {[this](tick_atom) {
      const uint64_t version = node_.directory.version();
      const bool replaced = std::exchange(seen_, version) != version;
      const Addresses& to = directory_.get();
      for (const PartitionActor& partition : to.partitions) tell(partition, tick_atom::value);
      for (const LockShardActor& shard : to.lock_shards) tell(shard, tick_atom::value);
      tell(to.manager, tick_atom::value);
      overdue_.tick();
      // Of commits whose sessions died before they could.
      auto& notifications = node_.services.notifications;
      if (notifications.has_ordered()) notifications.deliver(node_.services.commits.durable());
      // Whoever holds an address of an actor that is gone is to look up the new one.
      auto& sessions = node_.services.sessions;
      for (const SessionRecordPtr& session : replaced ? sessions.list() : sessions.ticking()) session->tell.tick();
      tell_self_after(kPeriod, tick_atom::value);
    }};
  }
  const char* name() const override { return "ticker"; }
  void on_exit() override { directory_.clear(); }

 private:
  static constexpr std::chrono::milliseconds kPeriod{50};
  NodeContext& node_;
  AddressView directory_;
  OverduePrepared overdue_;
  uint64_t seen_ = 0;  ///< of the directory's versions
};

}  // namespace troupe
