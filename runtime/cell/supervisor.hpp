#pragma once
/// OTP's supervisor over CAF's monitors: children start in order and stop in reverse, a failed child is restarted by
/// the strategy, and a subtree that fails too often fails as a whole, so that its parent decides.
/// Source: Erlang/OTP Design Principles, "Supervisor Behaviour".
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/cell/actor.hpp"
#include "runtime/cell/restart_backoff.hpp"

namespace troupe {

enum class RestartStrategy : uint8_t {
  kOneForOne,   ///< only the child that failed is started again
  kOneForAll,   ///< all of them are: the others are stopped first
  kRestForOne,  ///< it and those that were started after it
};
enum class RestartType : uint8_t {
  kPermanent,  ///< always restarted
  kTransient,  ///< restarted unless it ended normally, then forgotten
  kTemporary,  ///< never restarted, and forgotten when it ends (sessions)
};

struct RestartIntensity {
  uint32_t restarts_max = 10;
  int64_t within_ms = 1'000;
  /// Of restart_backoff.hpp.
  int64_t backoff_first_ms = 1;
  int64_t backoff_max_ms = 100;
};

struct ChildSpec {
  std::string kind;
  std::string name;
  RestartType restart = RestartType::kPermanent;
  /// Spawns the child; called again for each restart. The supervisor monitors what it returns.
  std::function<caf::actor(caf::local_actor& supervisor, const ActorSeat& seat)> start;
  caf::execution_unit* pinned = nullptr;
  /// Called after a restart with the child's record, e.g. to publish its new address.
  std::function<void(const caf::actor& child)> on_started;
};

struct SupervisorOptions {
  std::string name;
  RestartStrategy strategy = RestartStrategy::kOneForOne;
  RestartIntensity intensity;
  ActorRegistry* registry = nullptr;
  EventLog* events = nullptr;
  const Clock* clock = nullptr;
};

using add_child_atom = caf::atom_constant<caf::atom("addchild")>;
using restart_atom = caf::atom_constant<caf::atom("restart")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

/// A child to add while running; CAF wants message types to be comparable and printable, so a shared pointer travels.
using ChildSpecPtr = std::shared_ptr<const ChildSpec>;

using SupervisorActor = caf::typed_actor<
    // Starts one more child after the others.
    caf::reacts_to<add_child_atom, ChildSpecPtr>,
    // To itself: the back-off of child `serial` is over.
    caf::reacts_to<restart_atom, uint64_t>,
    // Stops all children in reverse order, then itself.
    caf::reacts_to<stop_atom>>;

class Supervisor : public ActorOf<SupervisorActor::base> {
 public:
  Supervisor(caf::actor_config& config, ActorSeat seat, SupervisorOptions options, std::vector<ChildSpec> children);

  behavior_type make_behavior() override;
  const char* name() const override { return "supervisor"; }
  /// Killed: nobody watches its children any more, so they end too; its successor starts others.
  void on_exit() override;

 private:
  struct Child {
    ChildSpec spec;
    ActorSeat seat;
    caf::actor address;  ///< invalid while down
    uint64_t serial = 0;
    bool restart_wanted = false;  ///< it failed, or was stopped by us, and is to be started again
    bool backs_off = false;       ///< not before a restart_atom says so
    RestartBackoff backoff;
    int64_t started_at_us = 0;
  };

  void start_child(Child& child);
  void add_child(const ChildSpec& spec);
  void on_down(const caf::down_msg& down);
  void on_restart_due(uint64_t serial);
  void restart_from(Child& failed, const std::string& reason);
  void start_stopped_children();
  bool may_start_any() const;
  bool within_intensity();
  void give_up(const std::string& reason);
  void begin_stop();
  void stop_next();
  void forget(uint64_t serial);
  void ask_to_end(const Child& child);
  std::string reason_text(const Child& child, const caf::error& reason) const;

  SupervisorOptions options_;
  std::map<uint64_t, Child> children_;  ///< by serial, which is the order of starting
  std::unordered_map<caf::actor_addr, uint64_t> running_;
  std::deque<int64_t> restart_times_us_;
  uint64_t next_serial_ = 1;
  bool stopping_ = false;
};

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::ChildSpecPtr)
