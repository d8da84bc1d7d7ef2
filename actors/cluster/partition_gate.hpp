#pragma once
/// The answering end of a link: takes a peer's reads to this node's partitions and sends their answers back, byte for
/// byte. A question is verified here, once.
/// Invariant: every question is answered exactly once; one whose partition was restarted meanwhile, with an error.
/// Owner: its supervisor; pinned to the loop that runs the link. How much it holds is bounded by the link's window,
/// which a question is part of until it is answered.
#include <map>
#include <memory>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/link/peer_link.hpp"

namespace troupe {

using PartitionGateActor = caf::typed_actor<
    // From a partition, to what was asked.
    caf::reacts_to<readdone_atom, ReadResultFrame>,
    // To itself, while something is asked: was a partition restarted?
    caf::reacts_to<tick_atom>>;

class PartitionGate final : public ActorOf<PartitionGateActor::base> {
 public:
  /// Listens to `link` from here on.
  PartitionGate(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::shared_ptr<PeerLink> link);
  behavior_type make_behavior() override;
  const char* name() const override { return "partition_gate"; }
  void on_exit() override;

 private:
  struct Question {
    Incoming incoming;
    PartitionId partition = 0;
    uint64_t incarnation = 0;
  };
  void on_incoming(Incoming incoming);
  void on_answer(const ReadResultFrame& answer);
  void on_tick();
  void want_tick();

  AddressView directory_;
  std::shared_ptr<PeerLink> link_;
  std::map<uint64_t, Question> asked_;
  uint64_t next_request_ = 1;
  bool tick_wanted_ = false;
};

}  // namespace troupe
