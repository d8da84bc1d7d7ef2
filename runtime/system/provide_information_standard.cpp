/// information_schema: schemas, roles, character sets, collations, routines and what of the standard is implemented.
#include <algorithm>

#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {
namespace {

void catalog_name(const CatalogScan& scan, RowWriter& out) { out.row().set("catalog_name", scan.database); }

void schemata(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::schema)) {
    const ObjectDef* owner = scan.catalog.find(object->owner);
    out.row().set("catalog_name", scan.database).set("schema_name", object->name);
    out.set("schema_owner", owner != nullptr ? owner->name : std::string());
  }
}

void character_sets(const CatalogScan& scan, RowWriter& out) {
  out.row().set("character_set_name", "UTF8").set("character_repertoire", "UCS").set("form_of_use", "UTF8");
  out.set("default_collate_catalog", scan.database).set("default_collate_schema", "pg_catalog");
  out.set("default_collate_name", "default");
}

void collations(const CatalogScan& scan, RowWriter& out) {
  for (const std::string_view name : {"default", "C", "POSIX"}) {
    out.row().set("collation_catalog", scan.database).set("collation_schema", "pg_catalog");
    out.set("collation_name", name).set("pad_attribute", "NO PAD");
  }
}

std::string specific_name(const BuiltinFunction& f) { return absl::StrCat(absl_view(f.name), "_", f.oid); }

void routines(const CatalogScan& scan, RowWriter& out) {
  for (const BuiltinFunction& f : builtin_functions()) {
    if (f.kind != 'f') continue;
    const TypeFacets result = facets_of(scan.catalog, f.result, -1);
    out.row().set("specific_catalog", scan.database).set("specific_schema", "pg_catalog");
    out.set("specific_name", specific_name(f)).set("routine_catalog", scan.database);
    out.set("routine_schema", "pg_catalog").set("routine_name", f.name).set("routine_type", "FUNCTION");
    out.set("data_type", result.data_type).set("type_udt_catalog", scan.database);
    out.set("type_udt_schema", result.udt_schema).set("type_udt_name", result.udt_name).set("dtd_identifier", "0");
    out.set("routine_body", "EXTERNAL").set("external_language", "INTERNAL").set("parameter_style", "GENERAL");
    out.set("is_deterministic", yes_or_no(f.volatility == Volatility::kImmutable)).set("sql_data_access", "MODIFIES");
    out.set("is_null_call", yes_or_no(f.strict)).set("schema_level_routine", "YES").set("max_dynamic_result_sets", 0);
    out.set("security_type", "INVOKER").set("as_locator", "NO").set("is_udt_dependent", "NO");
  }
}

std::string specific_name(const FunctionDef& f) { return absl::StrCat(f.name, "_", f.oid); }

std::string schema_of(const CatalogScan& scan, const FunctionDef& f) {
  const ObjectDef* schema = scan.catalog.find(f.schema);
  return schema == nullptr ? std::string() : schema->name;
}

void users_routines(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::function)) {
    const auto& f = static_cast<const FunctionDef&>(*object);
    const TypeFacets result = facets_of(scan.catalog, f.result, -1);
    const std::string schema = schema_of(scan, f);
    out.row().set("specific_catalog", scan.database).set("specific_schema", schema);
    out.set("specific_name", specific_name(f)).set("routine_catalog", scan.database).set("routine_schema", schema);
    out.set("routine_name", f.name).set("routine_type", f.procedure ? "PROCEDURE" : "FUNCTION");
    if (!f.procedure) {
      out.set("data_type", result.data_type).set("type_udt_catalog", scan.database);
      out.set("type_udt_schema", result.udt_schema).set("type_udt_name", result.udt_name).set("dtd_identifier", "0");
    }
    out.set("routine_body", "SQL").set("routine_definition", f.body);
    out.set("external_language", "SQL").set("parameter_style", "GENERAL");
    out.set("is_deterministic", yes_or_no(f.volatility == FunctionVolatility::immutable));
    out.set("sql_data_access", "MODIFIES");
    if (!f.procedure) out.set("is_null_call", yes_or_no(f.strict));
    out.set("schema_level_routine", "YES").set("max_dynamic_result_sets", 0);
    out.set("security_type", f.security_definer ? "DEFINER" : "INVOKER").set("as_locator", "NO");
    out.set("is_udt_dependent", "NO");
  }
}

void users_parameters(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::function)) {
    const auto& f = static_cast<const FunctionDef&>(*object);
    int position = 0;
    for (const ArgumentDef& argument : f.arguments) {
      const TypeFacets facets = facets_of(scan.catalog, argument.type, -1);
      const bool in = argument.mode == ArgumentMode::in || argument.mode == ArgumentMode::variadic;
      out.row().set("specific_catalog", scan.database).set("specific_schema", schema_of(scan, f));
      out.set("specific_name", specific_name(f)).set("ordinal_position", ++position);
      out.set("parameter_mode", in ? "IN" : argument.mode == ArgumentMode::in_out ? "INOUT" : "OUT");
      out.set("is_result", "NO").set("as_locator", "NO");
      if (!argument.name.empty()) out.set("parameter_name", argument.name);
      out.set("data_type", facets.data_type).set("udt_catalog", scan.database).set("udt_schema", facets.udt_schema);
      out.set("udt_name", facets.udt_name).set("dtd_identifier", absl::StrCat(position));
      if (!argument.default_sql.empty()) out.set("parameter_default", argument.default_sql);
    }
  }
}

void parameters(const CatalogScan& scan, RowWriter& out) {
  for (const BuiltinFunction& f : builtin_functions()) {
    int position = 0;
    for (const Oid type : f.arguments) {
      const TypeFacets facets = facets_of(scan.catalog, type, -1);
      out.row().set("specific_catalog", scan.database).set("specific_schema", "pg_catalog");
      out.set("specific_name", specific_name(f)).set("ordinal_position", ++position).set("parameter_mode", "IN");
      out.set("is_result", "NO").set("as_locator", "NO").set("data_type", facets.data_type);
      out.set("udt_catalog", scan.database).set("udt_schema", facets.udt_schema).set("udt_name", facets.udt_name);
      out.set("dtd_identifier", absl::StrCat(position));
    }
  }
}

void all_routines(const CatalogScan& scan, RowWriter& out) {
  routines(scan, out);
  users_routines(scan, out);
}

void all_parameters(const CatalogScan& scan, RowWriter& out) {
  parameters(scan, out);
  users_parameters(scan, out);
}

void implementation_info(RowWriter& out) {
  const auto text = [&](std::string_view id, std::string_view name, std::string_view value) {
    out.row().set("implementation_info_id", id).set("implementation_info_name", name).set("character_value", value);
  };
  const auto number = [&](std::string_view id, std::string_view name, int value) {
    out.row().set("implementation_info_id", id).set("implementation_info_name", name).set("integer_value", value);
  };
  text("10003", "CATALOG NAME", "Y");
  text("10004", "COLLATING SEQUENCE", "C.UTF-8");
  number("23", "CURSOR COMMIT BEHAVIOR", 1);
  text("2", "DATA SOURCE NAME", "");
  text("17", "DBMS NAME", "PostgreSQL");
  text("18", "DBMS VERSION", "15.00.0000");
  number("26", "DEFAULT TRANSACTION ISOLATION", 2);
  number("28", "IDENTIFIER CASE", 3);
  number("85", "NULL COLLATION", 0);
  text("13", "SERVER NAME", "");
  number("46", "TRANSACTION CAPABLE", 2);
}

void sizing(RowWriter& out) {
  const auto add = [&](int id, std::string_view name, int value) {
    out.row().set("sizing_id", id).set("sizing_name", name).set("supported_value", value);
  };
  add(30, "MAXIMUM COLUMN NAME LENGTH", 63);
  add(100, "MAXIMUM COLUMNS IN SELECT", 1664);
  add(101, "MAXIMUM COLUMNS IN TABLE", 1600);
  add(34, "MAXIMUM CATALOG NAME LENGTH", 63);
  add(32, "MAXIMUM SCHEMA NAME LENGTH", 63);
  add(35, "MAXIMUM TABLE NAME LENGTH", 63);
  add(107, "MAXIMUM USER NAME LENGTH", 63);
}

}  // namespace

void provide_information_schema_standard(Providers& to) {
  to.catalog("information_schema.information_schema_catalog_name", catalog_name);
  to.catalog("information_schema.schemata", schemata);
  to.catalog("information_schema.character_sets", character_sets);
  to.catalog("information_schema.collations", collations);
  to.catalog("information_schema.routines", all_routines);
  to.catalog("information_schema.parameters", all_parameters);
  to.builtin("information_schema.sql_implementation_info", implementation_info);
  to.builtin("information_schema.sql_sizing", sizing);
}

}  // namespace troupe
