/// What the publisher's messages do to the rows here.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/subscription_options.hpp"
#include "actors/session/subscription_worker.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

using replication::Tuple;
using replication::TupleValue;

constexpr std::string_view kCursor = "subscription_row";

}  // namespace

Task<absl::Status> SubscriptionWorker::begin_if_needed() {
  if (open_) co_return absl::OkStatus();
  const absl::Status status = begin(cat("applying subscription ", definition_.name));
  if (!status.ok()) co_return status;
  open_ = true;
  batch_ = 0;
  batch_bytes_ = 0;
  batch_us_ = backend_.services_.clock.monotonic_us();
  co_return absl::OkStatus();
}

// --- the table ---

absl::StatusOr<SubscriptionWorker::Followed*> SubscriptionWorker::followed(Oid relation) {
  const CatalogPtr catalog = backend_.transaction_.catalog();
  if (catalog->version() != catalog_version_) {
    catalog_version_ = catalog->version();
    for (auto& [oid, known] : followed_) known.looked = false;
    backend_.know_new_types(catalog);
  }
  const auto found = followed_.find(relation);
  if (found == followed_.end()) {
    return error(ErrorCode::kProtocolViolation, "no relation map entry for remote relation ID ", relation);
  }
  Followed& known = found->second;
  relation_ = cat(known.remote.schema, ".", known.remote.name);
  if (!known.looked) TROUPE_RETURN_IF_ERROR(look_up(&known));
  return &known;
}

absl::Status SubscriptionWorker::look_up(Followed* known) {
  const CatalogPtr catalog = backend_.transaction_.catalog();
  const SchemaDef* schema = catalog->find_schema(known->remote.schema);
  const ObjectDef* found = schema == nullptr ? nullptr : catalog->find_relation(schema->oid, known->remote.name);
  std::shared_ptr<const TableDef> table;
  if (found != nullptr && found->kind == ObjectKind::table) {
    table = std::static_pointer_cast<const TableDef>(catalog->find_shared(found->oid));
  }
  TROUPE_ASSIGN_OR_RETURN(ReplicaTarget target, ReplicaTarget::make(known->remote, std::move(table), *catalog));
  TROUPE_RETURN_IF_ERROR(check_target(target));
  known->target.emplace(std::move(target));
  known->looked = true;
  return absl::OkStatus();
}

absl::Status SubscriptionWorker::check_target(const ReplicaTarget& target) const {
  const Catalog& catalog = *backend_.transaction_.catalog();
  if (target.table().is_materialized_view()) {
    return with_detail(error(ErrorCode::kWrongObjectType, "cannot use relation \"", target.described(),
                             "\" as logical replication target"),
                       "This operation is not supported for materialized views.");
  }
  if (!is_under_row_security(catalog, backend_.role_, target.table())) return absl::OkStatus();
  const ObjectDef* owner = catalog.find(backend_.role_);
  return error(ErrorCode::kFeatureNotSupported, "user \"", owner == nullptr ? "" : owner->name,
               "\" cannot replicate into relation with row-level security enabled: \"", target.table().name, "\"");
}

/// What was committed before a table was copied is in the copy.
bool SubscriptionWorker::applies(const ReplicaTarget& target) const {
  const auto found = tables_.find(target.table().oid);
  if (found == tables_.end()) return false;
  const SubscribedTable& table = found->second;
  if (table.state == SubscribedTable::kReady) return true;
  return table.state == SubscribedTable::kSynchronized && table.lsn <= told_->final_lsn;
}

// --- changes ---

Task<absl::Status> SubscriptionWorker::apply(const replication::InsertMessage& insert) {
  action_ = "INSERT";
  auto beginning = begin_if_needed();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  const auto known = followed(insert.relation);
  if (!known.ok()) co_return known.status();
  const ReplicaTarget& target = *(*known)->target;
  if (!applies(target)) co_return absl::OkStatus();
  status = target.check(insert.after);
  if (!status.ok()) co_return status;
  auto running = run_values(target, target.insert(), {}, insert.after);
  co_return co_await running;
}

Task<absl::Status> SubscriptionWorker::apply(const replication::UpdateMessage& update) {
  action_ = "UPDATE";
  auto beginning = begin_if_needed();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  const auto known = followed(update.relation);
  if (!known.ok()) co_return known.status();
  const ReplicaTarget& target = *(*known)->target;
  if (!applies(target)) co_return absl::OkStatus();
  status = target.check_identity();
  if (status.ok()) status = target.check(update.after);
  if (status.ok() && update.before_kind != 0) status = target.check(update.before);
  if (!status.ok()) co_return status;
  if (target.finds_by_all()) {
    const Tuple& before = update.before_kind == 0 ? update.after : update.before;
    auto running = run_on_one_row(target, before, &update.after);
    co_return co_await running;
  }
  auto running = run_values(target, target.update(update), update.before, update.after);
  co_return co_await running;
}

Task<absl::Status> SubscriptionWorker::apply(const replication::DeleteMessage& gone) {
  action_ = "DELETE";
  auto beginning = begin_if_needed();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  const auto known = followed(gone.relation);
  if (!known.ok()) co_return known.status();
  const ReplicaTarget& target = *(*known)->target;
  if (!applies(target)) co_return absl::OkStatus();
  status = target.check_identity();
  if (status.ok()) status = target.check(gone.before);
  if (!status.ok()) co_return status;
  if (target.finds_by_all()) {
    auto running = run_on_one_row(target, gone.before, nullptr);
    co_return co_await running;
  }
  auto running = run_values(target, target.erase(), gone.before, {});
  co_return co_await running;
}

Task<absl::Status> SubscriptionWorker::apply(const replication::TruncateMessage& truncate) {
  action_ = "TRUNCATE";
  auto beginning = begin_if_needed();
  const absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  std::string tables;
  for (const Oid relation : truncate.relations) {
    const auto known = followed(relation);
    if (!known.ok()) co_return known.status();
    const ReplicaTarget& target = *(*known)->target;
    if (applies(target)) tables += cat(tables.empty() ? "" : ", ", target.quoted());
  }
  if (tables.empty()) co_return absl::OkStatus();
  // The publisher names whatever its CASCADE took along: here nothing else goes.
  auto running = run_text(cat("TRUNCATE ", tables, truncate.restart_identity ? " RESTART IDENTITY" : ""));
  co_return co_await running;
}

// --- statements ---

absl::StatusOr<Value> SubscriptionWorker::value_of(const ReplicaTarget& target, size_t column,
                                                   const TupleValue& told) const {
  const ColumnDef& local = target.column(column);
  if (told.kind == TupleValue::Kind::kNull) return Value::null(local.physical);
  auto value =
      backend_.bind_parameter(Type{local.type}, told.bytes, told.kind == TupleValue::Kind::kBinary ? 1 : 0, column);
  if (value.ok()) return value;
  ErrorFields fields = error_fields(value.status());
  fields.column = local.name;
  return make_error(fields);
}

Task<absl::Status> SubscriptionWorker::run_values(const ReplicaTarget& target, ReplicaStatement statement,
                                                  const Tuple& before, const Tuple& after) {
  if (statement.text.empty()) co_return absl::OkStatus();
  std::vector<Value> values;
  for (const ReplicaStatement::Parameter& parameter : statement.parameters) {
    auto value = value_of(target, parameter.column, (parameter.after ? after : before)[parameter.column]);
    if (!value.ok()) co_return value.status();
    values.push_back(*std::move(value));
  }
  std::shared_ptr<Prepared>& prepared = statements_[statement.text];
  if (prepared == nullptr) {
    auto made = std::make_shared<Prepared>();
    auto parsed = sql::parse_statement(statement.text);
    if (!parsed.ok()) co_return parsed.status();
    made->parsed = *std::move(parsed);
    made->raw = &made->parsed->statements()[0];
    made->declared = std::move(statement.types);
    prepared = std::move(made);
  }
  auto executing = execute(prepared, std::move(values));
  co_return co_await executing;
}

Task<absl::Status> SubscriptionWorker::execute(std::shared_ptr<Prepared> statement, std::vector<Value> values) {
  Portal portal;
  portal.prepared = std::move(statement);
  portal.parameters = std::move(values);
  portal.quiet = true;
  backend_.begin_transaction_statement();
  auto starting = backend_.start_portal(portal);
  const absl::Status status = co_await starting;
  if (!status.ok()) co_return status;
  while (portal.execution != nullptr) {
    auto fetching = portal.execution->next();
    const auto batch = co_await fetching;
    if (!batch.ok()) co_return backend_.with_schema(batch.status(), portal);
    if (batch->rows == 0) break;
  }
  if (!backend_.keys_.events().has_changes()) co_return absl::OkStatus();
  auto checking = backend_.keys_.after_replicated();
  co_return co_await checking;
}

Task<absl::Status> SubscriptionWorker::run_text(std::string text) {
  auto prepared = std::make_shared<Prepared>();
  auto parsed = sql::parse_statement(text);
  if (!parsed.ok()) co_return parsed.status();
  prepared->parsed = *std::move(parsed);
  prepared->raw = &prepared->parsed->statements()[0];
  auto executing = execute(std::move(prepared), {});
  co_return co_await executing;
}

absl::StatusOr<Tuple> SubscriptionWorker::as_text(const ReplicaTarget& target, const Tuple& tuple,
                                                  std::vector<std::string>* texts) const {
  Tuple told = tuple;
  texts->reserve(tuple.size());  // views into them must stay
  for (size_t i = 0; i < told.size(); ++i) {
    if (told[i].kind != TupleValue::Kind::kBinary) continue;
    TROUPE_ASSIGN_OR_RETURN(const Value value, value_of(target, i, told[i]));
    std::string& text = texts->emplace_back();
    format_text(Type{target.column(i).type}, value, backend_.eval_, &text);
    told[i] = {TupleValue::Kind::kText, text};
  }
  return told;
}

/// A table without a key may have the same row twice, and one of them is meant: a cursor finds one. `after`: null, it
/// is deleted.
Task<absl::Status> SubscriptionWorker::run_on_one_row(const ReplicaTarget& target, const Tuple& before,
                                                      const Tuple* after) {
  std::vector<std::string> before_texts, after_texts;
  const auto found = as_text(target, before, &before_texts);
  if (!found.ok()) co_return found.status();
  std::string change = cat("DELETE FROM ", target.quoted());
  if (after != nullptr) {
    const auto told = as_text(target, *after, &after_texts);
    if (!told.ok()) co_return told.status();
    change = cat("UPDATE ", target.quoted(), " SET ", target.assignments(*told));
  }
  const std::string declare = cat("DECLARE ", kCursor, " NO SCROLL CURSOR FOR SELECT 1 FROM ", target.quoted(),
                                  " WHERE ", target.condition(*found));
  const std::string fetch = cat("FETCH 1 FROM ", kCursor);
  bool missing = false;
  for (const std::string& text : {declare, fetch}) {
    Portal portal;
    portal.prepared = std::make_shared<Prepared>();
    auto parsed = sql::parse_statement(text);
    if (!parsed.ok()) co_return parsed.status();
    portal.prepared->parsed = *std::move(parsed);
    portal.prepared->raw = &portal.prepared->parsed->statements()[0];
    portal.quiet = true;
    backend_.begin_transaction_statement();
    auto running = backend_.run_utility(portal);
    const absl::Status status = co_await running;
    if (!status.ok()) co_return status;
    missing = portal.tag == "FETCH 0";
  }
  backend_.writer_.buffer().consume(backend_.writer_.buffer().size());
  if (!missing) {
    auto changing = run_text(cat(change, " WHERE CURRENT OF ", kCursor));
    const absl::Status status = co_await changing;
    if (!status.ok()) co_return status;
  }
  if (const auto cursor = backend_.portals_.find(kCursor); cursor != backend_.portals_.end()) {
    backend_.let_go(*cursor->second);
    backend_.portals_.erase(cursor);
  }
  co_return absl::OkStatus();
}

absl::Status SubscriptionWorker::with_context(const absl::Status& status) const {
  if (!told_ || relation_.empty() || !backend_.end_reason_.ok()) return status;
  ErrorFields fields = error_fields(status);
  fields.where = cat("processing remote data for replication origin \"pg_", oid_, "\" during message type \"", action_,
                     "\" for replication target relation \"", relation_, "\"",
                     fields.column.empty() ? "" : cat(" column \"", fields.column, "\""), " in transaction ",
                     told_->xid, ", finished at ", lsn_text(told_->final_lsn));
  return make_error(fields);
}

}  // namespace troupe
