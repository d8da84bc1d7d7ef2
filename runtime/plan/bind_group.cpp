/// GROUP BY, and what may stand outside aggregates when there is one.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/sql/deparse.hpp"

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

/// GROUP BY as a list of grouping sets over the query's distinct grouping expressions.
class GroupingBinder {
 public:
  GroupingBinder(Binder& binder, const Binder::Site& site, const sql::SelectStatement& select)
      : binder_{binder}, site_{site}, select_{select} {}

  absl::Status bind() {
    Sets sets{{}};
    for (const sql::GroupingSet* set : select_.group_by) {
      TROUPE_ASSIGN_OR_RETURN(const Sets one, sets_of(*set));
      sets = cross(sets, one);
      if (sets.size() > kSetsMax) {
        return binder_.fail(ErrorCode::kStatementTooComplex, *set, "too many grouping sets present (maximum 4096)");
      }
    }
    if (select_.group_distinct) keep_each_once(&sets);
    if (several_) site_.query->grouping_sets = std::move(sets);
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kSetsMax = 4096;
  static constexpr size_t kCubeMax = 12;
  /// Columns that come and go together: (a, b) inside ROLLUP is one unit.
  using Units = std::vector<std::vector<uint16_t>>;

  /// GROUP BY DISTINCT.
  static void keep_each_once(Sets* sets) {
    Sets kept;
    for (auto& set : *sets) {
      std::sort(set.begin(), set.end());
      set.erase(std::unique(set.begin(), set.end()), set.end());
      if (std::find(kept.begin(), kept.end(), set) == kept.end()) kept.push_back(std::move(set));
    }
    *sets = std::move(kept);
  }

  absl::StatusOr<Sets> sets_of(const sql::GroupingSet& set) {
    several_ = several_ || (set.type != sql::GroupingSet::Type::kSimple && set.type != sql::GroupingSet::Type::kEmpty);
    if (set.type == sql::GroupingSet::Type::kEmpty) return Sets{{}};
    if (set.type == sql::GroupingSet::Type::kSets) {
      Sets all;
      for (const sql::GroupingSet* inner : set.sets) {
        TROUPE_ASSIGN_OR_RETURN(const Sets nested, sets_of(*inner));
        all.insert(all.end(), nested.begin(), nested.end());
      }
      return all;
    }
    TROUPE_ASSIGN_OR_RETURN(const Units units, bind_units(set));
    switch (set.type) {
      case sql::GroupingSet::Type::kRollup: return rollup(units);
      case sql::GroupingSet::Type::kCube:
        if (units.size() <= kCubeMax) return cube(units);
        return binder_.fail(ErrorCode::kTooManyColumns, set, "CUBE is limited to 12 elements");
      default: return Sets{merge(units, [](size_t) { return true; })};
    }
  }

  absl::StatusOr<Units> bind_units(const sql::GroupingSet& set) {
    Units units;
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
    return units;
  }

  /// The number of the expression among the query's groups.
  absl::StatusOr<uint16_t> add(const sql::Expr& item) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, binder_.bind_group_item(item, site_));
    TROUPE_ASSIGN_OR_RETURN(value, binder_.settle(std::move(value)));
    // A target that is meant by its place or its name may have what GROUP BY must not.
    const auto has = [&value](ExprKind kind) {
      bool found = false;
      visit_expr(*value, [&](const Expr& part) { found = found || part.kind == kind; });
      return found;
    };
    if (has(ExprKind::kAggregate)) {
      return binder_.fail(ErrorCode::kGroupingError, item, "aggregate functions are not allowed in GROUP BY");
    }
    if (has(ExprKind::kWindow)) {
      return binder_.fail(ErrorCode::kWindowingError, item, "window functions are not allowed in GROUP BY");
    }
    if (has(ExprKind::kTableFunction)) return binder_.refuse(item, "grouping by a set-returning function");
    if (has_subquery(*value)) value = target_written_alike(item, std::move(value));
    ExprList& groups = site_.query->groups;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (equal(groups[i], value)) return static_cast<uint16_t>(i);
    }
    groups.push_back(std::move(value));
    return static_cast<uint16_t>(groups.size() - 1);
  }

  /// Bound expressions with subqueries are equal only where they are the same: in the select list one stands for all
  /// that read alike.
  ExprPtr target_written_alike(const sql::Expr& item, ExprPtr value) const {
    const std::string text = sql::to_sql(item);
    for (size_t i = 0; i < select_.targets.size(); ++i) {
      const sql::Expr& target = *select_.targets[i]->value;
      if (const auto* column = target.as<sql::ColumnRef>(); column != nullptr && column->star) break;
      if (sql::to_sql(target) == text) site_.query->targets[i].value = value;
    }
    return value;
  }

  template <typename Include>
  static std::vector<uint16_t> merge(const Units& units, Include include) {
    std::vector<uint16_t> merged;
    for (size_t i = 0; i < units.size(); ++i) {
      if (include(i)) merged.insert(merged.end(), units[i].begin(), units[i].end());
    }
    return merged;
  }
  static Sets rollup(const Units& units) {
    Sets sets;
    for (size_t length = units.size() + 1; length-- > 0;) {
      sets.push_back(merge(units, [length](size_t i) { return i < length; }));
    }
    return sets;
  }
  static Sets cube(const Units& units) {
    Sets sets;
    for (size_t mask = size_t{1} << units.size(); mask-- > 0;) {
      sets.push_back(merge(units, [&](size_t i) { return ((mask >> (units.size() - 1 - i)) & 1) != 0; }));
    }
    return sets;
  }

  Binder& binder_;
  const Binder::Site& site_;
  const sql::SelectStatement& select_;
  bool several_ = false;
};

absl::Status Binder::bind_group_by(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query) {
  if (select.group_by.empty()) return absl::OkStatus();
  query->aggregated = true;
  const Site site{scope, query, Clause::kGroupBy, false};
  return GroupingBinder(*this, site, select).bind();
}

/// GROUPING(a, b): which of them the row's grouping set leaves out; known when the groups are planned.
absl::StatusOr<ExprPtr> Binder::bind_grouping(const sql::GroupingExpr& expr, const Site& site) {
  constexpr size_t kArgumentsMax = 31;
  TROUPE_RETURN_IF_ERROR(check_aggregate_place(site, expr, "grouping operations"));
  if (expr.arguments.size() > kArgumentsMax) {
    return fail(ErrorCode::kTooManyArguments, expr, "GROUPING must have fewer than 32 arguments");
  }
  ExprList args;
  for (const sql::Expr* argument : expr.arguments) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind(*argument, site));
    args.push_back(std::move(arg));
  }
  if (site.query == nullptr) return refuse(expr, "GROUPING() in this place");
  site.query->aggregated = true;
  auto bound = make_expr(ExprKind::kGrouping, Type{oid::kInt4}, std::move(args));
  bound->position = expr.position + 1;
  return bound;
}

namespace {

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

/// A column of this query outside aggregates; `inside` a subquery or not.
absl::Status Binder::check_grouped_column(const Expr& column, bool inside, const Scope& scope, BoundQuery* query) {
  const FromNames* leaf = leaf_of(scope, column.relation);
  if (leaf == nullptr) return absl::OkStatus();  // an outer query's
  const auto same = [&](const ExprPtr& group) { return equal(*group, column); };
  if (std::any_of(query->groups.begin(), query->groups.end(), same)) return absl::OkStatus();
  if (query->grouping_sets.empty() && key_is_grouped(*leaf->relation, *query)) {
    query->groups.push_back(std::make_shared<Expr>(column));
    return absl::OkStatus();
  }
  const std::string_view name = leaf->relation->name_of(column.index);
  const absl::Status status = inside
                                  ? error(ErrorCode::kGroupingError, "subquery uses ungrouped column \"", leaf->alias,
                                          ".", name, "\" from outer query")
                                  : error(ErrorCode::kGroupingError, "column \"", leaf->alias, ".", name,
                                          "\" must appear in the GROUP BY clause or be used in an aggregate function");
  return with_position(status, column.position == 0 ? 0 : position_of(column.position - 1));
}

absl::Status Binder::check_grouped_inside(const BoundQuery& subquery, const Scope& scope, BoundQuery* query) {
  absl::Status status;
  visit_query(subquery, [&](const ExprPtr& expr) {
    visit_expr(*expr, [&](const Expr& part) {
      if (part.is_column()) status.Update(check_grouped_column(part, true, scope, query));
      if (part.subquery) status.Update(check_grouped_inside(*part.subquery->query, scope, query));
    });
  });
  return status;
}

absl::Status Binder::check_grouped(const ExprPtr& expr, const Scope& scope, BoundQuery* query) {
  if (expr->kind == ExprKind::kAggregate) return absl::OkStatus();
  for (const ExprPtr& group : query->groups) {
    if (equal(group, expr)) return absl::OkStatus();
  }
  if (expr->kind == ExprKind::kGrouping) {
    const auto is_group = [&](const ExprPtr& arg) {
      return std::any_of(query->groups.begin(), query->groups.end(),
                         [&](const ExprPtr& group) { return equal(group, arg); });
    };
    if (std::all_of(expr->args.begin(), expr->args.end(), is_group)) return absl::OkStatus();
    return with_position(error(ErrorCode::kGroupingError,
                               "arguments to GROUPING must be grouping expressions of the associated query level"),
                         expr->position == 0 ? 0 : position_of(expr->position - 1));
  }
  if (expr->is_column()) return check_grouped_column(*expr, false, scope, query);
  if (expr->subquery) TROUPE_RETURN_IF_ERROR(check_grouped_inside(*expr->subquery->query, scope, query));
  for (const ExprPtr& arg : expr->args) TROUPE_RETURN_IF_ERROR(check_grouped(arg, scope, query));
  return absl::OkStatus();
}

absl::Status Binder::check_grouping(const Scope& scope, BoundQuery* query) {
  for (const BoundTarget& target : query->targets) TROUPE_RETURN_IF_ERROR(check_grouped(target.value, scope, query));
  if (query->having) TROUPE_RETURN_IF_ERROR(check_grouped(query->having, scope, query));
  for (const SortKey& key : query->order) TROUPE_RETURN_IF_ERROR(check_grouped(key.value, scope, query));
  for (const ExprPtr& on : query->distinct_on) TROUPE_RETURN_IF_ERROR(check_grouped(on, scope, query));
  for (const WindowSpec& window : query->windows) {
    for (const ExprPtr& value : window.partition_by) TROUPE_RETURN_IF_ERROR(check_grouped(value, scope, query));
    for (const SortKey& key : window.order) TROUPE_RETURN_IF_ERROR(check_grouped(key.value, scope, query));
  }
  return absl::OkStatus();
}

}  // namespace troupe
