/// GROUP BY, aggregates and HAVING; in part where the rows are, when they come from one bare scan.
#include <algorithm>
#include <map>

#include "runtime/plan/query_planner.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

/// Of a column that ANALYZE has not seen.
constexpr double kUnknownGroups = 200;

/// GROUPING(...) of each grouping set, the first argument in the highest bit: an element by the row's set.
ExprPtr grouping_value(const Expr& grouping, const ExprList& groups, const std::vector<std::vector<uint16_t>>& sets,
                       ColumnId set_number) {
  const Type type{oid::kInt4};
  if (sets.empty()) return make_constant(type, Value::of(int32_t{0}));
  std::vector<Value> masks;
  for (const std::vector<uint16_t>& set : sets) {
    int32_t mask = 0;
    for (const ExprPtr& arg : grouping.args) {
      const bool grouped = std::any_of(set.begin(), set.end(), [&](uint16_t i) { return equal(groups[i], arg); });
      mask = mask * 2 + (grouped ? 0 : 1);
    }
    masks.push_back(Value::of(mask));
  }
  const ArrayDimension dimension{static_cast<int32_t>(masks.size()), 0};
  std::string packed = pack_array(oid::kInt4, Physical::kInt32, std::span(&dimension, 1), masks);
  return make_expr(ExprKind::kSubscript, type,
                   {make_constant(Type{oid::kInt4Array}, Value::text(std::move(packed))),
                    make_column(type, set_number.index, set_number.relation)});
}

}  // namespace

/// The query's own aggregates, each once: first those that its subqueries mention, then what its clauses hold.
ExprList QueryPlanner::collect_aggregates(const BoundQuery& query) {
  ExprList aggregates = query.hoisted;
  const auto collect = [&](const ExprPtr& expr) {
    replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind != ExprKind::kAggregate) return nullptr;
      if (!is_among(part, aggregates)) aggregates.push_back(part);
      return part;
    });
  };
  for (const BoundTarget& target : query.targets) collect(target.value);
  collect(query.having);
  for (const SortKey& key : query.order) collect(key.value);
  for (const ExprPtr& on : query.distinct_on) collect(on);
  for (const WindowSpec& window : query.windows) {
    for (const ExprPtr& value : window.partition_by) collect(value);
    for (const SortKey& key : window.order) collect(key.value);
  }
  return aggregates;
}

absl::Status QueryPlanner::plan_aggregation(BoundQuery& query, Rel* rel) {
  // Groups are looked for in the other clauses as they were written: simplified, an expression may hide one.
  const ExprList groups = query.groups;
  for (ExprPtr& group : query.groups) {
    TROUPE_ASSIGN_OR_RETURN(group, take_subqueries(fold(group), rel));
  }
  const ExprList aggregates = collect_aggregates(query);
  ExprList computed;
  for (const ExprPtr& aggregate : aggregates) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr plain, take_subqueries(fold(aggregate), rel));
    computed.push_back(std::move(plain));
  }
  const uint32_t relation = binder_.relations++;
  TROUPE_RETURN_IF_ERROR(plan_grouping(query, computed, relation, rel));
  // From here on the query speaks of groups and aggregates as columns.
  const auto column_of_part = [&](const ExprPtr& part) -> ExprPtr {
    if (part->kind == ExprKind::kGrouping)
      return grouping_value(*part, groups, query.grouping_sets, rel->columns.back());
    for (size_t i = 0; i < groups.size() + aggregates.size(); ++i) {
      if (!equal(i < groups.size() ? groups[i] : aggregates[i - groups.size()], part)) continue;
      const ColumnId id = rel->columns[i];
      return part->is_column() ? part : make_column(part->type, id.index, id.relation);
    }
    return nullptr;
  };
  const auto to_columns = [&](ExprPtr& expr) { expr = replace_expr(expr, column_of_part); };
  for (BoundTarget& target : query.targets) to_columns(target.value);
  for (SortKey& key : query.order) to_columns(key.value);
  for (ExprPtr& on : query.distinct_on) to_columns(on);
  for (WindowSpec& window : query.windows) {
    for (ExprPtr& value : window.partition_by) to_columns(value);
    for (SortKey& key : window.order) to_columns(key.value);
  }
  if (!query.having) return absl::OkStatus();
  to_columns(query.having);
  TROUPE_ASSIGN_OR_RETURN(ExprPtr having, take_subqueries(fold(query.having), rel));
  Conditions conditions;
  split_and(having, &conditions);
  return filter(conditions, rel);
}

bool QueryPlanner::push_partial_aggregation(const Aggregation& aggregation, Rel* rel) {
  const std::vector<TableScanPlan*> scans = plain_scans(*rel);
  if (scans.empty() || !aggregation.grouping_sets.empty()) return false;
  const bool looks_up = std::any_of(scans.begin(), scans.end(), [](const TableScanPlan* scan) {
    return scan->with_row_key || scan->access.kind == AccessKind::kLookup;
  });
  if (looks_up) return false;
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
  for (TableScanPlan* scan : scans) aggregate_in_scan(aggregation, scan);
  rel->plan->output = scans[0]->output;
  return true;
}

void QueryPlanner::aggregate_in_scan(const Aggregation& aggregation, TableScanPlan* target) {
  TableScanPlan& scan = *target;
  auto partial = std::make_shared<Aggregation>(aggregation);
  partial->mode = AggregateMode::kPartial;
  // The aggregation sees what the scan reads, not what it would have put out.
  const ExprList below = std::move(scan.projection);
  scan.projection.clear();
  if (!below.empty()) {
    const auto through = [&](const ExprPtr& expr) {
      return replace_expr(
          expr, [&](const ExprPtr& part) -> ExprPtr { return part->is_column() ? below[part->index] : nullptr; });
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
}

/// How many different values `keys` are thought to have in the rows of `rel` (as estimate_num_groups in PostgreSQL): the
/// columns of one table together no more than it has rows.
double QueryPlanner::count_groups(const ExprList& keys, const Rel& rel) const {
  std::map<uint32_t, double> by_relation;  // in an order, so that the product is the same each time
  std::vector<ColumnId> seen;
  double groups = 1;
  for (const ExprPtr& key : keys) {
    if (!key->is_column() && key->type.oid == oid::kBool) {
      groups *= 2;
      continue;
    }
    visit_expr(*key, [&](const Expr& part) {
      const ColumnId id{part.relation, part.index};
      if (!part.is_column() || std::find(seen.begin(), seen.end(), id) != seen.end()) return;
      seen.push_back(id);
      uint32_t column = 0;
      const TableDef* table = analyzed_table(part, &column);
      double& values = by_relation.try_emplace(part.relation, 1.0).first->second;
      values *= table != nullptr ? estimate_.distinct_values(*table, column) : kUnknownGroups;
      if (table != nullptr) values = std::min(values, estimate_.row_count(*table));
    });
  }
  for (const auto& [relation, values] : by_relation) groups *= values;
  return std::max(1.0, std::min(groups, rel.rows()));
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
  const double groups = count_groups(query.groups, *rel);
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
  for (uint32_t i = 0; i < query.hoisted.size(); ++i) {
    rel->columns[query.groups.size() + i] = {query.hoisted_relation, i};
  }
  if (!query.grouping_sets.empty()) rel->columns.push_back({relation, count});
  rel->plan = std::move(node);
  return absl::OkStatus();
}

}  // namespace troupe
