#include <catch2/catch.hpp>

#include "runtime/cell/spin_policy.hpp"

namespace troupe {
namespace {

constexpr uint64_t kMs = 1'000'000;

TEST_CASE("a cell begins to look for work when its sleeps turn out short", "[spin]") {
  SpinPolicy policy(50'000);
  CHECK(policy.budget_ns(0) == 0);
  policy.slept(10 * kMs);
  CHECK(policy.budget_ns(0) == 0);
  policy.slept(20'000);
  CHECK(policy.budget_ns(0) == 10'000);
  for (int i = 0; i < 10; ++i) policy.slept(20'000);
  CHECK(policy.budget_ns(0) == 50'000);
}

TEST_CASE("looking for nothing ends soon", "[spin]") {
  SpinPolicy policy(50'000);
  for (int i = 0; i < 10; ++i) policy.slept(20'000);
  int rounds = 0;
  for (; policy.budget_ns(0) > 0; ++rounds) policy.found_nothing();
  CHECK(rounds <= 4);
}

TEST_CASE("while others want the core a cell keeps away, longer each time, until looking pays again", "[spin]") {
  SpinPolicy policy(50'000);
  policy.slept(20'000);
  policy.disturbed(0);
  CHECK(policy.budget_ns(kMs - 1) == 0);
  CHECK(policy.budget_ns(kMs) > 0);
  policy.disturbed(kMs);
  CHECK(policy.budget_ns(3 * kMs - 1) == 0);
  CHECK(policy.budget_ns(3 * kMs) > 0);
  policy.found_work();
  policy.disturbed(10 * kMs);
  CHECK(policy.budget_ns(11 * kMs) > 0);
}

TEST_CASE("a policy of none never looks", "[spin]") {
  SpinPolicy policy(0);
  policy.slept(0);
  CHECK(policy.budget_ns(0) == 0);
}

}  // namespace
}  // namespace troupe
