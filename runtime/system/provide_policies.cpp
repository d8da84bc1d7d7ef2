/// pg_policy, pg_policies.
#include <algorithm>

#include "runtime/system/definitions.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/system/written_definitions.hpp"

namespace troupe {
namespace {

void catalog_policies(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    for (const PolicyDef& policy : static_cast<const TableDef&>(*object).policies) {
      out.row().set("oid", policy.oid).set("polname", policy.name).set("polrelid", object->oid);
      out.set("polcmd", static_cast<char>(policy.command)).set("polpermissive", policy.permissive);
      out.set("polroles", oid_array(policy.roles));
      if (!policy.using_sql.empty()) out.set("polqual", policy.using_sql);
      if (!policy.check_sql.empty()) out.set("polwithcheck", policy.check_sql);
    }
  }
}

std::string_view name_of(PolicyCommand command) {
  switch (command) {
    case PolicyCommand::all: return "ALL";
    case PolicyCommand::select: return "SELECT";
    case PolicyCommand::insert: return "INSERT";
    case PolicyCommand::update: return "UPDATE";
    case PolicyCommand::remove: return "DELETE";
  }
  return {};
}

std::vector<std::string> role_names(const PolicyDef& policy, const Catalog& catalog) {
  if (policy.is_for_everybody()) return {"public"};
  std::vector<std::string> names;
  for (const Oid role : policy.roles) {
    if (const ObjectDef* found = catalog.find(role)) names.push_back(found->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void policies_view(const CatalogScan& scan, RowWriter& out) {
  const WrittenDefinitions written(scan.catalog, kNewSessionSchemas);
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    const ObjectDef* schema = scan.catalog.find(object->schema);
    const auto& table = static_cast<const TableDef&>(*object);
    const auto text = [&](const std::string& sql) { return written.expression(sql, &table, RuleStyle{}).text; };
    for (const PolicyDef& policy : table.policies) {
      out.row().set("schemaname", schema == nullptr ? std::string() : schema->name).set("tablename", object->name);
      out.set("policyname", policy.name).set("permissive", policy.permissive ? "PERMISSIVE" : "RESTRICTIVE");
      out.set("roles", name_array(role_names(policy, scan.catalog))).set("cmd", name_of(policy.command));
      if (!policy.using_sql.empty()) out.set("qual", text(policy.using_sql));
      if (!policy.check_sql.empty()) out.set("with_check", text(policy.check_sql));
    }
  }
}

}  // namespace

void provide_policies(Providers& to) {
  to.catalog("pg_policy", catalog_policies);
  to.catalog("pg_policies", policies_view);
}

}  // namespace troupe
