#pragma once
/// MATCH_RECOGNIZE made ready to run. Private to runtime/exec: match.cpp is the operator.
#include <optional>
#include <vector>

#include "runtime/exec/program.hpp"
#include "runtime/plan/match_plan.hpp"

namespace troupe {

/// SQL:2016's own conditions, which PostgreSQL does not have.
inline constexpr auto kInvalidNavigationOffset = static_cast<ErrorCode>(pack_sqlstate("2202J"));
inline constexpr auto kSkipToNonExistentRow = static_cast<ErrorCode>(pack_sqlstate("2202K"));
inline constexpr auto kSkipToFirstRow = static_cast<ErrorCode>(pack_sqlstate("2202L"));

/// Expressions that see some of a match's values as their columns.
struct MatchExpressions {
  std::vector<uint32_t> values;  ///< column i is spec.values[values[i]]
  std::vector<Program> programs;
};

struct CompiledMatch {
  static constexpr uint32_t kAllRows = UINT32_MAX;
  const MatchSpec* spec = nullptr;
  std::vector<Program> row_values;
  /// By variable; one program each. With WITHIN one more: when a match that begins with the row is over.
  std::vector<std::optional<MatchExpressions>> conditions;
  MatchExpressions measures;
  // By value:
  std::vector<Program> logical, physical;  ///< empty: none
  std::vector<uint32_t> set_of;            ///< whose rows: one of `sets`, or kAllRows
  /// The different lists of variables, and by variable the sets that it is in.
  std::vector<std::vector<uint16_t>> sets;
  std::vector<std::vector<uint32_t>> sets_with;

  bool has_within() const { return conditions.size() > spec->variables.size(); }

  /// Errors: 0A000 for sequences.
  static absl::StatusOr<CompiledMatch> compile(const MatchSpec& spec);
};

/// The offsets of a value's navigation, in one execution.
struct MatchOffset {
  uint64_t logical = 0;
  int64_t physical = 0;
};
/// Errors: 2202J for null and negative ones.
absl::StatusOr<std::vector<MatchOffset>> evaluate_offsets(const CompiledMatch& match, const EvalInput& in);

/// Whether the condition of `variable` looks at nothing but the current row and rows at fixed places beside it.
bool is_local(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, uint16_t variable);

}  // namespace troupe
