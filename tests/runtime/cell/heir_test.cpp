#include "runtime/cell/heir.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace troupe {
namespace {

struct Balance {
  int64_t left = 100;
  int64_t right = -100;
};

Heir<Balance>::Build fresh() {
  return [] { return std::make_unique<Balance>(); };
}

}  // namespace

TEST_CASE("a successor finds the state as the last handler left it", "[heir]") {
  Heir<Balance> heir(fresh());
  const auto first = heir.take_over();
  CHECK(first.rebuilt);
  {
    const Heir<Balance>::Use use(heir, first);
    first->left = 7;
  }
  const auto second = heir.take_over();
  CHECK_FALSE(second.rebuilt);
  CHECK(second->left == 7);
}

TEST_CASE("a predecessor that still runs ends at its next message", "[heir]") {
  Heir<Balance> heir(fresh());
  const auto first = heir.take_over();
  const auto second = heir.take_over();
  CHECK_THROWS_AS(Heir<Balance>::Use(heir, first), CheckFailure);
  CHECK_NOTHROW(Heir<Balance>::Use(heir, second));
}

TEST_CASE("a state whose owner ended inside a handler is built again", "[heir]") {
  Heir<Balance> heir(fresh());
  const auto first = heir.take_over();
  try {
    const Heir<Balance>::Use use(heir, first);
    first->left = 7;
    throw std::runtime_error("half way");
  } catch (const std::runtime_error&) {
  }
  CHECK_FALSE(heir.usable());
  const auto second = heir.take_over();
  CHECK(second.rebuilt);
  CHECK(second->left == 100);
}

TEST_CASE("an owner that ends uses the state once more only while it is the owner and the state is whole", "[heir]") {
  Heir<Balance> heir(fresh());
  int used = 0;
  const auto use = [&] { ++used; };
  heir.use_for_the_last_time({}, use);
  CHECK(used == 0);
  const auto first = heir.take_over();
  heir.use_for_the_last_time(first, use);
  CHECK(used == 1);
  const auto second = heir.take_over();
  heir.use_for_the_last_time(first, use);
  CHECK(used == 1);
  try {
    const Heir<Balance>::Use half_way(heir, second);
    throw std::runtime_error("half way");
  } catch (const std::runtime_error&) {
  }
  heir.use_for_the_last_time(second, use);
  CHECK(used == 1);
}

TEST_CASE("owners that take over while others are at work never see a handler's work half done", "[heir]") {
  constexpr int kTakeovers = 300;
  Heir<Balance> heir(fresh());
  std::atomic<uint64_t> torn{0};
  std::vector<std::thread> actors;
  for (int i = 0; i < 3; ++i) {
    actors.emplace_back([&] {
      for (int lives = 0; lives < kTakeovers; ++lives) {
        const auto mine = heir.take_over();
        try {
          for (int messages = 0; messages < 50; ++messages) {
            const Heir<Balance>::Use use(heir, mine);
            torn += mine->left + mine->right != 0 ? 1 : 0;
            ++mine->left;
            --mine->right;
          }
        } catch (const CheckFailure&) {  // a successor has taken over
        }
      }
    });
  }
  for (std::thread& actor : actors) actor.join();
  CHECK(torn == 0);
}

}  // namespace troupe
