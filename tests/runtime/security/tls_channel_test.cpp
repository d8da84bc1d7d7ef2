#include "runtime/security/tls_channel.hpp"

#include <catch2/catch.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "runtime/security/certificate.hpp"
#include "runtime/security/openssl_memory.hpp"
#include "runtime/security/tls_context.hpp"

namespace troupe {
namespace {

constexpr int64_t kFrom = 1'000'000'000;
constexpr int64_t kUntil = 4'000'000'000;

CertificateAuthority authority() { return CertificateAuthority::create({"authority", kFrom, kUntil}).value(); }

/// OpenSSL's own client, with memory for a wire.
class Client {
 public:
  Client(const CertificateAuthority& trusted, const TlsIdentity* own, int version)
      : context_{SSL_CTX_new(TLS_method())} {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), read_certificate(trusted.certificate_pem()).get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (own != nullptr) {
      SSL_CTX_use_certificate(context_.get(), read_certificate(own->certificate_pem).get());
      SSL_CTX_use_PrivateKey(context_.get(), read_private_key(own->private_key_pem).get());
    }
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }

  /// What lies ready at either end is carried over, `piece` bytes at a time.
  void carry(TlsChannel* server, size_t piece = 4096) {
    char bytes[4096];
    for (int size = 0; (size = BIO_read(out_, bytes, static_cast<int>(piece))) > 0;) {
      const std::span<char> room = server->prepare();
      const size_t first = std::min(room.size(), static_cast<size_t>(size));
      std::memcpy(room.data(), bytes, first);
      server->received(first);
      if (first == static_cast<size_t>(size)) continue;
      std::memcpy(server->prepare().data(), bytes + first, static_cast<size_t>(size) - first);
      server->received(static_cast<size_t>(size) - first);
    }
    BIO_write(in_, server->outgoing().pending().data(), static_cast<int>(server->outgoing().size()));
    server->outgoing().consume(server->outgoing().size());
  }
  void send(std::string_view plain) { SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())); }
  std::string receive() {
    std::string plain;
    char bytes[4096];
    for (int size = 0; (size = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0;) {
      plain.append(bytes, static_cast<size_t>(size));
    }
    return plain;
  }
  void shut_down() { SSL_shutdown(ssl_.get()); }

 private:
  SslContext context_;
  std::unique_ptr<SSL, OpenSslFree<SSL_free>> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

/// Everything that can be read now; the first error, if there is one.
absl::StatusOr<std::string> read_all(TlsChannel* server) {
  std::string plain;
  char bytes[1000];
  while (true) {
    const auto size = server->read(bytes);
    if (!size.ok()) return size.status();
    if (*size == 0) return plain;
    plain.append(bytes, *size);
  }
}

absl::Status shake_hands(Client* client, TlsChannel* server) {
  for (int round = 0; round < 5; ++round) {
    client->receive();
    client->carry(server);
    if (const auto plain = read_all(server); !plain.ok()) return plain.status();
  }
  return absl::OkStatus();
}

}  // namespace

TEST_CASE("bytes go both ways over TLS 1.2 and 1.3", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
    TlsChannel server(context.get());
    Client client(ca, nullptr, version);
    CHECK_FALSE(server.write("too early"));
    REQUIRE(shake_hands(&client, &server).ok());
    REQUIRE(server.handshake_done());
    CHECK(server.facts().version == name);
    CHECK(server.facts().client_dn.empty());
    client.send("question");
    client.carry(&server);
    CHECK(read_all(&server).value() == "question");
    const std::string answer(100'000, 'a');
    REQUIRE(server.write(answer));
    client.carry(&server);
    CHECK(client.receive() == answer);
    client.shut_down();
    client.carry(&server);
    CHECK(read_all(&server).value().empty());
    CHECK(server.ended());
  }
}

TEST_CASE("it does not matter in what pieces encrypted bytes come", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  TlsChannel server(context.get());
  Client client(ca, nullptr, TLS1_3_VERSION);
  REQUIRE(shake_hands(&client, &server).ok());
  const std::string question(50'000, 'q');
  client.send(question);
  client.carry(&server, 7);
  CHECK(read_all(&server).value() == question);
}

TEST_CASE("TLS older than 1.2 is refused", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  TlsChannel server(context.get());
  Client client(ca, nullptr, TLS1_1_VERSION);
  shake_hands(&client, &server).IgnoreError();
  CHECK_FALSE(server.handshake_done());
}

TEST_CASE("what is no TLS breaks the channel", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  TlsChannel server(context.get());
  std::memcpy(server.prepare().data(), "GET / HTTP/1.0\r\n\r\n", 18);
  server.received(18);
  const auto plain = read_all(&server);
  CHECK(error_code(plain.status()) == ErrorCode::kProtocolViolation);
  CHECK_FALSE(server.write("anything"));
}

TEST_CASE("a client's certificate is known by its name when its authority is ours", "[tls]") {
  const auto ca = authority();
  const auto context =
      make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value(), ca.certificate_pem()).value();
  const TlsIdentity anna = ca.issue({"anna", kFrom, kUntil}).value();
  TlsChannel server(context.get());
  Client client(ca, &anna, TLS1_3_VERSION);
  REQUIRE(shake_hands(&client, &server).ok());
  CHECK(server.facts().client_name == "anna");
  CHECK(server.facts().client_dn == "/CN=anna");
  CHECK(server.facts().issuer_dn == "/CN=authority");
  CHECK_FALSE(server.facts().client_serial.empty());

  const auto other = authority();
  const TlsIdentity forged = other.issue({"anna", kFrom, kUntil}).value();
  TlsChannel careful(context.get());
  Client liar(ca, &forged, TLS1_3_VERSION);
  CHECK_FALSE(shake_hands(&liar, &careful).ok());
}

}  // namespace troupe
