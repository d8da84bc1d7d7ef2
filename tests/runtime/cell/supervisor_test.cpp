#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/cell/supervisor.hpp"

namespace troupe {
namespace {

constexpr std::chrono::milliseconds kMs{1};

/// Starts ("+a") and ends ("-a"), in their order.
using Diary = std::vector<std::string>;

class Worker final : public ActorOf<caf::event_based_actor> {
 public:
  Worker(caf::actor_config& config, ActorSeat seat, Diary& diary) : ActorOf(config, std::move(seat)), diary_{diary} {}
  caf::behavior make_behavior() override {
    running();
    return {[this](stop_atom) { quit(); }};
  }
  void on_exit() override { diary_.push_back("-" + seat().record->name); }

 private:
  Diary& diary_;
};

class TestingConfig final : public caf::actor_system_config {
 public:
  TestingConfig() { set("scheduler.policy", caf::atom("testing")); }
};

/// CAF's testing scheduler: one thread, virtual time.
class Stage final : public Clock {
 public:
  explicit Stage(RestartStrategy strategy = RestartStrategy::kOneForOne, const std::string& names = "a",
                 RestartType restart = RestartType::kPermanent, uint32_t restarts_max = 1'000)
      : scheduler_{dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())} {
    SupervisorOptions options;
    options.name = "supervisor";
    options.strategy = strategy;
    options.intensity.restarts_max = restarts_max;
    options.registry = &registry_;
    options.events = &events_;
    options.clock = this;
    std::vector<ChildSpec> children;
    for (const char name : names) children.push_back(*spec(std::string(1, name), restart));
    root_ = system_.spawn<Supervisor>(ActorSeat{}, options, std::move(children));
    scheduler_.run();
  }
  ~Stage() override { stop(); }

  std::shared_ptr<ChildSpec> spec(const std::string& name, RestartType restart) {
    auto spec = std::make_shared<ChildSpec>();
    spec->kind = spec->name = name;
    spec->restart = restart;
    spec->start = [this, name](caf::local_actor& supervisor, const ActorSeat& seat) {
      diary_.push_back("+" + name);
      actors_[name] = supervisor.spawn<Worker>(seat, std::ref(diary_));
      return actors_[name];
    };
    return spec;
  }

  int64_t wall_us() const override { return now_us_; }
  int64_t monotonic_us() const override { return now_us_; }
  void pass(std::chrono::milliseconds time) {
    now_us_ += std::chrono::microseconds(time).count();
    scheduler_.advance_time(time);
    scheduler_.run();
  }
  void kill(const std::string& name) {
    (*record(name)->kill.get())();
    scheduler_.run();
  }
  void end_normally(const std::string& name) {
    caf::anon_send(actors_[name], stop_atom::value);
    scheduler_.run();
  }
  void add(const std::string& name, RestartType restart) {
    caf::anon_send(root_, add_child_atom::value, ChildSpecPtr(spec(name, restart)));
    scheduler_.run();
  }
  void kill_supervisor() {
    caf::anon_send_exit(root_, caf::exit_reason::kill);
    scheduler_.run();
  }
  void stop() {
    caf::anon_send(root_, stop_atom::value);
    scheduler_.run();
    actors_.clear();
  }

  /// Null: no longer listed.
  ActorRecordPtr record(const std::string& name) const {
    for (const ActorRecordPtr& record : registry_.list()) {
      if (record->name == name) return record;
    }
    return nullptr;
  }
  ActorState state(const std::string& name) const { return record(name)->state.load(); }
  size_t listed() const { return registry_.list().size(); }
  std::vector<NodeEvent> events() const { return events_.list(); }
  Diary take_diary() { return std::exchange(diary_, {}); }

 private:
  Diary diary_;  // outlives the actors, which write into it
  TestingConfig config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& scheduler_;
  ActorRegistry registry_;
  EventLog events_{*this, 100};
  std::map<std::string, caf::actor> actors_;
  SupervisorActor root_;
  int64_t now_us_ = 1;
};

TEST_CASE("a child that is killed again and again is started at once each time", "[supervisor]") {
  Stage stage;
  for (uint32_t kills = 1; kills <= 100; ++kills) {
    stage.pass(100 * kMs);
    stage.kill("a");
    CHECK(stage.record("a")->restarts == kills);
    CHECK(stage.state("a") == ActorState::kRunning);
  }
}

TEST_CASE("a child that fails as soon as it runs is started again after a while", "[supervisor]") {
  Stage stage;
  for (const int64_t delay : {1, 2, 4, 8}) {
    stage.kill("a");
    stage.pass(delay * kMs - kMs);
    CHECK(stage.state("a") == ActorState::kRestarting);
    stage.pass(kMs);
    CHECK(stage.state("a") == ActorState::kRunning);
  }
}

TEST_CASE("children start in order and stop in reverse", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "abc");
  CHECK(stage.take_diary() == Diary{"+a", "+b", "+c"});
  stage.add("d", RestartType::kPermanent);
  stage.kill("b");
  stage.pass(kMs);
  CHECK(stage.take_diary() == Diary{"+d", "-b", "+b"});
  stage.stop();
  CHECK(stage.take_diary() == Diary{"-d", "-c", "-b", "-a"});
  CHECK(stage.listed() == 0);
}

TEST_CASE("one-for-one: a failure concerns nobody else", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "abc");
  stage.take_diary();
  stage.pass(100 * kMs);
  stage.kill("b");
  CHECK(stage.take_diary() == Diary{"-b", "+b"});
}

TEST_CASE("one-for-one: a child's back-off lasts when a sibling is started again", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "ab");
  stage.pass(1'000 * kMs);
  for (const int64_t delay : {0, 1, 2}) {
    stage.kill("b");
    stage.pass(delay * kMs);
  }
  stage.kill("b");
  stage.kill("a");
  CHECK(stage.state("a") == ActorState::kRunning);
  stage.pass(3 * kMs);
  CHECK(stage.state("b") == ActorState::kRestarting);
  stage.pass(kMs);
  CHECK(stage.state("b") == ActorState::kRunning);
}

TEST_CASE("one-for-all: everybody ends before anybody starts again, in order", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForAll, "abc");
  stage.take_diary();
  stage.pass(100 * kMs);
  stage.kill("b");
  Diary diary = stage.take_diary();
  REQUIRE(diary.size() == 6);
  CHECK(diary[0] == "-b");
  std::sort(diary.begin(), diary.begin() + 3);
  CHECK(diary == Diary{"-a", "-b", "-c", "+a", "+b", "+c"});
  stage.kill("b");  // has not settled
  CHECK(stage.take_diary().size() == 3);
  stage.pass(kMs);
  CHECK(stage.take_diary() == Diary{"+a", "+b", "+c"});
}

TEST_CASE("rest-for-one: those that were started after it end and start with it", "[supervisor]") {
  Stage stage(RestartStrategy::kRestForOne, "abcd");
  stage.take_diary();
  stage.pass(100 * kMs);
  stage.kill("b");
  Diary diary = stage.take_diary();
  REQUIRE(diary.size() == 6);
  CHECK(diary[0] == "-b");
  std::sort(diary.begin(), diary.begin() + 3);
  CHECK(diary == Diary{"-b", "-c", "-d", "+b", "+c", "+d"});
  stage.kill("d");
  stage.pass(kMs);
  CHECK(stage.take_diary() == Diary{"-d", "+d"});
}

TEST_CASE("rest-for-one: one that backs off holds up those after it, not those before it", "[supervisor]") {
  Stage stage(RestartStrategy::kRestForOne, "abc");
  stage.pass(1'000 * kMs);
  stage.kill("b");
  stage.kill("b");
  stage.take_diary();
  stage.kill("a");
  CHECK(stage.take_diary() == Diary{"-a", "+a"});
  CHECK(stage.state("b") == ActorState::kRestarting);
  CHECK(stage.state("c") == ActorState::kRestarting);
  stage.pass(kMs);
  CHECK(stage.take_diary() == Diary{"+b", "+c"});
}

TEST_CASE("a transient child is started again unless it ended normally, a permanent one always", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "a");
  stage.add("t", RestartType::kTransient);
  stage.take_diary();
  stage.pass(1'000 * kMs);
  stage.kill("t");
  CHECK(stage.take_diary() == Diary{"-t", "+t"});
  stage.end_normally("t");
  CHECK(stage.take_diary() == Diary{"-t"});
  CHECK(stage.record("t") == nullptr);
  stage.end_normally("a");
  CHECK(stage.take_diary() == Diary{"-a", "+a"});
}

TEST_CASE("a temporary child is never started again", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForAll, "a");
  stage.add("t", RestartType::kTemporary);
  stage.add("u", RestartType::kTemporary);
  stage.take_diary();
  stage.pass(1'000 * kMs);
  stage.kill("t");
  CHECK(stage.take_diary() == Diary{"-t"});
  stage.kill("a");
  CHECK(stage.take_diary() == Diary{"-a", "+a", "-u"});
  CHECK(stage.listed() == 1);
}

TEST_CASE("a supervisor whose children fail too often gives up, with the last reason, and takes them with it",
          "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "ab", RestartType::kPermanent, 3);
  for (int kills = 0; kills < 3; ++kills) {
    stage.pass(200 * kMs);
    stage.kill("a");
  }
  CHECK(stage.state("a") == ActorState::kRunning);
  stage.take_diary();
  stage.kill("a");
  CHECK(stage.take_diary() == Diary{"-a", "-b"});
  CHECK(stage.listed() == 0);
  const NodeEvent last = stage.events().back();
  CHECK(last.kind == "give up");
  CHECK(last.source == "supervisor");
  CHECK(last.reason.find("supervisor gave up after 4 restarts within 1000 ms; the last reason: ") == 0);
}

TEST_CASE("restarts of long ago do not count", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "a", RestartType::kPermanent, 3);
  for (int kills = 0; kills < 20; ++kills) {
    stage.pass(400 * kMs);
    stage.kill("a");
    CHECK(stage.state("a") == ActorState::kRunning);
  }
}

TEST_CASE("a killed supervisor takes its children with it, also those that wait to be started again", "[supervisor]") {
  Stage stage(RestartStrategy::kOneForOne, "ab");
  stage.kill("a");
  stage.take_diary();
  REQUIRE(stage.state("a") == ActorState::kRestarting);
  stage.kill_supervisor();
  CHECK(stage.take_diary() == Diary{"-b"});
  CHECK(stage.listed() == 0);
  stage.pass(1'000 * kMs);
  CHECK(stage.take_diary().empty());
}

}  // namespace
}  // namespace troupe
