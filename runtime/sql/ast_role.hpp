#pragma once
/// Roles and privileges.
#include "runtime/sql/ast_ddl.hpp"

namespace troupe::sql {

struct SetStatement;  // ast_utility.hpp

struct RoleName : Node {
  static constexpr auto kKind = NodeKind::kRoleName;
  enum class Type : uint8_t { kNamed, kPublic, kCurrentRole, kCurrentUser, kSessionUser };
  Type type = Type::kNamed;
  std::string_view name;
};

enum class RoleKind : uint8_t { kRole, kUser, kGroup };
struct CreateRoleStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateRole;
  RoleKind role_kind{};  ///< CREATE USER logs in by default
  std::string_view name;
  /// password (kString or null literal), encrypted, superuser, createdb, createrole, inherit, login, replication,
  /// bypassrls (kBoolean), connection_limit, valid_until, and lists of RoleName in `members` …
  List<const Option*> options;
  List<const RoleName*> members;        ///< ROLE …, USER …
  List<const RoleName*> admin_members;  ///< ADMIN …
  List<const RoleName*> in_roles;       ///< IN ROLE …
};
struct AlterRoleStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterRole;
  const RoleName* role = nullptr;
  List<const Option*> options;
  bool group = false;  ///< ALTER GROUP g ADD/DROP USER members
  bool drop_members = false;
  List<const RoleName*> members;
};
/// ALTER ROLE r [IN DATABASE d] SET …
struct AlterRoleSetStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterRoleSet;
  const RoleName* role = nullptr;  ///< null: ALL
  std::string_view database;
  const SetStatement* setting = nullptr;
};
struct DropRoleStatement : Statement {
  static constexpr auto kKind = NodeKind::kDropRole;
  bool if_exists = false;
  List<const RoleName*> roles;
};

/// One of SELECT, INSERT (a, b), CREATE, a role's name (in GRANT role), …; lower case.
struct Privilege : Node {
  static constexpr auto kKind = NodeKind::kPrivilege;
  std::string_view name;
  List<std::string_view> columns;
};
enum class GrantTarget : uint8_t {
  kObjects,
  kAllInSchema,  ///< ON ALL TABLES IN SCHEMA …: `objects` are the schemas
  kDefaults,     ///< inside ALTER DEFAULT PRIVILEGES
};
struct GrantStatement : Statement {
  static constexpr auto kKind = NodeKind::kGrant;
  bool grant = true;            ///< else REVOKE
  bool grant_option = false;    ///< WITH GRANT OPTION, GRANT OPTION FOR
  GrantTarget target = GrantTarget::kObjects;
  ObjectKind object{};
  List<const Privilege*> privileges;  ///< empty: ALL
  List<std::string_view> all_columns; ///< ALL (a, b)
  List<const ObjectRef*> objects;
  List<const RoleName*> grantees;
  const RoleName* grantor = nullptr;
  DropBehavior behavior = DropBehavior::kRestrict;
};
struct GrantRoleStatement : Statement {
  static constexpr auto kKind = NodeKind::kGrantRole;
  bool grant = true;
  bool admin_option = false;
  List<const Privilege*> roles;
  List<const RoleName*> grantees;
  const RoleName* grantor = nullptr;
  DropBehavior behavior = DropBehavior::kRestrict;
};
struct AlterDefaultPrivilegesStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterDefaultPrivileges;
  List<const RoleName*> roles;
  List<std::string_view> schemas;
  const GrantStatement* action = nullptr;
};
struct ReassignOwnedStatement : Statement {
  static constexpr auto kKind = NodeKind::kReassignOwned;
  List<const RoleName*> roles;
  const RoleName* new_owner = nullptr;
};
struct DropOwnedStatement : Statement {
  static constexpr auto kKind = NodeKind::kDropOwned;
  List<const RoleName*> roles;
  DropBehavior behavior = DropBehavior::kRestrict;
};

}  // namespace troupe::sql
