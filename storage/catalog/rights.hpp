#pragma once
/// Who may do what, by PostgreSQL's rules: roles and their members, owners, and what was granted on an object.
#include <optional>
#include <string_view>
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

/// PostgreSQL's predefined roles that mean something here.
inline constexpr Oid kReadAllRole = 6181, kWriteAllRole = 6182, kSignalBackendRole = 4200, kReadAllStatsRole = 3375,
                     kCheckpointRole = 4544;
inline constexpr Oid kDatabaseOwnerRole = 6171;  ///< whoever owns the session's database is a member

/// 0LP01.
inline constexpr ErrorCode kInvalidGrantOperation{pack_sqlstate("0LP01")};

/// Kinds of things that rights are on; their letters are those of pg_default_acl where it has them.
enum class SecurableKind : uint8_t { kTable, kSequence, kColumn, kSchema, kDatabase, kType, kFunction, kStream };

inline constexpr Privileges kTablePrivileges =
    kInsert | kSelect | kUpdate | kDelete | kTruncate | kReferences | kTrigger;
inline constexpr Privileges kColumnPrivileges = kInsert | kSelect | kUpdate | kReferences;
inline constexpr Privileges kSequencePrivileges = kSelect | kUpdate | kUsage;
inline constexpr Privileges kSchemaPrivileges = kUsage | kCreate;
inline constexpr Privileges kDatabasePrivileges = kCreate | kTemporary | kConnect;
inline constexpr Privileges kTypePrivileges = kUsage;
inline constexpr Privileges kFunctionPrivileges = kExecute;
inline constexpr Privileges kStreamPrivileges = kSelect;

Privileges all_privileges(SecurableKind kind);
/// Views and tables are tables; an object without rights of its own (an index, a role) is a table, too.
SecurableKind securable_kind(const ObjectDef& object);
/// "SELECT"; of one bit.
std::string_view privilege_name(Privileges privilege);

/// `role` and all roles whose rights it has without SET ROLE.
std::vector<Oid> roles_with_rights_of(const Catalog& catalog, Oid role);
/// Superusers have everybody's.
bool has_rights_of(const Catalog& catalog, Oid role, Oid other);
/// Whether `role` may SET ROLE to `other`.
bool is_member_of(const Catalog& catalog, Oid role, Oid other);
/// The same, but superusers are members of nothing that they were not given.
bool is_given_member_of(const Catalog& catalog, Oid role, Oid other);
/// Whether it may pass membership in `other` on.
bool is_admin_of(const Catalog& catalog, Oid role, Oid other);
bool is_superuser(const Catalog& catalog, Oid role);
/// The role; of one that was dropped under its sessions, one that may do nothing.
const RoleDef& role_or_nobody(const Catalog& catalog, Oid role);
bool owns(const Catalog& catalog, Oid role, const ObjectDef& object);
/// Whether policies decide which of the table's rows the role may see and make.
bool is_under_row_security(const Catalog& catalog, Oid role, const TableDef& table);

/// What holds before anybody granted or revoked anything.
Acl default_acl(SecurableKind kind, Oid owner);
/// The object's rights, or the default.
Acl acl_of(const ObjectDef& object);

/// Whether both say the same, in whatever order.
bool same_rights(const Acl& a, const Acl& b);

/// Of `wanted`, what the role may do; of grant options too with `grantable`.
Privileges rights_in(const Catalog& catalog, Oid role, const Acl& acl, Oid owner, Privileges wanted,
                     bool grantable = false);
Privileges rights_on(const Catalog& catalog, Oid role, const ObjectDef& object, Privileges wanted);
/// Whether it has all of `wanted` on the column, by the column's own rights alone.
bool may_use_column(const Catalog& catalog, Oid role, const ObjectDef& relation, const ColumnDef& column,
                    Privileges wanted);
/// Columns of a table or view; empty for anything else.
const std::vector<ColumnDef>& columns_of(const ObjectDef& relation);
/// Of a copy that is to be changed; null for anything else.
std::vector<ColumnDef>* edit_columns(ObjectDef* relation);

/// Errors: 42501 `permission denied for table t`.
absl::Status permission_denied(const ObjectDef& object);
/// Errors: 42501 `must be owner of table t`.
absl::Status must_be_owner(const ObjectDef& object);
absl::Status check_right(const Catalog& catalog, Oid role, const ObjectDef& object, Privileges wanted);
absl::Status check_owner(const Catalog& catalog, Oid role, const ObjectDef& object);

/// Grants or revokes an item's privileges in `acl`. `owner` is the object's. Errors: 2BP01 when something that was
/// passed on depends on what is revoked, and `cascade` is false; 0LP01 for a grant option given back to who gave it.
absl::Status grant_in(const AclItem& item, Oid owner, const Catalog& catalog, Acl* acl);
absl::Status revoke_in(const AclItem& item, bool only_grant_option, bool cascade, Oid owner, Acl* acl);
/// The new owner takes the place of the old one.
void change_owner_in(Oid old_owner, Oid new_owner, Acl* acl);
/// In the way that acldefault() has it: nothing for what is nobody's. Items without privileges go.
void tidy(Acl* acl);

}  // namespace troupe
