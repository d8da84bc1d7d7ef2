#include <catch2/catch.hpp>

#include "runtime/cell/restart_backoff.hpp"

namespace troupe {
namespace {

constexpr int64_t kFirstMs = 1;
constexpr int64_t kMostMs = 100;

TEST_CASE("one that fails now and then is restarted at once, however often it has failed", "[supervisor]") {
  RestartBackoff backoff;
  for (int i = 0; i < 1'000; ++i) CHECK(backoff.next_ms(100, kFirstMs, kMostMs) == 0);
}

TEST_CASE("one that fails at once is waited for twice as long each time, up to the most", "[supervisor]") {
  RestartBackoff backoff;
  for (const int64_t expected : {1, 2, 4, 8, 16, 32, 64, 100, 100}) {
    CHECK(backoff.next_ms(5, kFirstMs, kMostMs) == expected);
  }
}

TEST_CASE("one that has settled after failures is restarted at once again", "[supervisor]") {
  RestartBackoff backoff;
  for (int i = 0; i < 3; ++i) backoff.next_ms(0, kFirstMs, kMostMs);
  CHECK(backoff.next_ms(399, kFirstMs, kMostMs) == 8);
  CHECK(backoff.next_ms(800, kFirstMs, kMostMs) == 0);
  CHECK(backoff.next_ms(0, kFirstMs, kMostMs) == 1);
}

}  // namespace
}  // namespace troupe
