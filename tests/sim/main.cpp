/// troupe-sim: a whole node in one thread under virtual time, by seed.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/sim/simulation.hpp"
#include "tests/sim/workload.hpp"

namespace {

using troupe::sim::RunOptions;
using troupe::sim::RunResult;

void print(uint64_t seed, const RunResult& result) {
  std::printf("seed %llu hash %016llx steps %llu starts %llu mishaps %llu%s [%s]\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(result.hash),
              static_cast<unsigned long long>(result.steps), static_cast<unsigned long long>(result.lives),
              static_cast<unsigned long long>(result.faults), result.damage_found ? " damage reported" : "",
              result.story.c_str());
  if (!result.complaint.empty()) std::printf("  WRONG: %s\n", result.complaint.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> faults = troupe::sim::fault_names();
  faults.insert(faults.end(), {"none", "lie"});
  CLI::App app{"Runs a whole node under deterministic simulation. The same seed gives the same run."};
  RunOptions options;
  uint64_t seeds = 1;
  double seconds = 0;
  uint32_t planted = 0;
  bool trace = false;
  bool twice = false;
  bool quiet = false;
  std::vector<std::string> workloads = troupe::sim::workload_names();
  const auto& variants = troupe::sim::workload_variants();
  workloads.insert(workloads.end(), variants.begin(), variants.end());
  app.add_option("--seed", options.seed, "the first seed")->capture_default_str();
  app.add_option("--seeds", seeds, "how many seeds, one after the other")->capture_default_str();
  app.add_option("--seconds", seconds, "stop after so long; 0: after --seeds");
  app.add_option("--steps", options.steps, "turns of actors and events under mishaps")->capture_default_str();
  app.add_option("--workload", options.workloads, "what clients do; what the seed draws when absent")
      ->delimiter(',')
      ->check(CLI::IsMember(workloads));
  app.add_option("--faults", options.faults, "what befalls the node, or none; what the seed draws when absent")
      ->delimiter(',')
      ->check(CLI::IsMember(faults));
  app.add_flag("--trace", trace, "print every event");
  app.add_flag("--twice", twice, "run each seed twice and compare the traces");
  app.add_flag("--quiet", quiet, "print only what is wrong, and the sum");
  app.add_option("--planted", planted, "a bug to plant: its number in storage/base/planted_bug.hpp");
  CLI11_PARSE(app, argc, argv);
  options.planted = static_cast<troupe::PlantedBug>(planted);
  if (trace) options.print = stdout;
  const auto from = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count(); };
  uint64_t ran = 0;
  uint64_t wrong = 0;
  uint64_t mishaps = 0;
  uint64_t starts = 0;
  uint64_t damage = 0;
  if (seconds > 0 && seeds == 1) seeds = UINT64_MAX;
  for (; ran < seeds && (seconds <= 0 || elapsed() < seconds); ++ran, ++options.seed) {
    RunResult result = troupe::sim::run_simulation(options);
    if (twice) {
      const RunResult again = troupe::sim::run_simulation(options);
      if (again.hash != result.hash) result.complaint += " two runs of this seed differ";
    }
    if (!quiet || !result.complaint.empty()) print(options.seed, result);
    wrong += result.complaint.empty() ? 0 : 1;
    mishaps += result.faults;
    starts += result.lives;
    damage += result.damage_found ? 1 : 0;
    std::fflush(stdout);
  }
  std::printf("%llu seeds, %llu wrong; %llu mishaps, %llu starts, damage reported in %llu; %.1f s, %.1f seeds/s\n",
              static_cast<unsigned long long>(ran), static_cast<unsigned long long>(wrong),
              static_cast<unsigned long long>(mishaps), static_cast<unsigned long long>(starts),
              static_cast<unsigned long long>(damage), elapsed(), static_cast<double>(ran) / elapsed());
  return wrong == 0 ? 0 : 1;
}
