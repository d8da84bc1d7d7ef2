#pragma once
/// Takes a partition's place while its state is built again from checkpoint and log, which may take seconds: detached, so
/// that no cell waits for it. It ends when it is done, and its supervisor then starts the partition.
/// What is sent to it is lost, which senders hear of when the partition is announced.
#include "actors/node/node_context.hpp"
#include "actors/partition/partition.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"

namespace troupe {

class PartitionRebuilder final : public ActorOf<caf::event_based_actor> {
 public:
  PartitionRebuilder(caf::actor_config& config, ActorSeat seat, NodeContext& node, PartitionId id)
      : ActorOf(config, std::move(seat)), node_{node}, id_{id} {
    node_.partition_rebuilt[id_].store(true);
  }
  caf::behavior make_behavior() override {
    running();
    caf::anon_send(caf::actor_cast<caf::actor>(this), rejoin_atom::value, id_);
    return {[this](rejoin_atom, PartitionId) {
      node_.partitions[id_]->rebuild();
      quit();
    }};
  }
  const char* name() const override { return "partition_rebuilder"; }

 private:
  NodeContext& node_;
  const PartitionId id_;
};

}  // namespace troupe
