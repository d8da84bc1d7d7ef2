#include "runtime/http/web_socket.hpp"

#include <openssl/sha.h>
#include <wslay/wslay.h>

#include <cstring>
#include <utility>

#include "runtime/security/scram.hpp"
#include "storage/base/check.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kReasonBytesMax = 123;  // of a control frame, behind the code

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

}  // namespace

/// wslay's call backs.
struct WebSocket::Glue {
  static WebSocket& of(void* self) { return *static_cast<WebSocket*>(self); }

  static ssize_t receive(wslay_event_context* context, uint8_t* to, size_t size, int, void* self) {
    std::string_view& unread = of(self).unread_;
    if (unread.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    const size_t taken = std::min(size, unread.size());
    std::memcpy(to, unread.data(), taken);
    unread.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }

  static ssize_t send(wslay_event_context*, const uint8_t* bytes, size_t size, int, void* self) {
    of(self).out_.append({reinterpret_cast<const char*>(bytes), size});
    return static_cast<ssize_t>(size);
  }

  static void on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message, void* self) {
    WebSocket& socket = of(self);
    socket.heard_ = true;
    if (message->opcode == WSLAY_BINARY_FRAME) {
      socket.close(WebSocketClose::kUnsupportedData, "messages are text");
    } else if (message->opcode == WSLAY_TEXT_FRAME && !socket.closing()) {
      socket.events_.on_text({reinterpret_cast<const char*>(message->msg), message->msg_length});
    }
  }
};

WebSocket::WebSocket(WebSocketEvents& events, uint64_t message_bytes_max, OutputBuffer& out)
    : events_{events}, out_{out} {
  const wslay_event_callbacks callbacks = {Glue::receive, Glue::send, nullptr,         nullptr,
                                           nullptr,       nullptr,    Glue::on_message};
  TROUPE_CHECK(wslay_event_context_server_init(&context_, &callbacks, this) == 0);
  wslay_event_config_set_max_recv_msg_length(context_, message_bytes_max);
}

WebSocket::~WebSocket() { wslay_event_context_free(context_); }

void WebSocket::receive(std::string_view bytes) {
  unread_ = bytes;
  while (!unread_.empty() && wslay_event_get_read_enabled(context_) != 0 && !failed_) {
    if (wslay_event_recv(context_) != 0) failed_ = true;
  }
  unread_ = {};
  if (failed_) {  // of a control frame that is none; wslay would close without a code
    out_.append(std::string_view("\x88\x02\x03\xEA", 4));
  } else {
    write_out();
  }
}

void WebSocket::send_text(std::string_view text) {
  const wslay_event_msg message = {WSLAY_TEXT_FRAME, bytes_of(text), text.size()};
  if (wslay_event_queue_msg(context_, &message) == 0) write_out();
}

void WebSocket::ping() {
  heard_ = false;
  const wslay_event_msg message = {WSLAY_PING, nullptr, 0};
  if (wslay_event_queue_msg(context_, &message) == 0) write_out();
}

void WebSocket::close(WebSocketClose code, std::string_view reason) {
  reason = reason.substr(0, kReasonBytesMax);
  wslay_event_queue_close(context_, static_cast<uint16_t>(code), bytes_of(reason), reason.size());
  write_out();
}

void WebSocket::write_out() {
  while (wslay_event_want_write(context_) != 0) {
    if (wslay_event_send(context_) != 0) {
      failed_ = true;
      return;
    }
  }
}

bool WebSocket::ended() const {
  return failed_ || (wslay_event_get_close_sent(context_) != 0 && wslay_event_get_close_received(context_) != 0) ||
         wslay_event_get_read_enabled(context_) == 0;
}

bool WebSocket::closing() const {
  return failed_ || wslay_event_get_close_sent(context_) != 0 || wslay_event_get_close_received(context_) != 0;
}

std::optional<std::string> web_socket_accept(std::string_view key) {
  const auto bytes = base64_decode(key);
  if (!bytes.ok() || bytes->size() != kKeyBytes) return std::nullopt;
  const std::string text = cat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");  // RFC 6455, section 1.3
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA1(bytes_of(text), text.size(), digest);
  return base64_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace troupe
