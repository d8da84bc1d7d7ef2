#include <catch2/catch.hpp>

#include "actors/session/cell_choice.hpp"

namespace troupe {
namespace {

int samples_until_move(CoreVote& vote, int most) {
  for (int i = 1; i <= most; ++i) {
    if (vote.elsewhere(false)) return i;
  }
  return 0;
}

TEST_CASE("a client that stays on another core moves after a while", "[cells]") {
  CoreVote vote;
  CHECK(samples_until_move(vote, 100) == 16);
}

TEST_CASE("a client that is here half of the time stays", "[cells]") {
  CoreVote vote;
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(vote.elsewhere(i % 2 == 0));
}

TEST_CASE("a client that has just moved stays for a good while", "[cells]") {
  CoreVote vote;
  vote.moved();
  CHECK(samples_until_move(vote, 1000) == 64 + 16);
}

TEST_CASE("only now and then it is asked where a client is", "[cells]") {
  CoreVote vote;
  int asked = 0;
  for (int i = 0; i < 800; ++i) asked += vote.due() ? 1 : 0;
  CHECK(asked == 100);
}

}  // namespace
}  // namespace troupe
