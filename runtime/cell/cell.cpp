#include "runtime/cell/cell.hpp"

#include "runtime/cell/actor.hpp"
#include "runtime/cell/send_batch.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// Giving the core away took so long: somebody else ran on it.
constexpr uint64_t kOthersRanNs = 3'000;

/// A turn is a fraction of a millisecond, when nothing is amiss.
constexpr int64_t kStuckMs = 50;

thread_local Cell* current_cell = nullptr;

/// A few milliseconds exact, and cheap enough for every round.
int64_t coarse_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

uint64_t now_ns() {
  using namespace std::chrono;
  return static_cast<uint64_t>(duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

Cell::Alarm::Alarm() : descriptor_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} { TROUPE_CHECK(descriptor_ >= 0); }
Cell::Alarm::~Alarm() { ::close(descriptor_); }
void Cell::Alarm::ring() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(descriptor_, &one, sizeof one);
}

Cell::Cell(caf::actor_system& system, CellOptions options)
    : execution_unit(&system), options_{options}, spin_policy_{options.spin_ns_max}, round_began_ms_{coarse_ms()} {
  TROUPE_CHECK(sockets_.add(alarm_.descriptor(), &alarm_).ok());
}

Cell::~Cell() {
  stop();
  join();
}

Cell* Cell::current() { return current_cell; }

void post_to_cell(Cell* home, std::function<void(caf::execution_unit*)> work) {
  if (home != nullptr && home != current_cell) {
    home->post(std::move(work));
  } else if (Cell* cell = current_cell) {
    cell->postpone(std::move(work));
  } else {
    work(nullptr);
  }
}

void Cell::exec_later(caf::resumable* job) {
  if (current_cell == this) {
    ready_.push_back(job);
    return;
  }
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(job);
    inbox_filled_.store(true, std::memory_order_seq_cst);
  }
  wake();
}

void Cell::post(std::function<void(caf::execution_unit*)> work) {
  {
    const std::lock_guard lock(inbox_mutex_);
    posted_.push_back(std::move(work));
    inbox_filled_.store(true, std::memory_order_seq_cst);
  }
  wake();
}

/// Whoever finds the cell asleep wakes it, once. sleep() looks at the inbox after it has said that it sleeps, and here
/// the inbox is filled before: one of the two sees the other (all four are seq_cst).
void Cell::wake() {
  if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false)) alarm_.ring();
}

void Cell::start() {
  thread_ = std::thread([this] { run(); });
}

void Cell::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  wake();
}

/// Whatever is still to be run belongs to actors that have ended, and is let go while there is an actor system.
void Cell::join() {
  if (thread_.joinable()) thread_.join();
  drop_jobs();
}

/// Letting one go may bring more.
void Cell::drop_jobs() {
  while (inbox_filled_.load(std::memory_order_seq_cst) || !ready_.empty() || !postponed_.empty()) {
    take_inbox();
    const auto jobs = std::exchange(ready_, {});
    for (caf::resumable* job : jobs) caf::intrusive_ptr_release(job);
    postponed_.clear();
  }
}

/// Should the core have been taken from the process meanwhile, the kernel chooses as before.
void Cell::stay_on_core() const {
  if (options_.core < 0) return;
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<size_t>(options_.core), &core);
  static_cast<void>(::pthread_setaffinity_np(pthread_self(), sizeof core, &core));
}

bool Cell::stuck() const {
  return !sleeping_.load(std::memory_order_relaxed) &&
         coarse_ms() - round_began_ms_.load(std::memory_order_relaxed) > kStuckMs;
}

void Cell::run() {
  current_cell = this;
  stay_on_core();
  pthread_setname_np(pthread_self(), ("cell-" + std::to_string(options_.index)).c_str());
  while (true) {
    round_began_ms_.store(coarse_ms(), std::memory_order_relaxed);
    take_inbox();
    const bool more = drain();
    sockets_.sends().run();
    if (stopping_.load(std::memory_order_acquire) && !more) break;
    if (more || has_work_waiting()) {
      sockets_.poll();
      run_postponed();
      continue;
    }
    if (!spin()) sleep();
  }
  current_cell = nullptr;
}

void Cell::take_inbox() {
  if (!inbox_filled_.load(std::memory_order_relaxed)) return;
  {
    const std::lock_guard lock(inbox_mutex_);
    taken_.swap(inbox_);
    std::move(posted_.begin(), posted_.end(), std::back_inserter(postponed_));
    posted_.clear();
    inbox_filled_.store(false, std::memory_order_relaxed);
  }
  ready_.insert(ready_.end(), taken_.begin(), taken_.end());
  taken_.clear();
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

/// What was postponed before the sockets were polled.
void Cell::run_postponed() {
  if (postponed_.empty()) return;
  auto postponed = std::exchange(postponed_, {});
  for (const auto& work : postponed) work(this);
}

/// Looks for work for as long as the policy says; true when there was some. The core is offered to others each time:
/// often the one who takes it is the client that has the next request. Otherwise this is no time to spin.
bool Cell::spin() {
  uint64_t now = now_ns();
  const uint64_t budget = spin_policy_.budget_ns(now);
  if (budget == 0) return false;  // going to sleep looks for work too
  if (has_work()) return true;
  const uint64_t deadline = now + budget;
  while (true) {
    const uint64_t before = now;
    ::sched_yield();
    now = now_ns();
    if (has_work()) {
      spin_policy_.found_work();
      return true;
    }
    if (now - before > kOthersRanNs) {
      spin_policy_.disturbed(now);
      return false;
    }
    if (now > deadline) {
      spin_policy_.found_nothing();
      return false;
    }
  }
}

/// Until a socket or another thread has something to do.
void Cell::sleep() {
  sleeping_.store(true, std::memory_order_seq_cst);
  size_t found = 0;
  uint64_t slept_ns = 0;
  if (!inbox_filled_.load(std::memory_order_seq_cst) && !stopping_.load(std::memory_order_seq_cst)) {
    const uint64_t from = now_ns();
    found = sockets_.wait(-1);
    slept_ns = now_ns() - from;
  }
  sleeping_.store(false, std::memory_order_relaxed);
  if (found == 0) return;
  spin_policy_.slept(slept_ns);
  sockets_.tell();
}

}  // namespace troupe
