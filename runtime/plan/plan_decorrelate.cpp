/// Scalar subqueries that equalities tie to the row around them: computed for all rows at once and joined, unless an
/// index answers them for each row with less work.
#include <algorithm>
#include <utility>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

/// What such a query may not have besides.
bool is_simple(const BoundQuery& query) {
  return !query.operation && !query.recursive && !query.modify && query.groups.empty() && query.grouping_sets.empty() &&
         !query.having && !query.from.empty() && !query.limit && !query.offset && query.windows.empty() &&
         !query.has_table_functions && query.distinct_on.empty() && query.locks.empty() && query.hoisted.empty() &&
         query.where != nullptr && query.targets.size() == 1 &&
         std::all_of(query.from.begin(), query.from.end(),
                     [](const FromPtr& tree) { return tree->relation && !tree->relation->query; });
}

/// Which relations an expression speaks of, seen from a subquery.
class Sides {
 public:
  explicit Sides(const BoundQuery& query) {
    std::vector<uint32_t> ignored;
    collect_relations(query, &defined_, &ignored);
    std::sort(defined_.begin(), defined_.end());
  }
  bool outer(const Expr& expr) const { return of(expr) & kOuter; }
  /// An equality between the two; which of its arguments is the inner one.
  std::optional<size_t> inner_side(const Expr& expr) const {
    if (!is_equality(expr)) return std::nullopt;
    const int left = of(expr.arg(0)), right = of(expr.arg(1));
    if (left == kInner && right == kOuter) return 0;
    if (left == kOuter && right == kInner) return 1;
    return std::nullopt;
  }

 private:
  static constexpr int kInner = 1, kOuter = 2;
  int of(const Expr& expr) const {
    std::vector<uint32_t> mentioned;
    collect_relations(expr, &mentioned);
    int sides = 0;
    for (const uint32_t relation : mentioned) {
      sides |= std::binary_search(defined_.begin(), defined_.end(), relation) ? kInner : kOuter;
    }
    return sides;
  }
  std::vector<uint32_t> defined_;
};

/// A target over aggregates, when there are no rows.
ExprPtr value_of_no_rows(const ExprPtr& target, const EvalContext& context) {
  const ExprPtr value = replace_expr(target, [](const ExprPtr& part) -> ExprPtr {
    if (part->kind != ExprKind::kAggregate) return nullptr;
    const bool counts = part->aggregate->aggregate.aggregate->name == "count" ||
                        part->aggregate->aggregate.aggregate->name == "regr_count";
    return counts ? make_constant(part->type, Value::of(int64_t{0})) : make_null(part->type);
  });
  return fold_constants(value, context);
}

/// `value`, or `none` where the join found no row; `key` is one of the joined rows' keys, which match no null.
ExprPtr unless_missing(ExprPtr key, ExprPtr none, ExprPtr value) {
  const Type type = value->type;
  return make_expr(ExprKind::kCase, type, {make_null_test(std::move(key), false), std::move(none), std::move(value)});
}

}  // namespace

/// Whether looking the subquery's rows up in its table for each row of `rel` is less work than reading them all.
bool QueryPlanner::prefers_look_ups(const BoundQuery& query, Conditions where, const Rel& rel) {
  const BoundRelation& relation = *query.from[0]->relation;
  if (query.from.size() != 1 || relation.kind != BoundRelation::Kind::kTable) return false;
  std::erase_if(where, [](const ExprPtr& part) { return has_subquery(*part); });
  const TableAccess keyed = choose_access(relation, where, &rel);
  if (keyed.access.kind == AccessKind::kFull) return false;
  std::erase_if(where, [&](const ExprPtr& part) {
    std::vector<uint32_t> mentioned;
    collect_relations(*part, &mentioned);
    return std::any_of(mentioned.begin(), mentioned.end(), [&](uint32_t other) { return other != relation.number; });
  });
  return std::max(1.0, rel.rows()) * keyed.cost < choose_access(relation, where, nullptr).cost;
}

/// (SELECT agg(..) FROM t WHERE t.k = outer.k AND ..) becomes a left join with the aggregate grouped by t.k.
absl::StatusOr<std::optional<ExprPtr>> QueryPlanner::decorrelate_scalar(const Expr& expr, Rel* rel) {
  const BoundSubquery& subquery = *expr.subquery;
  BoundQuery& query = *subquery.query;
  if (!query.aggregated || !is_simple(query)) return std::nullopt;
  const Sides sides(query);
  const ExprPtr target = query.targets[0].value;
  if (sides.outer(*target) || volatility_of(*target) == Volatility::kVolatile) return std::nullopt;
  Conditions parts, inner, keys;
  split_and(fold(query.where), &parts);
  for (const ExprPtr& part : parts) {
    const bool outer = sides.outer(*part);
    if (outer && !sides.inner_side(*part)) return std::nullopt;
    (outer ? keys : inner).push_back(part);
  }
  if (keys.empty() || prefers_look_ups(query, parts, *rel)) return std::nullopt;
  Conditions on;
  for (const ExprPtr& key : keys) {
    const size_t side = *sides.inner_side(*key);
    const auto number = static_cast<uint32_t>(query.targets.size());
    query.groups.push_back(key->args[side]);
    query.targets.push_back({key->args[side], {}});
    ExprList args = key->args;
    args[side] = make_column(key->arg(side).type, number, subquery.relation);
    on.push_back(make_call(key->call, std::move(args)));
  }
  query.where = inner.empty() ? nullptr : make_and(std::move(inner));
  query.order.clear();
  ExprPtr none = value_of_no_rows(target, binder_eval());
  const Type key_type = query.targets[1].value->type;
  TROUPE_ASSIGN_OR_RETURN(Rel right, plan_query(subquery.query, subquery.relation));
  TROUPE_ASSIGN_OR_RETURN(*rel, join(std::move(*rel), std::move(right), JoinKind::kLeft, std::move(on)));
  ExprPtr value = make_column(expr.type, 0, subquery.relation);
  if (none->is_null_constant()) return value;
  return unless_missing(make_column(key_type, 1, subquery.relation), std::move(none), std::move(value));
}

}  // namespace troupe
