#include "runtime/cell/cell.hpp"

#include "runtime/cell/actor.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <pthread.h>

#include <string>

namespace troupe {
namespace {
thread_local Cell* current_cell = nullptr;
}

Cell::Cell(caf::actor_system& system, CellOptions options) : execution_unit(&system), options_{options}, io_{1} {}

Cell::~Cell() {
  stop();
  join();
  for (caf::resumable* job : ready_) caf::intrusive_ptr_release(job);
}

Cell* Cell::current() { return current_cell; }

void post_to_cell(std::function<void(caf::execution_unit*)> work) {
  if (Cell* cell = current_cell) {
    asio::post(cell->io(), [cell, work = std::move(work)] { work(cell); });
  } else {
    work(nullptr);
  }
}

void Cell::exec_later(caf::resumable* job) {
  if (current_cell == this) {
    ready_.push_back(job);
    return;
  }
  asio::post(io_, [this, job] { ready_.push_back(job); });
}

void Cell::post(std::function<void()> work) { asio::post(io_, std::move(work)); }

void Cell::start() {
  thread_ = std::thread([this] { run(); });
}

void Cell::stop() {
  if (stopping_.exchange(true)) return;
  asio::post(io_, [] {});
}

void Cell::join() {
  if (thread_.joinable()) thread_.join();
}

void Cell::run() {
  current_cell = this;
  pthread_setname_np(pthread_self(), ("cell-" + std::to_string(options_.index)).c_str());
  const auto guard = asio::make_work_guard(io_);
  while (true) {
    const bool more = drain();
    if (stopping_.load(std::memory_order_acquire) && !more) break;
    if (more) {
      io_.poll();
    } else {
      io_.run_one();
    }
  }
  current_cell = nullptr;
}

/// Runs ready actors within the budget; true when some are left.
bool Cell::drain() {
  uint32_t turns = 0;
  while (!ready_.empty() && turns < options_.turns_max) {
    caf::resumable* job = ready_.front();
    ready_.pop_front();
    ++turns;
    switch (job->resume(this, options_.messages_per_turn)) {
      case caf::resumable::resume_later: ready_.push_back(job); break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
      case caf::resumable::shutdown_execution_unit: break;
    }
  }
  turns_.store(turns_.load(std::memory_order_relaxed) + turns, std::memory_order_relaxed);
  return !ready_.empty();
}

}  // namespace troupe
