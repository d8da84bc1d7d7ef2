#pragma once
/// A cell: one thread that is an Asio io_context and a CAF execution unit at once (design.md §1 and §4). A message
/// sent by an actor that runs here, to an idle actor, is handled here too, so a statement runs from socket to
/// partition and back without a hand-over.
/// Owner: the node. drain() and everything that sockets of this cell do happen on its thread only.
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include <asio/io_context.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

namespace troupe {

struct CellOptions {
  uint32_t index = 0;
  /// A drain ends after so many turns, then the sockets are polled.
  uint32_t turns_max = 64;
  /// Messages an actor handles in one turn.
  uint32_t messages_per_turn = 50;
};

class Cell final : public caf::execution_unit {
 public:
  Cell(caf::actor_system& system, CellOptions options);
  ~Cell() override;

  /// Any thread: queues an actor that has become ready.
  void exec_later(caf::resumable* job) override;
  /// Any thread: runs `work` on this cell.
  void post(std::function<void()> work);

  void start();
  /// Any thread: ends the loop after the jobs that are ready now.
  void stop();
  void join();

  asio::io_context& io() { return io_; }
  uint32_t index() const { return options_.index; }
  /// The cell whose thread this is, or null.
  static Cell* current();

  uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool drain();

  CellOptions options_;
  asio::io_context io_;
  std::deque<caf::resumable*> ready_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> turns_{0};
  std::thread thread_;
};

}  // namespace troupe
