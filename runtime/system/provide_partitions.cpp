/// pg_inherits, pg_partitioned_table.
#include "runtime/plan/index_terms.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/providers.hpp"

namespace troupe {
namespace {

void write_inheritance(Oid child, Oid parent, RowWriter& out) {
  out.row().set("inhrelid", child).set("inhparent", parent).set("inhseqno", 1).set("inhdetachpending", false);
}

void inheritance(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    if (object->kind == ObjectKind::table) {
      const auto& table = static_cast<const TableDef&>(*object);
      if (table.is_partition()) write_inheritance(table.oid, table.partition_of, out);
    } else if (object->kind == ObjectKind::index) {
      const auto& index = static_cast<const IndexDef&>(*object);
      if (index.parent != kNoOid) write_inheritance(index.oid, index.parent, out);
    }
  }
}

char strategy_of(PartitionMethod method) {
  switch (method) {
    case PartitionMethod::range: return 'r';
    case PartitionMethod::list: return 'l';
    default: return 'h';
  }
}

Oid default_of(const TableDef& table, const Catalog& catalog) {
  for (const Oid oid : table.partitions) {
    const TableDef* partition = catalog.find_table(oid);
    if (partition != nullptr && partition->bound.is_default) return oid;
  }
  return kNoOid;
}

void partitioned_tables(const CatalogScan& scan, RowWriter& out) {
  constexpr Oid kDefaultCollation = 100;
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::table)) {
    const auto& table = static_cast<const TableDef&>(*object);
    if (!table.is_partitioned()) continue;
    std::vector<int16_t> attnums;
    std::vector<Oid> classes, collations;
    std::string expressions;
    const bool hash = table.partition_key.method == PartitionMethod::hash;
    for (const PartitionKeyPart& part : table.partition_key.parts) {
      attnums.push_back(part.attnum);
      classes.push_back(default_operator_class(hash ? "hash" : "btree", part.type));
      collations.push_back(type_info(part.type).is_collatable ? kDefaultCollation : kNoOid);
      if (part.attnum == 0) {
        expressions += cat(expressions.empty() ? "" : ", ", index_expression_text(part.expression_sql));
      }
    }
    out.row().set("partrelid", table.oid).set("partstrat", strategy_of(table.partition_key.method));
    out.set("partnatts", attnums.size()).set("partdefid", default_of(table, scan.catalog));
    out.set("partattrs", int2_vector(attnums)).set("partclass", oid_vector(classes));
    out.set("partcollation", oid_vector(collations));
    if (!expressions.empty()) out.set("partexprs", expressions);
  }
}

}  // namespace

void provide_partitions(Providers& to) {
  to.catalog("pg_inherits", inheritance);
  to.catalog("pg_partitioned_table", partitioned_tables);
}

}  // namespace troupe
