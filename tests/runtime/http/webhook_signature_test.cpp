#include "runtime/http/webhook_signature.hpp"

#include <catch2/catch.hpp>

namespace troupe {

TEST_CASE("a delivery is signed as the Standard Webhooks specification has it", "[http]") {
  // Its own example (github.com/standard-webhooks/standard-webhooks, libraries' test of a known signature).
  const auto key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  REQUIRE(key.ok());
  CHECK(webhook_signature({*key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("each of several keys signs, so that receivers can change over", "[http]") {
  const std::string both = webhook_signature({std::string(32, 'a'), std::string(32, 'b')}, "id", 1, "{}");
  CHECK(both == webhook_signature({std::string(32, 'a')}, "id", 1, "{}") + " " +
                    webhook_signature({std::string(32, 'b')}, "id", 1, "{}"));
}

TEST_CASE("a secret is whsec_ and 24 to 64 bytes in base64", "[http]") {
  for (const char* wrong :
       {"", "hush", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const auto key = webhook_key(wrong);
    REQUIRE_FALSE(key.ok());
    CHECK(error_code(key.status()) == ErrorCode::kInvalidParameterValue);
    // An error is seen by others.
    if (*wrong != '\0') CHECK(std::string(error_fields(key.status()).message).find(wrong) == std::string::npos);
  }
}

}  // namespace troupe
