#include "runtime/exec/match_compiled.hpp"

#include <algorithm>

namespace troupe {
namespace {

/// Adds the expression, its columns numbered among those that the others use too.
absl::Status add_expression(const ExprPtr& expr, MatchExpressions* out) {
  const ExprPtr compact = replace_expr(expr, [out](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column()) return nullptr;
    const auto known = std::find(out->values.begin(), out->values.end(), part->index);
    const auto at = static_cast<uint32_t>(known - out->values.begin());
    if (known == out->values.end()) out->values.push_back(part->index);
    return make_column(part->type, at);
  });
  TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(compact));
  out->programs.push_back(std::move(program));
  return absl::OkStatus();
}

absl::StatusOr<Program> compile_offset(const ExprPtr& offset) {
  return offset ? Program::compile(offset) : absl::StatusOr<Program>(Program());
}

uint32_t number_set(const std::vector<uint16_t>& variables, std::vector<std::vector<uint16_t>>* sets) {
  if (variables.empty()) return CompiledMatch::kAllRows;
  const auto known = std::find(sets->begin(), sets->end(), variables);
  const auto at = static_cast<uint32_t>(known - sets->begin());
  if (known == sets->end()) sets->push_back(variables);
  return at;
}

absl::StatusOr<int64_t> evaluate_offset(const Program& offset, const EvalInput& in) {
  if (!offset) return 0;
  TROUPE_ASSIGN_OR_RETURN(const Value value, offset.run_once(in));
  if (!value.is_null() && value.get<int64_t>() >= 0 && value.get<int64_t>() <= INT32_MAX) return value.get<int64_t>();
  return error(kInvalidNavigationOffset, "the offset of a row pattern navigation must be a number from 0 to ",
               INT32_MAX);
}

}  // namespace

absl::StatusOr<CompiledMatch> CompiledMatch::compile(const MatchSpec& spec) {
  CompiledMatch match;
  match.spec = &spec;
  TROUPE_ASSIGN_OR_RETURN(match.row_values, compile_programs(spec.row_values));
  for (const ExprPtr& condition : spec.conditions) {
    match.conditions.emplace_back();
    if (!condition) continue;
    match.conditions.back().emplace();
    TROUPE_RETURN_IF_ERROR(add_expression(condition, &*match.conditions.back()));
  }
  for (const ExprPtr& measure : spec.measures) TROUPE_RETURN_IF_ERROR(add_expression(measure, &match.measures));
  for (const MatchValue& value : spec.values) {
    TROUPE_ASSIGN_OR_RETURN(Program logical, compile_offset(value.logical));
    TROUPE_ASSIGN_OR_RETURN(Program physical, compile_offset(value.physical));
    match.logical.push_back(std::move(logical));
    match.physical.push_back(std::move(physical));
    match.set_of.push_back(number_set(value.variables, &match.sets));
  }
  match.sets_with.resize(spec.variables.size());
  for (uint32_t set = 0; set < match.sets.size(); ++set) {
    for (const uint16_t variable : match.sets[set]) match.sets_with[variable].push_back(set);
  }
  return match;
}

absl::StatusOr<std::vector<MatchOffset>> evaluate_offsets(const CompiledMatch& match, const EvalInput& in) {
  std::vector<MatchOffset> offsets;
  for (size_t i = 0; i < match.spec->values.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(const int64_t logical, evaluate_offset(match.logical[i], in));
    TROUPE_ASSIGN_OR_RETURN(const int64_t physical, evaluate_offset(match.physical[i], in));
    offsets.push_back({static_cast<uint64_t>(logical), match.spec->values[i].backward ? -physical : physical});
  }
  return offsets;
}

bool is_local(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, uint16_t variable) {
  const std::vector<uint32_t>& values = match.conditions[variable]->values;
  return std::all_of(values.begin(), values.end(), [&](uint32_t number) {
    const MatchValue& value = match.spec->values[number];
    const bool is_own =
        value.variables.empty() || std::binary_search(value.variables.begin(), value.variables.end(), variable);
    // The last row of its own variable is the current one, whose condition is being asked.
    return value.kind == MatchValue::Kind::kRowValue && !value.first && offsets[number].logical == 0 && is_own;
  });
}

}  // namespace troupe
