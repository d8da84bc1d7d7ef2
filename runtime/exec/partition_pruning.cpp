#include "runtime/exec/partition_pruning.hpp"

#include "runtime/exec/operator.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {

absl::StatusOr<std::unique_ptr<const CompiledPruning>> CompiledPruning::compile(const PartitionPruning& pruning) {
  auto compiled = std::make_unique<CompiledPruning>();
  TROUPE_ASSIGN_OR_RETURN(compiled->top_, compile_level(*pruning.top));
  return std::unique_ptr<const CompiledPruning>(std::move(compiled));
}

absl::StatusOr<std::unique_ptr<const CompiledPruning::Level>> CompiledPruning::compile_level(
    const PruningLevel& level) {
  auto compiled = std::make_unique<Level>();
  compiled->plan = &level;
  for (const PruningLevel::Fact& fact : level.facts) {
    Fact& one = compiled->facts.emplace_back();
    one.plan = &fact;
    for (const ExprPtr& value : fact.values) {
      TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(value));
      one.values.push_back(std::move(program));
    }
    if (fact.array) {
      TROUPE_ASSIGN_OR_RETURN(one.array, Program::compile(fact.array));
    }
  }
  for (const PruningLevel::Child& child : level.children) {
    compiled->below.emplace_back();
    if (!child.below) continue;
    TROUPE_ASSIGN_OR_RETURN(compiled->below.back(), compile_level(*child.below));
  }
  return std::unique_ptr<const Level>(std::move(compiled));
}

absl::Status CompiledPruning::run(const EvalInput& in, std::vector<bool>* asked) const {
  return run_level(*top_, in, asked);
}

absl::Status CompiledPruning::run_level(const Level& level, const EvalInput& in, std::vector<bool>* asked) {
  std::vector<PartitionFact> facts;
  for (const Fact& fact : level.facts) {
    PartitionFact& known = facts.emplace_back(PartitionFact{fact.plan->part, fact.plan->comparison, {}});
    for (const Program& value : fact.values) {
      TROUPE_ASSIGN_OR_RETURN(Value one, value.run_once(in));
      known.values.push_back(std::move(one));
    }
    if (!fact.array) continue;
    TROUPE_ASSIGN_OR_RETURN(const Value array, fact.array.run_once(in));
    if (array.is_null()) continue;
    const ArrayView view(array.bytes());
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (!view.is_null(i)) known.values.push_back(view.value(i));
    }
  }
  const std::vector<bool> survivors = level.plan->router->survivors(facts);
  for (size_t i = 0; i < survivors.size(); ++i) {
    if (!survivors[i]) continue;
    const PruningLevel::Child& child = level.plan->children[i];
    if (child.input) (*asked)[*child.input] = true;
    if (level.below[i]) TROUPE_RETURN_IF_ERROR(run_level(*level.below[i], in, asked));
  }
  return absl::OkStatus();
}

absl::Status choose_inputs(Run& run, const CompiledPruning* pruning, size_t inputs, std::vector<bool>* asked) {
  asked->assign(inputs, pruning == nullptr);
  return pruning == nullptr ? absl::OkStatus() : pruning->run(run.input({}, 1), asked);
}

}  // namespace troupe
