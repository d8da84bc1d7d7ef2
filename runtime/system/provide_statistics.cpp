/// pg_stat_* and pg_statio_*: counters of tables, indexes and the database, as far as the node counts.
#include "runtime/system/providers.hpp"
#include "runtime/types/datetime.hpp"

namespace troupe {
namespace {

std::string schema_of(const Catalog& catalog, const ObjectDef& object) {
  const ObjectDef* schema = catalog.find(object.schema);
  return schema != nullptr ? schema->name : std::string();
}

template <typename Def, typename Write>
void for_each(const SystemSession& session, ObjectKind kind, const Write& write) {
  const CatalogPtr& catalog = session.catalog();
  for (const ObjectPtr& object : catalog->objects(kind)) {
    write(static_cast<const Def&>(*object), schema_of(*catalog, *object), session.relation_counters(object->oid));
  }
}

void table_counters(const SystemSession& session, RowWriter& out) {
  for_each<TableDef>(
      session, ObjectKind::table, [&](const TableDef& table, const std::string& schema, const RelationCounters& c) {
        out.row().set("relid", table.oid).set("schemaname", schema).set("relname", table.name).set("seq_scan", c.scans);
        out.set("seq_tup_read", c.rows_read).set("idx_scan", c.index_scans).set("idx_tup_fetch", c.index_rows);
        out.set("n_tup_ins", c.inserted)
            .set("n_tup_upd", c.updated)
            .set("n_tup_del", c.deleted)
            .set("n_tup_hot_upd", 0);
        const int64_t analyzed = table.statistics ? static_cast<int64_t>(table.statistics->row_count) : 0;
        out.set("n_live_tup", c.live_rows != 0 ? c.live_rows : analyzed).set("n_dead_tup", 0);
        out.set("n_mod_since_analyze", 0).set("n_ins_since_vacuum", 0);
        if (table.statistics) out.set("last_analyze", timestamp_of_unix_us(table.statistics->analyzed_at_us));
        out.set("vacuum_count", 0).set("autovacuum_count", 0).set("analyze_count", table.statistics ? 1 : 0);
        out.set("autoanalyze_count", 0);
      });
}

void index_counters(const SystemSession& session, RowWriter& out) {
  for_each<IndexDef>(
      session, ObjectKind::index, [&](const IndexDef& index, const std::string& schema, const RelationCounters& c) {
        const TableDef* table = session.catalog()->find_table(index.table);
        out.row().set("relid", index.table).set("indexrelid", index.oid).set("schemaname", schema);
        out.set("relname", table != nullptr ? table->name : std::string()).set("indexrelname", index.name);
        out.set("idx_scan", c.index_scans).set("idx_tup_read", c.index_rows).set("idx_tup_fetch", c.index_rows);
      });
}

void table_pages(const SystemSession& session, RowWriter& out) {
  for_each<TableDef>(
      session, ObjectKind::table, [&](const TableDef& table, const std::string& schema, const RelationCounters&) {
        out.row().set("relid", table.oid).set("schemaname", schema).set("relname", table.name);
        out.set("heap_blks_read", 0).set("heap_blks_hit", 0).set("idx_blks_read", 0).set("idx_blks_hit", 0);
      });
}

void index_pages(const SystemSession& session, RowWriter& out) {
  for_each<IndexDef>(
      session, ObjectKind::index, [&](const IndexDef& index, const std::string& schema, const RelationCounters&) {
        const TableDef* table = session.catalog()->find_table(index.table);
        out.row().set("relid", index.table).set("indexrelid", index.oid).set("schemaname", schema);
        out.set("relname", table != nullptr ? table->name : std::string()).set("indexrelname", index.name);
        out.set("idx_blks_read", 0).set("idx_blks_hit", 0);
      });
}

void sequence_pages(const SystemSession& session, RowWriter& out) {
  for_each<SequenceDef>(session, ObjectKind::sequence,
                        [&](const SequenceDef& sequence, const std::string& schema, const RelationCounters&) {
                          out.row().set("relid", sequence.oid).set("schemaname", schema).set("relname", sequence.name);
                          out.set("blks_read", 0).set("blks_hit", 0);
                        });
}

void write_counters(const SystemSession& session, const DatabaseCounters& c, const ObjectDef& database, RowWriter& out) {
  const std::vector<SessionInfo> sessions = session.sessions();
  const auto inside = std::count_if(sessions.begin(), sessions.end(),
                                    [&](const SessionInfo& s) { return s.database == database.oid; });
  out.row().set("datid", database.oid).set("datname", database.name);
  out.set("numbackends", inside).set("xact_commit", c.commits).set("xact_rollback", c.rollbacks);
  out.set("blks_read", c.pages_read).set("blks_hit", c.pages_hit).set("tup_returned", c.rows_returned);
  out.set("tup_fetched", c.rows_fetched).set("tup_inserted", c.inserted).set("tup_updated", c.updated);
  out.set("tup_deleted", c.deleted).set("conflicts", 0).set("temp_files", 0).set("temp_bytes", 0);
  out.set("deadlocks", c.deadlocks).set("checksum_failures", 0).set("blk_read_time", 0.0).set("blk_write_time", 0.0);
  out.set("session_time", 0.0).set("active_time", 0.0).set("idle_in_transaction_time", 0.0).set("sessions", 0);
  out.set("sessions_abandoned", 0).set("sessions_fatal", 0).set("sessions_killed", 0);
}

/// The counters are the node's; they are shown with the session's database.
void database_counters(const SystemSession& session, RowWriter& out) {
  for (const ObjectPtr& database : session.catalog()->objects(ObjectKind::database)) {
    const bool own = database->oid == session.database();
    write_counters(session, own ? session.database_counters() : DatabaseCounters{}, *database, out);
  }
}

}  // namespace

void provide_statistics(Providers& to) {
  to.session("pg_stat_all_tables", table_counters);
  to.session("pg_stat_user_tables", table_counters);
  to.session("pg_stat_all_indexes", index_counters);
  to.session("pg_stat_user_indexes", index_counters);
  to.session("pg_statio_all_tables", table_pages);
  to.session("pg_statio_user_tables", table_pages);
  to.session("pg_statio_all_indexes", index_pages);
  to.session("pg_statio_user_indexes", index_pages);
  to.session("pg_statio_all_sequences", sequence_pages);
  to.session("pg_statio_user_sequences", sequence_pages);
  to.session("pg_stat_database", database_counters);
}

}  // namespace troupe
