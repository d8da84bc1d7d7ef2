#pragma once
/// Roles and rights as definitions change them, and what other definitions ask about them. Sources: ddl_role,
/// ddl_grant, ddl_owned, ddl_owner.
#include <string>
#include <vector>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/sql/ast_role.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {

absl::Status ddl_create_role(const sql::CreateRoleStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_role(const sql::AlterRoleStatement& alter, DdlBuilder& ddl);
absl::Status ddl_rename_role(std::string_view name, std::string_view new_name, DdlBuilder& ddl);
absl::Status ddl_drop_role(const sql::DropRoleStatement& drop, DdlBuilder& ddl);
absl::Status ddl_grant_role(const sql::GrantRoleStatement& grant, DdlBuilder& ddl);
absl::Status ddl_grant(const sql::GrantStatement& grant, DdlBuilder& ddl);
absl::Status ddl_default_privileges(const sql::AlterDefaultPrivilegesStatement& alter, DdlBuilder& ddl);
absl::Status ddl_reassign_owned(const sql::ReassignOwnedStatement& reassign, DdlBuilder& ddl);
absl::Status ddl_drop_owned(const sql::DropOwnedStatement& drop, DdlBuilder& ddl);

/// Errors: 42704.
absl::StatusOr<Oid> ddl_role(const sql::RoleName& name, const DdlBuilder& ddl);
/// "owner of table t", "privileges for schema s": why a role cannot be dropped.
std::vector<std::string> ddl_dependents_of_role(Oid role, const DdlBuilder& ddl);
/// What ALTER DEFAULT PRIVILEGES says of a new object of its owner; not given: nothing.
Acl ddl_new_acl(const ObjectDef& object, const DdlBuilder& ddl);

/// Errors: 42501 unless the acting role has the privileges on the object.
absl::Status ddl_check_right(const ObjectDef& object, Privileges wanted, const DdlBuilder& ddl);
/// The type, for something that will keep values of it. Errors: those of bind_type(); 42501 without USAGE on it.
absl::StatusOr<Type> ddl_usable_type(const sql::TypeName& name, DdlBuilder& ddl);
/// Errors: 42501 unless it has the rights of the owner.
absl::Status ddl_check_owner(const ObjectDef& object, const DdlBuilder& ddl);
/// For DROP: the owner of its schema may, too.
absl::Status ddl_check_may_drop(const ObjectDef& object, const DdlBuilder& ddl);
/// Without asking. Rights that the old owner granted are now the new one's grants.
void ddl_give(Oid owner, ObjectDef* object);
/// Indexes and owned sequences to the table's owner.
void ddl_give_parts(const TableDef& table, DdlBuilder& ddl);
/// As PostgreSQL names it in messages: "table t", with its schema where the search path does not lead to it.
std::string ddl_describe(const ObjectDef& object, const DdlBuilder& ddl);
/// Drops objects of whatever kinds, each once. Errors: 2BP01 where others depend on them and `behavior` is RESTRICT.
absl::Status ddl_drop_all(const std::vector<const ObjectDef*>& objects, sql::DropBehavior behavior, DdlBuilder& ddl);
/// A new owner must be a role that the acting one may become. Errors: 42501.
absl::Status ddl_check_may_give(Oid new_owner, const DdlBuilder& ddl);

}  // namespace troupe
