#pragma once
/// Which partitions a scan asks, once parameters and slots have their values.
#include <memory>
#include <vector>

#include "runtime/exec/program.hpp"
#include "runtime/plan/partition_plan.hpp"

namespace troupe {

struct Run;

class CompiledPruning {
 public:
  static absl::StatusOr<std::unique_ptr<const CompiledPruning>> compile(const PartitionPruning& pruning);
  /// Sets (*asked)[i] for the inputs that may have rows.
  absl::Status run(const EvalInput& in, std::vector<bool>* asked) const;

 private:
  struct Fact {
    const PruningLevel::Fact* plan = nullptr;
    std::vector<Program> values;
    Program array;
  };
  struct Level {
    const PruningLevel* plan = nullptr;
    std::vector<Fact> facts;
    std::vector<std::unique_ptr<const Level>> below;  ///< by child; null: a leaf, or left out
  };
  static absl::StatusOr<std::unique_ptr<const Level>> compile_level(const PruningLevel& level);
  static absl::Status run_level(const Level& level, const EvalInput& in, std::vector<bool>* asked);

  std::unique_ptr<const Level> top_;
};

/// Without pruning all of them.
absl::Status choose_inputs(Run& run, const CompiledPruning* pruning, size_t inputs, std::vector<bool>* asked);

}  // namespace troupe
