#pragma once
/// From a TCP connection to a proven peer: TLS 1.3 with both certificates, then one hello from either side whose name
/// must be the certificate's. Everything together has handshake_timeout_ms, so a silent peer costs little.
#include <asio/awaitable.hpp>
#include <asio/ssl/context.hpp>

#include <memory>

#include "runtime/link/link_connection.hpp"

namespace troupe {

struct ProvenPeer {
  std::shared_ptr<TlsStream> stream;
  LinkHello hello;
  uint64_t incarnation = 0;  ///< of the connection
};

/// What both sides of every handshake use; shared by the connections of one link or listener.
struct LinkCredentials {
  LinkIdentity identity;
  LinkOptions options;
  asio::ssl::context tls;

  static absl::StatusOr<std::shared_ptr<LinkCredentials>> create(const LinkIdentity& identity,
                                                                 const LinkOptions& options);
};

/// The dialing side, on a connected socket. Errors: kInvalidAuthorization when the peer is not `peer_name`,
/// kConnectionFailure otherwise.
asio::awaitable<absl::StatusOr<ProvenPeer>> prove_dialed(std::shared_ptr<LinkCredentials> credentials,
                                                         asio::ip::tcp::socket socket, std::string peer_name);

/// The answering side; `connection_incarnation` is its choice, `admit` may refuse a proven name.
asio::awaitable<absl::StatusOr<ProvenPeer>> prove_accepted(std::shared_ptr<LinkCredentials> credentials,
                                                           asio::ip::tcp::socket socket,
                                                           uint64_t connection_incarnation,
                                                           std::function<bool(const std::string&)> admit);

}  // namespace troupe
