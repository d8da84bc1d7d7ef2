#include "actors/cluster/link_loop.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <pthread.h>

namespace troupe {
namespace {
/// Messages an actor handles before others have their turn.
constexpr size_t kMessagesPerTurn = 50;
thread_local const LinkLoop* current_loop = nullptr;
}  // namespace

LinkLoop::LinkLoop(caf::actor_system& system) : execution_unit(&system) {}

LinkLoop::~LinkLoop() {
  stop();
  for (caf::resumable* job : ready_) caf::intrusive_ptr_release(job);
}

void LinkLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void LinkLoop::stop() {
  if (stopping_.exchange(true)) return;
  asio::post(io_, [] {});
  if (thread_.joinable()) thread_.join();
}

void LinkLoop::exec_later(caf::resumable* job) {
  if (current_loop == this) {
    ready_.push_back(job);
  } else {
    asio::post(io_, [this, job] { ready_.push_back(job); });
  }
}

void LinkLoop::run() {
  current_loop = this;
  pthread_setname_np(pthread_self(), "links");
  const auto guard = asio::make_work_guard(io_);
  while (!ready_.empty() || !stopping_.load(std::memory_order_acquire)) {
    if (ready_.empty()) {
      io_.run_one();
      continue;
    }
    caf::resumable* job = ready_.front();
    ready_.pop_front();
    run_job(job);
    io_.poll();
  }
}

void LinkLoop::run_job(caf::resumable* job) {
  switch (job->resume(this, kMessagesPerTurn)) {
    case caf::resumable::resume_later: ready_.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
}

}  // namespace troupe
