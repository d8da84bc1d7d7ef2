#include "runtime/cell/socket_poller.hpp"

#include "runtime/cell/send_batch.hpp"

#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

uint32_t index_of(SocketPoller::Handle handle) { return static_cast<uint32_t>(handle); }
uint32_t generation_of(SocketPoller::Handle handle) { return static_cast<uint32_t>(handle >> 32); }

}  // namespace

SocketPoller::SocketPoller() : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, sends_{std::make_unique<SendBatch>()} {
  TROUPE_CHECK(epoll_ >= 0);
}

SocketPoller::~SocketPoller() { ::close(epoll_); }

absl::StatusOr<SocketPoller::Handle> SocketPoller::add(int socket, SocketEvents* events) {
  return add_for(socket, events, kReadEvents);
}

absl::StatusOr<SocketPoller::Handle> SocketPoller::add_shared(int socket, SocketEvents* events) {
  return add_for(socket, events, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
}

absl::StatusOr<SocketPoller::Handle> SocketPoller::add_for(int socket, SocketEvents* events, uint32_t wanted) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(registrations_.size()));
    registrations_.emplace_back();
  }
  const uint32_t index = free_.back();
  const Handle handle = static_cast<Handle>(registrations_[index].generation) << 32 | index;
  registrations_[index].events = events;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = handle;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) {
    registrations_[index].events = nullptr;
    return error(ErrorCode::kSystemError, "cannot watch a socket: ", std::strerror(errno));
  }
  free_.pop_back();
  return handle;
}

void SocketPoller::want_writable(Handle handle, int socket, bool wanted) {
  epoll_event event{};
  event.events = kReadEvents | (wanted ? static_cast<uint32_t>(EPOLLOUT) : 0);
  event.data.u64 = handle;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
}

void SocketPoller::remove(Handle handle, int socket) {
  Registration& registration = registrations_[index_of(handle)];
  TROUPE_CHECK(registration.generation == generation_of(handle));
  registration.events = nullptr;
  ++registration.generation;
  free_.push_back(index_of(handle));
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
}

size_t SocketPoller::wait(int timeout_ms) {
  epoll_event events[kReadyMax];
  const int count = ::epoll_wait(epoll_, events, kReadyMax, timeout_ms);
  ready_count_ = count > 0 ? static_cast<size_t>(count) : 0;
  for (size_t i = 0; i < ready_count_; ++i) ready_[i] = {events[i].data.u64, events[i].events};
  return ready_count_;
}

void SocketPoller::tell() {
  core_.store(::sched_getcpu(), std::memory_order_relaxed);
  for (size_t i = 0; i < ready_count_; ++i) {
    const Ready ready = ready_[i];
    // A copy: the call may add sockets. Whoever was removed by an earlier call is not told.
    const Registration registration = registrations_[index_of(ready.handle)];
    if (registration.events == nullptr || registration.generation != generation_of(ready.handle)) continue;
    registration.events->on_ready((ready.events & EPOLLIN) != 0, (ready.events & EPOLLOUT) != 0,
                                  (ready.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
  ready_count_ = 0;
}

}  // namespace troupe
