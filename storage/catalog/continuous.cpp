#include "storage/catalog/continuous.hpp"

#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr std::string_view kRows = "rows_";
constexpr std::string_view kStage = "stage_";
constexpr std::string_view kPlace = "place_";

const TableDef* table_named(const std::string& name, const Catalog& catalog) {
  const SchemaDef* schema = catalog.find_schema(kContinuousSchema);
  const ObjectDef* object = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, name);
  return object != nullptr && object->kind == ObjectKind::table ? static_cast<const TableDef*>(object) : nullptr;
}

}  // namespace

bool is_continuous(const TableDef& table) {
  if (!table.is_materialized_view()) return false;
  for (const auto& [name, value] : table.options) {
    if (name == kContinuousOption) return value == "true";
  }
  return false;
}

bool is_continuous_state(const ObjectDef& object, const Catalog& catalog) {
  const auto* schema = catalog.find_as<SchemaDef>(object.schema);
  return schema != nullptr && schema->name == kContinuousSchema;
}

std::string continuous_rows_name(Oid view) { return cat(kContinuousSchema, ".", kRows, view); }
std::string continuous_stage_name(Oid view, size_t number) {
  return cat(kContinuousSchema, ".", kStage, view, "_", number);
}
std::string continuous_place_name(Oid view) { return cat(kContinuousSchema, ".", kPlace, view); }

const TableDef* continuous_rows(Oid view, const Catalog& catalog) { return table_named(cat(kRows, view), catalog); }
const TableDef* continuous_stage(Oid view, size_t number, const Catalog& catalog) {
  return table_named(cat(kStage, view, "_", number), catalog);
}
const TableDef* continuous_place(Oid view, const Catalog& catalog) { return table_named(cat(kPlace, view), catalog); }

std::vector<TreeId> trees_of(const std::vector<Oid>& tables, const Catalog& catalog) {
  std::vector<TreeId> trees;
  for (const Oid oid : tables) {
    const TableDef* table = catalog.find_table(oid);
    if (table == nullptr) continue;
    if (!table->is_partitioned()) trees.push_back(table->tree);
    const std::vector<TreeId> below = trees_of(table->partitions, catalog);
    trees.insert(trees.end(), below.begin(), below.end());
  }
  return trees;
}

Oid continuous_view_of(const ObjectDef& object, const Catalog& catalog) {
  const bool rows = object.kind == ObjectKind::table && object.name.starts_with(kRows);
  if (!rows || !is_continuous_state(object, catalog)) return kNoOid;
  return static_cast<Oid>(std::strtoul(object.name.c_str() + kRows.size(), nullptr, 10));
}

}  // namespace troupe
