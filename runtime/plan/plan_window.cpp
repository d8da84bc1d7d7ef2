/// Window functions, and set-returning functions in a select list.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/table_function.hpp"

namespace troupe {

/// Subqueries within window calls and definitions become columns before the windows are computed.
absl::Status QueryPlanner::take_window_subqueries(BoundQuery& query, Rel* rel) {
  const auto take = [&](ExprPtr& expr) -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(expr, take_subqueries(std::move(expr), rel));
    return absl::OkStatus();
  };
  for (WindowSpec& spec : query.windows) {
    for (ExprPtr& value : spec.partition_by) TROUPE_RETURN_IF_ERROR(take(value));
    for (SortKey& key : spec.order) TROUPE_RETURN_IF_ERROR(take(key.value));
    TROUPE_RETURN_IF_ERROR(take(spec.start.offset));
    TROUPE_RETURN_IF_ERROR(take(spec.end.offset));
  }
  absl::Status status;
  const auto take_in_calls = [&](const ExprPtr& expr) {
    return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind != ExprKind::kWindow) return nullptr;
      auto copy = std::make_shared<Expr>(*part);
      for (ExprPtr& arg : copy->args) status.Update(take(arg));
      return copy;
    });
  };
  for (BoundTarget& target : query.targets) target.value = take_in_calls(target.value);
  for (SortKey& key : query.order) key.value = take_in_calls(key.value);
  return status;
}

namespace {

/// Whether a call's answers need no more than the rows up to the current one and its peers.
bool looks_back(const WindowCall& call, const WindowSpec& spec) {
  switch (call.function) {
    case WindowFunction::kRowNumber:
    case WindowFunction::kRank:
    case WindowFunction::kDenseRank: return true;
    case WindowFunction::kAggregate:
    case WindowFunction::kFirstValue:
      // Peers of the current row are within its frame: ORDER BY tells them from the others.
      return spec.exclusion == FrameExclusion::kNone && !spec.order.empty() &&
             spec.start.kind == FrameBoundKind::kUnboundedPreceding && spec.end.kind == FrameBoundKind::kCurrentRow;
    default: return false;
  }
}

bool same_order(const std::vector<SortKey>& a, const std::vector<SortKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const SortKey& x, const SortKey& y) {
    return x.descending == y.descending && x.nulls_first == y.nulls_first && equal(x.value, y.value);
  });
}

}  // namespace

/// LIMIT n of the only window's rows, in its order: the first n rows and their peers are all that the calls look at.
/// False when the query asks for something else; otherwise the rows are in order, and cut off.
bool QueryPlanner::limit_before_window(const BoundQuery& query, const WindowSpec& spec, Rel* rel) {
  const ExprPtr limit = fold(query.limit), offset = fold(query.offset);
  const auto is_count = [](const ExprPtr& count) {
    return count->is_constant() && !count->value.is_null() && count->value.get<int64_t>() >= 0;
  };
  if (!limit || !is_count(limit) || (offset && !is_count(offset))) return false;
  if (offset && offset->value.get<int64_t>() > INT64_MAX - limit->value.get<int64_t>()) return false;
  if (query.windows.size() != 1 || !spec.partition_by.empty() || query.distinct || !query.distinct_on.empty() ||
      query.with_ties || query.has_table_functions || (!query.order.empty() && !same_order(query.order, spec.order))) {
    return false;
  }
  bool looks_only_back = true;
  const auto check = [&](const ExprPtr& expr) {
    visit_expr(*expr, [&](const Expr& part) {
      if (part.kind == ExprKind::kWindow) looks_only_back = looks_only_back && looks_back(*part.window, spec);
    });
  };
  for (const BoundTarget& target : query.targets) check(target.value);
  if (!looks_only_back) return false;
  std::vector<SortKey> placed;
  for (const SortKey& key : spec.order) {
    auto value = place(key.value, rel->columns);
    if (!value.ok()) return false;
    placed.push_back({*std::move(value), key.descending, key.nulls_first});
  }
  if (!spec.order.empty() && !try_ordered_scan(spec.order, /*limited=*/true, rel)) sort(placed, rel);
  auto node = std::make_shared<LimitPlan>();
  const int64_t count = limit->value.get<int64_t>() + (offset ? offset->value.get<int64_t>() : 0);
  node->limit = make_constant(Type{oid::kInt8}, Value::of(count));
  node->ties = std::move(placed);
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  const double part = std::min(1.0, (static_cast<double>(count) + 1) / std::max(1.0, rel->rows()));
  node->cost.total = node->cost.startup + (node->cost.total - node->cost.startup) * part;
  node->cost.rows = std::max(1.0, rel->rows() * part);
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return true;
}

absl::Status QueryPlanner::plan_windows(BoundQuery& query, Rel* rel) {
  TROUPE_RETURN_IF_ERROR(take_window_subqueries(query, rel));
  const uint32_t relation = binder_.relations++;
  uint32_t next = 0;
  for (uint32_t number = 0; number < query.windows.size(); ++number) {
    const WindowSpec& spec = query.windows[number];
    auto node = std::make_shared<WindowPlan>();
    node->spec = spec;
    TROUPE_ASSIGN_OR_RETURN(node->spec.partition_by, place_all(spec.partition_by, rel->columns));
    std::vector<SortKey> keys;
    for (const ExprPtr& value : node->spec.partition_by) keys.push_back({value, false, false});
    for (SortKey& key : node->spec.order) {
      TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
      keys.push_back(key);
    }
    const bool limited = limit_before_window(query, spec, rel);
    if (!limited && !keys.empty()) sort(std::move(keys), rel);
    std::vector<std::pair<ExprPtr, ExprPtr>> replaced;
    const auto find = [&](const ExprPtr& expr) {
      replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
        if (part->kind == ExprKind::kWindow && part->window->window == number) {
          replaced.push_back({part, make_column(part->type, next, relation)});
        }
        return nullptr;
      });
    };
    for (const BoundTarget& target : query.targets) find(target.value);
    for (const SortKey& key : query.order) find(key.value);
    if (replaced.empty()) continue;
    WindowCall call = *replaced[0].first->window;
    TROUPE_ASSIGN_OR_RETURN(call.aggregate.args, place_all(replaced[0].first->args, rel->columns));
    if (call.aggregate.filter) {
      call.aggregate.filter = call.aggregate.args.back();
      call.aggregate.args.pop_back();
    }
    node->calls.push_back(std::move(call));
    node->output = rel->plan->output;
    node->output.push_back(replaced[0].first->type);
    node->cost = rel->plan->cost;
    node->cost.total += rel->rows() * kGroupCost;
    node->inputs = {rel->plan};
    rel->plan = std::move(node);
    rel->columns.push_back({relation, next++});
    const auto substitute = [&](const ExprPtr& expr) {
      return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
        for (const auto& [from, to] : replaced) {
          if (part == from || (part->kind == ExprKind::kWindow && part->window == from->window)) return to;
        }
        return nullptr;
      });
    };
    for (BoundTarget& target : query.targets) target.value = substitute(target.value);
    for (SortKey& key : query.order) key.value = substitute(key.value);
  }
  return absl::OkStatus();
}

absl::Status QueryPlanner::plan_table_functions(BoundQuery& query, Rel* rel) {
  auto node = std::make_shared<ProjectSetPlan>();
  const uint32_t relation = binder_.relations++;
  absl::Status status;
  std::vector<ExprPtr> seen;
  const auto take = [&](const ExprPtr& expr) {
    return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind != ExprKind::kTableFunction) return nullptr;
      for (uint32_t i = 0; i < seen.size(); ++i) {
        if (equal(seen[i], part)) return make_column(part->type, i, relation);
      }
      auto args = place_all(part->args, rel->columns);
      if (!args.ok()) {
        status = args.status();
        return part;
      }
      seen.push_back(part);
      node->calls.push_back({part->table_function, types_of(*args), {part->type}, *std::move(args)});
      return make_column(part->type, static_cast<uint32_t>(seen.size() - 1), relation);
    });
  };
  for (BoundTarget& target : query.targets) target.value = take(target.value);
  for (SortKey& key : query.order) key.value = take(key.value);
  TROUPE_RETURN_IF_ERROR(status);
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  for (uint32_t i = 0; i < seen.size(); ++i) {
    node->output.push_back(seen[i]->type);
    rel->columns.push_back({relation, i});
    node->cost.rows = rel->rows() * estimate_rows(node->calls[i]);
  }
  node->cost.total += node->cost.rows * 0.01;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return absl::OkStatus();
}

}  // namespace troupe
