#include "storage/catalog/partition_tree.hpp"

namespace troupe {
namespace {

bool count_to(const TableDef& root, Oid table, const Catalog& catalog, int* count) {
  for (const Oid oid : root.partitions) {
    ++*count;
    if (oid == table) return true;
    const TableDef* partition = catalog.find_table(oid);
    if (partition != nullptr && count_to(*partition, table, catalog, count)) return true;
  }
  return false;
}

}  // namespace

std::vector<const TableDef*> table_and_above(const TableDef& table, const Catalog& catalog) {
  std::vector<const TableDef*> tables;
  for (const TableDef* at = &table; at != nullptr;
       at = at->is_partition() ? catalog.find_table(at->partition_of) : nullptr) {
    tables.push_back(at);
  }
  return tables;
}

int16_t same_column(int16_t attnum, const TableDef& from, const TableDef& to) {
  if (attnum <= 0 || from.oid == to.oid) return attnum;
  const ColumnDef* column = to.find_column(from.column(attnum).name);
  return column == nullptr ? int16_t{0} : column->attnum;
}

std::vector<int16_t> same_columns(const std::vector<int16_t>& attnums, const TableDef& from, const TableDef& to) {
  std::vector<int16_t> columns;
  for (const int16_t attnum : attnums) columns.push_back(same_column(attnum, from, to));
  return columns;
}

int place_below(const TableDef& root, Oid table, const Catalog& catalog) {
  int count = 0;
  return count_to(root, table, catalog, &count) ? count : 0;
}

}  // namespace troupe
