/// sys.streams, sys.consumer_groups: definitions. Where groups are, sys.stream_consumers tells (stream_tables.cpp).
#include <algorithm>

#include "runtime/sql/deparse.hpp"
#include "runtime/system/acl_text.hpp"
#include "runtime/system/providers.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {
namespace {

/// public.t (a, b), public.u
std::string tables_text(const StreamDef& stream, const Catalog& catalog) {
  std::string text;
  for (const StreamedTable& entry : stream.tables) {
    const TableDef* table = catalog.find_table(entry.table);
    if (table == nullptr) continue;
    const ObjectDef* schema = catalog.find(table->schema);
    text += cat(text.empty() ? "" : ", ", sql::quote_identifier(schema->name), ".", sql::quote_identifier(table->name));
    std::string columns;
    for (const int16_t attnum : entry.columns) {
      columns += cat(columns.empty() ? "" : ", ", sql::quote_identifier(table->column(attnum).name));
    }
    if (!columns.empty()) text += cat(" (", columns, ")");
  }
  return text;
}

std::string_view envelope_name(StreamEnvelope envelope) {
  switch (envelope) {
    case StreamEnvelope::full: return "full";
    case StreamEnvelope::after: return "after";
    case StreamEnvelope::key: return "key";
  }
  return {};
}

Value interval_value(int64_t us) {
  constexpr int64_t kDayUs = 86'400'000'000;
  return Value::of(Interval{us % kDayUs, static_cast<int32_t>(us / kDayUs), 0});
}

std::string_view name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object == nullptr ? std::string_view() : std::string_view(object->name);
}

/// Those that the reader may read: a WHERE tells of what is in rows.
void streams(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  for (const ObjectPtr& object : catalog.objects(ObjectKind::stream)) {
    const auto& stream = static_cast<const StreamDef&>(*object);
    if (rights_on(catalog, session.user(), stream, kSelect) == 0) continue;
    out.row().set("oid", stream.oid).set("schema_name", name_of(catalog, stream.schema));
    out.set("stream_name", stream.name).set("owner", name_of(catalog, stream.owner));
    out.set("tables", tables_text(stream, catalog));
    if (!stream.tables.empty() && !stream.tables[0].filter_sql.empty()) {
      out.set("where_clause", stream.tables[0].filter_sql);
    }
    out.set("envelope", envelope_name(stream.envelope)).set("snapshot", stream.snapshot ? "initial" : "never");
    if (stream.retention_us > 0) out.set("retention", interval_value(stream.retention_us));
    if (!stream.comment.empty()) out.set("comment", stream.comment);
    out.set("acl", acl_array(catalog, stream.acl));
  }
}

/// Of streams that the reader may read.
void consumer_groups(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  for (const ObjectPtr& object : catalog.objects(ObjectKind::stream)) {
    const auto& stream = static_cast<const StreamDef&>(*object);
    if (rights_on(catalog, session.user(), stream, kSelect) == 0) continue;
    for (const ConsumerGroupDef& group : stream.groups) {
      out.row().set("group_id", int64_t{group.oid}).set("schema_name", name_of(catalog, stream.schema));
      out.set("stream_name", stream.name).set("group_name", group.name).set("partitions", group.partitions);
      out.set("ack_timeout", interval_value(group.ack_timeout_us)).set("max_deliveries", group.max_deliveries);
      out.set("version", group.version).set("newest_scn", static_cast<int64_t>(session.newest_commit()));
    }
  }
}

}  // namespace

void provide_streams(Providers& to) {
  to.session("sys.streams", streams);
  to.session("sys.consumer_groups", consumer_groups);
}

}  // namespace troupe
