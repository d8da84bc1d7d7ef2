#include "storage/catalog/stream_tables.hpp"

#include <span>

#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

// Trees of the system's (below kFirstUserTree), in all partitions.
constexpr TreeId kPartitionsTree = 10, kMembersTree = 11, kLettersTree = 12;
constexpr Oid kPartitionsTable = 13620, kMembersTable = 13621, kLettersTable = 13622;
constexpr Oid kFirstConstraint = 13623, kFirstKey = 13626;
constexpr Oid kConsumersView = 13629, kDeadLettersView = 13630, kWebhooksView = 13641;
constexpr Oid kBool = 16, kInt4 = 23, kInt8 = 20, kText = 25, kJson = 114, kTimestamptz = 1184;
constexpr Oid kDefaultCollation = 100;

struct ColumnText {
  std::string_view name;
  Oid type;
  bool not_null = false;
};

constexpr ColumnText kPartitions[] = {{"group_id", kInt8, true},
                                      {"partition", kInt4, true},
                                      {"scn", kInt8, true},
                                      {"event", kInt8, true},
                                      {"sent_scn", kInt8, true},
                                      {"sent_event", kInt8, true},
                                      {"member", kText},
                                      {"batch", kInt8, true},
                                      {"parts", kInt4, true},
                                      {"deadline_us", kInt8, true},
                                      {"deliveries", kInt4, true},
                                      {"careful_scn", kInt8, true},
                                      {"careful_event", kInt8, true},
                                      {"error", kText},
                                      {"careful_deliveries", kInt4, true}};
constexpr ColumnText kMembers[] = {{"group_id", kInt8, true}, {"member", kText, true}, {"seen_us", kInt8, true}};
constexpr ColumnText kLetters[] = {{"group_id", kInt8, true},
                                   {"token", kText, true},
                                   {"xid", kInt8, true},
                                   {"committed_at", kTimestamptz},
                                   {"table_name", kText},
                                   {"op", kText},
                                   {"key", kJson},
                                   {"before", kJson},
                                   {"after", kJson},
                                   {"deliveries", kInt4, true},
                                   {"error", kText},
                                   {"dead_at", kTimestamptz, true}};
constexpr ColumnText kConsumers[] = {{"schema_name", kText},      {"stream_name", kText}, {"group_name", kText},
                                     {"member", kText},           {"partitions", kInt8},  {"in_flight", kInt8},
                                     {"acknowledged_scn", kInt8}, {"lag_commits", kInt8}, {"deliveries", kInt4},
                                     {"last_seen", kTimestamptz}};
constexpr ColumnText kDeadLetters[] = {{"schema_name", kText}, {"stream_name", kText},
                                       {"group_name", kText},  {"token", kText},
                                       {"xid", kInt8},         {"committed_at", kTimestamptz},
                                       {"table_name", kText},  {"op", kText},
                                       {"key", kJson},         {"before", kJson},
                                       {"after", kJson},       {"deliveries", kInt4},
                                       {"error", kText},       {"dead_at", kTimestamptz}};
constexpr ColumnText kWebhooks[] = {{"schema_name", kText},
                                    {"stream_name", kText},
                                    {"webhook_name", kText},
                                    {"url", kText},
                                    {"headers", kText},
                                    {"enabled", kBool},
                                    {"state", kText},
                                    {"delivered", kInt8},
                                    {"failed", kInt8},
                                    {"in_flight", kInt8},
                                    {"lag_commits", kInt8},
                                    {"deliveries", kInt4},
                                    {"max_deliveries", kInt4},
                                    {"dead_letters", kInt8},
                                    {"last_status", kInt4},
                                    {"last_error", kText},
                                    {"last_error_at", kTimestamptz},
                                    {"last_delivered", kTimestamptz},
                                    {"next_try", kTimestamptz}};

constexpr std::string_view kConsumersQuery =
    "SELECT g.schema_name, g.stream_name, g.group_name, p.member, count(*) AS partitions, "
    "count(*) FILTER (WHERE (p.sent_scn, p.sent_event) > (p.scn, p.event)) AS in_flight, "
    "min(p.scn) AS acknowledged_scn, max(g.newest_scn) - min(p.scn) AS lag_commits, "
    "max(p.deliveries) AS deliveries, to_timestamp(max(m.seen_us) / 1000000.0) AS last_seen "
    "FROM sys.stream_partitions p JOIN sys.consumer_groups g ON g.group_id = p.group_id "
    "LEFT JOIN sys.stream_members m ON m.group_id = p.group_id AND m.member = p.member "
    "GROUP BY g.schema_name, g.stream_name, g.group_name, p.member";
constexpr std::string_view kDeadLettersQuery =
    "SELECT g.schema_name, g.stream_name, g.group_name, l.token, l.xid, l.committed_at, l.table_name, l.op, l.key, "
    "l.before, l.after, l.deliveries, l.error, l.dead_at "
    "FROM sys.stream_letters l JOIN sys.consumer_groups g ON g.group_id = l.group_id";
/// A delivery that failed waits in its partition's row, with its error, until it is to be tried again.
constexpr std::string_view kWebhooksQuery =
    "SELECT s.schema_name, s.stream_name, s.webhook_name, s.url, s.headers, s.enabled, "
    "CASE WHEN NOT s.enabled THEN 'disabled' WHEN NOT s.sending THEN 'starting' WHEN p.retrying > 0 THEN 'retrying' "
    "WHEN p.in_flight > 0 THEN 'delivering' ELSE 'idle' END AS state, s.delivered, s.failed, p.in_flight, "
    "s.newest_scn - p.scn AS lag_commits, p.deliveries, s.max_deliveries, "
    "(SELECT count(*) FROM sys.stream_letters l WHERE l.group_id = s.group_id) AS dead_letters, s.last_status, "
    "CASE WHEN s.url IS NOT NULL THEN coalesce(p.error, s.last_error) END AS last_error, s.last_error_at, "
    "s.last_delivered, to_timestamp(p.next_us / 1000000.0) AS next_try "
    "FROM sys.webhook_senders s JOIN (SELECT group_id, min(scn) AS scn, max(deliveries) AS deliveries, "
    "max(error) AS error, count(*) FILTER (WHERE (sent_scn, sent_event) > (scn, event)) AS in_flight, "
    "count(*) FILTER (WHERE error IS NOT NULL) AS retrying, min(deadline_us) FILTER (WHERE error IS NOT NULL) AS "
    "next_us "
    "FROM sys.stream_partitions GROUP BY group_id) p ON p.group_id = s.group_id";

std::vector<ColumnDef> columns_of_text(std::span<const ColumnText> texts) {
  std::vector<ColumnDef> columns;
  for (const ColumnText& text : texts) {
    ColumnDef column;
    column.attnum = static_cast<int16_t>(columns.size() + 1);
    column.name = text.name;
    column.type = text.type;
    column.physical = text.type == kBool                                ? Physical::kBool
                      : text.type == kInt4                              ? Physical::kInt32
                      : text.type == kInt8 || text.type == kTimestamptz ? Physical::kInt64
                                                                        : Physical::kVarlen;
    column.collation = text.type == kText ? kDefaultCollation : kNoOid;
    column.not_null = text.not_null;
    columns.push_back(std::move(column));
  }
  return columns;
}

/// With a primary key of its first two columns.
void add_table(Oid oid, TreeId tree, std::string_view name, std::span<const ColumnText> columns,
               std::vector<CatalogChange>* out) {
  const Oid which = oid - kPartitionsTable;
  auto table = std::make_shared<TableDef>();
  table->oid = oid;
  table->schema = kSysSchema;
  table->name = name;
  table->tree = tree;
  table->columns = columns_of_text(columns);
  table->primary_key = {1, 2};
  auto index = std::make_shared<IndexDef>();
  index->oid = kFirstKey + which;
  index->schema = kSysSchema;
  index->name = cat(name, "_pkey");
  index->table = oid;
  index->unique = index->primary = index->constraint = true;
  for (const int16_t attnum : table->primary_key) index->columns.emplace_back().attnum = attnum;
  table->indexes.push_back(index->oid);
  ConstraintDef key;
  key.oid = kFirstConstraint + which;
  key.kind = ConstraintKind::primary_key;
  key.name = index->name;
  key.columns = table->primary_key;
  key.index = index->oid;
  table->constraints.push_back(std::move(key));
  out->push_back({oid, std::move(table)});
  out->push_back({index->oid, std::move(index)});
}

/// For everybody: sys.consumer_groups shows only what the reader may know of.
void add_view(Oid oid, std::string_view name, std::string_view query, std::span<const ColumnText> columns,
              std::vector<Oid> reads, std::vector<CatalogChange>* out) {
  auto view = std::make_shared<ViewDef>();
  view->oid = oid;
  view->schema = kSysSchema;
  view->name = name;
  view->query_sql = query;
  view->columns = columns_of_text(columns);
  view->depends_on = std::move(reads);
  view->acl = default_acl(SecurableKind::kTable, kBootstrapRole);
  view->acl.given = true;
  view->acl.items.push_back({kNoOid, kBootstrapRole, kSelect, 0});
  out->push_back({oid, std::move(view)});
}

}  // namespace

std::vector<CatalogChange> built_in_stream_tables() {
  std::vector<CatalogChange> out;
  add_table(kPartitionsTable, kPartitionsTree, "stream_partitions", kPartitions, &out);
  add_table(kMembersTable, kMembersTree, "stream_members", kMembers, &out);
  add_table(kLettersTable, kLettersTree, "stream_letters", kLetters, &out);
  add_view(kConsumersView, "stream_consumers", kConsumersQuery, kConsumers, {kPartitionsTable, kMembersTable}, &out);
  add_view(kWebhooksView, "webhooks", kWebhooksQuery, kWebhooks, {kPartitionsTable, kLettersTable}, &out);
  add_view(kDeadLettersView, "stream_dead_letters", kDeadLettersQuery, kDeadLetters, {kLettersTable}, &out);
  return out;
}

}  // namespace troupe
