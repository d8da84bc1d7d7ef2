#pragma once
/// What system relations and system functions ask the session (and through it the node) that the catalog does not
/// know. The session actor implements it; EvalContext::extension and SystemEnvironment::session point to one.
/// Numbers that nobody has yet are 0; a list that is left out is empty.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/security/tls_facts.hpp"
#include "runtime/settings/session_parameters.hpp"
#include "runtime/system/upkeep_info.hpp"
#include "runtime/transaction/replication_slots.hpp"
#include "storage/base/error.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/lock/advisory_lock.hpp"

namespace troupe {

class RelationCache;

// Times are microseconds since 1970-01-01 UTC; absent: never, or none.

/// One row of pg_stat_activity.
struct SessionInfo {
  int32_t process_id = 0;
  Oid database = kNoOid;
  Oid user = kNoOid;
  std::string application_name;
  std::string client_address;  ///< empty: a Unix-domain socket
  int32_t client_port = -1;
  std::optional<int64_t> connected_us, transaction_us, query_us, state_us;
  std::string wait_event_type, wait_event;  ///< empty: does not wait
  std::string state;                        ///< "active", "idle", "idle in transaction" ...
  std::string query;
  std::string kind = "client backend";
  std::optional<TlsFacts> tls;
};

/// One row of pg_locks.
struct LockInfo {
  std::string kind;  ///< locktype: "relation", "tuple", "transactionid", "advisory"
  Oid relation = kNoOid;
  Oid database = kNoOid;  ///< of a relation; kNoOid: the session's
  std::optional<uint64_t> transaction;
  std::optional<AdvisoryKey> advisory_key;
  std::string holder;  ///< virtualtransaction
  std::optional<int32_t> process_id;  ///< none: of a prepared transaction
  std::string mode;  ///< "AccessShareLock", ...
  bool granted = true;
  std::optional<int64_t> waiting_since_us;
};

struct ActorInfo {
  uint64_t id = 0, parent = 0;
  std::string kind, name, state;
  uint64_t mailbox_depth = 0, messages = 0;
  double busy_ms = 0;
  uint32_t restarts = 0;
};
struct LimitInfo {
  std::string name;
  int64_t value = 0;
  std::string unit;
  int64_t used = 0;
  std::string description;
};
struct EventInfo {
  uint64_t id = 0;
  int64_t at_us = 0;
  std::string kind, source, reason;
};
/// The last value of a sequence, or (not called) the one that comes next.
struct SequenceStanding {
  int64_t value = 0;
  bool is_called = false;
};

struct PartitionInfo {
  PartitionId id = 0;
  std::string state;
  Scn applied_scn = kNoScn;
  uint32_t trees = 0;
  uint64_t file_bytes = 0, free_bytes = 0, cached_bytes = 0, dirty_bytes = 0, history_bytes = 0, pending_bytes = 0;
  uint64_t page_faults = 0, evictions = 0, tombstones = 0;
};
struct CheckpointInfo {
  uint64_t id = 0;
  PartitionId partition = 0;
  Scn scn = kNoScn;
  int64_t started_us = 0;
  double duration_ms = 0;
  uint64_t pages = 0, bytes = 0;
  std::string state;  ///< running, done, failed
  std::string error;
};
/// A transaction that could not be serialized.
struct ConflictInfo {
  uint64_t id = 0;
  int64_t at_us = 0;
  std::string reason;
  std::string schema, relation;  ///< where they met; empty: gone since
  std::string key;               ///< empty: the relation as a whole, or a key without words
  int32_t process_id = 0;
  std::string statement;
  int32_t writer_process_id = 0;  ///< 0: not known
  std::string writer_statement;
};
struct PreparedInfo {
  std::string name, statement;
  int64_t prepared_us = 0;
  std::vector<Oid> parameter_types;
  bool from_sql = false;
  int64_t generic_plans = 0, custom_plans = 0;
};
/// One row of pg_prepared_xacts.
struct PreparedTransactionInfo {
  TxnId transaction = kNoTxn;
  std::string name;
  int64_t prepared_us = 0;
  Oid owner = kNoOid, database = kNoOid;
};
struct CursorInfo {
  std::string name, statement;
  bool holdable = false, binary = false, scrollable = false;
  int64_t created_us = 0;
};
/// Counters of one table or index since the node started (pg_stat_user_tables, pg_stat_user_indexes).
struct RelationCounters {
  int64_t scans = 0, rows_read = 0, index_scans = 0, index_rows = 0;
  int64_t inserted = 0, updated = 0, deleted = 0, live_rows = 0;
};
struct DatabaseCounters {
  int64_t commits = 0, rollbacks = 0, pages_read = 0, pages_hit = 0, rows_returned = 0, rows_fetched = 0;
  int64_t inserted = 0, updated = 0, deleted = 0, deadlocks = 0;
};

class SystemSession {
 public:
  virtual ~SystemSession() = default;

  // --- what every statement may ask ---
  /// The statement's snapshot, with what its own transaction changed.
  virtual const CatalogPtr& catalog() const = 0;
  virtual const SessionParameters& parameters() const = 0;
  /// set_config(); `local` as in SET LOCAL.
  virtual absl::Status set_parameter(std::string_view name, std::string_view value, bool local) = 0;
  virtual Oid database() const { return kDefaultDatabase; }
  virtual Oid user() const { return kBootstrapRole; }
  virtual Oid session_user() const { return user(); }
  virtual int32_t process_id() const { return 0; }
  /// Where rows that depend on the catalog alone are kept; null: made anew for each scan.
  virtual RelationCache* relation_cache() const { return nullptr; }

  // --- the node ---
  virtual int64_t started_us() const { return 0; }
  virtual int64_t configuration_loaded_us() const { return started_us(); }
  virtual bool in_recovery() const { return false; }
  /// Where a subscription that starts now begins.
  virtual std::string current_token() const { return {}; }
  /// Gives the transaction a number if it has none.
  virtual absl::StatusOr<TxnId> transaction_id() { return kNoTxn; }
  /// pg_export_snapshot().
  virtual absl::StatusOr<std::string> export_snapshot();
  virtual std::optional<TxnId> transaction_id_if_assigned() const { return std::nullopt; }
  virtual std::string server_address() const { return {}; }
  virtual int32_t server_port() const { return 0; }
  virtual std::string client_address() const { return {}; }
  virtual int32_t client_port() const { return 0; }
  /// Bytes of a table's rows or of an index. By default from the table's statistics.
  virtual int64_t relation_bytes(Oid relation) const;
  /// Bytes of all relations of a database.
  virtual int64_t database_bytes(Oid database) const;
  /// Nothing before the sequence was first used.
  virtual std::optional<SequenceStanding> sequence_position(Oid) const { return std::nullopt; }

  // --- replication ---
  /// The newest commit that is on the disk.
  virtual Scn newest_commit() const { return kNoScn; }
  virtual std::vector<ReplicationSlot> replication_slots() const { return {}; }
  /// Where it begins. What this and the next two have done is on the disk before the rows computed so far go out.
  virtual absl::StatusOr<Lsn> create_replication_slot(std::string_view name, std::string_view plugin, bool temporary);
  virtual absl::Status drop_replication_slot(std::string_view name);
  /// Where it is then.
  virtual absl::StatusOr<Lsn> advance_replication_slot(std::string_view name, Lsn to);

  // --- hooks; true when there was such a session or actor ---
  virtual absl::StatusOr<bool> cancel_session(int32_t) { return false; }
  virtual absl::StatusOr<bool> terminate_session(int32_t) { return false; }
  virtual absl::StatusOr<bool> kill_actor(uint64_t) { return false; }
  /// pg_sleep(): the session rests before the rows computed so far go out.
  virtual void sleep_for(double) {}

  // --- advisory locks; without a session there are none ---
  virtual absl::StatusOr<bool> try_advisory_lock(const AdvisoryLock&, AdvisoryScope);
  /// Had before the rows computed so far go out.
  virtual absl::Status advisory_lock(const AdvisoryLock&, AdvisoryScope);
  /// False, with a warning, when the session does not hold it.
  virtual bool advisory_unlock(const AdvisoryLock&) { return false; }
  virtual void advisory_unlock_all() {}

  // --- cursors ---
  /// Where the row of the table is that the cursor stands on; nothing where an outer join found none. Errors: 34000, 24000.
  virtual absl::StatusOr<std::optional<std::string>> current_row(std::string_view cursor, Oid table) const;

  // --- LISTEN and NOTIFY ---
  /// Errors: 22023, 54000.
  virtual absl::Status notify(std::string_view channel, std::string_view payload);
  virtual std::vector<std::string> listening_channels() const { return {}; }
  /// Of what may wait to be read, which part does.
  virtual double notification_queue_usage() const { return 0; }

  // --- rows ---
  virtual std::vector<SessionInfo> sessions() const { return {}; }
  virtual std::vector<LockInfo> locks() const { return {}; }
  virtual std::vector<ActorInfo> actors() const { return {}; }
  virtual std::vector<LimitInfo> limits() const { return {}; }
  virtual std::vector<EventInfo> events() const { return {}; }
  virtual std::vector<PartitionInfo> partitions() const { return {}; }
  virtual std::vector<CheckpointInfo> checkpoints() const { return {}; }
  virtual std::vector<ConflictInfo> conflicts() const { return {}; }
  virtual std::vector<ScrubInfo> scrubs() const { return {}; }
  virtual std::vector<DamageInfo> damages() const { return {}; }
  virtual std::vector<RecoveryInfo> recovery() const { return {}; }
  virtual std::vector<PreparedInfo> prepared_statements() const { return {}; }
  virtual std::vector<CursorInfo> cursors() const { return {}; }
  virtual std::vector<PreparedTransactionInfo> prepared_transactions() const { return {}; }
  virtual RelationCounters relation_counters(Oid) const { return {}; }
  virtual DatabaseCounters database_counters() const { return {}; }

  // --- derived ---
  bool is_superuser() const;
  std::string user_name() const;
  std::string database_name() const;
};

}  // namespace troupe
