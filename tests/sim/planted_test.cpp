/// Mutation testing of the checkers: each planted bug is found within a few hundred seeds.
#include <catch2/catch.hpp>

#include <string>
#include <utility>

#include "storage/base/planted_bug.hpp"
#include "tests/sim/simulation.hpp"

namespace troupe::sim {
namespace {

/// The first seed whose run complains; 0: none did. `about` is part of the complaint.
uint64_t found_at(PlantedBug bug, const std::string& workload, const std::string& about) {
  constexpr uint64_t kSeeds = 500;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    options.steps = 6'000;
    options.workloads = {workload};
    options.faults = {"none"};
    options.planted = bug;
    const RunResult result = run_simulation(options);
    if (result.complaint.empty()) continue;
    INFO(result.complaint);
    CHECK(result.complaint.find(about) != std::string::npos);
    return seed;
  }
  return 0;
}

}  // namespace

TEST_CASE("planted bugs of SERIALIZABLE are found", "[planted]") {
  const std::pair<PlantedBug, const char*> bugs[] = {{PlantedBug::kValidationSkipped, "validation skipped"},
                                                     {PlantedBug::kRangeNotRecorded, "range not recorded"},
                                                     {PlantedBug::kKeyNotRecorded, "key not recorded"},
                                                     {PlantedBug::kIndexRowsNotRecorded, "index rows not recorded"},
                                                     {PlantedBug::kWritesForgotten, "writes forgotten"},
                                                     {PlantedBug::kValidatedTooLate, "validated too late"}};
  for (const auto& [bug, name] : bugs) {
    const uint64_t seed = found_at(bug, "lists-serializable", "G2");
    WARN(name << ": seed " << seed);
    CHECK(seed != 0);
  }
}

TEST_CASE("planted bugs of snapshots are found", "[planted]") {
  CHECK(found_at(PlantedBug::kSnapshotTooNew, "lists-repeatable-read", "G-single") != 0);
  CHECK(found_at(PlantedBug::kUpdatesOverwritten, "lists-repeatable-read", "G-single") != 0);
}

TEST_CASE("without a planted bug the same runs are fine", "[planted]") {
  for (const char* workload : {"lists-read-committed", "lists-repeatable-read", "lists-serializable"}) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      RunOptions options;
      options.seed = seed;
      options.steps = 6'000;
      options.workloads = {workload};
      options.faults = {"none"};
      CHECK(run_simulation(options).complaint == "");
    }
  }
}

}  // namespace troupe::sim
