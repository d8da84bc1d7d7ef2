#include "storage/catalog/subscription_tables.hpp"

#include <span>

#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

// Trees of the system's (below kFirstUserTree), in all partitions.
constexpr TreeId kSubscriptionsTree = 13, kTablesTree = 14, kPlacesTree = 15;
constexpr Oid kTablesTable = 6102, kPlacesTable = 13631;
// Primary keys: PostgreSQL's oids where it has such an index.
constexpr Oid kSubscriptionsKey = 6114, kTablesKey = 6117, kPlacesKey = 13632;
constexpr Oid kFirstConstraint = 13633;
constexpr Oid kOriginView = 6000, kOriginStatusView = 12332;
constexpr Oid kBool = 16, kChar = 18, kName = 19, kText = 25, kOid = 26, kTextArray = 1009, kLsn = 3220;
constexpr Oid kDefaultCollation = 100, kCCollation = 950;

struct ColumnText {
  std::string_view name;
  Oid type;
  bool not_null = false;
  bool secret = false;
};

constexpr ColumnText kSubscriptions[] = {{"oid", kOid, true},
                                         {"subdbid", kOid, true},
                                         {"subskiplsn", kLsn, true},
                                         {"subname", kName, true},
                                         {"subowner", kOid, true},
                                         {"subenabled", kBool, true},
                                         {"subbinary", kBool, true},
                                         {"substream", kBool, true},
                                         {"subtwophasestate", kChar, true},
                                         {"subdisableonerr", kBool, true},
                                         {"subconninfo", kText, true, true},
                                         {"subslotname", kName},
                                         {"subsynccommit", kText, true},
                                         {"subpublications", kTextArray, true}};
constexpr ColumnText kTables[] = {
    {"srsubid", kOid, true}, {"srrelid", kOid, true}, {"srsubstate", kChar, true}, {"srsublsn", kLsn}};
constexpr ColumnText kPlaces[] = {{"subscription", kOid, true}, {"remote_lsn", kLsn, true}};
constexpr ColumnText kOrigin[] = {{"roident", kOid}, {"roname", kText}};
constexpr ColumnText kOriginStatus[] = {
    {"local_id", kOid}, {"external_id", kText}, {"remote_lsn", kLsn}, {"local_lsn", kLsn}};

constexpr std::string_view kOriginQuery =
    "SELECT subscription AS roident, 'pg_' || subscription::text AS roname FROM sys.subscription_places";
constexpr std::string_view kOriginStatusQuery =
    "SELECT subscription AS local_id, 'pg_' || subscription::text AS external_id, remote_lsn, "
    "NULL::pg_lsn AS local_lsn FROM sys.subscription_places";

Physical physical_of(Oid type) {
  switch (type) {
    case kBool: return Physical::kBool;
    case kChar: return Physical::kInt16;
    case kOid:
    case kLsn: return Physical::kInt64;
    default: return Physical::kVarlen;
  }
}

std::vector<ColumnDef> columns_of_text(std::span<const ColumnText> texts) {
  std::vector<ColumnDef> columns;
  for (const ColumnText& text : texts) {
    ColumnDef column;
    column.attnum = static_cast<int16_t>(columns.size() + 1);
    column.name = text.name;
    column.type = text.type;
    column.physical = physical_of(text.type);
    column.collation = text.type == kName                              ? kCCollation
                       : text.type == kText || text.type == kTextArray ? kDefaultCollation
                                                                       : kNoOid;
    column.not_null = text.not_null;
    columns.push_back(std::move(column));
  }
  return columns;
}

struct TableText {
  Oid oid;
  TreeId tree;
  Oid schema;
  std::string_view name;
  std::vector<int16_t> key;
  Oid index;
  Oid constraint;
};

/// For everybody to read, but for secret columns.
void let_read(std::span<const ColumnText> texts, TableDef* table) {
  table->acl = default_acl(SecurableKind::kTable, kBootstrapRole);
  table->acl.given = true;
  bool secrets = false;
  for (const ColumnText& text : texts) secrets = secrets || text.secret;
  if (!secrets) {
    table->acl.items.push_back({kNoOid, kBootstrapRole, kSelect, 0});
    return;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].secret) continue;
    table->columns[i].acl.given = true;
    table->columns[i].acl.items.push_back({kNoOid, kBootstrapRole, kSelect, 0});
  }
}

void add_table(const TableText& text, std::span<const ColumnText> columns, std::vector<CatalogChange>* out) {
  auto table = std::make_shared<TableDef>();
  table->oid = text.oid;
  table->schema = text.schema;
  table->name = text.name;
  table->tree = text.tree;
  table->columns = columns_of_text(columns);
  table->primary_key = text.key;
  let_read(columns, table.get());
  auto index = std::make_shared<IndexDef>();
  index->oid = text.index;
  index->schema = text.schema;
  index->name = cat(text.name, "_pkey");
  index->table = text.oid;
  index->unique = index->primary = index->constraint = true;
  for (const int16_t attnum : table->primary_key) index->columns.emplace_back().attnum = attnum;
  table->indexes.push_back(index->oid);
  ConstraintDef key;
  key.oid = text.constraint;
  key.kind = ConstraintKind::primary_key;
  key.name = index->name;
  key.columns = table->primary_key;
  key.index = index->oid;
  table->constraints.push_back(std::move(key));
  out->push_back({text.oid, std::move(table)});
  out->push_back({index->oid, std::move(index)});
}

void add_view(Oid oid, std::string_view name, std::string_view query, std::span<const ColumnText> columns,
              std::vector<CatalogChange>* out) {
  auto view = std::make_shared<ViewDef>();
  view->oid = oid;
  view->schema = kPgCatalogSchema;
  view->name = name;
  view->query_sql = query;
  view->columns = columns_of_text(columns);
  view->depends_on = {kPlacesTable};
  view->acl = default_acl(SecurableKind::kTable, kBootstrapRole);
  view->acl.given = true;
  view->acl.items.push_back({kNoOid, kBootstrapRole, kSelect, 0});
  out->push_back({oid, std::move(view)});
}

}  // namespace

std::vector<CatalogChange> built_in_subscription_tables() {
  std::vector<CatalogChange> out;
  add_table({kSubscriptionTable,
             kSubscriptionsTree,
             kPgCatalogSchema,
             "pg_subscription",
             {1},
             kSubscriptionsKey,
             kFirstConstraint},
            kSubscriptions, &out);
  add_table(
      {kTablesTable, kTablesTree, kPgCatalogSchema, "pg_subscription_rel", {1, 2}, kTablesKey, kFirstConstraint + 1},
      kTables, &out);
  add_table({kPlacesTable, kPlacesTree, kSysSchema, "subscription_places", {1}, kPlacesKey, kFirstConstraint + 2},
            kPlaces, &out);
  add_view(kOriginView, "pg_replication_origin", kOriginQuery, kOrigin, &out);
  add_view(kOriginStatusView, "pg_replication_origin_status", kOriginStatusQuery, kOriginStatus, &out);
  return out;
}

}  // namespace troupe
