/// MATCH_RECOGNIZE: the rows of FROM in order, then the search.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

/// How many rows come out, of one that goes in.
constexpr double kMatchesPerRow = 0.1;
/// Of looking at a row, with a few conditions.
constexpr double kMatchCost = 10 * kOperatorCost;

}  // namespace

/// Conditions and measures see a match, not rows that a subquery could be joined with: it runs once.
absl::Status QueryPlanner::take_match_subqueries(MatchSpec* spec, Rel* rel) {
  for (ExprPtr& value : spec->row_values) {
    TROUPE_ASSIGN_OR_RETURN(value, take_subqueries(fold(value), rel));
  }
  Rel no_rows;
  for (ExprList* exprs : {&spec->conditions, &spec->measures}) {
    for (ExprPtr& expr : *exprs) {
      TROUPE_ASSIGN_OR_RETURN(expr, take_subqueries(expr ? fold(expr) : nullptr, &no_rows));
    }
  }
  return absl::OkStatus();
}

absl::Status QueryPlanner::place_match(const std::vector<ColumnId>& columns, MatchSpec* spec) {
  TROUPE_ASSIGN_OR_RETURN(spec->partition_by, place_all(spec->partition_by, columns));
  TROUPE_ASSIGN_OR_RETURN(spec->row_values, place_all(spec->row_values, columns));
  for (SortKey& key : spec->order) {
    TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, columns));
  }
  std::vector<ColumnId> values;
  for (uint32_t i = 0; i < spec->values.size(); ++i) {
    values.push_back({spec->values_relation, i});
    for (ExprPtr* offset : {&spec->values[i].logical, &spec->values[i].physical}) {
      TROUPE_ASSIGN_OR_RETURN(*offset, place(*offset, {}));
    }
  }
  TROUPE_ASSIGN_OR_RETURN(spec->conditions, place_all(spec->conditions, values));
  TROUPE_ASSIGN_OR_RETURN(spec->measures, place_all(spec->measures, values));
  return absl::OkStatus();
}

absl::Status QueryPlanner::plan_match(const BoundQuery& query, Rel* rel) {
  auto node = std::make_shared<MatchPlan>();
  MatchSpec& spec = node->spec;
  spec = *query.match;
  TROUPE_RETURN_IF_ERROR(take_match_subqueries(&spec, rel));
  std::vector<SortKey> keys;
  for (const ExprPtr& value : spec.partition_by) keys.push_back({value, false, false});
  keys.insert(keys.end(), spec.order.begin(), spec.order.end());
  if (!keys.empty() && !try_ordered_scan(keys, /*limited=*/false, rel)) {
    for (SortKey& key : keys) {
      TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
    }
    sort(std::move(keys), rel);
  }
  TROUPE_RETURN_IF_ERROR(place_match(rel->columns, &spec));
  for (const uint32_t carried : spec.carried) node->output.push_back(spec.row_values[carried]->type);
  for (const ExprPtr& measure : spec.measures) node->output.push_back(measure->type);
  node->cost = rel->plan->cost;
  node->cost.total += rel->rows() * kMatchCost;
  if (spec.rows == RowsPerMatch::kOne) node->cost.rows = std::max(1.0, rel->rows() * kMatchesPerRow);
  node->inputs = {rel->plan};
  rel->columns.clear();
  for (uint32_t i = 0; i < node->output.size(); ++i) rel->columns.push_back({spec.output_relation, i});
  rel->plan = std::move(node);
  return absl::OkStatus();
}

}  // namespace troupe
