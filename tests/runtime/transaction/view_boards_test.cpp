#include "runtime/transaction/view_boards.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

const std::function<void()> kNobody = [] {};

TEST_CASE("a snapshot between two boundaries is the older one's as far as nothing changed", "[continuous]") {
  ViewBoard board;
  ViewBoundary boundary;
  CHECK(board.find(10, true, &boundary, kNobody) == ViewBoard::Found::kNever);
  board.publish(10, 12, 1);
  board.advance(20);
  board.publish(25, 27, 3);

  REQUIRE(board.find(15, true, &boundary, kNobody) == ViewBoard::Found::kThere);
  CHECK(boundary.base == 10);
  CHECK(boundary.stored == 12);
  CHECK(board.find(22, true, &boundary, kNobody) == ViewBoard::Found::kNever);
  REQUIRE(board.find(22, false, &boundary, kNobody) == ViewBoard::Found::kThere);
  CHECK(boundary.base == 25);
}

TEST_CASE("whoever waits is told when the view has come that far", "[continuous]") {
  ViewBoard board;
  ViewBoundary boundary;
  int told = 0;
  board.publish(10, 11, 1);
  REQUIRE(board.find(30, false, &boundary, [&] { ++told; }) == ViewBoard::Found::kLater);
  board.advance(29);
  CHECK(told == 0);
  board.publish(31, 32, 1);
  CHECK(told == 1);
  board.advance(40);
  CHECK(told == 1);
}

TEST_CASE("nobody waits for a view that is made anew, has failed or is left", "[continuous]") {
  for (const auto& end : {+[](ViewBoard& board) { board.rebuild("why"); }, +[](ViewBoard& board) { board.fail("why"); },
                          +[](ViewBoard& board) { board.leave(); }}) {
    ViewBoard board;
    ViewBoundary boundary;
    int told = 0;
    board.publish(10, 11, 1);
    REQUIRE(board.find(30, false, &boundary, [&] { ++told; }) == ViewBoard::Found::kLater);
    end(board);
    CHECK(told == 1);
    CHECK(board.find(30, false, &boundary, kNobody) == ViewBoard::Found::kNever);
  }
}

TEST_CASE("a view is kept by one at a time", "[continuous]") {
  ViewBoard board;
  CHECK(board.enter());
  CHECK_FALSE(board.enter());
  board.leave();
  CHECK(board.enter());
}

}  // namespace
}  // namespace troupe
