#pragma once
/// The sockets of one cell: epoll, edge-triggered, each socket registered once, so that a message costs no system call
/// but its own (docs/decisions/0004).
/// Owner: one cell; everything happens on its thread.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

/// Whom a socket's readiness is told. Edge-triggered: what is told once and not used up must be remembered.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  /// `hung_up`: the peer sends no more, or there was an error; reading says which.
  virtual void on_ready(bool readable, bool writable, bool hung_up) = 0;
};

class SendBatch;

class SocketPoller {
 public:
  using Handle = uint64_t;  ///< of a registration; 0: none

  SocketPoller();
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  /// Tells `events` when there is something to read, until remove(). What is there already is told too.
  /// Errors: kSystemError.
  absl::StatusOr<Handle> add(int socket, SocketEvents* events);
  /// The same for a listening socket that other cells watch too: one of them is told, not all.
  absl::StatusOr<Handle> add_shared(int socket, SocketEvents* events);
  /// Whether it is told too when there is room to write. What is ready now is told once more: also the way to be told
  /// again of what was left unread.
  void want_writable(Handle handle, int socket, bool wanted);
  /// Nothing is told any more, not even what poll() is about to tell. Before the socket is closed.
  void remove(Handle handle, int socket);

  /// Waits until something is ready, for so long at most (0: not at all, -1: for ever); how much is.
  size_t wait(int timeout_ms);
  /// Any thread: how many clients the cell has, for choosing a cell for the next one.
  std::atomic<uint32_t>& clients() { return clients_; }
  const std::atomic<uint32_t>& clients() const { return clients_; }
  /// Any thread: the core that the cell ran on when it last had something to tell; -1: never.
  int core() const { return core_.load(std::memory_order_relaxed); }
  /// Sends of a round go out together.
  SendBatch& sends() { return *sends_; }

  /// Tells what wait() found.
  void tell();
  size_t poll() {
    const size_t found = wait(0);
    if (found > 0) tell();
    return found;
  }

 private:
  absl::StatusOr<Handle> add_for(int socket, SocketEvents* events, uint32_t wanted);

  struct Registration {
    SocketEvents* events = nullptr;
    uint32_t generation = 1;  ///< tells a socket from an earlier one in the same place
  };

  struct Ready {
    Handle handle = 0;
    uint32_t events = 0;
  };
  /// Told in one round; then others have their turn.
  static constexpr size_t kReadyMax = 64;

  int epoll_ = -1;
  std::unique_ptr<SendBatch> sends_;
  std::atomic<uint32_t> clients_{0};
  std::atomic<int> core_{-1};
  std::array<Ready, kReadyMax> ready_;
  size_t ready_count_ = 0;
  std::vector<Registration> registrations_;
  std::vector<uint32_t> free_;
};

}  // namespace troupe
