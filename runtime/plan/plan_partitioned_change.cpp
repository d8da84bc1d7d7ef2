/// INSERT, UPDATE and DELETE of a partitioned table: the rows of each partition are changed as that table's own.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {

/// What a statement does to the root, in terms of its partitions.
class PartitionPlanner {
 public:
  PartitionPlanner(QueryPlanner& planner, const BoundModify& modify)
      : planner_{planner}, modify_{modify}, root_{*modify.target} {}

  /// The same change of a leaf: with the leaf's own checks, indexes and generated columns.
  absl::StatusOr<BoundModify> of_leaf(const LeafRelation& leaf) {
    BoundModify out;
    out.kind = modify_.kind;
    out.target = leaf.relation;
    for (const ColumnAssignment& assignment : modify_.assignments) out.assignments.push_back(moved(assignment, leaf));
    for (const ColumnAssignment& assignment : modify_.generated) out.generated.push_back(moved(assignment, leaf));
    if (out.kind != PlanKind::kDelete) {
      TROUPE_RETURN_IF_ERROR(planner_.binder_.bind_table_checks(&out, /*routed=*/true));
    }
    // The root's own checks are the leaf's, too; not so a view's, and what the root may take that is a partition
    // itself.
    for (const CheckCondition& check : modify_.checks) {
      if (!check.of_view && !check.of_partition) continue;
      out.checks.push_back({check.name, in_leaf(check.condition, leaf), check.of_view, check.of_partition});
    }
    // What policies ask of new rows: fill_write() sees to an UPDATE's, an INSERT's are asked before rows come here.
    const ExprPtr policy = in_leaf(modify_.policy_check, leaf);
    if (out.kind == PlanKind::kUpdate) out.policy_check = policy;
    if (out.kind == PlanKind::kInsert && policy) out.checks.insert(out.checks.begin(), CheckCondition{{}, policy});
    for (const BoundTarget& target : modify_.returning)
      out.returning.push_back({in_leaf(target.value, leaf), target.name});
    if (modify_.conflict) TROUPE_RETURN_IF_ERROR(take_conflict(leaf, &out));
    return out;
  }

  absl::StatusOr<std::shared_ptr<const RoutingLevel>> routing(const TablePtr& table,
                                                              std::vector<LeafRelation>* leaves) {
    auto level = std::make_shared<RoutingLevel>();
    level->table = table;
    TROUPE_ASSIGN_OR_RETURN(ExprList keys,
                            planner_.binder_.bind_partition_key(table->partition_key, *table, modify_.target));
    std::vector<ColumnId> layout;
    for (uint32_t i = 0; i < root_.size(); ++i) layout.push_back({root_.number, i});
    for (ExprPtr& key : keys) {
      TROUPE_ASSIGN_OR_RETURN(key, planner_.place(planner_.fold(key), layout));
    }
    level->keys = std::move(keys);
    std::vector<PartitionBoundDef> bounds;
    for (const Oid oid : table->partitions) {
      const auto child = std::static_pointer_cast<const TableDef>(planner_.context_.catalog->find_shared(oid));
      TROUPE_CHECK_MSG(child != nullptr, "a partitioned table without its partition");
      planner_.binder_.dependencies.push_back({child->oid, child->version});
      bounds.push_back(child->bound);
      RoutingLevel::Child& below = level->children.emplace_back();
      if (child->is_partitioned()) {
        TROUPE_ASSIGN_OR_RETURN(below.below, routing(child, leaves));
      } else {
        below.leaf = static_cast<uint32_t>(leaves->size());
        leaves->push_back(planner_.leaf_relation(root_, child));
      }
    }
    level->router = std::make_shared<const PartitionRouter>(table->partition_key, std::move(bounds));
    return std::shared_ptr<const RoutingLevel>(std::move(level));
  }

  absl::StatusOr<PartitionedInsert::Leaf> insert_leaf(const LeafRelation& leaf) {
    TROUPE_ASSIGN_OR_RETURN(BoundModify own, of_leaf(leaf));
    PartitionedInsert::Leaf out;
    std::vector<ColumnId> layout;
    for (uint32_t i = 0; i < own.target->size(); ++i) layout.push_back({own.target->number, i});
    TROUPE_RETURN_IF_ERROR(planner_.fill_write(own, layout, &out.write));
    for (const BoundTarget& target : own.returning) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, planner_.run_subqueries_first(target.value));
      TROUPE_ASSIGN_OR_RETURN(value, planner_.place(planner_.fold(value), layout));
      out.write.returning.push_back(std::move(value));
    }
    out.conflict = std::move(own.conflict);
    out.columns.assign(own.target->size(), kNoColumn);
    for (uint32_t i = 0; i < leaf.columns.size(); ++i) {
      if (leaf.columns[i] != kNoColumn) out.columns[leaf.columns[i]] = i;
    }
    return out;
  }

 private:
  ExprPtr in_leaf(const ExprPtr& expr, const LeafRelation& leaf) const {
    return QueryPlanner::in_leaf(expr, root_, leaf);
  }
  ColumnAssignment moved(const ColumnAssignment& assignment, const LeafRelation& leaf) const {
    return {leaf.columns[assignment.column], in_leaf(assignment.value, leaf)};
  }

  /// ON CONFLICT speaks of positions: the existing row's layout columns, then the excluded one's.
  absl::Status take_conflict(const LeafRelation& leaf, BoundModify* out) {
    const auto root_width = static_cast<uint32_t>(root_.size());
    const auto width = static_cast<uint32_t>(leaf.relation->size());
    const auto moved_positions = [&](const ExprPtr& expr) -> absl::StatusOr<ExprPtr> {
      TROUPE_ASSIGN_OR_RETURN(const ExprPtr plain, planner_.run_subqueries_first(expr));
      return replace_expr(plain, [&](const ExprPtr& part) -> ExprPtr {
        if (!part->is_column() || part->relation != 0) return nullptr;
        const bool excluded = part->index >= root_width;
        const uint32_t column = leaf.columns[excluded ? part->index - root_width : part->index];
        return make_column(part->type, excluded ? width + column : column);
      });
    };
    ConflictAction action = *modify_.conflict;
    action.arbiters.clear();
    for (const IndexPtr& wanted : modify_.conflict->arbiters) {
      for (const Oid oid : leaf.relation->table->indexes) {
        const auto index = std::static_pointer_cast<const IndexDef>(planner_.context_.catalog->find_shared(oid));
        if (is_part_of(*index, wanted->oid)) action.arbiters.push_back(index);
      }
    }
    action.changes_key = false;
    for (ColumnAssignment& assignment : action.assignments) {
      assignment.column = leaf.columns[assignment.column];
      TROUPE_ASSIGN_OR_RETURN(assignment.value, moved_positions(assignment.value));
      const auto& key = leaf.relation->table->shape->key;
      action.changes_key = action.changes_key || std::find(key.begin(), key.end(), assignment.column) != key.end();
    }
    TROUPE_ASSIGN_OR_RETURN(action.where, moved_positions(action.where));
    if (action.update) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr stays, planner_.binder_.bind_partition_condition(leaf.relation));
      out->checks.push_back({leaf.relation->table->name, std::move(stays), false, true});
    }
    out->conflict = std::move(action);
    return absl::OkStatus();
  }

  bool is_part_of(const IndexDef& index, Oid wanted) const {
    for (const IndexDef* at = &index; at != nullptr; at = planner_.context_.catalog->find_index(at->parent)) {
      if (at->oid == wanted) return true;
    }
    return false;
  }

  QueryPlanner& planner_;
  const BoundModify& modify_;
  const BoundRelation& root_;
};

absl::StatusOr<std::shared_ptr<const PartitionedInsert>> QueryPlanner::plan_routing(const BoundModify& modify) {
  auto partitions = std::make_shared<PartitionedInsert>();
  PartitionPlanner planner(*this, modify);
  std::vector<LeafRelation> leaves;
  TROUPE_ASSIGN_OR_RETURN(partitions->routing, planner.routing(modify.target->table, &leaves));
  for (const LeafRelation& leaf : leaves) {
    TROUPE_ASSIGN_OR_RETURN(PartitionedInsert::Leaf one, planner.insert_leaf(leaf));
    partitions->leaves.push_back(std::move(one));
  }
  return std::shared_ptr<const PartitionedInsert>(std::move(partitions));
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::insert_into_partitions(const BoundModify& modify, Rel rel) {
  auto node = std::make_shared<InsertPlan>();
  node->write.table = modify.target->table;
  BoundModify routed = modify;
  routed.policy_check = nullptr;  // it has been asked
  TROUPE_ASSIGN_OR_RETURN(node->partitions, plan_routing(routed));
  node->conflict = modify.conflict;
  for (const BoundTarget& target : modify.returning) node->output.push_back(target.value->type);
  node->cost = rel.plan->cost;
  node->cost.total += rel.rows() * 0.05;
  node->inputs = {rel.plan};
  return node;
}

// --- UPDATE and DELETE ---

namespace {

/// The tables that a partitioned table's rows are sent by, it included.
bool assigns_partition_key(const TableDef& table, const BoundModify& modify, const Catalog& catalog, Binder& binder) {
  const auto keys = binder.bind_partition_key(table.partition_key, table, modify.target);
  if (!keys.ok()) return true;
  for (const ExprPtr& key : *keys) {
    bool assigned = false;
    visit_expr(*key, [&](const Expr& part) {
      assigned = assigned || (part.is_column() &&
                              (assigns(modify.assignments, part.index) || assigns(modify.generated, part.index)));
    });
    if (assigned) return true;
  }
  return std::any_of(table.partitions.begin(), table.partitions.end(), [&](Oid oid) {
    const TableDef* child = catalog.find_table(oid);
    return child != nullptr && child->is_partitioned() && assigns_partition_key(*child, modify, catalog, binder);
  });
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PartitionedInsert>> QueryPlanner::plan_moves(const BoundModify& modify) {
  if (modify.kind != PlanKind::kUpdate) return nullptr;
  if (!assigns_partition_key(*modify.target->table, modify, *context_.catalog, binder_)) return nullptr;
  BoundModify insert;
  insert.kind = PlanKind::kInsert;
  insert.target = modify.target;
  insert.checks = modify.checks;
  insert.policy_check = modify.policy_check;
  return plan_routing(insert);
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::change_leaf(const BoundModify& modify, const LeafRelation& leaf,
                                                                    Rel rel, const Conditions& conditions,
                                                                    const ExprList& values, const ExprList& returning) {
  const BoundRelation& root = *modify.target;
  TROUPE_ASSIGN_OR_RETURN(BoundModify own, PartitionPlanner(*this, modify).of_leaf(leaf));
  for (ColumnId& id : rel.columns) {
    if (id.relation != root.number || id.index == kTableOidColumn) continue;
    id = {leaf.relation->number, is_pseudo_column(id.index) ? id.index : leaf.columns[id.index]};
  }
  Conditions own_conditions;
  ExprList own_values, own_returning;
  for (const ExprPtr& condition : conditions) own_conditions.push_back(fold(in_leaf(condition, root, leaf)));
  for (const ExprPtr& value : values) own_values.push_back(in_leaf(value, root, leaf));
  for (const ExprPtr& value : returning) own_returning.push_back(in_leaf(value, root, leaf));
  TROUPE_ASSIGN_OR_RETURN(
      auto node, change_rows(own, std::move(rel), own_conditions, std::move(own_values), std::move(own_returning)));
  const auto moves = moves_.find(root.number);
  if (node->kind != PlanKind::kUpdate || moves == moves_.end() || moves->second == nullptr) return node;
  auto& update = static_cast<UpdatePlan&>(*node);
  update.partitions = moves->second;
  update.changes_key = true;
  update.to_root = leaf.columns;
  for (uint32_t i = 0; i < update.partitions->leaves.size(); ++i) {
    if (update.partitions->leaves[i].write.table->oid == leaf.relation->table->oid) update.leaf = i;
  }
  // Whatever is in its indexes has to go.
  BoundModify removes = own;
  removes.kind = PlanKind::kDelete;
  std::vector<ColumnId> layout;
  for (uint32_t i = 0; i < own.target->size(); ++i) layout.push_back({own.target->number, i});
  TableWrite all;
  TROUPE_RETURN_IF_ERROR(fill_write(removes, layout, &all));
  update.write.indexes = std::move(all.indexes);
  update.write.terms = std::move(all.terms);
  return node;
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::change_partitions(const BoundModify& modify, Rel rel,
                                                                          const Conditions& conditions, ExprList values,
                                                                          ExprList returning) {
  const uint32_t target = modify.target->number;
  const auto found = std::find_if(leaf_scans_.begin(), leaf_scans_.end(),
                                  [&](const LeafScans& scans) { return scans.root == target; });
  TROUPE_CHECK_MSG(found != leaf_scans_.end(), "a changed table is not read");
  const std::vector<LeafRelation> leaves = found->leaves;
  TROUPE_ASSIGN_OR_RETURN(moves_[target], plan_moves(modify));
  if (leaves.size() == 1 && rel.plan == found->plan) {
    return change_leaf(modify, leaves[0], std::move(rel), conditions, values, returning);
  }
  // What is of other relations, or the session's to compute, comes along with each row; the partitions share it.
  ExprList outputs{make_column(Type{oid::kBytea}, kRowKeyColumn, target)};
  std::vector<ColumnId> ids{{target, kRowKeyColumn}};
  const auto add = [&](const ExprPtr& value, ColumnId id) {
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) return;
    ids.push_back(id);
    outputs.push_back(value);
  };
  const auto collect = [&](const ExprPtr& expr) {
    return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      const ColumnId id{part->relation, part->index};
      if (part->is_column()) {
        if (part->relation != target && rel.has(id)) add(part, id);
        return nullptr;
      }
      bool of_target = false;
      visit_expr(*part, [&](const Expr& e) { of_target = of_target || (e.is_column() && e.relation == target); });
      const bool own = part->kind == ExprKind::kSequence || part->kind == ExprKind::kCall;
      if (!own || of_target || runs_in_partition(*part)) return nullptr;
      const ColumnId computed{binder_.relations++, 0};
      add(part, computed);
      return make_column(part->type, 0, computed.relation);
    });
  };
  for (ExprPtr& value : values) value = collect(value);
  for (ExprPtr& value : returning) value = collect(value);
  for (const ExprPtr& condition : conditions) collect(condition);
  add(make_column(Type{oid::kOid}, kTableOidColumn, target), {target, kTableOidColumn});
  TROUPE_RETURN_IF_ERROR(project(outputs, ids, &rel));

  auto node = std::make_shared<PartitionedChangePlan>();
  node->table = modify.target->table;
  node->removes = modify.kind == PlanKind::kDelete;
  ids.pop_back();
  for (const LeafRelation& leaf : leaves) {
    auto scan = std::make_shared<WorkTableScanPlan>();
    scan->work_table = binder_.work_tables++;
    scan->cost = rel.plan->cost;
    scan->output.assign(rel.plan->output.begin(), rel.plan->output.end() - 1);
    PartitionedChangePlan::Leaf change{leaf.relation->table, nullptr, scan->work_table};
    TROUPE_ASSIGN_OR_RETURN(change.change,
                            change_leaf(modify, leaf, Rel{std::move(scan), ids}, conditions, values, returning));
    if (const auto* update = change.change->as<UpdatePlan>()) node->once = node->once || update->changes_key;
    node->leaves.push_back(std::move(change));
  }
  node->output = types_of(returning);
  node->cost = rel.plan->cost;
  node->cost.total += rel.rows() * 0.05;
  node->inputs = {rel.plan};
  return node;
}

}  // namespace troupe
