#pragma once
/// Where links live: a thread that is an Asio loop and a CAF execution unit at once, so that a link and the actors that
/// use it never overlap. A cell polls nothing but its clients' sockets and needs no Asio; a node has few links, and
/// their TLS is work that should not stand in front of a statement.
/// Owner: who starts the links. Everything that belongs to a link happens on this thread.
#include <atomic>
#include <deque>
#include <thread>

#include <asio/io_context.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

namespace troupe {

class LinkLoop final : public caf::execution_unit {
 public:
  explicit LinkLoop(caf::actor_system& system);
  ~LinkLoop() override;

  void start();
  /// Ends the loop after what is ready now, and waits for that.
  void stop();

  /// Any thread.
  void exec_later(caf::resumable* job) override;
  asio::io_context& io() { return io_; }

 private:
  void run();
  void run_job(caf::resumable* job);

  asio::io_context io_{1};
  std::deque<caf::resumable*> ready_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe
