#include "runtime/http/http_request.hpp"

#include <catch2/catch.hpp>

#include "runtime/http/http_response.hpp"
#include "runtime/security/scram.hpp"
#include "storage/base/random.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr HttpLimits kLimits{.header_bytes_max = 512, .body_bytes_max = 100};

/// Feeds a reader as a connection does: what it has not used comes again, with more behind it.
struct Feed {
  explicit Feed(size_t piece_bytes, HttpLimits limits = kLimits) : reader{limits}, piece{piece_bytes} {}

  /// Every request, or the error's status at the end.
  void take(std::string_view bytes) {
    while (!bytes.empty() && status == 0) {
      waiting += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      drain();
    }
  }
  void drain() {
    while (true) {
      std::string_view unread = waiting;
      HttpRequest request;
      const auto step = reader.read(&unread, &request);
      waiting.erase(0, waiting.size() - unread.size());
      if (step == HttpReader::Step::kError) status = reader.error_status();
      if (step == HttpReader::Step::kContinue) ++continues;
      if (step != HttpReader::Step::kRequest) return;
      requests.push_back(std::move(request));
    }
  }

  HttpReader reader;
  size_t piece;
  std::string waiting;
  std::vector<HttpRequest> requests;
  int status = 0;
  int continues = 0;
};

int status_of(std::string_view bytes) {
  Feed feed(bytes.size() + 1);
  feed.take(bytes);
  return feed.status;
}

}  // namespace

TEST_CASE("requests come out whole whatever the pieces they arrive in", "[http]") {
  const std::string bytes =
      "GET /v1/subscribe?table=a%20b&table=c+d&empty=&bare HTTP/1.1\r\nHost: localhost:80\r\nCookie: a=1; "
      "troupe_token=x=y\r\n"
      "Connection: Keep-Alive, Upgrade\r\n\r\n"
      "POST /v1/query HTTP/1.1\r\nhost: h\r\nContent-Length: 5\r\n\r\nhello\r\n"
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
      "GET / HTTP/1.0\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    Feed feed(piece);
    feed.take(bytes);
    REQUIRE(feed.status == 0);
    REQUIRE(feed.requests.size() == 4);
    const HttpRequest& first = feed.requests[0];
    CHECK(first.path == "/v1/subscribe");
    CHECK(first.parameters("table") == std::vector<std::string_view>{"a b", "c d"});
    CHECK(first.parameter("empty") == "");
    CHECK(first.parameter("bare") == "");
    CHECK_FALSE(first.parameter("other"));
    CHECK(first.header("hOST") == "localhost:80");
    CHECK(first.header_has("connection", "upgrade"));
    CHECK(first.cookie("troupe_token") == "x=y");
    CHECK(first.keep_alive);
    CHECK(feed.requests[1].method == "POST");
    CHECK(feed.requests[1].body == "hello");
    CHECK(feed.requests[2].body == "abcde");
    CHECK_FALSE(feed.requests[3].keep_alive);
    CHECK(feed.waiting.empty());
    CHECK_FALSE(feed.reader.in_request());
  }
}

TEST_CASE("what is no request is refused with its status", "[http]") {
  CHECK(status_of("\x16\x03\x01\x02") == 400);
  CHECK(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 505);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);                        // no Host
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);  // two
  CHECK(status_of("GET http://elsewhere/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
  CHECK(status_of("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
  CHECK(status_of("GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost : h\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n") != 500);
  CHECK(status_of("GET /\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n") == 501);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n") == 417);
}

TEST_CASE("what is too large is refused with its status before it is kept", "[http]") {
  CHECK(status_of(cat("GET /", std::string(600, 'x'), " HTTP/1.1\r\nHost: h\r\n\r\n")) == 431);
  CHECK(status_of(cat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(600, 'x'))) == 431);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n") == 413);
  CHECK(status_of(cat("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", std::string(101, 'x'),
                      "\r\n")) == 413);
  for (const size_t piece : {1, 7}) {  // also when it comes in drops
    Feed feed(piece);
    feed.take(cat("GET /", std::string(10'000, 'x')));
    CHECK(feed.status == 431);
    CHECK(feed.waiting.size() < 600);
  }
}

TEST_CASE("after an error every call answers the same", "[http]") {
  Feed feed(1000);
  feed.take("nonsense\r\n\r\n");
  REQUIRE(feed.status == 400);
  feed.status = 0;
  feed.take("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(feed.status == 400);
  CHECK(feed.requests.empty());
}

TEST_CASE("a client that waits for leave to send its body is told once", "[http]") {
  Feed feed(1000);
  feed.take("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(feed.continues == 1);
  CHECK(feed.reader.in_request());
  feed.take("a");
  CHECK(feed.continues == 1);
  feed.take("b");
  REQUIRE(feed.requests.size() == 1);
  CHECK(feed.requests[0].body == "ab");
}

TEST_CASE("whatever bytes come, a reader ends with requests or a status", "[http]") {
  const std::string good =
      "POST /v1/query?a=%41 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: h\r\n\r\n";
  Random random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const size_t at = random.below(bytes.size());
      if (random.chance(0.3)) {
        bytes.erase(at, 1 + random.below(5));
      } else if (random.chance(0.3)) {
        bytes.insert(at, 1, static_cast<char>(random.below(256)));
      } else {
        bytes[at] = static_cast<char>(random.below(256));
      }
      if (bytes.empty()) break;
    }
    Feed whole(bytes.size() + 1);
    whole.take(bytes);
    Feed drops(1 + random.below(9));
    drops.take(bytes);
    REQUIRE(whole.requests.size() == drops.requests.size());
    CAPTURE(bytes, drops.piece);
    // A request that has not come to its end may be found wrong earlier or later.
    if (!whole.reader.in_request() && !drops.reader.in_request()) REQUIRE(whole.status == drops.status);
  }
}

TEST_CASE("names and passwords are read as they were written", "[http]") {
  CHECK(parse_basic(cat("Basic ", base64_encode("anna:a:b"))) == std::pair<std::string, std::string>("anna", "a:b"));
  CHECK(parse_basic(cat("bASIC ", base64_encode("anna:"))) == std::pair<std::string, std::string>("anna", ""));
  CHECK_FALSE(parse_basic(cat("Basic ", base64_encode("anna"))));
  CHECK_FALSE(parse_basic(cat("Basic ", base64_encode(std::string_view("anna\0x:y", 8)))));
  CHECK_FALSE(parse_basic("Basic !"));
  CHECK_FALSE(parse_basic("Bearer x"));
  CHECK(parse_bearer("Bearer  x ") == "x");
  CHECK_FALSE(parse_bearer("Basic x"));
}

TEST_CASE("an event's data may have lines, and its client puts them together again", "[http]") {
  OutputBuffer out;
  append_server_sent_event("5.1", "insert", "{\"a\":\n 1}", &out);
  append_server_sent_event("", "error", "x", &out);
  CHECK(out.pending() == "id: 5.1\nevent: insert\ndata: {\"a\":\ndata:  1}\n\nevent: error\ndata: x\n\n");
}

TEST_CASE("a header's value cannot begin another header", "[http]") {
  HttpResponse response;
  response.headers = {{"X", "a\r\nSet-Cookie: b"}};
  OutputBuffer out;
  append_response(response, &out);
  CHECK(out.pending().find("Set-Cookie") == std::string_view::npos);
}

}  // namespace troupe
