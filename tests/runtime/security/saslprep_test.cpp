#include "runtime/security/saslprep.hpp"

#include <catch2/catch.hpp>

namespace troupe {

TEST_CASE("RFC 4013's examples are reproduced", "[saslprep]") {
  CHECK(prepared_password("I\u00ADX") == "IX");
  CHECK(prepared_password("user") == "user");
  CHECK(prepared_password("USER") == "USER");
  CHECK(prepared_password("\u00AA") == "a");
  CHECK(prepared_password("\u2168") == "IX");
}

TEST_CASE("what is not let through is used as it is", "[saslprep]") {
  CHECK(prepared_password("a\u0007\u00AA") == "a\u0007\u00AA");  // a control character
  CHECK(prepared_password("\u0627\u0031") == "\u0627\u0031");    // begins right to left, and does not end so
  CHECK(prepared_password("\u00AD") == "\u00AD");                // nothing is left of it
  CHECK(prepared_password("\u0221\u00AA") == "\u0221\u00AA");    // was no character when the RFC was written
  CHECK(prepared_password("\xFF\xAA") == "\xFF\xAA");            // not UTF-8
}

TEST_CASE("it does not matter how a letter was typed", "[saslprep]") {
  CHECK(prepared_password("e\u0301") == "\u00E9");
  CHECK(prepared_password("\u1112\u1161\u11AB") == "\uD55C");
  CHECK(prepared_password("\uD55C") == "\uD55C");
  CHECK(prepared_password("a\u0323\u0307") == prepared_password("a\u0307\u0323"));
  CHECK(prepared_password("\u1E0B\u0323") == "\u1E0D\u0307");  // Unicode's own example of marks put in order
  CHECK(prepared_password("a\u00A0b") == "a b");
  CHECK(prepared_password("\uFB01") == "fi");
  CHECK(prepared_password("\u0915\u093C") == "\u0915\u093C");  // excluded from composition
}

}  // namespace troupe
