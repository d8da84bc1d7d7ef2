#pragma once
/// The actor of one connection to the HTTP port: bytes become requests, a request becomes an exchange, one after the
/// other. It runs on the cell that owns its socket, and so do the sessions of its exchanges.
/// Interface: only what wakes it; it is driven by its socket and its sessions.
#include <memory>
#include <string>

#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"
#include "actors/node/node_context.hpp"
#include "actors/session/transport.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/http/http_request.hpp"
#include "runtime/protocol/receive_buffer.hpp"

namespace troupe {

using HttpConnectionActor = caf::typed_actor<
    // Begin to serve.
    caf::reacts_to<start_atom>,
    // Bytes came, the socket has room, or a session has said something.
    caf::reacts_to<turn_atom>,
    // Time has passed.
    caf::reacts_to<tick_atom>>;

class HttpConnection final : public ActorOf<HttpConnectionActor::base>, private TransportEvents {
 public:
  HttpConnection(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::shared_ptr<HttpFront> front,
                 std::shared_ptr<Transport> transport);
  behavior_type make_behavior() override;
  const char* name() const override { return "http"; }
  void on_exit() override;

 private:
  // From the socket, outside a message: what is to be done is done in the next one.
  std::span<char> read_room() override { return received_.prepare(); }
  void on_received(size_t size) override;
  void on_sent() override;
  void on_closed() override;
  bool at_rest() const override { return false; }  // stays on its cell
  void move_to(Cell&) override {}

  void begin();
  void begin_tls();
  void wake_self();
  void on_turn();
  void on_tick();
  void take_input();
  bool take_request();
  void answer();
  void begin_exchange(std::unique_ptr<HttpExchange> exchange);
  void end_with_error(int status, std::string_view message);
  void write_out();

  NodeContext& node_;
  std::shared_ptr<HttpFront> front_;
  std::shared_ptr<Transport> transport_;
  ReceiveBuffer received_;
  OutputBuffer out_;
  HttpReader reader_;
  std::unique_ptr<HttpScene> scene_;
  std::unique_ptr<HttpExchange> exchange_;
  int64_t busy_us_ = 0;       ///< when the last request came or was answered
  bool turn_wanted_ = false;  ///< told to itself
  bool sending_ = false;
  bool paused_ = false;
  bool closing_ = false;    ///< when all is written
  bool lingering_ = false;  ///< ... and the client had time to read it
  bool closed_ = false;
};

/// The child that the sessions' supervisor starts for a new connection to the HTTP port.
ChildSpecPtr http_child(NodeContext& node, caf::execution_unit& unit, std::shared_ptr<HttpFront> front,
                        std::shared_ptr<Transport> transport);

}  // namespace troupe
