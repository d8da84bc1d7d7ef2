/// Row security: policies filter a table's rows before anything else that could tell of them, and look at new rows.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/refusal.hpp"

namespace troupe {
namespace {

/// Those of the columns of `relation` that the expressions mention, subqueries included; ascending.
std::vector<uint32_t> columns_mentioned(const ExprList& exprs, uint32_t relation) {
  std::vector<uint32_t> columns;
  const auto look = [&](const auto& self, const Expr& expr) -> void {
    visit_expr(expr, [&](const Expr& part) {
      if (part.is_column() && part.relation == relation) columns.push_back(part.index);
      if (part.subquery) visit_query(*part.subquery->query, [&](const ExprPtr& inner) { self(self, *inner); });
    });
  };
  for (const ExprPtr& expr : exprs) look(look, *expr);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

const ColumnAssignment* find_assignment(const std::vector<ColumnAssignment>& assignments, uint32_t column) {
  const auto found = std::find_if(assignments.begin(), assignments.end(),
                                  [column](const ColumnAssignment& assignment) { return assignment.column == column; });
  return found == assignments.end() ? nullptr : &*found;
}

}  // namespace

/// What the policies say becomes the relation's `security`, ready to be asked of each row.
absl::StatusOr<QueryPlanner::JoinItem> QueryPlanner::plan_secured(const std::shared_ptr<BoundRelation>& relation,
                                                                  Conditions conditions) {
  Conditions policies;
  for (const ExprPtr& condition : relation->security) split_and(fold(condition), &policies);
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&policies));
  JoinItem item;
  Conditions subqueries, later;
  for (const ExprPtr& policy : policies) (has_subquery(*policy) ? subqueries : item.local).push_back(policy);
  for (ExprPtr& condition : conditions) {
    // What cannot fail cannot tell of a row that is left out either way.
    if (cannot_fail(*condition)) {
      item.local.push_back(std::move(condition));
      continue;
    }
    need(condition);
    later.push_back(std::move(condition));
  }
  const auto leaf = std::make_shared<FromTree>();
  leaf->relation = relation;
  item.tree = leaf;
  TROUPE_ASSIGN_OR_RETURN(item.rel, plan_table(*relation, item.local));
  for (const ExprPtr& policy : subqueries) {
    TROUPE_ASSIGN_OR_RETURN(const bool joined, plan_semi_join(policy, &item));
    if (!joined) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr plain, take_subqueries(policy, &item.rel));
      TROUPE_RETURN_IF_ERROR(filter({std::move(plain)}, &item.rel));
    }
    item.tree = nullptr;
  }
  TROUPE_RETURN_IF_ERROR(filter(later, &item.rel));
  if (!later.empty()) item.tree = nullptr;
  relation->security = std::move(policies);
  return item;
}

/// The rows that an INSERT would put in: an error where policies forbid one.
absl::Status QueryPlanner::check_inserted_rows(const BoundModify& modify, Rel* rel) {
  if (!modify.policy_check) return absl::OkStatus();
  const std::vector<ColumnId> layout = rel->columns;
  const std::vector<Type> types = rel->plan->output;
  ExprPtr check = substitute_expr(modify.policy_check, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != modify.target->number) return nullptr;
    return make_column(part->type, layout[part->index].index, layout[part->index].relation);
  });
  prepare_expr(check);
  need(check);
  TROUPE_ASSIGN_OR_RETURN(check, take_subqueries(fold(check), rel));
  TROUPE_RETURN_IF_ERROR(filter({std::move(check)}, rel));
  if (rel->columns.size() == layout.size()) return absl::OkStatus();
  ExprList values;
  for (size_t i = 0; i < layout.size(); ++i)
    values.push_back(make_column(types[i], layout[i].index, layout[i].relation));
  return project(values, layout, rel);
}

/// A policy with a subquery is asked where the rows are found, of what will become of them.
absl::Status QueryPlanner::check_updated_rows(const BoundModify& modify, const ExprList& values, Rel* rel) {
  const uint32_t target = modify.target->number;
  const std::vector<uint32_t> mentioned = columns_mentioned({modify.policy_check}, target);
  for (const uint32_t column : mentioned) {
    const ColumnAssignment* assignment = find_assignment(modify.assignments, column);
    const bool repeats = assignment != nullptr && volatility_of(*assignment->value) == Volatility::kVolatile;
    if (repeats || assigns(modify.generated, column)) {
      return not_supported_yet("a policy with a subquery about a column that is set to a volatile or generated value");
    }
  }
  ExprPtr check = substitute_expr(modify.policy_check, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != target) return nullptr;
    const ColumnAssignment* assignment = find_assignment(modify.assignments, part->index);
    return assignment == nullptr ? nullptr : values[static_cast<size_t>(assignment - modify.assignments.data())];
  });
  TROUPE_ASSIGN_OR_RETURN(check, take_subqueries(fold(check), rel));
  return filter({std::move(check)}, rel);
}

/// Where a policy has a subquery, it is not asked again when another transaction has changed the row meanwhile: the
/// columns that it is about must be what they were.
absl::Status QueryPlanner::hold_policy_columns(const BoundModify& modify, Rel* rel, Conditions* conditions) {
  const uint32_t target = modify.target->number;
  ExprList asked;
  for (const ExprPtr& policy : modify.target->security) {
    if (has_subquery(*policy)) asked.push_back(policy);
  }
  if (modify.policy_check && has_subquery(*modify.policy_check)) asked.push_back(modify.policy_check);
  const std::vector<uint32_t> columns = columns_mentioned(asked, target);
  if (columns.empty()) return absl::OkStatus();
  ExprList values;
  std::vector<ColumnId> ids = rel->columns;
  for (size_t i = 0; i < ids.size(); ++i)
    values.push_back(make_column(rel->plan->output[i], ids[i].index, ids[i].relation));
  for (const uint32_t column : columns) {
    const ExprPtr now = make_column(modify.target->type_of(column), column, target);
    const ExprPtr seen = make_column(now->type, 0, binder_.relations++);
    values.push_back(now);
    ids.push_back({seen->relation, 0});
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr same, make_operator("=", now, seen, binder_eval()));
    if (same->kind != ExprKind::kCall) return not_supported_yet("a policy with a subquery about a column of this type");
    auto unchanged = make_expr(ExprKind::kDistinctTest, Type{oid::kBool}, same->args);
    unchanged->negated = true;
    unchanged->call = same->call;
    conditions->push_back(std::move(unchanged));
  }
  return project(values, std::move(ids), rel);
}

}  // namespace troupe
