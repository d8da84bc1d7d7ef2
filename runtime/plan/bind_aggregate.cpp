/// Aggregates: how they are called, and which query they belong to.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {

std::string_view clause_name(Clause clause) {
  switch (clause) {
    case Clause::kWhere: return "WHERE";
    case Clause::kJoin: return "JOIN conditions";
    case Clause::kGroupBy: return "GROUP BY";
    case Clause::kLimit: return "LIMIT";
    case Clause::kOffset: return "OFFSET";
    case Clause::kValues:
    case Clause::kInsertValue: return "VALUES";
    case Clause::kFromFunction: return "functions in FROM";
    case Clause::kSet: return "UPDATE";
    case Clause::kReturning: return "RETURNING";
    case Clause::kCheck: return "check constraints";
    case Clause::kDefault: return "DEFAULT expressions";
    case Clause::kGenerated: return "column generation expressions";
    case Clause::kIndex: return "index expressions";
    case Clause::kIndexPredicate: return "index predicates";
    case Clause::kFilter: return "FILTER";
    case Clause::kWindow: return "window definitions";
    case Clause::kFrame: return "window frames";
    case Clause::kDefine: return "DEFINE";
    case Clause::kMeasures: return "MEASURES";
    case Clause::kMergeWhen: return "MERGE WHEN conditions";
    case Clause::kPolicy: return "policy expressions";
    case Clause::kPartitionKey: return "partition key expressions";
    case Clause::kPartitionBound: return "partition bound";
    default: return "this place";
  }
}

absl::Status Binder::check_aggregate_place(const Site& site, const sql::Node& node, std::string_view what) const {
  switch (site.clause) {
    case Clause::kSelect:
    case Clause::kHaving:
    case Clause::kOrderBy:
    case Clause::kWindow:
    case Clause::kArgument: return absl::OkStatus();
    default: return fail(ErrorCode::kGroupingError, node, what, " are not allowed in ", clause_name(site.clause));
  }
}

/// percentile_cont(0.5) WITHIN GROUP (ORDER BY x) takes (0.5, x).
absl::Status Binder::add_sorted_argument(const sql::FunctionCall& call, const Site& inside, ExprList* args) {
  if (call.order_by.size() != 1) return refuse(call, "WITHIN GROUP of several values");
  TROUPE_ASSIGN_OR_RETURN(SortKey key, bind_sort_item(*call.order_by[0], inside));
  args->push_back(std::move(key.value));
  return absl::OkStatus();
}

absl::Status Binder::bind_aggregate_order(const sql::FunctionCall& call, const ExprList& given, const Site& inside,
                                          AggregateCall* bound) {
  for (const sql::SortItem* item : call.order_by) {
    TROUPE_ASSIGN_OR_RETURN(SortKey key, bind_sort_item(*item, inside));
    if (call.within_group) key.value = bound->args.back();  // as the aggregate takes it
    const auto is_key = [&](const ExprPtr& arg) { return equal(arg, key.value); };
    if (call.distinct && !call.within_group && std::none_of(given.begin(), given.end(), is_key)) {
      return fail(ErrorCode::kInvalidColumnReference, start_of(*item->value),
                  "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list");
    }
    bound->order.push_back(std::move(key));
  }
  // PostgreSQL finds duplicates by sorting, which these show.
  const std::string_view name = bound->aggregate.aggregate->name;
  if (bound->distinct && bound->order.empty() && (name == "array_agg" || name == "string_agg")) {
    bound->order.push_back({.value = bound->args[0]});
  }
  return absl::OkStatus();
}

absl::StatusOr<AggregateCall> Binder::make_aggregate_call(const sql::FunctionCall& call, std::string_view name,
                                                          ExprList args, const Site& site) {
  Site inside = site;
  inside.clause = Clause::kArgument;
  inside.in_aggregate = true;
  if (call.within_group) TROUPE_RETURN_IF_ERROR(add_sorted_argument(call, inside, &args));
  if (args.empty() && !call.star) {
    return fail(ErrorCode::kWrongObjectType, call, name, "(*) must be used to call a parameterless aggregate function");
  }
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  auto aggregate = resolve_aggregate(name, types);
  if (!aggregate.ok()) return at(aggregate.status(), call);
  if (aggregate->aggregate->ordered_set != call.within_group) {
    return call.within_group
               ? fail(ErrorCode::kWrongObjectType, call, name,
                      " is not an ordered-set aggregate, so it cannot have WITHIN GROUP")
               : fail(ErrorCode::kWrongObjectType, call, "WITHIN GROUP is required for ordered-set aggregate ", name);
  }
  AggregateCall bound;
  bound.aggregate = *std::move(aggregate);
  bound.distinct = call.distinct && !bound.aggregate.aggregate->ignores_duplicates;
  for (size_t i = 0; i < args.size(); ++i) {
    const auto& wanted = bound.aggregate.arguments;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr arg,
                            i < wanted.size() ? coerce(args[i], wanted[i], CastContext::kImplicit) : settle(args[i]));
    bound.args.push_back(std::move(arg));
  }
  TROUPE_RETURN_IF_ERROR(bind_aggregate_order(call, args, inside, &bound));
  if (call.filter != nullptr) {
    inside.clause = Clause::kFilter;
    TROUPE_ASSIGN_OR_RETURN(bound.filter, bind_condition(*call.filter, inside, "FILTER"));
  }
  return bound;
}

/// An aggregate belongs to the innermost query whose columns it mentions; of none, to the one it stands in. Null is
/// that one, otherwise the place in a query around it where the subquery stands. Errors: 42803.
absl::StatusOr<const Binder::Site*> Binder::outer_site_of(const Expr& aggregate, const Site& site,
                                                          const sql::Node& node) const {
  std::vector<uint32_t> mentioned;
  collect_relations(aggregate, &mentioned);
  const auto is_of = [&](const Scope& scope) {
    return std::any_of(mentioned.begin(), mentioned.end(), [&](uint32_t relation) {
      return leaf_of(scope, relation) != nullptr || (scope.query && scope.query->hoisted_relation == relation);
    });
  };
  const Scope* level = site.scope;
  while (level != nullptr && !is_of(*level)) level = level->outer;
  if (level == nullptr || level == site.scope) return nullptr;
  for (size_t i = subquery_sites_.size(); i-- > 0;) {
    if (subquery_sites_[i]->scope == level) return subquery_sites_[i];
  }
  return fail(ErrorCode::kGroupingError, node,
              "aggregate functions are not allowed in FROM clause of their own query level");
}

/// A column that stands for an aggregate of a query around this one.
ExprPtr Binder::hoist(ExprPtr aggregate, BoundQuery* owner) {
  owner->aggregated = true;
  if (owner->hoisted_relation == 0) owner->hoisted_relation = relations++;
  const auto same = [&](const ExprPtr& other) { return equal(other, aggregate); };
  const auto known = std::find_if(owner->hoisted.begin(), owner->hoisted.end(), same);
  const auto number = static_cast<uint32_t>(known - owner->hoisted.begin());
  const Type type = aggregate->type;
  if (known == owner->hoisted.end()) owner->hoisted.push_back(std::move(aggregate));
  return make_column(type, number, owner->hoisted_relation);
}

namespace {

bool reads_work_table(const FromTree& tree) {
  if (tree.relation) return tree.relation->kind == BoundRelation::Kind::kWorkTable;
  return reads_work_table(*tree.left) || reads_work_table(*tree.right);
}

bool reads_work_table(const BoundQuery& query) {
  return std::ranges::any_of(query.from, [](const FromPtr& item) { return reads_work_table(*item); });
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_aggregate(const sql::FunctionCall& call, std::string_view name, ExprList args,
                                               const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(AggregateCall bound, make_aggregate_call(call, name, std::move(args), site));
  return place_aggregate(std::move(bound), call, site);
}

absl::StatusOr<ExprPtr> Binder::place_aggregate(AggregateCall bound, const sql::FunctionCall& call, const Site& site) {
  auto expr = make_expr(ExprKind::kAggregate, bound.aggregate.result);
  expr->aggregate = std::make_shared<const AggregateCall>(std::move(bound));
  expr->position = call.position + 1;
  TROUPE_ASSIGN_OR_RETURN(const Site* outer, outer_site_of(*expr, site, call));
  const Site& owner = outer != nullptr ? *outer : site;
  std::vector<uint32_t> mentioned;
  collect_relations(*expr, &mentioned);
  const uint32_t hoisted = owner.query != nullptr ? owner.query->hoisted_relation : 0;
  if (owner.in_aggregate || (hoisted != 0 && std::binary_search(mentioned.begin(), mentioned.end(), hoisted)))
    return fail(ErrorCode::kGroupingError, call, "aggregate function calls cannot be nested");
  TROUPE_RETURN_IF_ERROR(check_aggregate_place(owner, call, "aggregate functions"));
  if (owner.query == nullptr) return fail(ErrorCode::kGroupingError, call, "aggregate functions are not allowed here");
  if (reads_work_table(*owner.query)) {
    return fail(ErrorCode::kInvalidRecursion, call,
                "aggregate functions are not allowed in a recursive query's recursive term");
  }
  if (outer != nullptr) return hoist(std::move(expr), owner.query);
  site.query->aggregated = true;
  return expr;
}

}  // namespace troupe
