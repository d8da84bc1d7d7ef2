/// GROUP BY, and what may stand outside aggregates when there is one.
#include <algorithm>

#include "runtime/plan/binder.hpp"

namespace troupe {
namespace {

void flatten_items(const sql::Expr& expr, std::vector<const sql::Expr*>* out) {
  const auto* row = expr.as<sql::RowExpr>();
  if (row == nullptr || row->explicit_row) {
    out->push_back(&expr);
    return;
  }
  for (const sql::Expr* field : row->fields) out->push_back(field);
}

using Sets = std::vector<std::vector<uint16_t>>;

/// Every combination of one set of `a` with one of `b`: what GROUP BY a, b means.
Sets cross(const Sets& a, const Sets& b) {
  Sets result;
  for (const auto& left : a) {
    for (const auto& right : b) {
      std::vector<uint16_t> both = left;
      for (const uint16_t group : right) {
        if (std::find(both.begin(), both.end(), group) == both.end()) both.push_back(group);
      }
      result.push_back(std::move(both));
    }
  }
  return result;
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_group_item(const sql::Expr& item, const Site& site) {
  // SQL-92 position, then SQL-99 expression; unlike in ORDER BY an input column beats an output name.
  if (item.is<sql::Literal>()) return bind_output_item(item, site, "GROUP BY");
  if (const auto* column = item.as<sql::ColumnRef>(); column != nullptr && column->name.size() == 1 && !column->star) {
    ExprPtr ignored;
    const bool is_input = std::any_of(site.scope->items.begin(), site.scope->items.end(), [&](const auto& from) {
      return find_column(*from, column->name[0], &ignored) != LookupResult::kNotFound;
    });
    if (!is_input) return bind_output_item(item, site, "GROUP BY");
  }
  return bind(item, site);
}

absl::Status Binder::bind_group_by(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query) {
  if (select.group_by.empty()) return absl::OkStatus();
  query->aggregated = true;
  const Site site{scope, query, Clause::kGroupBy, false};
  const auto add = [&](const sql::Expr& item) -> absl::StatusOr<uint16_t> {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_group_item(item, site));
    TROUPE_ASSIGN_OR_RETURN(value, settle(std::move(value)));
    bool nested = false;
    visit_expr(*value, [&](const Expr& part) { nested = nested || part.kind == ExprKind::kAggregate; });
    if (nested) {
      return fail(ErrorCode::kGroupingError, item, "aggregate functions are not allowed in GROUP BY");
    }
    for (size_t i = 0; i < query->groups.size(); ++i) {
      if (equal(query->groups[i], value)) return static_cast<uint16_t>(i);
    }
    query->groups.push_back(std::move(value));
    return static_cast<uint16_t>(query->groups.size() - 1);
  };
  Sets sets{{}};
  bool several = false;
  // A function for GROUPING SETS, which nest.
  const auto sets_of = [&](const auto& self, const sql::GroupingSet& set) -> absl::StatusOr<Sets> {
    Sets result;
    switch (set.type) {
      case sql::GroupingSet::Type::kEmpty: return Sets{{}};
      case sql::GroupingSet::Type::kSets:
        several = true;
        for (const sql::GroupingSet* inner : set.sets) {
          TROUPE_ASSIGN_OR_RETURN(Sets nested, self(self, *inner));
          result.insert(result.end(), nested.begin(), nested.end());
        }
        return result;
      default: break;
    }
    // Units of columns that come and go together: (a, b) inside ROLLUP is one.
    std::vector<std::vector<uint16_t>> units;
    for (const sql::Expr* expr : set.expressions) {
      std::vector<const sql::Expr*> items;
      flatten_items(*expr, &items);
      std::vector<uint16_t> unit;
      for (const sql::Expr* item : items) {
        TROUPE_ASSIGN_OR_RETURN(const uint16_t group, add(*item));
        unit.push_back(group);
      }
      units.push_back(std::move(unit));
    }
    const auto merge = [&](const auto& include) {
      std::vector<uint16_t> merged;
      for (size_t i = 0; i < units.size(); ++i) {
        if (include(i)) merged.insert(merged.end(), units[i].begin(), units[i].end());
      }
      result.push_back(std::move(merged));
    };
    if (set.type == sql::GroupingSet::Type::kSimple) {
      merge([](size_t) { return true; });
    } else if (set.type == sql::GroupingSet::Type::kRollup) {
      several = true;
      for (size_t length = units.size() + 1; length-- > 0;) merge([&](size_t i) { return i < length; });
    } else {
      several = true;
      if (units.size() > 12) return fail(ErrorCode::kTooManyColumns, set, "CUBE is limited to 12 elements");
      for (size_t mask = size_t{1} << units.size(); mask-- > 0;) {
        merge([&](size_t i) { return ((mask >> (units.size() - 1 - i)) & 1) != 0; });
      }
    }
    return result;
  };
  for (const sql::GroupingSet* set : select.group_by) {
    TROUPE_ASSIGN_OR_RETURN(const Sets one, sets_of(sets_of, *set));
    sets = cross(sets, one);
    if (sets.size() > 4096) {
      return fail(ErrorCode::kStatementTooComplex, *set, "too many grouping sets present (maximum 4096)");
    }
  }
  if (several || (query->groups.empty() && !sets.empty() && sets.size() > 1)) query->grouping_sets = std::move(sets);
  return absl::OkStatus();
}

namespace {

const FromNames* leaf_of(const FromNames& names, uint32_t relation) {
  if (names.relation) return names.relation->number == relation ? &names : nullptr;
  if (const FromNames* found = leaf_of(*names.left, relation)) return found;
  return leaf_of(*names.right, relation);
}

const FromNames* leaf_of(const Scope& scope, uint32_t relation) {
  for (const auto& item : scope.items) {
    if (const FromNames* found = leaf_of(*item, relation)) return found;
  }
  return nullptr;
}

/// Grouping by a table's primary key makes its other columns single-valued.
bool key_is_grouped(const BoundRelation& relation, const BoundQuery& query) {
  if (relation.kind != BoundRelation::Kind::kTable || relation.table->primary_key.empty()) return false;
  return std::all_of(relation.table->primary_key.begin(), relation.table->primary_key.end(), [&](int16_t attnum) {
    return std::any_of(query.groups.begin(), query.groups.end(), [&](const ExprPtr& group) {
      return group->is_column() && group->relation == relation.number &&
             group->index == static_cast<uint32_t>(attnum - 1);
    });
  });
}

}  // namespace

absl::Status Binder::check_grouped(const ExprPtr& expr, const Scope& scope, BoundQuery* query) {
  if (expr->kind == ExprKind::kAggregate) return absl::OkStatus();
  for (const ExprPtr& group : query->groups) {
    if (equal(group, expr)) return absl::OkStatus();
  }
  if (expr->is_column()) {
    const FromNames* leaf = leaf_of(scope, expr->relation);
    if (leaf == nullptr) return absl::OkStatus();  // an outer query's
    if (query->grouping_sets.empty() && key_is_grouped(*leaf->relation, *query)) {
      query->groups.push_back(expr);
      return absl::OkStatus();
    }
    const std::string_view name = leaf->relation->name_of(expr->index);
    return with_position(
        error(ErrorCode::kGroupingError, "column \"", leaf->alias, ".", name,
              "\" must appear in the GROUP BY clause or be used in an aggregate function"),
        expr->position == 0 ? 0 : position_of(expr->position - 1));
  }
  for (const ExprPtr& arg : expr->args) TROUPE_RETURN_IF_ERROR(check_grouped(arg, scope, query));
  if (expr->window) {
    for (const ExprPtr& arg : expr->window->aggregate.args) TROUPE_RETURN_IF_ERROR(check_grouped(arg, scope, query));
  }
  return absl::OkStatus();
}

absl::Status Binder::check_grouping(const Scope& scope, BoundQuery* query) {
  for (const BoundTarget& target : query->targets) TROUPE_RETURN_IF_ERROR(check_grouped(target.value, scope, query));
  if (query->having) TROUPE_RETURN_IF_ERROR(check_grouped(query->having, scope, query));
  for (const SortKey& key : query->order) TROUPE_RETURN_IF_ERROR(check_grouped(key.value, scope, query));
  return absl::OkStatus();
}

}  // namespace troupe
