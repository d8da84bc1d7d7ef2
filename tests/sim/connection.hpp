#pragma once
/// A simulated TCP connection: bytes arrive late and in pieces, either end may go at any moment, and what was sent
/// before the node died may still arrive. One end is the session's transport, the other a client.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actors/session/transport.hpp"
#include "storage/base/random.hpp"
#include "tests/sim/timeline.hpp"

namespace troupe::sim {

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  /// What the client's end is told.
  struct Client {
    std::function<void(std::string_view)> received;
    std::function<void()> closed;
  };
  Connection(Timeline& timeline, Random& random, std::string name, Client client)
      : timeline_{timeline}, random_{random}, name_{std::move(name)}, client_{std::move(client)} {}

  // The client's end.
  void client_send(std::string_view bytes);
  /// The client hears nothing more.
  void client_close();
  /// The network fails: both ends find out, what is under way is lost.
  void cut();
  /// The node's process is gone: what it has sent may still arrive.
  void server_died();

  // The session's end.
  void start(TransportEvents* events);
  void tell(TransportEvents* events) { events_ = events; }
  void pause_reading(bool paused);
  bool send(OutputBuffer& buffer);
  void close();
  const std::string& name() const { return name_; }

 private:
  /// Sent and not yet read by the client, at most; then the session waits.
  static constexpr size_t kWindowBytes = 8'192;

  int64_t latency_us();
  void arm_inbound();
  void deliver_inbound();
  void arm_outbound();
  void deliver_outbound();
  void arm_writable();
  void write_on();
  size_t room() const { return kWindowBytes - std::min(kWindowBytes, outbound_.size()); }
  void tell_client_closed();

  Timeline& timeline_;
  Random& random_;
  const std::string name_;
  Client client_;
  TransportEvents* events_ = nullptr;
  std::string inbound_;
  std::string outbound_;
  std::string unsent_;
  bool paused_ = false;
  bool inbound_armed_ = false;
  bool outbound_armed_ = false;
  bool writable_armed_ = false;
  bool client_gone_ = false;
  bool server_closed_ = false;
};

/// What a session holds: when nobody does any more (a dead supervisor was to start the session), the connection ends,
/// as a socket does with its last descriptor.
class ServerEnd final : public Transport {
 public:
  explicit ServerEnd(std::shared_ptr<Connection> connection) : connection_{std::move(connection)} {}
  ~ServerEnd() override { connection_->close(); }
  void start(TransportEvents* events) override { connection_->start(events); }
  void tell(TransportEvents* events) override { connection_->tell(events); }
  void pause_reading(bool paused) override { connection_->pause_reading(paused); }
  bool send(OutputBuffer& buffer) override { return connection_->send(buffer); }
  void close() override { connection_->close(); }
  std::string peer_name() const override { return "[local]"; }  // not over a network that has addresses

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace troupe::sim
