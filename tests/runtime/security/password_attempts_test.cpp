#include "runtime/security/password_attempts.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

constexpr int64_t kSecond = 1'000'000;

PasswordAttempts::Key key(const char* address, const char* role = "anna") { return {IpAddress::parse(address), role}; }

}  // namespace

TEST_CASE("each wrong password is answered later than the one before, up to eight seconds", "[attempts]") {
  PasswordAttempts attempts;
  int64_t now = 0;
  for (const int64_t delay : {kSecond / 2, kSecond, 2 * kSecond, 4 * kSecond, 8 * kSecond, 8 * kSecond}) {
    now = attempts.enter(key("10.0.0.1"), now).value();
    CHECK(attempts.failed(key("10.0.0.1"), now) == now + delay);
    now += delay;
    attempts.check_invariants();
  }
}

TEST_CASE("attempts that come at the same time are looked at one after the other, and not too many of them wait",
          "[attempts]") {
  PasswordAttempts attempts;
  CHECK(attempts.enter(key("10.0.0.1"), 0) == 0);
  attempts.failed(key("10.0.0.1"), 0);
  for (int64_t turn = 1; turn <= 20; ++turn) CHECK(attempts.enter(key("10.0.0.1"), 0) == turn * kSecond / 2);
  CHECK(attempts.enter(key("10.0.0.1"), 0) == std::nullopt);
}

TEST_CASE("the right password makes the wrong ones forgotten", "[attempts]") {
  PasswordAttempts attempts;
  attempts.failed(key("10.0.0.1"), 0);
  CHECK(attempts.enter(key("10.0.0.1"), 1) == kSecond / 2);
  attempts.succeeded(key("10.0.0.1"));
  CHECK(attempts.enter(key("10.0.0.1"), 2) == 2);
  CHECK(attempts.size() == 0);
}

TEST_CASE("other addresses and other roles are not held up", "[attempts]") {
  PasswordAttempts attempts;
  attempts.failed(key("10.0.0.1"), 0);
  CHECK(attempts.enter(key("10.0.0.2"), 1) == 1);
  CHECK(attempts.enter(key("10.0.0.1", "otto"), 1) == 1);
  CHECK(attempts.enter({std::nullopt, "anna"}, 1) == 1);
}

TEST_CASE("an IPv6 network counts as one address", "[attempts]") {
  PasswordAttempts attempts;
  attempts.failed(key("2001:db8::1"), 0);
  CHECK(attempts.enter(key("2001:db8::2:3"), 1) > 1);
  CHECK(attempts.enter(key("2001:db8:0:1::1"), 1) == 1);
}

TEST_CASE("what is long past is forgotten, and so is the quietest when there are too many", "[attempts]") {
  PasswordAttempts attempts(2);
  attempts.failed(key("10.0.0.1"), 0);
  CHECK(attempts.enter(key("10.0.0.1"), 301 * kSecond) == 301 * kSecond);
  attempts.failed(key("10.0.0.1"), 1);
  attempts.failed(key("10.0.0.2"), 2);
  attempts.failed(key("10.0.0.3"), 3);
  CHECK(attempts.size() == 2);
  CHECK(attempts.enter(key("10.0.0.1"), 4) == 4);
  CHECK(attempts.enter(key("10.0.0.2"), 4) > 4);
}

}  // namespace troupe
