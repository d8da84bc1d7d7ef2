/// A plain SELECT after its FROM: grouping, windows, select list, DISTINCT, ORDER BY, LIMIT, FOR.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/table_function.hpp"

namespace troupe {
namespace {

constexpr double kOperatorCost = 0.0025;
constexpr double kGroupCost = 0.01;

double sort_cost(double rows) {
  double steps = 1;
  for (double n = rows; n > 2; n /= 2) ++steps;
  return rows * steps * 2 * kOperatorCost;
}

std::optional<double> constant_count(const ExprPtr& expr) {
  if (!expr || !expr->is_constant() || expr->value.is_null()) return std::nullopt;
  return static_cast<double>(expr->value.get<int64_t>());
}

bool is_plain_scan(const Rel& rel) {
  if (rel.plan->kind != PlanKind::kTableScan) return false;
  const auto& scan = static_cast<const TableScanPlan&>(*rel.plan);
  return !scan.partial && !scan.row_limit && scan.order.empty();
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

}  // namespace

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
    status = error(ErrorCode::kInternalError, "the planner lost column ", part->index, " of relation ",
                   part->relation);
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
  if (is_plain_scan(*rel) && !placed.empty() && std::all_of(placed.begin(), placed.end(),
                                                            [](const ExprPtr& e) { return is_pushable(*e); })) {
    auto& scan = static_cast<TableScanPlan&>(*rel->plan);
    const bool uses_key = scan.with_row_key;
    if (!uses_key) {
      const ExprList below = std::move(scan.projection);
      scan.projection.clear();
      for (const ExprPtr& value : placed) {
        scan.projection.push_back(below.empty() ? value : replace_expr(value, [&](const ExprPtr& part) -> ExprPtr {
          return part->is_column() ? below[part->index] : nullptr;
        }));
      }
      scan.output = types_of(scan.projection);
      return absl::OkStatus();
    }
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
    TROUPE_ASSIGN_OR_RETURN(rel, plan_from(query.from, std::move(conditions)));
  }
  for (BoundTarget& target : query.targets) target.value = fold(target.value);
  for (SortKey& key : query.order) key.value = fold(key.value);
  if (query.aggregated) TROUPE_RETURN_IF_ERROR(plan_aggregation(query, &rel));
  for (BoundTarget& target : query.targets) {
    TROUPE_ASSIGN_OR_RETURN(target.value, take_subqueries(target.value, &rel));
  }
  for (SortKey& key : query.order) {
    TROUPE_ASSIGN_OR_RETURN(key.value, take_subqueries(key.value, &rel));
  }
  if (!query.windows.empty()) TROUPE_RETURN_IF_ERROR(plan_windows(query, &rel));
  if (query.has_table_functions) TROUPE_RETURN_IF_ERROR(plan_table_functions(query, &rel));
  if (query.limit) {
    TROUPE_ASSIGN_OR_RETURN(query.limit, take_subqueries(fold(query.limit), &rel));
  }
  if (query.offset) {
    TROUPE_ASSIGN_OR_RETURN(query.offset, take_subqueries(fold(query.offset), &rel));
  }
  TROUPE_RETURN_IF_ERROR(query.locks.empty() ? plan_output(query, result, &rel)
                                             : plan_locked_output(query, result, &rel));
  return rel;
}

absl::Status QueryPlanner::plan_output(BoundQuery& query, uint32_t result, Rel* rel) {
  ExprList values;
  std::vector<ColumnId> ids;
  for (uint32_t i = 0; i < query.targets.size(); ++i) {
    values.push_back(query.targets[i].value);
    ids.push_back({result, i});
  }
  const size_t width = values.size();
  // What ORDER BY and DISTINCT ON need beyond the select list comes along hidden.
  const auto column_for = [&](const ExprPtr& value) {
    for (uint32_t i = 0; i < values.size(); ++i) {
      if (equal(values[i], value)) return make_column(value->type, i, result);
    }
    values.push_back(value);
    ids.push_back({result, static_cast<uint32_t>(values.size() - 1)});
    return make_column(value->type, static_cast<uint32_t>(values.size() - 1), result);
  };
  const bool sorted = !query.order.empty() && !query.distinct && query.distinct_on.empty() &&
                      try_ordered_scan(query.order, query.limit != nullptr, rel);
  std::vector<SortKey> order;
  if (!sorted) {
    for (const SortKey& key : query.order) order.push_back({column_for(key.value), key.descending, key.nulls_first});
  }
  ExprList on;
  for (const ExprPtr& value : query.distinct_on) on.push_back(column_for(value));
  TROUPE_RETURN_IF_ERROR(project(values, ids, rel));
  query.distinct_on = on;
  TROUPE_RETURN_IF_ERROR(plan_distinct(query, width, order, rel));
  TROUPE_RETURN_IF_ERROR(plan_order_and_limit(query, std::move(order), rel));
  if (values.size() == width) return absl::OkStatus();
  ExprList visible;
  for (uint32_t i = 0; i < width; ++i) visible.push_back(make_column(values[i]->type, i, result));
  ids.resize(width);
  auto node = std::make_shared<ProjectPlan>();
  TROUPE_ASSIGN_OR_RETURN(node->values, place_all(visible, rel->columns));
  node->output = types_of(node->values);
  node->cost = rel->plan->cost;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  rel->columns = std::move(ids);
  return absl::OkStatus();
}

absl::Status QueryPlanner::plan_distinct(BoundQuery& query, size_t, const std::vector<SortKey>& order, Rel* rel) {
  if (!query.distinct && query.distinct_on.empty()) return absl::OkStatus();
  auto node = std::make_shared<DistinctPlan>();
  if (!query.distinct_on.empty()) {
    // Sorted by ORDER BY, which starts with the ON expressions; those that it lacks follow.
    std::vector<SortKey> keys;
    for (const SortKey& key : order) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, place(key.value, rel->columns));
      keys.push_back({std::move(value), key.descending, key.nulls_first});
    }
    TROUPE_ASSIGN_OR_RETURN(node->on, place_all(query.distinct_on, rel->columns));
    for (const ExprPtr& on : node->on) {
      const bool known = std::any_of(keys.begin(), keys.end(), [&](const SortKey& k) { return equal(k.value, on); });
      if (!known) keys.push_back({on, false, false});
    }
    sort(std::move(keys), rel);
  }
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  node->cost.total += rel->rows() * kGroupCost;
  node->cost.rows = std::max(1.0, rel->rows() * 0.5);
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return absl::OkStatus();
}

bool QueryPlanner::push_limit(const ExprPtr& limit, const ExprPtr& offset, std::vector<SortKey> order, Rel* rel) {
  if (!is_plain_scan(*rel)) return false;
  auto& scan = static_cast<TableScanPlan&>(*rel->plan);
  ExprPtr count = limit;
  if (offset && !(offset->is_constant() && offset->value.is_null())) {
    auto sum = make_operator("+", limit, offset, binder_eval());
    if (!sum.ok()) return false;
    count = fold(*sum);
  }
  for (const SortKey& key : order) {
    if (!is_pushable(*key.value)) return false;
  }
  if (!scan.in_access_order) scan.order = std::move(order);
  scan.row_limit = std::move(count);
  if (const auto rows = constant_count(scan.row_limit)) {
    scan.cost.total *= std::min(1.0, scan.order.empty() || scan.in_access_order
                                         ? (*rows + 1) / std::max(1.0, scan.cost.rows)
                                         : 1.0);
    scan.cost.rows = std::min(scan.cost.rows, std::max(*rows, 1.0));
  }
  return true;
}

absl::Status QueryPlanner::plan_order_and_limit(BoundQuery& query, std::vector<SortKey> order, Rel* rel) {
  for (SortKey& key : order) {
    TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
  }
  // DISTINCT ON has sorted already.
  const bool sorts = !order.empty() && query.distinct_on.empty();
  const std::vector<SortKey> ties = query.with_ties ? order : std::vector<SortKey>{};
  ExprPtr limit, offset;
  TROUPE_ASSIGN_OR_RETURN(limit, place(query.limit, {}));
  TROUPE_ASSIGN_OR_RETURN(offset, place(query.offset, {}));
  if (sorts && limit && !query.with_ties) {
    push_limit(limit, offset, order, rel);
    auto node = std::make_shared<TopNPlan>();
    node->keys = std::move(order);
    node->limit = limit;
    node->offset = offset;
    node->output = rel->plan->output;
    node->cost = rel->plan->cost;
    node->cost.total += rel->rows() * kOperatorCost * 4;
    node->cost.startup = node->cost.total;
    if (const auto rows = constant_count(limit)) node->cost.rows = std::max(1.0, std::min(node->cost.rows, *rows));
    node->inputs = {rel->plan};
    rel->plan = std::move(node);
    return absl::OkStatus();
  }
  if (sorts) sort(std::move(order), rel);
  if (!limit && !offset) return absl::OkStatus();
  if (limit && !query.with_ties && !sorts) push_limit(limit, offset, {}, rel);
  auto node = std::make_shared<LimitPlan>();
  node->limit = limit;
  node->offset = offset;
  node->ties = ties;
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  if (const auto rows = constant_count(limit)) {
    const double fraction = std::min(1.0, (*rows + constant_count(offset).value_or(0)) / std::max(1.0, rel->rows()));
    node->cost.total = node->cost.startup + (node->cost.total - node->cost.startup) * fraction;
    node->cost.rows = std::max(1.0, std::min(node->cost.rows, *rows));
  }
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  return absl::OkStatus();
}

absl::Status QueryPlanner::plan_locked_output(BoundQuery& query, uint32_t result, Rel* rel) {
  changes_rows = true;
  const bool direct_scan = is_plain_scan(*rel) && query.order.empty();
  if (!query.order.empty() && !try_ordered_scan(query.order, query.limit != nullptr, rel)) {
    std::vector<SortKey> order = query.order;
    for (SortKey& key : order) {
      TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
    }
    sort(std::move(order), rel);
  }
  auto node = std::make_shared<LockRowsPlan>();
  for (const BoundLock& wanted : query.locks) {
    RowLock lock;
    lock.strength = wanted.strength;
    lock.wait = wanted.wait;
    const auto find_tree = [&](const auto& self, const FromTree& tree) -> void {
      if (!tree.relation) {
        self(self, *tree.left);
        self(self, *tree.right);
      } else if (tree.relation->number == wanted.relation) {
        lock.table = tree.relation->table;
      }
    };
    for (const FromPtr& tree : query.from) find_tree(find_tree, *tree);
    for (uint32_t i = 0; i < rel->columns.size(); ++i) {
      if (rel->columns[i].relation != wanted.relation) continue;
      if (rel->columns[i].index == kRowKeyColumn) {
        lock.key_column = i;
      } else {
        lock.columns.push_back({i, rel->columns[i].index});
      }
    }
    TROUPE_CHECK(lock.table != nullptr);
    node->locks.push_back(std::move(lock));
  }
  if (direct_scan) {
    auto& scan = static_cast<TableScanPlan&>(*rel->plan);
    node->direct = node->locks.size() == 1 && scan.projection.empty() && scan.access.kind == AccessKind::kLookup &&
                   !scan.access.index;
  }
  ExprList rechecks;
  if (query.where) {
    // Conditions over columns that are still there; the others concern subqueries, which are not asked again.
    Conditions parts;
    split_and(fold(query.where), &parts);
    for (const ExprPtr& part : parts) {
      bool known = true;
      visit_expr(*part, [&](const Expr& e) {
        known = known && !e.subquery && (!e.is_column() || rel->has({e.relation, e.index}));
      });
      if (known) rechecks.push_back(part);
    }
  }
  if (!rechecks.empty()) {
    TROUPE_ASSIGN_OR_RETURN(node->recheck, place(make_and(std::move(rechecks)), rel->columns));
  }
  node->output = rel->plan->output;
  node->cost = rel->plan->cost;
  node->inputs = {rel->plan};
  rel->plan = std::move(node);
  BoundQuery limits;
  limits.limit = query.limit;
  limits.offset = query.offset;
  TROUPE_RETURN_IF_ERROR(plan_order_and_limit(limits, {}, rel));
  ExprList values;
  std::vector<ColumnId> ids;
  for (uint32_t i = 0; i < query.targets.size(); ++i) {
    values.push_back(query.targets[i].value);
    ids.push_back({result, i});
  }
  return project(values, std::move(ids), rel);
}

bool QueryPlanner::try_ordered_scan(const std::vector<SortKey>& order, bool limited, Rel* rel) {
  if (!is_plain_scan(*rel)) return false;
  auto& scan = static_cast<TableScanPlan&>(*rel->plan);
  if (scan.access.kind == AccessKind::kNothing) return true;
  if (scan.access.kind == AccessKind::kLookup) return scan.one_partition;
  // Worth it when the rows come that way anyway, or when only the first few are wanted.
  const bool whole = scan.access.kind == AccessKind::kFull;
  if (whole && scan.access.index == nullptr && !limited) return false;
  const TableDef& table = *scan.table;
  const auto candidate = [&](const IndexPtr& index) -> std::optional<bool> {
    const auto& columns = index ? index->shape->columns : table.shape->key;
    const auto& keys = index ? index->shape->key_columns : table.shape->key_columns;
    const size_t fixed = scan.access.index == index ? scan.access.prefix.size() : 0;
    size_t at = fixed;
    std::optional<bool> backward;
    for (const SortKey& key : order) {
      if (!key.value->is_column() || !rel->has({key.value->relation, key.value->index})) return std::nullopt;
      const uint32_t column = key.value->index;
      const bool single = std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(fixed), column) !=
                          columns.begin() + static_cast<std::ptrdiff_t>(fixed);
      if (single) continue;
      if (at >= columns.size() || columns[at] != column) return std::nullopt;
      const bool reversed = keys[at].descending != key.descending;
      const bool nulls_match = table.columns[column].not_null || (keys[at].nulls_first != key.nulls_first) == reversed;
      if (!nulls_match || (backward && *backward != reversed)) return std::nullopt;
      backward = reversed;
      ++at;
    }
    return backward.value_or(false);
  };
  const auto use = [&](const IndexPtr& index, bool backward) {
    if (whole && index) scan.access.kind = AccessKind::kRange;
    scan.access.index = index;
    scan.in_access_order = true;
    scan.backward = backward;
    for (const SortKey& key : order) {
      auto placed = place(key.value, rel->columns);
      if (placed.ok()) scan.order.push_back({*std::move(placed), key.descending, key.nulls_first});
    }
    return true;
  };
  if (!whole) {
    const auto backward = candidate(scan.access.index);
    return backward && use(scan.access.index, *backward);
  }
  if (!table.primary_key.empty()) {
    if (const auto backward = candidate(nullptr)) return use(nullptr, *backward);
  }
  for (const Oid oid : table.indexes) {
    const auto index = std::static_pointer_cast<const IndexDef>(context_.catalog->find_shared(oid));
    if (!index || index->primary || index->building || !index->predicate_sql.empty()) continue;
    if (const auto backward = candidate(index)) return use(index, *backward);
  }
  return false;
}

// --- grouping ---

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

// --- windows and set-returning functions ---

absl::Status QueryPlanner::plan_windows(BoundQuery& query, Rel* rel) {
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
    if (!keys.empty()) sort(std::move(keys), rel);
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
    TROUPE_ASSIGN_OR_RETURN(call.aggregate.args, place_all(call.aggregate.args, rel->columns));
    TROUPE_ASSIGN_OR_RETURN(call.aggregate.filter, place(call.aggregate.filter, rel->columns));
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
