/// CREATE, ALTER, DROP and RENAME of roles, and membership in them. Passwords are plain in the plan; whoever performs
/// it keeps their verifiers only.
#include <algorithm>
#include <set>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

absl::Status refused(std::string_view message) { return error(ErrorCode::kInsufficientPrivilege, message); }

absl::Status no_role(std::string_view name) {
  return error(ErrorCode::kUndefinedObject, "role \"", name, "\" does not exist");
}

const RoleDef& acting_role(const DdlBuilder& ddl) { return role_or_nobody(ddl.catalog(), ddl.context().role); }

/// The role as the statement has left it so far.
const RoleDef* find_role(Oid oid, const DdlBuilder& ddl) {
  const ObjectDef* object = ddl.find(oid);
  return object != nullptr && object->kind == ObjectKind::role ? static_cast<const RoleDef*>(object) : nullptr;
}

bool may_create_roles(const RoleDef& role) { return role.superuser || role.create_role; }

/// Errors: 42939 for a name that begins with pg_.
absl::Status check_role_name(std::string_view name) {
  if (!name.starts_with("pg_")) return absl::OkStatus();
  return with_detail(error(ErrorCode::kReservedName, "role name \"", name, "\" is reserved"),
                     "Role names starting with \"pg_\" are reserved.");
}

bool flag(const sql::Option& option) { return option.value->to<sql::Literal>().integer != 0; }

absl::Status apply_option(const sql::Option& option, RoleDef* role, DdlBuilder& ddl) {
  const std::string_view name = option.name;
  const std::pair<std::string_view, bool*> flags[] = {{"superuser", &role->superuser},
                                                      {"createdb", &role->create_database},
                                                      {"createrole", &role->create_role},
                                                      {"inherit", &role->inherit},
                                                      {"login", &role->can_login},
                                                      {"replication", &role->replication},
                                                      {"bypassrls", &role->bypass_row_security}};
  for (const auto& [known, place] : flags) {
    if (name == known) *place = flag(option);
  }
  if (name == "connection_limit") {
    const int64_t limit = option.value->to<sql::Literal>().integer;
    if (limit < -1) return error(ErrorCode::kInvalidParameterValue, "invalid connection limit: ", limit);
    role->connection_limit = static_cast<int32_t>(limit);
  } else if (name == "valid_until") {
    const auto& text = option.value->to<sql::Literal>().text;
    TROUPE_ASSIGN_OR_RETURN(const Value at, parse_text(Type{oid::kTimestamptz}, text, ddl.binder().evaluation()));
    role->valid_until.clear();
    format_text(Type{oid::kTimestamptz}, at, EvalContext{}, &role->valid_until);
  } else if (name == "password") {
    const auto& password = option.value->to<sql::Literal>();
    role->password = password.type == sql::LiteralType::kNull ? std::string() : std::string(password.text);
    if (password.type != sql::LiteralType::kNull && password.text.empty()) {
      ddl.notice(ErrorCode::kOk, "empty string is not a valid password, clearing password");
    }
  } else if (name == "sysid") {
    ddl.notice(ErrorCode::kOk, "SYSID can no longer be specified");
  }
  return absl::OkStatus();
}

absl::Status apply_options(sql::List<const sql::Option*> options, RoleDef* role, DdlBuilder& ddl) {
  std::set<std::string_view> seen;
  for (const sql::Option* option : options) {
    if (!seen.insert(option->name).second) {
      return ddl.fail_at(ErrorCode::kSyntaxError, *option, "conflicting or redundant options");
    }
    TROUPE_RETURN_IF_ERROR(apply_option(*option, role, ddl));
  }
  return absl::OkStatus();
}

// --- membership ---

/// Errors: 42501.
absl::Status check_may_admit(const RoleDef& role, const DdlBuilder& ddl) {
  const RoleDef& self = acting_role(ddl);
  if (role.superuser) return self.superuser ? absl::OkStatus() : refused("must be superuser to alter superusers");
  if (may_create_roles(self) || is_admin_of(ddl.catalog(), self.oid, role.oid)) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "must have admin option on role \"", role.name, "\"");
}

/// Whether `role` is a member of `other`, with what the statement has changed so far.
bool reaches(Oid role, Oid other, const DdlBuilder& ddl) {
  if (role == other) return true;
  const RoleDef* def = find_role(role, ddl);
  return def != nullptr && std::any_of(def->member_of.begin(), def->member_of.end(), [&](const Membership& membership) {
           return reaches(membership.role, other, ddl);
         });
}

absl::Status admit(const RoleDef& group, Oid member, bool admin, DdlBuilder& ddl) {
  if (group.oid == kDatabaseOwnerRole) {
    return error(ErrorCode::kInternalError, "role \"", group.name, "\" cannot have explicit members");
  }
  const RoleDef* found = find_role(member, ddl);
  if (found->oid == kDatabaseOwnerRole) {
    return error(ErrorCode::kInternalError, "role \"", found->name, "\" cannot be a member of any role");
  }
  if (reaches(group.oid, member, ddl)) {
    return error(kInvalidGrantOperation, "role \"", group.name, "\" is a member of role \"", found->name, "\"");
  }
  auto changed = std::make_shared<RoleDef>(*found);
  for (Membership& known : changed->member_of) {
    if (known.role != group.oid) continue;
    if (known.admin || !admin) {
      ddl.notice(ErrorCode::kOk, cat("role \"", found->name, "\" is already a member of role \"", group.name, "\""));
      return absl::OkStatus();
    }
    known.admin = true;
    ddl.put(std::move(changed));
    return absl::OkStatus();
  }
  changed->member_of.push_back({group.oid, admin, ddl.context().role});
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

absl::Status expel(const RoleDef& group, Oid member, bool only_admin_option, DdlBuilder& ddl) {
  const RoleDef* found = find_role(member, ddl);
  auto changed = std::make_shared<RoleDef>(*found);
  auto& all = changed->member_of;
  const auto known = std::find_if(all.begin(), all.end(), [&](const Membership& m) { return m.role == group.oid; });
  if (known == all.end()) {
    ddl.plan().notices.push_back({"WARNING",
                                  ErrorCode::kWarning,
                                  cat("role \"", found->name, "\" is not a member of role \"", group.name, "\""),
                                  {}});
    return absl::OkStatus();
  }
  if (only_admin_option) {
    known->admin = false;
  } else {
    all.erase(known);
  }
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

absl::Status admit_all(const RoleDef& group, sql::List<const sql::RoleName*> members, bool admin, DdlBuilder& ddl) {
  if (members.empty()) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(check_may_admit(group, ddl));
  for (const sql::RoleName* name : members) {
    TROUPE_ASSIGN_OR_RETURN(const Oid member, ddl_role(*name, ddl));
    TROUPE_RETURN_IF_ERROR(admit(group, member, admin, ddl));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Oid> ddl_role(const sql::RoleName& name, const DdlBuilder& ddl) {
  using Type = sql::RoleName::Type;
  switch (name.type) {
    case Type::kCurrentRole:
    case Type::kCurrentUser: return ddl.context().role;
    case Type::kSessionUser: return ddl.context().session_role;
    case Type::kPublic: return no_role("public");
    case Type::kNamed: break;
  }
  const RoleDef* role = ddl.catalog().find_role(name.name);
  if (role == nullptr) return no_role(name.name);
  return role->oid;
}

// --- CREATE, ALTER ---

namespace {

absl::Status check_may_create(const RoleDef& role, const RoleDef& self) {
  if (self.superuser) return absl::OkStatus();
  if (role.superuser) return refused("must be superuser to create superusers");
  if (role.replication) return refused("must be superuser to create replication users");
  if (role.bypass_row_security) return refused("must be superuser to create bypassrls users");
  return self.create_role ? absl::OkStatus() : refused("permission denied to create role");
}

bool has_option(sql::List<const sql::Option*> options, std::string_view name) {
  return std::any_of(options.begin(), options.end(), [&](const sql::Option* option) { return option->name == name; });
}

absl::Status check_may_alter(const sql::AlterRoleStatement& alter, const RoleDef& role, const DdlBuilder& ddl) {
  const RoleDef& self = acting_role(ddl);
  if (self.superuser) return absl::OkStatus();
  if (role.superuser || has_option(alter.options, "superuser")) {
    return refused("must be superuser to alter superuser roles or change superuser attribute");
  }
  if (role.replication || has_option(alter.options, "replication")) {
    return refused("must be superuser to alter replication roles or change replication attribute");
  }
  if (has_option(alter.options, "bypassrls")) return refused("must be superuser to change bypassrls attribute");
  // One's own password is one's own business.
  const bool only_password =
      alter.options.size() == 1 && has_option(alter.options, "password") && alter.members.empty();
  if (self.create_role || (only_password && role.oid == self.oid)) return absl::OkStatus();
  return refused("permission denied");
}

}  // namespace

absl::Status ddl_create_role(const sql::CreateRoleStatement& create, DdlBuilder& ddl) {
  auto role = std::make_shared<RoleDef>();
  role->name = create.name;
  role->can_login = create.role_kind == sql::RoleKind::kUser;
  TROUPE_RETURN_IF_ERROR(apply_options(create.options, role.get(), ddl));
  TROUPE_RETURN_IF_ERROR(check_may_create(*role, acting_role(ddl)));
  TROUPE_RETURN_IF_ERROR(check_role_name(create.name));
  if (ddl.catalog().find_role(create.name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "role \"", create.name, "\" already exists");
  }
  const Oid oid = role->oid = ddl.new_oid();
  ddl.put(role);
  for (const sql::RoleName* name : create.in_roles) {
    TROUPE_ASSIGN_OR_RETURN(const Oid group, ddl_role(*name, ddl));
    TROUPE_RETURN_IF_ERROR(check_may_admit(*find_role(group, ddl), ddl));
    TROUPE_RETURN_IF_ERROR(admit(*find_role(group, ddl), oid, false, ddl));
  }
  TROUPE_RETURN_IF_ERROR(admit_all(*role, create.admin_members, true, ddl));
  return admit_all(*role, create.members, false, ddl);
}

absl::Status ddl_alter_role(const sql::AlterRoleStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, ddl_role(*alter.role, ddl));
  const RoleDef& before = *find_role(oid, ddl);
  if (alter.group || !alter.members.empty()) {
    TROUPE_RETURN_IF_ERROR(check_may_admit(before, ddl));
    if (!alter.drop_members) return admit_all(before, alter.members, false, ddl);
    for (const sql::RoleName* name : alter.members) {
      TROUPE_ASSIGN_OR_RETURN(const Oid member, ddl_role(*name, ddl));
      TROUPE_RETURN_IF_ERROR(expel(before, member, false, ddl));
    }
    return absl::OkStatus();
  }
  if (before.name.starts_with("pg_")) {
    return with_detail(error(ErrorCode::kReservedName, "role name \"", before.name, "\" is reserved"),
                       "Cannot alter reserved roles.");
  }
  TROUPE_RETURN_IF_ERROR(check_may_alter(alter, before, ddl));
  auto role = std::make_shared<RoleDef>(before);
  TROUPE_RETURN_IF_ERROR(apply_options(alter.options, role.get(), ddl));
  ddl.put(std::move(role));
  return absl::OkStatus();
}

absl::Status ddl_rename_role(std::string_view name, std::string_view new_name, DdlBuilder& ddl) {
  const RoleDef* found = ddl.catalog().find_role(name);
  if (found == nullptr) return no_role(name);
  if (found->oid == ddl.context().session_role) {
    return error(ErrorCode::kFeatureNotSupported, "session user cannot be renamed");
  }
  if (found->oid == ddl.context().role) return error(ErrorCode::kFeatureNotSupported, "current user cannot be renamed");
  TROUPE_RETURN_IF_ERROR(check_role_name(name));
  TROUPE_RETURN_IF_ERROR(check_role_name(new_name));
  if (ddl.catalog().find_role(new_name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "role \"", new_name, "\" already exists");
  }
  const RoleDef& self = acting_role(ddl);
  if (found->superuser && !self.superuser) return refused("must be superuser to rename superusers");
  if (!may_create_roles(self)) return refused("permission denied to rename role");
  auto role = std::make_shared<RoleDef>(*found);
  role->name = new_name;
  ddl.put(std::move(role));
  return absl::OkStatus();
}

// --- DROP ---

namespace {

absl::Status check_may_drop(const RoleDef& role, const DdlBuilder& ddl) {
  if (role.oid == ddl.context().role) return error(ErrorCode::kObjectInUse, "current user cannot be dropped");
  if (role.oid == ddl.context().session_role) return error(ErrorCode::kObjectInUse, "session user cannot be dropped");
  if (role.superuser && !acting_role(ddl).superuser) return refused("must be superuser to drop superusers");
  if (role.oid < kFirstUserOid) {
    return error(ErrorCode::kDependentObjectsStillExist, "cannot drop role ", role.name,
                 " because it is required by the database system");
  }
  const std::vector<std::string> dependents = ddl_dependents_of_role(role.oid, ddl);
  if (dependents.empty()) return absl::OkStatus();
  std::string detail;
  for (const std::string& line : dependents) detail += cat(detail.empty() ? "" : "\n", line);
  return with_detail(error(ErrorCode::kDependentObjectsStillExist, "role \"", role.name,
                           "\" cannot be dropped because some objects depend on it"),
                     std::move(detail));
}

/// It is no member any more, of what stays, and has no settings in a database.
void forget_role(Oid oid, DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::role)) {
    const RoleDef* role = find_role(object->oid, ddl);
    if (role == nullptr) continue;
    auto changed = std::make_shared<RoleDef>(*role);
    if (std::erase_if(changed->member_of, [oid](const Membership& m) { return m.role == oid; }) > 0) {
      ddl.put(std::move(changed));
    }
  }
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::database)) {
    auto changed = std::make_shared<DatabaseDef>(static_cast<const DatabaseDef&>(*ddl.find(object->oid)));
    if (std::erase_if(changed->role_settings, [oid](const RoleSettings& s) { return s.role == oid; }) > 0) {
      ddl.put(std::move(changed));
    }
  }
}

}  // namespace

absl::Status ddl_drop_role(const sql::DropRoleStatement& drop, DdlBuilder& ddl) {
  if (!may_create_roles(acting_role(ddl))) return refused("permission denied to drop role");
  for (const sql::RoleName* name : drop.roles) {
    if (name->type != sql::RoleName::Type::kNamed) {
      return error(ErrorCode::kInvalidParameterValue, "cannot use special role specifier in DROP ROLE");
    }
    const RoleDef* role = ddl.catalog().find_role(name->name);
    if (role == nullptr) {
      if (!drop.if_exists) return no_role(name->name);
      ddl.notice(ErrorCode::kOk, cat("role \"", name->name, "\" does not exist, skipping"));
      continue;
    }
    TROUPE_RETURN_IF_ERROR(check_may_drop(*role, ddl));
    ddl.drop(role->oid);
    forget_role(role->oid, ddl);
  }
  return absl::OkStatus();
}

// --- GRANT and REVOKE of roles ---

absl::Status ddl_grant_role(const sql::GrantRoleStatement& grant, DdlBuilder& ddl) {
  if (grant.grantor != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(const Oid grantor, ddl_role(*grant.grantor, ddl));
    if (grantor != ddl.context().role && !acting_role(ddl).superuser) {
      return refused("must be superuser to set grantor");
    }
  }
  for (const sql::Privilege* privilege : grant.roles) {
    if (!privilege->columns.empty()) {
      return error(kInvalidGrantOperation, "column names cannot be included in GRANT/REVOKE ROLE");
    }
    const RoleDef* group = ddl.catalog().find_role(privilege->name);
    if (group == nullptr) return no_role(privilege->name);
    TROUPE_RETURN_IF_ERROR(check_may_admit(*group, ddl));
    for (const sql::RoleName* name : grant.grantees) {
      TROUPE_ASSIGN_OR_RETURN(const Oid member, ddl_role(*name, ddl));
      TROUPE_RETURN_IF_ERROR(grant.grant ? admit(*group, member, grant.admin_option, ddl)
                                         : expel(*group, member, grant.admin_option, ddl));
    }
  }
  return absl::OkStatus();
}

}  // namespace troupe
