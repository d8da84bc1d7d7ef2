#include "runtime/exec/task.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "runtime/exec/data_access.hpp"

namespace troupe {
namespace {

Task<int> answer_at_once(int value) { co_return value; }

Task<int> sum_of_many(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    auto part = answer_at_once(1);
    sum += co_await part;
  }
  co_return sum;
}

Task<int> answer_after(ReplySignal& signal, int value) {
  co_await signal;
  co_return value;
}

Task<std::string> twice(ReplySignal& first, ReplySignal& second) {
  auto a = answer_after(first, 1);
  const int left = co_await a;
  auto b = answer_after(second, 2);
  const int right = co_await b;
  co_return std::to_string(left) + std::to_string(right);
}

Task<void> fail() {
  TROUPE_CHECK(false);
  co_return;
}

Task<int> await_failure() {
  auto failing = fail();
  co_await failing;
  co_return 1;
}

struct Counted {
  explicit Counted(int* alive) : alive_{alive} { ++*alive_; }
  ~Counted() { --*alive_; }
  int* alive_;
};

Task<void> hold_while_waiting(ReplySignal& signal, int* alive) {
  const Counted counted(alive);
  auto inner = answer_after(signal, 0);
  co_await inner;
}

}  // namespace

TEST_CASE("a task does nothing before it is started", "[task]") {
  auto task = answer_at_once(7);
  CHECK_FALSE(task.done());
  task.start();
  REQUIRE(task.done());
  CHECK(task.result() == 7);
}

TEST_CASE("a million tasks that answer at once need no stack", "[task]") {
  auto task = sum_of_many(1'000'000);
  task.start();
  REQUIRE(task.done());
  CHECK(task.result() == 1'000'000);
}

TEST_CASE("a reply wakes the whole chain of waiting tasks", "[task]") {
  ReplySignal first, second;
  auto task = twice(first, second);
  task.start();
  CHECK_FALSE(task.done());
  first.raise();
  CHECK_FALSE(task.done());
  second.raise();
  REQUIRE(task.done());
  CHECK(task.result() == "12");
}

TEST_CASE("a signal raised before the wait is not lost", "[task]") {
  ReplySignal signal;
  signal.raise();
  auto task = answer_after(signal, 3);
  task.start();
  REQUIRE(task.done());
  CHECK(task.result() == 3);
}

TEST_CASE("a failed check reaches whoever takes the result", "[task]") {
  auto task = await_failure();
  task.start();
  REQUIRE(task.done());
  CHECK_THROWS_AS(task.result(), CheckFailure);
}

TEST_CASE("destroying a waiting task destroys what its frames hold", "[task]") {
  int alive = 0;
  ReplySignal signal;
  {
    auto task = hold_while_waiting(signal, &alive);
    task.start();
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

}  // namespace troupe
