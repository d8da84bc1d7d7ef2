#pragma once
/// The server's end of one TLS connection without a socket: what came in encrypted is put in, plain bytes are taken
/// out, and the other way round. The handshake happens on the way. Owner: one connection.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/protocol/output_buffer.hpp"
#include "runtime/protocol/receive_buffer.hpp"
#include "runtime/security/tls_facts.hpp"
#include "storage/base/error.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace troupe {

class TlsChannel {
 public:
  /// `context` must outlive it.
  explicit TlsChannel(ssl_ctx_st* context);
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;
  ~TlsChannel();

  /// Where encrypted bytes from the wire go, as into a ReceiveBuffer.
  std::span<char> prepare() { return in_.prepare(); }
  void received(size_t size) { in_.received(size); }
  /// Encrypted bytes for the wire; to be looked at after every other call.
  OutputBuffer& outgoing() { return out_; }

  /// Plain bytes; 0: more has to come from the wire first, or the peer has said its last (ended()).
  /// Errors: kProtocolViolation, with OpenSSL's reason; nothing comes after that.
  absl::StatusOr<size_t> read(std::span<char> room);
  /// False: it cannot be sent, because the handshake is not over or the connection is broken.
  bool write(std::string_view plain);
  /// Tells the peer that nothing more comes.
  void shut_down();

  bool handshake_done() const;
  bool ended() const { return ended_; }
  /// After the handshake.
  TlsFacts facts() const;

 private:
  struct Wire;

  ReceiveBuffer in_;
  OutputBuffer out_;
  struct SslFree {
    void operator()(ssl_st* connection) const;
  };
  std::unique_ptr<ssl_st, SslFree> ssl_;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace troupe
