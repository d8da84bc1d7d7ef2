/// One join: by hash, by loops, or by look-ups in a key or index; and how many rows come of it.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

constexpr double kProbeCost = 0.01;
constexpr double kBuildCost = 0.02;
constexpr double kPairCost = 0.0025;
/// A range for each outer row is a message to every partition, one row after another; look-ups go in batches.
constexpr double kRangeCost = 2;

/// Whether all columns of the expression that some rel has are in this one; at least one.
bool lies_in(const Expr& expr, const Rel& rel, const Rel& other) {
  bool any = false, all = true;
  visit_expr(expr, [&](const Expr& part) {
    if (!part.is_column()) return;
    const ColumnId id{part.relation, part.index};
    if (rel.has(id)) any = true;
    if (other.has(id)) all = false;
  });
  return any && all;
}

bool is_signed_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

/// Both keys as one type, so that they hash alike; false when there is none.
bool unify_keys(ExprPtr* left, ExprPtr* right, const EvalContext& context) {
  const Type a = (*left)->type, b = (*right)->type;
  if (a.oid == b.oid || compare_kind_of(a) == compare_kind_of(b)) return true;
  Type wider;
  if (is_signed_integer(a.oid) && is_signed_integer(b.oid)) {
    wider = Type{oid::kInt8};
  } else if ((a.oid == oid::kFloat4 && b.oid == oid::kFloat8) || (a.oid == oid::kFloat8 && b.oid == oid::kFloat4)) {
    wider = Type{oid::kFloat8};
  } else {
    return false;
  }
  for (ExprPtr* key : {left, right}) {
    auto cast = make_cast(*key, wider, CastContext::kImplicit, context);
    if (!cast.ok()) return false;
    *key = *std::move(cast);
  }
  return true;
}

}  // namespace

const TableDef* QueryPlanner::analyzed_table(const Expr& key, uint32_t* column) const {
  const Expr* at = &key;
  while (at->kind == ExprKind::kCast) at = at->args[0].get();
  const TableDef* table = at->is_column() && at->relation < tables_.size() ? tables_[at->relation] : nullptr;
  if (table == nullptr || !table->statistics || at->index >= table->columns.size()) return nullptr;
  const auto attnum = static_cast<int16_t>(at->index + 1);
  const bool is_key = table->primary_key.size() == 1 && table->primary_key[0] == attnum;
  if (!is_key && table->statistics->find(attnum) == nullptr) return nullptr;
  *column = at->index;
  return table;
}

/// Of a join key among the rows of `rel`: what ANALYZE found where it is a table's column, otherwise all of them.
double QueryPlanner::distinct_values(const Expr& key, const Rel& rel) const {
  return std::min(rel.rows(), key_values(key, rel));
}

/// The same, conditions on the table aside.
double QueryPlanner::key_values(const Expr& key, const Rel& rel) const {
  uint32_t column = 0;
  const TableDef* table = analyzed_table(key, &column);
  return table == nullptr ? rel.rows() : estimate_.distinct_values(*table, column);
}

/// Of the left rows, those whose key is among the right ones (as eqjoinsel_semi in PostgreSQL); half where ANALYZE has
/// seen none of the keys.
double QueryPlanner::semi_join_fraction(const ExprList& left_keys, const Rel& left, const ExprList& right_keys,
                                        const Rel& right) const {
  double fraction = 1;
  bool known = false;
  for (size_t i = 0; i < left_keys.size(); ++i) {
    uint32_t column = 0;
    if (analyzed_table(*left_keys[i], &column) == nullptr) continue;
    known = true;
    const double values = std::max(1.0, distinct_values(*left_keys[i], left));
    fraction = std::min(fraction, distinct_values(*right_keys[i], right) / values);
  }
  return known ? fraction : 0.5;
}

absl::StatusOr<Rel> QueryPlanner::join(Rel left, Rel right, JoinKind kind, Conditions conditions, bool null_aware_mark,
                                       bool keeps_left) {
  ExprList left_keys, right_keys, residual;
  for (ExprPtr& condition : conditions) {
    bool is_key = false;
    if (is_equality(*condition)) {
      for (size_t side = 0; side < 2 && !is_key; ++side) {
        ExprPtr l = condition->args[side], r = condition->args[1 - side];
        if (!lies_in(*l, left, right) || !lies_in(*r, right, left)) continue;
        if (!unify_keys(&l, &r, binder_eval())) continue;
        left_keys.push_back(std::move(l));
        right_keys.push_back(std::move(r));
        is_key = true;
      }
    }
    if (!is_key) residual.push_back(std::move(condition));
  }
  double rows = left.rows() * right.rows();
  if (left_keys.size() == 1) {
    // Among all rows of the tables: a condition on one side leaves fewer of the other with a match.
    rows /= std::max({key_values(*left_keys[0], left), key_values(*right_keys[0], right), 1.0});
  } else {
    // Keys of several columns depend on each other: together they do not have that many values.
    for (size_t i = 0; i < left_keys.size(); ++i) {
      rows /= std::max({distinct_values(*left_keys[i], left), distinct_values(*right_keys[i], right), 1.0});
    }
  }
  for (const ExprPtr& condition : residual) rows *= Estimate::default_selectivity(*condition);
  if (kind == JoinKind::kLeft || kind == JoinKind::kSingle) rows = std::max(rows, left.rows());
  if (kind == JoinKind::kFull) rows = std::max(rows, left.rows() + right.rows());
  const bool left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kNullAwareAnti;
  if (left_only) {
    const double fraction = semi_join_fraction(left_keys, left, right_keys, right);
    rows = left.rows() * (kind == JoinKind::kSemi ? fraction : 1 - fraction);
  }
  if (kind == JoinKind::kMark || kind == JoinKind::kSingle) rows = left.rows();

  // The smaller side is built into the hash table.
  const bool swaps = !keeps_left && !left_keys.empty() && left.rows() < right.rows() &&
                     (kind == JoinKind::kInner || kind == JoinKind::kLeft);
  if (swaps) {
    std::swap(left, right);
    std::swap(left_keys, right_keys);
    if (kind == JoinKind::kLeft) kind = JoinKind::kRight;
  }
  Rel result;
  result.columns = left.columns;
  result.in_order = left.in_order && !swaps && keeps_order(kind);
  std::vector<Type> output = left.plan->output;
  std::vector<ColumnId> both = left.columns;
  both.insert(both.end(), right.columns.begin(), right.columns.end());
  if (kind == JoinKind::kMark) {
    output.push_back(Type{oid::kBool});
    result.columns.push_back({binder_.relations++, 0});
  } else if (!left_only) {
    output.insert(output.end(), right.plan->output.begin(), right.plan->output.end());
    result.columns = both;
  }
  ExprPtr condition;
  if (!residual.empty()) {
    TROUPE_ASSIGN_OR_RETURN(condition, place(make_and(std::move(residual)), both));
  }
  const double input_cost = left.cost() + right.cost();
  rows = std::max(rows, 1.0);
  if (left_keys.empty()) {
    auto loop = std::make_shared<NestedLoopPlan>();
    loop->join = kind;
    loop->condition = std::move(condition);
    loop->null_aware_mark = null_aware_mark;
    loop->cost = {right.cost(), input_cost + left.rows() * right.rows() * kPairCost + rows * kProbeCost, rows, 0};
    loop->inputs = {left.plan, right.plan};
    result.plan = std::move(loop);
  } else {
    auto hash = std::make_shared<HashJoinPlan>();
    hash->join = kind;
    TROUPE_ASSIGN_OR_RETURN(hash->left_keys, place_all(left_keys, left.columns));
    TROUPE_ASSIGN_OR_RETURN(hash->right_keys, place_all(right_keys, right.columns));
    hash->residual = std::move(condition);
    hash->null_aware_mark = null_aware_mark;
    const double build = right.rows() * kBuildCost;
    hash->cost = {right.cost() + build, input_cost + build + (left.rows() + rows) * kProbeCost, rows, 0};
    hash->inputs = {left.plan, right.plan};
    result.plan = std::move(hash);
  }
  result.plan->cost.width = left.plan->cost.width + (left_only ? 0 : right.plan->cost.width);
  result.plan->output = std::move(output);
  return result;
}

namespace {

bool mentions(const Expr& expr, const Rel& rel) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) {
    found = found || (part.is_column() && rel.has({part.relation, part.index}));
  });
  return found;
}

}  // namespace

bool QueryPlanner::is_bare_table(const JoinItem& item) {
  return item.tree && item.tree->relation && item.tree->relation->kind == BoundRelation::Kind::kTable &&
         !item.tree->relation->table->is_partitioned() && item.rel.plan->kind == PlanKind::kTableScan;
}

absl::StatusOr<std::optional<Rel>> QueryPlanner::look_up_partitions(const Rel& outer, const JoinItem& inner,
                                                                    const Conditions& conditions) {
  const BoundRelation* relation = inner.tree ? inner.tree->relation.get() : nullptr;
  const bool partitioned =
      relation != nullptr && relation->kind == BoundRelation::Kind::kTable && relation->table->is_partitioned();
  // A row of the outer side after the other: not for many.
  if (!partitioned || outer.cost() + outer.rows() * kRangeCost > inner.rel.cost()) return std::nullopt;
  Conditions all = inner.local;
  all.insert(all.end(), conditions.begin(), conditions.end());
  if (choose_access(*relation, all, &outer).access.kind == AccessKind::kFull) return std::nullopt;
  TROUPE_ASSIGN_OR_RETURN(Rel joined, lateral_join(outer, inner.tree, JoinKind::kInner, std::move(all)));
  joined.plan->cost.total += outer.rows() * kRangeCost;
  return std::optional<Rel>(std::move(joined));
}

absl::StatusOr<std::optional<Rel>> QueryPlanner::index_join(const Rel& outer, const JoinItem& inner, JoinKind kind,
                                                            const Conditions& conditions) {
  // Something above the scan has to run before the join.
  if (inner.rel.plan->kind != PlanKind::kTableScan) return std::nullopt;
  const BoundRelation& relation = *inner.tree->relation;
  if (relation.table->is_partitioned()) return std::nullopt;
  Conditions all = inner.local;
  all.insert(all.end(), conditions.begin(), conditions.end());
  TableAccess path = choose_access(relation, all, &outer);
  const bool lookup = path.access.kind == AccessKind::kLookup && path.access.keys.size() == 1;
  const bool range = path.access.kind == AccessKind::kRange && !path.access.prefix.empty();
  if (!lookup && !range) return std::nullopt;
  // Without a value from the outer row it would be the same rows for each.
  const ExprList& key = lookup ? path.access.keys[0] : path.access.prefix;
  if (std::none_of(key.begin(), key.end(), [&](const ExprPtr& value) { return mentions(*value, outer); })) {
    return std::nullopt;
  }
  Conditions own, residual;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!path.used[i]) (mentions(*all[i], outer) ? residual : own).push_back(all[i]);
  }
  const auto& before = static_cast<const TableScanPlan&>(*inner.rel.plan);
  auto scan = std::make_shared<TableScanPlan>();
  scan->table = before.table;
  scan->alias = before.alias;
  scan->with_row_key = before.with_row_key;
  scan->one_partition = lookup;
  std::vector<uint32_t> wanted;
  for (const ColumnId& id : inner.rel.columns) {
    if (id.index < kFillerColumn) wanted.push_back(id.index);
  }
  TROUPE_ASSIGN_OR_RETURN(const std::vector<ColumnId> inner_columns, fill_scan(relation, wanted, own, scan.get()));
  scan->access = path.access;
  TROUPE_RETURN_IF_ERROR(place_access(outer.columns, &scan->access));
  scan->cost = {0, path.cost, std::max(1.0, path.rows), scan->cost.width};

  auto joined = std::make_shared<IndexJoinPlan>();
  joined->join = kind;
  joined->inputs = {outer.plan};
  joined->output = outer.plan->output;
  Rel result;
  result.columns = outer.columns;
  result.in_order = outer.in_order && (keeps_order(kind) || kind == JoinKind::kLeft);
  std::vector<ColumnId> both = outer.columns;
  both.insert(both.end(), inner_columns.begin(), inner_columns.end());
  const bool asks_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kMark;
  if (kind == JoinKind::kMark) {
    joined->output.push_back(Type{oid::kBool});
    result.columns.push_back({binder_.relations++, 0});
  } else if (!asks_only) {
    joined->output.insert(joined->output.end(), scan->output.begin(), scan->output.end());
    result.columns = both;
  }
  // A batch of look-ups shares the messages; the seek and the fetch remain.
  double rows = outer.rows() * (lookup ? std::min(path.rows, 1.0) : path.rows);
  for (const ExprPtr& condition : residual) rows *= Estimate::default_selectivity(*condition);
  if (kind == JoinKind::kLeft) rows = std::max(rows, outer.rows());
  if (kind == JoinKind::kSemi) rows = std::min(rows, outer.rows());
  if (kind == JoinKind::kAnti) rows = outer.rows() - std::min(rows, outer.rows());
  if (kind == JoinKind::kMark) rows = outer.rows();
  // The first row decides.
  if (asks_only && range && residual.empty()) scan->row_limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  if (!residual.empty()) {
    TROUPE_ASSIGN_OR_RETURN(joined->residual, place(make_and(std::move(residual)), both));
  }
  const double each = lookup ? std::max(0.1, path.cost) : path.cost + kRangeCost;
  joined->cost = {outer.plan->cost.startup, outer.cost() + outer.rows() * each, std::max(1.0, rows),
                  outer.plan->cost.width + scan->cost.width};
  joined->inner = std::move(scan);
  result.plan = std::move(joined);
  return std::optional<Rel>(std::move(result));
}

/// `right` reduced to its different keys, each looked up in the table. Null where no index serves, or a condition is
/// not an equality: then one row of the table could match several keys.
absl::StatusOr<std::optional<Rel>> QueryPlanner::look_up_distinct(const JoinItem& item, Rel right,
                                                                  const Conditions& conditions) {
  const uint32_t relation = binder_.relations++;
  ExprList keys;
  std::vector<ColumnId> ids;
  Conditions on;
  double values = 1;
  for (const ExprPtr& condition : conditions) {
    if (!is_equality(*condition)) return std::nullopt;
    const size_t side = lies_in(condition->arg(0), right, item.rel) ? 0 : 1;
    const ExprPtr key = condition->args[side], other = condition->args[1 - side];
    const bool same =
        key->type.oid == other->type.oid || (is_signed_integer(key->type.oid) && is_signed_integer(other->type.oid));
    if (!same || !lies_in(*key, right, item.rel) || !lies_in(*other, item.rel, right)) return std::nullopt;
    ExprList args = condition->args;
    args[side] = make_column(key->type, static_cast<uint32_t>(keys.size()), relation);
    ids.push_back({relation, static_cast<uint32_t>(keys.size())});
    on.push_back(make_call(condition->call, std::move(args)));
    values *= distinct_values(*key, right);
    keys.push_back(key);
  }
  // Projecting and pushing down change the scan below, which the hashed form may still use.
  if (right.plan->kind == PlanKind::kTableScan) {
    right.plan = std::make_shared<TableScanPlan>(static_cast<const TableScanPlan&>(*right.plan));
  }
  TROUPE_RETURN_IF_ERROR(project(keys, std::move(ids), &right));
  auto distinct = std::make_shared<DistinctPlan>();
  distinct->output = right.plan->output;
  distinct->cost = right.plan->cost;
  distinct->cost.total += right.rows() * kGroupCost;
  distinct->cost.rows = std::clamp(values, 1.0, std::max(1.0, right.rows()));
  distinct->inputs = {right.plan};
  right.plan = std::move(distinct);
  return index_join(right, item, JoinKind::kInner, on);
}

absl::StatusOr<Rel> QueryPlanner::semi_join(const JoinItem& item, Rel right, const JoinItem* inner, JoinKind kind,
                                            Conditions conditions) {
  TROUPE_ASSIGN_OR_RETURN(Rel best, join(item.rel, right, kind, conditions));
  const auto consider = [&](std::optional<Rel> other) {
    if (other && other->cost() < best.cost()) best = *std::move(other);
  };
  if (conditions.empty()) return best;
  if (kind == JoinKind::kSemi && is_bare_table(item)) {
    TROUPE_ASSIGN_OR_RETURN(auto looked_up, look_up_distinct(item, right, conditions));
    consider(std::move(looked_up));
  }
  if (kind != JoinKind::kNullAwareAnti && inner != nullptr && is_bare_table(*inner)) {
    TROUPE_ASSIGN_OR_RETURN(auto looked_up, index_join(item.rel, *inner, kind, conditions));
    consider(std::move(looked_up));
  }
  return best;
}

}  // namespace troupe
