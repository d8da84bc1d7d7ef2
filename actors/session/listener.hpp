#pragma once
/// Accepts clients on the node's ports (SQL, HTTP) and hands each to the sessions' supervisor. There is one on each
/// cell: a cell that is busy with one long expression does not keep others from accepting, least of all a request to
/// cancel that expression. Interface: none but its supervisor's exit; it is driven by its sockets, on its cell.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/node/node_context.hpp"
#include "actors/session/socket_transport.hpp"
#include "runtime/cell/actor.hpp"

namespace troupe {

using accept_atom = caf::atom_constant<caf::atom("accept")>;

using ListenerActor = caf::typed_actor<
    // To itself: (begin to) accept.
    caf::reacts_to<accept_atom>>;

/// Where a port is, as the configuration has it.
struct ListenAddress {
  std::string key;    ///< of the configuration: "node.listen_address"
  std::string value;  ///< its value
  uint16_t port = 0;
  std::string unix_socket_directory;  ///< empty: no unix socket
  std::string another;                ///< how to choose another port, when this one is taken
};

/// Listening sockets, opened before the node says that it is ready, so that a taken port is reported at once; they
/// outlive a restarted listener.
class ListenSockets {
 public:
  /// Errors: kObjectInUse with the address, when somebody else has the port.
  static absl::StatusOr<std::shared_ptr<ListenSockets>> open(const ListenAddress& address);
  ~ListenSockets();
  const std::vector<int>& descriptors() const { return descriptors_; }

 private:
  std::vector<int> descriptors_;
  std::string unix_path_;
};

/// One of the node's ports.
struct ListenPort {
  std::shared_ptr<ListenSockets> sockets;
  /// What serves a client that was let in; null: the port has no room for it.
  std::function<ChildSpecPtr(NodeContext& node, Cell& cell, std::shared_ptr<Transport> transport)> serve;
  std::string refusal;  ///< what one is told for whom there is no room
};
using ListenPorts = std::vector<ListenPort>;

/// What clients of the SQL port are told when there is no room.
std::string too_many_clients();

class Listener final : public ActorOf<ListenerActor::base> {
 public:
  Listener(caf::actor_config& config, ActorSeat seat, NodeContext& node, Cell& cell,
           std::shared_ptr<const ListenPorts> ports, caf::actor_addr supervisor);
  behavior_type make_behavior() override;
  const char* name() const override { return "listener"; }
  void on_exit() override;

 private:
  /// One listening socket, a duplicate, so that this listener's end does not close the port for the next one.
  class Door final : public SocketEvents {
   public:
    Door(Listener& listener, const ListenPort& port, int socket) : listener_{listener}, port_{port}, socket_{socket} {}
    ~Door() override;
    bool open();
    void accept_all();
    void on_ready(bool, bool, bool) override { accept_all(); }

   private:
    Listener& listener_;
    const ListenPort& port_;
    int socket_;
    SocketPoller::Handle registered_ = 0;
  };
  void on_accept();
  bool has_room();
  void take(const ListenPort& port, int client);

  NodeContext& node_;
  Cell& cell_;
  std::shared_ptr<const ListenPorts> ports_;
  caf::actor_addr supervisor_;  ///< whom the clients are given to
  std::vector<std::unique_ptr<Door>> doors_;
};

}  // namespace troupe
