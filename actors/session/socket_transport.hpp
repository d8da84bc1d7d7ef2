#pragma once
/// A client's TCP or unix socket on a cell. Reads and writes are plain non-blocking calls; the cell's poller tells when
/// the socket has become ready, and how far that was used up is remembered here.
/// Owner: one session, on its cell's thread; made on the listener's.
#include <memory>

#include "actors/session/transport.hpp"
#include "runtime/cell/socket_poller.hpp"

namespace troupe {

class SocketTransport final : public Transport, public std::enable_shared_from_this<SocketTransport>, private SocketEvents {
 public:
  /// Takes over `socket`, which must not block.
  SocketTransport(int socket, SocketPoller& poller, std::string peer_name);
  ~SocketTransport() override;

  void start(TransportEvents* events) override;
  void pause_reading(bool paused) override;
  bool send(OutputBuffer& buffer) override;
  void close() override;
  std::string peer_name() const override { return peer_name_; }

 private:
  void on_ready(bool readable, bool writable, bool hung_up) override;
  void read_while_wanted();
  void write_rest();
  void want_writable(bool wanted);
  /// Bytes written, or -1 when the peer is gone.
  ssize_t write_some(std::string_view bytes);

  int socket_;
  SocketPoller& poller_;
  SocketPoller::Handle registered_ = 0;
  std::string peer_name_;
  TransportEvents* events_ = nullptr;
  OutputChunk unsent_;
  size_t unsent_at_ = 0;
  bool readable_ = false;   ///< told, and not read empty since
  bool hung_up_ = false;    ///< nothing more will be told: what is left is read to its end
  bool reading_ = false;    ///< inside read_while_wanted()
  bool paused_ = false;
  bool wants_writable_ = false;
};

}  // namespace troupe
