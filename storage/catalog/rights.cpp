#include "storage/catalog/rights.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {
namespace {

enum class Follow : uint8_t { kRights, kMembers };

bool contains(const std::vector<Oid>& roles, Oid role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

/// The role and the roles it is a member of, directly or through others.
std::vector<Oid> reached_from(const Catalog& catalog, Oid role, Follow follow) {
  std::vector<Oid> roles{role};
  const auto* database = catalog.find_as<DatabaseDef>(catalog.database());
  for (size_t i = 0; i < roles.size(); ++i) {
    const auto* def = catalog.find_as<RoleDef>(roles[i]);
    if (def == nullptr) continue;
    // Whoever owns the database is a member of pg_database_owner.
    if (database != nullptr && database->owner == roles[i] && !contains(roles, kDatabaseOwnerRole)) {
      roles.push_back(kDatabaseOwnerRole);
    }
    if (follow == Follow::kRights && !def->inherit) continue;
    for (const Membership& membership : def->member_of) {
      if (!contains(roles, membership.role)) roles.push_back(membership.role);
    }
  }
  return roles;
}

std::string_view kind_word(const ObjectDef& object) {
  switch (object.kind) {
    case ObjectKind::schema: return "schema";
    case ObjectKind::index: return "index";
    case ObjectKind::sequence: return "sequence";
    case ObjectKind::view: return "view";
    case ObjectKind::type: return "type";
    case ObjectKind::role: return "role";
    case ObjectKind::database: return "database";
    case ObjectKind::function: return static_cast<const FunctionDef&>(object).procedure ? "procedure" : "function";
    case ObjectKind::publication: return "publication";
    case ObjectKind::stream: return "stream";
    case ObjectKind::table:
      return static_cast<const TableDef&>(object).is_materialized_view() ? "materialized view" : "table";
  }
  return "object";
}

}  // namespace

Privileges all_privileges(SecurableKind kind) {
  switch (kind) {
    case SecurableKind::kTable: return kTablePrivileges;
    case SecurableKind::kSequence: return kSequencePrivileges;
    case SecurableKind::kColumn: return kColumnPrivileges;
    case SecurableKind::kSchema: return kSchemaPrivileges;
    case SecurableKind::kDatabase: return kDatabasePrivileges;
    case SecurableKind::kType: return kTypePrivileges;
    case SecurableKind::kFunction: return kFunctionPrivileges;
    case SecurableKind::kStream: return kStreamPrivileges;
  }
  return 0;
}

SecurableKind securable_kind(const ObjectDef& object) {
  switch (object.kind) {
    case ObjectKind::sequence: return SecurableKind::kSequence;
    case ObjectKind::schema: return SecurableKind::kSchema;
    case ObjectKind::database: return SecurableKind::kDatabase;
    case ObjectKind::type: return SecurableKind::kType;
    case ObjectKind::function: return SecurableKind::kFunction;
    case ObjectKind::stream: return SecurableKind::kStream;
    default: return SecurableKind::kTable;
  }
}

std::string_view privilege_name(Privileges privilege) {
  constexpr std::pair<Privileges, std::string_view> kNames[] = {
      {kInsert, "INSERT"},     {kSelect, "SELECT"},           {kUpdate, "UPDATE"},       {kDelete, "DELETE"},
      {kTruncate, "TRUNCATE"}, {kReferences, "REFERENCES"},   {kTrigger, "TRIGGER"},     {kExecute, "EXECUTE"},
      {kUsage, "USAGE"},       {kCreate, "CREATE"},           {kTemporary, "TEMPORARY"}, {kConnect, "CONNECT"},
      {kSetParameter, "SET"},  {kAlterSystem, "ALTER SYSTEM"}};
  for (const auto& [bit, name] : kNames) {
    if (bit == privilege) return name;
  }
  return "?";
}

std::vector<Oid> roles_with_rights_of(const Catalog& catalog, Oid role) {
  return reached_from(catalog, role, Follow::kRights);
}

const RoleDef& role_or_nobody(const Catalog& catalog, Oid role) {
  static const RoleDef* nobody = new RoleDef;
  const auto* found = catalog.find_as<RoleDef>(role);
  return found == nullptr ? *nobody : *found;
}

bool is_superuser(const Catalog& catalog, Oid role) {
  const auto* def = catalog.find_as<RoleDef>(role);
  return def != nullptr && def->superuser;
}

bool has_rights_of(const Catalog& catalog, Oid role, Oid other) {
  return role == other || is_superuser(catalog, role) || contains(roles_with_rights_of(catalog, role), other);
}

bool is_member_of(const Catalog& catalog, Oid role, Oid other) {
  return is_superuser(catalog, role) || is_given_member_of(catalog, role, other);
}

bool is_given_member_of(const Catalog& catalog, Oid role, Oid other) {
  return role == other || contains(reached_from(catalog, role, Follow::kMembers), other);
}

bool is_admin_of(const Catalog& catalog, Oid role, Oid other) {
  if (is_superuser(catalog, role)) return true;
  for (const Oid reached : reached_from(catalog, role, Follow::kMembers)) {
    const auto* def = catalog.find_as<RoleDef>(reached);
    if (def == nullptr) continue;
    for (const Membership& membership : def->member_of) {
      if (membership.role == other && membership.admin) return true;
    }
  }
  return false;
}

bool owns(const Catalog& catalog, Oid role, const ObjectDef& object) {
  return has_rights_of(catalog, role, object.owner);
}

bool is_under_row_security(const Catalog& catalog, Oid role, const TableDef& table) {
  if (!table.row_security) return false;
  const RoleDef& who = role_or_nobody(catalog, role);
  if (who.superuser || who.bypass_row_security) return false;
  return table.force_row_security || !owns(catalog, role, table);
}

Acl default_acl(SecurableKind kind, Oid owner) {
  Acl acl;
  acl.given = true;
  if (kind == SecurableKind::kColumn) return acl;
  if (kind == SecurableKind::kDatabase) acl.items.push_back({kNoOid, owner, kTemporary | kConnect, 0});
  if (kind == SecurableKind::kType) acl.items.push_back({kNoOid, owner, kUsage, 0});
  if (kind == SecurableKind::kFunction) acl.items.push_back({kNoOid, owner, kExecute, 0});
  acl.items.push_back({owner, owner, all_privileges(kind), 0});
  return acl;
}

Acl acl_of(const ObjectDef& object) {
  return object.acl.given ? object.acl : default_acl(securable_kind(object), object.owner);
}

bool same_rights(const Acl& a, const Acl& b) {
  return a.given == b.given && std::is_permutation(a.items.begin(), a.items.end(), b.items.begin(), b.items.end());
}

Privileges rights_in(const Catalog& catalog, Oid role, const Acl& acl, Oid owner, Privileges wanted, bool grantable) {
  if (is_superuser(catalog, role)) return wanted;
  const std::vector<Oid> roles = roles_with_rights_of(catalog, role);
  if (grantable && contains(roles, owner)) return wanted;
  Privileges found = 0;
  for (const AclItem& item : acl.items) {
    if (item.grantee != kNoOid && !contains(roles, item.grantee)) continue;
    found |= grantable ? item.grantable : item.privileges;
  }
  return found & wanted;
}

Privileges rights_on(const Catalog& catalog, Oid role, const ObjectDef& object, Privileges wanted) {
  Privileges found = rights_in(catalog, role, acl_of(object), object.owner, wanted);
  if ((wanted & ~found) == 0) return found;
  const std::vector<Oid> roles = roles_with_rights_of(catalog, role);
  const bool relation = object.name_class() == NameClass::relation;
  const bool schema = object.kind == ObjectKind::schema;
  if (contains(roles, kReadAllRole)) found |= relation ? kSelect : schema ? kUsage : 0;
  if (contains(roles, kWriteAllRole)) found |= relation ? kInsert | kUpdate | kDelete : schema ? kUsage : 0;
  return found & wanted;
}

std::vector<ColumnDef>* edit_columns(ObjectDef* relation) {
  if (relation->kind == ObjectKind::table) return &static_cast<TableDef&>(*relation).columns;
  return relation->kind == ObjectKind::view ? &static_cast<ViewDef&>(*relation).columns : nullptr;
}

const std::vector<ColumnDef>& columns_of(const ObjectDef& relation) {
  static const std::vector<ColumnDef> kNone;
  if (relation.kind == ObjectKind::table) return static_cast<const TableDef&>(relation).columns;
  if (relation.kind == ObjectKind::view) return static_cast<const ViewDef&>(relation).columns;
  return kNone;
}

bool may_use_column(const Catalog& catalog, Oid role, const ObjectDef& relation, const ColumnDef& column,
                    Privileges wanted) {
  return column.acl.given && rights_in(catalog, role, column.acl, relation.owner, wanted) == wanted;
}

absl::Status permission_denied(const ObjectDef& object) {
  return error(ErrorCode::kInsufficientPrivilege, "permission denied for ", kind_word(object), " ", object.name);
}

absl::Status must_be_owner(const ObjectDef& object) {
  return error(ErrorCode::kInsufficientPrivilege, "must be owner of ", kind_word(object), " ", object.name);
}

absl::Status check_right(const Catalog& catalog, Oid role, const ObjectDef& object, Privileges wanted) {
  return rights_on(catalog, role, object, wanted) == wanted ? absl::OkStatus() : permission_denied(object);
}

absl::Status check_owner(const Catalog& catalog, Oid role, const ObjectDef& object) {
  return owns(catalog, role, object) ? absl::OkStatus() : must_be_owner(object);
}

// --- changing what was granted ---

namespace {

AclItem* find_item(Oid grantee, Oid grantor, Acl* acl) {
  for (AclItem& item : acl->items) {
    if (item.grantee == grantee && item.grantor == grantor) return &item;
  }
  return nullptr;
}

Privileges grantable_by(Oid role, Oid owner, const Acl& acl) {
  if (role == owner) return ~Privileges{0};
  Privileges found = 0;
  for (const AclItem& item : acl.items) {
    if (item.grantee == role) found |= item.grantable;
  }
  return found;
}

/// What `grantee` passed on and may no longer goes too, or stands in the way.
absl::Status revoke_passed_on(Oid grantee, Privileges lost, bool cascade, Oid owner, Acl* acl) {
  const Privileges gone = lost & ~grantable_by(grantee, owner, *acl);
  if (gone == 0) return absl::OkStatus();
  for (size_t i = 0; i < acl->items.size(); ++i) {
    AclItem item = acl->items[i];
    item.privileges &= gone;
    if (item.grantor != grantee || item.privileges == 0) continue;
    if (!cascade) {
      return with_hint(error(ErrorCode::kDependentObjectsStillExist, "dependent privileges exist"),
                       "Use CASCADE to revoke them too.");
    }
    item.grantable = item.privileges;
    TROUPE_RETURN_IF_ERROR(revoke_in(item, false, true, owner, acl));
    i = SIZE_MAX;  // from the beginning: items may have gone
  }
  return absl::OkStatus();
}

/// Nobody may have a grant option of somebody who has it of him.
absl::Status check_circle(const AclItem& item, Oid owner, const Acl& acl) {
  if (item.grantable == 0 || item.grantor == owner) return absl::OkStatus();
  Acl without = acl;
  // Without what the new grantee gave, does the grantor still have the option?
  const AclItem held{item.grantee, item.grantor, item.grantable, item.grantable};
  for (AclItem& other : without.items) {
    if (other.grantee != item.grantee) continue;
    const AclItem lost{other.grantee, other.grantor, 0, other.grantable & held.grantable};
    if (lost.grantable != 0) TROUPE_RETURN_IF_ERROR(revoke_in(lost, true, true, owner, &without));
    break;
  }
  if ((item.grantable & ~grantable_by(item.grantor, owner, without)) == 0) return absl::OkStatus();
  return error(kInvalidGrantOperation, "grant options cannot be granted back to your own grantor");
}

}  // namespace

absl::Status grant_in(const AclItem& item, Oid owner, const Catalog&, Acl* acl) {
  TROUPE_RETURN_IF_ERROR(check_circle(item, owner, *acl));
  AclItem* place = find_item(item.grantee, item.grantor, acl);
  if (place == nullptr) {
    acl->items.push_back({item.grantee, item.grantor, 0, 0});
    place = &acl->items.back();
  }
  place->privileges |= item.privileges;
  place->grantable |= item.grantable;
  return absl::OkStatus();
}

absl::Status revoke_in(const AclItem& item, bool only_grant_option, bool cascade, Oid owner, Acl* acl) {
  AclItem* place = find_item(item.grantee, item.grantor, acl);
  if (place == nullptr) return absl::OkStatus();
  const Privileges gone = only_grant_option ? item.grantable : item.privileges;
  const Privileges lost = place->grantable & gone;
  place->grantable &= ~gone;
  if (!only_grant_option) place->privileges &= ~gone;
  tidy(acl);
  return lost == 0 ? absl::OkStatus() : revoke_passed_on(item.grantee, lost, cascade, owner, acl);
}

void change_owner_in(Oid old_owner, Oid new_owner, Acl* acl) {
  if (!acl->given) return;
  Acl changed;
  changed.given = true;
  for (AclItem item : acl->items) {
    if (item.grantee == old_owner) item.grantee = new_owner;
    if (item.grantor == old_owner) item.grantor = new_owner;
    if (AclItem* place = find_item(item.grantee, item.grantor, &changed)) {
      place->privileges |= item.privileges;
      place->grantable |= item.grantable;
    } else {
      changed.items.push_back(item);
    }
  }
  *acl = std::move(changed);
}

void tidy(Acl* acl) {
  std::erase_if(acl->items, [](const AclItem& item) { return item.privileges == 0 && item.grantable == 0; });
}

}  // namespace troupe
