#include "runtime/transaction/subscription_boards.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

TEST_CASE("a subscription has one worker", "[subscription]") {
  SubscriptionBoards boards;
  CHECK(boards.enter(1, 100, [] {}));
  CHECK_FALSE(boards.enter(1, 101, [] {}));
  CHECK(boards.enter(2, 102, [] {}));
  CHECK(boards.progress(1).pid == 100);
  boards.leave(1);
  CHECK(boards.progress(1).pid == 0);
  CHECK(boards.enter(1, 103, [] {}));
}

TEST_CASE("whoever holds a subscription hears when its worker has gone, and none comes meanwhile", "[subscription]") {
  SubscriptionBoards boards;
  bool told_to_end = false, gone = false;
  REQUIRE(boards.enter(1, 100, [&] { told_to_end = true; }));
  CHECK_FALSE(boards.hold(1, [&] { gone = true; }));
  CHECK(told_to_end);
  CHECK_FALSE(gone);
  boards.leave(1);
  CHECK(gone);
  CHECK_FALSE(boards.enter(1, 101, [] {}));
  CHECK(boards.hold(1, [] {}));
  boards.release(1);
  CHECK_FALSE(boards.enter(1, 101, [] {}));
  boards.release(1);
  CHECK(boards.enter(1, 101, [] {}));
}

TEST_CASE("what fails is counted and stays after the worker", "[subscription]") {
  SubscriptionBoards boards;
  boards.list({{.oid = 1, .name = "s", .enabled = true}}, boards.changes());
  REQUIRE(boards.enter(1, 100, [] {}));
  boards.fail(1, "no such table", true);
  boards.leave(1);
  boards.fail(1, "no such row", false);
  CHECK(boards.progress(1).copy_errors == 1);
  CHECK(boards.progress(1).apply_errors == 1);
  CHECK(boards.progress(1).error == "no such row");
  boards.list({}, boards.changes());
  CHECK(boards.progress(1).apply_errors == 0);
}

TEST_CASE("a list is of the change that it was made after", "[subscription]") {
  SubscriptionBoards boards;
  CHECK(boards.listed_as_of() < boards.changes());
  boards.list({}, boards.changes());
  CHECK(boards.listed_as_of() == boards.changes());
  boards.changed();
  CHECK(boards.listed_as_of() < boards.changes());
}

}  // namespace
}  // namespace troupe
