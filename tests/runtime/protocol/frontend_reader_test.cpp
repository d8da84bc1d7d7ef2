#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "runtime/protocol/frontend_reader.hpp"

namespace troupe {
namespace {

std::string be16(uint16_t v) {
  std::string s(2, '\0');
  wire::store_u16(s.data(), v);
  return s;
}
std::string be32(uint32_t v) {
  std::string s(4, '\0');
  wire::store_u32(s.data(), v);
  return s;
}
std::string z(std::string_view text) { return std::string(text) + '\0'; }
std::string packet(const std::string& body) { return be32(static_cast<uint32_t>(body.size() + 4)) + body; }
std::string message(char type, const std::string& body) { return type + packet(body); }
std::string startup() { return packet(be32(3u << 16) + z("user") + z("ann") + z("database") + z("shop") + '\0'); }

void feed(FrontendReader* reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = reader->prepare();
    const size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    reader->received(size);
    bytes.remove_prefix(size);
  }
}

FrontendReader started() {
  FrontendReader reader;
  feed(&reader, startup());
  FrontendMessage out;
  REQUIRE(reader.next(&out) == Received::kMessage);
  return reader;
}

/// The one message that `bytes` hold.
template <typename Message>
Message only(FrontendReader* reader, const std::string& bytes) {
  feed(reader, bytes);
  FrontendMessage out;
  REQUIRE(reader->next(&out) == Received::kMessage);
  REQUIRE(std::holds_alternative<Message>(out));
  return std::get<Message>(out);
}

std::string error_of(FrontendReader* reader, const std::string& bytes, Received expected) {
  feed(reader, bytes);
  FrontendMessage out;
  REQUIRE(reader->next(&out) == expected);
  return std::string(reader->error().message());
}

}  // namespace

TEST_CASE("a startup packet gives its version and parameters", "[protocol]") {
  FrontendReader reader;
  const auto message = only<StartupMessage>(&reader, startup());
  CHECK(message.minor_version == 0);
  CHECK(message.find("user") == "ann");
  CHECK(message.find("database") == "shop");
  CHECK_FALSE(message.find("options"));
}

TEST_CASE("encryption requests and cancels come before a startup", "[protocol]") {
  FrontendReader reader;
  only<SslRequest>(&reader, packet(be32(wire::kSslRequestCode)));
  only<GssEncRequest>(&reader, packet(be32(wire::kGssEncRequestCode)));
  CHECK(only<StartupMessage>(&reader, startup()).find("user") == "ann");
  CHECK(only<QueryMessage>(&reader, message('Q', z("SELECT 1"))).sql == "SELECT 1");

  FrontendReader canceller;
  const auto cancel = only<CancelRequest>(&canceller, packet(be32(wire::kCancelRequestCode) + be32(7) + be32(99)));
  CHECK(cancel.process_id == 7);
  CHECK(cancel.secret_key == 99);
}

TEST_CASE("a startup packet that is wrong is fatal", "[protocol]") {
  const auto fatal = [](const std::string& bytes) {
    FrontendReader reader;
    return error_of(&reader, bytes, Received::kFatal);
  };
  const std::string layout = "invalid startup packet layout: expected terminator as last byte";
  CHECK(fatal(be32(20'000)) == "invalid length of startup packet");
  CHECK(fatal(be32(4)) == "invalid length of startup packet");
  CHECK(fatal(be32(0xFFFFFFFF)) == "invalid length of startup packet");
  CHECK(fatal(packet(be32(2u << 16))) == "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
  CHECK(fatal(packet(be32(3u << 16) + z("user") + z("ann"))) == layout);
  CHECK(fatal(packet(be32(3u << 16) + z("user") + "ann")) == layout);
  CHECK(fatal(packet(be32(3u << 16))) == layout);
  CHECK(fatal(packet(be32(3u << 16) + '\0')) == "no PostgreSQL user name specified in startup packet");
}

TEST_CASE("after a fatal error every call answers the same", "[protocol]") {
  FrontendReader reader = started();
  CHECK(error_of(&reader, "\x01xxxx", Received::kFatal) == "invalid frontend message type 1");
  CHECK(error_of(&reader, message('Q', z("SELECT 1")), Received::kFatal) == "invalid frontend message type 1");
}

TEST_CASE("messages come out whole whatever the pieces they arrive in", "[protocol]") {
  const std::string stream = startup() + message('P', z("s") + z("SELECT $1") + be16(1) + be32(23)) +
                             message('B', z("") + z("s") + be16(0) + be16(1) + be32(2) + "42" + be16(0)) +
                             message('E', z("") + be32(0)) + message('S', "");
  for (size_t piece = 1; piece < 20; ++piece) {
    FrontendReader reader;
    std::string types;
    for (size_t at = 0; at < stream.size(); at += piece) {
      feed(&reader, std::string_view(stream).substr(at, piece));
      FrontendMessage out;
      while (reader.next(&out) == Received::kMessage) types += reader.message_type() == 0 ? '0' : reader.message_type();
    }
    CHECK(types == "0PBES");
    CHECK_FALSE(reader.in_message());
  }
}

TEST_CASE("Bind gives formats and values", "[protocol]") {
  FrontendReader reader = started();
  const auto bind =
      only<BindMessage>(&reader, message('B', z("p") + z("s") + be16(1) + be16(1) + be16(3) + be32(4) + be32(7) +
                                                  be32(0xFFFFFFFF) + be32(0) + be16(2) + be16(0) + be16(1)));
  CHECK(bind.portal == "p");
  CHECK(bind.statement == "s");
  CHECK(bind.parameter_formats.of(2) == 1);
  CHECK(bind.result_formats.of(0) == 0);
  CHECK(bind.result_formats.of(1) == 1);
  std::vector<std::optional<std::string>> values;
  for (const auto value : bind.parameters) values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
  CHECK(values == std::vector<std::optional<std::string>>{be32(7), std::nullopt, ""});
}

TEST_CASE("a message that is wrong inside is an error and the next one is read", "[protocol]") {
  FrontendReader reader = started();
  const auto inside = [&](char type, const std::string& body) {
    const std::string text = error_of(&reader, message(type, body), Received::kError);
    only<SyncMessage>(&reader, message('S', ""));
    return text;
  };
  CHECK(inside('Q', "SELECT 1") == "invalid string in message");
  CHECK(inside('Q', z("SELECT 1") + "x") == "invalid message format");
  CHECK(inside('P', z("") + z("SELECT 1") + be16(2) + be32(1)) == "insufficient data left in message");
  CHECK(inside('P', z("") + z("SELECT 1")) == "insufficient data left in message");
  CHECK(inside('B', z("") + z("") + be16(2) + be16(0) + be16(0) + be16(1) + be32(0xFFFFFFFF) + be16(0)) ==
        "bind message has 2 parameter formats but 1 parameters");
  CHECK(inside('B', z("") + z("") + be16(0) + be16(1) + be32(0x7FFFFFFF) + "x" + be16(0)) ==
        "insufficient data left in message");
  CHECK(inside('B', z("") + z("") + be16(0) + be16(1) + be32(0xFFFFFFFE) + be16(0)) ==
        "insufficient data left in message");
  CHECK(inside('D', "") == "no data left in message");
  CHECK(inside('D', "X" + z("a")) == "invalid DESCRIBE message subtype 88");
  CHECK(inside('C', "X" + z("a")) == "invalid CLOSE message subtype 88");
  CHECK(inside('E', z("") + "\1") == "insufficient data left in message");
  CHECK(inside('S', "x") == "invalid message format");
  CHECK(inside('Q', z("SELECT '\xC3\x28'")) == "invalid byte sequence for encoding \"UTF8\": 0xc3 0x28");
}

TEST_CASE("an announced length costs nothing and one above the limit is fatal", "[protocol]") {
  FrontendReader reader = started();
  feed(&reader, "Q" + be32(1'000'000'000) + "SELECT");
  FrontendMessage out;
  CHECK(reader.next(&out) == Received::kNeedMore);
  CHECK(reader.memory_bytes() < 4096);

  for (const uint32_t length : {0u, 3u, 0x80000000u, 0xFFFFFFFFu, 1u << 30}) {
    FrontendReader other = started();
    CHECK(error_of(&other, "Q" + be32(length), Received::kFatal) == "invalid message length");
  }
  FrontendReader small = started();
  CHECK(error_of(&small, "E" + be32(10'001), Received::kFatal) == "invalid message length");
}

TEST_CASE("a large message grows the buffer and an idle connection gives it back", "[protocol]") {
  FrontendReader reader = started();
  const std::string sql(1'000'000, 'x');
  CHECK(only<QueryMessage>(&reader, message('Q', z(sql))).sql.size() == sql.size());
  CHECK(reader.memory_bytes() > sql.size());
  reader.trim();
  CHECK(reader.memory_bytes() < 4096);
}

TEST_CASE("a large CopyData is handed out in pieces", "[protocol]") {
  FrontendReader reader = started();
  const std::string data(1'000'000, 'd');
  const std::string stream = message('d', data) + message('c', "");
  std::string got;
  bool done = false;
  for (size_t at = 0; at < stream.size(); at += 8192) {
    feed(&reader, std::string_view(stream).substr(at, 8192));
    FrontendMessage out;
    while (reader.next(&out) == Received::kMessage) {
      if (const auto* piece = std::get_if<CopyDataMessage>(&out)) got += piece->data;
      done = std::holds_alternative<CopyDoneMessage>(out);
    }
  }
  CHECK(got == data);
  CHECK(done);
  CHECK(reader.memory_bytes() < 128 * 1024);
}

TEST_CASE("passwords and SASL answers are read from the same message", "[protocol]") {
  FrontendReader reader = started();
  CHECK(only<PasswordMessage>(&reader, message('p', z("secret"))).password() == "secret");
  const auto sasl = only<PasswordMessage>(&reader, message('p', z("SCRAM-SHA-256") + be32(3) + "n,,"));
  const auto initial = SaslInitialResponse::parse(sasl.body);
  REQUIRE(initial);
  CHECK(initial->mechanism == "SCRAM-SHA-256");
  CHECK(initial->response == "n,,");
  CHECK_FALSE(SaslInitialResponse::parse(z("SCRAM-SHA-256") + be32(4) + "n,,"));
  CHECK_FALSE(SaslInitialResponse::parse("SCRAM"));
}

}  // namespace troupe
