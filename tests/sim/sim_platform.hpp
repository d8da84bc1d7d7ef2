#pragma once
/// What a simulated node runs on: one thread that runs one message of one ready actor at a time, chosen by the seed,
/// and CAF's test clock, which follows the timeline. Nothing blocks and nobody listens; clients come from the world.
/// Owner: the node; the world drives it.
#include <optional>
#include <string>

#include <caf/scheduler/test_coordinator.hpp>

#include "actors/node/platform.hpp"
#include "storage/base/random.hpp"
#include "tests/sim/timeline.hpp"
#include "tests/sim/trace.hpp"

namespace troupe::sim {

class SimPlatform final : public Platform {
 public:
  SimPlatform(Timeline& timeline, Random& random, Trace& trace) : timeline_{timeline}, random_{random}, trace_{trace} {}

  absl::Status open(const NodeConfig&) override { return absl::OkStatus(); }
  void configure(caf::actor_system_config& config) override;
  bool may_block() const override { return false; }
  SecretSource secrets() override;
  std::vector<caf::execution_unit*> make_units(caf::actor_system& system, uint32_t count) override;
  std::vector<ChildSpec> listeners(NodeContext& context) override;
  void start() override {}
  void stop(caf::actor_system& system, const SupervisorActor& root) override;
  void join() override {}

  /// The process is gone: stop() only clears away what it left.
  void abandon() { abandoned_ = true; }
  /// Lets one actor handle one message; false when none is ready.
  bool run_one();
  /// When the next timer is due; INT64_MAX: there is none.
  int64_t next_timer_us() const;
  /// Delivers the timers that are due at the timeline's time.
  void follow_time();
  NodeContext& context() { return *context_; }
  caf::execution_unit& unit() { return *unit_; }
  /// How stop() went; set by it.
  const std::string& complaint() const { return complaint_; }

 private:
  class Unit;
  size_t choose();

  Timeline& timeline_;
  Random& random_;
  Trace& trace_;
  caf::scheduler::test_coordinator* coordinator_ = nullptr;
  std::unique_ptr<caf::execution_unit> unit_;
  NodeContext* context_ = nullptr;
  bool abandoned_ = false;
  caf::actor_id starved_ = 0;  ///< this actor gets hardly any turns for a while
  uint64_t starved_turns_ = 0;
  std::string complaint_;
};

}  // namespace troupe::sim
