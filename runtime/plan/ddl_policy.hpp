#pragma once
/// Row security policies as definitions make and change them, and what they hold on to. Source: ddl_policy.
#include <span>
#include <string>
#include <vector>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/stored_names.hpp"

namespace troupe {

absl::Status ddl_create_policy(const sql::CreatePolicyStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_policy(const sql::AlterPolicyStatement& alter, DdlBuilder& ddl);
absl::Status ddl_rename_policy(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_drop_policy(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl);
absl::Status ddl_comment_on_policy(const sql::ObjectRef& ref, const std::string& text, DdlBuilder& ddl);

/// A policy that something else is part of.
struct PolicyUse {
  Oid oid = kNoOid;
  Oid table = kNoOid;
  std::string policy;
};
std::string ddl_describe(const PolicyUse& use, const DdlBuilder& ddl);
/// Of other tables, whose subqueries read the relation.
std::vector<PolicyUse> ddl_policies_reading(Oid relation, const DdlBuilder& ddl);
/// Whose conditions mention the column; by oid.
std::vector<PolicyUse> ddl_policies_of_column(const TableDef& table, int16_t attnum, const DdlBuilder& ddl);
void ddl_drop_policy(const PolicyUse& use, DdlBuilder& ddl);
/// A relation, or a schema, has a new name.
void ddl_rename_in_policies(const NewName& renamed, Oid relation, DdlBuilder& ddl);
/// Roles that are no more: a policy that was for none but them goes.
void ddl_forget_policy_roles(std::span<const Oid> roles, TableDef* table);

}  // namespace troupe
