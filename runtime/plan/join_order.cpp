/// Which join first, and how: dynamic programming over sets of items up to kExhaustiveItems, the cheapest pair next
/// above (Selinger et al. 1979; Fegaras' GOO for many).
#include <algorithm>
#include <bit>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

constexpr size_t kExhaustiveItems = 8;
constexpr double kProbeCost = 0.01;
constexpr double kBuildCost = 0.02;
constexpr double kPairCost = 0.0025;

bool is_equality(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.args.size() == 2 &&
         expr.call.function->comparison == Comparison::kEqual;
}

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

/// Of a join key among the rows of `rel`: what ANALYZE found where it is a table's column, otherwise all of them.
double QueryPlanner::distinct_values(const Expr& key, const Rel& rel) const {
  const Expr* column = &key;
  while (column->kind == ExprKind::kCast) column = column->args[0].get();
  const TableDef* table = column->is_column() && column->relation < tables_.size() ? tables_[column->relation] : nullptr;
  if (table == nullptr || !table->statistics || column->index >= table->columns.size()) return rel.rows();
  return std::min(rel.rows(), estimate_.distinct_values(*table, column->index));
}

absl::StatusOr<Rel> QueryPlanner::join(Rel left, Rel right, JoinKind kind, Conditions conditions,
                                       bool null_aware_mark) {
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
  for (size_t i = 0; i < left_keys.size(); ++i) {
    rows /= std::max({distinct_values(*left_keys[i], left), distinct_values(*right_keys[i], right), 1.0});
  }
  for (const ExprPtr& condition : residual) rows *= Estimate::default_selectivity(*condition);
  if (kind == JoinKind::kLeft || kind == JoinKind::kSingle) rows = std::max(rows, left.rows());
  if (kind == JoinKind::kFull) rows = std::max(rows, left.rows() + right.rows());
  if (kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kNullAwareAnti) rows = left.rows() * 0.5;
  if (kind == JoinKind::kMark || kind == JoinKind::kSingle) rows = left.rows();

  // The smaller side is built into the hash table.
  const bool swaps = !left_keys.empty() && left.rows() < right.rows() &&
                     (kind == JoinKind::kInner || kind == JoinKind::kLeft);
  if (swaps) {
    std::swap(left, right);
    std::swap(left_keys, right_keys);
    if (kind == JoinKind::kLeft) kind = JoinKind::kRight;
  }
  Rel result;
  result.columns = left.columns;
  std::vector<Type> output = left.plan->output;
  std::vector<ColumnId> both = left.columns;
  both.insert(both.end(), right.columns.begin(), right.columns.end());
  const bool left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kNullAwareAnti;
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

absl::StatusOr<std::optional<Rel>> QueryPlanner::index_join(const Rel& outer, const JoinItem& inner, JoinKind kind,
                                                            const Conditions& conditions) {
  // Something above the scan has to run before the join.
  if (inner.rel.plan->kind != PlanKind::kTableScan) return std::nullopt;
  const BoundRelation& relation = *inner.tree->relation;
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
  std::vector<ColumnId> both = outer.columns;
  both.insert(both.end(), inner_columns.begin(), inner_columns.end());
  if (kind != JoinKind::kSemi && kind != JoinKind::kAnti) {
    joined->output.insert(joined->output.end(), scan->output.begin(), scan->output.end());
    result.columns = both;
  }
  // A batch of look-ups shares the messages; the seek and the fetch remain.
  double rows = outer.rows() * (lookup ? std::min(path.rows, 1.0) : path.rows);
  for (const ExprPtr& condition : residual) rows *= Estimate::default_selectivity(*condition);
  if (kind == JoinKind::kLeft) rows = std::max(rows, outer.rows());
  if (!residual.empty()) {
    TROUPE_ASSIGN_OR_RETURN(joined->residual, place(make_and(std::move(residual)), both));
  }
  const double each = std::max(0.1, path.cost - (lookup ? 0.0 : 1.0));
  joined->cost = {outer.plan->cost.startup, outer.cost() + outer.rows() * each, std::max(1.0, rows),
                  outer.plan->cost.width + scan->cost.width};
  joined->inner = std::move(scan);
  result.plan = std::move(joined);
  return std::optional<Rel>(std::move(result));
}

/// Chooses the order for one FROM clause.
class JoinOrder {
 public:
  JoinOrder(QueryPlanner& planner, std::vector<QueryPlanner::JoinItem> items, ExprList conditions)
      : planner_{planner}, items_{std::move(items)}, conditions_{std::move(conditions)} {
    for (const ExprPtr& condition : conditions_) masks_.push_back(mask_of(*condition));
  }

  absl::StatusOr<Rel> run() { return items_.size() <= kExhaustiveItems ? exhaustive() : greedy(); }

 private:
  using Mask = uint64_t;
  Mask mask_of(const Expr& condition) const {
    Mask mask = 0;
    visit_expr(condition, [&](const Expr& part) {
      if (!part.is_column()) return;
      for (size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].rel.has({part.relation, part.index}) || owns(i, part.relation)) mask |= Mask{1} << i;
      }
    });
    return mask;
  }
  bool owns(size_t item, uint32_t relation) const {
    return items_[item].tree && items_[item].tree->relation && items_[item].tree->relation->number == relation;
  }

  /// Conditions that become checkable when left and right meet.
  ExprList joining(Mask left, Mask right) const {
    ExprList found;
    for (size_t i = 0; i < conditions_.size(); ++i) {
      const Mask mask = masks_[i];
      if ((mask & ~(left | right)) == 0 && (mask & left) != 0 && (mask & right) != 0) found.push_back(conditions_[i]);
    }
    return found;
  }

  /// The best of the ways to join two sets.
  absl::StatusOr<Rel> join_sets(const Rel& left, Mask left_mask, const Rel& right, Mask right_mask) {
    const ExprList conditions = joining(left_mask, right_mask);
    TROUPE_ASSIGN_OR_RETURN(Rel best, planner_.join(left, right, JoinKind::kInner, conditions));
    TROUPE_RETURN_IF_ERROR(try_index(left, right_mask, conditions, &best));
    TROUPE_RETURN_IF_ERROR(try_index(right, left_mask, conditions, &best));
    return best;
  }
  absl::Status try_index(const Rel& outer, Mask inner, const ExprList& conditions, Rel* best) {
    if (!std::has_single_bit(inner) || conditions.empty()) return absl::OkStatus();
    const auto& item = items_[static_cast<size_t>(std::countr_zero(inner))];
    if (!item.tree || !item.tree->relation || item.tree->relation->kind != BoundRelation::Kind::kTable ||
        item.rel.plan->kind != PlanKind::kTableScan) {
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(auto joined, planner_.index_join(outer, item, JoinKind::kInner, conditions));
    if (joined && joined->cost() < best->cost()) *best = *std::move(joined);
    return absl::OkStatus();
  }

  absl::StatusOr<Rel> exhaustive() {
    const size_t count = items_.size();
    std::vector<std::optional<Rel>> best(size_t{1} << count);
    for (size_t i = 0; i < count; ++i) best[size_t{1} << i] = items_[i].rel;
    const Mask all = (Mask{1} << count) - 1;
    // Cross products only where nothing connects the whole.
    for (const bool cross : {false, true}) {
      for (Mask set = 1; set <= all && !best[all]; ++set) {
        if (!best[set]) TROUPE_RETURN_IF_ERROR(split(set, cross, &best));
      }
    }
    return *std::move(best[all]);
  }

  /// best[set] from every way to cut the set in two.
  absl::Status split(Mask set, bool cross, std::vector<std::optional<Rel>>* best) {
    for (Mask left = (set - 1) & set; left != 0; left = (left - 1) & set) {
      const Mask right = set ^ left;
      if (left < right || !(*best)[left] || !(*best)[right]) continue;
      if (!cross && joining(left, right).empty()) continue;
      TROUPE_ASSIGN_OR_RETURN(Rel joined, join_sets(*(*best)[left], left, *(*best)[right], right));
      auto& known = (*best)[set];
      if (!known || joined.cost() < known->cost()) known = std::move(joined);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Rel> greedy() {
    struct Part {
      Mask mask;
      Rel rel;
    };
    std::vector<Part> parts;
    for (size_t i = 0; i < items_.size(); ++i) parts.push_back({Mask{1} << i, items_[i].rel});
    while (parts.size() > 1) {
      size_t best_i = 0, best_j = 1;
      std::optional<Rel> best;
      for (const bool connected : {true, false}) {
        for (size_t i = 0; i < parts.size(); ++i) {
          for (size_t j = i + 1; j < parts.size(); ++j) {
            if (connected == joining(parts[i].mask, parts[j].mask).empty()) continue;
            TROUPE_ASSIGN_OR_RETURN(Rel joined,
                                    join_sets(parts[i].rel, parts[i].mask, parts[j].rel, parts[j].mask));
            if (best && best->rows() <= joined.rows()) continue;
            best = std::move(joined);
            best_i = i;
            best_j = j;
          }
        }
        if (best) break;
      }
      parts[best_i] = {parts[best_i].mask | parts[best_j].mask, *std::move(best)};
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_j));
    }
    return std::move(parts[0].rel);
  }

  QueryPlanner& planner_;
  std::vector<QueryPlanner::JoinItem> items_;
  ExprList conditions_;
  std::vector<Mask> masks_;
};

absl::StatusOr<Rel> QueryPlanner::order_joins(std::vector<JoinItem> items, Conditions conditions) {
  if (items.size() == 1) {
    Rel rel = std::move(items[0].rel);
    TROUPE_RETURN_IF_ERROR(filter(conditions, &rel));
    return rel;
  }
  if (items.size() > 60) {
    return error(ErrorCode::kStatementTooComplex, "more than 60 tables in one FROM clause");
  }
  return JoinOrder(*this, std::move(items), std::move(conditions)).run();
}

}  // namespace troupe
