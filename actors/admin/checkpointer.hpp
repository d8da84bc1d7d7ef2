#pragma once
/// Decides when checkpoints are made: after so many bytes of log, so many dirty bytes, so much time, or when asked.
/// When every partition has made one, the log behind them is released.
#include <vector>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

class CheckpointActor final : public ActorOf<CheckpointerActor::base> {
 public:
  CheckpointActor(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "checkpointer"; }
  void on_exit() override { directory_.clear(); }

 private:
  struct Asker {
    caf::strong_actor_ptr actor;
    uint64_t request;
  };
  void tick();
  void begin();
  void note_begin();
  void on_done(PartitionId partition, Scn covered, const std::string& error);
  void finish();

  NodeContext& node_;
  AddressView directory_;
  bool running_ = false;
  bool again_ = false;  ///< asked for while one was running
  uint64_t missing_ = 0;  ///< partitions that have not finished
  Scn covered_ = kNoScn;
  absl::Status failure_;
  std::vector<Asker> askers_;       ///< of the one that runs
  std::vector<Asker> next_askers_;  ///< they want one that begins after they asked
  int64_t last_us_ = 0;
  int64_t started_us_ = 0;
  uint64_t last_log_bytes_ = 0;
  bool after_recovery_ = false;
  std::pair<int64_t, uint64_t> before_;  ///< the two before the one that runs
  int64_t not_before_us_ = 0;            ///< after a failure
  uint64_t round_ = 0;
  uint32_t attempts_ = 0;
  uint64_t asked_ = 0;  ///< incarnation of the transaction manager
};

}  // namespace troupe
