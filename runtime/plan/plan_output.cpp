/// The end of a SELECT: select list, DISTINCT, ORDER BY, LIMIT, FOR.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

/// What a LIMIT is taken for whose value is not known yet.
constexpr double kUnknownLimit = 100;

/// Rows that are wanted in order come in small pages and are merged; through an index each is also fetched by itself.
constexpr double kOrderedRowCost = 0.2;
constexpr double kOrderedFetchCost = 0.3;

std::optional<double> constant_count(const ExprPtr& expr) {
  if (!expr || !expr->is_constant() || expr->value.is_null()) return std::nullopt;
  return static_cast<double>(expr->value.get<int64_t>());
}

}  // namespace

std::optional<double> QueryPlanner::rows_wanted(const BoundQuery& query) {
  if (!query.limit) return std::nullopt;
  const ExprPtr limit = fold(query.limit), offset = fold(query.offset);
  const double rows = constant_count(limit).value_or(kUnknownLimit) + constant_count(offset).value_or(0);
  return rows < 0 ? std::nullopt : std::optional(rows);
}

std::optional<QueryPlanner::WantedOrder> QueryPlanner::wanted_order(const BoundQuery& query) {
  const std::optional<double> rows = rows_wanted(query);
  if (!rows || query.order.empty() || query.aggregated || query.distinct || !query.distinct_on.empty() ||
      !query.windows.empty() || query.has_table_functions || !query.locks.empty()) {
    return std::nullopt;
  }
  WantedOrder wanted{query.order, *rows};
  for (SortKey& key : wanted.keys) {
    key.value = fold(key.value);
    if (!key.value->is_column() || key.value->relation != wanted.keys[0].value->relation) return std::nullopt;
  }
  return wanted;
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
                      (rel->in_order || try_ordered_scan(query.order, query.limit != nullptr, rel));
  std::vector<SortKey> order;
  if (!sorted || query.with_ties) {
    for (const SortKey& key : query.order) order.push_back({column_for(key.value), key.descending, key.nulls_first});
  }
  ExprList on;
  for (const ExprPtr& value : query.distinct_on) on.push_back(column_for(value));
  TROUPE_RETURN_IF_ERROR(project(values, ids, rel));
  query.distinct_on = on;
  TROUPE_RETURN_IF_ERROR(plan_distinct(query, width, order, rel));
  TROUPE_RETURN_IF_ERROR(plan_order_and_limit(query, std::move(order), sorted, rel));
  rel->in_order = false;  // as the query around this one may want it
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
  const std::vector<TableScanPlan*> scans = plain_scans(*rel);
  if (scans.empty()) return false;
  ExprPtr count = limit;
  if (offset && !(offset->is_constant() && offset->value.is_null())) {
    auto sum = make_operator("+", limit, offset, binder_eval());
    if (!sum.ok()) return false;
    count = fold(*sum);
  }
  for (const SortKey& key : order) {
    if (!is_pushable(*key.value)) return false;
  }
  for (TableScanPlan* scan : scans) {
    if (!scan->in_access_order) scan->order = order;
    scan->row_limit = count;
    const auto rows = constant_count(count);
    if (!rows) continue;
    const bool stops = scan->order.empty() || scan->in_access_order;
    if (stops) scan->cost.total *= std::min(1.0, (*rows + 1) / std::max(1.0, scan->cost.rows));
    scan->cost.rows = std::min(scan->cost.rows, std::max(*rows, 1.0));
  }
  return true;
}

absl::Status QueryPlanner::plan_order_and_limit(BoundQuery& query, std::vector<SortKey> order, bool sorted, Rel* rel) {
  for (SortKey& key : order) {
    TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
  }
  // DISTINCT ON has sorted already.
  const bool sorts = !order.empty() && !sorted && query.distinct_on.empty();
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

absl::Status QueryPlanner::check_locks(const BoundQuery& query, const Conditions& conditions) {
  static constexpr std::string_view kNames[] = {"FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE"};
  std::vector<uint32_t> nullable;
  for (const FromPtr& tree : query.from) {
    simplify_outer_joins(tree.get(), conditions);
    collect_nullable(*tree, false, &nullable);
  }
  for (const BoundLock& lock : query.locks) {
    if (std::find(nullable.begin(), nullable.end(), lock.relation) == nullable.end()) continue;
    return error(ErrorCode::kFeatureNotSupported, kNames[static_cast<size_t>(lock.strength)],
                 " cannot be applied to the nullable side of an outer join");
  }
  return absl::OkStatus();
}

namespace {

void collect_security(const FromTree& tree, ExprList* out) {
  if (tree.relation) {
    out->insert(out->end(), tree.relation->security.begin(), tree.relation->security.end());
    return;
  }
  collect_security(*tree.left, out);
  collect_security(*tree.right, out);
}

}  // namespace

absl::Status QueryPlanner::plan_locked_output(BoundQuery& query, uint32_t result, Rel* rel) {
  changes_rows = true;
  const bool direct_scan = is_plain_scan(*rel) && query.order.empty();
  std::vector<SortKey> order = query.order;
  for (SortKey& key : order) {
    TROUPE_ASSIGN_OR_RETURN(key.value, place(key.value, rel->columns));
  }
  if (!order.empty() && !try_ordered_scan(query.order, query.limit != nullptr, rel)) sort(order, rel);
  auto node = std::make_shared<LockRowsPlan>();
  for (const BoundLock& wanted : query.locks) {
    RowLock lock;
    lock.strength = wanted.strength;
    lock.wait = wanted.wait;
    const BoundRelation* locked = relation_in(query, wanted.relation);
    TROUPE_CHECK(locked != nullptr);
    lock.table = locked->table;
    for (uint32_t i = 0; i < rel->columns.size(); ++i) {
      if (rel->columns[i].relation != wanted.relation) continue;
      if (rel->columns[i].index == kRowKeyColumn) {
        lock.key_column = i;
      } else if (rel->columns[i].index == kTableOidColumn && lock.table->is_partitioned()) {
        lock.oid_column = i;
      } else {
        lock.columns.push_back({i, rel->columns[i].index});
      }
    }
    TROUPE_CHECK(lock.table != nullptr);
    if (!lock.table->is_partitioned()) {
      node->locks.push_back(std::move(lock));
      continue;
    }
    // In each partition its own rows.
    for (const LeafScans& scans : leaf_scans_) {
      if (scans.root != wanted.relation) continue;
      for (const LeafRelation& leaf : scans.leaves) {
        RowLock own = lock;
        own.table = leaf.relation->table;
        for (RowLock::Source& source : own.columns) source.layout_column = leaf.columns[source.layout_column];
        node->locks.push_back(std::move(own));
      }
    }
  }
  if (direct_scan) {
    auto& scan = static_cast<TableScanPlan&>(*rel->plan);
    node->direct = node->locks.size() == 1 && !node->locks[0].oid_column && scan.projection.empty() && scan.access.kind == AccessKind::kLookup &&
                   !scan.access.index;
  }
  ExprList rechecks;
  Conditions parts;
  if (query.where) split_and(fold(query.where), &parts);
  for (const FromPtr& tree : query.from) collect_security(*tree, &parts);
  if (!parts.empty()) {
    // Conditions over columns that are still there; the others concern subqueries, which are not asked again.
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
  TROUPE_RETURN_IF_ERROR(plan_order_and_limit(limits, {}, /*sorted=*/true, rel));
  if (query.with_ties) static_cast<LimitPlan&>(*rel->plan).ties = std::move(order);
  ExprList values;
  std::vector<ColumnId> ids;
  for (uint32_t i = 0; i < query.targets.size(); ++i) {
    values.push_back(query.targets[i].value);
    ids.push_back({result, i});
  }
  return project(values, std::move(ids), rel);
}

bool QueryPlanner::try_ordered_scan(const std::vector<SortKey>& order, bool limited, Rel* rel) {
  if (const auto ordered = try_ordered_leaves(order, limited, rel)) return *ordered;
  if (!is_plain_scan(*rel)) return false;
  auto& scan = static_cast<TableScanPlan&>(*rel->plan);
  if (scan.access.kind == AccessKind::kNothing) return true;
  if (scan.access.kind == AccessKind::kLookup) return scan.one_partition;
  // Worth it when the rows come that way anyway, or when only the first few are wanted.
  if (!scan.access.keys.empty() || scan.access.key_array) return false;  // several ranges, in no order
  const bool whole = scan.access.kind == AccessKind::kFull;
  if (whole && scan.access.index == nullptr && !limited) return false;
  const TableDef& table = *scan.table;
  const auto candidate = [&](const IndexPtr& index) -> std::optional<bool> {
    const auto& columns = index ? index->shape->columns : table.shape->key;
    const auto& keys = index ? index->shape->key_columns : table.shape->key_columns;
    const size_t fixed = scan.access.index == index ? scan.access.prefix.size() : 0;
    const IndexTerms* terms =
        index && index->has_terms() ? terms_of(rel->columns[0].relation, scan.table, *index) : nullptr;
    const auto is_part = [&](size_t part, const Expr& value) {
      if (columns[part] == kIndexExpression) return terms != nullptr && equal(*terms->values[part], value);
      return value.is_column() && value.index == columns[part] && rel->has({value.relation, value.index});
    };
    size_t at = fixed;
    std::optional<bool> backward;
    for (const SortKey& key : order) {
      bool single = false;
      for (size_t i = 0; i < fixed; ++i) single = single || is_part(i, *key.value);
      if (single) continue;
      if (at >= columns.size() || !is_part(at, *key.value)) return std::nullopt;
      const bool reversed = keys[at].descending != key.descending;
      const bool not_null = columns[at] != kIndexExpression && table.columns[columns[at]].not_null;
      const bool nulls_match = not_null || (keys[at].nulls_first != key.nulls_first) == reversed;
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
    if (!index || index->keys_rows() || index->building || !index->predicate_sql.empty()) continue;
    if (const auto backward = candidate(index)) return use(index, *backward);
  }
  return false;
}

/// The table read in the wanted order; null where no key or index has it.
std::optional<Rel> QueryPlanner::ordered_scan(const JoinItem& item, const WantedOrder& order) {
  if (!is_bare_table(item)) return std::nullopt;
  Rel rel = item.rel;
  auto scan = std::make_shared<TableScanPlan>(item.rel.plan->to<TableScanPlan>());
  rel.plan = scan;
  const bool whole = scan->access.kind == AccessKind::kFull;
  if (!try_ordered_scan(order.keys, /*limited=*/true, &rel)) return std::nullopt;
  if (whole) {
    const double rows = estimate_.row_count(*scan->table);
    // All entries of a global index are read first.
    scan->cost.startup = scan->access.index && scan->access.index->global() ? rows * kRowCost : 0;
    scan->cost.total += scan->cost.startup + rows * kOrderedRowCost;
    if (scan->access.index) scan->cost.total += rows * kOrderedFetchCost;
  }
  rel.in_order = true;
  return rel;
}

}  // namespace troupe
