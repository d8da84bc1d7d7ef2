#pragma once
/// The local stand-in for a partition of another node: who reads does not know the difference. It sends each question's
/// bytes over the link as they are and hands on the bytes that come back, verified once.
/// Invariant: every question is answered, by the peer, by the deadline, or the moment the link is lost.
/// Owner: its supervisor; pinned to the loop that runs the link.
#include <memory>

#include "actors/messages.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/link/peer_link.hpp"

namespace troupe {

struct RemotePartitionOptions {
  uint32_t deadline_ms = 30'000;
};

class RemotePartition final : public ActorOf<PartitionReaderActor::base> {
 public:
  RemotePartition(caf::actor_config& config, ActorSeat seat, std::shared_ptr<PeerLink> link,
                  RemotePartitionOptions options = {})
      : ActorOf(config, std::move(seat)), link_{std::move(link)}, options_{options} {}
  behavior_type make_behavior() override;
  const char* name() const override { return "remote_partition"; }
  void on_exit() override { link_ = nullptr; }

 private:
  void ask(const ReadFrame& question, const caf::strong_actor_ptr& asker);
  void answer(const ReadFrame& question, const caf::strong_actor_ptr& asker, absl::StatusOr<FrameBytes> reply);

  std::shared_ptr<PeerLink> link_;
  RemotePartitionOptions options_;
};

}  // namespace troupe
