#pragma once
/// A client's TCP or unix socket on an Asio loop. Reads and writes are plain non-blocking calls; the loop only tells
/// when the socket is ready, because a reactor's speculative extra read would cost a system call a message.
#include <memory>

#include <asio/generic/stream_protocol.hpp>

#include "actors/session/transport.hpp"

namespace troupe {

using ClientSocket = asio::generic::stream_protocol::socket;

class SocketTransport final : public Transport, public std::enable_shared_from_this<SocketTransport> {
 public:
  SocketTransport(ClientSocket socket, std::string peer_name);

  void start(TransportEvents* events) override;
  void pause_reading(bool paused) override;
  bool send(OutputBuffer& buffer) override;
  void close() override;
  std::string peer_name() const override { return peer_name_; }

 private:
  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_writable();
  void lost();
  /// Bytes written, or -1 when the peer is gone.
  ssize_t write_some(std::string_view bytes);

  ClientSocket socket_;
  std::string peer_name_;
  TransportEvents* events_ = nullptr;
  OutputChunk unsent_;
  size_t unsent_at_ = 0;
  bool reading_ = false;  ///< a readiness wait is under way
  bool paused_ = false;
  bool closed_ = false;
};

}  // namespace troupe
