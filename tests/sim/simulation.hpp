#pragma once
/// One run: a seed's node, clients and mishaps from the first start to the last check.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "storage/base/planted_bug.hpp"

namespace troupe::sim {

struct RunOptions {
  uint64_t seed = 1;
  uint64_t steps = 4'000;              ///< turns and events under mishaps; set-up and checks come on top
  std::vector<std::string> workloads;  ///< empty: what the seed draws
  std::vector<std::string> faults;     ///< empty: what the seed draws; "none" for none
  std::FILE* print = nullptr;          ///< where the trace goes
  PlantedBug planted = PlantedBug::kNone;
};

struct RunResult {
  std::string complaint;  ///< what is wrong with the node; empty: nothing
  uint64_t hash = 0;      ///< of the trace
  uint64_t steps = 0;
  uint64_t answers = 0;       ///< statements that were answered
  uint64_t lives = 0;         ///< starts of the node
  uint64_t faults = 0;        ///< mishaps that happened
  bool damage_found = false;  ///< a flipped bit was reported
  std::string story;          ///< what was drawn and what happened, one line
};

RunResult run_simulation(const RunOptions& options);
const std::vector<std::string>& fault_names();

}  // namespace troupe::sim
