/// Reading a partitioned table: which of its partitions can have rows that are wanted, and each of them read by its own
/// best way.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

/// The columns that stand for a key's expressions while conditions are matched: beyond those of any table.
constexpr uint32_t kFirstKeyExpression = 1U << 24;

bool is_signed_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

bool has_columns(const Expr& expr) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) { found = found || part.is_column() || part.subquery != nullptr; });
  return found;
}

}  // namespace

/// Goes down from a partitioned table to the leaves that conditions leave.
class PartitionPruner {
 public:
  PartitionPruner(QueryPlanner& planner, const BoundRelation& root, const ExprList& conditions)
      : planner_{planner}, root_{root}, conditions_{conditions} {}

  absl::Status run() {
    TROUPE_ASSIGN_OR_RETURN(top_, level(*root_.table));
    return absl::OkStatus();
  }
  const std::vector<TablePtr>& leaves() const { return leaves_; }
  /// Null where everything is known already.
  std::shared_ptr<const PartitionPruning> pruning() const {
    if (!waits_) return nullptr;
    auto pruning = std::make_shared<PartitionPruning>();
    pruning->top = top_;
    return pruning;
  }

 private:
  using Facts = std::vector<PruningLevel::Fact>;

  const Catalog& catalog() const { return *planner_.context_.catalog; }
  const EvalContext& eval() const { return planner_.binder_eval(); }

  absl::StatusOr<std::shared_ptr<const PruningLevel>> level(const TableDef& table) {
    auto out = std::make_shared<PruningLevel>();
    std::vector<TablePtr> children;
    std::vector<PartitionBoundDef> bounds;
    for (const Oid oid : table.partitions) {
      const auto child = std::static_pointer_cast<const TableDef>(catalog().find_shared(oid));
      TROUPE_CHECK_MSG(child != nullptr, "a partitioned table without its partition");
      planner_.binder_.dependencies.push_back({child->oid, child->version});
      bounds.push_back(child->bound);
      children.push_back(child);
    }
    out->router = std::make_shared<const PartitionRouter>(table.partition_key, std::move(bounds));
    std::vector<bool> kept(children.size(), true);
    TROUPE_RETURN_IF_ERROR(learn(table));
    out->facts = facts_of(conditions_);
    keep(*out->router, out->facts, &kept);
    for (const ExprPtr& condition : conditions_) keep_any(*out->router, condition, &kept);
    std::erase_if(out->facts, [](const PruningLevel::Fact& fact) { return is_known(fact); });
    waits_ = waits_ || !out->facts.empty();
    for (size_t i = 0; i < children.size(); ++i) {
      PruningLevel::Child child;
      if (!kept[i]) {
        out->children.push_back(std::move(child));
        continue;
      }
      if (children[i]->is_partitioned()) {
        TROUPE_ASSIGN_OR_RETURN(child.below, level(*children[i]));
      } else {
        child.input = static_cast<uint32_t>(leaves_.size());
        leaves_.push_back(children[i]);
      }
      out->children.push_back(std::move(child));
    }
    return out;
  }

  /// The parts of this table's key in the root's terms.
  absl::Status learn(const TableDef& table) {
    parts_ = &table.partition_key.parts;
    auto relation = std::make_shared<BoundRelation>(root_);
    TROUPE_ASSIGN_OR_RETURN(keys_, planner_.binder_.bind_partition_key(table.partition_key, table, relation));
    for (ExprPtr& key : keys_) key = planner_.fold(key);
    return absl::OkStatus();
  }

  static bool is_known(const PruningLevel::Fact& fact) {
    return !fact.array && std::all_of(fact.values.begin(), fact.values.end(),
                                      [](const ExprPtr& value) { return value->is_constant(); });
  }
  static void keep(const PartitionRouter& router, const Facts& facts, std::vector<bool>* kept) {
    std::vector<PartitionFact> known;
    for (const PruningLevel::Fact& fact : facts) {
      if (!is_known(fact)) continue;
      PartitionFact& one = known.emplace_back(PartitionFact{fact.part, fact.comparison, {}});
      for (const ExprPtr& value : fact.values) one.values.push_back(value->value);
    }
    const std::vector<bool> survivors = router.survivors(known);
    for (size_t i = 0; i < kept->size(); ++i) (*kept)[i] = (*kept)[i] && survivors[i];
  }
  /// a = 1 OR a = 2: what any of its arms leaves.
  void keep_any(const PartitionRouter& router, const ExprPtr& condition, std::vector<bool>* kept) {
    if (condition->kind != ExprKind::kOr) return;
    std::vector<bool> any(kept->size(), false);
    for (const ExprPtr& arm : condition->args) {
      ExprList parts;
      split_and(arm, &parts);
      std::vector<bool> one(kept->size(), true);
      keep(router, facts_of(parts), &one);
      for (const ExprPtr& part : parts) keep_any(router, part, &one);
      for (size_t i = 0; i < any.size(); ++i) any[i] = any[i] || one[i];
    }
    for (size_t i = 0; i < any.size(); ++i) (*kept)[i] = (*kept)[i] && any[i];
  }

  Facts facts_of(const ExprList& conditions) {
    Facts facts;
    for (const ExprPtr& condition : conditions) {
      if (auto fact = fact_of(over_key(condition))) facts.push_back(*std::move(fact));
    }
    return facts;
  }

  /// With the key's expressions as columns.
  ExprPtr over_key(const ExprPtr& condition) const {
    return replace_expr(condition, [&](const ExprPtr& part) -> ExprPtr {
      for (uint32_t i = 0; i < keys_.size(); ++i) {
        if (!keys_[i]->is_column() && equal(keys_[i], part)) {
          return make_column(part->type, kFirstKeyExpression + i, root_.number);
        }
      }
      return nullptr;
    });
  }
  std::optional<uint32_t> part_of(uint32_t column) const {
    for (uint32_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i]->is_column() ? keys_[i]->index == column : column == kFirstKeyExpression + i) return i;
    }
    return std::nullopt;
  }
  std::optional<uint32_t> part_of(const Expr& expr) const {
    const Expr* column = match_column(expr, root_.number);
    return column == nullptr ? std::nullopt : part_of(column->index);
  }

  std::optional<PruningLevel::Fact> fact_of(const ExprPtr& condition) {
    switch (condition->kind) {
      case ExprKind::kNullTest: {
        const auto part = condition->negated ? std::nullopt : part_of(condition->arg(0));
        if (!part) return std::nullopt;
        return PruningLevel::Fact{*part, Comparison::kNone, {make_null(keys_[*part]->type)}, nullptr};
      }
      case ExprKind::kColumn:
      case ExprKind::kNot: return flag(*condition);
      case ExprKind::kInList: return list(*condition);
      case ExprKind::kArrayCompare: return array(*condition);
      default: break;
    }
    const auto comparison = match_comparison(*condition, root_.number);
    if (!comparison || comparison->comparison == Comparison::kNotEqual) return std::nullopt;
    const auto part = part_of(comparison->column);
    if (!part) return std::nullopt;
    ExprPtr value = as_key(comparison->value, *part);
    if (!value) return std::nullopt;
    return PruningLevel::Fact{*part, comparison->comparison, {std::move(value)}, nullptr};
  }
  std::optional<PruningLevel::Fact> flag(const Expr& condition) const {
    const bool is_not = condition.kind == ExprKind::kNot;
    const auto part = part_of(is_not ? condition.arg(0) : condition);
    if (!part) return std::nullopt;
    return PruningLevel::Fact{*part, Comparison::kEqual, {make_bool(!is_not)}, nullptr};
  }
  std::optional<PruningLevel::Fact> list(const Expr& condition) {
    const auto part = condition.negated ? std::nullopt : part_of(condition.arg(0));
    if (!part) return std::nullopt;
    PruningLevel::Fact fact{*part, Comparison::kNone, {}, nullptr};
    for (size_t i = 1; i < condition.args.size(); ++i) {
      if (condition.arg(i).is_null_constant()) continue;
      ExprPtr value = as_key(condition.args[i], *part);
      if (!value || !value->is_constant()) return std::nullopt;
      fact.values.push_back(std::move(value));
    }
    return fact;
  }
  std::optional<PruningLevel::Fact> array(const Expr& condition) {
    const auto part = condition.all_of || condition.call.function->comparison != Comparison::kEqual
                          ? std::nullopt
                          : part_of(condition.arg(0));
    if (!part || element_type_of(condition.arg(1).type.oid) != keys_[*part]->type.oid) return std::nullopt;
    ExprPtr value = known(condition.args[1]);
    if (!value) return std::nullopt;
    PruningLevel::Fact fact{*part, Comparison::kNone, {}, value};
    if (!value->is_constant() || value->value.is_null()) return fact;
    fact.array = nullptr;
    const ArrayView view(value->value.bytes());
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (!view.is_null(i)) fact.values.push_back(make_constant(keys_[*part]->type, view.value(i)));
    }
    return fact;
  }

  /// The value as it is known when the scan starts; null when it is not.
  ExprPtr known(const ExprPtr& value) {
    if (volatility_of(*value) == Volatility::kVolatile) return nullptr;
    auto placed = planner_.place(value, {});
    return placed.ok() && !has_columns(**placed) ? *placed : nullptr;
  }
  /// The same as one of the key's type.
  ExprPtr as_key(const ExprPtr& given, uint32_t part) {
    const ExprPtr value = known(given);
    const Type type = keys_[part]->type;
    if (!value || value->type.oid == type.oid) return value;
    if (is_signed_integer(value->type.oid) && is_signed_integer(type.oid)) {
      const bool widens = width(physical_of(value->type)) < width(physical_of(type));
      if (!widens && !value->is_constant()) return nullptr;
      auto cast = make_cast(value, Type{type.oid}, CastContext::kAssignment, eval());
      if (!cast.ok()) return nullptr;
      const ExprPtr folded = fold_constants(*cast, eval());
      return widens || folded->is_constant() ? folded : nullptr;  // else it is out of the type's range
    }
    const bool same = compare_kind_of(value->type) == compare_kind_of(type) && !is_array_type(type.oid) &&
                      !is_signed_integer(type.oid);
    return same ? value : nullptr;
  }

  QueryPlanner& planner_;
  const BoundRelation& root_;
  const ExprList& conditions_;
  const std::vector<PartitionKeyPart>* parts_ = nullptr;
  ExprList keys_;  ///< of the level at hand
  std::vector<TablePtr> leaves_;
  std::shared_ptr<const PruningLevel> top_;
  bool waits_ = false;
};

const LeafRelation& QueryPlanner::leaf_relation(const BoundRelation& root, const TablePtr& leaf) {
  const auto [at, is_new] = leaf_relations_.try_emplace({root.number, leaf->oid});
  if (!is_new) return at->second;
  auto relation = std::make_shared<BoundRelation>();
  relation->table = leaf;
  relation->alias = leaf->name;
  relation->number = binder_.relations++;
  for (const ColumnDef& column : root.table->columns) {
    const ColumnDef* own = column.dropped ? nullptr : leaf->find_column(column.name);
    at->second.columns.push_back(own == nullptr ? kNoColumn : static_cast<uint32_t>(own->attnum - 1));
  }
  at->second.relation = std::move(relation);
  return at->second;
}

ExprPtr QueryPlanner::in_leaf(const ExprPtr& expr, const BoundRelation& root, const LeafRelation& leaf) {
  return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != root.number) return nullptr;
    if (part->index == kTableOidColumn) return make_constant(part->type, Value::of(int64_t{leaf.relation->table->oid}));
    const uint32_t column = is_pseudo_column(part->index) ? part->index : leaf.columns[part->index];
    return make_column(part->type, column, leaf.relation->number);
  });
}

absl::StatusOr<std::vector<LeafRelation>> QueryPlanner::leaves_of(const BoundRelation& root,
                                                                  const Conditions& conditions,
                                                                  std::shared_ptr<const PartitionPruning>* pruning) {
  PartitionPruner pruner(*this, root, conditions);
  TROUPE_RETURN_IF_ERROR(pruner.run());
  std::vector<LeafRelation> leaves;
  for (const TablePtr& leaf : pruner.leaves()) leaves.push_back(leaf_relation(root, leaf));
  if (pruning != nullptr) *pruning = pruner.pruning();
  return leaves;
}

/// Its output columns are the wanted ones of the root, in order.
absl::StatusOr<Rel> QueryPlanner::plan_leaf_scan(const BoundRelation& root, const LeafRelation& leaf,
                                                 const Conditions& conditions) {
  Conditions own;
  for (const ExprPtr& condition : conditions) own.push_back(fold(in_leaf(condition, root, leaf)));
  std::erase_if(own, [](const ExprPtr& condition) {
    return condition->is_constant() && !condition->value.is_null() && condition->value.get<bool>();
  });
  std::vector<uint32_t> wanted = needed(root.number);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<uint32_t>& of_leaf = needed(leaf.relation->number);
  of_leaf.clear();
  for (const uint32_t column : wanted) {
    if (column == kTableOidColumn || column == kFillerColumn) continue;
    of_leaf.push_back(column == kRowKeyColumn ? column : leaf.columns[column]);
  }
  TROUPE_ASSIGN_OR_RETURN(Rel rel, plan_scan(*leaf.relation, own));
  auto& scan = static_cast<TableScanPlan&>(*rel.plan);
  ExprList projection;
  std::vector<Type> output;
  std::vector<ColumnId> columns;
  for (const uint32_t column : wanted) {
    if (column == kRowKeyColumn) continue;
    columns.push_back({root.number, column});
    output.push_back(root.type_of(column));
    if (column == kTableOidColumn) {
      projection.push_back(make_constant(output.back(), Value::of(int64_t{leaf.relation->table->oid})));
      continue;
    }
    const auto at = std::lower_bound(scan.columns.begin(), scan.columns.end(), leaf.columns[column]);
    projection.push_back(make_column(output.back(), static_cast<uint32_t>(at - scan.columns.begin())));
  }
  if (columns.empty()) {
    projection.push_back(make_bool(true));
    output.push_back(Type{oid::kBool});
    columns.push_back({root.number, kFillerColumn});
  }
  bool as_read = projection.size() == scan.columns.size();
  for (uint32_t i = 0; i < projection.size() && as_read; ++i) {
    as_read = projection[i]->is_column() && projection[i]->index == i;
  }
  scan.projection = as_read ? ExprList{} : std::move(projection);
  scan.output = std::move(output);
  if (scan.with_row_key) {
    scan.output.push_back(Type{oid::kBytea});
    columns.push_back({root.number, kRowKeyColumn});
  }
  rel.columns = std::move(columns);
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_partitioned_scan(const BoundRelation& relation, const Conditions& conditions) {
  if (tables_.size() <= relation.number) tables_.resize(relation.number + 1);
  tables_[relation.number] = relation.table.get();
  std::shared_ptr<const PartitionPruning> pruning;
  TROUPE_ASSIGN_OR_RETURN(std::vector<LeafRelation> leaves, leaves_of(relation, conditions, &pruning));
  if (relation.only) leaves.clear();
  std::vector<Rel> scans;
  for (const LeafRelation& leaf : leaves) {
    TROUPE_ASSIGN_OR_RETURN(Rel scan, plan_leaf_scan(relation, leaf, conditions));
    const std::string alias =
        leaves.size() == 1 ? std::string(relation.alias) : cat(relation.alias, "_", scans.size() + 1);
    static_cast<TableScanPlan&>(*scan.plan).alias = alias == leaf.relation->table->name ? std::string() : alias;
    scans.push_back(std::move(scan));
  }
  if (scans.size() == 1) {
    leaf_scans_.push_back({scans[0].plan, relation.number, std::move(leaves)});
    return scans[0];
  }
  Rel rel;
  if (scans.empty()) {
    // As a leaf would put it out.
    auto nothing = std::make_shared<ValuesPlan>();
    std::vector<uint32_t> wanted = needed(relation.number);
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    for (const uint32_t column : wanted) {
      rel.columns.push_back({relation.number, column});
      nothing->output.push_back(column == kRowKeyColumn ? Type{oid::kBytea} : relation.type_of(column));
    }
    nothing->cost.rows = 0;
    rel.plan = std::move(nothing);
    leaf_scans_.push_back({rel.plan, relation.number, {}});
    return rel;
  }
  auto append = std::make_shared<AppendPlan>();
  append->of_partitions = true;
  append->pruning = std::move(pruning);
  append->output = scans[0].plan->output;
  append->cost.rows = 0;
  for (const Rel& scan : scans) {
    append->cost.total += scan.cost();
    append->cost.rows += scan.rows();
    append->cost.width = std::max(append->cost.width, scan.plan->cost.width);
    append->inputs.push_back(scan.plan);
  }
  if (append->pruning) {
    // Most often one of them is left.
    append->cost.total /= static_cast<double>(scans.size());
    append->cost.rows = std::max(1.0, append->cost.rows / static_cast<double>(scans.size()));
  }
  rel.columns = scans[0].columns;
  rel.plan = std::move(append);
  leaf_scans_.push_back({rel.plan, relation.number, std::move(leaves)});
  return rel;
}

std::vector<TableScanPlan*> plain_scans(const Rel& rel) {
  if (is_plain_scan(rel)) return {static_cast<TableScanPlan*>(rel.plan.get())};
  const auto* append = rel.plan->as<AppendPlan>();
  if (append == nullptr || !append->order.empty()) return {};
  std::vector<TableScanPlan*> scans;
  for (const PlanPtr& input : append->inputs) {
    if (!is_plain_scan(*input)) return {};
    // Made for this plan, and seen by nobody else yet.
    scans.push_back(static_cast<TableScanPlan*>(const_cast<PlanNode*>(input.get())));
  }
  return scans;
}

std::optional<bool> QueryPlanner::try_ordered_leaves(const std::vector<SortKey>& order, bool limited, Rel* rel) {
  const auto found = std::find_if(leaf_scans_.begin(), leaf_scans_.end(),
                                  [&](const LeafScans& scans) { return scans.plan == rel->plan; });
  if (found == leaf_scans_.end() || found->leaves.empty()) return std::nullopt;
  if (plain_scans(*rel).empty()) return false;
  const LeafScans scans = *found;
  BoundRelation root;
  root.number = scans.root;
  std::vector<std::shared_ptr<TableScanPlan>> ordered;
  for (size_t i = 0; i < scans.leaves.size(); ++i) {
    const LeafRelation& leaf = scans.leaves[i];
    const PlanNode& scan = scans.leaves.size() == 1 ? *rel->plan : *rel->plan->inputs[i];
    ordered.push_back(std::make_shared<TableScanPlan>(scan.to<TableScanPlan>()));
    Rel one{ordered.back(), rel->columns};
    for (ColumnId& id : one.columns) {
      if (id.relation != scans.root) return false;
      id = {leaf.relation->number, is_pseudo_column(id.index) ? id.index : leaf.columns[id.index]};
    }
    std::vector<SortKey> keys = order;
    for (SortKey& key : keys) key.value = in_leaf(key.value, root, leaf);
    if (!try_ordered_scan(keys, limited, &one)) return false;
  }
  if (ordered.size() == 1) {
    rel->plan = ordered[0];
    return true;
  }
  auto merged = std::make_shared<AppendPlan>(rel->plan->to<AppendPlan>());
  for (const SortKey& key : order) {
    auto placed = place(key.value, rel->columns);
    if (!placed.ok()) return false;
    merged->order.push_back({*std::move(placed), key.descending, key.nulls_first});
  }
  merged->inputs.assign(ordered.begin(), ordered.end());
  rel->plan = std::move(merged);
  return true;
}

}  // namespace troupe
