#include "runtime/plan/ddl_policy.hpp"

#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"

namespace troupe {
namespace {

PolicyCommand command_named(std::string_view name) {
  if (name == "select") return PolicyCommand::select;
  if (name == "insert") return PolicyCommand::insert;
  if (name == "update") return PolicyCommand::update;
  if (name == "delete") return PolicyCommand::remove;
  return PolicyCommand::all;
}

absl::Status no_policy(std::string_view name, std::string_view table) {
  return error(ErrorCode::kUndefinedObject, "policy \"", name, "\" for table \"", table, "\" does not exist");
}

sql::TableRef table_named(const sql::ObjectRef& ref) {
  sql::TableRef on;
  on.position = ref.position;
  on.name = ref.name.back();
  if (ref.name.size() > 1) on.schema = ref.name[ref.name.size() - 2];
  return on;
}

/// One of the table's own, to be changed. Errors: 42704.
absl::StatusOr<PolicyDef*> policy_to_change(std::string_view name, TableDef* table) {
  for (PolicyDef& policy : table->policies) {
    if (policy.name == name) return &policy;
  }
  return no_policy(name, table->name);
}

/// The table whose policies are to change. Errors: 42P01, 42809, 42501.
absl::StatusOr<std::shared_ptr<TableDef>> table_of_policy(const sql::TableRef& ref, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(ref, ObjectKind::table));
  if (is_materialized_view(*object)) {
    return error(ErrorCode::kWrongObjectType, "\"", object->name, "\" is not a table");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  ddl.lock(object->oid);
  return ddl.edit_table(object->oid);
}

absl::StatusOr<std::vector<Oid>> roles_named(sql::List<const sql::RoleName*> names, DdlBuilder& ddl) {
  if (names.empty()) return std::vector<Oid>{kNoOid};
  std::vector<Oid> roles;
  for (const sql::RoleName* name : names) {
    if (name->type == sql::RoleName::Type::kPublic) {
      if (names.size() > 1) {
        ddl.plan().notices.push_back(
            {"WARNING", ErrorCode::kInvalidParameterValue, "ignoring specified roles other than PUBLIC", {}});
      }
      return std::vector<Oid>{kNoOid};
    }
    TROUPE_ASSIGN_OR_RETURN(const Oid role, ddl_role(*name, ddl));
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
  }
  return roles;
}

/// Looks at the condition and writes down what it means; adds the relations that its subqueries read.
absl::StatusOr<std::string> stored_condition(const sql::Expr& expr, const TableDef& table, PolicyDef* policy,
                                             DdlBuilder& ddl) {
  // What it reads is asked when it is used.
  PlanContext context = ddl.context();
  context.role = kBootstrapRole;
  Binder binder(context);
  NamesFound names;
  binder.names_found = &names;
  binder.inlines = false;
  const auto relation = ddl_relation_of(table);
  relation->number = binder.relations++;
  TROUPE_RETURN_IF_ERROR(binder.bind_policy(expr, relation).status());
  for (const PlanDependency& dependency : binder.dependencies) {
    const ObjectDef* read = ddl.catalog().find(dependency.oid);
    const bool function = read != nullptr && read->kind == ObjectKind::function;
    if (read == nullptr || (read->name_class() != NameClass::relation && !function)) continue;
    const auto at = std::lower_bound(policy->depends_on.begin(), policy->depends_on.end(), dependency.oid);
    if (at == policy->depends_on.end() || *at != dependency.oid) policy->depends_on.insert(at, dependency.oid);
  }
  names.functions = binder.functions_found;
  return stored_text(expr, names, ddl.catalog());
}

absl::Status set_conditions(const sql::Expr* using_expression, const sql::Expr* check, const TableDef& table,
                            PolicyDef* policy, DdlBuilder& ddl) {
  if (using_expression != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(policy->using_sql, stored_condition(*using_expression, table, policy, ddl));
  }
  if (check != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(policy->check_sql, stored_condition(*check, table, policy, ddl));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_policy(const sql::CreatePolicyStatement& create, DdlBuilder& ddl) {
  PolicyDef policy;
  policy.name = create.name;
  policy.permissive = create.permissive;
  policy.command = command_named(create.command);
  const bool makes_none = policy.command == PolicyCommand::select || policy.command == PolicyCommand::remove;
  if (makes_none && create.check != nullptr) {
    return error(ErrorCode::kSyntaxError, "WITH CHECK cannot be applied to SELECT or DELETE");
  }
  if (policy.command == PolicyCommand::insert && create.using_expression != nullptr) {
    return error(ErrorCode::kSyntaxError, "only WITH CHECK expression allowed for INSERT");
  }
  TROUPE_ASSIGN_OR_RETURN(policy.roles, roles_named(create.roles, ddl));
  TROUPE_ASSIGN_OR_RETURN(auto table, table_of_policy(*create.table, ddl));
  TROUPE_RETURN_IF_ERROR(set_conditions(create.using_expression, create.check, *table, &policy, ddl));
  if (table->find_policy(create.name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "policy \"", create.name, "\" for table \"", table->name,
                 "\" already exists");
  }
  policy.oid = ddl.new_oid();
  table->policies.push_back(std::move(policy));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_alter_policy(const sql::AlterPolicyStatement& alter, DdlBuilder& ddl) {
  std::vector<Oid> roles;
  if (!alter.roles.empty()) {
    TROUPE_ASSIGN_OR_RETURN(roles, roles_named(alter.roles, ddl));
  }
  TROUPE_ASSIGN_OR_RETURN(auto table, table_of_policy(*alter.table, ddl));
  TROUPE_ASSIGN_OR_RETURN(PolicyDef * found, policy_to_change(alter.name, table.get()));
  PolicyDef& policy = *found;
  const bool makes_none = policy.command == PolicyCommand::select || policy.command == PolicyCommand::remove;
  if (makes_none && alter.check != nullptr) {
    return error(ErrorCode::kSyntaxError, "only USING expression allowed for SELECT, DELETE");
  }
  if (policy.command == PolicyCommand::insert && alter.using_expression != nullptr) {
    return error(ErrorCode::kSyntaxError, "only WITH CHECK expression allowed for INSERT");
  }
  if (!roles.empty()) policy.roles = std::move(roles);
  TROUPE_RETURN_IF_ERROR(set_conditions(alter.using_expression, alter.check, *table, &policy, ddl));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_rename_policy(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto table, table_of_policy(*rename.relation, ddl));
  if (table->find_policy(rename.new_name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "policy \"", rename.new_name, "\" for table \"", table->name,
                 "\" already exists");
  }
  TROUPE_ASSIGN_OR_RETURN(PolicyDef * policy, policy_to_change(rename.part, table.get()));
  policy->name = rename.new_name;
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_drop_policy(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl) {
  const sql::TableRef on = table_named(ref);
  if (if_exists && ddl.find_named(on.schema, on.name) == nullptr) {
    ddl.notice(ErrorCode::kOk, cat("relation \"", on.name, "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(auto table, table_of_policy(on, ddl));
  if (table->find_policy(ref.member) == nullptr) {
    if (!if_exists) return no_policy(ref.member, table->name);
    ddl.notice(ErrorCode::kOk,
               cat("policy \"", ref.member, "\" for relation \"", table->name, "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  std::erase_if(table->policies, [&](const PolicyDef& policy) { return policy.name == ref.member; });
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_comment_on_policy(const sql::ObjectRef& ref, const std::string& text, DdlBuilder& ddl) {
  const sql::TableRef on = table_named(ref);
  TROUPE_ASSIGN_OR_RETURN(auto table, table_of_policy(on, ddl));
  TROUPE_ASSIGN_OR_RETURN(PolicyDef * policy, policy_to_change(ref.member, table.get()));
  policy->comment = text;
  ddl.put(std::move(table));
  return absl::OkStatus();
}

std::vector<PolicyUse> ddl_policies_reading(Oid relation, const DdlBuilder& ddl) {
  std::vector<PolicyUse> uses;
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::table)) {
    const ObjectDef* now = ddl.find(object->oid);
    if (now == nullptr || now->oid == relation) continue;
    for (const PolicyDef& policy : static_cast<const TableDef&>(*now).policies) {
      if (std::binary_search(policy.depends_on.begin(), policy.depends_on.end(), relation)) {
        uses.push_back({policy.oid, now->oid, policy.name});
      }
    }
  }
  return uses;
}

namespace {

bool mentions(const TableDef& of, const PolicyDef& policy, const TableDef& table, int16_t attnum,
              const DdlBuilder& ddl) {
  PlanContext context = ddl.context();
  context.role = kBootstrapRole;
  for (const std::string* text : {&policy.using_sql, &policy.check_sql}) {
    if (text->empty()) continue;
    Binder binder(context);
    binder.rights.note_all();
    const auto relation = ddl_relation_of(of);
    relation->number = binder.relations++;
    binder.rights.want(relation->number, of.oid, kSelect);
    if (!binder.bind_policy(*text, relation).ok()) continue;  // it cannot be asked any more anyway
    if (binder.rights.reads(table.oid, static_cast<uint32_t>(attnum - 1))) return true;
  }
  return false;
}

}  // namespace

std::vector<PolicyUse> ddl_policies_of_column(const TableDef& table, int16_t attnum, const DdlBuilder& ddl) {
  std::vector<PolicyUse> uses;
  for (const PolicyDef& policy : table.policies) {
    if (mentions(table, policy, table, attnum, ddl)) uses.push_back({policy.oid, table.oid, policy.name});
  }
  for (const PolicyUse& use : ddl_policies_reading(table.oid, ddl)) {
    const auto& of = static_cast<const TableDef&>(*ddl.find(use.table));
    if (mentions(of, *of.find_policy(use.policy), table, attnum, ddl)) uses.push_back(use);
  }
  std::sort(uses.begin(), uses.end(), [](const PolicyUse& a, const PolicyUse& b) { return a.oid < b.oid; });
  return uses;
}

std::string ddl_describe(const PolicyUse& use, const DdlBuilder& ddl) {
  return cat("policy ", use.policy, " on ", ddl_describe(*ddl.find(use.table), ddl));
}

void ddl_drop_policy(const PolicyUse& use, DdlBuilder& ddl) {
  auto table = ddl.edit_table(use.table);
  ddl.lock(table->oid);
  std::erase_if(table->policies, [&](const PolicyDef& policy) { return policy.name == use.policy; });
  ddl.put(std::move(table));
}

void ddl_rename_in_policies(const NewName& renamed, Oid relation, DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::table)) {
    const auto* now = static_cast<const TableDef*>(ddl.find(object->oid));
    if (now == nullptr || now->policies.empty()) continue;
    auto table = std::make_shared<TableDef>(*now);
    bool changed = false;
    for (PolicyDef& policy : table->policies) {
      for (std::string* text : {&policy.using_sql, &policy.check_sql}) {
        std::string after = renamed_expression(*text, renamed, table->oid == relation);
        changed = changed || after != *text;
        *text = std::move(after);
      }
    }
    if (changed) ddl.put(std::move(table));
  }
}

void ddl_forget_policy_roles(std::span<const Oid> roles, TableDef* table) {
  const auto is_forgotten = [roles](Oid role) { return std::find(roles.begin(), roles.end(), role) != roles.end(); };
  for (PolicyDef& policy : table->policies) std::erase_if(policy.roles, is_forgotten);
  std::erase_if(table->policies, [](const PolicyDef& policy) { return policy.roles.empty(); });
}

}  // namespace troupe
