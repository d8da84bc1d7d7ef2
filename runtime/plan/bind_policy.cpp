/// Row security: what policies say about the rows that a statement reads, and about those that it makes.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_security.hpp"

namespace troupe {
namespace {

PolicyCommand command_of(PlanKind kind) {
  switch (kind) {
    case PlanKind::kInsert: return PolicyCommand::insert;
    case PlanKind::kUpdate: return PolicyCommand::update;
    case PlanKind::kDelete: return PolicyCommand::remove;
    default: return PolicyCommand::select;
  }
}

/// What new rows must satisfy; what there already is, where it takes the place of a condition of a query.
std::string_view check_text(const PolicyDef& policy) {
  return policy.check_sql.empty() ? policy.using_sql : policy.check_sql;
}

ExprPtr case_when(ExprPtr condition, ExprPtr value) {
  const Type type = value->type;
  return make_expr(ExprKind::kCase, type, {std::move(condition), std::move(value), make_null(type)});
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_policy(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation) {
  Scope scope;
  auto names = std::make_shared<FromNames>();
  names->alias = relation->table->name;
  names->schema = schema_of(*relation);
  names->relation = relation;
  scope.items.push_back(std::move(names));
  return bind_condition(expr, Site{&scope, nullptr, Clause::kPolicy, false}, "POLICY");
}

absl::StatusOr<ExprPtr> Binder::bind_policy(std::string_view text, const std::shared_ptr<BoundRelation>& relation) {
  const TableDef& table = *relation->table;
  if (std::find(policies_of_.begin(), policies_of_.end(), table.oid) != policies_of_.end()) {
    return error(ErrorCode::kInvalidObjectDefinition, "infinite recursion detected in policy for relation \"",
                 table.name, "\"");
  }
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(text));
  kept_.push_back(parsed);
  // The policy knows nothing of the statement around it, and needs no rights on the table's own columns.
  std::vector<CteName> outer_names;
  outer_names.swap(cte_names_);
  const bool outer_foreign = std::exchange(foreign_text_, true);
  const uint32_t spared = rights.spare(relation->number);
  policies_of_.push_back(table.oid);
  auto bound = bind_policy(*parsed, relation);
  policies_of_.pop_back();
  rights.spare(spared);
  foreign_text_ = outer_foreign;
  cte_names_.swap(outer_names);
  return bound;
}

/// One of the permissive policies, then each restrictive one; without a permissive one nothing is allowed.
absl::StatusOr<std::vector<Binder::PolicyCondition>> Binder::bind_policies(
    const std::shared_ptr<BoundRelation>& relation, PolicyCommand command, PolicySide side) {
  const PolicyChoice choice = choose_policies(catalog(), *relation->table, command, relation->reader);
  const auto text_of = [side](const PolicyDef& policy) {
    return side == PolicySide::kUsing ? std::string_view(policy.using_sql) : check_text(policy);
  };
  ExprList either;
  std::vector<PolicyCondition> all(1);
  for (const PolicyDef* policy : choice.permissive) {
    if (text_of(*policy).empty()) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_policy(text_of(*policy), relation));
    either.push_back(std::move(condition));
  }
  if (either.empty()) {
    all[0].condition = make_bool(false);
    return all;
  }
  all[0].condition = make_or(std::move(either));
  for (const PolicyDef* policy : choice.restrictive) {
    if (text_of(*policy).empty()) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_policy(text_of(*policy), relation));
    all.push_back({policy->name, std::move(condition)});
  }
  return all;
}

absl::StatusOr<bool> Binder::is_secured(BoundRelation* relation) {
  if (relation->table == nullptr || !relation->table->row_security) return false;
  TROUPE_RETURN_IF_ERROR(check_row_security_on(catalog(), *relation->table, relation->reader, context_.row_security));
  return is_under_row_security(catalog(), relation->reader, *relation->table);
}

absl::Status Binder::secure_reading(const std::shared_ptr<BoundRelation>& relation, PolicyCommand command) {
  TROUPE_ASSIGN_OR_RETURN(const bool secured, is_secured(relation.get()));
  if (!secured) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(auto conditions, bind_policies(relation, command, PolicySide::kUsing));
  for (PolicyCondition& policy : conditions) relation->security.push_back(std::move(policy.condition));
  return absl::OkStatus();
}

/// Raises an error unless all of them hold; `row` and `suffix` are how it calls the row and the policy.
absl::StatusOr<ExprPtr> Binder::bind_policy_checks(const std::shared_ptr<BoundRelation>& relation,
                                                   PolicyCommand command, PolicySide side, std::string_view row,
                                                   std::string_view suffix) {
  TROUPE_ASSIGN_OR_RETURN(auto conditions, bind_policies(relation, command, side));
  const sql::Literal nowhere{};
  ExprList all;
  for (PolicyCondition& policy : conditions) {
    const std::string named = policy.name.empty() ? std::string() : cat(" \"", policy.name, "\"");
    ExprPtr message = make_text(cat(row, " row violates row-level security policy", named, suffix, " for table \"",
                                    relation->table->name, "\""));
    ExprList args{std::move(policy.condition), std::move(message)};
    TROUPE_ASSIGN_OR_RETURN(ExprPtr check, call_by_name("troupe_policy_holds", std::move(args), nowhere));
    all.push_back(std::move(check));
  }
  return make_and(std::move(all));
}

/// With `reads`, it must be one that may be seen, too.
absl::StatusOr<ExprPtr> Binder::bind_new_row_checks(const BoundModify& modify, PolicyCommand command, bool reads) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr check, bind_policy_checks(modify.target, command, PolicySide::kCheck, "new", {}));
  if (!reads) return check;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr seen,
                          bind_policy_checks(modify.target, PolicyCommand::select, PolicySide::kUsing, "new", {}));
  return make_and({std::move(check), std::move(seen)});
}

/// ON CONFLICT DO UPDATE: the row that is there must be one that may be updated, and what becomes of it, too.
absl::Status Binder::secure_conflict(bool reads, BoundModify* modify) {
  ConflictAction& action = *modify->conflict;
  const uint32_t target = modify->target->number;
  ExprList before;
  for (const PolicyCommand command : {PolicyCommand::update, PolicyCommand::select}) {
    if (command == PolicyCommand::select && !reads) continue;
    TROUPE_ASSIGN_OR_RETURN(
        ExprPtr holds, bind_policy_checks(modify->target, command, PolicySide::kUsing, "new", " (USING expression)"));
    before.push_back(std::move(holds));
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr after, bind_new_row_checks(*modify, PolicyCommand::update, reads));
  const auto to_row = [&](const ExprPtr& expr, bool assigned) {
    return substitute_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
      if (!part->is_column() || part->relation != target) return nullptr;
      for (const ColumnAssignment& assignment : action.assignments) {
        if (assigned && assignment.column == part->index) return assignment.value;
      }
      return make_column(part->type, part->index);
    });
  };
  ExprPtr rest = to_row(after, true);
  if (action.where) rest = case_when(action.where, std::move(rest));
  action.where = case_when(to_row(make_and(std::move(before)), false), std::move(rest));
  return absl::OkStatus();
}

absl::Status Binder::secure_modify(BoundModify* modify) {
  const std::shared_ptr<BoundRelation>& target = modify->target;
  target->security.clear();  // of a view's table: what reading it asks
  TROUPE_ASSIGN_OR_RETURN(const bool secured, is_secured(target.get()));
  if (!secured) return absl::OkStatus();
  hides_rows = true;
  const bool reads = rights.wants(target->number, kSelect);
  const PolicyCommand command = command_of(modify->kind);
  if (modify->kind != PlanKind::kInsert) {
    TROUPE_RETURN_IF_ERROR(secure_reading(target, command));
    if (reads) TROUPE_RETURN_IF_ERROR(secure_reading(target, PolicyCommand::select));
  }
  if (modify->kind != PlanKind::kDelete) {
    TROUPE_ASSIGN_OR_RETURN(modify->policy_check, bind_new_row_checks(*modify, command, reads));
  }
  return modify->conflict && modify->conflict->update ? secure_conflict(reads, modify) : absl::OkStatus();
}

/// MERGE sees the target's rows as SELECT does. A row that it may not change, although it sees it, is an error.
absl::Status Binder::secure_merge_clause(BoundModify* change, ExprPtr* condition) {
  TROUPE_ASSIGN_OR_RETURN(const bool secured, is_secured(change->target.get()));
  if (!secured) return absl::OkStatus();
  hides_rows = true;
  const PolicyCommand command = command_of(change->kind);
  if (change->kind != PlanKind::kDelete) {
    const bool reads = change->kind == PlanKind::kUpdate && rights.wants(change->target->number, kSelect);
    TROUPE_ASSIGN_OR_RETURN(change->policy_check, bind_new_row_checks(*change, command, reads));
  }
  if (change->kind == PlanKind::kInsert) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(
      ExprPtr may, bind_policy_checks(change->target, command, PolicySide::kUsing, "target", " (USING expression)"));
  *condition = *condition ? case_when(*condition, std::move(may)) : std::move(may);
  return absl::OkStatus();
}

}  // namespace troupe
