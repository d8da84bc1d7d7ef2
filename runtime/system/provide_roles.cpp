/// pg_namespace, pg_extension, pg_authid and its views, pg_auth_members, pg_database, pg_tablespace.
#include <algorithm>

#include "runtime/settings/encoding.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/providers.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

template <typename Def, typename Write>
void for_each(const CatalogScan& scan, ObjectKind kind, const Write& write) {
  for (const ObjectPtr& object : scan.catalog.objects(kind)) write(static_cast<const Def&>(*object));
}

/// What PostgreSQL's initdb grants on schema public: everybody may use it. pg_dump knows, and says no more of it.
Value public_privileges(const Catalog& catalog, const SchemaDef& schema) {
  const RoleDef* role = catalog.find_as<RoleDef>(schema.owner);
  const std::string owner = role == nullptr ? cat(schema.owner) : role->name;
  const Value items[] = {Value::text(cat(owner, "=UC/", owner)), Value::text(cat("=U/", owner))};
  return Value::text(pack_array(oid::kAclItem, Physical::kVarlen, items));
}

void catalog_namespaces(const CatalogScan& scan, RowWriter& out) {
  for_each<SchemaDef>(scan, ObjectKind::schema, [&](const SchemaDef& schema) {
    out.row().set("oid", schema.oid).set("nspname", schema.name).set("nspowner", schema.owner);
    if (schema.oid == kPublicSchema) out.set("nspacl", public_privileges(scan.catalog, schema));
  });
}

/// Schema sys and what is in it are an extension that is always there, so that pg_dump leaves them out.
void extensions(RowWriter& out) {
  out.row().set("oid", kTroupeExtension).set("extname", "troupe").set("extowner", kBootstrapRole);
  out.set("extnamespace", kSysSchema).set("extversion", "1.0");
}

/// Superusers see through every rule.
bool bypasses_row_security(const RoleDef& role) { return role.superuser; }

void catalog_authids(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    out.row().set("oid", role.oid).set("rolname", role.name).set("rolsuper", role.superuser);
    out.set("rolinherit", role.inherit).set("rolcreaterole", role.create_role).set("rolcreatedb", role.create_database);
    out.set("rolcanlogin", role.can_login).set("rolreplication", role.replication);
    out.set("rolbypassrls", bypasses_row_security(role)).set("rolconnlimit", role.connection_limit);
    if (!role.password.empty()) out.set("rolpassword", role.password);
  });
}

void catalog_roles(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    out.row().set("rolname", role.name).set("rolsuper", role.superuser).set("rolinherit", role.inherit);
    out.set("rolcreaterole", role.create_role).set("rolcreatedb", role.create_database);
    out.set("rolcanlogin", role.can_login).set("rolreplication", role.replication);
    out.set("rolconnlimit", role.connection_limit).set("rolpassword", "********");
    out.set("rolbypassrls", bypasses_row_security(role)).set("oid", role.oid);
  });
}

void write_user(const RoleDef& role, std::optional<std::string> password, RowWriter& out) {
  if (!role.can_login) return;
  out.row().set("usename", role.name).set("usesysid", role.oid).set("usecreatedb", role.create_database);
  out.set("usesuper", role.superuser).set("userepl", role.replication);
  out.set("usebypassrls", bypasses_row_security(role)).set("passwd", password);
}

void catalog_users(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) { write_user(role, "********", out); });
}

void catalog_shadow(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    write_user(role, role.password.empty() ? std::nullopt : std::optional(role.password), out);
  });
}

void catalog_groups(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& group) {
    if (group.can_login) return;
    std::vector<Oid> members;
    for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
      if (std::find(role.member_of.begin(), role.member_of.end(), group.oid) != role.member_of.end()) {
        members.push_back(role.oid);
      }
    });
    out.row().set("groname", group.name).set("grosysid", group.oid).set("grolist", oid_array(members));
  });
}

void catalog_memberships(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    for (const Oid group : role.member_of) {
      out.row().set("roleid", group).set("member", role.oid).set("grantor", kBootstrapRole);
    }
  });
}

void catalog_databases(const CatalogScan& scan, RowWriter& out) {
  for_each<DatabaseDef>(scan, ObjectKind::database, [&](const DatabaseDef& database) {
    out.row().set("oid", database.oid).set("datname", database.name).set("datdba", database.owner);
    out.set("encoding", find_encoding(database.encoding).value_or(kEncodingUtf8)).set("datlocprovider", 'c');
    out.set("datallowconn", true).set("datconnlimit", database.connection_limit);
    out.set("dattablespace", kTablespaceDefault).set("datcollate", database.collation);
    out.set("datctype", database.collation);
  });
}

void system_tablespaces(RowWriter& out) {
  out.row().set("oid", kTablespaceDefault).set("spcname", "pg_default").set("spcowner", kBootstrapRole);
  out.row().set("oid", kTablespaceGlobal).set("spcname", "pg_global").set("spcowner", kBootstrapRole);
}

}  // namespace

void provide_roles(Providers& to) {
  to.catalog("pg_namespace", catalog_namespaces);
  to.builtin("pg_extension", extensions);
  to.catalog("pg_authid", catalog_authids);
  to.catalog("pg_roles", catalog_roles);
  to.catalog("pg_user", catalog_users);
  to.catalog("pg_shadow", catalog_shadow);
  to.catalog("pg_group", catalog_groups);
  to.catalog("pg_auth_members", catalog_memberships);
  to.catalog("pg_database", catalog_databases);
  to.builtin("pg_tablespace", system_tablespaces);
}

}  // namespace troupe
