/// Which join first, and how: dynamic programming over sets of items up to kExhaustiveItems, the cheapest pair next
/// above (Selinger et al. 1979; Fegaras' GOO for many); and, for ORDER BY ... LIMIT, around a scan in that order.
#include <algorithm>
#include <bit>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

constexpr size_t kExhaustiveItems = 8;

}  // namespace

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
    if (!ordered) return best;
    // The fewer rows are expected, the more of them have to be made.
    const double needed = std::min(1.0, order->rows / std::max(1.0, std::min(best.rows(), ordered->rows())));
    return ordered->cost_of_part(needed) < best.sorted_cost() ? *std::move(ordered) : best;
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
    std::optional<Rel> joined;
    if (QueryPlanner::is_bare_table(item)) {
      TROUPE_ASSIGN_OR_RETURN(joined, planner_.index_join(outer, item, JoinKind::kInner, conditions));
    } else {
      TROUPE_ASSIGN_OR_RETURN(joined, planner_.look_up_partitions(outer, item, conditions));
    }
    if (joined && joined->cost() < best->cost()) *best = *std::move(joined);
    return absl::OkStatus();
  }

  /// The joins one after the other around a scan in the wanted order, of which only a part has to be done. Null where
  /// no key or index has the order, or nothing connects all.
  absl::StatusOr<std::optional<Rel>> in_order(const QueryPlanner::WantedOrder& order, double part) {
    Mask done = mask_of(*order.keys[0].value);
    if (!std::has_single_bit(done)) return std::nullopt;
    std::optional<Rel> rel = planner_.ordered_scan(items_[static_cast<size_t>(std::countr_zero(done))], order);
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
        if (looked_up && looked_up->cost_of_part(part) < joined.cost_of_part(part)) joined = *std::move(looked_up);
        if (next && next->cost_of_part(part) <= joined.cost_of_part(part)) continue;
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
