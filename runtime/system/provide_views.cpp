/// pg_tables, pg_views, pg_matviews, pg_indexes, pg_sequences, pg_stats.
#include "runtime/system/definitions.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/system/written_definitions.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

std::string name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object != nullptr ? object->name : std::string();
}

void system_tables(RowWriter& out) {
  for (const SystemRelation& relation : all_system_relations()) {
    if (relation.kind != 'r') continue;
    out.row().set("schemaname", relation.schema == kPgCatalogSchema ? "pg_catalog" : "information_schema");
    out.set("tablename", relation.name).set("tableowner", "postgres").set("hasindexes", false).set("hasrules", false);
    out.set("hastriggers", false).set("rowsecurity", false);
  }
}

void catalog_tables(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    const auto& table = static_cast<const TableDef&>(*object);
    if (table.is_materialized_view()) continue;
    out.row().set("schemaname", name_of(scan.catalog, table.schema)).set("tablename", table.name);
    out.set("tableowner", name_of(scan.catalog, table.owner)).set("hasindexes", !table.indexes.empty());
    out.set("hasrules", false).set("hastriggers", false).set("rowsecurity", table.row_security);
  }
}

void session_views(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  const WrittenDefinitions written(session);
  for (const ObjectPtr& object : catalog.objects(ObjectKind::view)) {
    out.row().set("schemaname", name_of(catalog, object->schema)).set("viewname", object->name);
    out.set("viewowner", name_of(catalog, object->owner));
    out.set("definition", written.view(*object, RuleStyle{}));
  }
}

void session_materialized_views(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  const WrittenDefinitions written(session);
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    const auto& view = static_cast<const TableDef&>(*object);
    if (!view.is_materialized_view()) continue;
    out.row().set("schemaname", name_of(catalog, view.schema)).set("matviewname", view.name);
    out.set("matviewowner", name_of(catalog, view.owner)).set("hasindexes", !view.indexes.empty());
    out.set("ispopulated", view.populated).set("definition", written.view(view, RuleStyle{}));
  }
}

void catalog_indexes(const CatalogScan& scan, RowWriter& out) {
  const WrittenDefinitions written(scan.catalog, kNewSessionSchemas);
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::index)) {
    const auto& index = static_cast<const IndexDef&>(*object);
    out.row()
        .set("schemaname", name_of(scan.catalog, index.schema))
        .set("tablename", name_of(scan.catalog, index.table));
    out.set("indexname", index.name).set("indexdef", index_definition(written, index));
  }
}

void session_sequences(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  for (const ObjectPtr& object : catalog.objects(ObjectKind::sequence)) {
    const auto& sequence = static_cast<const SequenceDef&>(*object);
    out.row().set("schemaname", name_of(catalog, sequence.schema)).set("sequencename", sequence.name);
    out.set("sequenceowner", name_of(catalog, sequence.owner)).set("data_type", sequence.type);
    out.set("start_value", sequence.start).set("min_value", sequence.minimum).set("max_value", sequence.maximum);
    out.set("increment_by", sequence.increment).set("cycle", sequence.cycle).set("cache_size", sequence.cache);
    const auto standing = session.sequence_position(sequence.oid);
    if (standing && standing->is_called) out.set("last_value", standing->value);
  }
}

/// Values kept as keys, as the text of an array.
std::optional<std::string> values_text(const ColumnDef& column, const std::vector<std::string>& keys) {
  if (keys.empty() || find_type(column.type) == nullptr) return std::nullopt;
  const Type type{column.type, column.typmod};
  const KeyColumn key_column{compare_kind_of(type)};
  std::string out = "{";
  for (const std::string& key : keys) {
    std::string_view rest = key;
    const auto value = decode_key_column(key_column, &rest);
    if (!value.ok() || value->is_null()) return std::nullopt;
    out += cat(out.size() > 1 ? "," : "", quote_array_element(to_text(type, *value, EvalContext{})));
  }
  return out + "}";
}

Value float_array(const std::vector<double>& values) {
  if (values.empty()) return Value::null(Physical::kVarlen);
  return float4_array(values);
}

/// Values are shown to those who may read them.
void session_statistics(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  const Oid role = session.user();
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    const auto& table = static_cast<const TableDef&>(*object);
    if (!table.statistics || is_under_row_security(catalog, role, table)) continue;
    const bool all = rights_on(catalog, role, table, kSelect) != 0;
    for (const ColumnStatistics& s : table.statistics->columns) {
      const ColumnDef& column = table.column(s.attnum);
      if (column.dropped || (!all && !may_use_column(catalog, role, table, column, kSelect))) continue;
      out.row().set("schemaname", name_of(catalog, table.schema)).set("tablename", table.name);
      out.set("attname", column.name).set("inherited", false).set("null_frac", s.null_fraction);
      out.set("avg_width", static_cast<int32_t>(s.average_width)).set("n_distinct", s.distinct);
      out.set("most_common_vals", values_text(column, s.common_values));
      out.set("most_common_freqs", float_array(s.common_frequencies));
      out.set("histogram_bounds", values_text(column, s.histogram)).set("correlation", s.correlation);
    }
  }
}

}  // namespace

void provide_views(Providers& to) {
  to.builtin("pg_tables", system_tables);
  to.catalog("pg_tables", catalog_tables);
  to.session("pg_views", session_views);
  to.session("pg_matviews", session_materialized_views);
  to.catalog("pg_indexes", catalog_indexes);
  to.session("pg_sequences", session_sequences);
  to.session("pg_stats", session_statistics);
}

}  // namespace troupe
