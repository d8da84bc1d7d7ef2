/// From a syntax tree to rows on the wire.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/conflict_report.hpp"
#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/partition_plan.hpp"
#include "runtime/plan/refusal.hpp"
#include "runtime/plan/replica_identity.hpp"
#include "runtime/sql/ast_all.hpp"
#include "storage/base/error_routine.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/continuous.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr uint64_t kRowIdBlock = 256;

std::string_view tag_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::kInsert: return "INSERT 0 ";
    case StatementKind::kUpdate: return "UPDATE ";
    case StatementKind::kDelete: return "DELETE ";
    case StatementKind::kMerge: return "MERGE ";
    default: return "SELECT ";
  }
}
std::string_view write_tag(StatementKind kind) {
  switch (kind) {
    case StatementKind::kInsert: return "INSERT";
    case StatementKind::kUpdate: return "UPDATE";
    case StatementKind::kDelete: return "DELETE";
    case StatementKind::kMerge: return "MERGE";
    default: return "SELECT FOR UPDATE";
  }
}

/// The statement's first two words: "CREATE ROLE".
std::string statement_name(std::string_view text) {
  std::string name;
  int words = 0;
  for (const char c : text) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    if (!letter && !name.empty() && name.back() != ' ' && ++words == 2) break;
    if (!letter && c != ' ' && c != '\n') break;
    if (letter || (!name.empty() && name.back() != ' ')) {
      name.push_back(letter ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : ' ');
    }
  }
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

bool same_columns(const StatementPlan& a, const StatementPlan& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const OutputColumn& x, const OutputColumn& y) { return x.type == y.type; });
}

/// A flag that is set as long as this lives.
class Meanwhile {
 public:
  Meanwhile(bool* flag, bool value) : flag_{flag} { *flag_ = value; }
  ~Meanwhile() { *flag_ = false; }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  bool* flag_;
};

/// Which tables a plan reads, locks rows of, or changes, from its nodes.
void collect_locks(const PlanNode& node, std::vector<TableLockWish>* wishes) {
  const auto wish = [&](const TablePtr& table, TableLockMode mode) {
    for (TableLockWish& known : *wishes) {
      if (known.table->oid != table->oid) continue;
      known.mode = std::max(known.mode, mode);
      return;
    }
    wishes->push_back({table, mode});
  };
  if (const auto* scan = node.as<TableScanPlan>()) wish(scan->table, TableLockMode::kAccessShare);
  if (const auto* join = node.as<IndexJoinPlan>()) wish(join->inner->table, TableLockMode::kAccessShare);
  const auto wish_partitions = [&](const PartitionedInsert* partitions) {
    if (partitions == nullptr) return;
    for (const PartitionedInsert::Leaf& leaf : partitions->leaves) wish(leaf.write.table, TableLockMode::kRowExclusive);
  };
  if (const auto* insert = node.as<InsertPlan>()) {
    wish(insert->write.table, TableLockMode::kRowExclusive);
    wish_partitions(insert->partitions.get());
  }
  if (const auto* update = node.as<UpdatePlan>()) {
    wish(update->write.table, TableLockMode::kRowExclusive);
    wish_partitions(update->partitions.get());
  }
  if (const auto* change = node.as<PartitionedChangePlan>()) {
    wish(change->table, TableLockMode::kRowExclusive);
    for (const PartitionedChangePlan::Leaf& leaf : change->leaves) collect_locks(*leaf.change, wishes);
  }
  if (const auto* remove = node.as<DeletePlan>()) wish(remove->write.table, TableLockMode::kRowExclusive);
  if (const auto* merge = node.as<MergePlan>()) wish(merge->table, TableLockMode::kRowExclusive);
  if (const auto* lock = node.as<LockRowsPlan>()) {
    for (const RowLock& one : lock->locks) wish(one.table, TableLockMode::kRowShare);
  }
  for (const PlanPtr& input : node.inputs) collect_locks(*input, wishes);
}

}  // namespace

uint64_t Backend::next_row_id() {
  if (row_ids_left_ == 0) {
    next_row_id_ = services_.next_row_id.fetch_add(kRowIdBlock, std::memory_order_relaxed);
    row_ids_left_ = kRowIdBlock;
  }
  --row_ids_left_;
  return next_row_id_++;
}

void Backend::follow_timeouts() {
  const SettingsSnapshot& settings = parameters_.snapshot();
  services_.sessions.want_ticks(record_, settings.statement_timeout_ms > 0 || settings.idle_session_timeout_ms > 0 ||
                                             settings.idle_in_transaction_session_timeout_ms > 0);
}

/// The statement clock, and what pg_stat_activity shows.
void Backend::begin_clock(std::string_view text) {
  know_new_types(transaction_.catalog());
  constexpr size_t kShownBytes = 1024;
  eval_.statement_us = services_.clock.wall_us();
  statement_timed_ = true;
  const SettingsSnapshot& settings = parameters_.snapshot();
  if (!executing_) record_->tell.interrupt->clear();  // a Parse: what came before was for nobody
  const int64_t timeout_us = settings.statement_timeout_ms * int64_t{1'000};
  record_->tell.interrupt->set_deadline(services_.clock, timeout_us > 0 ? eval_.statement_us + timeout_us : 0);
  transaction_.set_lock_timeout(static_cast<uint32_t>(settings.lock_timeout_ms));
  follow_timeouts();
  record_->state.store(SessionState::kActive, std::memory_order_relaxed);
  record_->state_changed_us.store(eval_.statement_us, std::memory_order_relaxed);
  record_->query_us.store(eval_.statement_us, std::memory_order_relaxed);
  record_->edit([&](SessionRecord::Text& shown) { shown.query.assign(text.substr(0, kShownBytes)); });
}

// --- planning ---

/// What regclass and its like are resolved with; made anew when the catalog or the search path changed.
void Backend::refresh_names() {
  const CatalogPtr& catalog = transaction_.catalog();
  if (names_ != nullptr && names_catalog_ == catalog && names_role_ == role_ &&
      names_path_ == parameters_.snapshot().search_path) {
    return;
  }
  names_ = std::make_unique<CatalogNames>(system_session_);
  names_catalog_ = catalog;
  names_path_ = parameters_.snapshot().search_path;
  names_role_ = role_;
  eval_.names = names_.get();
}

/// What values of users' types look like has to be known before there are any. Tables' rows are values, too.
void Backend::know_new_types(const CatalogPtr& catalog) {
  if (catalog->version() == types_version_) return;
  know_types(*catalog);
  types_version_ = catalog->version();
}

std::vector<Oid> Backend::resolve_search_path() {
  if (element_schema_ == kPgCatalogSchema) return {kPgCatalogSchema};  // what the session asks on its own account
  const CatalogPtr& catalog = transaction_.catalog();
  std::vector<Oid> path;
  if (element_schema_ != kNoOid) path.push_back(element_schema_);
  if (const SchemaDef* temporary = temporary_schema()) path.push_back(temporary->oid);
  for (const std::string& name : *parameters_.snapshot().search_path) {
    const SchemaDef* schema = catalog->find_schema(name == "$user" ? user_ : name);
    if (schema == nullptr || schema->name == kContinuousSchema) continue;  // that says what may be read, see plan_prepared()
    if (rights_on(*catalog, role_, *schema, kUsage) != 0) path.push_back(schema->oid);
  }
  return path;
}

/// Whether its plan may be run as it is.
bool Backend::is_planned(const Prepared& prepared) {
  return prepared.plan != nullptr && prepared.search_path == parameters_.snapshot().search_path &&
         prepared.plan->role == role_ && prepared.plan->row_security == parameters_.snapshot().row_security &&
         prepared.temporaries == temporaries_ && reads_views_as_wanted(prepared) &&
         is_current(*prepared.plan, *transaction_.catalog());
}

/// Kept rows of continuous views are read only where it is seen to that they are those of the snapshot.
bool Backend::reads_views_as_wanted(const Prepared& prepared) const {
  if (!prepared.has_views) return true;
  return views_by_query_ ? prepared.views_by_query : !views_kept_ || !prepared.views_by_query;
}

/// Makes or renews the plan. Utility statements have none.
absl::Status Backend::plan_prepared(Prepared& prepared) {
  if (prepared.raw == nullptr || is_utility(*prepared.raw->node)) return absl::OkStatus();
  const bool defines = is_definition(*prepared.raw->node);
  // A definition takes oids when it is planned, so it is planned anew each time it runs.
  if (defines && !running_definition_) return absl::OkStatus();
  const CatalogPtr catalog = defines ? transaction_.catalog_for_ddl() : transaction_.catalog();
  know_new_types(catalog);
  const sql::ExecuteStatement* executes = explained_execute(*prepared.raw->node);
  // What EXPLAIN EXECUTE executes may be another statement each time.
  if (!defines && executes == nullptr && is_planned(prepared)) return absl::OkStatus();
  const std::vector<Oid> path = resolve_search_path();
  const Oid first = first_permanent_schema(path, *catalog);
  schema_name_ = first == kNoOid ? std::string() : catalog->find_as<SchemaDef>(first)->name;
  eval_.schema = schema_name_;
  PlanContext context;
  context.catalog = catalog;
  context.system_tables = own_tables_ != nullptr ? own_tables_ : &services_.system_tables;
  context.eval = &eval_;
  context.text = prepared.parsed->text();
  context.search_path = path;
  const bool by_query = !views_kept_ || views_by_query_;
  if (const SchemaDef* kept = by_query ? nullptr : catalog->find_schema(kContinuousSchema)) {
    context.search_path.push_back(kept->oid);
  }
  context.role = role_;
  context.session_role = session_role_;
  context.row_security = parameters_.snapshot().row_security;
  context.for_cursor = prepared.for_cursor;
  refresh_names();
  context.parameters = prepared.declared;
  context.function = prepared.function.get();
  context.result = prepared.result;
  context.check_function_bodies = parameters_.show("check_function_bodies").value_or("on") == "on";
  auto plan = executes == nullptr ? plan_statement(*prepared.raw->node, context)
                                  : plan_explained(prepared.raw->node->to<sql::ExplainStatement>(), *executes, context);
  if (!plan.ok()) return plan.status();
  if ((*plan)->ddl != nullptr && defines) {
    TROUPE_ASSIGN_OR_RETURN(const bool taken,
                            transaction_.take_numbers(catalog->counters(), (*plan)->ddl->counters));
    if (!taken) return plan_prepared(prepared);
  }
  if (prepared.told && prepared.plan != nullptr && !same_columns(*prepared.plan, **plan)) {
    return with_routine(error(ErrorCode::kFeatureNotSupported, "cached plan must not change result type"),
                        "RevalidateCachedQuery");
  }
  prepared.plan = *std::move(plan);
  prepared.views_by_query = by_query;
  note_views(prepared);
  if (prepared.told) prepared.declared = prepared.plan->parameters;  // as they were told
  prepared.search_path = parameters_.snapshot().search_path;
  prepared.temporaries = temporaries_;
  prepared.executable = nullptr;
  prepared.locks.clear();
  collect_plan_locks(prepared);
  return absl::OkStatus();
}

/// EXPLAIN EXECUTE: the prepared statement stands in for EXECUTE.
absl::StatusOr<StatementPlanPtr> Backend::plan_explained(sql::ExplainStatement explain,
                                                         const sql::ExecuteStatement& execute, PlanContext context) {
  TROUPE_ASSIGN_OR_RETURN(const std::shared_ptr<Prepared> executed, find_executed(execute));
  explain.query = executed->raw->node;
  context.text = executed->parsed->text();
  context.parameters = executed->declared;
  return plan_statement(explain, context);
}

void Backend::collect_plan_locks(Prepared& prepared) {
  const StatementPlan& plan = *prepared.plan;
  if (plan.root != nullptr) collect_locks(*plan.root, &prepared.locks);
  for (const PlanPtr& cte : plan.ctes) collect_locks(*cte, &prepared.locks);
  for (const InitPlan& init : plan.init_plans) collect_locks(*init.plan, &prepared.locks);
}

const std::vector<Type>& Backend::parameter_types(const Prepared& prepared) const {
  // Those of what EXPLAIN EXECUTE explains are in EXECUTE.
  const bool own = prepared.plan != nullptr && explained_execute(*prepared.raw->node) == nullptr;
  return own ? prepared.plan->parameters : prepared.declared;
}

// --- running ---

namespace {

/// Policies hide rows from who runs it: an error about one must not show it.
absl::Status hide_rows(absl::Status status, const Portal& portal) {
  if (portal.plan == nullptr || !portal.plan->hides_rows) return status;
  const ErrorCode code = error_code(status);
  const bool shows = code == ErrorCode::kUniqueViolation || code == ErrorCode::kCheckViolation ||
                     code == ErrorCode::kNotNullViolation || code == kCheckOptionViolation;
  return shows ? with_detail(std::move(status), {}) : status;
}

}  // namespace

/// Runs a portal from where it is; at its end the command tag goes out.
Task<absl::Status> Backend::run_portal(Portal& portal, int64_t rows_max, bool* suspended) {
  const sql::Statement& statement = *portal.prepared->raw->node;
  Transaction& transaction = transaction_.state();
  if (const auto* control = statement.as<sql::TransactionStatement>()) {
    auto running = run_transaction_statement(*control);
    co_return co_await running;
  }
  if (const absl::Status usable = transaction.check_usable(); !usable.ok()) co_return usable;
  if (!transaction_.doom().ok()) co_return transaction_.doom();
  if (portal.finished) co_return run_again(portal);
  if (portal.kept != nullptr) {
    auto fetching = run_cursor(portal, rows_max, suspended);
    co_return co_await fetching;
  }
  if (!portal.started) begin_transaction_statement();
  auto running = is_utility(statement) ? run_utility(portal) : run_planned(portal, rows_max, suspended);
  const absl::Status status = co_await running;
  if (!*suspended) {
    portal.execution = nullptr;
    if (suspended_portals_ == 0) transaction_.release_statement_snapshot();
  }
  if (!status.ok()) {
    note_write_conflict(status, *transaction_.catalog(), record_->process_id, record_->text().query, services_);
    co_return hide_rows(with_schema(status, portal), portal);
  }
  if (*suspended) co_return absl::OkStatus();
  portal.finished = true;
  // The simple protocol commits before it says that the command is complete; the extended one at Sync.
  if (portal.describe_first && !transaction.in_block() && !transaction.implicit_block()) {
    auto ending = end_transaction(true);
    const absl::Status ended = co_await ending;
    if (!ended.ok()) co_return ended;
  }
  if (!portal.tag.empty()) writer_.command_complete(portal.tag);
  co_return absl::OkStatus();
}

/// A portal that was run to its end: there are no rows left, and nothing is done twice.
absl::Status Backend::run_again(const Portal& portal) {
  const bool returns_rows =
      portal.plan != nullptr && !portal.plan->columns.empty() && reads_or_writes(portal.plan->kind);
  if (!returns_rows && !portal.tag.starts_with("SELECT")) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "portal \"", portal.name, "\" cannot be run");
  }
  writer_.command_complete(cat(returns_rows ? tag_of(portal.plan->kind) : "SELECT ", 0));
  return absl::OkStatus();
}

/// A violated constraint names its table; which schema that is in, the statement knows.
absl::Status Backend::with_schema(const absl::Status& status, const Portal& portal) {
  ErrorFields fields = error_fields(status);
  if (fields.table.empty() || !fields.schema.empty()) return status;
  const TableDef* table = nullptr;
  for (const TableLockWish& wish : portal.prepared->locks) {
    const bool changes = wish.mode >= TableLockMode::kRowExclusive;
    if (wish.table->name == fields.table && (table == nullptr || changes)) table = wish.table.get();
  }
  if (portal.plan != nullptr && portal.plan->ddl != nullptr) {
    for (const DdlLock& lock : portal.plan->ddl->locks) {
      const TableDef* locked = transaction_.catalog()->find_table(lock.table);
      if (locked != nullptr && locked->name == fields.table) table = locked;
    }
  }
  if (const auto* copy = portal.prepared->raw->node->as<sql::CopyStatement>();
      copy != nullptr && copy->table != nullptr) {
    const auto copied = find_table(*copy->table);
    if (copied.ok()) table = *copied;
  }
  if (table == nullptr) return status;
  const auto* schema = transaction_.catalog()->find_as<SchemaDef>(table->schema);
  if (schema != nullptr) fields.schema = schema->name;
  return make_error(fields);
}

void Backend::begin_transaction_statement() {
  Transaction& transaction = transaction_.state();
  if (roles_seen_ != parameters_.version()) follow_roles();
  transaction_.choose_snapshot(kNoScn);
  if (suspended_portals_ == 0) data_.read_at_snapshot();
  if (transaction.status() == Transaction::Status::kIdle) {
    parameters_.begin();
    eval_.transaction_us = eval_.statement_us;
    record_->transaction_us.store(eval_.transaction_us, std::memory_order_relaxed);
  }
  transaction.begin_statement(parameters_.snapshot().transaction, eval_.statement_us);
}

Task<absl::Status> Backend::run_planned(Portal& portal, int64_t rows_max, bool* suspended) {
  if (!portal.started) {
    absl::Status status;
    if (!start_at_once(portal, &status)) {
      auto starting = start_portal(portal);
      status = co_await starting;
    }
    if (!status.ok()) co_return status;
  }
  if (portal.finished) co_return absl::OkStatus();  // a definition, or EXPLAIN
  auto fetching = send_rows(portal, rows_max, suspended);
  co_return co_await fetching;
}

/// start_portal() of a statement that has nothing to wait for; false: it has.
bool Backend::start_at_once(Portal& portal, absl::Status* status) {
  Prepared& prepared = *portal.prepared;
  if (is_definition(*prepared.raw->node)) return false;
  const Meanwhile kept(&views_kept_, true);
  *status = plan_prepared(prepared);
  if (!status->ok()) return true;
  if (!prepared.kept_reads.empty()) return false;
  if (prepared.plan->script != nullptr) return false;
  if (!reads_or_writes(prepared.plan->kind) || !lock_tables_at_once(prepared)) return false;
  portal.started = true;
  portal.plan = prepared.plan;
  *status = open_portal(portal);
  return true;
}

/// Plans, locks the tables, takes the snapshot, opens the plan. A definition or EXPLAIN is all done then.
Task<absl::Status> Backend::start_portal(Portal& portal) {
  Prepared& prepared = *portal.prepared;
  running_definition_ = is_definition(*prepared.raw->node);
  if (running_definition_ && makes_temporary(*prepared.raw->node)) {
    auto making = make_temporary_schema();
    const absl::Status made = co_await making;
    if (!made.ok()) co_return made;
  }
  const Meanwhile kept(&views_kept_, !running_definition_ && !explained_execute(*prepared.raw->node));
  absl::Status status = plan_prepared(prepared);
  running_definition_ = false;
  if (!status.ok()) co_return status;
  auto starting = start_planned(portal);
  co_return co_await starting;
}

Task<absl::Status> Backend::start_planned(Portal& portal) {
  Prepared& prepared = *portal.prepared;
  absl::Status status;
  portal.started = true;
  portal.plan = prepared.plan;
  if (!portal.plan->denied.ok()) co_return portal.plan->denied;
  switch (portal.plan->kind) {
    case StatementKind::kDdl:
    case StatementKind::kCreateTableAs: {
      auto running = run_ddl(portal);
      status = co_await running;
      if (const auto* group = prepared.raw->node->as<sql::ConsumerGroupStatement>(); group != nullptr && status.ok()) {
        auto placing = place_group(*group);
        co_return co_await placing;
      }
      const auto* create = prepared.raw->node->as<sql::CreateSchemaStatement>();
      if (!status.ok() || create == nullptr || create->elements.empty()) co_return status;
      auto making = make_schema_elements(*create, portal);
      co_return co_await making;
    }
    case StatementKind::kExplain: {
      if (const auto* execute = explained_execute(*prepared.raw->node)) {
        auto values = evaluate_arguments(*execute, portal.plan->parameters);
        if (!values.ok()) co_return values.status();
        portal.parameters = *std::move(values);
      }
      if (portal.plan->explain.analyze) {
        auto settling = settle_views(portal);
        status = co_await settling;
        if (!status.ok()) co_return status;
      }
      auto running = run_explain(portal);
      co_return co_await running;
    }
    case StatementKind::kUtility: co_return not_supported_yet(statement_name(prepared.text()));
    default: break;
  }
  auto locking = lock_tables(portal);
  status = co_await locking;
  if (!status.ok()) co_return status;
  portal.plan = prepared.plan;
  auto settling = settle_views(portal);
  status = co_await settling;
  if (!status.ok()) co_return status;
  if (portal.plan->script != nullptr) {
    auto running = run_script(portal);
    co_return co_await running;
  }
  co_return open_portal(portal);
}

/// Usually nobody is in the way and the plan is still good under the locks.
bool Backend::lock_tables_at_once(const Prepared& prepared) {
  for (const TableLockWish& wish : prepared.locks) {
    if (!transaction_.lock_table_at_once(*wish.table, wish.mode)) return false;
    if (wish.mode == TableLockMode::kRowExclusive) transaction_.note_write(wish.table->tree);
  }
  return is_current(*prepared.plan, *transaction_.catalog());
}

/// Locks the statement's tables, and plans it again when one changed before the lock was had.
Task<absl::Status> Backend::lock_tables(Portal& portal) {
  Prepared& prepared = *portal.prepared;
  for (int attempt = 0;; ++attempt) {
    auto locking = take_table_locks(prepared);
    const absl::Status locked = co_await locking;
    if (!locked.ok()) co_return locked;
    if (is_current(*prepared.plan, *transaction_.catalog())) co_return absl::OkStatus();
    if (attempt > 16) co_return error(ErrorCode::kLockNotAvailable, "the table's definition keeps changing");
    if (portal.of_known_plan) {
      portal.outdated = true;  // its constants were read as that plan's types
      co_return error(ErrorCode::kInternalError, "the known plan is outdated");
    }
    const absl::Status planned = plan_prepared(prepared);
    if (!planned.ok()) co_return planned;
  }
}

Task<absl::Status> Backend::take_table_locks(const Prepared& prepared) {
  for (size_t i = 0; i < prepared.locks.size(); ++i) {
    const TableLockWish wish = prepared.locks[i];
    auto locking = transaction_.lock_table(*wish.table, wish.mode, false);
    const absl::Status status = co_await locking;
    if (!status.ok()) co_return status;
    if (wish.mode == TableLockMode::kRowExclusive) transaction_.note_write(wish.table->tree);
  }
  co_return absl::OkStatus();
}

absl::Status Backend::open_portal(Portal& portal) {
  const StatementPlan& plan = *portal.plan;
  Prepared& prepared = *portal.prepared;
  if (plan.script != nullptr) return not_supported_yet("a function of several statements here");
  if (!plan.read_only) {
    TROUPE_RETURN_IF_ERROR(transaction_.state().check_writable(write_tag(plan.kind)));
  }
  if (prepared.executable == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(prepared.executable, ExecutablePlan::compile(portal.plan));
  }
  TROUPE_RETURN_IF_ERROR(fill_exec_context(plan, &portal.context));
  // A statement that is a transaction of its own and only reads is as if it had run at its snapshot.
  const Transaction& transaction = transaction_.state();
  const bool alone = portal.describe_first && !transaction.in_block() && !transaction.implicit_block();
  if (alone && plan.read_only) portal.context.track_reads = false;
  transaction_.state().note_query();
  portal.execution = std::make_unique<Execution>(prepared.executable, std::move(portal.parameters), portal.context);
  if (!plan.columns.empty()) {
    std::vector<Type> types;
    std::vector<bool> binary;
    for (size_t i = 0; i < plan.columns.size(); ++i) {
      types.push_back(plan.columns[i].type);
      binary.push_back(portal.binary(i));
    }
    portal.writer.prepare(types, binary, eval_);
  }
  return absl::OkStatus();
}

absl::Status Backend::fill_exec_context(const StatementPlan& plan, ExecContext* context) {
  if (const CatalogPtr& catalog = transaction_.catalog(); !plan.read_only && !catalog->publications().empty()) {
    TROUPE_RETURN_IF_ERROR(check_replica_identity(plan, *catalog));
  }
  if (!plan.denied.ok()) return plan.denied;
  const SettingsSnapshot& settings = parameters_.snapshot();
  sequences_.set_catalog(transaction_.catalog(), role_);
  refresh_names();
  system_.catalog = transaction_.catalog().get();
  system_catalog_ = transaction_.catalog();
  system_.context = &eval_;
  system_.session = static_cast<SystemSession*>(&system_session_);
  context->data = &data_;
  context->eval = &eval_;
  context->sequences = &sequences_;
  context->row_ids = this;
  context->system = &system_;
  context->key_changes = &keys_.events().changes();
  context->txn = plan.read_only ? transaction_.state().id() : transaction_.ensure_id();
  context->command = transaction_.state().command();
  context->one_snapshot =
      transaction_.state().keeps_snapshot() && services_.config.planted != PlantedBug::kUpdatesOverwritten;
  context->track_reads = transaction_.tracks_reads();
  if (context->track_reads) transaction_.track_statement(record_->text().query);
  context->lock_timeout_ms = static_cast<uint32_t>(settings.lock_timeout_ms);
  context->memory_bytes_max = services_.config.sort_bytes_max;
  context->memory_shown = &record_->memory_bytes;
  // The snapshot that a transaction keeps is that of its first statement, whatever that reads.
  if (plan.uses_snapshot || transaction_.state().keeps_snapshot()) {
    TROUPE_ASSIGN_OR_RETURN(context->snapshot, transaction_.take_snapshot(suspended_portals_ > 0));
  }
  return absl::OkStatus();
}

/// Rows until `rows_max` (0: all) are out or there are no more.
Task<absl::Status> Backend::send_rows(Portal& portal, int64_t rows_max, bool* suspended) {
  portal.rows_before = portal.rows_sent;
  const bool returns_rows = !portal.plan->columns.empty() || portal.plan->kind == StatementKind::kSelect;
  int64_t left = rows_max > 0 ? rows_max : INT64_MAX;
  if (portal.suspended) {
    portal.suspended = false;
    --suspended_portals_;
  }
  while (true) {
    if (portal.batch_at < portal.batch.rows) {
      const auto take = static_cast<uint32_t>(std::min<int64_t>(left, portal.batch.rows - portal.batch_at));
      if (!portal.passes) portal.writer.write(portal.batch, portal.batch_at, portal.batch_at + take, writer_);
      portal.batch_at += take;
      portal.rows_sent += take;
      left -= take;
      if (writer_.over_high_water()) {
        auto flushing = flush();
        co_await flushing;
      }
      if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
    }
    if (left == 0) {
      // PostgreSQL suspends without looking whether there is another row.
      *suspended = portal.suspended = true;
      ++suspended_portals_;
      co_return absl::OkStatus();
    }
    if (portal.execution->at_end()) break;
    auto fetching = portal.execution->next(rows_max > 0 ? static_cast<uint64_t>(left) : UINT64_MAX);
    auto batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    // A statement that changes rows has changed all of them by its first answer, and tells of none that must not be.
    if (keys_.events().has_changes() && portal.plan->kind != StatementKind::kSelect) {
      auto checking = keys_.after_statement();
      const absl::Status checked = co_await checking;
      if (!checked.ok()) co_return checked;
    }
    if (wants_to_wait()) {
      auto waiting = wait_as_asked();
      const absl::Status waited = co_await waiting;
      if (!waited.ok()) co_return waited;
    }
    if (portal.describe_first && !portal.described) {
      // Not before the first rows are there: an error that planning could have found comes without a description.
      describe_simple(portal, portal.plan->columns);
      portal.described = true;
    }
    if (batch->rows == 0) break;
    portal.batch_at = 0;
    if (returns_rows) {
      portal.batch = *std::move(batch);
    } else {
      portal.batch = Batch();
    }
  }
  finish_execution(portal);
  if (!keys_.events().has_changes()) co_return absl::OkStatus();
  auto checking = keys_.after_statement();
  co_return co_await checking;
}

void Backend::finish_execution(Portal& portal) {
  const StatementKind kind = portal.plan->kind;
  const bool returns_rows = kind == StatementKind::kSelect || !portal.plan->columns.empty();
  const uint64_t rows = returns_rows ? portal.rows_sent - portal.rows_before : portal.execution->rows_affected();
  portal.tag = cat(tag_of(kind), rows);
}

/// What functions cannot do in the middle of an expression.
Task<absl::Status> Backend::wait_as_asked() {
  if (transaction_.advisory_locks().has_wanted()) {
    auto taking = transaction_.take_advisory_locks();
    const absl::Status taken = co_await taking;
    if (!taken.ok()) co_return taken;
  }
  if (slots_changed_) {
    auto saving = save_slots();
    const absl::Status saved = co_await saving;
    if (!saved.ok()) co_return saved;
  }
  auto sleeping = sleep_if_asked();
  co_return co_await sleeping;
}

Task<absl::Status> Backend::sleep_if_asked() {
  const int64_t us = std::exchange(sleep_us_, 0);
  sleeps_until_us_ = services_.clock.monotonic_us() + us;
  absl::Status status;
  while (status.ok()) {
    const int64_t left = sleeps_until_us_ - services_.clock.monotonic_us();
    if (left <= 0) break;
    host_.send_tick_after(left);
    co_await woken_;
    status = data_.check_cancelled();
  }
  sleeps_until_us_ = 0;
  co_return status;
}

/// The simple protocol describes rows, and says nothing of statements that return none.
void Backend::describe_simple(const Portal& portal, const std::vector<OutputColumn>& columns) {
  if (!columns.empty()) {
    send_columns(columns, portal.result_formats);
  } else if (portal.plan != nullptr && portal.plan->kind == StatementKind::kSelect) {
    writer_.row_description({});
  }
}

void Backend::send_columns(const std::vector<OutputColumn>& columns, const std::vector<int16_t>& formats) {
  if (columns.empty()) {
    writer_.no_data();
    return;
  }
  std::vector<ColumnDescriptor> descriptors;
  descriptors.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const OutputColumn& column = columns[i];
    ColumnDescriptor descriptor;
    descriptor.name = column.name;
    descriptor.table = column.table;
    descriptor.attribute = column.attnum;
    descriptor.type = column.type.oid;
    descriptor.type_length = type_info(column.type.oid).typlen;
    descriptor.type_modifier = column.type.typmod;
    descriptor.format = formats.empty() ? int16_t{0} : formats[formats.size() == 1 ? 0 : i];
    descriptors.push_back(descriptor);
  }
  writer_.row_description(descriptors);
}

// --- EXPLAIN ---

Task<absl::Status> Backend::run_explain(Portal& portal) {
  const StatementPlan& plan = *portal.plan;
  if (const CatalogPtr& catalog = transaction_.catalog(); !catalog->publications().empty()) {
    const absl::Status identified = check_replica_identity(plan, *catalog);
    if (!identified.ok()) co_return identified;
  }
  std::vector<std::string> lines;
  if (plan.explain.analyze) {
    auto running = run_analyzed(portal, &lines);
    const absl::Status status = co_await running;
    if (!status.ok()) co_return status;
  } else {
    lines = explain_plan(plan);
  }
  if (portal.describe_first) send_columns(plan.columns, portal.result_formats);
  for (const std::string& line : lines) {
    writer_.begin_row(1);
    writer_.field(line);
    writer_.end_row();
  }
  portal.tag = "EXPLAIN";
  portal.finished = true;
  co_return absl::OkStatus();
}

/// EXPLAIN ANALYZE runs the statement and throws its rows away.
Task<absl::Status> Backend::run_analyzed(Portal& portal, std::vector<std::string>* lines) {
  auto explained = std::make_shared<StatementPlan>(*portal.plan);
  explained->kind = explained->explained;
  auto executable = ExecutablePlan::compile(explained);
  if (!executable.ok()) co_return executable.status();
  for (const TableLockWish& wish : std::vector<TableLockWish>(portal.prepared->locks)) {
    auto locking = transaction_.lock_table(*wish.table, wish.mode, false);
    const absl::Status locked = co_await locking;
    if (!locked.ok()) co_return locked;
    if (wish.mode == TableLockMode::kRowExclusive) transaction_.note_write(wish.table->tree);
  }
  if (const absl::Status filled = fill_exec_context(*explained, &portal.context); !filled.ok()) co_return filled;
  portal.context.measure = true;
  const int64_t from_us = services_.clock.monotonic_us();
  Execution execution(*executable, std::move(portal.parameters), portal.context);
  while (true) {
    auto fetching = execution.next();
    auto batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
  }
  auto checking = keys_.after_statement();
  const absl::Status checked = co_await checking;
  if (!checked.ok()) co_return checked;
  const double ms = static_cast<double>(services_.clock.monotonic_us() - from_us) / 1000.0;
  *lines = explain_plan(*portal.plan, execution.actual(), ms);
  co_return absl::OkStatus();
}

}  // namespace troupe
