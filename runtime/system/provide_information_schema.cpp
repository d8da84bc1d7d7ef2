/// information_schema: relations, columns, views, sequences, domains.
#include "runtime/plan/view_target.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/system/written_definitions.hpp"

namespace troupe {
namespace {

std::string name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object != nullptr ? object->name : std::string();
}

void relation_names(const CatalogScan& scan, RowWriter& out) {
  const auto add = [&](const std::string& schema, std::string_view name, bool view, bool insertable) {
    out.row().set("table_catalog", scan.database).set("table_schema", schema).set("table_name", name);
    out.set("table_type", view ? "VIEW" : "BASE TABLE").set("is_insertable_into", yes_or_no(insertable));
    out.set("is_typed", "NO");
  };
  for (const SystemRelation& relation : all_system_relations()) {
    add(name_of(scan.catalog, relation.schema), relation.name, relation.kind == 'v', false);
  }
  for (const ObjectPtr& object : scan.catalog.objects()) {
    const bool view = object->kind == ObjectKind::view;
    if ((!view && object->kind != ObjectKind::table) || is_materialized_view(*object)) continue;
    constexpr int32_t kInsertEvent = 8;
    const bool insertable = (updatable_events(scan.catalog, object.get()) & kInsertEvent) != 0;
    add(name_of(scan.catalog, object->schema), object->name, view, insertable);
  }
}

struct ColumnRow {
  std::string_view schema, relation, name;
  int position = 0;
  Oid type = kNoOid;
  int32_t typmod = -1;
  bool nullable = true, updatable = false;
  std::string default_sql;
  const ColumnDef* def = nullptr;  ///< null: a system relation's column
  const TableDef* table = nullptr;  ///< null: of no table
};

std::string default_as_written(const CatalogScan& scan, const ColumnRow& c) {
  const Type type{c.def->type, c.def->typmod};
  return WrittenDefinitions(scan.catalog, kNewSessionSchemas)
      .expression(c.default_sql, c.table, RuleStyle{}, type)
      .text;
}

void write_facets(const CatalogScan& scan, const TypeFacets& f, RowWriter& out) {
  out.set("data_type", f.data_type).set("character_maximum_length", f.character_length);
  out.set("character_octet_length", f.character_bytes).set("numeric_precision", f.numeric_precision);
  out.set("numeric_precision_radix", f.numeric_radix).set("numeric_scale", f.numeric_scale);
  out.set("datetime_precision", f.datetime_precision);
  if (f.domain_name) out.set("domain_catalog", scan.database);
  if (f.domain_name) out.set("domain_schema", *f.domain_schema).set("domain_name", *f.domain_name);
  out.set("udt_catalog", scan.database).set("udt_schema", f.udt_schema).set("udt_name", f.udt_name);
}

void write_identity(const CatalogScan& scan, const ColumnDef& column, RowWriter& out) {
  out.set("is_identity", "YES");
  out.set("identity_generation", column.identity == IdentityKind::always ? "ALWAYS" : "BY DEFAULT");
  if (const auto* sequence = scan.catalog.find_as<SequenceDef>(column.owned_sequence)) {
    out.set("identity_start", absl::StrCat(sequence->start))
        .set("identity_increment", absl::StrCat(sequence->increment));
    out.set("identity_maximum", absl::StrCat(sequence->maximum))
        .set("identity_minimum", absl::StrCat(sequence->minimum));
    out.set("identity_cycle", yes_or_no(sequence->cycle));
  } else {
    out.set("identity_cycle", "NO");
  }
}

void write_column(const CatalogScan& scan, const ColumnRow& c, RowWriter& out) {
  const bool generated = c.def != nullptr && c.def->generated_stored;
  const bool identity = c.def != nullptr && c.def->identity != IdentityKind::none;
  out.row().set("table_catalog", scan.database).set("table_schema", c.schema).set("table_name", c.relation);
  out.set("column_name", c.name).set("ordinal_position", c.position);
  if (!c.default_sql.empty() && !generated && !identity) out.set("column_default", default_as_written(scan, c));
  out.set("is_nullable", yes_or_no(c.nullable));
  write_facets(scan, facets_of(scan.catalog, c.type, c.typmod), out);
  out.set("dtd_identifier", absl::StrCat(c.position)).set("is_self_referencing", "NO");
  if (identity) {
    write_identity(scan, *c.def, out);
  } else {
    out.set("is_identity", "NO").set("identity_cycle", "NO");
  }
  out.set("is_generated", generated ? "ALWAYS" : "NEVER");
  if (generated) out.set("generation_expression", default_as_written(scan, c));
  out.set("is_updatable", yes_or_no(c.updatable));
}

void columns(const CatalogScan& scan, RowWriter& out) {
  for (const SystemRelation& relation : all_system_relations()) {
    const std::string schema = name_of(scan.catalog, relation.schema);
    int position = 0;
    for (const RelationColumn& column : relation.columns) {
      write_column(scan,
                   {.schema = schema,
                    .relation = relation.name,
                    .name = column.name,
                    .position = ++position,
                    .type = column.type.oid,
                    .typmod = column.type.typmod,
                    .nullable = !column.not_null,
                    .default_sql = {}},
                   out);
    }
  }
  for (const ObjectPtr& object : scan.catalog.objects()) {
    const std::vector<ColumnDef>* defs = nullptr;
    if (object->kind == ObjectKind::table && !is_materialized_view(*object))
      defs = &static_cast<const TableDef&>(*object).columns;
    if (object->kind == ObjectKind::view) defs = &static_cast<const ViewDef&>(*object).columns;
    if (defs == nullptr) continue;
    const std::string schema = name_of(scan.catalog, object->schema);
    for (const ColumnDef& column : *defs) {
      if (column.dropped) continue;
      write_column(scan,
                   {.schema = schema,
                    .relation = object->name,
                    .name = column.name,
                    .position = column.attnum,
                    .type = column.domain != kNoOid ? column.domain : column.type,
                    .typmod = column.typmod,
                    .nullable = !column.not_null,
                    .updatable = is_updatable_column(scan.catalog, object.get(), column.attnum),
                    .default_sql = default_text(scan.catalog, column),
                    .def = &column,
                    .table = object->kind == ObjectKind::table ? static_cast<const TableDef*>(object.get()) : nullptr},
                   out);
    }
  }
}

void views(const SystemSession& session, RowWriter& out) {
  const CatalogScan scan{*session.catalog(), session.database(), session.database_name()};
  const WrittenDefinitions written(session);
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::view)) {
    out.row().set("table_catalog", scan.database).set("table_schema", name_of(scan.catalog, object->schema));
    out.set("table_name", object->name);
    out.set("view_definition", written.view(*object, RuleStyle{}));
    const auto& view = static_cast<const ViewDef&>(*object);
    constexpr int32_t kUpdateAndDelete = 20, kInsertEvent = 8;
    const int32_t events = updatable_events(scan.catalog, &view);
    const std::string_view check = view.option("check_option");
    out.set("check_option", check == "local" ? "LOCAL" : check == "cascaded" ? "CASCADED" : "NONE");
    out.set("is_updatable", yes_or_no((events & kUpdateAndDelete) == kUpdateAndDelete));
    out.set("is_insertable_into", yes_or_no((events & kInsertEvent) != 0));
    out.set("is_trigger_updatable", "NO").set("is_trigger_deletable", "NO").set("is_trigger_insertable_into", "NO");
  }
}

void view_tables(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::view)) {
    for (const Oid relation : static_cast<const ViewDef&>(*object).depends_on) {
      const auto name = relation_name(scan.catalog, relation);
      if (!name) continue;
      out.row().set("view_catalog", scan.database).set("view_schema", name_of(scan.catalog, object->schema));
      out.set("view_name", object->name).set("table_catalog", scan.database);
      out.set("table_schema", name_of(scan.catalog, name->schema)).set("table_name", name->name);
    }
  }
}

void sequences(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::sequence)) {
    const auto& sequence = static_cast<const SequenceDef&>(*object);
    const TableDef* table = scan.catalog.find_table(sequence.owner_table);
    // A sequence behind an identity column is part of the column.
    if (table != nullptr && table->column(sequence.owner_column).identity != IdentityKind::none) continue;
    const TypeFacets facets = facets_of(scan.catalog, sequence.type, -1);
    out.row().set("sequence_catalog", scan.database).set("sequence_schema", name_of(scan.catalog, sequence.schema));
    out.set("sequence_name", sequence.name).set("data_type", facets.data_type);
    out.set("numeric_precision", facets.numeric_precision).set("numeric_precision_radix", 2).set("numeric_scale", 0);
    out.set("start_value", absl::StrCat(sequence.start)).set("minimum_value", absl::StrCat(sequence.minimum));
    out.set("maximum_value", absl::StrCat(sequence.maximum)).set("increment", absl::StrCat(sequence.increment));
    out.set("cycle_option", yes_or_no(sequence.cycle));
  }
}

void domains(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const auto& domain = static_cast<const TypeDef&>(*object);
    if (domain.type_kind != TypeKind::domain) continue;
    const TypeFacets f = facets_of(scan.catalog, domain.base, domain.base_typmod);
    out.row().set("domain_catalog", scan.database).set("domain_schema", name_of(scan.catalog, domain.schema));
    out.set("domain_name", domain.name).set("data_type", f.data_type);
    out.set("character_maximum_length", f.character_length).set("character_octet_length", f.character_bytes);
    out.set("numeric_precision", f.numeric_precision).set("numeric_precision_radix", f.numeric_radix);
    out.set("numeric_scale", f.numeric_scale).set("datetime_precision", f.datetime_precision);
    if (!domain.default_sql.empty()) out.set("domain_default", domain.default_sql);
    out.set("udt_catalog", scan.database).set("udt_schema", f.udt_schema).set("udt_name", f.udt_name);
    out.set("dtd_identifier", "1");
  }
}

/// What arrays are made of.
void element_types(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    for (const ColumnDef& column : static_cast<const TableDef&>(*object).columns) {
      if (column.dropped || !is_array_type(column.type)) continue;
      const TypeFacets f = facets_of(scan.catalog, element_type_of(column.type), -1);
      out.row().set("object_catalog", scan.database).set("object_schema", name_of(scan.catalog, object->schema));
      out.set("object_name", object->name).set("object_type", "TABLE");
      out.set("collection_type_identifier", absl::StrCat(column.attnum)).set("data_type", f.data_type);
      out.set("udt_catalog", scan.database).set("udt_schema", f.udt_schema).set("udt_name", f.udt_name);
      out.set("dtd_identifier", absl::StrCat("a", column.attnum));
    }
  }
}

}  // namespace

void provide_information_schema(Providers& to) {
  to.catalog("information_schema.tables", relation_names);
  to.catalog("information_schema.columns", columns);
  to.session("information_schema.views", views);
  to.catalog("information_schema.view_table_usage", view_tables);
  to.catalog("information_schema.sequences", sequences);
  to.catalog("information_schema.domains", domains);
  to.catalog("information_schema.element_types", element_types);
}

}  // namespace troupe
