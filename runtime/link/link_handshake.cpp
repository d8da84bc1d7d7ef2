#include "runtime/link/link_handshake.hpp"

#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace troupe {
namespace {

absl::Status failed(std::string_view what, const asio::error_code& code) {
  // Closing the socket is how the timer ends a handshake.
  if (code == asio::error::operation_aborted || code == asio::error::bad_descriptor) {
    return error(ErrorCode::kConnectionFailure, what, ": link.handshake_timeout_ms is over");
  }
  return error(ErrorCode::kConnectionFailure, what, ": ", code.message());
}

/// Closes the socket when the handshake takes too long.
class HandshakeTimer {
 public:
  HandshakeTimer(std::shared_ptr<TlsStream> stream, uint32_t timeout_ms) : timer_{stream->get_executor()} {
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    timer_.async_wait([stream = std::move(stream)](const asio::error_code& cancelled) {
      asio::error_code ignored;
      if (!cancelled) stream->lowest_layer().close(ignored);
    });
  }
  /// False when it was too late to cancel: its handler runs, or ran.
  bool stop() { return timer_.cancel() > 0; }

 private:
  asio::steady_timer timer_;
};

asio::awaitable<absl::Status> send_hello(TlsStream* stream, const LinkCredentials& credentials,
                                         uint64_t connection_incarnation) {
  LinkHello hello;
  hello.node_name = credentials.identity.node_name;
  hello.node_incarnation = credentials.identity.node_incarnation;
  hello.connection_incarnation = connection_incarnation;
  hello.window_bytes = credentials.options.window_bytes;
  hello.frame_bytes_max = credentials.options.frame_bytes_max;
  const std::string payload = hello.encode();
  LinkHeader header;
  header.type = LinkFrameType::kHello;
  header.size = header.raw_size = static_cast<uint32_t>(payload.size());
  std::string bytes;
  append_link_header(header, &bytes);
  bytes += payload;
  asio::error_code code;
  co_await asio::async_write(*stream, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, code));
  co_return code ? failed("sending the hello", code) : absl::OkStatus();
}

asio::awaitable<absl::StatusOr<LinkHello>> read_hello(TlsStream* stream) {
  asio::error_code code;
  std::string bytes(kLinkHeaderBytes, '\0');
  co_await asio::async_read(*stream, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return failed("waiting for the peer's hello", code);
  const auto header = read_link_header(bytes);
  if (!header.ok()) co_return header.status();
  if (header->type != LinkFrameType::kHello || header->compressed || header->size > LinkHello::kBytesMax) {
    co_return error(ErrorCode::kProtocolViolation, "the peer did not begin with a hello");
  }
  bytes.resize(header->size);
  co_await asio::async_read(*stream, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return failed("waiting for the peer's hello", code);
  co_return LinkHello::decode(bytes);
}

/// The peer's hello, once its certificate proves its name.
asio::awaitable<absl::StatusOr<LinkHello>> read_proven_hello(TlsStream* stream) {
  auto hello = co_await read_hello(stream);
  if (hello.ok() && !peer_certificate_names(stream->native_handle(), hello->node_name)) {
    co_return error(ErrorCode::kInvalidAuthorization, "the peer calls itself \"", hello->node_name,
                    "\", but its certificate is for another name");
  }
  co_return hello;
}

asio::awaitable<absl::Status> tls_handshake(TlsStream* stream, asio::ssl::stream_base::handshake_type side) {
  asio::error_code code;
  stream->lowest_layer().set_option(asio::ip::tcp::no_delay(true), code);
  co_await stream->async_handshake(side, asio::redirect_error(asio::use_awaitable, code));
  co_return code ? failed("TLS handshake", code) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<LinkCredentials>> LinkCredentials::create(const LinkIdentity& identity,
                                                                         const LinkOptions& options) {
  TROUPE_RETURN_IF_ERROR(options.validate());
  if (identity.node_incarnation == 0) {
    return error(ErrorCode::kInvalidParameterValue, "a node's incarnation must not be 0");
  }
  TROUPE_ASSIGN_OR_RETURN(SslContext tls, make_node_tls_context(identity.tls, identity.authority_pem));
  return std::make_shared<LinkCredentials>(LinkCredentials{identity, options, asio::ssl::context(tls.release())});
}

asio::awaitable<absl::StatusOr<ProvenPeer>> prove_dialed(std::shared_ptr<LinkCredentials> credentials,
                                                         asio::ip::tcp::socket socket, std::string peer_name) {
  ProvenPeer peer;
  peer.stream = std::make_shared<TlsStream>(std::move(socket), credentials->tls);
  TlsStream* const stream = peer.stream.get();
  HandshakeTimer timer(peer.stream, credentials->options.handshake_timeout_ms);
  auto status = co_await tls_handshake(stream, asio::ssl::stream_base::client);
  if (status.ok() && !peer_certificate_names(stream->native_handle(), peer_name)) {
    status = error(ErrorCode::kInvalidAuthorization, "who answered has no certificate for \"", peer_name, "\"");
  }
  if (status.ok()) status = co_await send_hello(stream, *credentials, 0);
  if (!status.ok()) co_return status;
  auto hello = co_await read_proven_hello(stream);
  if (!hello.ok()) co_return hello.status();
  if (hello->node_name != peer_name || hello->connection_incarnation == 0) {
    co_return error(ErrorCode::kInvalidAuthorization, "\"", hello->node_name, "\" answered instead of \"", peer_name,
                    "\"");
  }
  if (!timer.stop()) co_return failed("waiting for the peer's hello", asio::error::operation_aborted);
  peer.incarnation = hello->connection_incarnation;
  peer.hello = *std::move(hello);
  co_return peer;
}

asio::awaitable<absl::StatusOr<ProvenPeer>> prove_accepted(std::shared_ptr<LinkCredentials> credentials,
                                                           asio::ip::tcp::socket socket,
                                                           uint64_t connection_incarnation,
                                                           std::function<bool(const std::string&)> admit) {
  ProvenPeer peer;
  peer.stream = std::make_shared<TlsStream>(std::move(socket), credentials->tls);
  TlsStream* const stream = peer.stream.get();
  HandshakeTimer timer(peer.stream, credentials->options.handshake_timeout_ms);
  auto status = co_await tls_handshake(stream, asio::ssl::stream_base::server);
  if (!status.ok()) co_return status;
  auto hello = co_await read_proven_hello(stream);
  if (!hello.ok()) co_return hello.status();
  if (!admit(hello->node_name)) {
    co_return error(ErrorCode::kInvalidAuthorization, "the peer \"", hello->node_name, "\" is not admitted");
  }
  status = co_await send_hello(stream, *credentials, connection_incarnation);
  if (!status.ok()) co_return status;
  if (!timer.stop()) co_return failed("sending the hello", asio::error::operation_aborted);
  peer.incarnation = connection_incarnation;
  peer.hello = *std::move(hello);
  co_return peer;
}

}  // namespace troupe
