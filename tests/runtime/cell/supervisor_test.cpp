#include <catch2/catch.hpp>

#include "runtime/cell/supervisor.hpp"

namespace troupe {
namespace {

constexpr std::chrono::milliseconds kMs{1};

class Idler final : public ActorOf<caf::event_based_actor> {
 public:
  using ActorOf::ActorOf;
  caf::behavior make_behavior() override {
    running();
    return {[](stop_atom) {}};
  }
};

class TestingConfig final : public caf::actor_system_config {
 public:
  TestingConfig() { set("scheduler.policy", caf::atom("testing")); }
};

/// CAF's testing scheduler: one thread, virtual time.
class Stage final : public Clock {
 public:
  Stage() : scheduler_{dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())} {
    ChildSpec idler;
    idler.kind = idler.name = "idler";
    idler.start = [](caf::local_actor& supervisor, const ActorSeat& seat) {
      return caf::actor_cast<caf::actor>(supervisor.spawn<Idler>(seat));
    };
    SupervisorOptions options;
    options.name = "supervisor";
    options.intensity.restarts_max = 1'000;
    options.registry = &registry_;
    options.clock = this;
    root_ = system_.spawn<Supervisor>(ActorSeat{}, options, std::vector<ChildSpec>{std::move(idler)});
    scheduler_.run();
  }
  ~Stage() override {
    caf::anon_send(root_, stop_atom::value);
    scheduler_.run();
  }

  int64_t wall_us() const override { return now_us_; }
  int64_t monotonic_us() const override { return now_us_; }
  void pass(std::chrono::milliseconds time) {
    now_us_ += std::chrono::microseconds(time).count();
    scheduler_.advance_time(time);
    scheduler_.run();
  }
  void kill_idler() {
    (*idler().kill.get())();
    scheduler_.run();
  }
  ActorRecord& idler() { return *registry_.list().front(); }

 private:
  TestingConfig config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& scheduler_;
  ActorRegistry registry_;
  SupervisorActor root_;
  int64_t now_us_ = 1;
};

TEST_CASE("a child that is killed again and again is started at once each time", "[supervisor]") {
  Stage stage;
  for (uint32_t kills = 1; kills <= 100; ++kills) {
    stage.pass(100 * kMs);
    stage.kill_idler();
    CHECK(stage.idler().restarts == kills);
    CHECK(stage.idler().state == ActorState::kRunning);
  }
}

TEST_CASE("a child that fails as soon as it runs is started again after a while", "[supervisor]") {
  Stage stage;
  for (const int64_t delay : {1, 2, 4, 8}) {
    stage.kill_idler();
    stage.pass(delay * kMs - kMs);
    CHECK(stage.idler().state == ActorState::kRestarting);
    stage.pass(kMs);
    CHECK(stage.idler().state == ActorState::kRunning);
  }
}

}  // namespace
}  // namespace troupe
