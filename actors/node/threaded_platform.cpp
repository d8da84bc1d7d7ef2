#include "actors/node/threaded_platform.hpp"

#include <sched.h>

#include "actors/http/http_connection.hpp"
#include "actors/session/listener.hpp"
#include "actors/session/session.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// A stop that takes longer is given up: the log is on the disk anyway.
constexpr std::chrono::seconds kStopPatience{5};

/// The cores that this process may run on.
std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace

absl::Status ThreadedPlatform::open(const NodeConfig& config) {
  pin_cells_ = config.pin_cells;
  TROUPE_ASSIGN_OR_RETURN(sql_sockets_,
                          ListenSockets::open({"node.listen_address", config.listen_address, config.port,
                                               config.unix_socket_directory, "--port"}));
  if (config.http_port == 0) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(http_sockets_, ListenSockets::open({"http.listen_address", config.http_listen_address,
                                                              config.http_port, "", "http.port"}));
  http_front_ = std::make_shared<HttpFront>(config);
  return absl::OkStatus();
}

void ThreadedPlatform::configure(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", size_t{2});
  config.set("scheduler.max-throughput", size_t{50});
}

std::vector<caf::execution_unit*> ThreadedPlatform::make_units(caf::actor_system& system, uint32_t count) {
  const std::vector<int> cores = allowed_cores();
  const bool pinned = pin_cells_ && count == cores.size();
  std::vector<caf::execution_unit*> units;
  for (uint32_t i = 0; i < count; ++i) {
    CellOptions options;
    options.index = i;
    if (pinned) options.core = cores[i];
    cells_.push_back(std::make_unique<Cell>(system, options));
    units.push_back(cells_.back().get());
  }
  return units;
}

std::vector<ChildSpec> ThreadedPlatform::listeners(NodeContext& context) {
  for (const auto& cell : cells_) context.cells.push_back(cell.get());
  ListenPorts ports = {{sql_sockets_, session_child, too_many_clients()}};
  if (http_sockets_ != nullptr) {
    const auto serve = [front = http_front_](NodeContext& node, Cell& cell, std::shared_ptr<Transport> transport) {
      if (!front->has_room()) return ChildSpecPtr();
      return http_child(node, cell, front, std::move(transport));
    };
    ports.push_back({http_sockets_, serve, ""});
  }
  const auto shared_ports = std::make_shared<const ListenPorts>(std::move(ports));
  std::vector<ChildSpec> listeners;
  for (const auto& cell : cells_) {
    ChildSpec listener;
    listener.kind = "listener";
    listener.name = cat("listener[", cell->index(), "]");
    listener.pinned = cell.get();
    listener.start = [shared_ports, &context, &at = *cell](caf::local_actor& supervisor, const ActorSeat& seat) {
      const auto actor =
          supervisor.spawn<Listener>(seat, std::ref(context), std::ref(at), shared_ports, supervisor.address());
      caf::anon_send(actor, accept_atom::value);
      return caf::actor_cast<caf::actor>(actor);
    };
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

void ThreadedPlatform::start() {
  for (auto& cell : cells_) cell->start();
}

void ThreadedPlatform::stop(caf::actor_system& system, const SupervisorActor& root) {
  caf::scoped_actor self{system};
  self->monitor(root);
  self->send(root, stop_atom::value);
  self->receive([](const caf::down_msg&) {}, caf::after(kStopPatience) >> [] {});
}

void ThreadedPlatform::join() {
  for (auto& cell : cells_) cell->stop();
  for (auto& cell : cells_) cell->join();
}

}  // namespace troupe
