#pragma once
/// A client's byte stream over TLS: sits between a session and the transport that its client came by.
/// Owner: one backend, on its session's cell.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/session/transport.hpp"
#include "runtime/security/tls_channel.hpp"

namespace troupe {

class TlsTransport final : public Transport, private TransportEvents {
 public:
  /// `wire` has been started and has nothing unread. `on_failure` hears why a connection was ended for what the peer
  /// has said, such as a handshake that came to nothing.
  TlsTransport(std::shared_ptr<Transport> wire, ssl_ctx_st* context,
               std::function<void(const absl::Status&)> on_failure);

  void start(TransportEvents* events) override;
  void tell(TransportEvents* events) override { events_ = events; }
  void pause_reading(bool paused) override;
  bool send(OutputBuffer& buffer) override;
  void arrive() override { wire_->arrive(); }
  void close() override;
  std::string peer_name() const override { return wire_->peer_name(); }
  const TlsFacts* tls() const override;

 private:
  // From the wire.
  std::span<char> read_room() override { return channel_.prepare(); }
  void on_received(size_t size) override;
  void on_sent() override;
  void on_closed() override;
  bool at_rest() const override { return events_->at_rest(); }
  void move_to(Cell& cell) override { events_->move_to(cell); }

  void deliver();
  bool send_encrypted();

  std::shared_ptr<Transport> wire_;
  TlsChannel channel_;
  std::function<void(const absl::Status&)> on_failure_;
  TransportEvents* events_ = nullptr;
  mutable std::optional<TlsFacts> facts_;
  bool paused_ = false;
  bool wire_full_ = false;      ///< it has not written everything yet
  bool delivering_ = false;     ///< inside deliver()
  bool session_waits_ = false;  ///< for its send to be written
  bool closed_ = false;
};

}  // namespace troupe
