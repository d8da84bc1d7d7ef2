#pragma once
/// Work of a session that may block, such as reading a file for COPY: a detached actor that does it once and ends.
#include <functional>
#include <string>

#include "actors/messages.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

class BlockingWorker final : public ActorOf<caf::event_based_actor> {
 public:
  /// The session is told with granted.
  BlockingWorker(caf::actor_config& config, std::function<std::string()> work, uint64_t request, SessionActor session)
      : ActorOf(config, ActorSeat{}), work_{std::move(work)}, request_{request}, session_{std::move(session)} {}

  caf::behavior make_behavior() override {
    std::string error = work_();
    work_ = nullptr;
    tell(session_, granted_atom::value, request_, std::move(error));
    return {};
  }
  const char* name() const override { return "blocking_worker"; }

 private:
  std::function<std::string()> work_;
  uint64_t request_;
  SessionActor session_;
};

}  // namespace troupe
