#pragma once
/// OpenSSL contexts with our defaults. No sockets here: who owns the connection drives the handshake.
#include <memory>
#include <string>

#include "storage/base/error.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace troupe {

/// A certificate and its private key, both PEM. Behind the certificate may stand those that vouch for it, each for the
/// one before.
struct TlsIdentity {
  std::string certificate_pem;
  std::string private_key_pem;
};

struct SslContextFree {
  void operator()(ssl_ctx_st* context) const;
};
using SslContext = std::unique_ptr<ssl_ctx_st, SslContextFree>;

/// Between nodes: TLS 1.3 only, both sides show a certificate that `authority_pem` signed. Works for either side.
/// Errors: kInvalidParameterValue with OpenSSL's reason.
absl::StatusOr<SslContext> make_node_tls_context(const TlsIdentity& identity, const std::string& authority_pem);

/// For SQL clients: TLS 1.2 or newer, the server shows its certificate. With `authority_pem`, certificates of whom to
/// believe, clients may show one too, and one that nobody there has signed ends the handshake.
absl::StatusOr<SslContext> make_client_facing_tls_context(const TlsIdentity& identity,
                                                          const std::string& authority_pem = {});

/// What RFC 5929 calls tls-server-end-point: the certificate's hash, by which SCRAM binds itself to a connection.
/// Errors: kInvalidParameterValue for a certificate that is signed without a hash (Ed25519): it has none.
absl::StatusOr<std::string> tls_server_end_point(const std::string& certificate_pem);

/// What a node serves SQL over TLS with.
struct ClientFacingTls {
  SslContext context;
  std::string end_point;  ///< tls_server_end_point(); empty: SCRAM cannot bind itself to it
};

/// True when the certificate that the peer showed on `connection` was issued for the host `name`.
bool peer_certificate_names(ssl_st* connection, const std::string& name);

}  // namespace troupe
