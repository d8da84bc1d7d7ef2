/// COPY between a table (or a query) and the client.
#include "actors/session/backend.hpp"
#include "actors/session/copy_in.hpp"
#include "actors/session/copy_options_of.hpp"
#include "actors/session/copy_out.hpp"
#include "runtime/plan/row_security.hpp"
#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

/// Errors: 0A000, 42501, 42602.
absl::Status check_copy(const sql::CopyStatement& statement, const Catalog& catalog, Oid role) {
  if (statement.program) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "COPY ", statement.from ? "FROM" : "TO",
                           " PROGRAM is not supported"),
                     "Use COPY ... FROM STDIN or TO STDOUT; psql's \\copy does the same with the client's files.");
  }
  if (!statement.has_file) return absl::OkStatus();
  const std::string_view needed = statement.from ? "pg_read_server_files" : "pg_write_server_files";
  const RoleDef* files = catalog.find_role(needed);
  if (files == nullptr || !has_rights_of(catalog, role, files->oid)) {
    return with_hint(error(ErrorCode::kInsufficientPrivilege, "must be superuser or have privileges of the ", needed,
                           " role to COPY ", statement.from ? "from" : "to", " a file"),
                     "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.");
  }
  return absl::OkStatus();
}

absl::Status connection_lost() {
  return error(ErrorCode::kConnectionFailure, "unexpected EOF on client connection with an open COPY");
}

std::string select_text(const TableDef& table, std::string_view schema, const std::vector<uint32_t>& columns) {
  std::string text = "SELECT ";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += ", ";
    text += sql::quote_identifier(table.columns[columns[i]].name);
  }
  return cat(text, " FROM ", sql::quote_identifier(schema), ".", sql::quote_identifier(table.name));
}

/// What a client may send while it copies in.
enum class CopyMessage : uint8_t { kData, kDone, kFail, kIgnored, kWrong };
CopyMessage kind_of(const FrontendMessage& message) {
  if (std::holds_alternative<CopyDataMessage>(message)) return CopyMessage::kData;
  if (std::holds_alternative<CopyDoneMessage>(message)) return CopyMessage::kDone;
  if (std::holds_alternative<CopyFailMessage>(message)) return CopyMessage::kFail;
  const bool ignored = std::holds_alternative<FlushMessage>(message) || std::holds_alternative<SyncMessage>(message);
  return ignored ? CopyMessage::kIgnored : CopyMessage::kWrong;
}

/// Receives rows until the client says that these were all. `receive` is Backend::next_message(), and outlives this.
Task<absl::Status> copy_rows(CopyIn& copy, DataAccess& data, std::function<Task<bool>(FrontendMessage*)> receive) {
  while (true) {
    FrontendMessage message;
    auto receiving = receive(&message);
    const bool received = co_await receiving;
    if (!received) co_return connection_lost();
    absl::Status status = data.check_cancelled();
    if (!status.ok()) co_return status;
    switch (kind_of(message)) {
      case CopyMessage::kIgnored: break;
      case CopyMessage::kData: {
        auto taking = copy.take(std::get<CopyDataMessage>(message).data);
        status = co_await taking;
        if (!status.ok()) co_return status;
        break;
      }
      case CopyMessage::kDone: {
        auto finishing = copy.finish();
        co_return co_await finishing;
      }
      case CopyMessage::kFail:
        co_return error(ErrorCode::kQueryCanceled,
                        "COPY from stdin failed: ", std::get<CopyFailMessage>(message).reason);
      case CopyMessage::kWrong:
        co_return error(ErrorCode::kProtocolViolation, "unexpected message type during COPY from stdin");
    }
  }
}

/// Whether the transaction sees no row of the table.
Task<absl::StatusOr<bool>> is_empty(TablePtr table, ExecContext& context) {
  auto scan = std::make_shared<TableScanPlan>();
  scan->table = std::move(table);
  scan->with_row_key = true;
  scan->output = {Type{oid::kBytea}};
  scan->row_limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  auto plan = std::make_shared<StatementPlan>();
  plan->kind = StatementKind::kSelect;
  plan->root = std::move(scan);
  plan->nodes = 1;
  plan->uses_snapshot = true;
  auto executable = ExecutablePlan::compile(std::move(plan));
  if (!executable.ok()) co_return executable.status();
  Execution execution(*executable, {}, context);
  auto fetching = execution.next();
  const BatchResult batch = co_await fetching;
  if (!batch.ok()) co_return batch.status();
  co_return batch->rows == 0;
}

/// Whether rows may go past the log: into trees that only this transaction knows. `savepoints`: one could want back what
/// was there before.
Task<absl::StatusOr<bool>> may_write_bulk(const TableWrite& write, const SessionTransaction& transaction,
                                          bool savepoints, ExecContext& context) {
  // Pending writes lie over the tree: an erased key of theirs would hide a row that comes in bulk.
  bool owned = !savepoints && !write.table->is_partitioned() && transaction.owns_tree(write.table->tree) &&
               !transaction.wrote(write.table->tree);
  for (const IndexPtr& index : write.indexes) owned = owned && transaction.owns_tree(index->tree);
  if (!owned) co_return false;
  auto looking = is_empty(write.table, context);
  co_return co_await looking;
}

/// Errors: 42501, 0A000 where policies would decide about the rows.
absl::Status check_row_security(const TableDef& table, const Catalog& catalog, Oid role, bool row_security) {
  const absl::Status allowed = check_row_security_on(catalog, table, role, row_security);
  if (!allowed.ok() || !is_under_row_security(catalog, role, table)) return allowed;
  return with_hint(error(ErrorCode::kFeatureNotSupported, "COPY FROM not supported with row-level security"),
                   "Use INSERT statements instead.");
}

absl::Status cannot_copy_to_view(std::string_view name) {
  return with_hint(error(ErrorCode::kWrongObjectType, "cannot copy to view \"", name, "\""),
                   "To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
}

/// The table's SELECT, or the statement's own query, as a statement of its own within this one.
absl::StatusOr<std::shared_ptr<Prepared>> prepare_source(const sql::CopyStatement& statement, Portal& portal,
                                                         const absl::StatusOr<const TableDef*>& table,
                                                         const Catalog& catalog) {
  auto prepared = std::make_shared<Prepared>();
  if (statement.query != nullptr) {
    if (statement.query->is<sql::MergeStatement>()) {
      return error(ErrorCode::kFeatureNotSupported, "MERGE not supported in COPY");
    }
    portal.cursor_query = std::make_unique<sql::RawStatement>(*portal.prepared->raw);
    portal.cursor_query->node = statement.query;
    prepared->parsed = portal.prepared->parsed;
    prepared->raw = portal.cursor_query.get();
    return prepared;
  }
  if (!table.ok() && error_code(table.status()) == ErrorCode::kWrongObjectType) {
    return with_hint(
        error(ErrorCode::kWrongObjectType, "cannot copy from non-table relation \"", statement.table->name, "\""),
        "Try the COPY (SELECT ...) TO variant.");
  }
  TROUPE_RETURN_IF_ERROR(table.status());
  if ((*table)->is_materialized_view()) {
    return with_hint(error(ErrorCode::kWrongObjectType, "cannot copy from materialized view \"", (*table)->name, "\""),
                     "Try the COPY (SELECT ...) TO variant.");
  }
  if ((*table)->is_partitioned()) {
    return with_hint(error(ErrorCode::kWrongObjectType, "cannot copy from partitioned table \"", (*table)->name, "\""),
                     "Try the COPY (SELECT ...) TO variant.");
  }
  TROUPE_ASSIGN_OR_RETURN(const std::vector<uint32_t> columns, copied_columns(statement, **table));
  const auto* schema = catalog.find_as<SchemaDef>((*table)->schema);
  TROUPE_ASSIGN_OR_RETURN(prepared->parsed, sql::parse_statement(select_text(**table, schema->name, columns)));
  prepared->raw = &prepared->parsed->statements()[0];
  return prepared;
}

/// Sends all rows. `flush` is Backend::flush().
Task<absl::Status> send_copy(Execution& execution, CopyOut& copy, BackendWriter& writer, const bool& closed,
                             uint64_t* rows, std::function<Task<void>()> flush) {
  copy.begin(writer);
  while (true) {
    auto fetching = execution.next();
    const BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    for (uint32_t row = 0; row < batch->rows; ++row) {
      const absl::Status written = copy.write(*batch, row, writer);
      if (!written.ok()) co_return written;
      if (!writer.over_high_water()) continue;
      auto flushing = flush();
      co_await flushing;
      if (closed) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
    }
    *rows += batch->rows;
  }
  copy.finish(writer);
  co_return absl::OkStatus();
}

}  // namespace

Task<absl::Status> Backend::run_copy(const sql::CopyStatement& statement, Portal& portal) {
  absl::Status status = check_copy(statement, *transaction_.catalog(), role_);
  if (!status.ok()) co_return status;
  if (!statement.from) {
    const auto table = statement.query != nullptr ? absl::StatusOr<const TableDef*>(nullptr)
                                                  : find_table(*statement.table);
    auto prepared = prepare_source(statement, portal, table, *transaction_.catalog());
    if (!prepared.ok()) co_return prepared.status();
    Portal inner;
    inner.prepared = *std::move(prepared);
    auto starting = start_portal(inner);
    status = co_await starting;
    if (!status.ok()) co_return status;
    if (inner.execution == nullptr || inner.plan->columns.empty()) {
      co_return error(ErrorCode::kFeatureNotSupported, "COPY query must have a RETURNING clause");
    }
    std::vector<std::string> names;
    for (const OutputColumn& column : inner.plan->columns) names.push_back(column.name);
    auto options = copy_options_of(statement, portal.prepared->parsed->text(), names);
    if (!options.ok()) co_return options.status();
    CopyOut copy(*std::move(options), inner.plan->columns, eval_);
    auto sending = statement.has_file
                       ? send_to_file(*inner.execution, copy, std::string(statement.file), &inner.rows_sent)
                       : send_copy(*inner.execution, copy, writer_, closed_, &inner.rows_sent, [this] { return flush(); });
    status = co_await sending;
    if (!status.ok()) co_return status;
    finish_execution(inner);
    portal.tag = cat("COPY ", inner.rows_sent);
    co_return absl::OkStatus();
  }

  status = transaction_.state().check_writable("COPY FROM");
  if (!status.ok()) co_return status;
  auto found = find_table(*statement.table);
  while (found.ok()) {
    const Oid oid = (*found)->oid;
    const auto locked = std::static_pointer_cast<const TableDef>(transaction_.catalog()->find_shared(oid));
    auto locking = transaction_.lock_table(*locked, TableLockMode::kRowExclusive, false);
    status = co_await locking;
    if (!status.ok()) co_return status;
    // Whoever had the lock before may have put another table in its place.
    found = find_table(*statement.table);
    if (found.ok() && (*found)->oid == oid) break;
  }
  if (!found.ok()) {
    const bool view = find_relation(*statement.table, ObjectKind::view).ok();
    co_return view ? cannot_copy_to_view(statement.table->name) : found.status();
  }
  PlanContext planning;
  planning.catalog = transaction_.catalog();
  planning.eval = &eval_;
  planning.text = portal.prepared->parsed->text();
  planning.search_path = resolve_search_path();
  planning.role = role_;
  planning.session_role = session_role_;
  status = check_row_security(**found, *planning.catalog, role_, parameters_.snapshot().row_security);
  if (!status.ok()) co_return status;
  auto copy = CopyIn::make(statement, **found, planning);
  if (!copy.ok()) co_return copy.status();
  if ((*copy)->freeze() && (*found)->is_partitioned()) {
    co_return error(ErrorCode::kFeatureNotSupported, "cannot perform COPY FREEZE on a partitioned table");
  }
  if ((*copy)->freeze() && !transaction_.owns_tree((*copy)->write().table->tree)) {
    co_return error(ErrorCode::kObjectNotInPrerequisiteState,
                    "cannot perform COPY FREEZE because the table was not created or truncated in the current "
                    "subtransaction");
  }
  ExecContext context;
  status = fill_exec_context((*copy)->plan(), &context);
  if (!status.ok()) co_return status;
  for (const TablePtr& leaf : (*copy)->partitions()) {
    auto locking = transaction_.lock_table(*leaf, TableLockMode::kRowExclusive, false);
    status = co_await locking;
    if (!status.ok()) co_return status;
    transaction_.note_write(leaf->tree);
  }
  auto deciding = may_write_bulk((*copy)->write(), transaction_, !setting_marks_.empty(), context);
  const absl::StatusOr<bool> bulk = co_await deciding;
  if (!bulk.ok()) co_return bulk.status();
  transaction_.note_write((*copy)->write().table->tree);
  if (*bulk) transaction_.needs_checkpoint();
  (*copy)->start(context, *bulk ? &transaction_.bulk_log() : nullptr);
  if (!statement.has_file) writer_.copy_in_response((*copy)->binary(), (*copy)->columns());
  auto copying = statement.has_file
                     ? copy_from_file(**copy, std::string(statement.file))
                     : copy_rows(**copy, data_, [this](FrontendMessage* message) { return next_message(message); });
  status = co_await copying;
  if (!status.ok()) co_return status;
  portal.tag = cat("COPY ", (*copy)->rows());
  auto checking = keys_.after_statement();
  co_return co_await checking;
}

}  // namespace troupe
