#pragma once
/// Accepts clients on the SQL port and hands each to the sessions' supervisor, cell by cell in turn.
/// Interface: none but its supervisor's exit; it is driven by its acceptors.
#include <memory>
#include <vector>

#include <asio/generic/stream_protocol.hpp>
#include <asio/basic_socket_acceptor.hpp>

#include "actors/node/node_context.hpp"
#include "actors/session/socket_transport.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

using accept_atom = caf::atom_constant<caf::atom("accept")>;

using ListenerActor = caf::typed_actor<
    // Begin to accept.
    caf::reacts_to<accept_atom>>;

/// Listening sockets, opened before the node says that it is ready, so that a taken port is reported at once; they
/// outlive a restarted listener.
class ListenSockets {
 public:
  /// Errors: kObjectInUse with the address, when somebody else has the port.
  static absl::StatusOr<std::shared_ptr<ListenSockets>> open(const NodeConfig& config);
  ~ListenSockets();
  const std::vector<int>& descriptors() const { return descriptors_; }

 private:
  std::vector<int> descriptors_;
  std::string unix_path_;
};

class Listener final : public ActorOf<ListenerActor::base> {
 public:
  Listener(caf::actor_config& config, ActorSeat seat, NodeContext& node, Cell& cell,
           std::shared_ptr<ListenSockets> sockets);
  behavior_type make_behavior() override;
  const char* name() const override { return "listener"; }
  void on_exit() override;

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  void accept_next(size_t which);
  void take(ClientSocket socket, Cell& target);

  NodeContext& node_;
  Cell& cell_;
  std::shared_ptr<ListenSockets> sockets_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  uint32_t next_cell_ = 0;
  bool stopped_ = false;
};

}  // namespace troupe
