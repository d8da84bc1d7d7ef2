#pragma once
/// Somebody whom a partition answers as it answers a session: hears reads' answers and redo, ignores everything else.
#include "actors/messages.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

class SilentSession : public ActorOf<SessionActor::base> {
 public:
  using ActorOf::ActorOf;

  behavior_type make_behavior() final {
    running();
    return {
        [this](readdone_atom, const ReadResultFrame& answer) { on_read(answer); },
        [](written_atom, const WriteResultFrame&) {},
        [this](prepared_atom, TxnId, PartitionId, const FrameBytes& redo, const std::string&) { on_prepared(redo); },
        [](committed_atom, TxnId, Scn, const std::string&) {},
        [](granted_atom, uint64_t, const std::string&) {},
        [](append_atom, TxnId, uint32_t, uint64_t, const std::string&) {},
        [](next_atom, uint64_t, int64_t, uint32_t, const std::string&) {},
        [](changes_atom, const ChangesPtr&, const std::string&) {},
        [](cancel_atom, const std::string&) {},
        [](end_atom, const std::string&) {},
        [this](start_atom) { on_start(); },
        [](turn_atom) {},
        [](moved_atom) {},
        [](lost_atom, uint8_t, uint32_t, uint64_t, bool) {},
        [](notify_atom) {},
        [](tick_atom) {},
    };
  }

 private:
  virtual void on_read(const ReadResultFrame& answer) = 0;
  virtual void on_prepared(const FrameBytes&) {}
  virtual void on_start() {}
};

}  // namespace troupe
