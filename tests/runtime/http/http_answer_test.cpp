#include "runtime/http/http_answer.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

/// Read in pieces of every size, as it comes from a socket.
HttpAnswer read_in_pieces(std::string_view text, size_t piece) {
  HttpAnswerReader reader;
  for (size_t at = 0; at < text.size() && !reader.done(); at += piece) REQUIRE(reader.read(text.substr(at, piece)));
  reader.end();
  REQUIRE(reader.done());
  return reader.answer();
}

}  // namespace

TEST_CASE("an answer comes out whole whatever the pieces it arrives in", "[http]") {
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    const HttpAnswer plain = read_in_pieces("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", piece);
    CHECK(plain.status == 200);
    CHECK(plain.keep_alive);
    const HttpAnswer chunked = read_in_pieces(
        "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\nConnection: "
        "close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        piece);
    CHECK(chunked.status == 503);
    CHECK_FALSE(chunked.keep_alive);
    CHECK(chunked.retry_after_s == 7);
    const HttpAnswer after = read_in_pieces("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", piece);
    CHECK(after.status == 204);
    const HttpAnswer endless = read_in_pieces("HTTP/1.0 200 OK\r\n\r\nuntil the end", piece);
    CHECK(endless.status == 200);
    CHECK_FALSE(endless.keep_alive);
  }
}

TEST_CASE("of a long answer the status is enough", "[http]") {
  HttpAnswerReader reader;
  CHECK(reader.read("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + std::string(1000, 'x')));
  CHECK(reader.done());
  CHECK(reader.answer().status == 200);
  CHECK_FALSE(reader.answer().keep_alive);
}

TEST_CASE("what is no answer is an error", "[http]") {
  HttpAnswerReader nonsense;
  CHECK_FALSE(nonsense.read("220 smtp.example.org ESMTP\r\n\r\n"));
  CHECK_FALSE(nonsense.error().empty());
  HttpAnswerReader cut;
  CHECK(cut.read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"));
  cut.end();
  CHECK_FALSE(cut.done());
  CHECK_FALSE(cut.error().empty());
  HttpAnswerReader dates;
  CHECK(dates.read("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n"));
  CHECK_FALSE(dates.answer().retry_after_s.has_value());
}

TEST_CASE("a URL says where and how", "[http]") {
  const auto plain = parse_http_url("http://Example.org/a?b=c#d");
  REQUIRE(plain.ok());
  CHECK_FALSE(plain->tls);
  CHECK(plain->host == "example.org");
  CHECK(plain->port == 80);
  CHECK(plain->target == "/a?b=c");
  CHECK(plain->authority() == "example.org");
  const auto tls = parse_http_url("HTTPS://[::1]:8443?x");
  REQUIRE(tls.ok());
  CHECK(tls->tls);
  CHECK(tls->host == "::1");
  CHECK(tls->target == "/?x");
  CHECK(tls->authority() == "[::1]:8443");
  for (const char* wrong :
       {"", "example.org", "ftp://example.org", "http://", "http://a b/", "http://a:0/", "http://a:99999/",
        "http://a:b/", "http://user:password@a/", "http://a/\r\nX: y", "http://a/\xc3\xa4"}) {
    CHECK(error_code(parse_http_url(wrong).status()) == ErrorCode::kInvalidParameterValue);
  }
}

TEST_CASE("a header cannot begin another line", "[http]") {
  const auto url = parse_http_url("http://a/b");
  CHECK(http_post_text(*url, {{"X", "y\r\nZ: evil"}}, "{}") ==
        "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX: y\r\n\r\n{}");
}

}  // namespace troupe
