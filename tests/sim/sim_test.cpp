/// The simulator itself: that a seed is one run, and that it finds what is wrong. The long search is troupe-sim's.
#include <catch2/catch.hpp>

#include "tests/sim/simulation.hpp"

namespace troupe::sim {
namespace {

RunResult run(uint64_t seed, std::vector<std::string> workloads = {}, std::vector<std::string> faults = {}) {
  RunOptions options;
  options.seed = seed;
  options.steps = 2'500;
  options.workloads = std::move(workloads);
  options.faults = std::move(faults);
  return run_simulation(options);
}

/// How many of the seeds show that something is wrong.
int found_wrong(uint64_t seeds, const std::vector<std::string>& workloads, const std::vector<std::string>& faults) {
  int wrong = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) wrong += run(seed, workloads, faults).complaint.empty() ? 0 : 1;
  return wrong;
}

TEST_CASE("the same seed gives the same run, event by event", "[sim]") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const RunResult first = run(seed);
    const RunResult second = run(seed);
    CHECK(first.hash == second.hash);
    CHECK(first.steps == second.steps);
    CHECK(first.complaint == second.complaint);
  }
}

TEST_CASE("another seed gives another run", "[sim]") { CHECK(run(1).hash != run(2).hash); }

TEST_CASE("nothing is wrong with a node that nothing happens to", "[sim]") {
  for (const char* workload : {"bank", "append", "items", "feed", "definitions", "lists", "references"}) {
    const RunResult result = run(3, {workload}, {"none"});
    INFO(workload);
    CHECK(result.complaint == "");
    CHECK(result.faults == 0);
  }
}

// Each of these found a bug of the node within a few dozen seeds; the seeds of then are other runs now.

TEST_CASE("a sequence's value comes although the transaction manager was killed meanwhile", "[sim]") {
  CHECK(found_wrong(60, {"definitions"}, {"kill-actor"}) == 0);
}

TEST_CASE("a table made after a restart does not get the tree of a dropped one", "[sim]") {
  CHECK(found_wrong(60, {"definitions", "feed"}, {"stop", "power", "kill9"}) == 0);
}

TEST_CASE("what a statement found is not told before it is durable", "[sim]") {
  CHECK(found_wrong(60, {"items"}, {"write", "sync", "kill9"}) == 0);
}

TEST_CASE("a node stops while its disk is full", "[sim]") {
  CHECK(found_wrong(60, {"items", "definitions"}, {"full", "stop"}) == 0);
}

TEST_CASE("after a full disk nothing is written behind a batch that could not be", "[sim]") {
  CHECK(run(66).complaint == "");
  CHECK(found_wrong(60, {}, {"full", "write"}) == 0);
}

TEST_CASE("what was taken back to a savepoint stays so when the actor that should have heard of it is killed", "[sim]") {
  CHECK(run(341).complaint == "");
  CHECK(found_wrong(60, {"lists"}, {"kill-actor"}) == 0);
}

TEST_CASE("who is killed at PREPARE or its decision leaves the name to nobody before that has happened", "[sim]") {
  CHECK(found_wrong(60, {"deals"}, {"kill-actor"}) == 0);
}

TEST_CASE("a flipped bit is reported or harmless", "[sim]") {
  CHECK(found_wrong(60, {}, {"flip", "kill9", "power"}) == 0);
}

TEST_CASE("a disk that only says that it has synced is found out", "[sim]") {
  CHECK(found_wrong(20, {"bank"}, {"power", "lie"}) >= 5);
  CHECK(found_wrong(20, {"append"}, {"power", "lie"}) >= 5);
}

}  // namespace
}  // namespace troupe::sim
