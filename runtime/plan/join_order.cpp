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
/// A range for each outer row is a message to every partition, one row after another; look-ups go in batches.
constexpr double kRangeCost = 10;

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

const TableDef* QueryPlanner::analyzed_table(const Expr& key, uint32_t* column) const {
  const Expr* at = &key;
  while (at->kind == ExprKind::kCast) at = at->args[0].get();
  const TableDef* table = at->is_column() && at->relation < tables_.size() ? tables_[at->relation] : nullptr;
  if (table == nullptr || !table->statistics || at->index >= table->columns.size()) return nullptr;
  *column = at->index;
  return table;
}

/// Of a join key among the rows of `rel`: what ANALYZE found where it is a table's column, otherwise all of them.
double QueryPlanner::distinct_values(const Expr& key, const Rel& rel) const {
  uint32_t column = 0;
  const TableDef* table = analyzed_table(key, &column);
  return table == nullptr ? rel.rows() : std::min(rel.rows(), estimate_.distinct_values(*table, column));
}

/// Of the left rows: those whose key is among the right ones, as in PostgreSQL's eqjoinsel_semi. Without statistics half.
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

absl::StatusOr<Rel> QueryPlanner::join(Rel left, Rel right, JoinKind kind, Conditions conditions,
                                       bool null_aware_mark, bool keeps_left) {
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
         item.rel.plan->kind == PlanKind::kTableScan;
}

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
  result.in_order = outer.in_order && keeps_order(kind);
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
    const bool same = key->type.oid == other->type.oid ||
                      (is_signed_integer(key->type.oid) && is_signed_integer(other->type.oid));
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

/// Chooses the order for one FROM clause.
class JoinOrder {
 public:
  JoinOrder(QueryPlanner& planner, std::vector<QueryPlanner::JoinItem> items, ExprList conditions)
      : planner_{planner}, items_{std::move(items)}, conditions_{std::move(conditions)} {
    for (const ExprPtr& condition : conditions_) masks_.push_back(mask_of(*condition));
  }

  absl::StatusOr<Rel> run(const std::optional<QueryPlanner::WantedOrder>& order) {
    TROUPE_ASSIGN_OR_RETURN(Rel best, items_.size() <= kExhaustiveItems ? exhaustive() : greedy());
    if (!order) return best;
    const double part = std::min(1.0, order->rows / std::max(1.0, best.rows()));
    TROUPE_ASSIGN_OR_RETURN(auto ordered, in_order(*order, part));
    const double sorted_cost = best.cost() + best.rows() * kOperatorCost * 4;
    return ordered && cost_of_part(*ordered, part) < sorted_cost ? *std::move(ordered) : best;
  }

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
    if (!QueryPlanner::is_bare_table(item)) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(auto joined, planner_.index_join(outer, item, JoinKind::kInner, conditions));
    if (joined && joined->cost() < best->cost()) *best = *std::move(joined);
    return absl::OkStatus();
  }

  static double cost_of_part(const Rel& rel, double part) {
    const Cost& cost = rel.plan->cost;
    return cost.startup + (cost.total - cost.startup) * part;
  }

  /// The joins one after the other around a scan in the wanted order, of which only a part has to be done. Null where
  /// no key or index has the order, or nothing connects all.
  absl::StatusOr<std::optional<Rel>> in_order(const QueryPlanner::WantedOrder& order, double part) {
    Mask done = mask_of(*order.keys[0].value);
    if (!std::has_single_bit(done)) return std::nullopt;
    std::optional<Rel> rel = ordered_scan(items_[static_cast<size_t>(std::countr_zero(done))], order);
    const Mask all = (Mask{1} << items_.size()) - 1;
    while (rel && done != all) {
      std::optional<Rel> next;
      Mask with = 0;
      for (size_t i = 0; i < items_.size(); ++i) {
        const Mask item = Mask{1} << i;
        const ExprList conditions = joining(done, item);
        if ((done & item) != 0 || conditions.empty()) continue;
        TROUPE_ASSIGN_OR_RETURN(Rel joined, planner_.join(*rel, items_[i].rel, JoinKind::kInner, conditions,
                                                          /*null_aware_mark=*/false, /*keeps_left=*/true));
        TROUPE_ASSIGN_OR_RETURN(auto looked_up, index_join_in_order(*rel, items_[i], conditions));
        if (looked_up && cost_of_part(*looked_up, part) < cost_of_part(joined, part)) joined = *std::move(looked_up);
        if (next && cost_of_part(*next, part) <= cost_of_part(joined, part)) continue;
        next = std::move(joined);
        with = item;
      }
      rel = std::move(next);
      done |= with;
    }
    if (rel && !rel->in_order) return std::nullopt;
    return rel;
  }
  absl::StatusOr<std::optional<Rel>> index_join_in_order(const Rel& outer, const QueryPlanner::JoinItem& item,
                                                         const ExprList& conditions) {
    if (!QueryPlanner::is_bare_table(item)) return std::nullopt;
    return planner_.index_join(outer, item, JoinKind::kInner, conditions);
  }
  std::optional<Rel> ordered_scan(const QueryPlanner::JoinItem& item, const QueryPlanner::WantedOrder& order) {
    if (!QueryPlanner::is_bare_table(item)) return std::nullopt;
    Rel rel = item.rel;
    auto scan = std::make_shared<TableScanPlan>(static_cast<const TableScanPlan&>(*item.rel.plan));
    rel.plan = scan;
    if (!planner_.try_ordered_scan(order.keys, /*limited=*/true, &rel)) return std::nullopt;
    // Rows through an index are fetched one by one; all entries of a global one are read first.
    if (scan->access.index && item.rel.plan->to<TableScanPlan>().access.kind == AccessKind::kFull) {
      const double rows = planner_.estimate_.row_count(*scan->table);
      const bool global = scan->access.index->global();
      scan->cost.startup = global ? rows * kRowCost : 0;
      scan->cost.total += scan->cost.startup + rows * (global ? kRemoteFetchCost : kFetchCost);
    }
    rel.in_order = true;
    return rel;
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

absl::StatusOr<Rel> QueryPlanner::order_joins(std::vector<JoinItem> items, Conditions conditions,
                                              const std::optional<WantedOrder>& order) {
  if (items.size() == 1) {
    Rel rel = std::move(items[0].rel);
    TROUPE_RETURN_IF_ERROR(filter(conditions, &rel));
    return rel;
  }
  if (items.size() > 60) {
    return error(ErrorCode::kStatementTooComplex, "more than 60 tables in one FROM clause");
  }
  return JoinOrder(*this, std::move(items), std::move(conditions)).run(order);
}

}  // namespace troupe
