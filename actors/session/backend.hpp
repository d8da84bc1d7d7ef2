#pragma once
/// One client's side of the server: the protocol, its prepared statements and portals, its transaction. Pure: it sends
/// through a SessionHost and hears from it, and reads and writes through a Transport, so that a test or the simulator
/// can be both.
/// Owner: one session actor; everything happens on its cell. The life of a backend is one coroutine (serve()), which
/// waits for input or for answers; at most one statement runs at a time.
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/services.hpp"
#include "actors/session/key_checks.hpp"
#include "actors/session/plan_cache.hpp"
#include "actors/session/portal.hpp"
#include "actors/session/sequence_cache.hpp"
#include "actors/session/session_data.hpp"
#include "actors/session/session_host.hpp"
#include "actors/session/session_system.hpp"
#include "actors/session/session_transaction.hpp"
#include "actors/session/statement_kind.hpp"
#include "actors/session/transport.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "runtime/protocol/frontend_reader.hpp"
#include "runtime/security/scram.hpp"
#include "runtime/settings/session_parameters.hpp"
#include "runtime/stream/group_share.hpp"
#include "runtime/system/catalog_names.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {

/// In the number of a request that on_granted() answers: that to save the slots.
inline constexpr uint64_t kSlotsRequest = uint64_t{1} << 61;
/// In the number of a wait for a continuous view.
inline constexpr uint64_t kViewRequest = uint64_t{1} << 60;
/// Instead of a request's number: the publisher of a subscription has answered, or its worker has gone.
inline constexpr uint64_t kPublisherRequest = uint64_t{1} << 59;
/// In the number of work that may block.
inline constexpr uint64_t kWorkRequest = uint64_t{1} << 58;

struct Changes;
class CopyIn;
class CopyOut;
class FollowedRows;
class Subscription;
class StreamTeller;
class GroupReader;
class EventWriter;
struct StreamFollowing;
class CatalogHistory;
class Replication;
struct CreateSlotCommand;
struct StartReplicationCommand;
struct ListedSubscription;

class Backend final : public RowIdSource {
 public:
  Backend(NodeServices& services, SessionHost& host, std::shared_ptr<Transport> transport, SessionRecordPtr record);
  ~Backend() override;

  /// Begins to serve; `events` is whom the transport tells (the owner, which passes it on to this).
  /// After every call into a backend, ask failed().
  void start(TransportEvents* events);
  /// Instead, for no client: keeps a continuous view in its owner's name, until it is gone.
  void start_view(TransportEvents* events, Oid database, Oid view);
  /// The same: applies what a subscription's publisher tells, until it fails or is to be done anew.
  void start_subscription(TransportEvents* events, Oid database, Oid subscription);
  /// The same: tells the node's boards which subscriptions there are.
  void start_subscription_list(TransportEvents* events);

  // From the transport.
  std::span<char> read_room() { return reader_.prepare(); }
  void on_received(size_t size);
  void on_sent();
  void on_closed();

  // From the host.
  void on_read_result(ReadResultFrame frame) { data_.on_read_result(std::move(frame)); }
  void on_write_result(WriteResultFrame frame) { data_.on_write_result(std::move(frame)); }
  void on_prepared(TxnId txn, PartitionId partition, FrameBytes redo, const std::string& error) {
    transaction_.on_prepared(txn, partition, std::move(redo), error);
  }
  void on_committed(TxnId txn, Scn scn, const std::string& error) { transaction_.on_committed(txn, scn, error); }
  void on_granted(uint64_t request, const std::string& error);
  void on_bulk_logged(TxnId txn, uint32_t record, uint64_t position, const std::string& error) {
    transaction_.bulk_log().on_logged(txn, record, position, error);
  }
  void on_sequence(uint64_t request, int64_t first, uint32_t count, const std::string& error) {
    sequences_.on_answer(request, first, count, error);
  }
  void on_changes(std::shared_ptr<Changes> changes, const std::string& error);
  void on_turn() { data_.on_turn(); }
  void on_notified();
  void on_lost(LostPart part, uint32_t index, uint64_t incarnation, bool state_lost);
  /// Ends the running statement, if there is one.
  void on_cancel(const std::string& encoded_error);
  /// Ends the session with a FATAL error.
  void on_end(const std::string& encoded_error);
  /// Once in a while, when the record wants ticks: timeouts.
  void on_tick(int64_t now_us);

  /// What ended the coroutine abnormally (a failed CHECK), to be thrown where the actor's supervisor learns of it.
  std::exception_ptr failed();
  uint64_t participants() const { return data_.participants(); }
  /// Nothing is going on: it waits for the client's next message, outside a transaction.
  bool at_rest() const;

 private:
  friend class SessionSystem;
  friend class KeyChecks;
  friend class ViewKeeper;
  friend class PublisherClient;
  friend class SubscriptionRows;
  friend class SubscriptionDefinition;
  friend class SubscriptionWorker;
  enum class Flow : uint8_t { kContinue, kEnd };

  // backend.cpp: the connection's life.
  Task<void> serve();
  Task<Flow> start_up();
  absl::Status begin_session(const StartupMessage& startup, const std::string& user, const std::string& database);
  absl::Status apply_startup_options(std::string_view options);
  void greet();
  bool has_next_message(FrontendMessage* message);
  bool flush_at_once();
  bool handle_at_once(const FrontendMessage& message, Flow* flow);
  Flow after_extended(const absl::Status& status);
  Task<Flow> handle(FrontendMessage& message);
  Flow handle_odd(const FrontendMessage& message);
  static bool is_extended(const FrontendMessage& message);
  bool is_malformed_sync(const FrontendMessage& message) const;
  Flow end_now();
  /// The next message, after flushing; false when the client is gone or the session is to end.
  Task<bool> next_message(FrontendMessage* message);
  void trim_when_idle();
  Task<void> flush();
  Task<void> flush_farewell();
  void send_error(const absl::Status& status, Severity severity = Severity::kError);
  void send_notice(const absl::Status& status, Severity severity = Severity::kNotice);
  void tell_of_cut_names(const sql::ParsedSql& parsed);
  void ready_for_query();
  bool may_notify();
  Task<void> deliver_notifications();
  void fail_transaction();
  void drop_portals_of_transaction();
  void clean_up();
  void cancel_other(const CancelRequest& request);

  // backend_authenticate.cpp: who it is.
  Task<bool> answer_encryption_request(bool tls);
  void begin_tls();
  Task<Flow> accept_start_up(const StartupMessage& received);
  Task<absl::Status> authenticate(const AccessRequest& request);
  bool is_node() const;
  absl::Status check_peer(const std::string& user) const;
  absl::Status check_certificate(const std::string& user, std::string* reason) const;
  Task<absl::Status> check_password(const AccessRequest& request, std::string* reason);
  Task<absl::StatusOr<ScramServer>> begin_scram(const std::string& user, std::string* reason);
  ScramVerifier verifier_of(const std::string& user, std::string* reason);
  Task<absl::StatusOr<std::string>> receive_sasl();
  Task<void> wait_until(int64_t monotonic_us);

  // backend_simple.cpp: the simple protocol.
  Task<Flow> on_query(std::string_view sql);
  Task<absl::Status> run_query_text(std::string_view sql);
  Task<absl::Status> run_simple(const sql::ParsedSqlPtr& parsed, const sql::RawStatement& raw);
  std::unique_ptr<Portal> portal_of_known(std::string_view sql);
  std::shared_ptr<Prepared> plan_with_parameters(std::string_view sql, bool* refused);
  Task<absl::Status> end_implicit_block();

  // backend_extended.cpp: the extended protocol.
  absl::Status on_parse(const ParseMessage& message);
  absl::Status on_bind(const BindMessage& message);
  absl::StatusOr<Value> bind_parameter(Type type, std::optional<std::string_view> bytes, int16_t format, size_t index);
  absl::Status on_describe(const DescribeMessage& message);
  Task<absl::Status> on_execute(const ExecuteMessage& message);
  absl::Status on_close(const CloseMessage& message);
  Task<void> on_sync();
  bool sync_at_once();
  void finish_sync();
  std::shared_ptr<Prepared> find_prepared(std::string_view name) const;
  Portal* find_portal(std::string_view name) const;
  void let_go(const Portal& portal);

  // backend_statement.cpp: from syntax tree to rows.
  void begin_clock(std::string_view text);
  void follow_timeouts();
  void refresh_names();
  void know_new_types(const CatalogPtr& catalog);
  std::vector<Oid> resolve_search_path();
  bool is_planned(const Prepared& prepared);
  absl::Status plan_prepared(Prepared& prepared);
  static void collect_plan_locks(Prepared& prepared);
  absl::StatusOr<StatementPlanPtr> plan_explained(sql::ExplainStatement explain, const sql::ExecuteStatement& execute,
                                                  PlanContext context);
  const std::vector<Type>& parameter_types(const Prepared& prepared) const;
  Task<absl::Status> run_portal(Portal& portal, int64_t rows_max, bool* suspended);
  absl::Status run_again(const Portal& portal);
  absl::Status with_schema(const absl::Status& status, const Portal& portal);
  void begin_transaction_statement();
  Task<absl::Status> run_planned(Portal& portal, int64_t rows_max, bool* suspended);
  bool start_at_once(Portal& portal, absl::Status* status);
  Task<absl::Status> start_portal(Portal& portal);
  Task<absl::Status> start_planned(Portal& portal);
  bool lock_tables_at_once(const Prepared& prepared);
  Task<absl::Status> lock_tables(Portal& portal);
  Task<absl::Status> take_table_locks(const Prepared& prepared);
  std::vector<Oid> with_partitions(const TableDef& table, bool only);
  TableStatistics statistics_of_partitions(const TableDef& table, const Catalog& catalog) const;
  Task<absl::Status> keep_statistics(const Catalog& catalog, const TableDef& table, TableStatistics statistics);
  absl::Status open_portal(Portal& portal);
  absl::Status fill_exec_context(const StatementPlan& plan, ExecContext* context);
  Task<absl::Status> send_rows(Portal& portal, int64_t rows_max, bool* suspended);
  void finish_execution(Portal& portal);
  bool wants_to_wait() { return sleep_us_ > 0 || slots_changed_ || transaction_.advisory_locks().has_wanted(); }
  Task<absl::Status> wait_as_asked();
  /// What pg_sleep() asked for.
  Task<absl::Status> sleep_if_asked();
  void describe_simple(const Portal& portal, const std::vector<OutputColumn>& columns);
  void send_columns(const std::vector<OutputColumn>& columns, const std::vector<int16_t>& formats);
  Task<absl::Status> run_explain(Portal& portal);
  Task<absl::Status> run_analyzed(Portal& portal, std::vector<std::string>* lines);
  uint64_t next_row_id() override;

  // backend_function.cpp
  class InFunction;
  Task<absl::Status> run_script(Portal& portal);
  Task<absl::StatusOr<std::vector<Value>>> evaluate_script_arguments(Portal& portal);
  Task<absl::Status> run_function_statements(Portal& portal, const struct FunctionScript& script,
                                             const std::vector<Value>& values, uint64_t* rows);

  // backend_transaction.cpp
  Task<absl::Status> end_transaction(bool commit, PreparedTransactions::Claim* prepare = nullptr);
  bool end_reading_transaction();
  std::vector<std::unique_ptr<Portal>> take_held_cursors();
  void hold_cursors(std::vector<std::unique_ptr<Portal>> held);
  absl::StatusOr<TransactionModes> modes_of(sql::List<const sql::Option*> options, TransactionModes modes);
  Task<absl::Status> run_transaction_statement(const sql::TransactionStatement& statement);
  absl::Status begin_block(const sql::TransactionStatement& statement);
  absl::Status show_modes(const TransactionModes& modes);
  Task<absl::Status> end_block(const sql::TransactionStatement& statement, std::string* tag);
  absl::Status run_savepoint(const sql::TransactionStatement& statement, std::string* tag);

  // backend_two_phase.cpp
  absl::Status check_preparable() const;
  Task<absl::Status> run_prepare_transaction(const sql::TransactionStatement& statement, std::string* tag);
  Task<absl::Status> finish_prepared(const sql::TransactionStatement& statement, std::string* tag);
  Oid database_oid() const { return record_->database.load(std::memory_order_relaxed); }

  // backend_utility.cpp: statements without a plan; each leaves portal.tag.
  Task<absl::Status> run_utility(Portal& portal);
  absl::Status run_listen_or_notify(const sql::Statement& statement, std::string* tag);
  absl::Status refuse_utility(const sql::Statement& statement, std::string* tag);
  absl::Status run_set(const sql::SetStatement& statement, std::string* tag);
  absl::Status set_characteristics(const sql::SetStatement& statement, const SetOptions& options);
  absl::Status follow_setting(std::string_view name);
  void report_parameters();
  absl::Status run_show(const sql::ShowStatement& statement, Portal& portal);
  std::vector<OutputColumn> show_columns(const sql::ShowStatement& statement) const;
  std::vector<OutputColumn> result_columns(const Prepared& prepared) const;
  absl::Status run_prepare(const sql::PrepareStatement& statement, Portal& portal);
  absl::Status run_deallocate(const sql::DeallocateStatement& statement, std::string* tag);
  absl::StatusOr<std::shared_ptr<Prepared>> find_executed(const sql::ExecuteStatement& statement) const;
  absl::StatusOr<std::vector<Value>> evaluate_arguments(const sql::ExecuteStatement& statement,
                                                        const std::vector<Type>& types);
  Task<absl::Status> run_execute(const sql::ExecuteStatement& statement, Portal& portal);
  absl::StatusOr<Value> evaluate_constant(const sql::Expr& expr, Type type);
  absl::Status run_discard(const sql::DiscardStatement& statement, std::string* tag);
  Task<absl::Status> run_declare(const sql::DeclareCursorStatement& statement, Portal& portal);
  Task<absl::Status> run_fetch(const sql::FetchStatement& statement, Portal& portal);
  Task<absl::StatusOr<bool>> keep_more_rows(Portal& cursor);
  Task<absl::Status> keep_all_rows(Portal& cursor);
  Task<absl::Status> start_bound_portal(Portal& portal);
  Task<absl::Status> run_cursor(Portal& cursor, int64_t rows_max, bool* suspended);
  Task<absl::Status> fetch_once(Portal& cursor, int64_t count, bool shows, uint64_t* fetched);
  Task<absl::Status> fetch_forward(Portal& cursor, uint64_t count, bool shows, uint64_t* fetched);
  Task<absl::Status> reach_row(Portal& cursor, int64_t row);
  Task<absl::Status> send_kept_rows(Portal& cursor, const KeptRows::Span& span);
  absl::StatusOr<std::optional<std::string>> current_row(std::string_view name, Oid table);
  absl::Status run_close(const sql::CloseStatement& statement, std::string* tag);

  // backend_maintenance.cpp
  Task<absl::Status> run_lock_table(const sql::LockTableStatement& statement, std::string* tag);
  Task<absl::Status> run_vacuum(const sql::VacuumStatement& statement, std::string* tag);
  struct VacuumTarget {
    Oid table = kNoOid;
    std::vector<int16_t> columns;  ///< empty: all
  };
  absl::StatusOr<std::vector<VacuumTarget>> vacuum_targets(const sql::VacuumStatement& statement);
  absl::Status check_lock_right(const TableDef& table, TableLockMode mode);
  bool may_maintain(const TableDef& table, std::string_view what);
  Task<absl::Status> analyze_table(Oid oid, std::vector<int16_t> columns);
  uint32_t statistics_target() const;
  /// Waits until every partition has made a checkpoint that began after now.
  Task<absl::Status> run_checkpoint();
  absl::StatusOr<const TableDef*> find_table(const sql::TableRef& ref);
  absl::StatusOr<const ObjectDef*> find_relation(const sql::TableRef& ref, ObjectKind kind);
  absl::Status check_reindex(const sql::ReindexStatement& statement);

  // backend_ddl.cpp
  Task<absl::Status> run_ddl(Portal& portal);
  absl::Status check_no_events(const DdlPlan& ddl);
  Task<absl::Status> lock_for_ddl(const DdlPlan& ddl);
  Task<absl::Status> perform_ddl(const StatementPlan& plan, Portal& portal);
  Task<absl::Status> write_catalog_rows(const std::vector<CatalogChange>& changes);
  Task<absl::Status> send_raw(schema::WriteKind kind, TreeId tree, const std::vector<std::string>& keys,
                              const std::vector<std::string>& values, bool overwrite);
  Task<absl::Status> perform(const DdlAction& action);
  Task<absl::Status> make_schema_elements(const sql::CreateSchemaStatement& create, const Portal& portal);
  Task<absl::Status> fill_table(const StatementPlan& plan, std::string* tag);

  // backend_continuous.cpp: reading continuous views.
  Task<void> serve_view(Oid database, Oid view);
  void note_views(Prepared& prepared);
  bool reads_views_as_wanted(const Prepared& prepared) const;
  Task<absl::Status> settle_views(Portal& portal);
  Task<absl::StatusOr<bool>> find_boundaries(Portal& portal);
  Task<absl::Status> wait_for_view(int64_t until_us);

  // backend_subscription.cpp: subscriptions to publications of other servers.
  Task<void> serve_subscription(Oid database, Oid subscription);
  Task<void> serve_subscription_list();
  void begin_subscription_work(const ListedSubscription& subscription);
  Task<absl::Status> run_subscription_statement(const sql::Statement& statement, std::string* tag);

  // backend_database.cpp
  absl::Status enter_database(std::string_view name, const RoleDef& role);
  void apply_stored_settings();
  Task<absl::Status> make_vacant(const DdlPlan& ddl);
  Task<absl::Status> write_definition(std::shared_ptr<const ObjectDef> object);
  Task<absl::Status> run_database_setting(const sql::AlterDatabaseStatement& statement, std::string* tag);
  Task<absl::Status> run_role_setting(const sql::AlterRoleSetStatement& statement, std::string* tag);
  absl::Status check_may_configure(const RoleDef* role, const DatabaseDef* database);
  absl::Status change_settings(const sql::SetStatement& statement, Options* settings);

  // backend_role.cpp
  absl::Status check_room(bool superuser) const;
  absl::Status check_log_in(const RoleDef& role) const;
  void log_in(const RoleDef& role);
  Oid role_named_by(std::string_view parameter, Oid otherwise);
  void follow_roles();
  absl::Status set_parameter(std::string_view name, std::string_view value, SetScope scope);
  absl::Status check_set_role(std::string_view parameter, std::string_view name);
  std::vector<CatalogChange> with_verifiers(const std::vector<CatalogChange>& changes);

  // backend_temporary.cpp: temporary tables.
  const SchemaDef* temporary_schema();
  Task<absl::Status> make_temporary_schema();
  Task<absl::Status> run_quietly(std::string text);
  Task<absl::Status> run_on_commit();
  Task<absl::Status> drop_schemas(std::vector<std::string> names);
  std::vector<std::string> abandoned_temporaries();
  Task<void> drop_abandoned_temporaries();
  Task<void> drop_own_temporaries();

  // backend_copy.cpp
  Task<absl::Status> run_copy(const sql::CopyStatement& statement, Portal& portal);
  Task<absl::Status> send_to_file(Execution& execution, CopyOut& copy, std::string path, uint64_t* rows);
  Task<absl::Status> copy_from_file(CopyIn& copy, std::string path);
  /// Elsewhere, as it may block. What it works with must not end before it.
  Task<absl::Status> run_blocking(std::function<absl::Status()> work);

  // backend_subscribe.cpp
  absl::Status check_subscribed(const std::vector<Oid>& tables, FollowedRows& rows);
  void write_progress(Scn through);
  Task<absl::Status> run_subscribe(const sql::SubscribeStatement& statement, Portal& portal);
  Task<absl::Status> receive_changes(ChangesQuestion question, uint64_t bytes_max);
  Task<absl::Status> look_back(Subscription& subscription, Scn through);
  Task<absl::Status> fetch_bulk(Subscription& subscription);
  Task<absl::Status> feed_bulk_rows(Subscription& subscription);
  Task<absl::Status> send_events(Subscription& subscription, const Portal& portal);
  static std::vector<OutputColumn> subscribe_columns();

  // backend_internal.cpp: what the session asks on its own account.
  /// Plans it, asking for no rights, and takes its tables' locks.
  Task<absl::Status> prepare_as_owner(Prepared& prepared);
  /// `text` is a constant: its plan is kept.
  Task<absl::StatusOr<std::vector<Batch>>> run_internal(std::string_view text, std::vector<Type> types,
                                                        std::vector<Value> values);

  // backend_stream.cpp: SUBSCRIBE TO STREAM.
  Task<absl::Status> run_subscribe_stream(const sql::SubscribeStreamStatement& statement, Portal& portal);
  absl::StatusOr<std::shared_ptr<const StreamDef>> find_stream_to_read(const sql::TableRef& ref);
  absl::Status check_may_read(const StreamDef& stream, const Catalog& catalog) const;
  absl::StatusOr<std::shared_ptr<const StreamDef>> stream_now(const StreamDef& stream, CatalogPtr* catalog) const;
  absl::Status follow_tables(const StreamDef& stream, const CatalogPtr& catalog, Subscription* subscription) const;
  Task<absl::StatusOr<StreamToken>> place_of(const sql::StreamStart& start, int64_t retention_us);
  Task<absl::StatusOr<StreamToken>> place_at(int64_t committed_at_us);
  Task<absl::StatusOr<StreamToken>> earliest_place(int64_t retention_us);
  Task<absl::Status> send_snapshot(StreamTeller& teller, const StreamDef& stream, Scn at, EventWriter& out);
  void let_go_of_rows();
  Task<absl::Status> too_old(int64_t retention_us);
  Task<absl::Status> follow_stream(StreamFollowing& following);
  Task<absl::Status> send_stream_record(StreamFollowing& following, const CommitFrame& record, bool last);
  /// receive_changes() that gives up at the monotonic time (0: never): there are none then.
  Task<absl::Status> receive_changes_until(ChangesQuestion question, uint64_t bytes_max, int64_t until_us);
  absl::Status lost_place(const absl::Status& status, std::string_view whose, std::string_view hint) const;

  // backend_group.cpp: where consumer groups are.
  struct GroupNamed {
    std::shared_ptr<const StreamDef> stream;
    ConsumerGroupDef group;
  };
  absl::StatusOr<GroupNamed> find_group_to_use(const sql::TableRef& stream, std::string_view group);
  Task<absl::Status> place_group(const sql::ConsumerGroupStatement& statement);
  Task<absl::Status> discard_letters(const sql::ConsumerGroupStatement& statement);
  Task<absl::Status> forget_lost_groups();

  // backend_consume.cpp: CONSUME, ACKNOWLEDGE, REJECT.
  struct Consuming;
  std::string own_member() const;
  absl::Status check_group_stays(const Consuming& consuming) const;
  Task<void> release_memberships();
  Task<absl::Status> release_membership(int64_t group);
  Task<absl::Status> run_consume(const sql::ConsumeStatement& statement, Portal& portal);
  absl::Status check_may_consume(const sql::ConsumeStatement& statement);
  Task<absl::Status> consume(Consuming& consuming);
  Task<absl::Status> look_at_group(Consuming& consuming);
  Task<absl::Status> read_events(Consuming& consuming, int64_t until_us);
  Task<absl::StatusOr<bool>> read_more(GroupReader& reader, int64_t until_us);
  Task<absl::Status> feed_reader(GroupReader& reader);
  Task<absl::Status> prepare_reader(Consuming& consuming);
  Task<absl::Status> claim(Consuming& consuming);
  Task<absl::Status> bury(Consuming& consuming);
  Task<absl::Status> run_acknowledge(const sql::AcknowledgeStatement& statement, std::string* tag);

  // backend_replication.cpp: what a replication connection may say beside SQL, and slots.
  absl::Status begin_replication(std::string_view value);
  Task<absl::Status> run_replication_command(std::string_view text);
  void send_one_row(const std::vector<OutputColumn>& columns, const std::vector<std::optional<std::string>>& row,
                    std::string_view tag);
  absl::Status identify_system();
  Task<absl::Status> create_slot(const CreateSlotCommand& command);
  absl::Status check_snapshot_use(std::string_view snapshot) const;
  absl::StatusOr<Scn> export_slot_snapshot();
  void forget_slot_snapshot();
  absl::StatusOr<Scn> add_slot(std::string_view name, std::string_view plugin, bool temporary, Scn at);
  absl::Status check_may_replicate() const;
  Task<absl::Status> drop_slot(std::string_view name, bool waits);
  /// Until what was changed about the slots is on the disk.
  Task<absl::Status> save_slots();

  // backend_walsender.cpp: START_REPLICATION.
  Task<absl::Status> start_replication(const StartReplicationCommand& command);
  Task<absl::Status> stream_changes(Replication& replication);
  Task<absl::Status> run_stream(Replication& replication);
  Task<absl::Status> send_record(Replication& replication, const CommitFrame& record);
  Task<absl::Status> drain(Replication& replication);
  Task<absl::Status> feed_bulk(Replication& replication, TxnId txn);
  Task<absl::Status> next_changes(Replication& replication, ChangesQuestion question, uint64_t bytes_max);
  /// What was answered before is not meant.
  void ask(const ChangesQuestion& question, uint64_t bytes_max);
  Task<absl::StatusOr<CatalogHistory>> find_catalog(Scn from);
  void take_feedback();
  void tick_replication(int64_t now_us);
  absl::Status end_of_replication(const Replication& replication);

  NodeServices& services_;
  SessionHost& host_;
  std::shared_ptr<Transport> transport_;
  SessionRecordPtr record_;

  FrontendReader reader_;
  BackendWriter writer_;
  TransportEvents* events_ = nullptr;
  bool starting_ = false;  ///< nobody has been let in yet
  ReplySignal input_;  ///< bytes came, the client went, or the session is to end
  ReplySignal sent_;
  bool sending_ = false;
  bool closed_ = false;
  bool skip_to_sync_ = false;
  uint32_t pipelined_ = 0;  ///< statements since the last Sync
  bool executing_ = false;
  bool waits_for_input_ = false;
  bool statement_timed_ = false;  ///< statement_timeout has not struck yet
  uint32_t quiet_turns_ = 0;
  absl::Status end_reason_;  ///< not OK: leave as soon as possible

  SessionData data_;
  SequenceCache sequences_;
  SessionTransaction transaction_;
  SessionParameters parameters_;
  SessionSystem system_session_;
  SystemEnvironment system_;
  CatalogPtr system_catalog_;  ///< keeps what system_ points to
  EvalContext eval_;
  KeyChecks keys_{*this};
  Random random_;
  std::string user_, session_user_, database_, schema_name_;
  std::unique_ptr<CatalogNames> names_;
  CatalogPtr names_catalog_;
  Scn types_version_ = kNoScn;  ///< of the catalog whose types are known
  Oid element_schema_ = kNoOid;  ///< while CREATE SCHEMA makes what is to be in it
  uint64_t temporaries_ = 0;  ///< temporary objects made so far: names may mean them now
  std::shared_ptr<const SearchPath> names_path_;
  Oid role_ = kBootstrapRole;  ///< whose rights count
  Oid session_role_ = kBootstrapRole;
  Oid login_role_ = kBootstrapRole;
  uint64_t roles_seen_ = 0;    ///< the parameters' version that these follow from
  /// Whom the session has meant by a name: it is still that role when another has the name.
  std::map<std::string, Oid, std::less<>> roles_by_name_;
  Oid names_role_ = kNoOid;
  uint64_t next_row_id_ = 0;
  uint64_t row_ids_left_ = 0;

  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> prepared_;
  std::shared_ptr<Prepared> unnamed_;
  std::map<std::string, std::unique_ptr<Portal>, std::less<>> portals_;
  std::unique_ptr<Portal> unnamed_portal_;
  PlanCache plan_cache_;
  uint32_t suspended_portals_ = 0;
  bool running_definition_ = false;
  uint8_t function_depth_ = 0;  ///< functions being run statement by statement, each in the one before
  std::map<std::string, size_t, std::less<>> setting_marks_;  ///< parameters at each savepoint

  int64_t sleep_us_ = 0;         ///< asked for and not yet slept
  int64_t sleeps_until_us_ = 0;  ///< monotonic
  ReplySignal woken_;

  uint64_t work_request_ = 0;  ///< under way
  uint64_t next_work_request_ = 0;
  absl::Status work_status_;
  ReplySignal work_done_;
  uint64_t checkpoint_request_ = 0;  ///< under way
  uint64_t next_checkpoint_request_ = 0;
  absl::Status checkpoint_status_;
  ReplySignal checkpointed_;

  // Continuous views.
  bool views_kept_ = false;              ///< the statement may read what is kept of them: it will be settled as of when
  bool views_by_query_ = false;          ///< it must not, that has been found out
  uint64_t view_request_ = 0;            ///< answered by on_granted(): a view has come further
  ReplySignal view_signal_;
  const SystemTables* own_tables_ = nullptr;  ///< of whoever keeps a view, beside the node's

  // SUBSCRIBE.
  ReplySignal changed_;
  ChangesQuestion asked_;  ///< answers to others are late, or second ones
  std::shared_ptr<Changes> changes_;
  absl::Status changes_status_;
  std::shared_ptr<Changes> bulk_;  ///< bulk records that were fetched, and which is the next
  size_t bulk_next_ = 0;

  // Streams.
  int64_t changes_until_us_ = 0;  ///< receive_changes_until() gives up then
  bool changes_ticked_ = false;   ///< the clock raised changed_, not an answer
  Scn earliest_ = kNoScn;         ///< of the log, when an answer says that something older was asked for
  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> internal_;  ///< what run_internal() has planned
  std::unique_ptr<GroupReader> group_reader_;  ///< of the group that was consumed last
  Oid reader_group_ = kNoOid;
  std::map<Oid, int64_t> batches_;  ///< what was consumed last, by group; 0: nothing yet

  // Replication.
  bool replicates_ = false;              ///< a connection with replication=database
  bool slots_changed_ = false;           ///< by a function of the statement that runs
  uint64_t save_request_ = 0;            ///< under way
  absl::Status save_status_;
  ReplySignal saved_;
  std::string slot_snapshot_;            ///< exported by CREATE_REPLICATION_SLOT
  Replication* replication_ = nullptr;   ///< START_REPLICATION runs

  Task<void> serve_;

  // Subscriptions.
  ReplySignal publisher_signal_;  ///< its publisher has answered, its worker has gone, or time has passed
};

}  // namespace troupe
