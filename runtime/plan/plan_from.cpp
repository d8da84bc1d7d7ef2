/// FROM and WHERE: conditions go down to where they can be checked first, then the joins are ordered.
#include <algorithm>
#include <utility>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/refusal.hpp"

namespace troupe {
namespace {

void relations_of(const FromTree& tree, std::vector<uint32_t>* out) {
  if (tree.relation) {
    out->push_back(tree.relation->number);
    return;
  }
  relations_of(*tree.left, out);
  relations_of(*tree.right, out);
}

std::vector<uint32_t> relations_of(const FromTree& tree) {
  std::vector<uint32_t> relations;
  relations_of(tree, &relations);
  std::sort(relations.begin(), relations.end());
  return relations;
}

bool contains(const std::vector<uint32_t>& sorted, uint32_t relation) {
  return std::binary_search(sorted.begin(), sorted.end(), relation);
}

/// Whether the expression is null whenever all columns of `relations` are.
bool is_strict_in(const Expr& expr, const std::vector<uint32_t>& relations) {
  switch (expr.kind) {
    case ExprKind::kColumn: return contains(relations, expr.relation);
    case ExprKind::kCast: return is_strict_in(expr.arg(0), relations);
    case ExprKind::kCall:
      if (!expr.call.function->strict) return false;
      return std::any_of(expr.args.begin(), expr.args.end(),
                         [&](const ExprPtr& arg) { return is_strict_in(*arg, relations); });
    case ExprKind::kInList: return is_strict_in(expr.arg(0), relations);
    default: return false;
  }
}

/// Whether a row whose columns of `relations` are all null cannot satisfy the condition.
bool rejects_nulls(const Expr& condition, const std::vector<uint32_t>& relations) {
  switch (condition.kind) {
    case ExprKind::kAnd:
      return std::any_of(condition.args.begin(), condition.args.end(),
                         [&](const ExprPtr& arg) { return rejects_nulls(*arg, relations); });
    case ExprKind::kOr:
      return std::all_of(condition.args.begin(), condition.args.end(),
                         [&](const ExprPtr& arg) { return rejects_nulls(*arg, relations); });
    case ExprKind::kNot: return is_strict_in(condition.arg(0), relations);
    case ExprKind::kNullTest: return condition.negated && is_strict_in(condition.arg(0), relations);
    case ExprKind::kBooleanTest:
      return !condition.negated && condition.truth != Truth::kUnknown && is_strict_in(condition.arg(0), relations);
    // Null, or of an empty array false.
    case ExprKind::kArrayCompare: return !condition.all_of && is_strict_in(condition.arg(0), relations);
    default: return is_strict_in(condition, relations);
  }
}

bool mentions_any(const std::vector<uint32_t>& mentioned, const std::vector<uint32_t>& sorted) {
  return std::any_of(mentioned.begin(), mentioned.end(), [&](uint32_t relation) { return contains(sorted, relation); });
}

/// The relations of the queries around it that the expression's subqueries, tests of IN included, mention.
std::vector<uint32_t> subquery_relations(const Expr& expr) {
  std::vector<uint32_t> mentioned;
  replace_expr(std::make_shared<Expr>(expr), [&](const ExprPtr& part) -> ExprPtr {
    if (part->kind != ExprKind::kSubquery) return nullptr;
    collect_relations(*part, &mentioned);
    return part;
  });
  return mentioned;
}

/// Whether a subquery can only be answered for a pair of rows.
bool needs_both_sides(const Expr& condition, const std::vector<uint32_t>& left, const std::vector<uint32_t>& right) {
  const std::vector<uint32_t> mentioned = subquery_relations(condition);
  return mentions_any(mentioned, left) && mentions_any(mentioned, right);
}

/// What the relations of a join tree mention: LATERAL queries reach outside.
std::vector<uint32_t> relations_reached(const FromTree& tree) {
  if (tree.relation && tree.relation->kind == BoundRelation::Kind::kTable) return {};
  BoundQuery alone;
  alone.from = {std::make_shared<FromTree>(tree)};
  std::vector<uint32_t> defined, mentioned;
  collect_relations(alone, &defined, &mentioned);
  std::sort(defined.begin(), defined.end());
  std::erase_if(mentioned, [&](uint32_t relation) { return contains(defined, relation); });
  return mentioned;
}

/// Whether one of the equalities could be asked of a key or an index of the table.
bool may_look_up(const FromTree& tree, const ExprList& on, const Catalog& catalog) {
  if (!tree.relation || tree.relation->kind != BoundRelation::Kind::kTable) return false;
  const TableDef& table = *tree.relation->table;
  if (table.is_partitioned()) return false;
  const auto leads = [&](uint32_t column) {
    if (!table.primary_key.empty() && table.shape->key[0] == column) return true;
    return std::any_of(table.indexes.begin(), table.indexes.end(), [&](Oid oid) {
      const IndexDef* index = catalog.find_index(oid);
      return index != nullptr && !index->building && index->predicate_sql.empty() && !index->shape->columns.empty() &&
             index->shape->columns[0] == column;
    });
  };
  return std::any_of(on.begin(), on.end(), [&](const ExprPtr& part) {
    const auto comparison = match_comparison(*part, tree.relation->number);
    return comparison && comparison->comparison == Comparison::kEqual && leads(comparison->column);
  });
}

}  // namespace

void QueryPlanner::flatten(const FromPtr& tree, std::vector<FromPtr>* items, Conditions* conditions) {
  if (tree->relation || tree->join != JoinKind::kInner) {
    items->push_back(tree);
    return;
  }
  flatten(tree->left, items, conditions);
  flatten(tree->right, items, conditions);
  if (tree->condition) split_and(fold(tree->condition), conditions);
}

void QueryPlanner::simplify_outer_joins(FromTree* tree, const Conditions& above) {
  if (tree->relation) return;
  const auto rejected = [&](const FromTree& side) {
    const std::vector<uint32_t> relations = relations_of(side);
    return std::any_of(above.begin(), above.end(),
                       [&](const ExprPtr& condition) { return rejects_nulls(*condition, relations); });
  };
  const bool left_rejected = tree->join != JoinKind::kInner && rejected(*tree->left);
  const bool right_rejected = tree->join != JoinKind::kInner && rejected(*tree->right);
  if (tree->join == JoinKind::kFull) {
    if (left_rejected && right_rejected)
      tree->join = JoinKind::kInner;
    else if (left_rejected)
      tree->join = JoinKind::kLeft;
    else if (right_rejected)
      tree->join = JoinKind::kRight;
  } else if ((tree->join == JoinKind::kLeft && right_rejected) || (tree->join == JoinKind::kRight && left_rejected)) {
    tree->join = JoinKind::kInner;
  }
  // An inner join's condition rejects rows as a WHERE does.
  Conditions below = above;
  if (tree->join == JoinKind::kInner) split_and(tree->condition, &below);
  simplify_outer_joins(tree->left.get(), below);
  simplify_outer_joins(tree->right.get(), below);
}

absl::StatusOr<Rel> QueryPlanner::plan_from(const std::vector<FromPtr>& trees, Conditions conditions) {
  const std::optional<WantedOrder> order = std::exchange(wanted_order_, std::nullopt);
  free_outer_parts(&conditions);
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&conditions));
  const bool one_table = trees.size() == 1 && trees[0]->relation &&
                         trees[0]->relation->kind == BoundRelation::Kind::kTable &&
                         std::none_of(conditions.begin(), conditions.end(),
                                      [](const ExprPtr& condition) { return has_subquery(*condition); });
  if (one_table) return plan_relation(trees[0]->relation, std::move(conditions));
  std::vector<FromPtr> items;
  for (const FromPtr& tree : trees) {
    simplify_outer_joins(tree.get(), conditions);
    flatten(tree, &items, &conditions);
  }
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&conditions));
  std::vector<uint32_t> own;
  for (const FromPtr& item : items) relations_of(*item, &own);
  std::sort(own.begin(), own.end());
  if (items.size() > 1) {
    derive_constants(&conditions, binder_eval());
    derive_restrictions(own, &conditions);
  }

  // Each condition goes to the one item it speaks of; the others join items, or wait for subqueries.
  std::vector<std::vector<uint32_t>> item_relations;
  for (const FromPtr& item : items) item_relations.push_back(relations_of(*item));
  std::vector<Conditions> local(items.size()), local_subqueries(items.size());
  Conditions joining, subqueries;
  for (ExprPtr& condition : conditions) {
    std::vector<uint32_t> mentioned;
    collect_relations(*condition, &mentioned);
    std::erase_if(mentioned, [&](uint32_t relation) { return !contains(own, relation); });
    const bool subquery = has_subquery(*condition);
    bool placed = false;
    for (size_t i = 0; i < items.size() && !placed; ++i) {
      placed = std::all_of(mentioned.begin(), mentioned.end(),
                           [&](uint32_t relation) { return contains(item_relations[i], relation); });
      if (placed) (subquery ? local_subqueries : local)[i].push_back(condition);
    }
    if (!placed) (subquery ? subqueries : joining).push_back(std::move(condition));
  }

  std::vector<JoinItem> planned;
  std::vector<size_t> lateral;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::vector<uint32_t> lateral_relations = relations_reached(*items[i]);
    const bool depends = std::any_of(lateral_relations.begin(), lateral_relations.end(),
                                     [&](uint32_t r) { return contains(own, r) && !contains(item_relations[i], r); });
    if (depends) {
      lateral.push_back(i);
      continue;
    }
    JoinItem item;
    item.tree = items[i];
    if (items[i]->relation && !items[i]->relation->security.empty()) {
      TROUPE_ASSIGN_OR_RETURN(item, plan_secured(items[i]->relation, local[i]));
    } else if (items[i]->relation) {
      TROUPE_ASSIGN_OR_RETURN(item.rel, plan_relation(items[i]->relation, local[i]));
      item.local = local[i];
    } else {
      TROUPE_ASSIGN_OR_RETURN(item.rel,
                              plan_outer_join(*items[i], &local[i], items.size() == 1 ? order : std::nullopt));
      TROUPE_RETURN_IF_ERROR(filter(local[i], &item.rel));
    }
    for (const ExprPtr& condition : local_subqueries[i]) {
      TROUPE_ASSIGN_OR_RETURN(const bool joined, plan_semi_join(condition, &item));
      if (!joined) {
        TROUPE_ASSIGN_OR_RETURN(ExprPtr plain, take_subqueries(condition, &item.rel));
        TROUPE_RETURN_IF_ERROR(filter({std::move(plain)}, &item.rel));
      }
      item.tree = nullptr;  // no longer the bare table that an index could look up
    }
    planned.push_back(std::move(item));
  }

  // Conditions that need a LATERAL item wait for it.
  const auto needs_lateral = [&](const ExprPtr& condition) {
    std::vector<uint32_t> mentioned;
    collect_relations(*condition, &mentioned);
    return std::any_of(lateral.begin(), lateral.end(), [&](size_t i) {
      return std::any_of(mentioned.begin(), mentioned.end(),
                         [&](uint32_t r) { return contains(item_relations[i], r); });
    });
  };
  Conditions now, later;
  for (ExprPtr& condition : joining) (needs_lateral(condition) ? later : now).push_back(std::move(condition));
  TROUPE_ASSIGN_OR_RETURN(Rel rel, order_joins(std::move(planned), std::move(now), order));
  for (const size_t i : lateral) {
    Conditions on = local[i];
    on.insert(on.end(), local_subqueries[i].begin(), local_subqueries[i].end());
    TROUPE_ASSIGN_OR_RETURN(rel, lateral_join(std::move(rel), items[i], JoinKind::kInner, std::move(on)));
  }
  TROUPE_RETURN_IF_ERROR(filter(later, &rel));
  JoinItem all;
  all.rel = std::move(rel);
  for (const ExprPtr& condition : subqueries) {
    TROUPE_ASSIGN_OR_RETURN(const bool joined, plan_semi_join(condition, &all));
    if (joined) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr plain, take_subqueries(condition, &all.rel));
    TROUPE_RETURN_IF_ERROR(filter({std::move(plain)}, &all.rel));
  }
  return all.rel;
}

absl::StatusOr<Rel> QueryPlanner::lateral_join(Rel left, const FromPtr& right, JoinKind kind, Conditions conditions) {
  return apply(std::move(left), [&]() { return plan_from({right}, std::move(conditions)); }, kind, {});
}

absl::StatusOr<Rel> QueryPlanner::plan_outer_join(const FromTree& tree, Conditions* above,
                                                  std::optional<WantedOrder> order) {
  const bool swapped = tree.join == JoinKind::kRight;
  const FromPtr& left_tree = swapped ? tree.right : tree.left;
  const FromPtr& right_tree = swapped ? tree.left : tree.right;
  const JoinKind kind = tree.join == JoinKind::kFull ? JoinKind::kFull : JoinKind::kLeft;
  const std::vector<uint32_t> left_relations = relations_of(*left_tree), right_relations = relations_of(*right_tree);
  const auto only_in = [](const Expr& condition, const std::vector<uint32_t>& side,
                          const std::vector<uint32_t>& other) {
    std::vector<uint32_t> mentioned;
    collect_relations(condition, &mentioned);
    return std::none_of(mentioned.begin(), mentioned.end(), [&](uint32_t r) { return contains(other, r); }) &&
           std::any_of(mentioned.begin(), mentioned.end(), [&](uint32_t r) { return contains(side, r); });
  };
  Conditions left_conditions, right_conditions, on, on_parts;
  if (kind == JoinKind::kLeft) {
    // What WHERE asks of the preserved side can be asked before the join.
    std::erase_if(*above, [&](const ExprPtr& condition) {
      if (!only_in(*condition, left_relations, right_relations)) return false;
      left_conditions.push_back(condition);
      return true;
    });
  }
  if (tree.condition) split_and(fold(tree.condition), &on_parts);
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&on_parts));
  for (ExprPtr& part : on_parts) {
    const bool down = kind == JoinKind::kLeft && only_in(*part, right_relations, left_relations);
    (down ? right_conditions : on).push_back(std::move(part));
  }
  // An order lasts through look-ups in the right table only.
  if (order && (kind != JoinKind::kLeft || !contains(left_relations, order->keys[0].value->relation) ||
                !may_look_up(*right_tree, on, *context_.catalog))) {
    order = std::nullopt;
  }
  JoinItem left_item{left_tree, left_conditions, {}};
  wanted_order_ = order;
  TROUPE_ASSIGN_OR_RETURN(left_item.rel, plan_from({left_tree}, std::move(left_conditions)));
  wanted_order_ = std::nullopt;
  Rel& left = left_item.rel;
  const bool for_each_row = mentions_any(relations_reached(*right_tree), left_relations) ||
                            std::any_of(on.begin(), on.end(), [&](const ExprPtr& part) {
                              return needs_both_sides(*part, left_relations, right_relations);
                            });
  if (for_each_row) {
    if (kind == JoinKind::kFull) return not_supported_yet("FULL JOIN on a subquery that depends on both sides");
    on.insert(on.end(), right_conditions.begin(), right_conditions.end());
    return lateral_join(std::move(left), right_tree, kind, std::move(on));
  }
  TROUPE_ASSIGN_OR_RETURN(Rel right, plan_from({right_tree}, right_conditions));
  for (ExprPtr& part : on) {
    if (!has_subquery(*part)) continue;
    const bool of_right = mentions_any(subquery_relations(*part), right_relations);
    TROUPE_ASSIGN_OR_RETURN(part, take_subqueries(part, of_right ? &right : &left));
  }
  if (kind == JoinKind::kLeft && right_tree->relation && right_tree->relation->kind == BoundRelation::Kind::kTable) {
    JoinItem inner{right_tree, right_conditions, right};
    const ExprList& policies = right_tree->relation->security;
    inner.local.insert(inner.local.end(), policies.begin(), policies.end());
    TROUPE_ASSIGN_OR_RETURN(auto looked_up, left_index_join(left_item, inner, on, order));
    if (looked_up) return *std::move(looked_up);
  }
  return join(std::move(left), std::move(right), kind, std::move(on));
}

absl::StatusOr<std::optional<Rel>> QueryPlanner::left_index_join(const JoinItem& left, const JoinItem& right,
                                                                 const Conditions& on,
                                                                 const std::optional<WantedOrder>& order) {
  const double hashed = left.rel.cost() + right.rel.cost() + (left.rel.rows() + 2 * right.rel.rows()) * 0.01;
  TROUPE_ASSIGN_OR_RETURN(auto looked_up, index_join(left.rel, right, JoinKind::kLeft, on));
  if (!looked_up || looked_up->in_order) return looked_up;
  const bool cheaper = looked_up->cost() < hashed;
  if (std::optional<Rel> scan = order ? ordered_scan(left, *order) : std::nullopt) {
    TROUPE_ASSIGN_OR_RETURN(auto ordered, index_join(*scan, right, JoinKind::kLeft, on));
    const double part = std::min(1.0, order->rows / std::max(1.0, looked_up->rows()));
    const double sorted = looked_up->sorted_cost() + std::min(0.0, hashed - looked_up->cost());
    if (ordered && ordered->cost_of_part(part) < sorted) return ordered;
  }
  return cheaper ? looked_up : std::nullopt;
}

absl::StatusOr<Rel> QueryPlanner::plan_relation(const std::shared_ptr<BoundRelation>& relation, Conditions conditions) {
  absl::StatusOr<Rel> rel;
  switch (relation->kind) {
    case BoundRelation::Kind::kTable: {
      if (relation->security.empty()) return plan_table(*relation, std::move(conditions));
      TROUPE_ASSIGN_OR_RETURN(JoinItem secured, plan_secured(relation, std::move(conditions)));
      return std::move(secured.rel);
    }
    case BoundRelation::Kind::kSubquery:
      push_into_subquery(*relation, &conditions);
      rel = plan_query(relation->query, relation->number);
      break;
    case BoundRelation::Kind::kFunction: rel = plan_function(*relation); break;
    case BoundRelation::Kind::kValues: rel = plan_values(*relation); break;
    case BoundRelation::Kind::kCte:
    case BoundRelation::Kind::kWorkTable: rel = plan_cte(*relation); break;
    case BoundRelation::Kind::kSystem: rel = plan_system(*relation, &conditions); break;
  }
  if (!rel.ok()) return rel;
  TROUPE_RETURN_IF_ERROR(filter(conditions, &*rel));
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_table(const BoundRelation& relation, Conditions conditions) {
  uses_tables = true;
  Conditions above;
  for (ExprPtr& condition : conditions) {
    TROUPE_ASSIGN_OR_RETURN(condition, run_session_parts_first(condition));
  }
  std::erase_if(conditions, [&](const ExprPtr& condition) {
    if (runs_in_partition(*condition)) return false;
    need(condition);
    above.push_back(condition);
    return true;
  });
  TROUPE_ASSIGN_OR_RETURN(Rel rel, relation.table->is_partitioned() ? plan_partitioned_scan(relation, conditions)
                                                                    : plan_scan(relation, conditions));
  TROUPE_RETURN_IF_ERROR(filter(above, &rel));
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_scan(const BoundRelation& relation, const Conditions& conditions) {
  if (tables_.size() <= relation.number) tables_.resize(relation.number + 1);
  tables_[relation.number] = relation.table.get();
  TableAccess path = choose_access(relation, conditions, nullptr);
  auto scan = std::make_shared<TableScanPlan>();
  scan->table = relation.table;
  if (relation.alias != relation.table->name) scan->alias = relation.alias;
  scan->one_partition = path.one_partition;
  std::vector<uint32_t> wanted = needed(relation.number);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (!wanted.empty() && wanted.back() == kRowKeyColumn) {
    scan->with_row_key = true;
    wanted.pop_back();
  }
  Conditions rest;
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (!path.used[i]) rest.push_back(conditions[i]);
  }
  TROUPE_RETURN_IF_ERROR(place_access({}, &path.access));
  const bool nothing = path.access.kind == AccessKind::kNothing;
  scan->access = std::move(path.access);
  TROUPE_ASSIGN_OR_RETURN(std::vector<ColumnId> output, fill_scan(relation, wanted, std::move(rest), scan.get()));
  scan->cost = {0, path.cost, std::max(path.rows, nothing ? 0.0 : 1.0), scan->cost.width};
  return Rel{std::move(scan), std::move(output)};
}

absl::Status QueryPlanner::place_access(const std::vector<ColumnId>& columns, Access* access) {
  for (ExprList& key : access->keys) {
    TROUPE_ASSIGN_OR_RETURN(key, place_all(key, columns));
  }
  TROUPE_ASSIGN_OR_RETURN(access->prefix, place_all(access->prefix, columns));
  TROUPE_ASSIGN_OR_RETURN(access->key_array, place(access->key_array, columns));
  for (auto* bound : {&access->lower, &access->upper}) {
    if (!*bound) continue;
    TROUPE_ASSIGN_OR_RETURN((*bound)->value, place((*bound)->value, columns));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ColumnId>> QueryPlanner::fill_scan(const BoundRelation& relation,
                                                              const std::vector<uint32_t>& wanted, Conditions filter,
                                                              TableScanPlan* scan) {
  scan->columns = wanted;
  for (const ExprPtr& condition : filter) {
    visit_expr(*condition, [&](const Expr& part) {
      if (part.is_column() && part.relation == relation.number) scan->columns.push_back(part.index);
    });
  }
  if (!filter.empty()) {
    std::sort(scan->columns.begin(), scan->columns.end());
    scan->columns.erase(std::unique(scan->columns.begin(), scan->columns.end()), scan->columns.end());
    std::vector<ColumnId> read;
    for (const uint32_t column : scan->columns) read.push_back({relation.number, column});
    TROUPE_ASSIGN_OR_RETURN(scan->filter, place(make_and(std::move(filter)), read));
  }
  const bool projects = wanted.size() != scan->columns.size();
  std::vector<ColumnId> output;
  for (const uint32_t column : wanted) {
    output.push_back({relation.number, column});
    scan->output.push_back(relation.type_of(column));
    scan->cost.width += estimate_.average_width(*relation.table, column);
    if (!projects) continue;
    const auto at = std::lower_bound(scan->columns.begin(), scan->columns.end(), column) - scan->columns.begin();
    scan->projection.push_back(make_column(relation.type_of(column), static_cast<uint32_t>(at)));
  }
  // No column at all is still a row, and an empty projection would mean all columns.
  if (projects && wanted.empty()) {
    scan->projection.push_back(make_bool(true));
    scan->output.push_back(Type{oid::kBool});
    output.push_back({relation.number, kFillerColumn});
  }
  if (scan->with_row_key) {
    scan->output.push_back(Type{oid::kBytea});
    output.push_back({relation.number, kRowKeyColumn});
  }
  return output;
}

absl::StatusOr<Rel> QueryPlanner::plan_values(const BoundRelation& relation) {
  auto values = std::make_shared<ValuesPlan>();
  Rel rel;
  for (const ExprList& row : relation.values) {
    ExprList placed;
    placed.reserve(row.size());
    for (const ExprPtr& value : row) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr plain, take_subqueries(fold(value), &rel));
      TROUPE_ASSIGN_OR_RETURN(plain, place(plain, {}));
      placed.push_back(std::move(plain));
    }
    values->rows.push_back(std::move(placed));
  }
  if (rel.plan) return error(ErrorCode::kFeatureNotSupported, "a correlated subquery in VALUES is not supported yet");
  values->output = relation.types;
  values->cost.rows = static_cast<double>(relation.values.size());
  values->cost.total = values->cost.rows * 0.01;
  for (uint32_t i = 0; i < relation.types.size(); ++i) rel.columns.push_back({relation.number, i});
  rel.plan = std::move(values);
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_function(const BoundRelation& relation) {
  auto scan = std::make_shared<FunctionScanPlan>();
  scan->ordinality = relation.ordinality;
  scan->calls = relation.calls;
  scan->output = relation.types;
  Rel rel;
  double rows = 1;
  for (FunctionScanPlan::Call& call : scan->calls) {
    for (ExprPtr& arg : call.args) {
      TROUPE_ASSIGN_OR_RETURN(arg, take_subqueries(fold(arg), &rel));
      TROUPE_ASSIGN_OR_RETURN(arg, place(arg, {}));
    }
    rows = std::max(rows, estimate_rows(call));
  }
  if (rel.plan) {
    return error(ErrorCode::kFeatureNotSupported, "a correlated subquery in a function in FROM is not supported yet");
  }
  scan->cost = {0, rows * 0.01, rows, 8};
  for (uint32_t i = 0; i < relation.types.size(); ++i) rel.columns.push_back({relation.number, i});
  rel.plan = std::move(scan);
  return rel;
}

absl::StatusOr<Rel> QueryPlanner::plan_system(const BoundRelation& relation, Conditions* conditions) {
  auto scan = std::make_shared<SystemScanPlan>();
  scan->table = relation.system;
  scan->output = relation.types;
  Rel rel;
  double rows = relation.system->rows;
  for (uint32_t i = 0; i < relation.types.size(); ++i) rel.columns.push_back({relation.number, i});
  if (!conditions->empty()) {
    for (const ExprPtr& condition : *conditions) rows *= estimate_.selectivity(relation, *condition);
    TROUPE_ASSIGN_OR_RETURN(scan->filter, place(make_and(*conditions), rel.columns));
    conditions->clear();
  }
  scan->cost = {0, relation.system->rows * 0.01, std::max(1.0, rows), 32};
  rel.plan = std::move(scan);
  return rel;
}

}  // namespace troupe
