/// INSERT, UPDATE, DELETE.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/refusal.hpp"
#include "storage/catalog/partition_tree.hpp"

namespace troupe {
namespace {

bool mentions_relation(const Expr& expr, uint32_t relation) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) { found = found || (part.is_column() && part.relation == relation); });
  return found;
}

bool mentions_outside(const Expr& expr, const std::vector<ColumnId>& columns) {
  bool outside = false;
  visit_expr(expr, [&](const Expr& part) {
    if (part.subquery) outside = true;
    if (!part.is_column()) return;
    const ColumnId id{part.relation, part.index};
    outside = outside || std::find(columns.begin(), columns.end(), id) == columns.end();
  });
  return outside;
}

/// Whether the index's expressions or its predicate mention a column for which `of` is true.
template <typename Of>
bool mentions_any(const IndexTerms& terms, const Of& of) {
  bool found = false;
  const auto look = [&](const ExprPtr& expr) {
    if (!expr) return;
    visit_expr(*expr, [&](const Expr& part) { found = found || (part.is_column() && of(part.index)); });
  };
  for (const ExprPtr& value : terms.values) look(value);
  look(terms.predicate);
  return found;
}

/// Which columns foreign keys have to know of: the referring ones of new rows, the referred ones of rows that go or
/// change. And those of new rows that are compared with others afterwards.
class KeyWatch {
 public:
  KeyWatch(const BoundModify& modify, const Catalog& catalog, TableWrite* write)
      : modify_{modify}, catalog_{catalog}, table_{*modify.target->table}, write_{*write} {}

  void run() {
    if (modify_.kind != PlanKind::kDelete) {
      for (const ConstraintDef& key : table_.constraints) {
        if (key.kind != ConstraintKind::foreign_key && !key.compares_rows_afterwards()) continue;
        if (modify_.kind == PlanKind::kInsert || assigns_any(key.columns)) watch(key.columns);
      }
    }
    const bool conflict = modify_.conflict && modify_.conflict->update;
    if (modify_.kind == PlanKind::kInsert && !conflict) return;
    for (const TableDef* referred : table_and_above(table_, catalog_)) {
      for (const Oid referring : referred->referenced_by) {
        const TableDef* child = catalog_.find_table(referring);
        if (child != nullptr) watch_referred(*child, *referred);
      }
    }
  }

 private:
  void watch_referred(const TableDef& child, const TableDef& referred) {
    for (const ConstraintDef& key : child.constraints) {
      if (key.kind != ConstraintKind::foreign_key || key.foreign.table != referred.oid) continue;
      const std::vector<int16_t> columns = same_columns(key.foreign.columns, referred, table_);
      const bool changes = assigns_any(columns);
      if (modify_.kind != PlanKind::kDelete && !changes) continue;
      watch(columns);
      write_.changes_referenced = write_.changes_referenced || changes;
    }
  }
  bool assigns_any(const std::vector<int16_t>& attnums) const {
    return std::any_of(attnums.begin(), attnums.end(), [&](int16_t attnum) {
      const auto column = static_cast<uint32_t>(attnum - 1);
      return assigns(modify_.assignments, column) || assigns(modify_.generated, column) ||
             (modify_.conflict && assigns(modify_.conflict->assignments, column));
    });
  }
  void watch(const std::vector<int16_t>& attnums) {
    for (const int16_t attnum : attnums) {
      const auto column = static_cast<uint32_t>(attnum - 1);
      const auto at = std::lower_bound(write_.watched.begin(), write_.watched.end(), column);
      if (at == write_.watched.end() || *at != column) write_.watched.insert(at, column);
    }
  }

  const BoundModify& modify_;
  const Catalog& catalog_;
  const TableDef& table_;
  TableWrite& write_;
};

void watch_keys(const BoundModify& modify, const Catalog& catalog, TableWrite* write) {
  KeyWatch(modify, catalog, write).run();
}

}  // namespace

absl::StatusOr<IndexTerms> QueryPlanner::place_terms(IndexTerms terms, const std::vector<ColumnId>& columns) {
  for (ExprPtr& value : terms.values) {
    TROUPE_ASSIGN_OR_RETURN(value, place(fold(value), columns));
  }
  if (terms.predicate) {
    TROUPE_ASSIGN_OR_RETURN(terms.predicate, place(fold(terms.predicate), columns));
  }
  return terms;
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::plan_modify(const BoundModify& modify) {
  changes_rows = true;
  uses_tables = true;
  if (modify.kind == PlanKind::kInsert) return plan_insert(modify);
  return modify.current_row ? plan_change_of_current_row(modify) : plan_change(modify);
}

absl::Status QueryPlanner::fill_write(const BoundModify& modify, const std::vector<ColumnId>& columns,
                                      TableWrite* write) {
  const TableDef& table = *modify.target->table;
  write->table = modify.target->table;
  write->not_null = modify.not_null;
  std::vector<CheckCondition> checks = modify.checks;
  // Of an INSERT the rows are looked at where they come from.
  if (modify.policy_check && modify.kind == PlanKind::kUpdate) {
    checks.insert(checks.begin(), CheckCondition{{}, modify.policy_check});
  }
  for (const CheckCondition& check : checks) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, run_subqueries_first(check.condition));
    TROUPE_ASSIGN_OR_RETURN(condition, run_session_parts_first(condition, /*all=*/true));
    TROUPE_ASSIGN_OR_RETURN(condition, place(fold(condition), columns));
    write->checks.push_back({check.name, std::move(condition), check.of_view, check.of_partition});
  }
  for (const ColumnAssignment& assignment : modify.generated) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, place(fold(assignment.value), columns));
    write->generated.push_back({assignment.column, std::move(value)});
  }
  const auto assigned = [&](uint32_t column) {
    return assigns(modify.assignments, column) || assigns(modify.generated, column);
  };
  const bool key_changes = std::any_of(table.shape->key.begin(), table.shape->key.end(), assigned);
  for (const Oid oid : table.indexes) {
    const auto index = std::static_pointer_cast<const IndexDef>(context_.catalog->find_shared(oid));
    if (!index || index->keys_rows()) continue;
    IndexTerms terms;
    if (index->has_terms()) {
      TROUPE_ASSIGN_OR_RETURN(terms, binder_.bind_index(*index, modify.target));
    }
    const bool touched = modify.kind != PlanKind::kUpdate || key_changes ||
                         std::any_of(index->shape->columns.begin(), index->shape->columns.end(), assigned) ||
                         mentions_any(terms, assigned);
    if (!touched) continue;
    write->indexes.push_back(index);
    if (!index->has_terms()) continue;
    TROUPE_ASSIGN_OR_RETURN(terms, place_terms(std::move(terms), columns));
    write->terms.resize(write->indexes.size());
    write->terms.back() = std::move(terms);
  }
  if (!write->terms.empty()) write->terms.resize(write->indexes.size());
  watch_keys(modify, *context_.catalog, write);
  return absl::OkStatus();
}

/// Where rows are only met while they are written, a subquery can only run before. Errors: 0A000 for a correlated one.
absl::StatusOr<ExprPtr> QueryPlanner::run_subqueries_first(const ExprPtr& expr) {
  if (!expr || !has_subquery(*expr)) return expr;
  prepare_expr(expr);
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr plain, without_correlation(expr));
  need(plain);
  Rel no_rows;
  return take_subqueries(plain, &no_rows);
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::plan_insert(const BoundModify& modify) {
  prepare(modify.source.get());
  need_query(*modify.source);
  TROUPE_ASSIGN_OR_RETURN(Rel rel, plan_query(modify.source, binder_.relations++));
  return insert_rows(modify, std::move(rel));
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::insert_rows(const BoundModify& modify, Rel rel) {
  TROUPE_RETURN_IF_ERROR(check_inserted_rows(modify, &rel));
  if (modify.target->table->is_partitioned()) return insert_into_partitions(modify, std::move(rel));
  auto node = std::make_shared<InsertPlan>();
  std::vector<ColumnId> layout;
  for (uint32_t i = 0; i < modify.target->size(); ++i) layout.push_back({modify.target->number, i});
  TROUPE_RETURN_IF_ERROR(fill_write(modify, layout, &node->write));
  for (const BoundTarget& target : modify.returning) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, run_subqueries_first(target.value));
    TROUPE_ASSIGN_OR_RETURN(value, place(fold(value), layout));
    node->write.returning.push_back(std::move(value));
  }
  node->conflict = modify.conflict;
  if (node->conflict) {
    for (ColumnAssignment& assignment : node->conflict->assignments) {
      TROUPE_ASSIGN_OR_RETURN(assignment.value, run_subqueries_first(assignment.value));
    }
    TROUPE_ASSIGN_OR_RETURN(node->conflict->where, run_subqueries_first(node->conflict->where));
  }
  node->output = types_of(node->write.returning);
  node->cost = rel.plan->cost;
  node->cost.total += rel.rows() * 0.05;
  node->inputs = {rel.plan};
  return node;
}

void QueryPlanner::need_change(const BoundModify& modify) {
  BoundQuery& query = *modify.source;
  need_query(query);
  bool subqueries = false;
  const std::vector<uint32_t> of_target = needed(modify.target->number);
  const auto add = [&](const ExprPtr& expr) {
    need(expr);
    subqueries = subqueries || has_subquery(*expr);
  };
  for (const ColumnAssignment& assignment : modify.assignments) add(assignment.value);
  for (const BoundTarget& target : modify.returning) add(target.value);
  if (modify.policy_check && has_subquery(*modify.policy_check)) add(modify.policy_check);
  // The row itself is at hand where it is changed; only subqueries need its columns before.
  if (!subqueries) needed(modify.target->number) = of_target;
  needed(modify.target->number).push_back(kRowKeyColumn);
  if (modify.target->table->is_partitioned()) needed(modify.target->number).push_back(kTableOidColumn);
}

/// Assignments and RETURNING stand in for the query's targets, so that what is pulled up is replaced in them too.
void QueryPlanner::prepare_change(BoundModify* modify) {
  BoundQuery& query = *modify->source;
  for (ColumnAssignment& assignment : modify->assignments) query.targets.push_back({assignment.value, {}});
  for (const BoundTarget& target : modify->returning) query.targets.push_back(target);
  prepare(&query);
  prepare_expr(modify->policy_check);
  size_t at = 0;
  for (ColumnAssignment& assignment : modify->assignments) assignment.value = query.targets[at++].value;
  for (BoundTarget& target : modify->returning) target = query.targets[at++];
  query.targets.clear();
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::plan_change(BoundModify modify) {
  BoundQuery& query = *modify.source;
  prepare_change(&modify);
  need_change(modify);
  Conditions conditions;
  if (query.where) split_and(fold(query.where), &conditions);
  TROUPE_RETURN_IF_ERROR(run_uncorrelated_first(&conditions));
  TROUPE_ASSIGN_OR_RETURN(Rel rel, plan_from(query.from, conditions));

  ExprList assigned, returning;
  for (const ColumnAssignment& assignment : modify.assignments) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, take_subqueries(fold(assignment.value), &rel));
    assigned.push_back(std::move(value));
  }
  for (const BoundTarget& item : modify.returning) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, take_subqueries(fold(item.value), &rel));
    returning.push_back(std::move(value));
  }
  if (!modify.target->security.empty() || modify.policy_check) {
    if (modify.policy_check && has_subquery(*modify.policy_check)) {
      TROUPE_RETURN_IF_ERROR(check_updated_rows(modify, assigned, &rel));
    }
    for (const ExprPtr& policy : modify.target->security) {
      if (!has_subquery(*policy)) conditions.push_back(policy);
    }
    TROUPE_RETURN_IF_ERROR(hold_policy_columns(modify, &rel, &conditions));
    if (modify.policy_check && has_subquery(*modify.policy_check)) modify.policy_check = nullptr;
  }
  if (modify.target->table->is_partitioned()) {
    return change_partitions(modify, std::move(rel), conditions, std::move(assigned), std::move(returning));
  }
  return change_rows(modify, std::move(rel), conditions, std::move(assigned), std::move(returning));
}

/// No scan: there is one row, and its key is known.
absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::plan_change_of_current_row(const BoundModify& modify) {
  if (!modify.target->security.empty() || modify.policy_check) {
    return with_hint(error(ErrorCode::kFeatureNotSupported,
                           "WHERE CURRENT OF a row that row-level security applies to is not supported"),
                     "Name the row by its primary key.");
  }
  auto row = std::make_shared<ValuesPlan>();
  row->rows.push_back({modify.current_row});
  row->output = {modify.current_row->type};
  row->cost = {0, 0.01, 1, 32};
  Rel rel;
  rel.plan = std::move(row);
  rel.columns = {{modify.target->number, kRowKeyColumn}};
  const auto value_of = [&](const ExprPtr& expr) -> absl::StatusOr<ExprPtr> {
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, run_subqueries_first(expr));
    return fold(value);
  };
  ExprList assigned, returning;
  for (const ColumnAssignment& assignment : modify.assignments) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, value_of(assignment.value));
    assigned.push_back(std::move(value));
  }
  for (const BoundTarget& item : modify.returning) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, value_of(item.value));
    returning.push_back(std::move(value));
  }
  return change_rows(modify, std::move(rel), {}, std::move(assigned), std::move(returning));
}

absl::StatusOr<std::shared_ptr<PlanNode>> QueryPlanner::change_rows(const BoundModify& modify, Rel rel,
                                                                    const Conditions& conditions, ExprList values,
                                                                    ExprList returning) {
  const TableDef& table = *modify.target->table;
  const uint32_t target = modify.target->number;
  std::vector<ColumnAssignment> assignments = modify.assignments;
  for (size_t i = 0; i < assignments.size(); ++i) assignments[i].value = std::move(values[i]);
  std::vector<ColumnId> columns;
  for (uint32_t i = 0; i < modify.target->size(); ++i) columns.push_back({target, i});
  // What comes from other relations rides along with the row's key.
  std::vector<ColumnId> extras;
  ExprList extra_values;
  const auto collect = [&](const ExprPtr& expr) {
    visit_expr(*expr, [&](const Expr& part) {
      const ColumnId id{part.relation, part.index};
      if (!part.is_column() || part.relation == target || !rel.has(id)) return;
      if (std::find(extras.begin(), extras.end(), id) != extras.end()) return;
      extras.push_back(id);
      extra_values.push_back(make_column(part.type, part.index, part.relation));
    });
  };
  // nextval(), random() ... are the session's to compute, once for each row.
  const auto take_session_parts = [&](const ExprPtr& expr) {
    return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      const bool own =
          part->kind == ExprKind::kSequence || part->kind == ExprKind::kCall || part->kind == ExprKind::kNamedSetting;
      if (!own || runs_in_partition(*part) || mentions_relation(*part, target)) return nullptr;
      extras.push_back({binder_.relations++, 0});
      extra_values.push_back(part);
      return make_column(part->type, 0, extras.back().relation);
    });
  };
  for (ColumnAssignment& assignment : assignments) {
    assignment.value = take_session_parts(assignment.value);
    collect(assignment.value);
  }
  for (ExprPtr& value : returning) {
    value = take_session_parts(value);
    collect(value);
  }
  for (const ExprPtr& condition : conditions) collect(condition);
  columns.insert(columns.end(), extras.begin(), extras.end());

  const auto* scan =
      rel.plan->kind == PlanKind::kTableScan ? static_cast<const TableScanPlan*>(rel.plan.get()) : nullptr;
  const bool direct = scan != nullptr && extras.empty() && scan->access.kind == AccessKind::kLookup &&
                      !scan->access.index && !table.primary_key.empty();
  ExprPtr recheck;
  if (direct) {
    // The key says the rest.
    recheck = replace_expr(scan->filter, [&](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? make_column(part->type, scan->columns[part->index]) : nullptr;
    });
  } else {
    Conditions again;
    for (const ExprPtr& condition : conditions) {
      if (!mentions_outside(*condition, columns)) again.push_back(condition);
    }
    if (!again.empty()) {
      TROUPE_ASSIGN_OR_RETURN(recheck, place(make_and(std::move(again)), columns));
    }
  }
  if (!direct) {
    ExprList outputs{make_column(Type{oid::kBytea}, kRowKeyColumn, target)};
    std::vector<ColumnId> ids{{target, kRowKeyColumn}};
    outputs.insert(outputs.end(), extra_values.begin(), extra_values.end());
    ids.insert(ids.end(), extras.begin(), extras.end());
    TROUPE_RETURN_IF_ERROR(project(outputs, std::move(ids), &rel));
  }

  const auto fill = [&](auto& node) -> absl::Status {
    TROUPE_RETURN_IF_ERROR(fill_write(modify, columns, &node->write));
    TROUPE_ASSIGN_OR_RETURN(node->write.returning, place_all(returning, columns));
    node->recheck = std::move(recheck);
    node->extras = static_cast<uint32_t>(extras.size());
    node->direct = direct;
    node->output = types_of(node->write.returning);
    node->cost = rel.plan->cost;
    node->cost.total += rel.rows() * 0.05;
    node->inputs = {rel.plan};
    return absl::OkStatus();
  };
  if (modify.kind == PlanKind::kDelete) {
    auto node = std::make_shared<DeletePlan>();
    TROUPE_RETURN_IF_ERROR(fill(node));
    return node;
  }
  auto node = std::make_shared<UpdatePlan>();
  for (ColumnAssignment& assignment : assignments) {
    TROUPE_ASSIGN_OR_RETURN(assignment.value, place(assignment.value, columns));
    const auto& key = table.shape->key;
    node->changes_key = node->changes_key || std::find(key.begin(), key.end(), assignment.column) != key.end();
  }
  for (const uint32_t column : table.shape->key) {
    node->changes_key = node->changes_key || assigns(modify.generated, column);
  }
  node->assignments = std::move(assignments);
  TROUPE_RETURN_IF_ERROR(fill(node));
  return node;
}

}  // namespace troupe
