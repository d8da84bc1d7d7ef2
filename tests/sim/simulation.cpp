#include "tests/sim/simulation.hpp"

#include <algorithm>
#include <memory>

#include "storage/base/text.hpp"
#include "tests/sim/mishaps.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {
namespace {

/// Longer than any timeout of the node: who still waits then waits for ever.
constexpr int64_t kPatienceUs = 150'000'000;

/// A client that works until the run winds down.
struct Worker {
  Worker(World& world, Workload& work, int n, std::string name)
      : client{world, std::move(name)}, workload{work}, number{n} {}

  Task<void> run(Referee& referee) {
    while (!referee.winding_down) {
      if (!client.connected()) {
        auto connecting = client.connect();
        const bool connected = co_await connecting;
        if (!connected) continue;
      }
      auto turn = workload.turn(client, number);
      co_await turn;
      auto pausing = client.pause(static_cast<int64_t>(client.random().below(3'000)));
      co_await pausing;
      if (client.random().below(60) == 0) client.leave();
    }
    client.leave();
  }

  Client client;
  Workload& workload;
  int number;
  Task<void> task;
};

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_{options},
        world_{options.seed, options.print},
        referee_{world_},
        mishaps_{world_, referee_, options.faults, options.steps} {
    world_.config().planted = options.planted;
    draw_workloads();
  }
  ~Run() {
    world_.timeline().clear();
    for (const auto& worker : workers_) worker->task.reset();
  }

  RunResult run() {
    const absl::Status started = world_.start_node();
    ++referee_.lives;
    if (!started.ok()) world_.complain(cat("the first start: ", std_view(started.message())));
    if (good()) set_up();
    if (good()) work();
    if (good() && mishaps_.settle()) wind_down();
    // A fault that was under way may have fenced the node since.
    if (good() && !mishaps_.over() && mishaps_.settle()) check("after the work");
    if (good() && !mishaps_.over()) check_after_restart();
    return result();
  }

 private:
  bool good() const { return world_.complaint().empty(); }

  void draw_workloads() {
    std::vector<std::string> names = options_.workloads;
    if (names.empty()) {
      names = workload_names();
      std::erase_if(names, [&](const std::string&) { return world_.seeds().work.chance(0.35); });
      if (names.empty()) names = {"bank"};
    }
    for (const std::string& name : names) {
      auto workload = make_workload(name, referee_);
      if (workload == nullptr) continue;
      workloads_.push_back(std::move(workload));
      story_ += cat(story_.empty() ? "" : ",", name);
    }
  }

  /// Runs the world until `task` is through.
  bool finish(Task<void>& task, const Client& client, std::string_view what) {
    const int64_t give_up_us = world_.timeline().now_us() + kPatienceUs;
    task.start();
    while (!task.done() && good()) {
      if (!world_.step()) world_.complain(cat(what, ": nothing is left to happen"));
      if (world_.timeline().now_us() > give_up_us) {
        world_.complain(cat(what, ": no answer for long to: ", client.asked()));
      }
    }
    if (task.done()) task.result();
    return good();
  }

  static Task<void> prepare(Workload& workload, Client& client) {
    auto connecting = client.connect();
    co_await connecting;
    auto setting_up = workload.set_up(client);
    co_await setting_up;
    client.leave();
  }

  void set_up() {
    for (const auto& workload : workloads_) {
      Client client(world_, "set-up");
      auto task = prepare(*workload, client);
      if (!finish(task, client, "set-up")) return;
    }
  }

  void work() {
    for (const auto& workload : workloads_) {
      for (int i = 0; i < workload->clients(); ++i) {
        workers_.push_back(std::make_unique<Worker>(world_, *workload, i, cat("client-", workers_.size())));
      }
    }
    for (const auto& worker : workers_) {
      worker->task = worker->run(referee_);
      worker->task.start();
    }
    for (uint64_t i = 0; i < options_.steps && good() && !mishaps_.over(); ++i) {
      if (!world_.step()) world_.timeline().advance_to(world_.timeline().now_us() + 1'000);
      mishaps_.step();
    }
  }

  /// Everybody ends what was begun.
  void wind_down() {
    referee_.winding_down = true;
    const int64_t give_up_us = world_.timeline().now_us() + kPatienceUs;
    const auto busy = [](const std::unique_ptr<Worker>& worker) { return !worker->task.done(); };
    while (good() && std::any_of(workers_.begin(), workers_.end(), busy)) {
      world_.step();
      mishaps_.step();
      if (mishaps_.over()) return;
      if (world_.timeline().now_us() > give_up_us) {
        const auto late = std::find_if(workers_.begin(), workers_.end(), busy);
        world_.complain(cat((*late)->client.name(), " gets no answer to: ", (*late)->client.asked()));
      }
    }
    for (const auto& worker : workers_) {
      if (worker->task.done()) worker->task.result();
    }
  }

  static Task<void> examine(Workload& workload, Client& client) {
    auto connecting = client.connect();
    co_await connecting;
    auto verifying = workload.verify(client);
    co_await verifying;
    client.leave();
  }

  void check(std::string_view when) {
    for (const auto& workload : workloads_) {
      Client client(world_, "check");
      auto task = examine(*workload, client);
      if (!finish(task, client, cat("check ", when))) return;
    }
  }

  /// What is there is there after one more start, too.
  void check_after_restart() {
    world_.end_node(static_cast<Ending>(world_.seeds().faults.below(3)));
    if (!good() || !mishaps_.settle()) return;
    check("after one more start");
  }

  RunResult result() {
    RunResult result;
    result.complaint = world_.complaint();
    result.hash = world_.trace().hash();
    result.steps = world_.steps();
    result.lives = referee_.lives;
    result.faults = mishaps_.happened();
    result.damage_found = referee_.damage_reports() > 0;
    result.story = cat(story_, " | ", faults_);
    return result;
  }

  RunOptions options_;
  World world_;
  Referee referee_;
  Mishaps mishaps_;
  std::vector<std::unique_ptr<Workload>> workloads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::string story_;
  std::string faults_ = mishaps_.story();
};

}  // namespace

RunResult run_simulation(const RunOptions& options) { return Run(options).run(); }

}  // namespace troupe::sim
