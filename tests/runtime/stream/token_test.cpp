#include "runtime/stream/token.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("a token's text gives the token back", "[stream]") {
  for (const StreamToken token : {StreamToken{2, 0}, StreamToken{1234, 1}, StreamToken{UINT64_MAX, UINT64_MAX}}) {
    std::string text;
    append_token(token, &text);
    const auto parsed = parse_token(text);
    REQUIRE(parsed.ok());
    CHECK(*parsed == token);
  }
}

TEST_CASE("what is no token is refused", "[stream]") {
  for (const char* text : {"", ".", "1", "1.", ".1", "0.1", "1.2.3", "a.b", "-1.1", "+1.1", " 1.1", "1.1 ", "01.1", "1.01",
                           "18446744073709551616.1", "1.18446744073709551616"}) {
    INFO(text);
    const auto parsed = parse_token(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(error_code(parsed.status()) == ErrorCode::kInvalidParameterValue);
  }
}

TEST_CASE("tokens compare in the order of what they have seen", "[stream]") {
  CHECK(StreamToken{5, 9} < StreamToken{6, 0});
  CHECK(StreamToken{6, 1} < StreamToken{6, 2});
}
