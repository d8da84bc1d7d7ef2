#include "runtime/cell/supervisor.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {
namespace {
constexpr int64_t kUsPerMs = 1'000;
}  // namespace

Supervisor::Supervisor(caf::actor_config& config, ActorSeat seat, SupervisorOptions options,
                       std::vector<ChildSpec> children)
    : ActorOf(config, std::move(seat)), options_{std::move(options)} {
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
  set_exit_handler([this](caf::exit_msg&) { begin_stop(); });
  for (ChildSpec& spec : children) add_child(spec);
}

Supervisor::behavior_type Supervisor::make_behavior() {
  running();
  return {
      [this](add_child_atom, const ChildSpecPtr& spec) {
        if (!stopping_) add_child(*spec);
      },
      [this](restart_atom, uint64_t serial) { on_restart_due(serial); },
      [this](stop_atom) { begin_stop(); },
  };
}

void Supervisor::on_exit() {
  for (const auto& [serial, child] : children_) {
    options_.registry->remove(child.seat.record->id);  // also of one that waits to be started again
    if (!child.address) continue;
    tell<caf::message_priority::high>(child.address, caf::exit_msg{address(), caf::make_error(caf::exit_reason::kill)});
  }
}

void Supervisor::add_child(const ChildSpec& spec) {
  Child child;
  child.spec = spec;
  child.serial = next_serial_++;
  child.seat.record = options_.registry->add(seat().record ? seat().record->id : 0, spec.kind, spec.name);
  child.seat.pinned = spec.pinned;
  const uint64_t serial = child.serial;
  start_child(children_.emplace(serial, std::move(child)).first->second);
}

void Supervisor::start_child(Child& child) {
  child.restart_wanted = false;
  child.started_at_us = options_.clock->monotonic_us();
  // Sends to a dead actor are counted as enqueued but never handled; a new incarnation starts with an empty mailbox.
  ActorRecord& record = *child.seat.record;
  record.handled.store(record.enqueued.load(std::memory_order_relaxed), std::memory_order_relaxed);
  child.address = child.spec.start(*this, child.seat);
  monitor(child.address);
  running_.emplace(child.address.address(), child.serial);
  record.kill.set(std::make_shared<const std::function<void()>>([address = child.address.address()] {
    if (const auto actor = caf::actor_cast<caf::actor>(address)) {
      caf::anon_send<caf::message_priority::high>(
          actor, caf::exit_msg{actor.address(), caf::make_error(caf::exit_reason::kill)});
    }
  }));
  record.state.store(ActorState::kRunning, std::memory_order_relaxed);
  if (child.spec.on_started) child.spec.on_started(child.address);
}

std::string Supervisor::reason_text(const Child& child, const caf::error& reason) const {
  const std::string note = child.seat.failure->take();
  return note.empty() ? system().render(reason) : note;
}

void Supervisor::on_down(const caf::down_msg& down) {
  const auto found = running_.find(down.source);
  if (found == running_.end()) return;
  Child& child = children_.at(found->second);
  running_.erase(found);
  child.address = nullptr;
  if (stopping_) {
    child.seat.record->state.store(ActorState::kStopped, std::memory_order_relaxed);
    stop_next();
    return;
  }
  if (child.restart_wanted) {  // a sibling that we stopped
    start_stopped_children();
    return;
  }
  const bool normal = !down.reason || down.reason == caf::exit_reason::normal;
  const bool temporary = child.spec.restart == RestartType::kTemporary;
  if (temporary || (normal && child.spec.restart == RestartType::kTransient)) {
    if (!normal && options_.events != nullptr) {
      options_.events->add("end", child.spec.name, reason_text(child, down.reason));
    }
    forget(child.serial);
    return;
  }
  const std::string reason = reason_text(child, down.reason);
  child.seat.record->state.store(ActorState::kRestarting, std::memory_order_relaxed);
  child.seat.record->restarts.fetch_add(1, std::memory_order_relaxed);
  if (!within_intensity()) {
    give_up(reason);
    return;
  }
  restart_from(child, reason);
}

/// True when one more restart is within the allowed number in the window.
bool Supervisor::within_intensity() {
  const int64_t now = options_.clock->monotonic_us();
  restart_times_us_.push_back(now);
  while (now - restart_times_us_.front() > options_.intensity.within_ms * kUsPerMs) restart_times_us_.pop_front();
  return restart_times_us_.size() <= options_.intensity.restarts_max;
}

void Supervisor::restart_from(Child& failed, const std::string& reason) {
  if (options_.events != nullptr) options_.events->add("restart", failed.spec.name, reason);
  failed.restart_wanted = true;

  const bool all = options_.strategy == RestartStrategy::kOneForAll;
  const bool rest = options_.strategy == RestartStrategy::kRestForOne;
  for (auto it = children_.rbegin(); (all || rest) && it != children_.rend(); ++it) {
    Child& sibling = it->second;
    if (&sibling == &failed || (rest && sibling.serial < failed.serial) || !sibling.address) continue;
    sibling.restart_wanted = sibling.spec.restart != RestartType::kTemporary;
    sibling.seat.record->state.store(ActorState::kRestarting, std::memory_order_relaxed);
    ask_to_end(sibling);
  }
  const int64_t lived_ms = (options_.clock->monotonic_us() - failed.started_at_us) / kUsPerMs;
  const int64_t delay_ms =
      failed.backoff.next_ms(lived_ms, options_.intensity.backoff_first_ms, options_.intensity.backoff_max_ms);
  if (delay_ms == 0) {
    start_stopped_children();
    return;
  }
  failed.backs_off = true;
  tell_self_after(std::chrono::milliseconds(delay_ms), restart_atom::value, failed.serial);
}

void Supervisor::on_restart_due(uint64_t serial) {
  const auto found = children_.find(serial);
  if (stopping_ || found == children_.end()) return;
  found->second.backs_off = false;
  start_stopped_children();
}

/// Starts what is down and wanted, in order. One that backs off holds up those that depend on it, and nobody else.
void Supervisor::start_stopped_children() {
  if (!may_start_any()) return;
  for (auto& [serial, child] : children_) {
    if (!child.restart_wanted) continue;
    if (!child.backs_off) {
      start_child(child);
    } else if (options_.strategy == RestartStrategy::kRestForOne) {
      return;
    }
  }
}

/// Not while a sibling that has to stop first still runs.
bool Supervisor::may_start_any() const {
  const bool all = options_.strategy == RestartStrategy::kOneForAll;
  return std::none_of(children_.begin(), children_.end(), [all](const auto& entry) {
    const Child& child = entry.second;
    return child.restart_wanted && (child.address || (all && child.backs_off));
  });
}

void Supervisor::forget(uint64_t serial) {
  options_.registry->remove(children_.at(serial).seat.record->id);
  children_.erase(serial);
}

void Supervisor::ask_to_end(const Child& child) {
  tell<caf::message_priority::high>(child.address,
                                    caf::exit_msg{address(), caf::make_error(caf::exit_reason::user_shutdown)});
}

void Supervisor::give_up(const std::string& reason) {
  const std::string text = cat(options_.name, " gave up after ", restart_times_us_.size(), " restarts within ",
                               options_.intensity.within_ms, " ms; the last reason: ", reason);
  if (options_.events != nullptr) options_.events->add("give up", options_.name, text);
  seat().failure->set(text);
  for (const auto& [serial, child] : children_) {
    if (child.address) ask_to_end(child);
  }
  quit(caf::make_error(caf::exit_reason::unhandled_exception));
}

void Supervisor::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  stop_next();
}

/// Stops the last running child; the next follows when it is down.
void Supervisor::stop_next() {
  for (auto it = children_.rbegin(); it != children_.rend(); ++it) {
    if (!it->second.address) continue;
    ask_to_end(it->second);
    return;
  }
  for (const auto& [serial, child] : children_) options_.registry->remove(child.seat.record->id);
  quit();
}

}  // namespace troupe
