#include "actors/session/tls_transport.hpp"

#include <catch2/catch.hpp>

#include "tests/runtime/security/tls_client.hpp"

namespace troupe {
namespace {

using namespace tls_test;

/// A wire that takes bytes only as long as it is not full.
class FakeWire final : public Transport {
 public:
  void start(TransportEvents* events) override { events_ = events; }
  void tell(TransportEvents* events) override { events_ = events; }
  void pause_reading(bool paused) override { paused_ = paused; }
  bool send(OutputBuffer& buffer) override {
    sent_ += buffer.pending();
    buffer.consume(buffer.size());
    return !full_;
  }
  void close() override {
    closed_ = true;
    if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
  }
  std::string peer_name() const override { return "127.0.0.1:1"; }

  void receive(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
      const std::span<char> room = events_->read_room();
      const size_t size = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), size);
      events_->on_received(size);
      bytes.remove_prefix(size);
    }
  }
  void written() {
    full_ = false;
    events_->on_sent();
  }

  TransportEvents* events_ = nullptr;
  std::string sent_;
  bool full_ = false;
  bool paused_ = false;
  bool closed_ = false;
};

class FakeSession final : public TransportEvents {
 public:
  std::span<char> read_room() override { return room_; }
  void on_received(size_t size) override {
    received_.append(room_, size);
    if (on_bytes_) on_bytes_();
  }
  void on_sent() override { ++sent_; }
  void on_closed() override { closed_ = true; }
  bool at_rest() const override { return false; }
  void move_to(Cell&) override {}

  char room_[100];
  std::string received_;
  std::function<void()> on_bytes_;
  int sent_ = 0;
  bool closed_ = false;
};

/// A session behind TLS behind a wire, and a client that has shaken hands with it.
struct Connected {
  CertificateAuthority ca = authority();
  SslContext context = make_client_facing_tls_context(ca.issue({"localhost", kFrom, kUntil}).value()).value();
  std::shared_ptr<FakeWire> wire = std::make_shared<FakeWire>();
  FakeSession session;
  absl::Status failure;
  TlsTransport transport{wire, context.get(), [this](const absl::Status& why) { failure = why; }};
  TlsClient client;

  explicit Connected(int version = TLS1_3_VERSION) : client{ca, nullptr, version} {
    transport.start(&session);
    for (int round = 0; round < 5; ++round) {
      client.receive();
      to_session();
      to_client();
    }
  }
  void to_session() {
    for (std::string bytes; !(bytes = client.outgoing(4096)).empty();) wire->receive(bytes);
  }
  void to_client() { client.incoming(std::exchange(wire->sent_, {})); }
  bool send(std::string_view plain) {
    OutputBuffer buffer;
    buffer.append(plain);
    return transport.send(buffer);
  }
};

}  // namespace

TEST_CASE("a session reads and writes through TLS as through a socket", "[tls]") {
  Connected at;
  REQUIRE(at.transport.tls() != nullptr);
  CHECK(at.transport.tls()->version == "TLSv1.3");
  const std::string question(1000, 'q');
  at.client.send(question);
  at.to_session();
  CHECK(at.session.received_ == question);
  CHECK(at.send("answer"));
  at.to_client();
  CHECK(at.client.receive() == "answer");
  at.transport.close();
  CHECK(at.session.closed_);
  CHECK(at.wire->closed_);
  CHECK(at.failure.ok());
}

TEST_CASE("a session that pauses gets the rest when it goes on", "[tls]") {
  Connected at;
  at.session.on_bytes_ = [&] { at.transport.pause_reading(true); };
  at.client.send(std::string(250, 'q'));
  at.to_session();
  CHECK(at.session.received_.size() == 100);
  CHECK(at.wire->paused_);
  at.transport.pause_reading(false);
  CHECK(at.session.received_.size() == 200);
  at.session.on_bytes_ = nullptr;
  at.transport.pause_reading(false);
  CHECK(at.session.received_.size() == 250);
  CHECK_FALSE(at.wire->paused_);
}

TEST_CASE("a send that the wire has not written is told of when it has", "[tls]") {
  Connected at;
  at.wire->full_ = true;
  CHECK_FALSE(at.send("answer"));
  CHECK(at.session.sent_ == 0);
  at.wire->written();
  CHECK(at.session.sent_ == 1);
}

TEST_CASE("nothing is read from a peer that does not read what TLS itself answers", "[tls]") {
  Connected at(TLS1_2_VERSION);
  at.wire->full_ = true;
  at.client.renegotiate();
  at.to_session();
  CHECK(at.wire->paused_);
  CHECK_FALSE(at.wire->sent_.empty());
  at.wire->written();
  CHECK_FALSE(at.wire->paused_);
  CHECK(at.session.sent_ == 0);
  CHECK_FALSE(at.session.closed_);
}

TEST_CASE("what is no TLS ends the connection and is told", "[tls]") {
  Connected at;
  at.wire->receive("GET / HTTP/1.1\r\n\r\n");
  CHECK(at.session.closed_);
  CHECK(at.wire->closed_);
  CHECK_FALSE(at.failure.ok());
}

}  // namespace troupe
