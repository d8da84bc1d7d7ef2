#include "tests/sim/sim_platform.hpp"

#include <caf/all.hpp>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

/// A stop needs a few hundred turns; more than this is an endless exchange.
constexpr uint64_t kStopTurnsMax = 200'000;
constexpr int64_t kStopPatienceUs = 10'000'000;

const caf::scheduled_actor* actor_of(const caf::resumable* job) {
  return dynamic_cast<const caf::scheduled_actor*>(job);
}

}  // namespace

/// Where actors are put that become ready by a message of another one.
class SimPlatform::Unit final : public caf::execution_unit {
 public:
  Unit(caf::actor_system& system, caf::scheduler::test_coordinator& coordinator)
      : execution_unit(&system), coordinator_{coordinator} {}
  void exec_later(caf::resumable* job) override { coordinator_.jobs.push_back(job); }

 private:
  caf::scheduler::test_coordinator& coordinator_;
};

void SimPlatform::configure(caf::actor_system_config& config) { config.set("scheduler.policy", caf::atom("testing")); }

/// The same in every run, and no part of what the seed decides.
SecretSource SimPlatform::secrets() {
  return [random = std::make_shared<Random>(1)](size_t size) {
    std::string bytes;
    while (bytes.size() < size) bytes.push_back(static_cast<char>(random->next() >> 56));
    return bytes;
  };
}

std::vector<caf::execution_unit*> SimPlatform::make_units(caf::actor_system& system, uint32_t count) {
  coordinator_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler());
  TROUPE_CHECK(coordinator_ != nullptr);
  unit_ = std::make_unique<Unit>(system, *coordinator_);
  follow_time();
  return std::vector<caf::execution_unit*>(count, unit_.get());
}

std::vector<ChildSpec> SimPlatform::listeners(NodeContext& context) {
  context_ = &context;
  return {};
}

/// Any ready actor; now and then one is kept waiting for long, as a loaded machine may do to a thread.
size_t SimPlatform::choose() {
  const auto& jobs = coordinator_->jobs;
  size_t chosen = random_.below(jobs.size());
  const auto id_of = [&](size_t i) {
    const caf::scheduled_actor* actor = actor_of(jobs[i]);
    return actor == nullptr ? caf::actor_id{0} : actor->id();
  };
  if (starved_turns_ == 0 && random_.below(200) == 0) {
    starved_ = id_of(chosen);
    starved_turns_ = 1 + random_.below(200);
  }
  if (starved_turns_ > 0) {
    --starved_turns_;
    for (int tries = 0; tries < 3 && id_of(chosen) == starved_; ++tries) chosen = random_.below(jobs.size());
  }
  return chosen;
}

bool SimPlatform::run_one() {
  auto& jobs = coordinator_->jobs;
  if (jobs.empty()) return false;
  const size_t chosen = choose();
  caf::resumable* const job = jobs[chosen];
  jobs[chosen] = jobs.back();
  jobs.pop_back();
  if (const caf::scheduled_actor* actor = actor_of(job)) {
    trace_.add(timeline_.now_us(), "turn", actor->id(), actor->name());
  }
  switch (job->resume(unit_.get(), 1)) {
    case caf::resumable::resume_later: jobs.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
  return true;
}

int64_t SimPlatform::next_timer_us() const {
  const auto& schedule = coordinator_->clock().schedule();
  if (schedule.empty()) return INT64_MAX;
  const auto due = schedule.begin()->first.time_since_epoch();
  return std::chrono::ceil<std::chrono::microseconds>(due).count();
}

void SimPlatform::follow_time() {
  TROUPE_CHECK_MSG(coordinator_->system().detached_actors() == 0, "an actor has a thread of its own in the simulator");
  const auto now = std::chrono::microseconds(timeline_.now_us());
  const auto behind = now - coordinator_->clock().now().time_since_epoch();
  if (behind.count() > 0) coordinator_->advance_time(behind);
}

void SimPlatform::stop(caf::actor_system& system, const SupervisorActor& root) {
  bool down = false;
  root->attach_functor([&down] { down = true; });
  if (abandoned_) {
    caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(root),
                                                caf::exit_msg{root.address(), caf::make_error(caf::exit_reason::kill)});
  } else {
    caf::anon_send(root, stop_atom::value);
  }
  const int64_t give_up_us = timeline_.now_us() + kStopPatienceUs;
  for (uint64_t turns = 0; !down || coordinator_->has_job(); ++turns) {
    if (turns > kStopTurnsMax || timeline_.now_us() > give_up_us) {
      complaint_ = down ? "actors of a stopped node go on and on" : "the node does not stop";
      break;
    }
    if (run_one()) continue;
    const int64_t next = next_timer_us();
    if (next == INT64_MAX) {
      complaint_ = "the node does not stop and nothing is left to happen";
      break;
    }
    timeline_.advance_to(next);
    follow_time();
  }
  coordinator_->clock().cancel_all();
  while (complaint_.empty() && run_one()) {
  }
  context_->directory.set(std::make_shared<Addresses>());
  // One is the scoped reference of the node itself.
  if (complaint_.empty() && system.registry().running() != 0) {
    complaint_ = cat(static_cast<uint64_t>(system.registry().running()), " actors are left of a stopped node");
  }
  if (!complaint_.empty()) system.await_actors_before_shutdown(false);
}

}  // namespace troupe::sim
