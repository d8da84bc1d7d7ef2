/// A plain SELECT: its FROM, then grouping, windows, and the output.
#include <algorithm>
#include <utility>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/table_function.hpp"

namespace troupe {
namespace {

double sort_cost(double rows) {
  double steps = 1;
  for (double n = rows; n > 2; n /= 2) ++steps;
  return rows * steps * 2 * kOperatorCost;
}

}  // namespace

bool is_plain_scan(const Rel& rel) { return is_plain_scan(*rel.plan); }

bool is_plain_scan(const PlanNode& plan) {
  const auto* scan = plan.as<TableScanPlan>();
  return scan != nullptr && !scan->partial && !scan->row_limit && scan->order.empty();
}

/// Fit to run inside a partition: no sequences, no settings that only the session has.
bool is_pushable(const Expr& expr) {
  bool pushable = true;
  visit_expr(expr, [&](const Expr& part) {
    pushable = pushable && part.kind != ExprKind::kSequence && part.kind != ExprKind::kNamedSetting &&
               !is_reg_type(part.type.oid) &&
               (part.call.function == nullptr || part.call.function->volatility == Volatility::kImmutable);
  });
  return pushable;
}

double estimate_rows(const FunctionScanPlan::Call& call) { return call.function == nullptr ? 1 : call.function->rows; }

// --- columns ---

ExprPtr QueryPlanner::outer_slot(const Expr& column) {
  const ColumnId id{column.relation, column.index};
  for (size_t depth = outer_rows_.size(); depth-- > 0;) {
    OuterRow& row = *outer_rows_[depth];
    for (size_t i = 0; i < row.ids.size(); ++i) {
      if (row.ids[i] == id) return make_slot(column.type, row.bindings[i].slot);
    }
    for (uint32_t at = 0; at < row.columns->size(); ++at) {
      if ((*row.columns)[at] != id) continue;
      row.ids.push_back(id);
      row.bindings.push_back({slots, at});
      return make_slot(column.type, slots++);
    }
  }
  return nullptr;
}

absl::StatusOr<ExprPtr> QueryPlanner::place(const ExprPtr& expr, const std::vector<ColumnId>& columns) {
  absl::Status status;
  ExprPtr placed = replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column()) return nullptr;
    for (uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == ColumnId{part->relation, part->index}) return make_column(part->type, i);
    }
    if (ExprPtr slot = outer_slot(*part)) return slot;
    status = error(ErrorCode::kInternalError, "the planner lost column ", part->index, " of relation ", part->relation);
    return part;
  });
  TROUPE_RETURN_IF_ERROR(status);
  return placed;
}

absl::StatusOr<ExprList> QueryPlanner::place_all(const ExprList& exprs, const std::vector<ColumnId>& columns) {
  ExprList placed;
  placed.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr one, place(expr, columns));
    placed.push_back(std::move(one));
  }
  return placed;
}

// --- small steps ---

absl::Status QueryPlanner::filter(const Conditions& conditions, Rel* rel) {
  Conditions rest;
  for (const ExprPtr& condition : conditions) {
    if (condition->is_constant() && !condition->value.is_null() && condition->value.get<bool>()) continue;
    rest.push_back(condition);
  }
  if (rest.empty()) return absl::OkStatus();
  auto node = std::make_shared<FilterPlan>();
  double rows = rel->rows();
  for (const ExprPtr& condition : rest) rows *= Estimate::default_selectivity(*condition);
  node->cost = rel->plan->cost;
  node->cost.total += rel->rows() * kOperatorCost * static_cast<double>(rest.size());
  node->cost.rows = std::max(1.0, rows);
  TROUPE_ASSIGN_OR_RETURN(node->condition, place(make_and(std::move(rest)), rel->columns));
  node->output = rel->plan->output;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return absl::OkStatus();
}

namespace {

void project_in_scan(const ExprList& values, TableScanPlan* scan) {
  const ExprList below = std::move(scan->projection);
  scan->projection.clear();
  for (const ExprPtr& value : values) {
    scan->projection.push_back(below.empty() ? value : replace_expr(value, [&](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? below[part->index] : nullptr;
    }));
  }
  scan->output = types_of(scan->projection);
}

}  // namespace

absl::Status QueryPlanner::project(const ExprList& values, std::vector<ColumnId> ids, Rel* rel) {
  TROUPE_ASSIGN_OR_RETURN(ExprList placed, place_all(values, rel->columns));
  const bool same = placed.size() == rel->columns.size() && [&] {
    for (uint32_t i = 0; i < placed.size(); ++i) {
      if (!placed[i]->is_column() || placed[i]->index != i) return false;
    }
    return true;
  }();
  rel->columns = std::move(ids);
  if (same) return absl::OkStatus();
  // A bare scan computes the values where the rows are.
  const std::vector<TableScanPlan*> scans = plain_scans(*rel);
  if (!scans.empty() && !scans[0]->with_row_key && !placed.empty() &&
      std::all_of(placed.begin(), placed.end(), [](const ExprPtr& e) { return is_pushable(*e); })) {
    for (TableScanPlan* scan : scans) project_in_scan(placed, scan);
    rel->plan->output = types_of(placed);
    return absl::OkStatus();
  }
  if (rel->plan->kind == PlanKind::kValues && rel->plan->output.empty()) {
    auto& rows = static_cast<ValuesPlan&>(*rel->plan);
    if (rows.rows.size() == 1) {
      rows.output = types_of(placed);
      rows.rows[0] = std::move(placed);
      return absl::OkStatus();
    }
  }
  auto node = std::make_shared<ProjectPlan>();
  node->output = types_of(placed);
  node->values = std::move(placed);
  node->cost = rel->plan->cost;
  node->cost.total += rel->rows() * kOperatorCost;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return absl::OkStatus();
}

void QueryPlanner::sort(std::vector<SortKey> keys, Rel* rel) {
  auto node = std::make_shared<SortPlan>();
  node->keys = std::move(keys);
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  node->cost.total += sort_cost(rel->rows());
  node->cost.startup = node->cost.total;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
}

// --- the pipeline ---

absl::StatusOr<Rel> QueryPlanner::plan_query(const QueryPtr& query, uint32_t result) {
  if (query->recursive) return plan_recursive(*query, result);
  if (query->operation) return plan_set_operation(*query, result);
  return plan_plain(*query, result);
}

/// LIMIT and OFFSET stand outside the rows: a subquery there runs once.
absl::Status QueryPlanner::plan_limits(BoundQuery& query) {
  for (ExprPtr* count : {&query.limit, &query.offset}) {
    Rel nothing;
    TROUPE_ASSIGN_OR_RETURN(*count, take_subqueries(fold(*count), &nothing));
  }
  return absl::OkStatus();
}

absl::StatusOr<Rel> QueryPlanner::plan_plain(BoundQuery& query, uint32_t result) {
  Rel rel;
  Conditions conditions;
  if (query.where) split_and(fold(query.where), &conditions);
  if (query.from.empty()) {
    auto row = std::make_shared<ValuesPlan>();
    row->rows.emplace_back();
    row->cost = {0, 0.01, 1, 0};
    rel.plan = std::move(row);
    for (ExprPtr& condition : conditions) {
      TROUPE_ASSIGN_OR_RETURN(condition, take_subqueries(condition, &rel));
    }
    TROUPE_RETURN_IF_ERROR(filter(conditions, &rel));
  } else {
    TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&conditions));
    if (!query.locks.empty()) {
      // First: an outer join that becomes an inner one has its conditions asked again too.
      TROUPE_RETURN_IF_ERROR(check_locks(query, conditions));
      std::vector<FromPtr> items;
      for (const FromPtr& tree : query.from) flatten(tree, &items, &conditions);
      query.from = std::move(items);
      query.where = make_and(conditions);  // asked again of rows that were waited for
    }
    wanted_order_ = wanted_order(query);
    TROUPE_ASSIGN_OR_RETURN(rel, plan_from(query.from, std::move(conditions)));
  }
  if (query.match) TROUPE_RETURN_IF_ERROR(plan_match(query, &rel));
  if (query.aggregated) TROUPE_RETURN_IF_ERROR(plan_aggregation(query, &rel));
  for (BoundTarget& target : query.targets) target.value = fold(target.value);
  for (SortKey& key : query.order) key.value = fold(key.value);
  for (ExprPtr& on : query.distinct_on) on = fold(on);
  if (!query.windows.empty()) TROUPE_RETURN_IF_ERROR(plan_windows(query, &rel));
  const auto take = [&](ExprPtr& expr) -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(expr, take_subqueries(std::move(expr), &rel));
    return absl::OkStatus();
  };
  for (BoundTarget& target : query.targets) TROUPE_RETURN_IF_ERROR(take(target.value));
  for (SortKey& key : query.order) TROUPE_RETURN_IF_ERROR(take(key.value));
  for (ExprPtr& on : query.distinct_on) TROUPE_RETURN_IF_ERROR(take(on));
  if (query.has_table_functions) TROUPE_RETURN_IF_ERROR(plan_table_functions(query, &rel));
  TROUPE_RETURN_IF_ERROR(plan_limits(query));
  TROUPE_RETURN_IF_ERROR(query.locks.empty() ? plan_output(query, result, &rel)
                                             : plan_locked_output(query, result, &rel));
  return rel;
}

}  // namespace troupe
