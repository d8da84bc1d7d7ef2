#include "actors/session/key_checks.hpp"

#include <algorithm>
#include <limits>

#include "actors/session/as_owner.hpp"
#include "actors/session/backend.hpp"
#include "runtime/exec/access.hpp"
#include "runtime/exec/lock_errors.hpp"
#include "runtime/exec/row_inserter.hpp"
#include "runtime/exec/write_batch.hpp"

namespace troupe {
namespace {

/// Plans that are kept, and tables whose rows can be locked.
constexpr size_t kStatementsMax = 1'024;

bool is_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

int64_t integer_of(const Value& value) {
  switch (value.kind()) {
    case Physical::kInt16: return value.get<int16_t>();
    case Physical::kInt32: return value.get<int32_t>();
    default: return value.get<int64_t>();
  }
}

/// An integer as another kind of integer; nothing when it is too large.
template <typename T>
std::optional<Value> narrowed(int64_t number) {
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return std::nullopt;
  return Value::of(static_cast<T>(number));
}
std::optional<Value> as_kind(const Value& value, Physical kind) {
  if (value.kind() == kind) return value;
  const int64_t number = integer_of(value);
  switch (kind) {
    case Physical::kInt16: return narrowed<int16_t>(number);
    case Physical::kInt32: return narrowed<int32_t>(number);
    default: return Value::of(number);
  }
}

std::vector<Value> key_of(const Batch& keys, uint32_t row) {
  std::vector<Value> key;
  for (const Vector& column : keys.columns) key.push_back(column.value(row));
  return key;
}

}  // namespace

Task<absl::Status> KeyChecks::after_statement() {
  std::deque<KeyEvent> queue;
  events_.take(*backend_.transaction_.catalog(), backend_.transaction_.state().command(), true, &queue);
  // Actions could take rows away that others of the statement have brought.
  const bool acts = std::any_of(queue.begin(), queue.end(),
                                [](const KeyEvent& event) {
                                  return event.kind == KeyEvent::Kind::kDeleted || event.kind == KeyEvent::Kind::kMoved;
                                });
  if (acts) {
    for (KeyEvent& event : queue) event.first_hand = false;
  }
  auto running = run_events(std::move(queue));
  co_return co_await running;
}

Task<absl::Status> KeyChecks::after_replicated() {
  std::deque<KeyEvent> queue;
  events_.take(*backend_.transaction_.catalog(), backend_.transaction_.state().command(), true, &queue);
  std::erase_if(queue, [](const KeyEvent& event) { return event.kind != KeyEvent::Kind::kCompared; });
  events_.forget_deferred_references();
  auto running = run_events(std::move(queue));
  co_return co_await running;
}

Task<absl::Status> KeyChecks::before_commit() {
  while (true) {
    std::deque<KeyEvent> queue =
        events_.take_deferred(*backend_.transaction_.catalog(), backend_.transaction_.state().command(), true);
    if (queue.empty()) co_return absl::OkStatus();
    auto running = run_events(std::move(queue));
    const absl::Status status = co_await running;
    if (!status.ok()) co_return status;
  }
}

Task<absl::Status> KeyChecks::run_events(std::deque<KeyEvent> queue) {
  while (!queue.empty()) {
    const KeyEvent event = std::move(queue.front());
    queue.pop_front();
    auto running = run_event(event);
    absl::Status status = co_await running;
    if (status.ok()) status = backend_.data_.check_cancelled();
    if (!status.ok()) {
      events_.forget_changes();
      co_return status;
    }
    events_.take(*backend_.transaction_.catalog(), backend_.transaction_.state().command(), false, &queue);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> KeyChecks::run_event(const KeyEvent& event) {
  FoundKey found = find_key(*backend_.transaction_.catalog(), event.table, event.constraint);
  if (found.key == nullptr) co_return absl::OkStatus();  // dropped since
  found.referred = event.changed;
  if (event.kind == KeyEvent::Kind::kReferring) {
    if (backend_.services_.config.planted == PlantedBug::kReferencesUnchecked) co_return absl::OkStatus();
    auto checking = check_referring(event, found);
    co_return co_await checking;
  }
  if (event.kind == KeyEvent::Kind::kCompared) {
    auto comparing = check_compared(event, found);
    co_return co_await comparing;
  }
  auto acting = run_action(event, found);
  co_return co_await acting;
}

// --- rows that refer ---

Task<absl::Status> KeyChecks::check_referring(const KeyEvent& event, FoundKey found) {
  const CatalogPtr catalog = backend_.transaction_.catalog();
  const DistinctKeys distinct = distinct_keys(event.after);
  // What is left out of a full match has some nulls: others were not taken.
  if (found.key->foreign.match_full) {
    for (uint32_t row = 0; row < event.after.rows; ++row) {
      const std::vector<Value> key = key_of(event.after, row);
      if (std::any_of(key.begin(), key.end(), [](const Value& v) { return v.is_null(); })) {
        co_return mixed_nulls(*catalog, found);
      }
    }
  }
  if (distinct.rows.empty()) co_return absl::OkStatus();
  auto looking = refers_to_rows(found) ? missing_rows(found, distinct.keys) : missing_referred(found, distinct.keys);
  absl::StatusOr<Ordinals> missing = co_await looking;
  if (!missing.ok()) co_return missing.status();
  if (missing->empty()) co_return absl::OkStatus();
  if (!event.first_hand) {
    // The rows may have other keys by now, or be gone.
    const Batch keys = distinct.keys.gather(*missing);
    auto finding = find(KeyQuery::kReferringStill, found, keys);
    const absl::StatusOr<Ordinals> still = co_await finding;
    if (!still.ok()) co_return still.status();
    if (still->empty()) co_return absl::OkStatus();
    co_return missing_reference(*catalog, found, key_of(keys, still->front()), backend_.eval_);
  }
  co_return missing_reference(*catalog, found, key_of(distinct.keys, missing->front()), backend_.eval_);
}

Task<absl::StatusOr<KeyChecks::Ordinals>> KeyChecks::missing_referred(FoundKey found, const Batch& keys) {
  auto finding = find(KeyQuery::kReferred, found, keys);
  const absl::StatusOr<Ordinals> there = co_await finding;
  if (!there.ok()) co_return there.status();
  Ordinals missing;
  for (uint32_t row = 0; row < keys.rows; ++row) {
    if (!std::binary_search(there->begin(), there->end(), row)) missing.push_back(row);
  }
  co_return missing;
}

/// Whether the rows that are referred to are kept by the very key: what refers to them says where they are.
bool KeyChecks::refers_to_rows(const FoundKey& found) const {
  const TableDef* table = backend_.transaction_.catalog()->find_table(found.key->foreign.table);
  if (table == nullptr || table->is_partitioned()) return false;
  if (table->primary_key_index() != found.key->foreign.index) return false;
  for (size_t i = 0; i < found.key->columns.size(); ++i) {
    const Oid from = found.table->column(found.key->columns[i]).type;
    const Oid to = table->column(found.key->foreign.columns[i]).type;
    if (from != to && !(is_integer(from) && is_integer(to))) return false;
  }
  return true;
}

const FragmentCall& KeyChecks::lock_call(const std::shared_ptr<const TableDef>& table) {
  if (lock_calls_.size() >= kStatementsMax) lock_calls_.clear();
  LockCall& known = lock_calls_[table->oid];
  if (known.table != table) {
    FragmentSpec spec;
    describe_table(*table, &spec);
    spec.output.push_back(make_bool(true));
    spec.check_always = true;  // the key itself is meant, not a row that was seen
    known = {table, std::make_unique<FragmentCall>(std::move(spec))};
  }
  return *known.call;
}

Task<absl::StatusOr<KeyChecks::Ordinals>> KeyChecks::missing_rows(FoundKey found, const Batch& keys) {
  const auto table =
      std::static_pointer_cast<const TableDef>(backend_.transaction_.catalog()->find_shared(found.key->foreign.table));
  if (!backend_.transaction_.lock_table_at_once(*table, TableLockMode::kRowShare)) {
    auto locking = backend_.transaction_.lock_table(*table, TableLockMode::kRowShare, false);
    const absl::Status locked = co_await locking;
    if (!locked.ok()) co_return locked;
  }
  if (nothing_ == nullptr) {
    auto parsed = sql::parse_statement("SELECT 1");
    if (!parsed.ok()) co_return parsed.status();
    nothing_ = std::make_shared<Prepared>();
    nothing_->parsed = *std::move(parsed);
    nothing_->raw = &nothing_->parsed->statements()[0];
  }
  auto preparing = backend_.prepare_as_owner(*nothing_);
  const absl::Status prepared = co_await preparing;
  if (!prepared.ok()) co_return prepared;
  ExecContext context;
  const absl::Status filled = backend_.fill_exec_context(*nothing_->plan, &context);
  if (!filled.ok()) co_return filled;
  context.txn = backend_.transaction_.ensure_id();
  Run run(*nothing_->executable, {}, context);
  WriteBatch::Spec spec;
  spec.tree = table->tree;
  spec.kind = schema::WriteKind::lock;
  spec.call = &lock_call(table);
  spec.strength = schema::LockStrength::key_share;
  WriteBatch batch(run, std::move(spec));
  std::vector<bool> there(keys.rows, false);
  for (uint32_t row = 0; row < keys.rows; ++row) {
    std::vector<Value> values(table->primary_key.size());
    bool fits = true;
    for (size_t i = 0; i < found.key->columns.size(); ++i) {
      const int16_t attnum = found.key->foreign.columns[i];
      const auto place = std::find(table->primary_key.begin(), table->primary_key.end(), attnum);
      auto value = as_kind(keys.columns[i].value(row), table->column(attnum).physical);
      fits = fits && value.has_value();
      if (fits) values[static_cast<size_t>(place - table->primary_key.begin())] = *std::move(value);
    }
    if (!fits) continue;
    const LookupKey key = primary_key_of(*table->shape, values);
    batch.add(context.data->partition_of(key.hash), key.key, {}, row);
  }
  if (!batch.empty()) {
    batch.start();
    auto finishing = batch.finish();
    const absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    if (!answers.ok()) co_return with_lock_context(answers.status(), "locking", *table);
    for (const WriteBatch::Answer& answer : *answers) {
      for (uint32_t i = 0; i < answer.ordinals.size(); ++i) {
        there[answer.ordinals[i]] = answer.outcome(i) == schema::WriteOutcome::done;
      }
    }
  }
  Ordinals missing;
  for (uint32_t row = 0; row < keys.rows; ++row) {
    if (!there[row]) missing.push_back(row);
  }
  co_return missing;
}

// --- rows that are referred to ---

Task<absl::Status> KeyChecks::run_action(const KeyEvent& event, FoundKey found) {
  // Everybody who held on to the rows has committed; a snapshot must show what they did.
  auto waiting = backend_.transaction_.wait_for_commits();
  absl::Status status = co_await waiting;
  if (!status.ok()) co_return status;
  const bool deleted = event.kind == KeyEvent::Kind::kDeleted;
  const KeyAction action = deleted ? found.key->foreign.on_delete : found.key->foreign.on_update;
  const DistinctKeys distinct = distinct_keys(event.before);
  switch (action) {
    case KeyAction::no_action:
    case KeyAction::restrict_now: {
      const bool again = action == KeyAction::no_action && !(deleted && event.first_hand);
      auto checking = check_unreferenced(found, distinct.keys, again);
      co_return co_await checking;
    }
    case KeyAction::cascade: {
      const KeyQuery query = deleted ? KeyQuery::kDeleteRows : KeyQuery::kUpdateRows;
      const std::vector<Type> types = key_query_parameters(query, *backend_.transaction_.catalog(), found);
      std::vector<Value> values;
      append_key_arrays(distinct.keys, types, &values);
      if (!deleted) append_key_arrays(event.after.gather(distinct.rows), types, &values);
      auto running = run(query, found, std::move(values));
      const absl::StatusOr<std::vector<Batch>> done = co_await running;
      co_return done.status();
    }
    default: break;
  }
  auto setting = set_columns(event, found, distinct.keys);
  co_return co_await setting;
}

Task<absl::Status> KeyChecks::set_columns(const KeyEvent& event, FoundKey found, const Batch& keys) {
  const bool deleted = event.kind == KeyEvent::Kind::kDeleted;
  const KeyQuery query = deleted ? KeyQuery::kDeleteSets : KeyQuery::kUpdateSets;
  std::vector<Value> values;
  append_key_arrays(keys, key_query_parameters(query, *backend_.transaction_.catalog(), found), &values);
  auto running = run(query, found, std::move(values));
  const absl::StatusOr<std::vector<Batch>> done = co_await running;
  if (!done.ok()) co_return done.status();
  const KeyAction action = deleted ? found.key->foreign.on_delete : found.key->foreign.on_update;
  if (action == KeyAction::set_null) co_return absl::OkStatus();
  // A default that is the very key which is gone changes nothing, so that nobody looks at it otherwise.
  auto checking = check_unreferenced(found, keys, true);
  co_return co_await checking;
}

Task<absl::Status> KeyChecks::check_unreferenced(FoundKey found, const Batch& keys, bool again) {
  auto finding = find(KeyQuery::kReferring, found, keys);
  absl::StatusOr<Ordinals> referred = co_await finding;
  if (!referred.ok()) co_return referred.status();
  if (referred->empty()) co_return absl::OkStatus();
  if (again) {
    auto finding_again = find(KeyQuery::kReferredAgain, found, keys);
    const absl::StatusOr<Ordinals> there = co_await finding_again;
    if (!there.ok()) co_return there.status();
    std::erase_if(*referred, [&](uint32_t row) { return std::binary_search(there->begin(), there->end(), row); });
    if (referred->empty()) co_return absl::OkStatus();
  }
  co_return still_referenced(*backend_.transaction_.catalog(), found, key_of(keys, referred->front()), backend_.eval_);
}

// --- statements ---

Task<absl::StatusOr<KeyChecks::Ordinals>> KeyChecks::find(KeyQuery query, FoundKey found, const Batch& keys) {
  std::vector<Value> values;
  append_key_arrays(keys, key_query_parameters(query, *backend_.transaction_.catalog(), found), &values);
  auto running = run(query, found, std::move(values));
  const absl::StatusOr<std::vector<Batch>> rows = co_await running;
  if (!rows.ok()) co_return rows.status();
  Ordinals ordinals;
  for (const Batch& batch : *rows) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      ordinals.push_back(static_cast<uint32_t>(batch.columns[0].get<int64_t>(row) - 1));
    }
  }
  std::sort(ordinals.begin(), ordinals.end());
  ordinals.erase(std::unique(ordinals.begin(), ordinals.end()), ordinals.end());
  co_return ordinals;
}

absl::StatusOr<std::shared_ptr<Prepared>> KeyChecks::prepared_for(KeyQuery query, const FoundKey& found) {
  const AsOwner as_owner(&backend_.role_);
  if (statements_.size() >= kStatementsMax) statements_.clear();
  if (query == KeyQuery::kReferringToDetached) statements_.erase({found.key->oid, query});  // of another partition
  std::shared_ptr<Prepared>& known = statements_[{found.key->oid, query}];
  if (known != nullptr && known->plan != nullptr && backend_.is_planned(*known)) return known;
  // Names may be others than when it was made.
  const CatalogPtr& catalog = backend_.transaction_.catalog();
  auto prepared = std::make_shared<Prepared>();
  TROUPE_ASSIGN_OR_RETURN(prepared->parsed, sql::parse_statement(key_query_text(query, *catalog, found)));
  prepared->raw = &prepared->parsed->statements()[0];
  prepared->declared = key_query_parameters(query, *catalog, found);
  known = std::move(prepared);
  return known;
}

Task<absl::StatusOr<std::vector<Batch>>> KeyChecks::run(KeyQuery query, FoundKey found, std::vector<Value> values) {
  auto statement = prepared_for(query, found);
  if (!statement.ok()) co_return statement.status();
  const std::shared_ptr<Prepared> prepared = *std::move(statement);
  auto preparing = backend_.prepare_as_owner(*prepared);
  const absl::Status ready = co_await preparing;
  if (!ready.ok()) co_return ready;
  SessionTransaction& transaction = backend_.transaction_;
  transaction.state().next_command();
  ExecContext context;
  const absl::Status filled = backend_.fill_exec_context(*prepared->plan, &context);
  if (!filled.ok()) co_return filled;
  context.txn = transaction.ensure_id();
  const bool looks_at_referred = query == KeyQuery::kReferred;
  if (transaction.state().keeps_snapshot() && !looks_at_referred) {
    // Rows that came since then count as well. Whoever would have to change one cannot go on.
    context.snapshot = backend_.services_.commits.durable();
    const bool writes = prepared->plan->kind != StatementKind::kSelect;
    if (writes) context.oldest_write = transaction.state().snapshot();
  }
  Execution execution(prepared->executable, std::move(values), context);
  std::vector<Batch> rows;
  while (true) {
    auto fetching = execution.next();
    BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    rows.push_back(*std::move(batch));
  }
  co_return rows;
}

// --- definitions and settings ---

Task<absl::Status> KeyChecks::check_table(Oid table, Oid constraint) {
  const CatalogPtr catalog = backend_.transaction_.catalog();
  FoundKey found = find_key(*catalog, table, constraint);
  if (found.key == nullptr) {
    auto checking = check_detached(table, constraint);
    co_return co_await checking;
  }
  auto waiting = backend_.transaction_.wait_for_commits();
  const absl::Status waited = co_await waiting;
  if (!waited.ok()) co_return waited;
  if (found.key->compares_rows_afterwards()) {
    auto comparing = check_all_compared(found);
    co_return co_await comparing;
  }
  auto running = run(KeyQuery::kAllReferring, found, {});
  const absl::StatusOr<std::vector<Batch>> rows = co_await running;
  if (!rows.ok() || rows->empty()) co_return rows.status();
  const std::vector<Value> key = key_of(rows->front(), 0);
  if (std::any_of(key.begin(), key.end(), [](const Value& v) { return v.is_null(); })) {
    co_return mixed_nulls(*catalog, found);
  }
  co_return missing_reference(*catalog, found, key, backend_.eval_);
}

Task<absl::Status> KeyChecks::check_detached(Oid table, Oid constraint) {
  const CatalogPtr catalog = backend_.transaction_.catalog();
  FoundKey found = find_key(*catalog, constraint);
  if (found.key == nullptr) co_return absl::OkStatus();
  found.referred = table;
  auto waiting = backend_.transaction_.wait_for_commits();
  const absl::Status waited = co_await waiting;
  if (!waited.ok()) co_return waited;
  auto running = run(KeyQuery::kReferringToDetached, found, {});
  const absl::StatusOr<std::vector<Batch>> rows = co_await running;
  if (!rows.ok() || rows->empty()) co_return rows.status();
  co_return detached_is_referenced(*catalog, found, key_of(rows->front(), 0), backend_.eval_);
}

std::vector<Oid> KeyChecks::named_constraints(const sql::TableRef& name, bool* deferrable) const {
  const Catalog& catalog = *backend_.transaction_.catalog();
  std::vector<Oid> schemas = backend_.resolve_search_path();
  if (!name.schema.empty()) {
    const SchemaDef* schema = catalog.find_schema(name.schema);
    schemas = schema == nullptr ? std::vector<Oid>() : std::vector<Oid>{schema->oid};
  }
  std::vector<Oid> found;
  *deferrable = true;
  for (const Oid schema : schemas) {
    for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
      if (object->schema != schema) continue;
      const ConstraintDef* key = static_cast<const TableDef&>(*object).find_constraint(name.name);
      if (key == nullptr) continue;
      *deferrable = *deferrable && key->deferrable;
      found.push_back(key->oid);
    }
    if (!found.empty()) break;
  }
  // Those of partitions are the same constraint.
  for (size_t i = 0; i < found.size(); ++i) {
    for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
      for (const ConstraintDef& part : static_cast<const TableDef&>(*object).constraints) {
        if (part.parent == found[i]) found.push_back(part.oid);
      }
    }
  }
  return found;
}

Task<absl::Status> KeyChecks::set_constraints(const sql::SetConstraintsStatement& statement) {
  const CommandId command = backend_.transaction_.state().command();
  if (statement.constraints.empty()) events_.set_deferred(kNoOid, statement.deferred, command);
  for (const sql::TableRef* name : statement.constraints) {
    bool deferrable = true;
    const std::vector<Oid> oids = named_constraints(*name, &deferrable);
    if (!name->schema.empty() && backend_.transaction_.catalog()->find_schema(name->schema) == nullptr) {
      co_return error(ErrorCode::kInvalidSchemaName, "schema \"", name->schema, "\" does not exist");
    }
    if (oids.empty()) {
      co_return error(ErrorCode::kUndefinedObject, "constraint \"", name->name, "\" does not exist");
    }
    if (!deferrable && statement.deferred) {
      co_return error(ErrorCode::kWrongObjectType, "constraint \"", name->name, "\" is not deferrable");
    }
    for (const Oid oid : oids) events_.set_deferred(oid, statement.deferred, command);
  }
  if (statement.deferred) co_return absl::OkStatus();
  auto running = run_events(events_.take_deferred(*backend_.transaction_.catalog(), command, false));
  co_return co_await running;
}

}  // namespace troupe
