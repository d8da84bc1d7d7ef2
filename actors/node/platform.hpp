#pragma once
/// What a node's actors run on and where its clients come from: threads and sockets in a node, one thread, virtual time
/// and scripted clients in the simulator. Files and clock are passed to the node beside it.
/// Owner: the node; used from the thread that starts and stops it.
#include <vector>

#include "actors/node/config.hpp"
#include "actors/node/node_context.hpp"
#include "runtime/cell/supervisor.hpp"
#include "runtime/security/secret_source.hpp"

namespace troupe {

class Platform {
 public:
  virtual ~Platform() = default;

  /// Before recovery: takes what somebody else may have (ports). Errors: kObjectInUse.
  virtual absl::Status open(const NodeConfig& config) = 0;
  /// Chooses CAF's scheduler.
  virtual void configure(caf::actor_system_config& config) = 0;
  /// Whether actors that block get threads of their own; otherwise they are like any other and never wait.
  virtual bool may_block() const = 0;
  /// Where nonces and keys come from.
  virtual SecretSource secrets() { return random_secret; }
  /// What pinned actors run on: `count` units, which begin to run with start().
  virtual std::vector<caf::execution_unit*> make_units(caf::actor_system& system, uint32_t count) = 0;
  /// The children of the sessions' supervisor that let clients in.
  virtual std::vector<ChildSpec> listeners(NodeContext& context) = 0;
  virtual void start() = 0;
  /// Stops the root supervisor and what it supervises; waits for it, within limits.
  virtual void stop(caf::actor_system& system, const SupervisorActor& root) = 0;
  /// After it nothing runs any more.
  virtual void join() = 0;
};

}  // namespace troupe
