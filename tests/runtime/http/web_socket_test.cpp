#include "runtime/http/web_socket.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint8_t kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

/// What a client sends: masked.
std::string frame(uint8_t opcode, std::string_view payload, bool last = true, bool masked = true) {
  std::string bytes(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  const uint8_t mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    bytes.push_back(static_cast<char>(mask_bit | payload.size()));
  } else {
    bytes.push_back(static_cast<char>(mask_bit | 126));
    bytes.push_back(static_cast<char>(payload.size() >> 8));
    bytes.push_back(static_cast<char>(payload.size()));
  }
  if (!masked) return bytes.append(payload);
  const std::string_view mask = "\x12\x34\x56\x78";
  bytes += mask;
  for (size_t i = 0; i < payload.size(); ++i) bytes.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return bytes;
}

struct Server final : private WebSocketEvents {
  OutputBuffer out;
  WebSocket socket{*this, 1000, out};
  std::vector<std::string> texts;

  void receive(std::string_view bytes, size_t piece = SIZE_MAX) {
    while (!bytes.empty()) {
      socket.receive(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
  /// The code of the close frame that was sent; 0: none was.
  int closed_with() const {
    const std::string_view sent = out.pending();
    if (sent.size() < 4 || static_cast<uint8_t>(sent[0]) != (0x80 | kClose)) return 0;
    return static_cast<uint8_t>(sent[2]) << 8 | static_cast<uint8_t>(sent[3]);
  }

 private:
  void on_text(std::string_view text) override { texts.emplace_back(text); }
};

int code_for(std::string_view bytes) {
  Server server;
  server.receive(bytes);
  return server.closed_with();
}

}  // namespace

TEST_CASE("the handshake's answer is RFC 6455's", "[web_socket]") {
  CHECK(web_socket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK_FALSE(web_socket_accept(""));
  CHECK_FALSE(web_socket_accept("c2hvcnQ="));
  CHECK_FALSE(web_socket_accept("not base64"));
}

TEST_CASE("messages come out whole whatever their fragments and pieces", "[web_socket]") {
  const std::string bytes = frame(kText, "whole") + frame(kText, "in ", false) + frame(kPing, "there?") +
                            frame(0, "two p\xC3", false) + frame(0, "\xA4rts") + frame(kText, std::string(200, 'x'));
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, bytes.size()}) {
    Server server;
    server.receive(bytes, piece);
    CHECK(server.texts == std::vector<std::string>{"whole", "in two p\xC3\xA4rts", std::string(200, 'x')});
    CHECK(server.out.pending() == cat(std::string(1, static_cast<char>(0x80 | kPong)), "\x06", "there?"));
    CHECK_FALSE(server.socket.ended());
  }
}

TEST_CASE("a message that breaks the protocol is answered by a close with its code", "[web_socket]") {
  CHECK(code_for(frame(kText, "unmasked", true, false)) == 1002);
  CHECK(code_for(frame(0, "a fragment of nothing")) == 1002);
  CHECK(code_for(frame(kText, "a", false) + frame(kText, "b")) == 1002);
  CHECK(code_for(frame(3, "a reserved opcode")) == 1002);
  CHECK(code_for(frame(kPing, "a ping in parts", false)) == 1002);
  CHECK(code_for(frame(kPing, std::string(126, 'x'))) == 1002);
  CHECK(code_for(frame(kText | 0x40, "a reserved bit")) == 1002);
  CHECK(code_for(frame(kText, "not UTF-8: \xFF")) == 1007);
  CHECK(code_for(frame(kText, "half a letter: \xC3")) == 1007);
  CHECK(code_for(frame(kText, std::string(1001, 'x'))) == 1009);
  CHECK(code_for(frame(kText, std::string(600, 'x'), false) + frame(0, std::string(600, 'x'))) == 1009);
  CHECK(code_for(frame(kBinary, "bytes")) == 1003);
}

TEST_CASE("a close is answered, and nothing is said after it", "[web_socket]") {
  Server server;
  server.receive(frame(kClose, "\x03\xE8") + frame(kText, "too late"));
  CHECK(server.closed_with() == 1000);
  CHECK(server.socket.ended());
  CHECK(server.texts.empty());
  const size_t sent = server.out.size();
  server.socket.send_text("too late as well");
  CHECK(server.out.size() == sent);
}

TEST_CASE("a close of ours waits for the client's", "[web_socket]") {
  Server server;
  server.socket.send_text("bye");
  server.socket.close(WebSocketClose::kGoingAway, "the node stops");
  CHECK(server.out.pending().substr(0, 5) ==
        "\x81\x03"
        "bye");
  CHECK(server.socket.closing());
  CHECK_FALSE(server.socket.ended());
  server.receive(frame(kClose, "\x03\xE9"));
  CHECK(server.socket.ended());
}

TEST_CASE("a ping that nothing follows shows that nobody is there", "[web_socket]") {
  Server server;
  CHECK(server.socket.heard());
  server.socket.ping();
  CHECK_FALSE(server.socket.heard());
  server.receive(frame(kPong, ""));
  CHECK(server.socket.heard());
}

TEST_CASE("whatever bytes come, a WebSocket survives them", "[web_socket]") {
  const std::string good = frame(kText, "whole") + frame(kText, "in ", false) + frame(kPing, "x") + frame(0, "two");
  Random random(9);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    Server whole, drops;
    whole.receive(bytes);
    drops.receive(bytes, 1 + random.below(5));
    REQUIRE(whole.texts == drops.texts);
    REQUIRE(whole.socket.closing() == drops.socket.closing());
  }
}

}  // namespace troupe
