#include <catch2/catch.hpp>

#include <openssl/ssl.h>

#include <memory>

#include "runtime/security/certificate.hpp"
#include "runtime/security/openssl_memory.hpp"

namespace troupe {
namespace {

constexpr int64_t kNow = 1'800'000'000;  // validity is checked against the real clock, so far around it
constexpr int64_t kFrom = 1'000'000'000;
constexpr int64_t kUntil = 4'000'000'000;

CertificateAuthority authority() { return CertificateAuthority::create({"authority", kFrom, kUntil}).value(); }

struct Side {
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};
  SslContext context;
};

Side side(const TlsIdentity& identity, const std::string& authority_pem, bool accepts) {
  Side made;
  made.context = make_node_tls_context(identity, authority_pem).value();
  made.ssl.reset(SSL_new(made.context.get()));
  accepts ? SSL_set_accept_state(made.ssl.get()) : SSL_set_connect_state(made.ssl.get());
  return made;
}

/// Runs both ends of a handshake in memory; true when both believe the other.
bool handshake(Side* client, Side* server) {
  BIO* ends[2];
  REQUIRE(BIO_new_bio_pair(&ends[0], 0, &ends[1], 0) == 1);
  SSL_set_bio(client->ssl.get(), ends[0], ends[0]);
  SSL_set_bio(server->ssl.get(), ends[1], ends[1]);
  char byte;
  for (int round = 0; round < 20; ++round) {
    SSL_do_handshake(client->ssl.get());
    SSL_do_handshake(server->ssl.get());
  }
  // The client learns of a refused certificate with the first bytes after its own end.
  SSL_read(client->ssl.get(), &byte, 1);
  return SSL_is_init_finished(server->ssl.get()) != 0 && SSL_get_error(client->ssl.get(), -1) == SSL_ERROR_WANT_READ;
}

}  // namespace

TEST_CASE("two nodes of one authority believe each other and know their names", "[tls]") {
  const auto ca = authority();
  Side client = side(ca.issue({"node-a", kFrom, kUntil}).value(), ca.certificate_pem(), false);
  Side server = side(ca.issue({"node-b", kFrom, kUntil}).value(), ca.certificate_pem(), true);
  REQUIRE(handshake(&client, &server));
  CHECK(std::string_view(SSL_get_version(client.ssl.get())) == "TLSv1.3");
  CHECK(peer_certificate_names(client.ssl.get(), "node-b"));
  CHECK_FALSE(peer_certificate_names(client.ssl.get(), "node-a"));
  CHECK(peer_certificate_names(server.ssl.get(), "node-a"));
}

TEST_CASE("a certificate of another authority is refused by either side", "[tls]") {
  const auto ca = authority();
  const auto other = authority();
  Side good_client = side(ca.issue({"node-a", kFrom, kUntil}).value(), ca.certificate_pem(), false);
  Side bad_server = side(other.issue({"node-b", kFrom, kUntil}).value(), ca.certificate_pem(), true);
  CHECK_FALSE(handshake(&good_client, &bad_server));
  Side bad_client = side(other.issue({"node-a", kFrom, kUntil}).value(), ca.certificate_pem(), false);
  Side good_server = side(ca.issue({"node-b", kFrom, kUntil}).value(), ca.certificate_pem(), true);
  CHECK_FALSE(handshake(&bad_client, &good_server));
}

TEST_CASE("an expired certificate is refused", "[tls]") {
  const auto ca = authority();
  Side client = side(ca.issue({"node-a", kFrom, kUntil}).value(), ca.certificate_pem(), false);
  Side server = side(ca.issue({"node-b", kFrom, kFrom + 1}).value(), ca.certificate_pem(), true);
  CHECK_FALSE(handshake(&client, &server));
}

TEST_CASE("a key that does not belong to the certificate is refused", "[tls]") {
  const auto ca = authority();
  TlsIdentity mixed = ca.issue({"node-a", kFrom, kUntil}).value();
  mixed.private_key_pem = ca.issue({"node-a", kFrom, kUntil}).value().private_key_pem;
  CHECK_FALSE(make_node_tls_context(mixed, ca.certificate_pem()).ok());
  CHECK_FALSE(make_node_tls_context({"no", "pem"}, ca.certificate_pem()).ok());
}

TEST_CASE("a name that could smuggle in another one gets no certificate", "[tls]") {
  CHECK_FALSE(authority().issue({"a,DNS:b", kFrom, kUntil}).ok());
  CHECK_FALSE(authority().issue({"", kFrom, kUntil}).ok());
  CHECK_FALSE(authority().issue({"a", kNow, kNow}).ok());
}

TEST_CASE("a certificate that is signed with SHA-256 has its SHA-256 as TLS endpoint", "[tls]") {
  const TlsIdentity identity = authority().issue({"node", kFrom, kUntil}).value();
  unsigned char digest[32];
  unsigned size = 0;
  REQUIRE(X509_digest(read_certificate(identity.certificate_pem).get(), EVP_sha256(), digest, &size) == 1);
  CHECK(tls_server_end_point(identity.certificate_pem).value() ==
        std::string(reinterpret_cast<const char*>(digest), size));
  CHECK_FALSE(tls_server_end_point("no certificate").ok());
}

}  // namespace troupe
