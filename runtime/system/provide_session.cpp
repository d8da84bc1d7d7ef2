/// pg_settings, pg_stat_activity, pg_locks, pg_prepared_statements, pg_cursors, time zones, and sys.*: what the session
/// and the node say about themselves.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "runtime/system/providers.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

std::optional<int64_t> instant(std::optional<int64_t> unix_us) {
  if (!unix_us) return std::nullopt;
  return timestamp_of_unix_us(*unix_us);
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string name_of(const SystemSession& session, Oid oid) {
  const ObjectDef* object = session.catalog()->find(oid);
  return object != nullptr ? object->name : std::string();
}

// --- pg_settings ---

std::string_view context_name(ParameterContext context) {
  switch (context) {
    case ParameterContext::kInternal: return "internal";
    case ParameterContext::kRestart: return "postmaster";
    case ParameterContext::kReload: return "sighup";
    case ParameterContext::kBackend: return "backend";
    case ParameterContext::kSuperuser: return "superuser";
    case ParameterContext::kUser: return "user";
  }
  return {};
}

std::string_view type_name(ParameterType type) {
  switch (type) {
    case ParameterType::kBool: return "bool";
    case ParameterType::kInteger: return "integer";
    case ParameterType::kReal: return "real";
    case ParameterType::kString: return "string";
    case ParameterType::kEnum: return "enum";
  }
  return {};
}

std::string number_text(double v) {
  return absl::StrFormat(v == std::rint(v) && std::fabs(v) < 1e15 ? "%.0f" : "%g", v);
}

void settings(const SystemSession& session, RowWriter& out) {
  const SessionParameters& parameters = session.parameters();
  for (const ParameterInfo& p : all_parameters()) {
    if (p.hidden) continue;
    const ParameterId id = parameter_id(p);
    const bool numeric = p.type == ParameterType::kInteger || p.type == ParameterType::kReal;
    out.row().set("name", p.name).set("setting", parameters.value(id));
    if (p.unit != ParameterUnit::kNone) out.set("unit", unit_name(p.unit));
    out.set("category", p.category).set("short_desc", p.description).set("context", context_name(p.context));
    out.set("vartype", type_name(p.type)).set("source", source_name(parameters.source(id)));
    if (numeric) out.set("min_val", number_text(p.minimum)).set("max_val", number_text(p.maximum));
    if (p.type == ParameterType::kEnum) {
      const std::vector<std::string> choices = absl::StrSplit(absl_view(p.choices), ", ");
      out.set("enumvals", text_array(choices));
    }
    out.set("boot_val", p.default_value).set("reset_val", parameters.reset_value(id)).set("pending_restart", false);
  }
}

// --- sessions and locks ---

Value address(const std::string& text) {
  if (text.empty()) return Value::null(physical_of(Type{oid::kInet}));
  return parse_text(Type{oid::kInet}, text, EvalContext{}).value_or(Value::null(physical_of(Type{oid::kInet})));
}

void activity(const SystemSession& session, RowWriter& out) {
  for (const SessionInfo& s : session.sessions()) {
    out.row();
    if (s.database != kNoOid) out.set("datid", s.database).set("datname", name_of(session, s.database));
    out.set("pid", s.process_id);
    if (s.user != kNoOid) out.set("usesysid", s.user).set("usename", name_of(session, s.user));
    out.set("application_name", s.application_name).set("client_addr", address(s.client_address));
    out.set("client_port", s.client_port).set("backend_start", instant(s.connected_us));
    out.set("xact_start", instant(s.transaction_us)).set("query_start", instant(s.query_us));
    out.set("state_change", instant(s.state_us)).set("wait_event_type", unless_empty(s.wait_event_type));
    out.set("wait_event", unless_empty(s.wait_event)).set("state", unless_empty(s.state)).set("query", s.query);
    out.set("backend_type", s.kind);
  }
}

void encryption(const SystemSession& session, RowWriter& out) {
  for (const SessionInfo& s : session.sessions()) {
    out.row().set("pid", s.process_id).set("ssl", s.tls.has_value());
    if (!s.tls) continue;
    out.set("version", s.tls->version).set("cipher", s.tls->cipher).set("bits", s.tls->bits);
    if (s.tls->client_dn.empty()) continue;
    const Value none = Value::null(physical_of(Type{oid::kNumeric}));
    out.set("client_dn", s.tls->client_dn);
    out.set("client_serial", parse_text(Type{oid::kNumeric}, s.tls->client_serial, EvalContext{}).value_or(none));
    out.set("issuer_dn", s.tls->issuer_dn);
  }
}

void locks(const SystemSession& session, RowWriter& out) {
  for (const LockInfo& lock : session.locks()) {
    if (lock.advisory_key && lock.advisory_key->constraint != 0) continue;  // PostgreSQL waits for a transaction there
    out.row().set("locktype", lock.kind);
    if (!lock.transaction) out.set("database", lock.database != kNoOid ? lock.database : session.database());
    if (lock.relation != kNoOid) out.set("relation", lock.relation);
    if (lock.transaction) out.set("transactionid", static_cast<uint32_t>(*lock.transaction));
    if (lock.advisory_key) {
      const AdvisoryKey& key = *lock.advisory_key;
      out.set("classid", static_cast<uint32_t>(key.number >> 32)).set("objid", static_cast<uint32_t>(key.number));
      out.set("objsubid", key.pair ? 2 : 1);
    }
    out.set("virtualtransaction", lock.holder);
    if (lock.process_id) out.set("pid", *lock.process_id);
    out.set("mode", lock.mode).set("granted", lock.granted).set("fastpath", false).set("waitstart", instant(lock.waiting_since_us));
  }
}

void prepared_statements(const SystemSession& session, RowWriter& out) {
  for (const PreparedInfo& p : session.prepared_statements()) {
    std::vector<Value> types;
    for (const Oid type : p.parameter_types) types.push_back(Value::of(int64_t{type}));
    out.row().set("name", p.name).set("statement", p.statement).set("prepare_time", instant(p.prepared_us));
    out.set("parameter_types", Value::text(pack_array(oid::kRegtype, Physical::kInt64, types)));
    out.set("from_sql", p.from_sql).set("generic_plans", p.generic_plans).set("custom_plans", p.custom_plans);
  }
}

void prepared_transactions(const SystemSession& session, RowWriter& out) {
  const Catalog& catalog = *session.catalog();
  for (const PreparedTransactionInfo& p : session.prepared_transactions()) {
    const ObjectDef* owner = catalog.find(p.owner);
    const ObjectDef* database = catalog.find(p.database);
    out.row().set("transaction", static_cast<int64_t>(static_cast<uint32_t>(p.transaction))).set("gid", p.name);
    out.set("prepared", instant(p.prepared_us));
    if (owner != nullptr) out.set("owner", owner->name);
    if (database != nullptr) out.set("database", database->name);
  }
}

void cursors(const SystemSession& session, RowWriter& out) {
  for (const CursorInfo& c : session.cursors()) {
    out.row().set("name", c.name).set("statement", c.statement).set("is_holdable", c.holdable);
    out.set("is_binary", c.binary).set("is_scrollable", c.scrollable).set("creation_time", instant(c.created_us));
  }
}

/// Zones ("Z name ...") and their other names ("L zone name") in tzdata's table, sorted.
std::vector<std::string> read_time_zone_names() {
  const char* directory = std::getenv("TZDIR");  // where absl looks, too
  std::ifstream table(cat(directory != nullptr ? directory : "/usr/share/zoneinfo", "/tzdata.zi"));
  std::vector<std::string> names;
  for (std::string line; std::getline(table, line);) {
    if (!line.starts_with("Z ") && !line.starts_with("L ")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    names.push_back(words[line[0] == 'Z' || words.size() < 3 ? 1 : 2]);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void time_zone_names(const SystemSession& session, RowWriter& out) {
  static const std::vector<std::string> names = read_time_zone_names();
  const absl::Time now = absl::FromUnixMicros(session.started_us());
  for (const std::string& name : names) {
    const auto zone = find_time_zone(name);
    if (!zone.ok()) continue;
    const absl::TimeZone::CivilInfo at = zone->At(now);
    out.row().set("name", name).set("abbrev", at.zone_abbr);
    out.set("utc_offset", Value::of(Interval{at.offset * kUsPerSecond, 0, 0})).set("is_dst", at.is_dst);
  }
}

// --- sys ---

void actors(const SystemSession& session, RowWriter& out) {
  for (const ActorInfo& a : session.actors()) {
    out.row().set("id", a.id).set("parent", a.parent).set("kind", a.kind).set("name", a.name).set("state", a.state);
    out.set("mailbox_depth", a.mailbox_depth).set("messages", a.messages).set("busy_ms", a.busy_ms);
    out.set("restarts", a.restarts);
  }
}

void limits(const SystemSession& session, RowWriter& out) {
  for (const LimitInfo& l : session.limits()) {
    out.row().set("name", l.name).set("value", l.value).set("unit", l.unit).set("used", l.used);
    out.set("description", l.description);
  }
}

void events(const SystemSession& session, RowWriter& out) {
  for (const EventInfo& e : session.events()) {
    out.row().set("id", e.id).set("at", instant(e.at_us)).set("kind", e.kind).set("source", e.source);
    out.set("reason", e.reason);
  }
}

void partitions(const SystemSession& session, RowWriter& out) {
  for (const PartitionInfo& p : session.partitions()) {
    out.row().set("id", p.id).set("state", p.state).set("applied_scn", p.applied_scn).set("trees", p.trees);
    out.set("file_bytes", p.file_bytes).set("free_bytes", p.free_bytes).set("cached_bytes", p.cached_bytes);
    out.set("dirty_bytes", p.dirty_bytes).set("history_bytes", p.history_bytes).set("pending_bytes", p.pending_bytes);
    out.set("page_faults", p.page_faults).set("evictions", p.evictions).set("tombstones", p.tombstones);
  }
}

void checkpoints(const SystemSession& session, RowWriter& out) {
  for (const CheckpointInfo& c : session.checkpoints()) {
    out.row().set("id", c.id).set("partition", c.partition).set("scn", c.scn);
    out.set("started_at", instant(c.started_us)).set("duration_ms", c.duration_ms).set("pages", c.pages);
    out.set("bytes", c.bytes).set("state", c.state);
    if (!c.error.empty()) out.set("error", c.error);
  }
}

void conflicts(const SystemSession& session, RowWriter& out) {
  const auto set_known = [&out](const char* column, const std::string& text) {
    if (!text.empty()) out.set(column, text);
  };
  for (const ConflictInfo& c : session.conflicts()) {
    out.row().set("id", c.id).set("at", instant(c.at_us)).set("reason", c.reason);
    set_known("schema", c.schema);
    set_known("relation", c.relation);
    set_known("key", c.key);
    out.set("process_id", c.process_id);
    set_known("statement", c.statement);
    if (c.writer_process_id != 0) out.set("writer_process_id", c.writer_process_id);
    set_known("writer_statement", c.writer_statement);
  }
}

void scrubs(const SystemSession& session, RowWriter& out) {
  for (const ScrubInfo& s : session.scrubs()) {
    out.row().set("file", s.file);
    if (s.partition) out.set("partition", *s.partition);
    out.set("round", s.round).set("state", s.state).set("started_at", instant(s.started_us));
    out.set("finished_at", instant(s.finished_us)).set("pages", s.pages).set("bytes", s.bytes).set("file_bytes", s.file_bytes).set("damaged", s.damaged);
  }
}

void damages(const SystemSession& session, RowWriter& out) {
  for (const DamageInfo& d : session.damages()) {
    out.row().set("id", d.id).set("at", instant(d.at_us)).set("file", d.file);
    if (d.partition) out.set("partition", *d.partition);
    out.set("at_byte", d.at_byte).set("bytes", d.bytes);
    if (!d.schema.empty()) out.set("schema", d.schema);
    if (!d.relation.empty()) out.set("relation", d.relation);
    out.set("problem", d.problem);
  }
}

void recovery(const SystemSession& session, RowWriter& out) {
  for (const RecoveryInfo& r : session.recovery()) {
    out.row().set("id", r.id).set("step", r.step);
    if (r.partition) out.set("partition", *r.partition);
    out.set("state", r.state).set("started_at", instant(r.started_us)).set("duration_ms", r.duration_ms);
    out.set("bytes", r.bytes).set("total_bytes", r.total_bytes).set("commits", r.commits);
    if (!r.error.empty()) out.set("error", r.error);
  }
}

}  // namespace

void provide_session(Providers& to) {
  to.session("pg_settings", settings);
  to.session("pg_stat_activity", activity);
  to.session("pg_stat_ssl", encryption);
  to.session("pg_locks", locks);
  to.session("pg_prepared_statements", prepared_statements);
  to.session("pg_prepared_xacts", prepared_transactions);
  to.session("pg_cursors", cursors);
  to.session("pg_timezone_names", time_zone_names);
  to.session("sys.actors", actors);
  to.session("sys.limits", limits);
  to.session("sys.events", events);
  to.session("sys.partitions", partitions);
  to.session("sys.checkpoints", checkpoints);
  to.session("sys.conflicts", conflicts);
  to.session("sys.scrub", scrubs);
  to.session("sys.damage", damages);
  to.session("sys.recovery", recovery);
}

}  // namespace troupe
