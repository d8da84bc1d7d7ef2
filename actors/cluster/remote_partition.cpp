#include "actors/cluster/remote_partition.hpp"

#include "actors/cluster/link_kinds.hpp"
#include "runtime/exec/messages.hpp"
#include "storage/base/text.hpp"

namespace troupe {

RemotePartition::behavior_type RemotePartition::make_behavior() {
  running();
  return {[this](read_atom, const ReadFrame& question) { ask(question, current_sender()); }};
}

void RemotePartition::ask(const ReadFrame& question, const caf::strong_actor_ptr& asker) {
  link_->request(kReadPartition, question, options_.deadline_ms,
                 [this, alive = caf::strong_actor_ptr(ctrl()), question, asker](absl::StatusOr<FrameBytes> reply) {
                   if (link_ == nullptr) return;  // ended: its askers are told by who starts its successor
                   context(seat().pinned);        // called by the link, on this actor's loop
                   answer(question, asker, std::move(reply));
                 });
}

void RemotePartition::answer(const ReadFrame& question, const caf::strong_actor_ptr& asker,
                             absl::StatusOr<FrameBytes> reply) {
  const schema::ReadHead& asked = *question->head();
  const auto tell_asker = [&](ReadResultFrame result) {
    tell(caf::actor_cast<SessionActor>(asker), readdone_atom::value, std::move(result));
  };
  if (!reply.ok()) return tell_asker(failed_read(asked, reply.status()));
  auto result = verify_frame<schema::ReadResult>(*std::move(reply));
  if (!result.ok()) return tell_asker(failed_read(asked, annotate(result.status(), cat("from ", link_->peer_name()))));
  // The peer numbered it for itself. Nobody else has these bytes yet.
  result->mutable_root()->mutable_head()->mutate_request(asked.request());
  tell_asker(*std::move(result));
}

}  // namespace troupe
