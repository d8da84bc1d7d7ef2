#pragma once
/// A cell: one thread that is the loop of its sockets and a CAF execution unit at once (design.md §1 and §4). A message
/// sent by an actor that runs here, to an idle actor, is handled here too, so a statement runs from socket to
/// partition and back without a hand-over. The loop is epoll's, not Asio's: docs/decisions/0004.
/// Owner: the node. drain() and everything that sockets of this cell do happen on its thread only.
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include "runtime/cell/socket_poller.hpp"
#include "runtime/cell/spin_policy.hpp"

namespace troupe {

struct CellOptions {
  uint32_t index = 0;
  /// The core that the thread stays on; -1: the kernel chooses (docs/decisions/0007).
  int core = -1;
  /// A drain ends after so many turns, then the sockets are polled.
  uint32_t turns_max = 64;
  /// Messages an actor handles in one turn.
  uint32_t messages_per_turn = 50;
  /// The longest that a cell without work looks for some before it sleeps (spin_policy.hpp).
  uint64_t spin_ns_max = 50'000;
};

class Cell final : public caf::execution_unit {
 public:
  Cell(caf::actor_system& system, CellOptions options);
  ~Cell() override;

  /// Any thread: queues an actor that has become ready.
  void exec_later(caf::resumable* job) override;

  /// This thread: runs `work` once the sockets were polled.
  void postpone(std::function<void(caf::execution_unit*)> work) { postponed_.push_back(std::move(work)); }

  /// Any thread: the same, of this cell.
  void post(std::function<void(caf::execution_unit*)> work);

  void start();
  /// Any thread: ends the loop after the jobs that are ready now.
  void stop();
  void join();

  SocketPoller& sockets() { return sockets_; }
  const SocketPoller& sockets() const { return sockets_; }
  uint32_t index() const { return options_.index; }
  /// The cell whose thread this is, or null.
  static Cell* current();

  /// On this cell's thread: some actor waits for its turn.
  bool has_ready() const { return !ready_.empty(); }

  /// Any thread: it has been busy with one turn for so long that a client better goes elsewhere.
  bool stuck() const;

  uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  void run();
  void stay_on_core() const;
  void take_inbox();
  void drop_jobs();
  bool drain();
  void run_postponed();
  bool has_work_waiting() const {
    return !ready_.empty() || !postponed_.empty() || inbox_filled_.load(std::memory_order_relaxed);
  }
  bool has_work() { return inbox_filled_.load(std::memory_order_relaxed) || sockets_.poll() > 0; }
  bool spin();
  void sleep();
  void wake();

  /// What another thread writes to when the cell sleeps. Being told is all there is to it.
  class Alarm final : public SocketEvents {
   public:
    Alarm();
    ~Alarm() override;
    void on_ready(bool, bool, bool) override {}
    void ring();
    int descriptor() const { return descriptor_; }

   private:
    int descriptor_;
  };

  CellOptions options_;
  Alarm alarm_;
  SocketPoller sockets_;
  SpinPolicy spin_policy_;
  std::deque<caf::resumable*> ready_;
  std::vector<std::function<void(caf::execution_unit*)>> postponed_;
  std::mutex inbox_mutex_;
  std::vector<caf::resumable*> inbox_;                             ///< from other threads
  std::vector<caf::resumable*> taken_;                             ///< reused by take_inbox()
  std::vector<std::function<void(caf::execution_unit*)>> posted_;  ///< the inbox's, for postponed_
  std::atomic<bool> inbox_filled_{false};
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> turns_{0};
  std::atomic<int64_t> round_began_ms_;
  std::thread thread_;
};

}  // namespace troupe
