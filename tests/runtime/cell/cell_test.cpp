#include "runtime/cell/cell.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <thread>
#include <vector>

#include "runtime/cell/actor.hpp"

namespace troupe {
namespace {

/// Says on which cell it began, and then counts what it is sent.
class Counter final : public ActorOf<caf::event_based_actor> {
 public:
  Counter(caf::actor_config& config, ActorSeat seat, std::promise<Cell*>& began, std::atomic<uint64_t>& count)
      : ActorOf(config, std::move(seat)), began_{began}, count_{count} {}
  caf::behavior make_behavior() override {
    began_.set_value(Cell::current());
    return {[this](int) {
      ++messages_;  // plain: its turns never overlap
      count_.store(messages_);
    }};
  }

 private:
  std::promise<Cell*>& began_;
  std::atomic<uint64_t>& count_;
  uint64_t messages_ = 0;
};

/// A system with one running cell.
struct Running {
  Running() { cell.start(); }
  ~Running() {
    cell.stop();
    cell.join();
  }
  void end(const caf::actor& actor) {
    caf::scoped_actor self{system};
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
  }
  caf::actor_system_config config;
  caf::actor_system system{config};
  Cell cell{system, CellOptions{}};
};

}  // namespace

TEST_CASE("a pinned actor has even its first turn on its own cell", "[cell]") {
  Running running;
  std::promise<Cell*> began;
  std::atomic<uint64_t> count{0};
  ActorSeat seat;
  seat.pinned = &running.cell;
  const auto counter = running.system.spawn<Counter>(seat, std::ref(began), std::ref(count));
  CHECK(began.get_future().get() == &running.cell);
  running.end(counter);
}

TEST_CASE("a cell that falls asleep again and again misses nothing of what other threads send", "[cell]") {
  constexpr uint64_t kThreads = 3;
  constexpr uint64_t kEach = 2'000;
  Running running;
  std::promise<Cell*> began;
  std::atomic<uint64_t> count{0};
  ActorSeat seat;
  seat.pinned = &running.cell;
  const auto counter = running.system.spawn<Counter>(seat, std::ref(began), std::ref(count));
  std::vector<std::thread> senders;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&, thread] {
      for (uint64_t i = 0; i < kEach; ++i) {
        caf::anon_send(counter, 1);
        // One sender lets the cell fall asleep between its messages, the others keep it busy for a while.
        if (thread == 0 && i % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (count < kThreads * kEach && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  CHECK(count == kThreads * kEach);
  running.end(counter);
}

}  // namespace troupe
