/// information_schema: who was granted what, as far as it concerns the session's user.
#include <algorithm>

#include "runtime/system/acl_text.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"

namespace troupe {
namespace {

/// Who asks, and which of the rows he is to see.
struct Asker {
  const Catalog& catalog;
  std::string database;
  std::vector<Oid> roles;
  bool superuser;
  bool only_own;  ///< role_*_grants: not those to PUBLIC

  Asker(const SystemSession& session, bool own)
      : catalog{*session.catalog()},
        database{session.database_name()},
        roles{roles_with_rights_of(catalog, session.user())},
        superuser{is_superuser(catalog, session.user())},
        only_own{own} {}

  bool is(Oid role) const {
    return role != kNoOid && (superuser || std::find(roles.begin(), roles.end(), role) != roles.end());
  }
  bool sees(const AclItem& item) const {
    return is(item.grantor) || is(item.grantee) || (item.grantee == kNoOid && !only_own);
  }
  std::string name_of(Oid role) const {
    const ObjectDef* def = role == kNoOid ? nullptr : catalog.find(role);
    return def == nullptr ? std::string("PUBLIC") : def->name;
  }
};

bool is_grantable(const AclItem& item, Privileges privilege, const ObjectDef& object, const Catalog& catalog) {
  const bool owner = item.grantee != kNoOid && has_rights_of(catalog, item.grantee, object.owner);
  return owner || (item.grantable & privilege) != 0;
}

/// Each privilege of each item that the asker sees.
template <typename Write>
void for_each_grant(const Acl& acl, Privileges wanted, const ObjectDef& object, const Asker& asker,
                    const Write& write) {
  for (const AclItem& item : acl.items) {
    if (!asker.sees(item)) continue;
    for (Privileges privilege = 1; privilege <= kAlterSystem; privilege <<= 1) {
      if ((item.privileges & wanted & privilege) == 0) continue;
      write(item, privilege, is_grantable(item, privilege, object, asker.catalog));
    }
  }
}

template <typename Write>
void for_each_relation(const Asker& asker, const Write& write) {
  for (const ObjectPtr& object : asker.catalog.objects()) {
    if (object->kind != ObjectKind::table && object->kind != ObjectKind::view) continue;
    if (is_materialized_view(*object)) continue;
    const ObjectDef* schema = asker.catalog.find(object->schema);
    write(*object, schema == nullptr ? std::string() : schema->name);
  }
}

void write_table_grants(const Asker& asker, RowWriter& out) {
  for_each_relation(asker, [&](const ObjectDef& relation, const std::string& schema) {
    for_each_grant(
        acl_of(relation), kTablePrivileges, relation, asker,
        [&](const AclItem& item, Privileges privilege, bool grantable) {
          out.row().set("grantor", asker.name_of(item.grantor)).set("grantee", asker.name_of(item.grantee));
          out.set("table_catalog", asker.database).set("table_schema", schema).set("table_name", relation.name);
          out.set("privilege_type", privilege_name(privilege)).set("is_grantable", yes_or_no(grantable));
          out.set("with_hierarchy", yes_or_no(privilege == kSelect));
        });
  });
}

void table_grants(const SystemSession& session, RowWriter& out) { write_table_grants(Asker(session, false), out); }
void role_table_grants(const SystemSession& session, RowWriter& out) { write_table_grants(Asker(session, true), out); }

void write_column_grants(const Asker& asker, RowWriter& out) {
  for_each_relation(asker, [&](const ObjectDef& relation, const std::string& schema) {
    const Acl whole = acl_of(relation);
    for (const ColumnDef& column : columns_of(relation)) {
      if (column.dropped) continue;
      Acl both = whole;
      both.items.insert(both.items.end(), column.acl.items.begin(), column.acl.items.end());
      for_each_grant(
          both, kColumnPrivileges, relation, asker, [&](const AclItem& item, Privileges privilege, bool grantable) {
            out.row().set("grantor", asker.name_of(item.grantor)).set("grantee", asker.name_of(item.grantee));
            out.set("table_catalog", asker.database).set("table_schema", schema).set("table_name", relation.name);
            out.set("column_name", column.name).set("privilege_type", privilege_name(privilege));
            out.set("is_grantable", yes_or_no(grantable));
          });
    }
  });
}

void column_grants(const SystemSession& session, RowWriter& out) { write_column_grants(Asker(session, false), out); }
void role_column_grants(const SystemSession& session, RowWriter& out) {
  write_column_grants(Asker(session, true), out);
}

void write_usage_grants(const Asker& asker, RowWriter& out) {
  for (const ObjectPtr& object : asker.catalog.objects(ObjectKind::sequence)) {
    const ObjectDef* schema = asker.catalog.find(object->schema);
    for_each_grant(acl_of(*object), kUsage, *object, asker, [&](const AclItem& item, Privileges, bool grantable) {
      out.row().set("grantor", asker.name_of(item.grantor)).set("grantee", asker.name_of(item.grantee));
      out.set("object_catalog", asker.database).set("object_schema", schema == nullptr ? std::string() : schema->name);
      out.set("object_name", object->name).set("object_type", "SEQUENCE").set("privilege_type", "USAGE");
      out.set("is_grantable", yes_or_no(grantable));
    });
  }
}

void usage_grants(const SystemSession& session, RowWriter& out) { write_usage_grants(Asker(session, false), out); }
void role_usage_grants(const SystemSession& session, RowWriter& out) { write_usage_grants(Asker(session, true), out); }

/// The roles whose rights the session's user has.
void enabled_roles(const SystemSession& session, RowWriter& out) {
  for (const ObjectPtr& object : session.catalog()->objects(ObjectKind::role)) {
    if (has_rights_of(*session.catalog(), session.user(), object->oid)) out.row().set("role_name", object->name);
  }
}

void write_memberships(const SystemSession& session, bool only_admin, RowWriter& out) {
  const Asker asker(session, true);
  for (const ObjectPtr& object : asker.catalog.objects(ObjectKind::role)) {
    if (!asker.is(object->oid)) continue;
    for (const Membership& membership : static_cast<const RoleDef&>(*object).member_of) {
      const ObjectDef* role = asker.catalog.find(membership.role);
      if (role == nullptr || (only_admin && !membership.admin)) continue;
      out.row().set("grantee", object->name).set("role_name", role->name);
      out.set("is_grantable", yes_or_no(membership.admin));
    }
  }
}

void applicable_roles(const SystemSession& session, RowWriter& out) { write_memberships(session, false, out); }
void administrable_roles(const SystemSession& session, RowWriter& out) { write_memberships(session, true, out); }

}  // namespace

void provide_information_schema_grants(Providers& to) {
  to.session("information_schema.table_privileges", table_grants);
  to.session("information_schema.role_table_grants", role_table_grants);
  to.session("information_schema.column_privileges", column_grants);
  to.session("information_schema.role_column_grants", role_column_grants);
  to.session("information_schema.usage_privileges", usage_grants);
  to.session("information_schema.role_usage_grants", role_usage_grants);
  to.session("information_schema.enabled_roles", enabled_roles);
  to.session("information_schema.applicable_roles", applicable_roles);
  to.session("information_schema.administrable_role_authorizations", administrable_roles);
}

}  // namespace troupe
