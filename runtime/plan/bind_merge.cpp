/// MERGE.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/merge_plan.hpp"

namespace troupe {
namespace {

MergeAction action_of(sql::MergeWhen::Action action) {
  switch (action) {
    case sql::MergeWhen::Action::kInsert: return MergeAction::kInsert;
    case sql::MergeWhen::Action::kUpdate: return MergeAction::kUpdate;
    case sql::MergeWhen::Action::kDelete: return MergeAction::kDelete;
    default: return MergeAction::kNothing;
  }
}

/// Errors: 42601 for a clause after one that takes every row.
absl::Status check_reachable(const sql::MergeStatement& merge) {
  bool taken[2] = {false, false};
  for (const sql::MergeWhen* when : merge.clauses) {
    if (taken[when->matched ? 1 : 0]) {
      return error(ErrorCode::kSyntaxError, "unreachable WHEN clause specified after unconditional WHEN clause");
    }
    if (when->condition == nullptr) taken[when->matched ? 1 : 0] = true;
  }
  return absl::OkStatus();
}

bool inserts(const sql::MergeStatement& merge) {
  return std::any_of(merge.clauses.begin(), merge.clauses.end(),
                     [](const sql::MergeWhen* when) { return when->action == sql::MergeWhen::Action::kInsert; });
}

Privileges rights_for(const sql::MergeStatement& merge) {
  Privileges rights = 0;
  for (const sql::MergeWhen* when : merge.clauses) {
    switch (when->action) {
      case sql::MergeWhen::Action::kInsert: rights |= kInsert; break;
      case sql::MergeWhen::Action::kUpdate: rights |= kUpdate; break;
      case sql::MergeWhen::Action::kDelete: rights |= kDelete; break;
      default: break;
    }
  }
  return rights;
}

}  // namespace

absl::Status Binder::bind_merge_target(const sql::MergeStatement& merge, BoundMerge* out) {
  const sql::TableRef& ref = *merge.table;
  TROUPE_ASSIGN_OR_RETURN(RelationName found, find_target(ref));
  if (found.view) {
    return with_detail(
        error(ErrorCode::kFeatureNotSupported, "cannot execute MERGE on relation \"", found.view->name, "\""),
        "This operation is not supported for views.");
  }
  out->target = std::make_shared<BoundRelation>();
  out->target->table = std::move(found.table);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<BoundMerge>> Binder::bind_merge(const sql::MergeStatement& merge) {
  const size_t names_before = cte_names_.size();
  if (merge.with != nullptr && merge.with->recursive) {
    return error(ErrorCode::kSyntaxError, "WITH RECURSIVE is not supported for MERGE statement");
  }
  if (merge.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*merge.with, nullptr));
  TROUPE_RETURN_IF_ERROR(check_reachable(merge));
  auto bound = std::make_shared<BoundMerge>();
  bound->source = std::make_shared<BoundQuery>();
  BoundQuery* query = bound->source.get();
  TROUPE_RETURN_IF_ERROR(bind_merge_target(merge, bound.get()));
  const sql::TableRef& ref = *merge.table;
  FromItem target = leaf(bound->target, ref.alias != nullptr ? ref.alias->name : ref.name, query);
  if (ref.alias == nullptr) target.names->schema = schema_of(*bound->target);
  bound->target->reader = rights.role();
  TROUPE_RETURN_IF_ERROR(secure_reading(bound->target, PolicyCommand::select));
  rights.want(bound->target->number, bound->target->table->oid, rights_for(merge));
  Scope scope;
  scope.query = bound->source;
  TROUPE_ASSIGN_OR_RETURN(FromItem source, bind_from_item(*merge.source, &scope, query));
  if (find_item(*source.names, {}, target.names->alias) != nullptr) {
    return with_detail(
        at(error(ErrorCode::kDuplicateAlias, "name \"", target.names->alias, "\" specified more than once"),
           *merge.source),
        "The name is used both as MERGE target table and data source.");
  }
  scope.items = {target.names, source.names};
  auto join = std::make_shared<FromTree>();
  join->join = inserts(merge) ? JoinKind::kLeft : JoinKind::kInner;
  join->left = source.tree;
  join->right = target.tree;
  TROUPE_ASSIGN_OR_RETURN(join->condition,
                          bind_condition(*merge.on, Site{&scope, query, Clause::kJoin, false}, "JOIN/ON"));
  bound->on = join->condition;
  query->from.push_back(std::move(join));
  scope.query = nullptr;  // where a WHEN clause sees the target, it has a row
  Scope unmatched;
  unmatched.query = bound->source;
  unmatched.items = {source.names};
  unmatched.unreachable = target.names;
  for (const sql::MergeWhen* when : merge.clauses) {
    TROUPE_RETURN_IF_ERROR(bind_merge_clause(*when, ref, when->matched ? scope : unmatched, bound.get()));
  }
  cte_names_.resize(names_before);
  return bound;
}

absl::Status Binder::bind_merge_clause(const sql::MergeWhen& when, const sql::TableRef& ref, const Scope& scope,
                                       BoundMerge* merge) {
  BoundMerge::Clause clause;
  clause.matched = when.matched;
  clause.action = action_of(when.action);
  BoundQuery* query = merge->source.get();
  if (when.condition != nullptr) {
    const Site site{&scope, query, Clause::kMergeWhen, false};
    TROUPE_ASSIGN_OR_RETURN(clause.condition, bind_condition(*when.condition, site, "WHEN"));
  }
  if (clause.action == MergeAction::kNothing) {
    merge->clauses.push_back(std::move(clause));
    return absl::OkStatus();
  }
  auto change = std::make_shared<BoundModify>();
  change->target = merge->target;
  change->source = merge->source;
  if (clause.action == MergeAction::kInsert) {
    change->kind = PlanKind::kInsert;
    TROUPE_ASSIGN_OR_RETURN(clause.row,
                            bind_merge_row(when, ref, *change, Site{&scope, query, Clause::kInsertValue, false}));
    for (uint32_t i = 0; i < clause.row.size(); ++i) {
      const ColumnDef& column = merge->target->table->columns[i];
      if (!column.generated_stored) continue;
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_generated(column, merge->target));
      change->generated.push_back({i, std::move(value)});
    }
  } else if (clause.action == MergeAction::kUpdate) {
    change->kind = PlanKind::kUpdate;
    TROUPE_RETURN_IF_ERROR(
        bind_assignments(when.assignments, *change, Site{&scope, query, Clause::kSet, false}, &change->assignments));
    TROUPE_ASSIGN_OR_RETURN(change->generated, bind_regenerated(change->assignments, change->target));
  } else {
    change->kind = PlanKind::kDelete;
  }
  if (clause.action != MergeAction::kDelete) TROUPE_RETURN_IF_ERROR(bind_table_checks(change.get()));
  TROUPE_RETURN_IF_ERROR(secure_merge_clause(change.get(), &clause.condition));
  clause.change = std::move(change);
  merge->clauses.push_back(std::move(clause));
  return absl::OkStatus();
}

}  // namespace troupe
