#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "runtime/link/link_handshake.hpp"
#include "runtime/link/send_queue.hpp"
#include "tests/runtime/link/link_fixture.hpp"

namespace troupe::link_test {
namespace {

using asio::ip::tcp;

/// A node with a good certificate that then says what it likes.
struct Hostile {
  asio::io_context context;
  Echo echo{context};
  std::shared_ptr<LinkListener> listener;
  std::vector<std::string> states;
  std::optional<ProvenPeer> peer;

  Hostile() {
    listener =
        LinkListener::create(
            context, quick_options(), identity_of("node-b"), "127.0.0.1", 0, [](const std::string&) { return true; },
            [this](const std::shared_ptr<PeerLink>& link) {
              link->on_state([this](const absl::Status& s) { states.emplace_back(s.message()); });
              echo.serve(link);
            })
            .value();
    tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), listener->port()});
    auto credentials = LinkCredentials::create(identity_of("node-a"), quick_options()).value();
    asio::co_spawn(context, prove_dialed(credentials, std::move(socket), "node-b"),
                   [this](std::exception_ptr, absl::StatusOr<ProvenPeer> got) { peer = *std::move(got); });
    REQUIRE(run_until(context, [&] { return peer && echo.links() == 1; }));
  }

  /// What the listener's end says after hearing `header` and `payload`.
  std::string after(LinkHeader header, const std::string& payload = "") {
    if (header.incarnation == 0) header.incarnation = peer->incarnation;
    std::string bytes;
    append_link_header(header, &bytes);
    bytes += payload;
    asio::async_write(*peer->stream, asio::buffer(bytes), [](const asio::error_code&, size_t) {});
    run_until(
        context, [&] { return states.size() >= 2; }, 300);
    return states.back();
  }
};

LinkHeader header_of(LinkFrameType type, uint32_t size) {
  LinkHeader header;
  header.type = type;
  header.size = header.raw_size = size;
  return header;
}

}  // namespace

TEST_CASE("a hostile peer's frame ends its link and costs no memory", "[link]") {
  const auto huge = header_of(LinkFrameType::kMessage, 0xFFFFFFF0);
  CHECK(Hostile().after(huge).find("frame_bytes_max") != std::string::npos);

  auto other_connection = header_of(LinkFrameType::kMessage, 0);
  other_connection.incarnation = 4711;
  CHECK(Hostile().after(other_connection).find("another connection") != std::string::npos);

  auto credit = header_of(LinkFrameType::kHeartbeat, 0);
  credit.credit = 1;
  CHECK(Hostile().after(credit).find("returned more") != std::string::npos);

  auto bomb = header_of(LinkFrameType::kMessage, 4);
  bomb.raw_size = 100'000;
  bomb.compressed = true;
  CHECK(Hostile().after(bomb, std::string("\x1f\0\1\0", 4)).find("does not unpack") != std::string::npos);

  CHECK(Hostile().after(header_of(LinkFrameType::kHello, 0)).find("twice") != std::string::npos);
  CHECK(Hostile().after(header_of(static_cast<LinkFrameType>(77), 0)).find("unknown frame type") != std::string::npos);
}

TEST_CASE("a peer that ignores the window loses its link", "[link]") {
  Hostile hostile;
  std::string state;
  const std::string payload(400 << 10, 'x');
  for (int i = 0; i < 4 && state.empty(); ++i) {
    auto message = header_of(LinkFrameType::kMessage, static_cast<uint32_t>(payload.size()));
    message.kind = kNeverAnswer;
    state = hostile.after(message, payload);
  }
  CHECK(state.find("more than the window") != std::string::npos);
}

TEST_CASE("an unexpected reply is ignored", "[link]") {
  Hostile hostile;
  auto reply = header_of(LinkFrameType::kReply, 3);
  reply.correlation = 12;
  CHECK(hostile.after(reply, "abc").empty());
}

TEST_CASE("the send queue keeps messages within the window and lets replies pass", "[link]") {
  SendQueue queue(1'000, 1'000);
  const auto frame = [](LinkFrameType type, size_t size) {
    OutgoingFrame out;
    out.header.type = type;
    out.payload = frame_of(size);
    return out;
  };
  REQUIRE(queue.push(frame(LinkFrameType::kMessage, 500)));
  REQUIRE(queue.pop());
  REQUIRE(queue.push(frame(LinkFrameType::kMessage, 500)));
  CHECK_FALSE(queue.push(frame(LinkFrameType::kMessage, 500)));
  CHECK_FALSE(queue.pop());  // 540 of 1000 are on their way
  queue.check_invariants();
  REQUIRE(queue.push_reply(frame(LinkFrameType::kReply, 600)));
  CHECK_FALSE(queue.push_reply(frame(LinkFrameType::kReply, 600)));
  CHECK(queue.pop()->header.type == LinkFrameType::kReply);
  CHECK_FALSE(queue.take_became_writable());
  CHECK_FALSE(queue.credited(541));
  REQUIRE(queue.credited(540));
  REQUIRE(queue.pop());
  CHECK(queue.take_became_writable());
  CHECK_FALSE(queue.take_became_writable());
  queue.check_invariants();
}

}  // namespace troupe::link_test
