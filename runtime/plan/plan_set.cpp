/// Set operations and WITH.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {

absl::StatusOr<Rel> QueryPlanner::plan_top(const QueryPtr& query) {
  prepare(query.get());
  need_query(*query);
  return plan_query(query, binder_.relations++);
}

absl::StatusOr<Rel> QueryPlanner::plan_set_operation(BoundQuery& query, uint32_t result) {
  TROUPE_ASSIGN_OR_RETURN(Rel left, plan_query(query.left, binder_.relations++));
  TROUPE_ASSIGN_OR_RETURN(Rel right, plan_query(query.right, binder_.relations++));
  Rel rel;
  for (uint32_t i = 0; i < query.left->targets.size(); ++i) rel.columns.push_back({query.set_relation, i});
  const double both = left.rows() + right.rows();
  Cost cost{0, left.cost() + right.cost() + both * 0.01, both, left.plan->cost.width};
  if (*query.operation == SetOperationKind::kUnion && query.all) {
    auto node = std::make_shared<AppendPlan>();
    // A chain of UNION ALL is one node.
    for (const Rel* side : {&left, &right}) {
      if (side->plan->kind == PlanKind::kAppend) {
        node->inputs.insert(node->inputs.end(), side->plan->inputs.begin(), side->plan->inputs.end());
      } else {
        node->inputs.push_back(side->plan);
      }
    }
    node->output = left.plan->output;
    rel.plan = std::move(node);
  } else {
    auto node = std::make_shared<SetOperationPlan>();
    node->operation = *query.operation;
    node->all = query.all;
    node->inputs = {left.plan, right.plan};
    node->output = left.plan->output;
    cost.rows = *query.operation == SetOperationKind::kUnion ? both * 0.5 : left.rows() * 0.5;
    cost.total += both * 0.01;
    cost.startup = cost.total;
    rel.plan = std::move(node);
  }
  rel.plan->cost = cost;
  rel.plan->cost.rows = std::max(1.0, cost.rows);
  TROUPE_RETURN_IF_ERROR(plan_limits(query));
  TROUPE_RETURN_IF_ERROR(plan_output(query, result, &rel));
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_recursive(BoundQuery& query, uint32_t result) {
  TROUPE_ASSIGN_OR_RETURN(Rel start, plan_query(query.left, binder_.relations++));
  TROUPE_ASSIGN_OR_RETURN(Rel step, plan_query(query.right, binder_.relations++));
  auto node = std::make_shared<RecursiveUnionPlan>();
  node->work_table = query.work_table;
  node->distinct = !query.all;
  node->inputs = {start.plan, step.plan};
  node->output = start.plan->output;
  node->cost = {start.plan->cost.startup, start.cost() + 10 * step.cost(), start.rows() * 10, start.plan->cost.width};
  Rel rel;
  for (uint32_t i = 0; i < query.targets.size(); ++i) rel.columns.push_back({query.set_relation, i});
  rel.plan = std::move(node);
  TROUPE_RETURN_IF_ERROR(plan_limits(query));
  TROUPE_RETURN_IF_ERROR(plan_output(query, result, &rel));
  return rel;
}

absl::StatusOr<uint32_t> QueryPlanner::cte_number(uint32_t cte) {
  if (cte_numbers_.size() <= cte) cte_numbers_.resize(binder_.ctes.size());
  if (cte_numbers_[cte]) return *cte_numbers_[cte];
  const QueryPtr query = binder_.ctes[cte].query;
  std::shared_ptr<PlanNode> plan;
  if (query->modify) {
    TROUPE_ASSIGN_OR_RETURN(plan, plan_modify(*query->modify));
  } else {
    if (is_correlated(*query)) {
      return error(ErrorCode::kFeatureNotSupported, "WITH query \"", binder_.ctes[cte].name,
                   "\" that refers to an outer query is not supported yet");
    }
    std::vector<OuterRow*> outer;
    outer.swap(outer_rows_);
    prepare(query.get());
    need_query(*query);
    auto rel = plan_query(query, binder_.relations++);
    outer_rows_.swap(outer);
    if (!rel.ok()) return rel.status();
    plan = rel->plan;
  }
  const auto number = static_cast<uint32_t>(ctes.size());
  if (query->modify) modifying_ctes.push_back(number);
  ctes.push_back(std::move(plan));
  cte_numbers_[cte] = number;
  return number;
}

absl::Status QueryPlanner::plan_modifying_ctes() {
  for (uint32_t i = 0; i < binder_.ctes.size(); ++i) {
    if (binder_.ctes[i].query->modify) TROUPE_RETURN_IF_ERROR(cte_number(i).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<Rel> QueryPlanner::plan_cte(const BoundRelation& relation) {
  Rel rel;
  if (relation.kind == BoundRelation::Kind::kWorkTable) {
    auto scan = std::make_shared<WorkTableScanPlan>();
    scan->work_table = relation.cte;
    scan->cost = {0, 1, 100, 8};
    rel.plan = std::move(scan);
  } else {
    auto scan = std::make_shared<CteScanPlan>();
    TROUPE_ASSIGN_OR_RETURN(scan->cte, cte_number(relation.cte));
    const PlanNode& plan = *ctes[scan->cte];
    scan->cost = {plan.cost.total, plan.cost.total + plan.cost.rows * 0.01, plan.cost.rows, plan.cost.width};
    rel.plan = std::move(scan);
  }
  rel.plan->output = relation.types;
  for (uint32_t i = 0; i < relation.types.size(); ++i) rel.columns.push_back({relation.number, i});
  return rel;
}

}  // namespace troupe
