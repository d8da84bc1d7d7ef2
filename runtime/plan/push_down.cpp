/// Conditions from outside move into a subquery where that changes nothing but the work: onto group keys, window and
/// pattern partitions, DISTINCT rows and the branches of set operations.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

bool is_volatile(const BoundQuery& query) {
  bool found = false;
  visit_query(query, [&](const ExprPtr& expr) {
    visit_expr(*expr, [&](const Expr& part) {
      if (part.subquery) found = found || is_volatile(*part.subquery->query);
    });
    found = found || volatility_of(*expr) == Volatility::kVolatile;
  });
  return found;
}

/// LIKE with a known pattern that cannot end in an escape.
bool is_safe_match(const Expr& call) {
  const std::string_view name = call.call.function->name;
  if (name != "~~" && name != "!~~" && name != "~~*" && name != "!~~*") return false;
  return call.arg(1).is_constant() &&
         (call.arg(1).value.is_null() || call.arg(1).value.bytes().find('\\') == std::string_view::npos);
}

bool widens_integer(const CastPlan& cast) {
  const auto is_integer = [](Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; };
  return is_integer(cast.from.oid) && is_integer(cast.to.oid) &&
         width(physical_of(cast.from)) <= width(physical_of(cast.to));
}

}  // namespace

bool cannot_fail(const Expr& condition) {
  bool safe = true;
  visit_expr(condition, [&](const Expr& part) {
    switch (part.kind) {
      case ExprKind::kConstant:
      case ExprKind::kColumn:
      case ExprKind::kParameter:
      case ExprKind::kSlot:
      case ExprKind::kAnd:
      case ExprKind::kOr:
      case ExprKind::kNot:
      case ExprKind::kNullTest:
      case ExprKind::kBooleanTest:
      case ExprKind::kDistinctTest:
      case ExprKind::kInList: break;
      case ExprKind::kCall:
        safe = safe && (part.call.function->comparison != Comparison::kNone || is_safe_match(part));
        break;
      case ExprKind::kArrayCompare: safe = safe && part.call.function->comparison != Comparison::kNone; break;
      case ExprKind::kCast: safe = safe && (part.cast.is_noop() || widens_integer(part.cast)); break;
      default: safe = false;
    }
  });
  return safe;
}

namespace {

/// Whether rows that differ in the target are never counted, ordered or picked together.
bool divides(const BoundQuery& query, const ExprPtr& target) {
  // Of a pattern's output the columns that the rows are partitioned by come first.
  if (query.match) return target->index < query.match->partition_columns;
  if (query.aggregated && !is_among(target, query.groups)) return false;
  if (!query.distinct_on.empty() && !is_among(target, query.distinct_on)) return false;
  return std::all_of(query.windows.begin(), query.windows.end(),
                     [&](const WindowSpec& window) { return is_among(target, window.partition_by); });
}

bool keeps_all_rows(const BoundQuery& query) {
  return !query.recursive && !query.modify && !query.limit && !query.offset && query.locks.empty() &&
         !query.has_table_functions && query.grouping_sets.empty() && !(query.aggregated && query.groups.empty());
}

/// The condition over the query's own relations, where it stood over its targets as columns of `relation`; null when
/// one of them is not fit for it.
ExprPtr over_targets(const ExprPtr& condition, const BoundQuery& query, uint32_t relation) {
  bool fits = true;
  ExprPtr inner = replace_expr(condition, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != relation) return nullptr;
    const ExprPtr& target = query.targets[part->index].value;
    fits = fits && target->type.oid == part->type.oid && (query.operation || divides(query, target));
    if (query.match && fits) return query.match->row_values[query.match->carried[target->index]];
    return target;
  });
  return fits && cannot_fail(*inner) ? inner : nullptr;
}

bool push(BoundQuery* query, const ExprPtr& condition, uint32_t relation) {
  if (!keeps_all_rows(*query)) return false;
  const ExprPtr inner = over_targets(condition, *query, relation);
  if (!inner) return false;
  if (!query->operation) {
    query->where = query->where ? make_and({query->where, inner}) : inner;
    return true;
  }
  // Whatever the operation, rows that are not wanted neither add nor take away any that are.
  const bool left = push(query->left.get(), inner, query->set_relation);
  const bool right = push(query->right.get(), inner, query->set_relation);
  return left && right;
}

}  // namespace

void QueryPlanner::push_into_subquery(const BoundRelation& relation, Conditions* conditions) {
  if (is_volatile(*relation.query)) return;
  std::erase_if(*conditions, [&](const ExprPtr& condition) {
    std::vector<uint32_t> mentioned;
    collect_relations(*condition, &mentioned);
    const bool is_about_it = std::binary_search(mentioned.begin(), mentioned.end(), relation.number);
    return is_about_it && !has_subquery(*condition) && push(relation.query.get(), condition, relation.number);
  });
}

}  // namespace troupe
