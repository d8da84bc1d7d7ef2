#include "storage/catalog/publication.hpp"

#include <algorithm>

namespace troupe {

bool is_publishable(const TableDef& table) {
  return !table.temporary && !table.unlogged && !table.is_materialized_view() && !table.is_partitioned() &&
         table.oid >= kFirstUserOid;
}

std::optional<Publishing> publishes(const PublicationDef& publication, const TableDef& table) {
  if (publication.database != table.database || !is_publishable(table)) return std::nullopt;
  if (publication.all_tables) return Publishing{&publication, nullptr};
  for (const PublishedSchema& in : publication.schemas) {
    if (in.schema == table.schema) return Publishing{&publication, nullptr};
  }
  for (const PublishedTable& listed : publication.tables) {
    if (listed.table == table.oid) return Publishing{&publication, &listed};
  }
  return std::nullopt;
}

namespace {

std::vector<int16_t> columns_of_index(const TableDef& table, const Catalog& catalog) {
  std::vector<int16_t> columns;
  const IndexDef* index = catalog.find_index(table.replica_index);
  if (index == nullptr) return columns;
  for (const IndexColumn& column : index->columns) columns.push_back(column.attnum);
  return columns;
}

std::vector<int16_t> all_columns(const TableDef& table) {
  std::vector<int16_t> columns;
  for (const ColumnDef& column : table.columns) {
    if (!column.dropped) columns.push_back(column.attnum);
  }
  return columns;
}

}  // namespace

std::vector<int16_t> identity_columns(const TableDef& table, const Catalog& catalog) {
  std::vector<int16_t> columns;
  switch (table.replica_identity) {
    case ReplicaIdentity::primary_key: columns = table.primary_key; break;
    case ReplicaIdentity::nothing: break;
    case ReplicaIdentity::full: columns = all_columns(table); break;
    case ReplicaIdentity::index: columns = columns_of_index(table, catalog); break;
  }
  std::sort(columns.begin(), columns.end());
  return columns;
}

}  // namespace troupe
