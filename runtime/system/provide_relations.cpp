/// pg_class, pg_attribute, pg_attrdef, pg_index, pg_sequence: of user relations and of the system's own.
#include <algorithm>
#include <cmath>

#include "runtime/plan/index_terms.hpp"
#include "runtime/plan/partition_text.hpp"
#include "runtime/system/acl_text.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/providers.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

constexpr Oid kDefaultCollation = 100, kCCollation = 950;

// --- pg_class ---

struct ClassRow {
  Oid oid = kNoOid, schema = kNoOid, owner = kBootstrapRole, access_method = 0, file = 0, type = kNoOid;
  std::string_view name;
  char kind = 'r', persistence = 'p', replica_identity = 'n';
  double pages = 0, rows = 0;
  bool has_index = false, has_rules = false, has_triggers = false, populated = true;
  bool row_security = false, force_row_security = false;
  size_t columns = 0, checks = 0;
  bool has_parts = false, is_part = false;
  std::string bound;  ///< of a partition
  const Options* options = nullptr;
  Value acl = Value::null(Physical::kVarlen);
};

Value options_array(const Options& options) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : options) texts.push_back(cat(name, "=", value));
  return text_array(texts);
}

void write_class(const ClassRow& r, RowWriter& out) {
  out.row().set("oid", r.oid).set("relname", r.name).set("relnamespace", r.schema).set("reltype", r.type);
  out.set("relowner", r.owner);
  out.set("relam", r.access_method).set("relfilenode", r.file).set("relpages", static_cast<int32_t>(r.pages));
  out.set("reltuples", r.rows).set("relhasindex", r.has_index).set("relpersistence", r.persistence);
  out.set("relkind", r.kind).set("relnatts", r.columns).set("relchecks", r.checks).set("relhasrules", r.has_rules);
  out.set("relhastriggers", r.has_triggers).set("relhassubclass", r.has_parts);
  out.set("relrowsecurity", r.row_security).set("relforcerowsecurity", r.force_row_security);
  out.set("relispopulated", r.populated).set("relreplident", r.replica_identity);
  out.set("relispartition", r.is_part).set("relacl", r.acl);
  if (r.options != nullptr && !r.options->empty()) out.set("reloptions", options_array(*r.options));
  if (!r.bound.empty()) out.set("relpartbound", r.bound);
}

void system_classes(RowWriter& out) {
  for (const SystemRelation& relation : all_system_relations()) {
    ClassRow row{.oid = relation.oid, .schema = relation.schema, .name = relation.name, .kind = relation.kind};
    row.columns = relation.columns.size();
    row.has_rules = relation.kind == 'v';
    row.access_method = relation.kind == 'r' ? 2 : 0;
    row.rows = relation.kind == 'r' ? -1 : 0;
    write_class(row, out);
  }
}

ClassRow class_of(const ObjectDef& object, char kind, const Catalog& catalog) {
  ClassRow row{.oid = object.oid, .schema = object.schema, .owner = object.owner, .name = object.name, .kind = kind};
  row.acl = acl_array(catalog, object.acl);
  if (has_row_type(object)) row.type = row_type_of(object.oid);
  return row;
}

void write_table_class(const TableDef& table, const Catalog& catalog, RowWriter& out) {
  const char kind = table.is_materialized_view() ? 'm' : table.is_partitioned() ? 'p' : 'r';
  ClassRow row = class_of(table, kind, catalog);
  row.has_parts = !table.partitions.empty();
  row.is_part = table.is_partition();
  if (const TableDef* parent = catalog.find_table(table.partition_of)) {
    row.bound = partition_bound_text(table.bound, parent->partition_key, EvalContext{});
  }
  row.has_rules = table.is_materialized_view();
  row.populated = table.populated;
  row.row_security = table.row_security;
  row.force_row_security = table.force_row_security;
  row.access_method = table.is_partitioned() ? 0 : 2;
  row.file = table.is_partitioned() ? kNoOid : table.oid;
  row.persistence = table.temporary ? 't' : table.unlogged ? 'u' : 'p';
  row.replica_identity = "dnfi"[static_cast<size_t>(table.replica_identity)];
  row.rows = table.statistics ? table.statistics->row_count : -1;
  row.pages = table.statistics ? std::ceil(table.statistics->size_bytes / 8192) : 0;
  row.has_index = !table.indexes.empty();
  // PostgreSQL's foreign keys are triggers, and its tools ask for them only where there are some.
  row.has_triggers = !table.referenced_by.empty() ||
                     std::any_of(table.constraints.begin(), table.constraints.end(),
                                 [](const auto& c) { return c.kind == ConstraintKind::foreign_key; });
  row.columns = table.columns.size();
  row.checks = static_cast<size_t>(std::count_if(table.constraints.begin(), table.constraints.end(),
                                                 [](const auto& c) { return c.kind == ConstraintKind::check; }));
  row.options = &table.options;
  write_class(row, out);
}

void write_index_class(const IndexDef& index, const Catalog& catalog, RowWriter& out) {
  const TableDef* indexed = catalog.find_table(index.table);
  const bool partitioned = indexed != nullptr && indexed->is_partitioned();
  ClassRow row = class_of(index, partitioned ? 'I' : 'i', catalog);
  row.access_method = access_method_oid(index.method);
  row.file = partitioned ? kNoOid : index.oid;
  row.has_parts = partitioned && !indexed->partitions.empty();
  row.is_part = index.parent != kNoOid;
  row.columns = index.columns.size();
  row.options = &index.options;
  if (const TableDef* table = catalog.find_table(index.table)) {
    row.owner = table->owner;
    row.persistence = table->temporary ? 't' : table->unlogged ? 'u' : 'p';
    row.rows = table->statistics ? table->statistics->row_count : 0;
  }
  write_class(row, out);
}

/// A composite type is a relation without rows.
void write_composite_class(const TypeDef& type, const Catalog& catalog, RowWriter& out) {
  if (type.type_kind != TypeKind::composite) return;
  ClassRow row = class_of(type, 'c', catalog);
  row.oid = type.relation;
  row.type = type.oid;
  row.columns = type.attributes.size();
  write_class(row, out);
}

void catalog_classes(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    switch (object->kind) {
      case ObjectKind::table: write_table_class(static_cast<const TableDef&>(*object), scan.catalog, out); break;
      case ObjectKind::index: write_index_class(static_cast<const IndexDef&>(*object), scan.catalog, out); break;
      case ObjectKind::sequence: {
        ClassRow row = class_of(*object, 'S', scan.catalog);
        row.file = object->oid;
        row.columns = 3;
        row.rows = row.pages = 1;
        write_class(row, out);
        break;
      }
      case ObjectKind::view: {
        ClassRow row = class_of(*object, 'v', scan.catalog);
        const auto& view = static_cast<const ViewDef&>(*object);
        row.columns = view.columns.size();
        row.options = &view.options;
        row.has_rules = true;
        write_class(row, out);
        break;
      }
      case ObjectKind::type: write_composite_class(static_cast<const TypeDef&>(*object), scan.catalog, out); break;
      default: break;
    }
  }
}

// --- pg_attribute ---

struct AttributeRow {
  Oid relation = kNoOid;
  std::string_view name;
  Type type;
  int attnum = 0;
  Oid collation = kNoOid;
  bool not_null = false, has_default = false, has_missing = false, dropped = false;
  char identity = 0, generated = 0;
  bool local = true, inherited = false;
  Value acl = Value::null(Physical::kVarlen);
};

/// How a type lies in a row; a user's type as its base.
struct Storage {
  int16_t length = -1;
  bool by_value = false;
  char align = 'i', storage = 'x';
  int dimensions = 0;
};

Storage storage_of(Oid type) {
  if (type == kNoOid) return {4, true, 'i', 'p', 0};
  const TypeInfo* info = find_type(type);
  if (info == nullptr) return {4, true, 'i', 'p', 0};
  const TypeSupport* support = find_type_support(type);
  return {info->typlen, info->by_value, info->align, support != nullptr ? support->storage : 'x',
          is_array_type(type) && info->typlen == -1 && info->name.starts_with('_') ? 1 : 0};
}

Oid collation_of(Oid type) {
  const TypeInfo* info = find_type(type);
  if (info == nullptr || !info->is_collatable) return kNoOid;
  return type == oid::kName || type == oid::kNameArray ? kCCollation : kDefaultCollation;
}

void write_attribute(const AttributeRow& r, RowWriter& out) {
  const Storage storage = storage_of(r.type.oid);
  out.row().set("attrelid", r.relation).set("attname", r.name).set("atttypid", r.dropped ? kNoOid : r.type.oid);
  out.set("attstattarget", r.dropped ? 0 : -1).set("attlen", storage.length).set("attnum", r.attnum);
  out.set("attndims", storage.dimensions).set("attcacheoff", -1).set("atttypmod", r.type.typmod);
  out.set("attbyval", storage.by_value).set("attalign", storage.align).set("attstorage", storage.storage);
  out.set("attnotnull", r.not_null).set("atthasdef", r.has_default).set("atthasmissing", r.has_missing);
  out.set("attidentity", r.identity).set("attgenerated", r.generated).set("attisdropped", r.dropped);
  out.set("attislocal", r.local).set("attinhcount", r.inherited ? 1 : 0).set("attcollation", r.collation != kNoOid ? r.collation : collation_of(r.type.oid));
  out.set("attacl", r.acl);
}

void system_attributes(RowWriter& out) {
  for (const SystemRelation& relation : all_system_relations()) {
    int attnum = 0;
    for (const RelationColumn& column : relation.columns) {
      write_attribute({.relation = relation.oid,
                       .name = column.name,
                       .type = column.type,
                       .attnum = ++attnum,
                       .not_null = column.not_null},
                      out);
    }
  }
}

Type declared_type(const ColumnDef& column) {
  return column.domain != kNoOid ? Type{column.domain} : Type{column.type, column.typmod};
}

void write_columns(Oid relation, const std::vector<ColumnDef>& columns, const Catalog& catalog, RowWriter& out) {
  for (const ColumnDef& column : columns) {
    AttributeRow row{
        .relation = relation, .name = column.name, .type = declared_type(column), .attnum = column.attnum};
    const std::string dropped_name = cat("........pg.dropped.", column.attnum, "........");
    row.collation = column.collation;
    row.dropped = column.dropped;
    row.acl = acl_array(catalog, column.acl);
    if (column.dropped) {
      row.name = dropped_name;
    } else {
      row.not_null = column.not_null;
      row.local = !column.from_parent;
      row.inherited = column.inherited;
      row.has_default = !column.default_sql.empty() ||
                        (column.owned_sequence != kNoOid && column.identity == IdentityKind::none);
      row.has_missing = !column.missing.is_null();
      row.identity = column.identity == IdentityKind::always       ? 'a'
                     : column.identity == IdentityKind::by_default ? 'd'
                                                                   : 0;
      row.generated = column.generated_stored ? 's' : 0;
    }
    write_attribute(row, out);
  }
}

void write_sequence_columns(Oid sequence, RowWriter& out) {
  write_attribute({.relation = sequence, .name = "last_value", .type = {oid::kInt8}, .attnum = 1, .not_null = true},
                  out);
  write_attribute({.relation = sequence, .name = "log_cnt", .type = {oid::kInt8}, .attnum = 2, .not_null = true}, out);
  write_attribute({.relation = sequence, .name = "is_called", .type = {oid::kBool}, .attnum = 3, .not_null = true},
                  out);
}

void write_index_columns(const Catalog& catalog, const IndexDef& index, RowWriter& out) {
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const std::string name = index_column_name(catalog, index, i);
    const auto [type, typmod] = index_column_type(catalog, index, i);
    write_attribute({.relation = index.oid, .name = name, .type = {type, typmod}, .attnum = static_cast<int>(i + 1)},
                    out);
  }
  const TableDef* table = catalog.find_table(index.table);
  for (size_t i = 0; table != nullptr && i < index.included.size(); ++i) {
    const ColumnDef& column = table->column(index.included[i]);
    write_attribute({.relation = index.oid,
                     .name = column.name,
                     .type = {column.type, column.typmod},
                     .attnum = static_cast<int>(index.columns.size() + i + 1)},
                    out);
  }
}

void catalog_attributes(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    switch (object->kind) {
      case ObjectKind::table:
      case ObjectKind::view: write_columns(object->oid, columns_of(*object), scan.catalog, out); break;
      case ObjectKind::type: {
        const auto& type = static_cast<const TypeDef&>(*object);
        write_columns(type.relation, type.attributes, scan.catalog, out);
        break;
      }
      case ObjectKind::sequence: write_sequence_columns(object->oid, out); break;
      case ObjectKind::index: write_index_columns(scan.catalog, static_cast<const IndexDef&>(*object), out); break;
      default: break;
    }
  }
}

// --- pg_attrdef, pg_index, pg_sequence ---

/// Another column has the same default, for another type.
bool is_ambiguous(const Catalog& catalog, const ObjectDef& relation, const ColumnDef& column) {
  const std::string text = default_text(catalog, column);
  return std::ranges::any_of(columns_of(relation), [&](const ColumnDef& other) {
    const bool same_type = other.type == column.type && other.typmod == column.typmod;
    return !other.dropped && !same_type && default_text(catalog, other) == text;
  });
}

void catalog_defaults(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    if (object->kind != ObjectKind::table && object->kind != ObjectKind::view) continue;
    for (const ColumnDef& column : columns_of(*object)) {
      const std::string text = default_text(scan.catalog, column);
      if (text.empty() || column.dropped) continue;
      out.row().set("oid", default_oid(object->oid, column.attnum)).set("adrelid", object->oid);
      out.set("adnum", column.attnum)
          .set("adbin", cat(text, is_ambiguous(scan.catalog, *object, column) ? cat(kColumnMark, column.attnum)
                                                                              : std::string()));
    }
  }
}

/// Index columns' expressions as one text; null when there are none.
std::optional<std::string> expressions_of(const IndexDef& index) {
  std::string out;
  for (const IndexColumn& column : index.columns) {
    if (column.attnum == 0) out += cat(out.empty() ? "" : ", ", index_expression_text(column.expression_sql));
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

void write_index(const Catalog& catalog, const IndexDef& index, RowWriter& out) {
  std::vector<int16_t> keys, options;
  std::vector<Oid> collations, classes;
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const IndexColumn& column = index.columns[i];
    const Oid type = index_column_type(catalog, index, i).first;
    keys.push_back(column.attnum);
    options.push_back(static_cast<int16_t>((column.descending ? 1 : 0) | (column.nulls_first ? 2 : 0)));
    collations.push_back(collation_of(type));
    classes.push_back(default_operator_class(index.method, type));
  }
  const size_t key_count = keys.size();
  keys.insert(keys.end(), index.included.begin(), index.included.end());
  out.row().set("indexrelid", index.oid).set("indrelid", index.table).set("indnatts", keys.size());
  out.set("indnkeyatts", key_count).set("indisunique", index.unique);
  out.set("indnullsnotdistinct", index.nulls_not_distinct).set("indisprimary", index.primary);
  out.set("indisexclusion", index.exclusion).set("indimmediate", !index.deferrable);
  out.set("indisvalid", !index.building && !index.incomplete).set("indisready", true).set("indislive", true);
  const TableDef* of = catalog.find_table(index.table);
  out.set("indisreplident", of != nullptr && of->replica_index == index.oid);
  out.set("indkey", int2_vector(keys)).set("indcollation", oid_vector(collations));
  out.set("indclass", oid_vector(classes)).set("indoption", int2_vector(options));
  out.set("indexprs", expressions_of(index));
  if (!index.predicate_sql.empty()) out.set("indpred", index.predicate_sql);
}

void catalog_indexes(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::index)) {
    write_index(scan.catalog, static_cast<const IndexDef&>(*object), out);
  }
}

void catalog_sequences(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::sequence)) {
    const auto& sequence = static_cast<const SequenceDef&>(*object);
    out.row().set("seqrelid", sequence.oid).set("seqtypid", sequence.type).set("seqstart", sequence.start);
    out.set("seqincrement", sequence.increment).set("seqmax", sequence.maximum).set("seqmin", sequence.minimum);
    out.set("seqcache", sequence.cache).set("seqcycle", sequence.cycle);
  }
}

}  // namespace

void provide_relations(Providers& to) {
  to.builtin("pg_class", system_classes);
  to.catalog("pg_class", catalog_classes);
  to.builtin("pg_attribute", system_attributes);
  to.catalog("pg_attribute", catalog_attributes);
  to.catalog("pg_attrdef", catalog_defaults);
  to.catalog("pg_index", catalog_indexes);
  to.catalog("pg_sequence", catalog_sequences);
}

}  // namespace troupe
