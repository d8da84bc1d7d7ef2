#include "actors/partition/dead_commands.hpp"

#include <catch2/catch.hpp>

namespace troupe {

TEST_CASE("writes of commands that were taken back are dead, others are not", "[partition]") {
  DeadCommands dead;
  dead.add(7, 3, 6);
  CHECK_FALSE(dead.contains(7, 2));
  CHECK(dead.contains(7, 3));
  CHECK(dead.contains(7, 5));
  CHECK_FALSE(dead.contains(7, 6));
  CHECK_FALSE(dead.contains(8, 3));
}

TEST_CASE("going back further takes what lies between", "[partition]") {
  DeadCommands dead;
  dead.add(7, 10, 12);
  dead.add(7, 14, 16);
  CHECK_FALSE(dead.contains(7, 12));
  dead.add(7, 5, 20);
  CHECK(dead.contains(7, 5));
  CHECK(dead.contains(7, 12));
  CHECK(dead.contains(7, 19));
  CHECK_FALSE(dead.contains(7, 4));
  CHECK_FALSE(dead.contains(7, 20));
}

TEST_CASE("what has arrived is remembered no longer", "[partition]") {
  DeadCommands dead;
  dead.add(7, 3, 6);
  dead.add(7, 2, 10);
  dead.arrived(7, 6);
  CHECK_FALSE(dead.contains(7, 5));
  CHECK(dead.contains(7, 6));
  dead.arrived(7, 10);
  CHECK(dead.empty());
  dead.add(7, 11, 12);
  dead.forget(7);
  CHECK(dead.empty());
}

}  // namespace troupe
