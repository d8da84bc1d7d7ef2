#pragma once
/// Reads every page of every data file, and the log, again and again, no faster than the configuration lets it, and
/// says what is not whole: sys.scrub, sys.damage, sys.events. A thread of its own, which blocks on the disk; nobody
/// waits for it and it asks nobody for anything.
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "storage/verify/log_walk.hpp"
#include "storage/verify/scrub_walk.hpp"

namespace troupe {

using ScrubberActor = caf::typed_actor<caf::reacts_to<tick_atom>>;

class Scrubber final : public ActorOf<ScrubberActor::base> {
 public:
  Scrubber(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "scrubber"; }

 private:
  void tick();
  void begin_round();
  bool begin_target();
  void work(uint64_t budget_bytes);
  void end_target(const absl::Status& status);
  void tell_of(const std::vector<Damage>& found);
  void publish(const char* state);

  NodeContext& node_;
  int64_t round_begun_us_ = 0;  ///< monotonic; 0: no round yet
  uint64_t round_ = 0;
  size_t target_ = 0;  ///< a partition, then the log, then none
  std::unique_ptr<File> file_;
  std::unique_ptr<ScrubWalk> walk_;
  std::unique_ptr<LogWalk> log_walk_;
  ScrubInfo info_;  ///< of the target
  uint64_t round_pages_ = 0, round_bytes_ = 0, round_damaged_ = 0;
  std::set<std::pair<std::string, uint64_t>> told_;  ///< once is enough
};

}  // namespace troupe
