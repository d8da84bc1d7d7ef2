/// Definitions: locks, work on data, then the catalog's rows; the catalog itself changes when the commit is in the log.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/catalog_rows.hpp"
#include "actors/session/table_rewriter.hpp"
#include "runtime/sql/ast_all.hpp"
#include "runtime/exec/messages.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/codec.hpp"

namespace troupe {

Task<absl::Status> Backend::run_ddl(Portal& portal) {
  constexpr int kAttemptsMax = 16;
  auto vacating = make_vacant(*portal.plan->ddl);
  const absl::Status vacant = co_await vacating;
  if (!vacant.ok()) co_return vacant;
  for (int attempt = 0;; ++attempt) {
    const DdlPlan& ddl = *portal.plan->ddl;
    if (const absl::Status unused = check_no_events(ddl); !unused.ok()) co_return unused;
    if (const absl::Status writable = transaction_.state().check_writable(ddl.tag); !writable.ok()) co_return writable;
    transaction_.ensure_id();
    auto locking = lock_for_ddl(ddl);
    absl::Status locked = co_await locking;
    if (!locked.ok()) co_return locked;
    auto locking_sources = take_table_locks(*portal.prepared);  // of CREATE TABLE AS
    locked = co_await locking_sources;
    if (!locked.ok()) co_return locked;
    // Somebody may have changed what the plan is about while it waited for the locks.
    const bool waited = !ddl.locks.empty() || !portal.prepared->locks.empty();
    const bool changed = waited && !transaction_.changes_catalog() &&
                         !is_current(*portal.plan, *transaction_.catalog());
    if (!changed) break;
    if (attempt == kAttemptsMax) {
      co_return with_hint(error(ErrorCode::kSerializationFailure, "a definition changed while waiting for its lock"),
                          "Retry the statement.");
    }
    running_definition_ = true;
    const absl::Status planned = plan_prepared(*portal.prepared);
    running_definition_ = false;
    if (!planned.ok()) co_return planned;
    portal.plan = portal.prepared->plan;
  }
  for (const Notice& notice : portal.plan->ddl->notices) {
    if (portal.quiet) break;
    send_notice(with_detail(error(notice.code, notice.message), notice.detail),
                notice.severity == "WARNING" ? Severity::kWarning : Severity::kNotice);
  }
  const StatementPlanPtr plan = portal.plan;
  auto performing = perform_ddl(*plan, portal);
  const absl::Status status = co_await performing;
  if (!status.ok()) co_return status;
  portal.finished = true;
  co_return absl::OkStatus();
}

/// Rows that deferred constraints have not looked at yet are not to be redefined.
absl::Status Backend::check_no_events(const DdlPlan& ddl) {
  if (!keys_.events().has_deferred()) return absl::OkStatus();
  for (const DdlLock& lock : ddl.locks) {
    if (!lock.exclusive || !keys_.events().has_deferred_of(lock.table)) continue;
    const std::string_view what = ddl.truncate ? "TRUNCATE" : std::string_view(ddl.tag);
    return error(ErrorCode::kObjectInUse, "cannot ", what, " \"", transaction_.catalog()->find_table(lock.table)->name,
                 "\" because it has pending trigger events");
  }
  return absl::OkStatus();
}

Task<absl::Status> Backend::lock_for_ddl(const DdlPlan& ddl) {
  for (const DdlLock& lock : ddl.locks) {
    const TableDef* table = transaction_.catalog()->find_table(lock.table);
    if (table == nullptr) continue;
    auto locking = transaction_.lock_table(
        *table, lock.exclusive ? TableLockMode::kAccessExclusive : TableLockMode::kShareRowExclusive, false);
    const absl::Status status = co_await locking;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Backend::perform_ddl(const StatementPlan& plan, Portal& portal) {
  const DdlPlan& ddl = *plan.ddl;
  const std::vector<CatalogChange> changes = with_verifiers(ddl.changes);
  auto writing = write_catalog_rows(changes);
  absl::Status status = co_await writing;
  if (!status.ok()) co_return status;
  status = transaction_.change_catalog(changes, ddl.counters);
  if (!status.ok()) co_return status;
  for (const DdlAction& action : ddl.actions) {
    auto performing = perform(action);
    status = co_await performing;
    if (!status.ok()) co_return status;
  }
  if (ddl.truncate) transaction_.truncated(ddl.changes);
  portal.tag = ddl.tag;
  if (plan.kind != StatementKind::kCreateTableAs) co_return absl::OkStatus();
  auto filling = fill_table(plan, &portal.tag);
  co_return co_await filling;
}

// --- the catalog's rows ---

/// Objects in one tree, names in another whose keys make them unique: a name that somebody else is about to take is
/// waited for.
Task<absl::Status> Backend::write_catalog_rows(const std::vector<CatalogChange>& changes) {
  CatalogRows rows;
  const Catalog& catalog = *transaction_.catalog();
  for (const CatalogChange& change : changes) {
    const ObjectDef* old = catalog.find_anywhere(change.oid);
    rows.change(change.oid, old, change.object.get());
  }
  const std::vector<std::string> no_values;  // outlives the tasks, which refer to it
  auto erasing = send_raw(schema::WriteKind::erase, kCatalogNameTree, rows.erased_names, no_values, false);
  absl::Status status = co_await erasing;
  if (!status.ok()) co_return status;
  auto naming = send_raw(schema::WriteKind::put, kCatalogNameTree, rows.names, rows.name_values, false);
  status = co_await naming;
  if (error_code(status) == ErrorCode::kUniqueViolation) {
    co_return error(ErrorCode::kDuplicateTable, "a relation of that name was created at the same time");
  }
  if (!status.ok()) co_return status;
  auto dropping = send_raw(schema::WriteKind::erase, kCatalogObjectTree, rows.erased_objects, no_values, false);
  status = co_await dropping;
  if (!status.ok()) co_return status;
  auto putting = send_raw(schema::WriteKind::put, kCatalogObjectTree, rows.objects, rows.object_values, true);
  co_return co_await putting;
}

void CatalogRows::change(Oid oid, const ObjectDef* old, const ObjectDef* next) {
  const auto key_of = [](const ObjectDef& object) {
    return name_key(object.name_class(), object.name_scope(), object.unique_name());
  };
  if (next == nullptr) {
    if (oid < kFirstUserOid) {  // each node begins with it: its place says that this one has it no more
      objects.push_back(object_key(oid));
      object_values.push_back(encode_dropped());
    } else {
      erased_objects.push_back(object_key(oid));
    }
    if (old != nullptr) erased_names.push_back(key_of(*old));
    return;
  }
  objects.push_back(object_key(oid));
  object_values.push_back(encode_object(*next));
  const std::string name = key_of(*next);
  if (old != nullptr && key_of(*old) == name) return;
  if (old != nullptr) erased_names.push_back(key_of(*old));
  names.push_back(name);
  name_values.push_back(object_key(oid));
}

/// Raw keys and values of a system tree, all of which lie in partition 0.
Task<absl::Status> Backend::send_raw(schema::WriteKind kind, TreeId tree, const std::vector<std::string>& keys,
                                     const std::vector<std::string>& values, bool overwrite) {
  if (keys.empty()) co_return absl::OkStatus();
  WriteParts parts;
  parts.head.mutate_txn(transaction_.ensure_id());
  parts.head.mutate_snapshot(kMaxScn);
  parts.head.mutate_command(transaction_.state().command());
  parts.head.mutate_tree(tree);
  parts.head.mutate_key_count(static_cast<uint32_t>(keys.size()));
  parts.head.mutate_kind(kind);
  parts.head.mutate_strength(schema::LockStrength::exclusive);
  if (overwrite) parts.head.mutate_flags(bit(schema::WriteFlag::overwrite));
  std::string packed_keys, packed_values;
  for (const std::string& key : keys) append_packed(key, &packed_keys);
  for (const std::string& value : values) append_packed(value, &packed_values);
  parts.keys = packed_keys;
  parts.rows = packed_values;
  WriteFrame frame = build_write(parts);
  WriteSlot slot(data_);
  slot.start(0, std::move(frame));
  auto answer = co_await slot;
  if (!answer.ok()) co_return answer.status();
  if ((*answer)->head()->status() == schema::WriteStatus::failed) {
    co_return decode_error(bytes_view((*answer)->error()));
  }
  co_return absl::OkStatus();
}

// --- work on data ---

Task<absl::Status> Backend::perform(const DdlAction& action) {
  switch (action.kind) {
    case DdlAction::Kind::kCreateTree: transaction_.own_tree(action.tree, true); co_return absl::OkStatus();
    case DdlAction::Kind::kDropTree: transaction_.drop_tree(action.tree); co_return absl::OkStatus();
    case DdlAction::Kind::kSetSequence: {
      auto def = std::dynamic_pointer_cast<const SequenceDef>(transaction_.catalog()->find_shared(action.sequence));
      if (def == nullptr) co_return absl::OkStatus();
      const int64_t value = action.restart.value_or(def->start);
      auto setting = sequences_.start_at(std::move(def), value);
      co_return co_await setting;
    }
    case DdlAction::Kind::kDropSequence: {
      const Oid sequence = action.sequence;
      transaction_.at_end([this, sequence](bool committed) {
        if (committed) host_.send_sequence_drop(sequence);
      });
      co_return absl::OkStatus();
    }
    default: break;
  }
  if (action.kind == DdlAction::Kind::kCheckConstraint) {
    auto checking = keys_.check_table(action.table->oid, action.constraint);
    co_return co_await checking;
  }
  // Its partitions have the rows.
  if (action.table != nullptr && action.table->is_partitioned()) co_return absl::OkStatus();
  ExecContext context;
  StatementPlan reading;
  reading.uses_snapshot = true;
  reading.read_only = false;
  if (const absl::Status filled = fill_exec_context(reading, &context); !filled.ok()) co_return filled;
  // The table's lock keeps others out, so the newest committed rows are the rows; a statement sees its transaction's.
  context.snapshot = kMaxScn;
  context.track_reads = false;
  TableRewriter rewriter(data_, context);
  switch (action.kind) {
    case DdlAction::Kind::kBuildIndex: {
      transaction_.own_tree(action.index->tree, false);
      auto building = rewriter.build_index(*action.table, *action.index, action.terms);
      const absl::Status status = co_await building;
      if (rewriter.wrote()) transaction_.needs_checkpoint();
      co_return status;
    }
    case DdlAction::Kind::kRewriteTable: {
      // Subscribers know the rows already, unless this transaction brought them all.
      const bool news = transaction_.holds_news(action.table->tree);
      transaction_.own_tree(action.tree, news);
      auto rewriting = rewriter.rewrite(*action.table, *action.new_table, action.tree, action.values, *this,
                                        news ? &transaction_.bulk_log() : nullptr);
      const absl::Status status = co_await rewriting;
      if (rewriter.wrote()) transaction_.needs_checkpoint();
      co_return status;
    }
    case DdlAction::Kind::kCheckNotNull: {
      auto checking = rewriter.check_not_null(*action.table, action.column);
      co_return co_await checking;
    }
    case DdlAction::Kind::kCheckRows: {
      auto checking = rewriter.check_rows(*action.table, action.check);
      co_return co_await checking;
    }
    default: co_return error(ErrorCode::kInternalError, "unknown action of a definition");
  }
}

/// What CREATE SCHEMA says is to be in it: statements of their own, to which the new schema comes first.
Task<absl::Status> Backend::make_schema_elements(const sql::CreateSchemaStatement& create, const Portal& portal) {
  const std::string_view name = create.name.empty() ? create.authorization->name : create.name;
  const SchemaDef* schema = transaction_.catalog()->find_schema(name);
  if (schema == nullptr) co_return absl::OkStatus();
  element_schema_ = schema->oid;
  absl::Status status;
  for (const sql::Statement* element : create.elements) {
    Portal inner;
    inner.prepared = std::make_shared<Prepared>();
    inner.prepared->parsed = portal.prepared->parsed;
    inner.cursor_query = std::make_unique<sql::RawStatement>(*portal.prepared->raw);
    inner.cursor_query->node = element;
    inner.prepared->raw = inner.cursor_query.get();
    transaction_.state().next_command();
    bool suspended = false;
    auto running = is_utility(*element) ? run_utility(inner) : run_planned(inner, 0, &suspended);
    status = co_await running;
    if (!status.ok()) break;
  }
  element_schema_ = kNoOid;
  co_return status;
}

/// CREATE TABLE AS and its like: the query's rows go through an ordinary INSERT.
Task<absl::Status> Backend::fill_table(const StatementPlan& plan, std::string* tag) {
  auto source = std::make_shared<StatementPlan>(plan);
  source->kind = StatementKind::kSelect;
  if (plan.ddl->fill.table != nullptr) {
    auto insert = std::make_shared<InsertPlan>();
    insert->write = plan.ddl->fill;
    insert->inputs.push_back(plan.root);
    insert->id = source->nodes++;
    source->root = insert;
  }
  auto filling = std::make_shared<StatementPlan>(*source);
  filling->kind = StatementKind::kInsert;
  filling->columns.clear();
  filling->read_only = false;
  filling->uses_snapshot = true;
  ExecContext context;
  if (const absl::Status filled = fill_exec_context(*filling, &context); !filled.ok()) co_return filled;
  auto executable = ExecutablePlan::compile(filling);
  if (!executable.ok()) co_return executable.status();
  Execution execution(*executable, {}, context);
  while (true) {
    auto fetching = execution.next();
    auto batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
  }
  if (plan.ddl->tells_rows) *tag = cat("SELECT ", execution.rows_affected());
  co_return absl::OkStatus();
}

}  // namespace troupe
