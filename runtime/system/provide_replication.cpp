/// pg_publication and its kin, pg_replication_slots, pg_stat_replication, and the functions that tell of publications,
/// slots and log positions.
#include <algorithm>

#include "runtime/system/definitions.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/system/rows_cursor.hpp"
#include "runtime/system/session_function.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {
namespace {

using Publications = std::vector<std::shared_ptr<const PublicationDef>>;

/// By oid.
Publications publications_of(const Catalog& catalog) {
  Publications all;
  for (const ObjectPtr& object : catalog.publications()) {
    if (object->database == catalog.database()) all.push_back(std::static_pointer_cast<const PublicationDef>(object));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->oid < b->oid; });
  return all;
}

void catalog_publications(const CatalogScan& scan, RowWriter& out) {
  for (const auto& p : publications_of(scan.catalog)) {
    out.row().set("oid", p->oid).set("pubname", p->name).set("pubowner", p->owner).set("puballtables", p->all_tables);
    out.set("pubinsert", p->inserts).set("pubupdate", p->updates).set("pubdelete", p->deletes);
    out.set("pubtruncate", p->truncates).set("pubviaroot", p->via_root);
  }
}

void catalog_published_tables(const CatalogScan& scan, RowWriter& out) {
  for (const auto& p : publications_of(scan.catalog)) {
    for (const PublishedTable& entry : p->tables) {
      out.row().set("oid", entry.oid).set("prpubid", p->oid).set("prrelid", entry.table);
      if (!entry.filter_sql.empty()) out.set("prqual", entry.filter_sql);
      if (!entry.columns.empty()) out.set("prattrs", int2_vector(entry.columns));
    }
  }
}

void catalog_published_schemas(const CatalogScan& scan, RowWriter& out) {
  for (const auto& p : publications_of(scan.catalog)) {
    for (const PublishedSchema& entry : p->schemas) {
      out.row().set("oid", entry.oid).set("pnpubid", p->oid).set("pnnspid", entry.schema);
    }
  }
}

/// What a publication tells of a table: pg_get_publication_tables().
struct Told {
  std::shared_ptr<const TableDef> table;
  std::vector<int16_t> columns;  ///< empty: all
  std::string filter_sql;
};

std::vector<Told> told_by(const PublicationDef& publication, const Catalog& catalog) {
  std::vector<Told> all;
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    Told told{std::static_pointer_cast<const TableDef>(object), {}, {}};
    const auto how = publishes(publication, *told.table);
    if (!how) continue;
    if (how->listed != nullptr) told.columns = how->listed->columns;
    if (how->listed != nullptr) told.filter_sql = how->listed->filter_sql;
    all.push_back(std::move(told));
  }
  return all;
}

void catalog_publication_tables(const CatalogScan& scan, RowWriter& out) {
  for (const auto& p : publications_of(scan.catalog)) {
    for (const Told& told : told_by(*p, scan.catalog)) {
      std::vector<std::string> names;
      for (const ColumnDef& column : told.table->columns) {
        const bool listed = std::find(told.columns.begin(), told.columns.end(), column.attnum) != told.columns.end();
        if (!column.dropped && (listed || told.columns.empty())) names.push_back(column.name);
      }
      out.row().set("pubname", p->name).set("schemaname", scan.catalog.find(told.table->schema)->name);
      out.set("tablename", told.table->name).set("attnames", name_array(names));
      if (!told.filter_sql.empty()) out.set("rowfilter", expression_text(told.filter_sql));
    }
  }
}

// --- slots ---

std::optional<int64_t> instant(int64_t unix_us) {
  return unix_us == 0 ? std::nullopt : std::optional(timestamp_of_unix_us(unix_us));
}

std::optional<int64_t> position(Lsn lsn) {
  return lsn == kNoLsn ? std::nullopt : std::optional(static_cast<int64_t>(lsn));
}

void slots(const SystemSession& session, RowWriter& out) {
  for (const ReplicationSlot& slot : session.replication_slots()) {
    const ObjectDef* database = session.catalog()->find_anywhere(slot.database);
    out.row().set("slot_name", slot.name).set("plugin", slot.plugin).set("slot_type", "logical");
    out.set("datoid", slot.database).set("database", database == nullptr ? std::string() : database->name);
    const int32_t pid = slot.active_pid != 0 ? slot.active_pid : slot.temporary ? slot.owner_pid : 0;
    out.set("temporary", slot.temporary).set("active", pid != 0);
    if (pid != 0) out.set("active_pid", pid);
    if (!slot.lost) out.set("restart_lsn", static_cast<int64_t>(lsn_behind(slot.confirmed)));
    out.set("confirmed_flush_lsn", static_cast<int64_t>(lsn_behind(slot.confirmed)));
    out.set("wal_status", slot.lost ? "lost" : "reserved").set("two_phase", false);
  }
}

void walsenders(const SystemSession& session, RowWriter& out) {
  const std::vector<SessionInfo> sessions = session.sessions();
  for (const ReplicationSlot& slot : session.replication_slots()) {
    const auto of = std::find_if(sessions.begin(), sessions.end(),
                                 [&](const SessionInfo& s) { return s.process_id == slot.active_pid; });
    if (slot.active_pid == 0 || of == sessions.end()) continue;
    const ObjectDef* role = session.catalog()->find_anywhere(of->user);
    out.row().set("pid", slot.active_pid).set("usesysid", of->user);
    out.set("usename", role == nullptr ? std::string() : role->name).set("application_name", of->application_name);
    if (!of->client_address.empty()) {
      const Value none = Value::null(physical_of(Type{oid::kInet}));
      out.set("client_addr", parse_text(Type{oid::kInet}, of->client_address, EvalContext{}).value_or(none));
    }
    out.set("client_port", of->client_port).set("backend_start", instant(of->connected_us.value_or(0)));
    out.set("state", slot.progress.streaming ? "streaming" : "catchup").set("sent_lsn", position(slot.progress.sent));
    out.set("write_lsn", position(slot.progress.written)).set("flush_lsn", position(slot.progress.flushed));
    out.set("replay_lsn", position(slot.progress.replayed)).set("sync_priority", 0).set("sync_state", "async");
    out.set("reply_time", instant(slot.progress.reply_us));
  }
}

// --- functions ---

int64_t current_lsn(SystemSession& session) { return static_cast<int64_t>(lsn_behind(session.newest_commit())); }

absl::StatusOr<std::string> lsn_difference(SystemSession&, int64_t a, int64_t b) {
  TROUPE_ASSIGN_OR_RETURN(const Value difference, parse_text(Type{oid::kNumeric}, cat(a - b), EvalContext{}));
  return difference.string();
}

absl::StatusOr<std::string> drop_slot(SystemSession& session, std::string_view name) {
  TROUPE_RETURN_IF_ERROR(session.drop_replication_slot(name));
  return std::string();
}

absl::StatusOr<SystemSession*> session_of(EvalContext& context) {
  if (context.extension == nullptr) return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
  return static_cast<SystemSession*>(context.extension);
}

OpenedCursor open_publication_tables(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  using enum Physical;
  constexpr Physical kinds[] = {kInt64, kVarlen, kVarlen};
  Batch rows = empty_rows(kinds);
  TROUPE_ASSIGN_OR_RETURN(const SystemSession* session, session_of(context));
  const Catalog& catalog = *session->catalog();
  const ObjectDef* found = catalog.find(NameClass::publication, catalog.database(), args[0].bytes());
  if (found == nullptr) {
    return error(ErrorCode::kUndefinedObject, "publication \"", args[0].bytes(), "\" does not exist");
  }
  for (const Told& told : told_by(static_cast<const PublicationDef&>(*found), catalog)) {
    rows.columns[0].append(int64_t{told.table->oid});
    if (told.columns.empty()) {
      rows.columns[1].append_null();
    } else {
      rows.columns[1].append_value(int2_vector(told.columns));
    }
    if (told.filter_sql.empty()) {
      rows.columns[2].append_null();
    } else {
      rows.columns[2].append_string(told.filter_sql);
    }
    ++rows.rows;
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

OpenedCursor slot_and_lsn(std::string_view name, Lsn lsn) {
  using enum Physical;
  constexpr Physical kinds[] = {kVarlen, kInt64};
  Batch rows = empty_rows(kinds);
  rows.columns[0].append_string(name);
  rows.columns[1].append(static_cast<int64_t>(lsn));
  rows.rows = 1;
  return std::make_unique<RowsCursor>(std::move(rows));
}

OpenedCursor open_create_slot(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(SystemSession * session, session_of(context));
  const bool temporary = args.size() > 2 && args[2].get<bool>();
  if (args.size() > 3 && args[3].get<bool>()) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "two_phase is not supported"),
                     "Make the slot without it: prepared transactions are told when they are committed.");
  }
  TROUPE_ASSIGN_OR_RETURN(const Lsn at, session->create_replication_slot(args[0].bytes(), args[1].bytes(), temporary));
  return slot_and_lsn(args[0].bytes(), at);
}

OpenedCursor open_advance_slot(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(SystemSession * session, session_of(context));
  TROUPE_ASSIGN_OR_RETURN(const Lsn at,
                          session->advance_replication_slot(args[0].bytes(), static_cast<Lsn>(args[1].get<int64_t>())));
  return slot_and_lsn(args[0].bytes(), at);
}

}  // namespace

void provide_replication(Providers& to) {
  to.catalog("pg_publication", catalog_publications);
  to.catalog("pg_publication_rel", catalog_published_tables);
  to.catalog("pg_publication_namespace", catalog_published_schemas);
  to.catalog("pg_publication_tables", catalog_publication_tables);
  to.session("pg_replication_slots", slots);
  to.session("pg_stat_replication", walsenders);
}

void register_replication_functions(SessionFunctions& to) {
  using namespace oid;
  for (const std::string_view name : {"pg_current_wal_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_flush_lsn"}) {
    to.add<current_lsn>(name, {}, kPgLsn, Volatility::kVolatile);
  }
  to.add<lsn_difference>("pg_wal_lsn_diff", {kPgLsn, kPgLsn}, kNumeric);
  to.add<drop_slot>("pg_drop_replication_slot", {kName}, oid::kVoid, Volatility::kVolatile);
}

void register_replication_table_functions() {
  using namespace oid;
  add_table_function({.name = "pg_get_publication_tables",
                      .arguments = {kText},
                      .column_names = {"relid", "attrs", "qual"},
                      .columns = {kOid, kInt2Vector, kPgNodeTree},
                      .rows = 100,
                      .open = open_publication_tables});
  for (const std::vector<Oid>& arguments :
       {std::vector<Oid>{kName, kName}, {kName, kName, kBool}, {kName, kName, kBool, kBool}}) {
    add_table_function({.name = "pg_create_logical_replication_slot",
                        .arguments = arguments,
                        .column_names = {"slot_name", "lsn"},
                        .columns = {kName, kPgLsn},
                        .rows = 1,
                        .open = open_create_slot});
  }
  add_table_function({.name = "pg_replication_slot_advance",
                      .arguments = {kName, kPgLsn},
                      .column_names = {"slot_name", "end_lsn"},
                      .columns = {kName, kPgLsn},
                      .rows = 1,
                      .open = open_advance_slot});
}

}  // namespace troupe
