#include "actors/session/session_system.hpp"

#include "actors/session/backend.hpp"
#include "runtime/stream/token.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr const char* kHidden = "<insufficient privilege>";

const char* state_name(SessionState state) {
  switch (state) {
    case SessionState::kIdle: return "idle";
    case SessionState::kActive: return "active";
    case SessionState::kIdleInTransaction: return "idle in transaction";
    case SessionState::kIdleInFailedTransaction: return "idle in transaction (aborted)";
  }
  return "";
}

std::optional<int64_t> time_of(const std::atomic<int64_t>& us) {
  const int64_t value = us.load(std::memory_order_relaxed);
  return value == 0 ? std::nullopt : std::optional<int64_t>(value);
}

LockInfo held_by(const PreparedTransaction& transaction, std::string kind, std::string_view mode) {
  LockInfo info;
  info.kind = std::move(kind);
  info.holder = cat("-1/", static_cast<uint32_t>(transaction.txn));
  info.mode = std::string(mode);
  return info;
}

/// As PostgreSQL tells of them: no process, the transaction's own id, and its locks of tables; of rows nobody knows.
std::vector<LockInfo> prepared_locks(const PreparedTransactions& all) {
  std::vector<LockInfo> rows;
  for (const PreparedTransactionPtr& transaction : all.list()) {
    rows.push_back(held_by(*transaction, "transactionid", "ExclusiveLock"));
    rows.back().transaction = transaction->txn;
    std::vector<HeldTableLock> tables = transaction->weak_locks;
    for (const auto& [shard, encoded] : transaction->locks) {
      const auto locks = decode_locks(encoded);
      if (locks.ok()) tables.insert(tables.end(), locks->tables.begin(), locks->tables.end());
    }
    for (const HeldTableLock& lock : tables) {
      rows.push_back(held_by(*transaction, "relation", table_lock_name(lock.mode)));
      rows.back().relation = lock.table;
      rows.back().database = transaction->database;
    }
  }
  return rows;
}

}  // namespace

const CatalogPtr& SessionSystem::catalog() const { return backend_.transaction_.catalog(); }
const SessionParameters& SessionSystem::parameters() const { return backend_.parameters_; }

absl::Status SessionSystem::set_parameter(std::string_view name, std::string_view value, bool local) {
  TROUPE_RETURN_IF_ERROR(backend_.set_parameter(name, value, local ? SetScope::kLocal : SetScope::kSession));
  return backend_.follow_setting(name);
}

Oid SessionSystem::user() const { return backend_.role_; }
Oid SessionSystem::session_user() const { return backend_.session_role_; }
Oid SessionSystem::database() const { return backend_.record_->database.load(std::memory_order_relaxed); }
int32_t SessionSystem::process_id() const { return backend_.record_->process_id; }
int64_t SessionSystem::started_us() const { return backend_.services_.started_us; }
absl::StatusOr<TxnId> SessionSystem::transaction_id() { return backend_.transaction_.ensure_id(); }

std::optional<TxnId> SessionSystem::transaction_id_if_assigned() const {
  const TxnId id = backend_.transaction_.state().id();
  return id == kNoTxn ? std::nullopt : std::optional<TxnId>(id);
}

std::string SessionSystem::server_address() const { return backend_.services_.config.listen_address; }
int32_t SessionSystem::server_port() const { return backend_.services_.config.port; }
std::string SessionSystem::client_address() const { return backend_.record_->text().client_address; }
int32_t SessionSystem::client_port() const { return backend_.record_->text().client_port; }

/// Null, with a warning, when there is no such session.
SessionRecordPtr SessionSystem::find_session(int32_t process_id) {
  SessionRecordPtr other = backend_.services_.sessions.find(process_id);
  if (other == nullptr) {
    backend_.send_notice(error(ErrorCode::kWarning, "PID ", process_id, " is not a PostgreSQL server process"),
                         Severity::kWarning);
  }
  return other;
}

/// One's own sessions, and those of roles that one is a member of. Errors: 42501.
absl::Status SessionSystem::check_may_signal(const SessionRecord& other, std::string_view what) const {
  const Catalog& all = *catalog();
  const RoleDef* role = all.find_role(other.text().user);
  if (role == nullptr || is_superuser()) return absl::OkStatus();
  if (role->superuser) {
    return error(ErrorCode::kInsufficientPrivilege, "must be a superuser to ", what == "canceled" ? "cancel" : "terminate",
                 " superuser ", what == "canceled" ? "query" : "process");
  }
  if (has_rights_of(all, user(), role->oid) || has_rights_of(all, user(), kSignalBackendRole)) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "must be a member of the role whose ",
               what == "canceled" ? "query" : "process", " is being ", what, " or member of pg_signal_backend");
}

absl::StatusOr<bool> SessionSystem::cancel_session(int32_t process_id) {
  const SessionRecordPtr other = find_session(process_id);
  if (other == nullptr) return false;
  TROUPE_RETURN_IF_ERROR(check_may_signal(*other, "canceled"));
  other->tell.cancel(encode_error(error(ErrorCode::kQueryCanceled, "canceling statement due to user request")));
  return true;
}

absl::StatusOr<bool> SessionSystem::terminate_session(int32_t process_id) {
  const SessionRecordPtr other = find_session(process_id);
  if (other == nullptr) return false;
  TROUPE_RETURN_IF_ERROR(check_may_signal(*other, "terminated"));
  other->tell.end(
      encode_error(error(ErrorCode::kAdminShutdown, "terminating connection due to administrator command")));
  return true;
}

absl::StatusOr<bool> SessionSystem::kill_actor(uint64_t id) {
  const ActorRecordPtr record = backend_.services_.actors.find(id);
  if (record == nullptr) return false;
  const auto kill = record->kill.get();
  if (kill == nullptr) return false;
  (*kill)();
  return true;
}

void SessionSystem::sleep_for(double seconds) { backend_.sleep_us_ += static_cast<int64_t>(seconds * 1e6); }

absl::StatusOr<bool> SessionSystem::try_advisory_lock(const AdvisoryLock& lock, AdvisoryScope scope) {
  return backend_.transaction_.advisory_locks().try_lock(lock, scope);
}
absl::Status SessionSystem::advisory_lock(const AdvisoryLock& lock, AdvisoryScope scope) {
  return backend_.transaction_.advisory_locks().want(lock, scope);
}
bool SessionSystem::advisory_unlock(const AdvisoryLock& lock) {
  if (backend_.transaction_.advisory_locks().unlock(lock)) return true;
  backend_.send_notice(error(ErrorCode::kWarning, "you don't own a lock of type ", advisory_lock_name(lock.mode)),
                       Severity::kWarning);
  return false;
}
void SessionSystem::advisory_unlock_all() { backend_.transaction_.advisory_locks().unlock_all(); }

absl::StatusOr<std::optional<std::string>> SessionSystem::current_row(std::string_view cursor, Oid table) const {
  return backend_.current_row(cursor, table);
}

absl::Status SessionSystem::notify(std::string_view channel, std::string_view payload) {
  return backend_.transaction_.notifications().notify(channel, payload);
}
std::vector<std::string> SessionSystem::listening_channels() const {
  return backend_.transaction_.notifications().channels();
}
double SessionSystem::notification_queue_usage() const {
  const NotificationQueue& queue = backend_.services_.notifications;
  return static_cast<double>(queue.bytes()) / static_cast<double>(queue.bytes_max());
}

/// Advisory locks and what prepared transactions hold: of other locks of tables and rows there is no list.
std::vector<LockInfo> SessionSystem::locks() const {
  std::vector<LockInfo> rows = prepared_locks(backend_.services_.prepared);
  for (const AdvisoryLocks::Row& row : backend_.services_.advisory_locks.rows()) {
    LockInfo info;
    info.kind = "advisory";
    info.advisory_key = row.lock.key;
    info.holder = cat(row.session, "/0");
    info.process_id = row.session;
    info.mode = advisory_lock_name(row.lock.mode);
    info.granted = row.granted;
    rows.push_back(std::move(info));
  }
  return rows;
}

std::vector<SessionInfo> SessionSystem::sessions() const {
  std::vector<SessionInfo> rows;
  for (const SessionRecordPtr& record : backend_.services_.sessions.list()) {
    const SessionRecord::Text text = record->text();
    SessionInfo row;
    row.process_id = record->process_id;
    row.database = record->database.load(std::memory_order_relaxed);
    const ObjectDef* role = catalog()->find(NameClass::role, kNoOid, text.user);
    row.user = role == nullptr ? kNoOid : role->oid;
    row.application_name = text.application_name;
    row.client_address = text.client_address;
    row.client_port = text.client_port;
    row.tls = text.tls;
    row.connected_us = record->started_us;
    const SessionState state = record->state.load(std::memory_order_relaxed);
    if (state != SessionState::kIdle) row.transaction_us = time_of(record->transaction_us);
    row.query_us = time_of(record->query_us);
    row.state_us = time_of(record->state_changed_us);
    row.state = state_name(state);
    const bool shown = row.user == kNoOid || has_rights_of(*catalog(), user(), row.user) ||
                       has_rights_of(*catalog(), user(), kReadAllStatsRole);
    row.query = shown ? text.query : kHidden;
    if (!shown) {
      row.client_address.clear();
      row.client_port = -1;
      row.tls.reset();
    }
    if (state != SessionState::kActive) {
      row.wait_event_type = "Client";
      row.wait_event = "ClientRead";
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ActorInfo> SessionSystem::actors() const {
  std::vector<ActorInfo> rows;
  for (const ActorRecordPtr& record : backend_.services_.actors.list()) {
    ActorInfo row;
    row.id = record->id;
    row.parent = record->parent;
    row.kind = record->kind;
    row.name = record->name;
    row.state = to_string(record->state.load(std::memory_order_relaxed));
    row.mailbox_depth = record->mailbox_depth();
    row.messages = record->handled.load(std::memory_order_relaxed);
    row.busy_ms = static_cast<double>(record->busy_ns.load(std::memory_order_relaxed)) / 1e6;
    row.restarts = record->restarts.load(std::memory_order_relaxed);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<LimitInfo> SessionSystem::limits() const {
  std::vector<LimitInfo> rows;
  for (const LimitRow& limit : limit_rows(backend_.services_.config)) {
    LimitInfo row;
    row.name = limit.name;
    row.value = static_cast<int64_t>(limit.value);
    row.unit = limit.unit;
    row.used = backend_.services_.limit_used ? backend_.services_.limit_used(limit.name) : 0;
    row.description = limit.description;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Who was refused, and why, would tell anybody which roles exist.
std::vector<EventInfo> SessionSystem::events() const {
  const bool sees_all = has_rights_of(*catalog(), user(), kReadAllStatsRole);
  std::vector<EventInfo> rows;
  for (const NodeEvent& event : backend_.services_.events.list()) {
    const bool hidden = !sees_all && event.kind == "authentication";
    rows.push_back({event.id, event.at_us, event.kind, event.source, hidden ? kHidden : event.reason});
  }
  return rows;
}

std::optional<SequenceStanding> SessionSystem::sequence_position(Oid sequence) const {
  const auto& find = backend_.services_.sequence_position;
  return find ? find(sequence) : std::nullopt;
}

std::vector<PartitionInfo> SessionSystem::partitions() const {
  return backend_.services_.partition_rows ? backend_.services_.partition_rows() : std::vector<PartitionInfo>{};
}

std::vector<CheckpointInfo> SessionSystem::checkpoints() const { return backend_.services_.checkpoints.list(); }
std::vector<ScrubInfo> SessionSystem::scrubs() const { return backend_.services_.scrubs.list(); }
std::vector<DamageInfo> SessionSystem::damages() const { return backend_.services_.damages.list(); }
std::vector<RecoveryInfo> SessionSystem::recovery() const { return backend_.services_.recovery->list(); }

/// Others' statements and keys are for those who may see what all sessions do.
std::vector<ConflictInfo> SessionSystem::conflicts() const {
  std::vector<ConflictInfo> rows = backend_.services_.conflicts.list();
  if (has_rights_of(*catalog(), user(), kReadAllStatsRole)) return rows;
  const auto hide = [this](int32_t process_id, std::string* text) {
    if (!text->empty() && process_id != backend_.record_->process_id) *text = kHidden;
  };
  for (ConflictInfo& row : rows) {
    hide(row.process_id, &row.statement);
    hide(row.process_id, &row.key);
    hide(row.writer_process_id, &row.writer_statement);
  }
  return rows;
}

std::string SessionSystem::current_token() const {
  std::string text;
  append_token({backend_.services_.commits.durable(), 0}, &text);
  return text;
}

int64_t SessionSystem::relation_bytes(Oid relation) const {
  const auto& bytes = backend_.services_.tree_bytes;
  if (!bytes) return SystemSession::relation_bytes(relation);
  if (const TableDef* table = catalog()->find_table(relation)) {
    return table->is_partitioned() ? 0 : static_cast<int64_t>(bytes(table->tree));
  }
  const IndexDef* index = catalog()->find_index(relation);
  // The primary key's index is the table itself.
  return index != nullptr && index->tree != 0 ? static_cast<int64_t>(bytes(index->tree)) : 0;
}

int64_t SessionSystem::database_bytes(Oid database) const {
  const auto& bytes = backend_.services_.tree_bytes;
  if (!bytes) return SystemSession::database_bytes(database);
  int64_t total = 0;
  for (const ObjectPtr& object : catalog()->objects_of(database)) {
    TreeId tree = 0;
    if (object->kind == ObjectKind::table) tree = static_cast<const TableDef&>(*object).tree;
    if (object->kind == ObjectKind::index) tree = static_cast<const IndexDef&>(*object).tree;
    if (tree != 0) total += static_cast<int64_t>(bytes(tree));
  }
  return total;
}

std::vector<PreparedInfo> SessionSystem::prepared_statements() const {
  std::vector<PreparedInfo> rows;
  for (const auto& [name, prepared] : backend_.prepared_) {
    PreparedInfo row;
    row.name = name;
    row.statement = prepared->by_sql ? prepared->source : std::string(prepared->parsed->text());
    row.prepared_us = prepared->prepared_us;
    for (const Type& type : backend_.parameter_types(*prepared)) row.parameter_types.push_back(type.oid);
    row.from_sql = prepared->by_sql;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<PreparedTransactionInfo> SessionSystem::prepared_transactions() const {
  std::vector<PreparedTransactionInfo> rows;
  for (const PreparedTransactionPtr& prepared : backend_.services_.prepared.list()) {
    rows.push_back({prepared->txn, prepared->name, prepared->prepared_us, prepared->owner, prepared->database});
  }
  return rows;
}

absl::StatusOr<std::string> SessionSystem::export_snapshot() {
  return backend_.transaction_.export_snapshot(database());
}

std::vector<CursorInfo> SessionSystem::cursors() const {
  std::vector<CursorInfo> rows;
  for (const auto& [name, portal] : backend_.portals_) {
    CursorInfo row;
    row.name = name;
    row.statement = std::string(portal->prepared->text());
    row.holdable = portal->hold;
    row.binary = portal->binary(0);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace troupe
