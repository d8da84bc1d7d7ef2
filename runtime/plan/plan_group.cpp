/// GROUP BY, aggregates and HAVING; in part where the rows are, when they come from one bare scan.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {

absl::Status QueryPlanner::plan_aggregation(BoundQuery& query, Rel* rel) {
  std::vector<ExprPtr> aggregates;
  const auto collect = [&](ExprPtr& expr) {
    if (!expr) return;
    expr = fold(expr);
    replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind == ExprKind::kWindow) {
        for (const ExprPtr& arg : part->window->aggregate.args) {
          visit_expr(*arg, [&](const Expr& inner) {
            if (inner.kind == ExprKind::kAggregate) aggregates.push_back(std::make_shared<Expr>(inner));
          });
        }
        return nullptr;
      }
      if (part->kind != ExprKind::kAggregate) return nullptr;
      const bool known = std::any_of(aggregates.begin(), aggregates.end(),
                                     [&](const ExprPtr& other) { return equal(other, part); });
      if (!known) aggregates.push_back(part);
      return part;
    });
  };
  for (ExprPtr& group : query.groups) {
    TROUPE_ASSIGN_OR_RETURN(group, take_subqueries(fold(group), rel));
  }
  for (BoundTarget& target : query.targets) collect(target.value);
  collect(query.having);
  for (SortKey& key : query.order) collect(key.value);
  for (ExprPtr& on : query.distinct_on) collect(on);
  for (ExprPtr& aggregate : aggregates) {
    for (const ExprPtr& arg : aggregate->aggregate->args) {
      bool subquery = false;
      visit_expr(*arg, [&](const Expr& e) { subquery = subquery || e.subquery != nullptr; });
      if (subquery) {
        return error(ErrorCode::kFeatureNotSupported, "a subquery inside an aggregate's argument is not supported yet");
      }
    }
  }
  const uint32_t relation = binder_.relations++;
  TROUPE_RETURN_IF_ERROR(plan_grouping(query, aggregates, relation, rel));
  // From here on the query speaks of groups and aggregates as columns.
  const auto to_columns = [&](const ExprPtr& expr) {
    const auto replace = [&](const auto& self, const ExprPtr& part) -> ExprPtr {
      for (uint32_t i = 0; i < query.groups.size(); ++i) {
        if (equal(query.groups[i], part)) {
          return part->is_column() ? part : make_column(part->type, i, relation);
        }
      }
      for (size_t i = 0; i < aggregates.size(); ++i) {
        if (part->kind == ExprKind::kAggregate && equal(aggregates[i], part)) {
          return make_column(part->type, static_cast<uint32_t>(query.groups.size() + i), relation);
        }
      }
      if (part->kind == ExprKind::kWindow) {
        auto window = std::make_shared<WindowCall>(*part->window);
        for (ExprPtr& arg : window->aggregate.args) {
          arg = replace_expr(arg, [&](const ExprPtr& inner) { return self(self, inner); });
        }
        auto copy = std::make_shared<Expr>(*part);
        copy->window = std::move(window);
        return copy;
      }
      return nullptr;
    };
    return replace_expr(expr, [&](const ExprPtr& part) { return replace(replace, part); });
  };
  for (BoundTarget& target : query.targets) target.value = to_columns(target.value);
  for (SortKey& key : query.order) key.value = to_columns(key.value);
  for (ExprPtr& on : query.distinct_on) on = to_columns(on);
  for (WindowSpec& window : query.windows) {
    for (ExprPtr& value : window.partition_by) value = to_columns(value);
    for (SortKey& key : window.order) key.value = to_columns(key.value);
  }
  if (!query.having) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(ExprPtr having, take_subqueries(to_columns(query.having), rel));
  Conditions conditions;
  split_and(having, &conditions);
  return filter(conditions, rel);
}

bool QueryPlanner::push_partial_aggregation(const Aggregation& aggregation, Rel* rel) {
  if (!is_plain_scan(*rel) || !aggregation.grouping_sets.empty()) return false;
  auto& scan = static_cast<TableScanPlan&>(*rel->plan);
  if (scan.with_row_key || scan.access.kind == AccessKind::kLookup) return false;
  for (const AggregateCall& call : aggregation.calls) {
    if (call.distinct || !call.order.empty() || call.aggregate.aggregate->combine == nullptr ||
        call.aggregate.aggregate->ordered) {
      return false;
    }
    for (const ExprPtr& arg : call.args) {
      if (!is_pushable(*arg)) return false;
    }
    if (call.filter && !is_pushable(*call.filter)) return false;
  }
  for (const ExprPtr& group : aggregation.groups) {
    if (!is_pushable(*group)) return false;
  }
  auto partial = std::make_shared<Aggregation>(aggregation);
  partial->mode = AggregateMode::kPartial;
  // The aggregation sees what the scan reads, not what it would have put out.
  const ExprList below = std::move(scan.projection);
  scan.projection.clear();
  if (!below.empty()) {
    const auto through = [&](const ExprPtr& expr) {
      return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
        return part->is_column() ? below[part->index] : nullptr;
      });
    };
    for (ExprPtr& group : partial->groups) group = through(group);
    for (AggregateCall& call : partial->calls) {
      for (ExprPtr& arg : call.args) arg = through(arg);
      call.filter = through(call.filter);
    }
  }
  scan.output = types_of(partial->groups);
  scan.output.resize(scan.output.size() + partial->calls.size(), Type{oid::kBytea});
  scan.partial = std::move(partial);
  return true;
}

absl::Status QueryPlanner::plan_grouping(BoundQuery& query, const std::vector<ExprPtr>& aggregates, uint32_t relation,
                                         Rel* rel) {
  auto node = std::make_shared<AggregatePlan>();
  Aggregation& aggregation = node->aggregation;
  aggregation.grouping_sets = query.grouping_sets;
  TROUPE_ASSIGN_OR_RETURN(aggregation.groups, place_all(query.groups, rel->columns));
  for (const ExprPtr& aggregate : aggregates) {
    AggregateCall call = *aggregate->aggregate;
    TROUPE_ASSIGN_OR_RETURN(call.args, place_all(call.args, rel->columns));
    TROUPE_ASSIGN_OR_RETURN(call.filter, place(call.filter, rel->columns));
    for (SortKey& key : call.order) {
      TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
    }
    aggregation.calls.push_back(std::move(call));
  }
  std::vector<Type> output = types_of(aggregation.groups);
  for (const ExprPtr& aggregate : aggregates) output.push_back(aggregate->type);
  double groups = 1;
  for (const ExprPtr& group : query.groups) {
    groups *= group->is_column() ? std::min(200.0, rel->rows()) : 50;
  }
  groups = std::max(1.0, std::min(groups, rel->rows()));
  const double input_rows = rel->rows();
  const double work = input_rows * (kGroupCost + kOperatorCost * static_cast<double>(aggregates.size()));
  if (push_partial_aggregation(aggregation, rel)) {
    rel->plan->cost.total += work;
    rel->plan->cost.startup = rel->plan->cost.total;
    rel->plan->cost.rows = groups;
    aggregation.mode = AggregateMode::kFinal;
    for (uint32_t i = 0; i < aggregation.groups.size(); ++i) {
      aggregation.groups[i] = make_column(aggregation.groups[i]->type, i);
    }
    for (uint32_t i = 0; i < aggregation.calls.size(); ++i) {
      AggregateCall& call = aggregation.calls[i];
      call.args = {make_column(Type{oid::kBytea}, static_cast<uint32_t>(aggregation.groups.size()) + i)};
      call.filter = nullptr;
    }
    node->cost = rel->plan->cost;
    node->cost.total += groups * kGroupCost;
  } else {
    node->cost = rel->plan->cost;
    node->cost.total += work;
    node->cost.rows = groups;
  }
  node->cost.startup = node->cost.total;
  if (!query.grouping_sets.empty()) output.push_back(Type{oid::kInt4});
  node->output = std::move(output);
  node->inputs = {rel->plan};
  rel->columns.clear();
  for (uint32_t i = 0; i < query.groups.size(); ++i) {
    const Expr& group = *query.groups[i];
    rel->columns.push_back(group.is_column() ? ColumnId{group.relation, group.index} : ColumnId{relation, i});
  }
  const auto count = static_cast<uint32_t>(query.groups.size() + aggregates.size());
  for (auto i = static_cast<uint32_t>(query.groups.size()); i < count; ++i) rel->columns.push_back({relation, i});
  if (!query.grouping_sets.empty()) rel->columns.push_back({relation, count});
  rel->plan = std::move(node);
  return absl::OkStatus();
}

}  // namespace troupe
