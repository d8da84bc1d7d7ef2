/// Simpler queries of the same meaning: WITH queries used once become subqueries, and subqueries that are nothing but
/// joins, conditions and expressions dissolve into the query around them.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
ExprPtr substitute_expr(const ExprPtr& expr, const ReplaceExpr& replace) {
  return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (ExprPtr other = replace(part)) return other;
    if (part->subquery) substitute_query(part->subquery->query.get(), replace);
    return nullptr;
  });
}

namespace {

void substitute_tree(FromTree* tree, const ReplaceExpr& replace) {
  if (!tree->relation) {
    substitute_tree(tree->left.get(), replace);
    substitute_tree(tree->right.get(), replace);
    tree->condition = substitute_expr(tree->condition, replace);
    return;
  }
  if (tree->relation->query) substitute_query(tree->relation->query.get(), replace);
  for (ExprPtr& condition : tree->relation->security) condition = substitute_expr(condition, replace);
  for (auto& call : tree->relation->calls) {
    for (ExprPtr& arg : call.args) arg = substitute_expr(arg, replace);
  }
  for (ExprList& row : tree->relation->values) {
    for (ExprPtr& value : row) value = substitute_expr(value, replace);
  }
}

}  // namespace

void substitute_query(BoundQuery* query, const ReplaceExpr& replace) {
  for (const FromPtr& tree : query->from) substitute_tree(tree.get(), replace);
  if (query->left) substitute_query(query->left.get(), replace);
  if (query->right) substitute_query(query->right.get(), replace);
  const auto apply = [&](ExprPtr& expr) { expr = substitute_expr(expr, replace); };
  apply(query->where);
  if (query->match) query->match->visit_all(apply);
  std::for_each(query->groups.begin(), query->groups.end(), apply);
  apply(query->having);
  std::for_each(query->hoisted.begin(), query->hoisted.end(), apply);
  for (WindowSpec& window : query->windows) {
    std::for_each(window.partition_by.begin(), window.partition_by.end(), apply);
    for (SortKey& key : window.order) apply(key.value);
  }
  for (BoundTarget& target : query->targets) apply(target.value);
  std::for_each(query->distinct_on.begin(), query->distinct_on.end(), apply);
  for (SortKey& key : query->order) apply(key.value);
  apply(query->limit);
  apply(query->offset);
}

namespace {

bool is_volatile(const BoundQuery& query) {
  bool found = false;
  visit_query(query, [&](const ExprPtr& expr) { found = found || volatility_of(*expr) == Volatility::kVolatile; });
  return found;
}

/// What is used twice would be computed twice; what is volatile must run once a row.
bool may_be_repeated(const Expr& expr) {
  bool plain = volatility_of(expr) != Volatility::kVolatile;
  visit_expr(expr, [&](const Expr& part) { plain = plain && !part.subquery; });
  return plain;
}

bool dissolves(const BoundQuery& query) {
  if (query.operation || query.recursive || query.modify || query.match || query.aggregated || query.from.empty() || query.distinct ||
      !query.distinct_on.empty() || query.limit || query.offset || !query.windows.empty() ||
      query.has_table_functions || !query.locks.empty()) {
    return false;
  }
  return std::all_of(query.targets.begin(), query.targets.end(),
                     [](const BoundTarget& target) { return may_be_repeated(*target.value); });
}

/// Of a relation that has exactly one row, of expressions only.
std::optional<ExprList> only_row(const BoundRelation& relation) {
  if (relation.kind == BoundRelation::Kind::kValues) {
    return relation.values.size() == 1 ? std::optional(relation.values[0]) : std::nullopt;
  }
  if (relation.kind != BoundRelation::Kind::kSubquery) return std::nullopt;
  const BoundQuery& query = *relation.query;
  if (!query.from.empty() || query.operation || query.recursive || query.modify || query.match || query.aggregated ||
      query.where || query.having || query.limit || query.offset || !query.windows.empty() ||
      query.has_table_functions || !query.groups.empty() || !query.grouping_sets.empty()) {
    return std::nullopt;
  }
  ExprList row;
  for (const BoundTarget& target : query.targets) row.push_back(target.value);
  return row;
}

/// Whether the rows of a subquery that is all there is to read come out as they go in, so that its ORDER BY can be the
/// query's own.
bool keeps_order(const BoundQuery& query, const FromTree& leaf) {
  return query.from.size() == 1 && query.from[0].get() == &leaf && !query.operation && !query.match &&
         !query.aggregated && query.order.empty() && !query.distinct && query.distinct_on.empty() &&
         query.windows.empty() && !query.has_table_functions && query.locks.empty();
}

}  // namespace

void QueryPlanner::prepare_expr(const ExprPtr& expr) {
  if (!expr) return;
  visit_expr(*expr, [&](const Expr& part) {
    if (part.subquery) prepare(part.subquery->query.get());
  });
}

void QueryPlanner::prepare(BoundQuery* query) {
  replace_extremes(query);
  const std::vector<FromPtr> trees = query->from;
  for (const FromPtr& tree : trees) {
    prepare_tree(tree, true, query);
    if (query->from.size() > 1 && dissolve_row(*tree, query)) std::erase(query->from, tree);
  }
  if (query->left) prepare(query->left.get());
  if (query->right) prepare(query->right.get());
  prepare_expr(query->where);
  if (query->match) query->match->visit_all([this](const ExprPtr& expr) { prepare_expr(expr); });
  prepare_expr(query->having);
  for (const BoundTarget& target : query->targets) prepare_expr(target.value);
  for (const ExprPtr& group : query->groups) prepare_expr(group);
  for (const SortKey& key : query->order) prepare_expr(key.value);
  prepare_expr(query->limit);
  prepare_expr(query->offset);
}

namespace {

/// A view that is to keep what reads it from telling of rows that it leaves out.
bool is_barrier(const BoundRelation& relation) {
  return relation.view != nullptr && parse_switch(relation.view->option("security_barrier")).value_or(false);
}

}  // namespace

void QueryPlanner::prepare_tree(const FromPtr& tree, bool may_pull_up, BoundQuery* query) {
  if (!tree->relation) {
    // Below an outer join's optional side, expressions must turn null with the row: they stay where they are.
    const bool inner = tree->join == JoinKind::kInner;
    prepare_tree(tree->left, may_pull_up && (inner || tree->join == JoinKind::kLeft), query);
    prepare_tree(tree->right, may_pull_up && (inner || tree->join == JoinKind::kRight), query);
    prepare_expr(tree->condition);
    if (may_pull_up && inner) drop_rows_joined(tree.get(), query);
    return;
  }
  BoundRelation& relation = *tree->relation;
  if (relation.kind == BoundRelation::Kind::kCte) {
    const BoundCte& cte = binder_.ctes[relation.cte];
    // One that refers to an outer query has other rows for each of its rows: it is computed where it is read.
    const bool dissolvable = !cte.materialized && !cte.query->recursive && !is_volatile(*cte.query);
    if (cte.references == 1 && !cte.query->modify && (dissolvable || is_correlated(*cte.query))) {
      relation.kind = BoundRelation::Kind::kSubquery;
      relation.query = cte.query;
    }
  }
  for (const ExprList& row : relation.values) {
    for (const ExprPtr& value : row) prepare_expr(value);
  }
  for (const ExprPtr& condition : relation.security) prepare_expr(condition);
  if (!relation.query) return;
  prepare(relation.query.get());
  if (may_pull_up && !is_barrier(relation)) pull_up(tree, query);
}

/// Of an inner join with one row that is nothing but expressions the other side is left.
void QueryPlanner::drop_rows_joined(FromTree* join, BoundQuery* query) {
  FromPtr left_over;
  if (dissolve_row(*join->right, query)) {
    left_over = join->left;
  } else if (dissolve_row(*join->left, query)) {
    left_over = join->right;
  } else {
    return;
  }
  const ExprPtr condition = join->condition;
  *join = FromTree(*left_over);
  if (condition) query->where = query->where ? make_and({query->where, condition}) : condition;
}

/// VALUES with one row, or SELECT without FROM, becomes the expressions that it is made of.
bool QueryPlanner::dissolve_row(const FromTree& leaf, BoundQuery* query) {
  if (!leaf.relation || !leaf.relation->security.empty()) return false;
  const std::optional<ExprList> row = only_row(*leaf.relation);
  if (!row || !std::ranges::all_of(*row, [](const ExprPtr& value) { return may_be_repeated(*value); })) return false;
  const uint32_t number = leaf.relation->number;
  substitute_query(query, [&](const ExprPtr& part) -> ExprPtr {
    return part->is_column() && part->relation == number ? (*row)[part->index] : nullptr;
  });
  return true;
}

bool QueryPlanner::pull_up(const FromPtr& leaf, BoundQuery* query) {
  const std::shared_ptr<BoundRelation> relation = leaf->relation;
  const QueryPtr inner = relation->query;
  if (!dissolves(*inner)) return false;
  // PostgreSQL's users have learned to count on a subquery's order.
  if (!inner->order.empty() && !keeps_order(*query, *leaf)) return false;
  if (!inner->order.empty()) query->order = inner->order;
  // The leaf becomes the join of what the subquery joined.
  FromPtr joined = inner->from[0];
  for (size_t i = 1; i < inner->from.size(); ++i) {
    auto both = std::make_shared<FromTree>();
    both->left = std::move(joined);
    both->right = inner->from[i];
    joined = std::move(both);
  }
  *leaf = *joined;
  if (inner->where) query->where = query->where ? make_and({query->where, inner->where}) : inner->where;
  query->relations.insert(query->relations.end(), inner->relations.begin(), inner->relations.end());
  // A target may itself mention this query's other relations (LATERAL); those need no change.
  const auto replace = [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != relation->number) return nullptr;
    return inner->targets[part->index].value;
  };
  substitute_query(query, replace);
  return true;
}

}  // namespace troupe
