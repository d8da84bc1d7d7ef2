#include "actors/cluster/partition_gate.hpp"

#include "actors/cluster/link_kinds.hpp"

namespace troupe {
namespace {

constexpr std::chrono::milliseconds kTick{50};

/// What the FlatBuffers verifier does not look at: whether an enum's value exists, and what only this node knows.
absl::Status check_question(const schema::ReadHead& head, size_t partitions) {
  if (head.kind() > schema::ReadKind::MAX) {
    return error(ErrorCode::kProtocolViolation, "a read of unknown kind ", static_cast<uint32_t>(head.kind()));
  }
  if (head.partition() >= partitions) {
    return error(ErrorCode::kProtocolViolation, "there is no partition ", head.partition(), " here");
  }
  return absl::OkStatus();
}

}  // namespace

PartitionGate::PartitionGate(caf::actor_config& config, ActorSeat seat, NodeContext& node,
                             std::shared_ptr<PeerLink> link)
    : ActorOf(config, std::move(seat)), directory_{node.directory}, link_{std::move(link)} {
  // Called by the link on this actor's loop, between its messages; on_exit() takes it away.
  link_->on_incoming([this](Incoming incoming) {
    context(this->seat().pinned);
    on_incoming(std::move(incoming));
  });
}

PartitionGate::behavior_type PartitionGate::make_behavior() {
  running();
  return {
      [this](readdone_atom, const ReadResultFrame& answer) { on_answer(answer); },
      [this](tick_atom) { on_tick(); },
  };
}

void PartitionGate::on_exit() {
  link_->on_incoming(nullptr);
  asked_.clear();  // each is answered with an error
  link_ = nullptr;
  directory_.clear();
}

void PartitionGate::on_incoming(Incoming incoming) {
  if (incoming.kind() != kReadPartition || !incoming.wants_reply()) {
    return incoming.reply(error(ErrorCode::kProtocolViolation, "nothing here takes frames of kind ", incoming.kind()));
  }
  auto question = verify_frame<schema::Read>(incoming.frame());
  if (!question.ok()) return incoming.reply(question.status());
  const Addresses& to = directory_.get();
  if (const absl::Status wrong = check_question(*(*question)->head(), to.partitions.size()); !wrong.ok()) {
    return incoming.reply(wrong);
  }
  const PartitionId partition = (*question)->head()->partition();
  const uint64_t request = next_request_++;
  question->mutable_root()->mutable_head()->mutate_request(request);
  asked_.emplace(request, Question{std::move(incoming), partition, to.partition_incarnations[partition]});
  tell(to.partitions[partition], read_atom::value, *std::move(question));
  want_tick();
}

void PartitionGate::on_answer(const ReadResultFrame& answer) {
  const auto asked = asked_.find(answer->head()->request());
  if (asked == asked_.end()) return;  // its partition was thought to be lost
  asked->second.incoming.reply(answer);
  asked_.erase(asked);
}

void PartitionGate::want_tick() {
  if (std::exchange(tick_wanted_, true)) return;
  tell_self_after(kTick, tick_atom::value);
}

void PartitionGate::on_tick() {
  tick_wanted_ = false;
  const Addresses& to = directory_.get();
  for (auto it = asked_.begin(); it != asked_.end();) {
    Question& question = it->second;
    if (question.incarnation == to.partition_incarnations[question.partition]) {
      ++it;
      continue;
    }
    question.incoming.reply(with_hint(
        error(ErrorCode::kSerializationFailure, "partition ", question.partition, " was restarted during the read"),
        "Retry the transaction."));
    it = asked_.erase(it);
  }
  if (!asked_.empty()) want_tick();
}

}  // namespace troupe
