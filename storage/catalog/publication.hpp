#pragma once
/// What a publication tells of, and what it tells of a table.
#include <string>
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

struct PublishedTable {
  Oid oid = kNoOid;  ///< of its row in pg_publication_rel
  Oid table = kNoOid;
  std::vector<int16_t> columns;         ///< attnums, ascending; empty: all
  std::string filter_sql;               ///< empty: all rows
  std::vector<int16_t> filter_columns;  ///< attnums that it looks at, ascending
};

struct PublishedSchema {
  Oid oid = kNoOid;  ///< of its row in pg_publication_namespace
  Oid schema = kNoOid;
};

struct PublicationDef final : ObjectDef {
  PublicationDef() : ObjectDef(ObjectKind::publication) {}

  bool all_tables = false;
  bool inserts = true, updates = true, deletes = true, truncates = true;
  bool via_root = false;  ///< publish_via_partition_root
  std::vector<PublishedTable> tables;
  std::vector<PublishedSchema> schemas;
};

/// Whether the publication's kind of table: permanent, logged, no view.
bool is_publishable(const TableDef& table);

/// How a publication tells of a table.
struct Publishing {
  const PublicationDef* publication = nullptr;
  const PublishedTable* listed = nullptr;  ///< null: all of it (FOR ALL TABLES, TABLES IN SCHEMA)
};
/// Nothing: it does not.
std::optional<Publishing> publishes(const PublicationDef& publication, const TableDef& table);

/// The columns that name a row of it, ascending: those of the primary key, of the chosen index, or all. Empty: none do.
std::vector<int16_t> identity_columns(const TableDef& table, const Catalog& catalog);

}  // namespace troupe
