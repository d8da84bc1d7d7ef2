#pragma once
/// The platform of a real node: a cell per core, threads for actors that block, listening sockets.
#include <memory>
#include <vector>

#include "actors/node/platform.hpp"
#include "runtime/cell/cell.hpp"

namespace troupe {

class HttpFront;
class ListenSockets;

class ThreadedPlatform final : public Platform {
 public:
  absl::Status open(const NodeConfig& config) override;
  void configure(caf::actor_system_config& config) override;
  bool may_block() const override { return true; }
  std::vector<caf::execution_unit*> make_units(caf::actor_system& system, uint32_t count) override;
  std::vector<ChildSpec> listeners(NodeContext& context) override;
  void start() override;
  void stop(caf::actor_system& system, const SupervisorActor& root) override;
  void join() override;

 private:
  std::shared_ptr<ListenSockets> sql_sockets_;
  std::shared_ptr<ListenSockets> http_sockets_;  ///< null: no HTTP
  std::shared_ptr<HttpFront> http_front_;
  std::vector<std::unique_ptr<Cell>> cells_;
  bool pin_cells_ = true;
};

}  // namespace troupe
