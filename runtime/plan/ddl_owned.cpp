/// REASSIGN OWNED, DROP OWNED, and what stands in the way of dropping a role.
#include <algorithm>
#include <map>

#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "storage/catalog/codec.hpp"

namespace troupe {
namespace {

bool mentions(const Acl& acl, Oid role) {
  return std::any_of(acl.items.begin(), acl.items.end(), [role](const AclItem& item) { return item.grantee == role; });
}

/// Indexes have no owner of their own.
bool is_owned(const ObjectDef& object, Oid role) {
  return object.owner == role && object.kind != ObjectKind::index && object.kind != ObjectKind::role;
}

const std::vector<DefaultAcl>* default_acls_of(const ObjectDef& object) {
  if (object.kind == ObjectKind::schema) return &static_cast<const SchemaDef&>(object).default_acls;
  if (object.kind == ObjectKind::database) return &static_cast<const DatabaseDef&>(object).default_acls;
  return nullptr;
}

std::string default_acl_text(const DefaultAcl& entry, const ObjectDef& place, const DdlBuilder& ddl) {
  const std::string_view what = entry.object_type == 'r'   ? "relations"
                                : entry.object_type == 'S' ? "sequences"
                                : entry.object_type == 'T' ? "types"
                                : entry.object_type == 'f' ? "functions"
                                                           : "schemas";
  const ObjectDef* role = ddl.catalog().find(entry.role);
  std::string text = cat("default privileges on new ", what, " belonging to role ", role == nullptr ? "?" : role->name);
  if (place.kind == ObjectKind::schema) text += cat(" in schema ", place.name);
  return text;
}

/// A line about why a role cannot be dropped, and the oid by which such lines are ordered.
struct Dependent {
  Oid oid;
  std::string text;
};

void add_default_acls(Oid role, const ObjectDef& place, const DdlBuilder& ddl, std::vector<Dependent>* out) {
  const std::vector<DefaultAcl>* all = default_acls_of(place);
  if (all == nullptr) return;
  for (const DefaultAcl& entry : *all) {
    if (entry.role == role) {
      out->push_back({entry.oid, cat("owner of ", default_acl_text(entry, place, ddl))});
    } else if (mentions(entry.acl, role)) {
      out->push_back({entry.oid, cat("privileges for ", default_acl_text(entry, place, ddl))});
    }
  }
}

/// The sequence of a column was made before its table, as PostgreSQL makes it.
Oid place_of(const ObjectDef& object) {
  if (object.kind != ObjectKind::sequence) return object.oid;
  const Oid table = static_cast<const SequenceDef&>(object).owner_table;
  return table == kNoOid ? object.oid : table;
}

void add_object(Oid role, const ObjectDef& object, const DdlBuilder& ddl, std::vector<Dependent>* out) {
  const Oid place = place_of(object);
  const std::string text = ddl_describe(object, ddl);
  if (is_owned(object, role)) {
    out->push_back({place, cat("owner of ", text)});
  } else if (object.acl.given && mentions(object.acl, role)) {
    out->push_back({place, cat("privileges for ", text)});
  }
  if (const auto* table = dynamic_cast<const TableDef*>(&object)) {
    for (const PolicyDef& policy : table->policies) {
      const bool is_target = std::find(policy.roles.begin(), policy.roles.end(), role) != policy.roles.end();
      if (is_target) out->push_back({policy.oid, cat("target of policy ", policy.name, " on ", text)});
    }
  }
  for (const ColumnDef& column : columns_of(object)) {
    if (!column.acl.given || !mentions(column.acl, role)) continue;
    out->push_back({place, cat("privileges for column ", column.name, " of ", text)});
  }
}

/// In the session's database and in none; sequences before the tables they belong to.
std::vector<Dependent> dependents_here(Oid role, const DdlBuilder& ddl) {
  std::vector<Dependent> found;
  for (const bool sequences : {true, false}) {
    for (const ObjectPtr& object : ddl.catalog().objects()) {
      const ObjectDef* now = ddl.find(object->oid);
      if (now == nullptr || (now->kind == ObjectKind::sequence) != sequences) continue;
      add_object(role, *now, ddl, &found);
      const bool elsewhere = now->kind == ObjectKind::database && now->oid != ddl.catalog().database();
      if (!elsewhere) add_default_acls(role, *now, ddl, &found);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Dependent& a, const Dependent& b) { return a.oid < b.oid; });
  return found;
}

size_t count_in_database(Oid role, const ObjectDef& database, const DdlBuilder& ddl) {
  std::vector<Dependent> found;
  for (const ObjectPtr& object : ddl.catalog().objects_of(database.oid)) {
    add_object(role, *object, ddl, &found);
    add_default_acls(role, *object, ddl, &found);
  }
  add_default_acls(role, database, ddl, &found);
  return found.size();
}

}  // namespace

std::vector<std::string> ddl_dependents_of_role(Oid role, const DdlBuilder& ddl) {
  std::vector<std::string> lines;
  for (Dependent& dependent : dependents_here(role, ddl)) lines.push_back(std::move(dependent.text));
  for (const ObjectPtr& database : ddl.catalog().objects(ObjectKind::database)) {
    if (database->oid == ddl.catalog().database()) continue;
    const size_t count = count_in_database(role, *database, ddl);
    if (count > 0) lines.push_back(cat(count, count == 1 ? " object" : " objects", " in database ", database->name));
  }
  return lines;
}

namespace {

/// Errors: 42501 with `message`, 2BP01 for roles that the system needs.
absl::StatusOr<std::vector<Oid>> roles_of(sql::List<const sql::RoleName*> names, std::string_view denied,
                                          std::string_view required, const DdlBuilder& ddl) {
  std::vector<Oid> roles;
  for (const sql::RoleName* name : names) {
    TROUPE_ASSIGN_OR_RETURN(const Oid role, ddl_role(*name, ddl));
    if (!has_rights_of(ddl.catalog(), ddl.context().role, role))
      return error(ErrorCode::kInsufficientPrivilege, denied);
    if (role < kFirstUserOid) {
      return error(ErrorCode::kDependentObjectsStillExist, "cannot ", required, " role ",
                   ddl.catalog().find(role)->name, " because they are required by the database system");
    }
    roles.push_back(role);
  }
  return roles;
}

bool contains(const std::vector<Oid>& roles, Oid role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

}  // namespace

absl::Status ddl_reassign_owned(const sql::ReassignOwnedStatement& reassign, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(
      const std::vector<Oid> roles,
      roles_of(reassign.roles, "permission denied to reassign objects", "reassign ownership of objects owned by", ddl));
  TROUPE_ASSIGN_OR_RETURN(const Oid owner, ddl_role(*reassign.new_owner, ddl));
  if (!has_rights_of(ddl.catalog(), ddl.context().role, owner)) {
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to reassign objects");
  }
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    if (object->kind == ObjectKind::role || !contains(roles, object->owner)) continue;
    std::shared_ptr<ObjectDef> changed = copy_object(*ddl.find(object->oid));
    ddl_give(owner, changed.get());
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

namespace {

void forget_in(const std::vector<Oid>& roles, Oid owner, Acl* acl) {
  if (!acl->given) return;
  for (const Oid role : roles) {
    if (role == owner) continue;
    std::erase_if(acl->items, [role](const AclItem& item) { return item.grantee == role || item.grantor == role; });
  }
}

void forget_defaults_in(const std::vector<Oid>& roles, std::vector<DefaultAcl>* all) {
  std::erase_if(*all, [&](const DefaultAcl& entry) { return contains(roles, entry.role); });
  for (DefaultAcl& entry : *all) forget_in(roles, entry.role, &entry.acl);
}

void forget_columns_in(const std::vector<Oid>& roles, Oid owner, std::vector<ColumnDef>* columns) {
  for (ColumnDef& column : *columns) {
    forget_in(roles, owner, &column.acl);
    column.acl.given = !column.acl.items.empty();
  }
}

/// What was granted to the roles.
void forget_grants(const std::vector<Oid>& roles, DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    const ObjectDef* now = ddl.find(object->oid);
    if (now == nullptr || now->kind == ObjectKind::role || now->kind == ObjectKind::index) continue;
    if (now->kind == ObjectKind::database && now->oid != ddl.catalog().database() && !now->acl.given) continue;
    std::shared_ptr<ObjectDef> changed = copy_object(*now);
    forget_in(roles, now->owner, &changed->acl);
    if (auto* table = dynamic_cast<TableDef*>(changed.get())) {
      forget_columns_in(roles, now->owner, &table->columns);
      ddl_forget_policy_roles(roles, table);
    }
    if (auto* view = dynamic_cast<ViewDef*>(changed.get())) forget_columns_in(roles, now->owner, &view->columns);
    if (auto* schema = dynamic_cast<SchemaDef*>(changed.get())) forget_defaults_in(roles, &schema->default_acls);
    if (auto* database = dynamic_cast<DatabaseDef*>(changed.get());
        database != nullptr && now->oid == ddl.catalog().database()) {
      forget_defaults_in(roles, &database->default_acls);
    }
    if (encode_object(*changed) != encode_object(*now)) ddl.put(std::move(changed));
  }
}

}  // namespace

absl::Status ddl_drop_owned(const sql::DropOwnedStatement& drop, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Oid> roles,
                          roles_of(drop.roles, "permission denied to drop objects", "drop objects owned by", ddl));
  std::vector<const ObjectDef*> owned;
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    if (object->kind != ObjectKind::database &&
        std::any_of(roles.begin(), roles.end(), [&](Oid role) { return is_owned(*object, role); })) {
      owned.push_back(object.get());
    }
  }
  TROUPE_RETURN_IF_ERROR(ddl_drop_all(owned, drop.behavior, ddl));
  forget_grants(roles, ddl);
  return absl::OkStatus();
}

}  // namespace troupe
