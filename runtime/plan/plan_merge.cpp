/// MERGE: a join says which rows of the source match which of the target; each WHEN clause that changes rows is an
/// INSERT, UPDATE or DELETE of its own, of the rows that the clause is for.
#include <algorithm>

#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

/// Every expression over the join, to be changed in place.
std::vector<ExprPtr*> parts_of(BoundMerge* merge) {
  std::vector<ExprPtr*> parts{&merge->on};
  for (BoundMerge::Clause& clause : merge->clauses) {
    if (clause.condition) parts.push_back(&clause.condition);
    for (ExprPtr& value : clause.row) parts.push_back(&value);
    if (!clause.change) continue;
    for (ColumnAssignment& assignment : clause.change->assignments) parts.push_back(&assignment.value);
  }
  return parts;
}

/// An update that no foreign key notices.
bool keeps_keys(const PlanNode& change) {
  if (const auto* update = change.as<UpdatePlan>()) return !update->changes_key && !update->write.changes_referenced;
  const auto* partitions = change.as<PartitionedChangePlan>();
  return partitions != nullptr && !partitions->removes &&
         std::all_of(partitions->leaves.begin(), partitions->leaves.end(),
                     [](const PartitionedChangePlan::Leaf& leaf) { return keeps_keys(*leaf.change); });
}

}  // namespace

/// What is pulled up in the join is replaced everywhere, and every column that is mentioned is read.
void QueryPlanner::prepare_merge(BoundMerge* merge) {
  BoundQuery& query = *merge->source;
  const std::vector<ExprPtr*> parts = parts_of(merge);
  for (const ExprPtr* part : parts) query.targets.push_back({*part, {}});
  prepare(&query);
  for (size_t i = 0; i < parts.size(); ++i) *parts[i] = query.targets[i].value;
  query.targets.clear();
  need_query(query);
  for (const ExprPtr* part : parts) need(*part);
  needed(merge->target->number).push_back(kRowKeyColumn);
  if (merge->target->table->is_partitioned()) needed(merge->target->number).push_back(kTableOidColumn);
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::plan_merge(BoundMerge merge) {
  changes_rows = true;
  uses_tables = true;
  const uint32_t target = merge.target->number;
  prepare_merge(&merge);
  Conditions where;  // what came out of subqueries that dissolved
  if (merge.source->where) split_and(fold(merge.source->where), &where);
  TROUPE_ASSIGN_OR_RETURN(Rel rel, plan_from(merge.source->from, std::move(where)));
  const bool rechecks = !has_subquery(*merge.on);
  for (ExprPtr* part : parts_of(&merge)) {
    if (part == &merge.on) continue;
    TROUPE_ASSIGN_OR_RETURN(*part, take_subqueries(fold(*part), &rel));
  }
  // The key, what is not of the target (and which of its tables), what is.
  std::vector<ColumnId> ids{{target, kRowKeyColumn}};
  ExprList values{make_column(Type{oid::kBytea}, kRowKeyColumn, target)};
  const bool partitioned = merge.target->table->is_partitioned();
  if (partitioned) {
    ids.push_back({target, kTableOidColumn});
    values.push_back(make_column(Type{oid::kOid}, kTableOidColumn, target));
  }
  for (const bool own : {false, true}) {
    for (size_t i = 0; i < rel.columns.size(); ++i) {
      const ColumnId id = rel.columns[i];
      if ((id.relation == target) != own || id.index == kRowKeyColumn || id.index == kFillerColumn) continue;
      if (own && partitioned && id.index == kTableOidColumn) continue;
      ids.push_back(id);
      values.push_back(make_column(rel.plan->output[i], id.index, id.relation));
    }
  }
  TROUPE_RETURN_IF_ERROR(project(values, ids, &rel));
  const auto others = std::count_if(ids.begin(), ids.end(), [&](const ColumnId& id) { return id.relation != target; });
  const size_t extras = static_cast<size_t>(others) + (partitioned ? 1 : 0);

  auto node = std::make_shared<MergePlan>();
  node->table = merge.target->table;
  node->extras = static_cast<uint32_t>(extras);
  for (const LeafScans& scans : leaf_scans_) {
    if (!partitioned || scans.root != target) continue;
    for (const LeafRelation& leaf : scans.leaves) node->leaves.push_back({leaf.relation->table, leaf.columns});
  }
  Rel feed;  // what a clause gets of each row
  feed.columns.assign(ids.begin(), ids.begin() + 1 + static_cast<ptrdiff_t>(extras));
  std::vector<ColumnId> row;  // what a newest version and the extras are
  for (uint32_t i = 0; i < merge.target->size(); ++i) row.push_back({target, i});
  row.insert(row.end(), feed.columns.begin() + 1, feed.columns.end());
  if (rechecks) {
    TROUPE_ASSIGN_OR_RETURN(node->on, place(fold(merge.on), row));
  }
  for (const BoundMerge::Clause& clause : merge.clauses) {
    MergeClause planned;
    planned.matched = clause.matched;
    planned.action = clause.action;
    if (clause.condition) {
      TROUPE_ASSIGN_OR_RETURN(planned.condition, place(clause.condition, ids));
    }
    if (clause.condition && clause.matched) {
      TROUPE_ASSIGN_OR_RETURN(planned.recheck, place(clause.condition, row));
    }
    if (clause.change) TROUPE_RETURN_IF_ERROR(plan_merge_change(clause, feed.columns, rel, &planned));
    node->clauses.push_back(std::move(planned));
  }
  node->cost = rel.plan->cost;
  node->cost.total += rel.rows() * 0.05;
  node->inputs = {rel.plan};
  return node;
}

absl::Status QueryPlanner::plan_merge_change(const BoundMerge::Clause& clause, const std::vector<ColumnId>& columns,
                                             const Rel& input, MergeClause* out) {
  auto scan = std::make_shared<WorkTableScanPlan>();
  out->work_table = scan->work_table = binder_.work_tables++;
  scan->cost = input.plan->cost;
  scan->output.assign(input.plan->output.begin(), input.plan->output.begin() + static_cast<ptrdiff_t>(columns.size()));
  Rel feed{std::move(scan), columns};
  if (clause.action != MergeAction::kInsert) {
    ExprList values;
    for (const ColumnAssignment& assignment : clause.change->assignments) values.push_back(assignment.value);
    const bool partitioned = clause.change->target->table->is_partitioned();
    TROUPE_ASSIGN_OR_RETURN(
        out->change, partitioned ? change_partitions(*clause.change, std::move(feed), {}, std::move(values), {})
                                 : change_rows(*clause.change, std::move(feed), {}, std::move(values), {}));
    out->keeps_keys = keeps_keys(*out->change);
    return absl::OkStatus();
  }
  BoundModify insert = *clause.change;
  const uint32_t given = binder_.relations++;
  std::vector<ColumnId> ids;
  for (uint32_t i = 0; i < clause.row.size(); ++i) ids.push_back({given, i});
  TROUPE_RETURN_IF_ERROR(project(clause.row, ids, &feed));
  if (!insert.generated.empty()) {
    ExprList values;
    for (uint32_t i = 0; i < clause.row.size(); ++i) values.push_back(make_column(clause.row[i]->type, i, given));
    for (const ColumnAssignment& generated : insert.generated) {
      values[generated.column] = replace_expr(fold(generated.value), [&](const ExprPtr& part) -> ExprPtr {
        return part->is_column() ? make_column(part->type, part->index, given) : nullptr;
      });
    }
    const uint32_t whole = binder_.relations++;
    for (ColumnId& id : ids) id.relation = whole;
    TROUPE_RETURN_IF_ERROR(project(values, ids, &feed));
    insert.generated.clear();
  }
  TROUPE_ASSIGN_OR_RETURN(out->change, insert_rows(insert, std::move(feed)));
  return absl::OkStatus();
}

}  // namespace troupe
