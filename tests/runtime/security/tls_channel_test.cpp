#include "runtime/security/tls_channel.hpp"

#include <catch2/catch.hpp>

#include "tests/runtime/security/tls_client.hpp"

namespace troupe {
namespace {

using namespace tls_test;

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

absl::Status shake_hands(TlsClient* client, TlsChannel* server) {
  for (int round = 0; round < 5; ++round) {
    client->receive();
    carry(client, server);
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
    TlsClient client(ca, nullptr, version);
    CHECK_FALSE(server.write("too early"));
    REQUIRE(shake_hands(&client, &server).ok());
    REQUIRE(server.handshake_done());
    CHECK(server.facts().version == name);
    CHECK(server.facts().client_dn.empty());
    client.send("question");
    carry(&client, &server);
    CHECK(read_all(&server).value() == "question");
    const std::string answer(100'000, 'a');
    REQUIRE(server.write(answer));
    carry(&client, &server);
    CHECK(client.receive() == answer);
    client.shut_down();
    carry(&client, &server);
    CHECK(read_all(&server).value().empty());
    CHECK(server.ended());
  }
}

TEST_CASE("it does not matter in what pieces encrypted bytes come", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  TlsChannel server(context.get());
  TlsClient client(ca, nullptr, TLS1_3_VERSION);
  REQUIRE(shake_hands(&client, &server).ok());
  const std::string question(50'000, 'q');
  client.send(question);
  carry(&client, &server, 7);
  CHECK(read_all(&server).value() == question);
}

TEST_CASE("TLS older than 1.2 is refused", "[tls]") {
  const auto ca = authority();
  const auto context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  TlsChannel server(context.get());
  TlsClient client(ca, nullptr, TLS1_1_VERSION);
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
  TlsClient client(ca, &anna, TLS1_3_VERSION);
  REQUIRE(shake_hands(&client, &server).ok());
  CHECK(server.facts().client_name == "anna");
  CHECK(server.facts().client_dn == "/CN=anna");
  CHECK(server.facts().issuer_dn == "/CN=authority");
  CHECK_FALSE(server.facts().client_serial.empty());

  const auto other = authority();
  const TlsIdentity forged = other.issue({"anna", kFrom, kUntil}).value();
  TlsChannel careful(context.get());
  TlsClient liar(ca, &forged, TLS1_3_VERSION);
  CHECK_FALSE(shake_hands(&liar, &careful).ok());
}

}  // namespace troupe
