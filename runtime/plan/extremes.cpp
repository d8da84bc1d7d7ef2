/// min(x) and max(x) over a whole table, where a key or an index begins with x: the first row in its order, instead of
/// all rows.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

/// The column whose extreme it is; null when it is another aggregate, or of something else.
const Expr* extreme_column(const AggregateCall& call, uint32_t relation) {
  const std::string& name = call.aggregate.aggregate->name;
  if ((name != "min" && name != "max") || call.args.size() != 1 || call.filter || !call.order.empty()) return nullptr;
  const Expr* column = match_column(*call.args[0], relation);
  return column != nullptr && !is_pseudo_column(column->index) ? column : nullptr;
}

/// Whether a scan can begin with the column's extreme. Entries of a global index are read before their rows are
/// filtered, so that nulls would be in the way.
bool begins_an_index(const TableDef& table, uint32_t column, const Catalog& catalog) {
  if (!table.shape->key.empty() && table.shape->key[0] == column) return true;
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](Oid oid) {
    const IndexDef* index = catalog.find_index(oid);
    if (index == nullptr || index->keys_rows() || index->building || !index->predicate_sql.empty()) return false;
    const auto& columns = index->shape->columns;
    return !columns.empty() && columns[0] == column && (!index->global() || table.columns[column].not_null);
  });
}

bool reads_one_whole_table(const BoundQuery& query) {
  return query.aggregated && query.groups.empty() && query.grouping_sets.empty() && !query.having && !query.where &&
         query.windows.empty() && query.order.empty() && !query.has_table_functions && query.locks.empty() &&
         !query.distinct && query.distinct_on.empty() && query.from.size() == 1 && query.from[0]->relation &&
         query.from[0]->relation->kind == BoundRelation::Kind::kTable && query.from[0]->relation->security.empty();
}

}  // namespace

ExprPtr QueryPlanner::first_in_order(const BoundRelation& table, const Expr& column, const AggregateCall& call) {
  auto relation = std::make_shared<BoundRelation>(table);
  relation->number = binder_.relations++;
  auto query = std::make_shared<BoundQuery>();
  auto leaf = std::make_shared<FromTree>();
  leaf->relation = relation;
  query->from.push_back(std::move(leaf));
  query->relations.push_back(relation->number);
  const ExprPtr value = make_column(column.type, column.index, relation->number);
  if (!table.table->columns[column.index].not_null) query->where = make_null_test(value, true);
  const bool greatest = call.aggregate.aggregate->name == "max";
  query->order.push_back({value, greatest, greatest});
  query->limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  // As the aggregate takes it: a varchar as text.
  query->targets.push_back({replace_expr(call.args[0],
                                         [&](const ExprPtr& part) -> ExprPtr {
                                           return part->is_column() ? value : nullptr;
                                         }),
                            {}});
  BoundSubquery subquery;
  subquery.query = std::move(query);
  subquery.relation = binder_.relations++;
  auto expr = make_expr(ExprKind::kSubquery, call.aggregate.result);
  expr->subquery = std::make_shared<const BoundSubquery>(std::move(subquery));
  return expr;
}

void QueryPlanner::replace_extremes(BoundQuery* query) {
  if (!reads_one_whole_table(*query)) return;
  const BoundRelation& relation = *query->from[0]->relation;
  bool all = true, any = false;
  for (const BoundTarget& target : query->targets) {
    const ExprPtr rest = replace_expr(target.value, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind != ExprKind::kAggregate) return nullptr;
      any = true;
      const Expr* column = extreme_column(*part->aggregate, relation.number);
      all = all && column != nullptr && begins_an_index(*relation.table, column->index, *context_.catalog);
      return make_null(part->type);
    });
    visit_expr(*rest, [&](const Expr& part) {
      if (part.is_column() || part.subquery || part.kind == ExprKind::kGrouping) all = false;
    });
  }
  if (!any || !all) return;
  for (BoundTarget& target : query->targets) {
    target.value = replace_expr(target.value, [&](const ExprPtr& part) -> ExprPtr {
      if (part->kind != ExprKind::kAggregate) return nullptr;
      return first_in_order(relation, *extreme_column(*part->aggregate, relation.number), *part->aggregate);
    });
  }
  query->aggregated = false;
  query->from.clear();
  query->relations.clear();
}

}  // namespace troupe
