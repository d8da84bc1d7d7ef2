/// Subqueries in expressions: run once, joined, or as a last resort run anew for every row.
#include <algorithm>
#include <functional>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/refusal.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

/// A subquery that is nothing but joins and conditions: it can be joined with the query around it.
bool is_plain_join(const BoundQuery& query) {
  return !query.operation && !query.recursive && !query.modify && !query.aggregated && !query.from.empty() &&
         !query.limit && !query.offset && query.windows.empty() && !query.has_table_functions &&
         query.distinct_on.empty() && query.locks.empty();
}

/// Whether the values that IN compares may be computed where the subquery's tables are joined.
bool compares_where_it_joins(const BoundQuery& query) {
  return is_plain_join(query) && std::all_of(query.targets.begin(), query.targets.end(), [](const BoundTarget& target) {
           return !has_subquery(*target.value) && volatility_of(*target.value) != Volatility::kVolatile;
         });
}

/// Whether there is a row depends on neither their order nor a LIMIT that lets one pass.
void drop_what_exists_ignores(BoundQuery* query, const EvalContext& context) {
  if (query->operation || query->recursive || query->modify || query->offset || !query->distinct_on.empty() ||
      query->has_table_functions) {
    return;
  }
  if (query->limit) {
    query->limit = fold_constants(query->limit, context);
    const bool passes =
        query->limit->is_constant() && (query->limit->value.is_null() || query->limit->value.get<int64_t>() > 0);
    if (!passes) return;
    query->limit = nullptr;
    query->with_ties = false;
  }
  query->order.clear();
}

/// Whether the expression's columns, of which it has some, are all of `rel`.
bool is_made_of(const Expr& expr, const Rel& rel) {
  bool any = false, all = true;
  visit_expr(expr, [&](const Expr& part) {
    if (!part.is_column()) return;
    any = true;
    all = all && rel.has({part.relation, part.index});
  });
  return any && all;
}

bool mentions_none(const Expr& expr, const Rel& rel) {
  bool none = true;
  visit_expr(expr, [&](const Expr& part) {
    none = none && !(part.is_column() && rel.has({part.relation, part.index}));
  });
  return none;
}

/// One row with the array of all that the first column holds, null when there is no row.
absl::StatusOr<Rel> collect_array(Rel rows, uint32_t relation, Type array) {
  const Type element = rows.plan->output[0];
  auto collect = resolve_aggregate("array_agg", {&element, 1});
  if (!collect.ok()) {
    return error(ErrorCode::kFeatureNotSupported, "a correlated ARRAY(subquery) of arrays is not supported yet");
  }
  auto node = std::make_shared<AggregatePlan>();
  AggregateCall call;
  call.aggregate = *std::move(collect);
  call.args = {make_column(element, 0)};
  node->aggregation.calls.push_back(std::move(call));
  node->output = {array};
  node->cost = rows.plan->cost;
  node->cost.total += rows.rows() * kGroupCost;
  node->cost.startup = node->cost.total;
  node->cost.rows = 1;
  node->inputs = {rows.plan};
  return Rel{std::move(node), {{relation, 0}}};
}

/// ARRAY(query) of no rows is an empty array, where array_agg is null.
ExprPtr empty_when_null(ExprPtr array) {
  const Oid element = element_type_of(array->type.oid);
  auto either = std::make_shared<Expr>();
  either->kind = ExprKind::kCoalesce;
  either->type = array->type;
  ExprPtr empty = make_constant(array->type, Value::text(pack_array(element, physical_of(Type{element}), {})));
  either->args = {std::move(array), std::move(empty)};
  return either;
}

}  // namespace

absl::StatusOr<ExprPtr> QueryPlanner::add_init_plan(InitPlan::Kind kind, const QueryPtr& query, Type type) {
  // An uncorrelated query sees no outer row; its own conditions must not find one by accident.
  std::vector<OuterRow*> outer;
  outer.swap(outer_rows_);
  auto rel = plan_query(query, binder_.relations++);
  outer_rows_.swap(outer);
  if (!rel.ok()) return rel.status();
  InitPlan init;
  init.kind = kind;
  init.slot = slots++;
  init.type = type;
  init.plan = rel->plan;
  init_plans.push_back(std::move(init));
  return make_slot(type, init_plans.back().slot);
}

absl::StatusOr<ExprPtr> QueryPlanner::take_subqueries(ExprPtr expr, Rel* rel) {
  if (!expr) return expr;
  absl::Status status;
  ExprPtr result = replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (part->kind != ExprKind::kSubquery || !status.ok()) return nullptr;
    auto taken = take_subquery(*part, rel);
    if (!taken.ok()) {
      status = taken.status();
      return part;
    }
    return *std::move(taken);
  });
  TROUPE_RETURN_IF_ERROR(status);
  return result;
}

/// ORDER BY, DISTINCT ON and GROUP BY share the subqueries of the targets they name. Planning changes a bound query, so
/// it happens once; the others read the column that came of it.
absl::StatusOr<ExprPtr> QueryPlanner::take_subquery(const Expr& expr, Rel* rel) {
  for (const auto& [subquery, value] : taken_subqueries_) {
    if (subquery != expr.subquery) continue;
    bool at_hand = true;
    visit_expr(*value, [&](const Expr& part) {
      at_hand = at_hand && (!part.is_column() || rel->has({part.relation, part.index}));
    });
    if (at_hand) return value;
  }
  const bool any = expr.subquery->kind == BoundSubquery::Kind::kAny;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, any ? plan_any(expr, rel) : plan_scalar(expr, rel));
  taken_subqueries_.emplace_back(expr.subquery, value);
  return value;
}

absl::StatusOr<Rel> QueryPlanner::apply(Rel left, const std::function<absl::StatusOr<Rel>()>& plan_right, JoinKind kind,
                                        Conditions conditions, bool null_aware_mark) {
  OuterRow row{&left.columns, {}, {}};
  outer_rows_.push_back(&row);
  auto right = plan_right();
  outer_rows_.pop_back();
  if (!right.ok()) return right;
  auto node = std::make_shared<ApplyPlan>();
  node->join = kind;
  node->bindings = row.bindings;
  node->null_aware_mark = null_aware_mark;
  node->output = left.plan->output;
  Rel result;
  result.columns = left.columns;
  result.in_order = left.in_order && keeps_order(kind);
  std::vector<ColumnId> both = left.columns;
  both.insert(both.end(), right->columns.begin(), right->columns.end());
  if (!conditions.empty()) {
    TROUPE_ASSIGN_OR_RETURN(node->condition, place(make_and(std::move(conditions)), both));
  }
  double rows = left.rows();
  if (kind == JoinKind::kMark) {
    node->output.push_back(Type{oid::kBool});
    result.columns.push_back({binder_.relations++, 0});
  } else if (kind != JoinKind::kSemi && kind != JoinKind::kAnti) {
    node->output.insert(node->output.end(), right->plan->output.begin(), right->plan->output.end());
    result.columns = both;
    if (kind != JoinKind::kSingle) rows *= std::max(1.0, right->rows());
  }
  node->cost = {left.plan->cost.startup, left.cost() + left.rows() * std::max(right->cost(), 0.01), rows,
                left.plan->cost.width + right->plan->cost.width};
  node->inputs = {left.plan, right->plan};
  result.plan = std::move(node);
  return result;
}

/// ARRAY (query of arrays), which become the inner dimensions: what array_agg makes of them.
absl::StatusOr<ExprPtr> QueryPlanner::plan_array_of_arrays(const Expr& expr) {
  std::vector<OuterRow*> outer;
  outer.swap(outer_rows_);
  auto rows = plan_query(expr.subquery->query, expr.subquery->relation);
  outer_rows_.swap(outer);
  TROUPE_RETURN_IF_ERROR(rows.status());
  TROUPE_ASSIGN_OR_RETURN(const Rel collected, collect_array(*std::move(rows), expr.subquery->relation, expr.type));
  InitPlan init;
  init.kind = InitPlan::Kind::kScalar;
  init.slot = slots++;
  init.type = expr.type;
  init.plan = collected.plan;
  init_plans.push_back(std::move(init));
  return empty_when_null(make_slot(expr.type, init_plans.back().slot));
}

absl::StatusOr<ExprPtr> QueryPlanner::plan_scalar(const Expr& expr, Rel* rel) {
  const BoundSubquery& subquery = *expr.subquery;
  const bool exists = subquery.kind == BoundSubquery::Kind::kExists;
  if (exists) drop_what_exists_ignores(subquery.query.get(), binder_eval());
  if (!is_correlated(*subquery.query) && !(subquery.each_row && rel->plan)) {
    if (exists && !subquery.query->limit)
      subquery.query->limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
    const bool of_arrays =
        subquery.kind == BoundSubquery::Kind::kArray && is_array_type(subquery.query->targets[0].value->type.oid);
    if (of_arrays) return plan_array_of_arrays(expr);
    const auto kind = exists                                         ? InitPlan::Kind::kExists
                      : subquery.kind == BoundSubquery::Kind::kArray ? InitPlan::Kind::kArray
                                                                     : InitPlan::Kind::kScalar;
    return add_init_plan(kind, subquery.query, expr.type);
  }
  if (!rel->plan) return not_supported_yet("a correlated subquery in this place");
  if (subquery.kind == BoundSubquery::Kind::kArray) {
    const auto collected = [&]() -> absl::StatusOr<Rel> {
      TROUPE_ASSIGN_OR_RETURN(Rel rows, plan_query(subquery.query, subquery.relation));
      return collect_array(std::move(rows), subquery.relation, expr.type);
    };
    TROUPE_ASSIGN_OR_RETURN(*rel, apply(std::move(*rel), collected, JoinKind::kSingle, {}));
    return empty_when_null(make_column(expr.type, 0, subquery.relation));
  }
  if (exists) {
    TROUPE_ASSIGN_OR_RETURN(auto mark_of_join, decorrelate_exists(*subquery.query, rel));
    if (mark_of_join) return *std::move(mark_of_join);
    TROUPE_ASSIGN_OR_RETURN(*rel, apply(std::move(*rel), [&] { return plan_query(subquery.query, subquery.relation); },
                                        JoinKind::kMark, {}));
    const ColumnId mark = rel->columns.back();
    return make_column(expr.type, mark.index, mark.relation);
  }
  if (!subquery.each_row) {
    TROUPE_ASSIGN_OR_RETURN(auto joined, decorrelate_scalar(expr, rel));
    if (joined) return *std::move(joined);
  }
  TROUPE_ASSIGN_OR_RETURN(*rel, apply(std::move(*rel), [&] { return plan_query(subquery.query, subquery.relation); },
                                      JoinKind::kSingle, {}));
  return make_column(expr.type, 0, subquery.relation);
}

absl::StatusOr<QueryPlanner::JoinItem> QueryPlanner::plan_exists(const BoundQuery& query, Conditions inside) {
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&inside));
  JoinItem item;
  const bool bare = query.from.size() == 1 && query.from[0]->relation &&
                    std::none_of(inside.begin(), inside.end(), [](const ExprPtr& part) { return has_subquery(*part); });
  if (bare) item.tree = query.from[0];
  item.local = inside;
  TROUPE_ASSIGN_OR_RETURN(item.rel, plan_from(query.from, std::move(inside)));
  if (!bare) return item;
  const ExprList& policies = query.from[0]->relation->security;
  item.local.insert(item.local.end(), policies.begin(), policies.end());
  return item;
}

/// EXISTS (query) that an equality ties to the row around it becomes a join that marks the rows with a match.
absl::StatusOr<std::optional<ExprPtr>> QueryPlanner::decorrelate_exists(BoundQuery& query, Rel* rel) {
  if (!is_plain_join(query)) return std::nullopt;
  Conditions inside, on;
  if (!split_exists(query, query.where, &inside, &on)) return std::nullopt;
  // An equality with a query further out is better asked of an index, once for each of its rows.
  const bool tied = std::any_of(on.begin(), on.end(), [&](const ExprPtr& part) {
    return is_equality(*part) && ((is_made_of(part->arg(0), *rel) && mentions_none(part->arg(1), *rel)) ||
                                  (is_made_of(part->arg(1), *rel) && mentions_none(part->arg(0), *rel)));
  });
  if (!tied) return std::nullopt;
  for (const ExprPtr& part : on) need(part);
  TROUPE_ASSIGN_OR_RETURN(const JoinItem inner, plan_exists(query, std::move(inside)));
  JoinItem left;
  left.rel = std::move(*rel);
  TROUPE_ASSIGN_OR_RETURN(*rel, semi_join(left, inner.rel, &inner, JoinKind::kMark, std::move(on)));
  const ColumnId mark = rel->columns.back();
  return make_column(Type{oid::kBool}, mark.index, mark.relation);
}

/// x IN (query) where there are no rows around it: x = ANY (ARRAY (query)), or the value of SELECT x IN (query).
absl::StatusOr<ExprPtr> QueryPlanner::plan_any_once(const Expr& expr) {
  const BoundSubquery& subquery = *expr.subquery;
  const Expr& condition = expr.arg(0);
  if (condition.kind == ExprKind::kCall && condition.args.size() == 2 && condition.arg(1).is_column() &&
      condition.arg(1).relation == subquery.relation && !has_subquery(condition.arg(0)) &&
      array_type_of(condition.arg(1).type.oid) != 0 && !is_correlated(*subquery.query)) {
    const Type array{array_type_of(condition.arg(1).type.oid)};
    TROUPE_ASSIGN_OR_RETURN(ExprPtr values, add_init_plan(InitPlan::Kind::kArray, subquery.query, array));
    auto compare = make_expr(ExprKind::kArrayCompare, expr.type, {condition.args[0], std::move(values)});
    compare->call = condition.call;
    return compare;
  }
  auto query = std::make_shared<BoundQuery>();
  query->targets.push_back({std::make_shared<Expr>(expr), {}});
  if (is_correlated(*query)) return not_supported_yet("a correlated subquery in this place");
  return add_init_plan(InitPlan::Kind::kScalar, query, expr.type);
}

/// x IN (query) where its truth value is wanted: a column that says whether there was a match.
absl::StatusOr<ExprPtr> QueryPlanner::plan_any(const Expr& expr, Rel* rel) {
  if (!rel->plan) return plan_any_once(expr);
  const BoundSubquery& subquery = *expr.subquery;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, take_subqueries(expr.args[0], rel));
  Conditions conditions;
  if (is_correlated(*subquery.query)) {
    conditions = {std::move(condition)};
    TROUPE_ASSIGN_OR_RETURN(*rel, apply(
                                      std::move(*rel), [&] { return plan_query(subquery.query, subquery.relation); },
                                      JoinKind::kMark, std::move(conditions), true));
  } else {
    split_and(condition, &conditions);
    TROUPE_ASSIGN_OR_RETURN(Rel right, plan_query(subquery.query, subquery.relation));
    // With several keys a null in one of them does not decide alone: compare row by row.
    if (conditions.size() > 1) conditions = {make_and(std::move(conditions))};
    TROUPE_ASSIGN_OR_RETURN(*rel,
                            join(std::move(*rel), std::move(right), JoinKind::kMark, std::move(conditions), true));
  }
  const ColumnId mark = rel->columns.back();
  return make_column(Type{oid::kBool}, mark.index, mark.relation);
}

/// EXISTS (query) that one equality ties to the row around it: outer = ANY (ARRAY (query of the inner sides)). Null for
/// anything else.
absl::StatusOr<ExprPtr> QueryPlanner::exists_as_any(const Expr& expr) {
  const BoundQuery& query = *expr.subquery->query;
  if (expr.subquery->kind != BoundSubquery::Kind::kExists || !is_plain_join(query) || !is_correlated(query)) {
    return ExprPtr();
  }
  Conditions inside, on;
  if (!split_exists(query, query.where, &inside, &on) || on.size() != 1 || !is_equality(*on[0])) return ExprPtr();
  BoundQuery left_only;
  left_only.from = query.from;
  left_only.where = make_null_test(on[0]->args[0], false);
  const size_t inner = is_correlated(left_only) ? 1 : 0;
  left_only.where = make_null_test(on[0]->args[inner], false);
  if (is_correlated(left_only)) return ExprPtr();  // both sides mention the row around it
  auto found = std::make_shared<BoundQuery>(query);
  found->where = inside.empty() ? nullptr : make_and(std::move(inside));
  found->targets = {{on[0]->args[inner], {}}};
  BoundSubquery any;
  any.kind = BoundSubquery::Kind::kAny;
  any.query = std::move(found);
  any.relation = expr.subquery->relation;
  const ExprPtr given = make_column(on[0]->args[inner]->type, 0, any.relation);
  TROUPE_ASSIGN_OR_RETURN(ExprPtr same, make_operator("=", on[0]->args[1 - inner], given, binder_eval()));
  auto test = make_expr(ExprKind::kSubquery, Type{oid::kBool}, {std::move(same)});
  test->subquery = std::make_shared<const BoundSubquery>(std::move(any));
  // EXISTS is never null.
  return make_expr(ExprKind::kCoalesce, Type{oid::kBool}, {std::move(test), make_bool(false)});
}

/// With each EXISTS, where that is possible, as a subquery that can run before any row is there.
absl::StatusOr<ExprPtr> QueryPlanner::without_correlation(const ExprPtr& expr) {
  absl::Status status;
  ExprPtr result = replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->subquery || !status.ok()) return nullptr;
    auto any = exists_as_any(*part);
    status.Update(any.status());
    return any.ok() ? *std::move(any) : nullptr;
  });
  TROUPE_RETURN_IF_ERROR(status);
  return result;
}

absl::StatusOr<ExprPtr> QueryPlanner::run_uncorrelated_first(const ExprPtr& expr) {
  if (!has_subquery(*expr)) return expr;
  absl::Status status;
  Rel no_rows;
  ExprPtr known = replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->subquery || part->subquery->kind == BoundSubquery::Kind::kAny || !status.ok()) return nullptr;
    if (is_correlated(*part->subquery->query)) return nullptr;
    auto taken = take_subquery(*part, &no_rows);
    status.Update(taken.status());
    return taken.ok() ? *std::move(taken) : part;
  });
  TROUPE_RETURN_IF_ERROR(status);
  return known;
}

namespace {

bool is_same_for_all_rows(const Expr& expr) {
  bool same = volatility_of(expr) != Volatility::kVolatile;
  visit_expr(expr, [&](const Expr& part) {
    same = same && !part.is_column() && !part.subquery && part.kind != ExprKind::kSequence;
  });
  return same;
}

/// What is in it may never be computed.
bool may_skip(const Expr& expr) {
  return expr.kind == ExprKind::kCase || expr.kind == ExprKind::kCoalesce || expr.kind == ExprKind::kOr;
}

}  // namespace

absl::StatusOr<ExprPtr> QueryPlanner::run_session_parts_first(const ExprPtr& condition, bool all) {
  if (runs_in_partition(*condition)) return condition;
  absl::Status status;
  ExprPtr result = replace_expr(condition, [&](const ExprPtr& part) -> ExprPtr {
    if ((may_skip(*part) && !all) || !status.ok()) return part;
    if (runs_in_partition(*part) || !is_same_for_all_rows(*part)) return nullptr;
    auto query = std::make_shared<BoundQuery>();
    query->targets.push_back({part, {}});
    auto slot = add_init_plan(InitPlan::Kind::kScalar, query, part->type);
    status.Update(slot.status());
    return slot.ok() ? *std::move(slot) : part;
  });
  TROUPE_RETURN_IF_ERROR(status);
  return result;
}

absl::Status QueryPlanner::run_uncorrelated_first(Conditions* conditions) {
  for (ExprPtr& condition : *conditions) {
    TROUPE_ASSIGN_OR_RETURN(condition, run_uncorrelated_first(condition));
  }
  return absl::OkStatus();
}

/// EXISTS (q AND p), where p is a subquery that speaks of no row of q, is p AND EXISTS (q): each can be joined then.
void QueryPlanner::free_outer_parts(Conditions* conditions) {
  Conditions freed;
  for (const ExprPtr& condition : *conditions) {
    if (condition->kind != ExprKind::kSubquery || condition->subquery->kind != BoundSubquery::Kind::kExists) continue;
    BoundQuery& query = *condition->subquery->query;
    if (!is_plain_join(query) || !query.where) continue;
    BoundQuery joined;
    joined.from = query.from;
    std::vector<uint32_t> own, ignored;
    collect_relations(joined, &own, &ignored);
    const auto is_foreign = [&own](const ExprPtr& part) {
      std::vector<uint32_t> mentioned;
      collect_relations(*part, &mentioned);
      return has_subquery(*part) && volatility_of(*part) != Volatility::kVolatile &&
             std::ranges::none_of(mentioned, [&](uint32_t r) { return std::ranges::find(own, r) != own.end(); });
    };
    Conditions parts;
    split_and(fold(query.where), &parts);
    const auto first_foreign = std::stable_partition(parts.begin(), parts.end(), std::not_fn(is_foreign));
    if (first_foreign == parts.end()) continue;
    freed.insert(freed.end(), first_foreign, parts.end());
    parts.erase(first_foreign, parts.end());
    query.where = parts.empty() ? nullptr : make_and(std::move(parts));
  }
  conditions->insert(conditions->end(), freed.begin(), freed.end());
}

absl::StatusOr<bool> QueryPlanner::plan_semi_join(const ExprPtr& condition, JoinItem* item) {
  const bool negated = condition->kind == ExprKind::kNot;
  const Expr& test = negated ? condition->arg(0) : *condition;
  if (test.kind != ExprKind::kSubquery) return false;
  const BoundSubquery& subquery = *test.subquery;
  BoundQuery& query = *subquery.query;
  if (subquery.kind == BoundSubquery::Kind::kExists) drop_what_exists_ignores(&query, binder_eval());
  const bool correlated = is_correlated(query);
  Rel& rel = item->rel;
  ExprPtr where = query.where;
  if (subquery.kind == BoundSubquery::Kind::kAny) {
    if (has_subquery(*test.args[0])) return false;
    if (!correlated && (negated || !compares_where_it_joins(query))) {
      Conditions conditions;
      split_and(test.args[0], &conditions);
      if (negated && (conditions.size() != 1 || !is_equality(*conditions[0]))) return false;
      TROUPE_ASSIGN_OR_RETURN(Rel right, plan_query(subquery.query, subquery.relation));
      const JoinKind kind = negated ? JoinKind::kNullAwareAnti : JoinKind::kSemi;
      TROUPE_ASSIGN_OR_RETURN(rel, semi_join(*item, std::move(right), nullptr, kind, std::move(conditions)));
      return true;
    }
    if (negated || !is_plain_join(query)) return false;
    // IN is EXISTS with the comparison among its conditions.
    ExprPtr compared = replace_expr(test.args[0], [&](const ExprPtr& part) -> ExprPtr {
      if (!part->is_column() || part->relation != subquery.relation) return nullptr;
      return query.targets[part->index].value;
    });
    where = where ? make_and({std::move(where), std::move(compared)}) : std::move(compared);
  } else if (subquery.kind != BoundSubquery::Kind::kExists || !correlated || !is_plain_join(query)) {
    return false;
  }
  Conditions inside, on;
  if (!split_exists(query, where, &inside, &on)) return false;
  for (const ExprPtr& part : on) need(part);
  TROUPE_ASSIGN_OR_RETURN(const JoinItem inner, plan_exists(query, std::move(inside)));
  TROUPE_ASSIGN_OR_RETURN(
      rel, semi_join(*item, inner.rel, &inner, negated ? JoinKind::kAnti : JoinKind::kSemi, std::move(on)));
  return true;
}

/// EXISTS (query): `on`, the conditions that mention the outer row and join it, and `inside`, the rest. False when the
/// outer row is needed elsewhere.
bool QueryPlanner::split_exists(const BoundQuery& query, const ExprPtr& where, Conditions* inside, Conditions* on) {
  std::vector<uint32_t> defined, ignored;
  collect_relations(query, &defined, &ignored);
  std::sort(defined.begin(), defined.end());
  Conditions parts;
  if (where) split_and(fold(where), &parts);
  for (const ExprPtr& part : parts) {
    std::vector<uint32_t> mentioned;
    collect_relations(*part, &mentioned);
    const bool local = std::all_of(mentioned.begin(), mentioned.end(),
                                   [&](uint32_t r) { return std::binary_search(defined.begin(), defined.end(), r); });
    if (!local && has_subquery(*part)) return false;
    (local ? inside : on)->push_back(part);
  }
  for (const FromPtr& tree : query.from) {
    // Correlation inside FROM (ON conditions, LATERAL) needs the outer row there.
    BoundQuery only;
    only.from = {tree};
    if (is_correlated(only)) return false;
  }
  return true;
}

}  // namespace troupe
