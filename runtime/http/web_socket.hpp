#pragma once
/// The server's end of a WebSocket (RFC 6455), without a socket: bytes in, messages out, and back. Frames, masks,
/// fragments, UTF-8, pings and close codes are wslay's; this is its shape here.
/// Owner: one connection.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/protocol/output_buffer.hpp"

struct wslay_event_context;

namespace troupe {

enum class WebSocketClose : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
};

class WebSocketEvents {
 public:
  virtual ~WebSocketEvents() = default;
  /// A whole text message, which is UTF-8. From inside WebSocket::receive() only.
  virtual void on_text(std::string_view text) = 0;
};

class WebSocket {
 public:
  /// Frames are written to `out`, which outlives it.
  WebSocket(WebSocketEvents& events, uint64_t message_bytes_max, OutputBuffer& out);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// Takes all of it. Answers pings, a close, and what breaks the protocol (with a close that says why).
  void receive(std::string_view bytes);
  void send_text(std::string_view text);
  void ping();
  /// What was sent before goes out first; nothing can be sent after it.
  void close(WebSocketClose code, std::string_view reason);

  /// Both ends have said that they close, or the other one broke the protocol: the connection may be closed.
  bool ended() const;
  bool closing() const;
  /// Something came since the last ping.
  bool heard() const { return heard_; }

 private:
  struct Glue;
  friend struct Glue;
  void write_out();

  WebSocketEvents& events_;
  OutputBuffer& out_;
  wslay_event_context* context_ = nullptr;
  std::string_view unread_;  ///< of what receive() was given
  bool heard_ = true;
  bool failed_ = false;
};

/// Sec-WebSocket-Accept for the client's Sec-WebSocket-Key; nullopt: that is no key.
std::optional<std::string> web_socket_accept(std::string_view key);

}  // namespace troupe
