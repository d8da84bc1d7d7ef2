/// pg_namespace, pg_extension, pg_authid and its views, pg_auth_members, pg_database, pg_tablespace.
#include <algorithm>

#include "runtime/types/encoding.hpp"
#include "runtime/system/acl_text.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

template <typename Def, typename Write>
void for_each(const CatalogScan& scan, ObjectKind kind, const Write& write) {
  for (const ObjectPtr& object : scan.catalog.objects(kind)) write(static_cast<const Def&>(*object));
}

void catalog_namespaces(const CatalogScan& scan, RowWriter& out) {
  for_each<SchemaDef>(scan, ObjectKind::schema, [&](const SchemaDef& schema) {
    out.row().set("oid", schema.oid).set("nspname", schema.name).set("nspowner", schema.owner);
    out.set("nspacl", acl_array(scan.catalog, schema.acl));
  });
}

/// Schema sys and what is in it are an extension that is always there, so that pg_dump leaves them out.
void extensions(RowWriter& out) {
  out.row().set("oid", kTroupeExtension).set("extname", "troupe").set("extowner", kBootstrapRole);
  out.set("extnamespace", kSysSchema).set("extversion", "1.0");
}

bool bypasses_row_security(const RoleDef& role) { return role.bypass_row_security; }

Value valid_until(const RoleDef& role) {
  const Type type{oid::kTimestamptz};
  const Value never = Value::null(physical_of(type));
  return role.valid_until.empty() ? never : parse_text(type, role.valid_until, EvalContext{}).value_or(never);
}

Value settings_array(const Options& settings) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : settings) texts.push_back(cat(name, "=", value));
  return text_array(texts);
}

Value settings_of(const RoleDef& role) {
  return role.settings.empty() ? Value::null(Physical::kVarlen) : settings_array(role.settings);
}

void catalog_authids(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    out.row().set("oid", role.oid).set("rolname", role.name).set("rolsuper", role.superuser);
    out.set("rolinherit", role.inherit).set("rolcreaterole", role.create_role).set("rolcreatedb", role.create_database);
    out.set("rolcanlogin", role.can_login).set("rolreplication", role.replication);
    out.set("rolbypassrls", bypasses_row_security(role)).set("rolconnlimit", role.connection_limit);
    if (!role.password.empty()) out.set("rolpassword", role.password);
    out.set("rolvaliduntil", valid_until(role));
  });
}

void catalog_roles(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    out.row().set("rolname", role.name).set("rolsuper", role.superuser).set("rolinherit", role.inherit);
    out.set("rolcreaterole", role.create_role).set("rolcreatedb", role.create_database);
    out.set("rolcanlogin", role.can_login).set("rolreplication", role.replication);
    out.set("rolconnlimit", role.connection_limit).set("rolpassword", "********");
    out.set("rolvaliduntil", valid_until(role)).set("rolbypassrls", bypasses_row_security(role));
    out.set("rolconfig", settings_of(role)).set("oid", role.oid);
  });
}

void write_user(const RoleDef& role, std::optional<std::string> password, RowWriter& out) {
  if (!role.can_login) return;
  out.row().set("usename", role.name).set("usesysid", role.oid).set("usecreatedb", role.create_database);
  out.set("usesuper", role.superuser).set("userepl", role.replication);
  out.set("usebypassrls", bypasses_row_security(role)).set("passwd", password);
  out.set("valuntil", valid_until(role)).set("useconfig", settings_of(role));
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
      for (const Membership& membership : role.member_of) {
        if (membership.role == group.oid) members.push_back(role.oid);
      }
    });
    out.row().set("groname", group.name).set("grosysid", group.oid).set("grolist", oid_array(members));
  });
}

void catalog_memberships(const CatalogScan& scan, RowWriter& out) {
  for_each<RoleDef>(scan, ObjectKind::role, [&](const RoleDef& role) {
    for (const Membership& membership : role.member_of) {
      out.row().set("roleid", membership.role).set("member", role.oid).set("grantor", membership.grantor);
      out.set("admin_option", membership.admin);
    }
  });
}

void catalog_databases(const CatalogScan& scan, RowWriter& out) {
  for_each<DatabaseDef>(scan, ObjectKind::database, [&](const DatabaseDef& database) {
    out.row().set("oid", database.oid).set("datname", database.name).set("datdba", database.owner);
    out.set("encoding", find_encoding(database.encoding).value_or(kEncodingUtf8)).set("datlocprovider", 'c');
    out.set("datistemplate", database.is_template).set("datallowconn", database.allow_connections);
    out.set("datconnlimit", database.connection_limit);
    out.set("dattablespace", kTablespaceDefault).set("datcollate", database.collation);
    out.set("datctype", database.collation).set("datacl", acl_array(scan.catalog, database.acl));
  });
}

void write_default_acls(const std::vector<DefaultAcl>& all, Oid schema, const Catalog& catalog, RowWriter& out) {
  for (const DefaultAcl& d : all) {
    out.row().set("oid", d.oid).set("defaclrole", d.role).set("defaclnamespace", schema);
    out.set("defaclobjtype", static_cast<char>(d.object_type)).set("defaclacl", acl_array(catalog, d.acl));
  }
}

void catalog_default_acls(const CatalogScan& scan, RowWriter& out) {
  if (const auto* database = scan.catalog.find_as<DatabaseDef>(scan.database_oid)) {
    write_default_acls(database->default_acls, kNoOid, scan.catalog, out);
  }
  for_each<SchemaDef>(scan, ObjectKind::schema, [&](const SchemaDef& schema) {
    write_default_acls(schema.default_acls, schema.oid, scan.catalog, out);
  });
}

/// The rights that the system's schemas, tables and views began with: pg_dump tells only what has changed since.
void initial_rights(RowWriter& out) {
  static const CatalogPtr first = Catalog::bootstrap();
  const auto add = [&](const ObjectDef& object, bool schema, int16_t column, const Acl& acl) {
    out.row().set("objoid", object.oid).set("classoid", schema ? kNamespaceClass : kRelationClass);
    out.set("objsubid", column).set("privtype", schema ? 'i' : 'e').set("initprivs", acl_array(*first, acl));
  };
  for (const ObjectPtr& object : first->objects()) {
    const bool schema = object->kind == ObjectKind::schema, table = object->kind == ObjectKind::table;
    if (object->acl.given && (schema || table || object->kind == ObjectKind::view)) add(*object, schema, 0, object->acl);
    if (!table) continue;
    for (const ColumnDef& column : static_cast<const TableDef&>(*object).columns) {
      if (column.acl.given) add(*object, false, column.attnum, column.acl);
    }
  }
}

void write_settings(Oid database, Oid role, const Options& settings, RowWriter& out) {
  if (settings.empty()) return;
  out.row().set("setdatabase", database).set("setrole", role).set("setconfig", settings_array(settings));
}

void catalog_stored_settings(const CatalogScan& scan, RowWriter& out) {
  for_each<DatabaseDef>(scan, ObjectKind::database, [&](const DatabaseDef& database) {
    write_settings(database.oid, kNoOid, database.options, out);
    for (const RoleSettings& s : database.role_settings) write_settings(database.oid, s.role, s.settings, out);
  });
  for_each<RoleDef>(scan, ObjectKind::role,
                    [&](const RoleDef& role) { write_settings(kNoOid, role.oid, role.settings, out); });
}

void system_tablespaces(RowWriter& out) {
  out.row().set("oid", kTablespaceDefault).set("spcname", "pg_default").set("spcowner", kBootstrapRole);
  out.row().set("oid", kTablespaceGlobal).set("spcname", "pg_global").set("spcowner", kBootstrapRole);
}

}  // namespace

void provide_roles(Providers& to) {
  to.catalog("pg_namespace", catalog_namespaces);
  to.builtin("pg_extension", extensions);
  to.builtin("pg_init_privs", initial_rights);
  to.catalog("pg_authid", catalog_authids);
  to.catalog("pg_roles", catalog_roles);
  to.catalog("pg_user", catalog_users);
  to.catalog("pg_shadow", catalog_shadow);
  to.catalog("pg_group", catalog_groups);
  to.catalog("pg_auth_members", catalog_memberships);
  to.catalog("pg_database", catalog_databases);
  to.catalog("pg_db_role_setting", catalog_stored_settings);
  to.catalog("pg_default_acl", catalog_default_acls);
  to.builtin("pg_tablespace", system_tablespaces);
}

}  // namespace troupe
