#include "runtime/plan/row_order.hpp"

#include <algorithm>

#include "runtime/plan/modify_plan.hpp"
#include "runtime/plan/plan.hpp"

namespace troupe {
namespace {

template <typename Node>
PlanPtr with_first_input_in_order(const PlanNode& plan) {
  auto node = std::make_shared<Node>(plan.to<Node>());
  if (!node->inputs.empty()) node->inputs[0] = in_row_order(node->inputs[0]);
  return node;
}

PlanPtr ordered_scan(const PlanPtr& plan) {
  const auto& scan = plan->to<TableScanPlan>();
  const bool by_key = scan.access.kind == AccessKind::kFull || scan.access.kind == AccessKind::kRange;
  if (!by_key || scan.access.index || !scan.access.keys.empty() || scan.access.key_array) return plan;
  if (scan.partial || !scan.order.empty() || scan.with_row_key) return plan;
  auto ordered = std::make_shared<TableScanPlan>(scan);
  ordered->in_row_order = true;
  return ordered;
}

template <typename Node>
PlanPtr with_inputs_in_order(const PlanNode& plan) {
  auto node = std::make_shared<Node>(plan.to<Node>());
  for (PlanPtr& input : node->inputs) input = in_row_order(input);
  return node;
}

/// Whether the rows' order shows in the result.
bool shows_order(const AggregateCall& call) {
  static constexpr std::string_view kCollecting[] = {
      "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "xmlagg"};
  return call.order.empty() && std::ranges::find(kCollecting, call.aggregate.aggregate->name) != std::end(kCollecting);
}

}  // namespace

PlanPtr in_row_order(const PlanPtr& plan) {
  switch (plan->kind) {
    case PlanKind::kTableScan: return ordered_scan(plan);
    case PlanKind::kProject: return with_first_input_in_order<ProjectPlan>(*plan);
    case PlanKind::kProjectSet: return with_first_input_in_order<ProjectSetPlan>(*plan);
    case PlanKind::kFilter: return with_first_input_in_order<FilterPlan>(*plan);
    case PlanKind::kLimit: return with_first_input_in_order<LimitPlan>(*plan);
    case PlanKind::kSort: return with_first_input_in_order<SortPlan>(*plan);
    case PlanKind::kWindow: return with_first_input_in_order<WindowPlan>(*plan);
    case PlanKind::kInsert: return with_first_input_in_order<InsertPlan>(*plan);
    case PlanKind::kHashJoin: return with_first_input_in_order<HashJoinPlan>(*plan);
    case PlanKind::kNestedLoop: return with_first_input_in_order<NestedLoopPlan>(*plan);
    case PlanKind::kIndexJoin: return with_first_input_in_order<IndexJoinPlan>(*plan);
    case PlanKind::kApply: return with_first_input_in_order<ApplyPlan>(*plan);
    case PlanKind::kAppend: return with_inputs_in_order<AppendPlan>(*plan);
    case PlanKind::kRecursiveUnion: return with_inputs_in_order<RecursiveUnionPlan>(*plan);
    case PlanKind::kAggregate: {
      const auto& calls = plan->to<AggregatePlan>().aggregation.calls;
      return std::ranges::any_of(calls, shows_order) ? with_first_input_in_order<AggregatePlan>(*plan) : plan;
    }
    default: return plan;
  }
}

}  // namespace troupe
