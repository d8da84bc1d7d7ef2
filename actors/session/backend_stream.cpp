/// SUBSCRIBE TO STREAM: a stream's events as rows of a statement that does not end; the rows that there are may come
/// first, as of the place in the log at which the changes then begin.
#include <charconv>

#include "actors/session/backend.hpp"
#include "actors/session/own_words.hpp"
#include "actors/session/stream_following.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/plan/stream_options.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/datetime.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr uint64_t kLookBytes = 1u << 20;

absl::Status client_gone() { return error(ErrorCode::kConnectionFailure, "the client closed the connection"); }

/// A commit may be several records.
bool is_last_of_commit(const Changes& changes, size_t record) {
  const Scn scn = changes.records[record]->head()->scn();
  const bool more = record + 1 < changes.records.size();
  return more ? changes.records[record + 1]->head()->scn() != scn : changes.through >= scn;
}

/// A table's name as its events say it, of schema public without.
std::string schema_prefix(const TableDef& table, const Catalog& catalog) {
  const auto* schema = catalog.find_as<SchemaDef>(table.schema);
  return schema == nullptr || schema->name == "public" ? std::string() : cat(schema->name, ".");
}

absl::Status too_new(std::string_view what, Scn durable) {
  return with_hint(error(ErrorCode::kInvalidParameterValue, what, " is of a commit that has not happened"),
                   cat("The newest commit is ", durable, ". Is it a token of another database?"));
}

/// SELECT of all columns that the table has, in the order of the row.
std::string snapshot_query(const TableDef& table, const StreamedTable& rule, const Catalog& catalog) {
  std::string columns;
  for (const ColumnDef& column : table.columns) {
    if (column.dropped) continue;
    columns += cat(columns.empty() ? "" : ", ", sql::quote_identifier(column.name));
  }
  const std::string where = rule.filter_sql.empty() ? std::string() : cat(" WHERE ", rule.filter_sql);
  return cat("SELECT ", columns, table.is_partitioned() ? " FROM " : " FROM ONLY ",
             sql::quote_identifier(catalog.find(table.schema)->name), ".", sql::quote_identifier(table.name), where);
}

absl::Status set_following_options(sql::List<const sql::Option*> options, const EvalContext& context,
                                   StreamFollowing* following) {
  for (const sql::Option* option : options) {
    const auto* literal = option->value == nullptr ? nullptr : option->value->as<sql::Literal>();
    if (option->name == "transactions") {
      following->transactions = literal == nullptr || (literal->integer != 0 && literal->text != "off");
    } else if (option->name == "progress" && literal != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(following->progress_us, interval_us(literal->text, "progress", context));
    } else {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized or incomplete parameter \"", option->name, "\"");
    }
  }
  return absl::OkStatus();
}

}  // namespace

// --- who may, and what ---

/// The reader by the stream's rights, the stream by those of its owner.
absl::Status Backend::check_may_read(const StreamDef& stream, const Catalog& catalog) const {
  TROUPE_RETURN_IF_ERROR(check_right(catalog, role_, stream, kSelect));
  for (const StreamedTable& entry : stream.tables) {
    const TableDef* table = catalog.find_table(entry.table);
    if (table != nullptr) TROUPE_RETURN_IF_ERROR(check_may_stream(catalog, stream.owner, *table));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const StreamDef>> Backend::find_stream_to_read(const sql::TableRef& ref) {
  const CatalogPtr& catalog = transaction_.catalog();
  if (!ref.schema.empty() && catalog->find_schema(ref.schema) == nullptr) {
    return error(ErrorCode::kInvalidSchemaName, "schema \"", ref.schema, "\" does not exist");
  }
  const StreamDef* found = find_stream(ref.schema, ref.name, resolve_search_path(), *catalog);
  if (found == nullptr) return error(ErrorCode::kUndefinedObject, "stream \"", ref.name, "\" does not exist");
  if (const ObjectDef* schema = catalog->find(found->schema)) {
    TROUPE_RETURN_IF_ERROR(check_right(*catalog, role_, *schema, kUsage));
  }
  TROUPE_RETURN_IF_ERROR(check_may_read(*found, *catalog));
  return std::static_pointer_cast<const StreamDef>(catalog->find_shared(found->oid));
}

/// The stream in the newest catalog, if the reader still may. Errors: 42704, 42501, 55000 when it is of other tables
/// now.
absl::StatusOr<std::shared_ptr<const StreamDef>> Backend::stream_now(const StreamDef& stream,
                                                                     CatalogPtr* catalog) const {
  *catalog = services_.catalog.get()->in_database(database_oid());
  auto now =
      *catalog == nullptr ? nullptr : std::dynamic_pointer_cast<const StreamDef>((*catalog)->find_shared(stream.oid));
  if (now == nullptr) return error(ErrorCode::kUndefinedObject, "stream \"", stream.name, "\" was dropped");
  TROUPE_RETURN_IF_ERROR(check_may_read(*now, **catalog));
  return now;
}

absl::Status Backend::follow_tables(const StreamDef& stream, const CatalogPtr& catalog,
                                    Subscription* subscription) const {
  for (const StreamedTable& entry : stream.tables) {
    auto table = std::dynamic_pointer_cast<const TableDef>(catalog->find_shared(entry.table));
    if (table == nullptr)
      return error(ErrorCode::kUndefinedTable, "a table of stream \"", stream.name, "\" was dropped");
    if (table->is_partitioned()) {
      subscription->add_partitioned(table, *catalog);
    } else {
      subscription->add(std::move(table), *catalog);
    }
  }
  return subscription->status();
}

// --- where ---

/// Errors: those of receive_changes().
Task<absl::Status> Backend::receive_changes_until(ChangesQuestion question, uint64_t bytes_max, int64_t until_us) {
  ask(question, bytes_max);
  changes_until_us_ = until_us;
  changes_ticked_ = false;
  absl::Status status;
  while (changes_ == nullptr && changes_status_.ok()) {
    status = closed_ ? client_gone() : !end_reason_.ok() ? end_reason_ : data_.check_cancelled();
    if (!status.ok()) break;
    const int64_t left = until_us - services_.clock.monotonic_us();
    if (until_us != 0 && left <= 0) {
      host_.send_subscription_end();  // nobody waits for the answer any more
      break;
    }
    if (until_us != 0) host_.send_tick_after(left);
    transport_->pause_reading(false);
    co_await changed_;
    transport_->pause_reading(true);
    const bool ticked = std::exchange(changes_ticked_, false);
    // Raised without an answer: cancelled, or whoever was asked is gone.
    if (changes_ == nullptr && changes_status_.ok() && !ticked) host_.send_question(question, bytes_max);
  }
  changes_until_us_ = 0;
  if (!status.ok()) co_return status;
  co_return changes_status_;
}

/// What comes next is older than the stream keeps; earliest_ is what is not.
Task<absl::Status> Backend::too_old(int64_t retention_us) {
  auto finding = place_at(services_.clock.wall_us() - retention_us);
  const auto place = co_await finding;
  if (!place.ok()) co_return place.status();
  earliest_ = place->scn;
  co_return error(ErrorCode::kSnapshotTooOld, "the stream keeps changes for a limited time");
}

absl::Status Backend::lost_place(const absl::Status& status, std::string_view whose, std::string_view hint) const {
  if (error_code(status) != ErrorCode::kSnapshotTooOld) return status;
  return with_hint(
      with_detail(error(ErrorCode::kSnapshotTooOld, whose, " has lost its place: what comes next is not kept any more"),
                  cat("The earliest valid token is \"", earliest_, ".0\".")),
      std::string(hint));
}

/// Of what the log has, what is not older than the stream keeps.
Task<absl::StatusOr<StreamToken>> Backend::earliest_place(int64_t retention_us) {
  if (retention_us > 0) {
    auto finding = place_at(services_.clock.wall_us() - retention_us);
    co_return co_await finding;
  }
  if (services_.commits.durable() == kNoScn) co_return StreamToken{};
  auto receiving = receive_changes({kNoScn, 0}, 1);
  const absl::Status status = co_await receiving;
  if (error_code(status) == ErrorCode::kSnapshotTooOld) co_return StreamToken{earliest_, 0};
  if (!status.ok()) co_return status;
  co_return StreamToken{kNoScn, 0};
}

/// Before the first commit that is not older.
Task<absl::StatusOr<StreamToken>> Backend::place_at(int64_t committed_at_us) {
  auto beginning = earliest_place(0);
  const auto earliest = co_await beginning;
  if (!earliest.ok()) co_return earliest;
  Scn after = earliest->scn;
  uint32_t behind = 0;
  while (after < services_.commits.durable()) {
    auto receiving = receive_changes({after, behind}, kLookBytes);
    const absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    const std::shared_ptr<Changes> changes = std::move(changes_);
    for (const CommitFrame& record : changes->records) {
      if (record->head()->committed_at_us() >= committed_at_us) co_return StreamToken{record->head()->scn() - 1, 0};
    }
    after = changes->through;
    behind = changes->records_behind;
  }
  co_return StreamToken{after, 0};
}

Task<absl::StatusOr<StreamToken>> Backend::place_of(const sql::StreamStart& start, int64_t retention_us) {
  using Type = sql::StreamStart::Type;
  const Scn durable = services_.commits.durable();
  switch (start.type) {
    case Type::kEarliest: {
      auto finding = earliest_place(retention_us);
      co_return co_await finding;
    }
    case Type::kToken: {
      const auto token = parse_token(start.text);
      if (token.ok() && token->scn > durable) co_return too_new(cat("resume token \"", start.text, "\""), durable);
      co_return token;
    }
    case Type::kScn: {
      StreamToken token;
      const auto [end, problem] = std::from_chars(start.text.data(), start.text.data() + start.text.size(), token.scn);
      if (problem != std::errc() || end != start.text.data() + start.text.size()) {
        co_return error(ErrorCode::kInvalidParameterValue, "invalid SCN: \"", start.text, "\"");
      }
      if (token.scn > durable) co_return too_new(cat("SCN ", start.text), durable);
      co_return token;
    }
    case Type::kTimestamp: {
      const auto at = parse_timestamptz(start.text, eval_);
      if (!at.ok()) co_return at.status();
      if (is_infinite_timestamp(*at)) {
        co_return error(ErrorCode::kInvalidParameterValue, "a stream cannot be read from an infinite time on");
      }
      auto finding = place_at(*at - timestamp_of_unix_us(0));
      co_return co_await finding;
    }
    default: co_return StreamToken{durable, 0};
  }
}

/// The statement goes on without a snapshot and without locks, unless they are its transaction's.
void Backend::let_go_of_rows() {
  if (transaction_.state().in_block() || transaction_.state().implicit_block() || !transaction_.only_read()) return;
  transaction_.end_reading();
  begin_transaction_statement();
}

// --- the snapshot ---

/// The rows of all tables as they were at one place in the log.
Task<absl::Status> Backend::send_snapshot(StreamTeller& teller, const StreamDef& stream, Scn at, EventWriter& out) {
  for (const StreamedTable& entry : stream.tables) {
    const CatalogPtr catalog = transaction_.catalog();
    const TableDef* table = catalog->find_table(entry.table);
    if (table == nullptr)
      co_return error(ErrorCode::kUndefinedTable, "a table of stream \"", stream.name, "\" was dropped");
    Prepared prepared;
    auto parsed = sql::parse_statement(snapshot_query(*table, entry, *catalog));
    if (!parsed.ok()) co_return parsed.status();
    prepared.parsed = *std::move(parsed);
    prepared.raw = &prepared.parsed->statements()[0];
    prepared.name = kOwnWords;
    auto preparing = prepare_as_owner(prepared);
    absl::Status status = co_await preparing;
    if (!status.ok()) co_return status;
    ExecContext context;
    status = fill_exec_context(*prepared.plan, &context);
    if (!status.ok()) co_return status;
    context.snapshot = at;
    Execution execution(prepared.executable, {}, context);
    const std::string name = cat(schema_prefix(*table, *catalog), table->name);
    std::vector<Value> row(table->columns.size());
    while (true) {
      auto fetching = execution.next();
      BatchResult batch = co_await fetching;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) break;
      for (uint32_t i = 0; i < batch->rows; ++i) {
        size_t column = 0;
        for (size_t position = 0; position < row.size(); ++position) {
          if (!table->columns[position].dropped) row[position] = batch->columns[column++].value(i);
        }
        RowEvent event;
        event.table = name;
        teller.tell_row(*table, row, &event);
        out.write_snapshot(event);
      }
      out.flush();
      auto flushing = flush();
      co_await flushing;
      status = closed_ ? client_gone() : data_.check_cancelled();
      if (!status.ok()) co_return status;
    }
  }
  co_return absl::OkStatus();
}

// --- the changes ---

Task<absl::Status> Backend::send_stream_record(StreamFollowing& following, const CommitFrame& record, bool last) {
  Subscription& subscription = following.subscription;
  bulk_ = nullptr;  // of another transaction, perhaps
  if (!subscription.begin(record)) co_return absl::OkStatus();
  const schema::CommitHead& head = *record->head();
  if (head.part() == 0) following.begun = false;
  RowEvent event;
  absl::Status status;
  while (true) {
    const DecodeStep step = subscription.next(&event);
    if (step == DecodeStep::kEnd) break;
    if (step == DecodeStep::kNeedsBulk) {
      following.out.flush();
      auto feeding = feed_bulk_rows(subscription);
      status = co_await feeding;
      if (!status.ok()) co_return status;
      continue;
    }
    if (following.transactions && !std::exchange(following.begun, true)) {
      following.out.mark("begin", cat(head.scn() - 1, ".0"), &head);
    }
    following.begun = true;
    following.out.write(event, head);
    following.shown = head.scn();
    if (!writer_.over_high_water()) continue;
    auto sending = flush();
    co_await sending;
    status = closed_ ? client_gone() : data_.check_cancelled();
    if (!status.ok()) co_return status;
  }
  if (following.transactions && following.begun && last) following.out.mark("commit", cat(head.scn(), ".0"), &head);
  co_return subscription.status();
}

/// Until it is ended.
Task<absl::Status> Backend::follow_stream(StreamFollowing& following) {
  uint32_t behind = 0;  // records that were seen of the commit behind
  Scn rights_seen = services_.catalog.get()->version();
  Subscription& subscription = following.subscription;
  while (true) {
    following.out.flush();
    auto flushing = flush();
    co_await flushing;
    const Scn after = subscription.seen_through();
    const int64_t until = following.progress_us == 0 ? 0 : services_.clock.monotonic_us() + following.progress_us;
    auto receiving = receive_changes_until({after, behind}, services_.config.stream_window_bytes, until);
    absl::Status status = co_await receiving;
    if (!status.ok()) co_return lost_place(status, "the subscription", "Subscribe with SNAPSHOT, or FROM EARLIEST.");
    const std::shared_ptr<Changes> changes = std::move(changes_);
    if (const Scn now = services_.catalog.get()->version(); now != rights_seen) {
      CatalogPtr catalog;
      const auto still = stream_now(*following.stream, &catalog);
      if (!still.ok()) co_return still.status();
      if ((*still)->version != following.stream->version) {
        co_return with_hint(
            error(ErrorCode::kObjectNotInPrerequisiteState, "stream \"", (*still)->name, "\" was altered"),
            "Subscribe again, from the last token.");
      }
      rights_seen = now;
    }
    for (size_t i = 0; changes != nullptr && i < changes->records.size(); ++i) {
      const CommitFrame& record = changes->records[i];
      if (following.retention_us > 0 &&
          record->head()->committed_at_us() < services_.clock.wall_us() - following.retention_us) {
        auto finding = too_old(following.retention_us);
        status = co_await finding;
        co_return lost_place(status, "the subscription", "Subscribe with SNAPSHOT, or FROM EARLIEST.");
      }
      auto sending = send_stream_record(following, record, is_last_of_commit(*changes, i));
      status = co_await sending;
      if (!status.ok()) co_return status;
    }
    if (subscription.ended()) co_return error(ErrorCode::kUndefinedTable, "every table of the stream was dropped");
    if (changes != nullptr) {
      subscription.finished(changes->through);
      behind = changes->records_behind;
    }
    const int64_t now_us = services_.clock.monotonic_us();
    const bool due = following.progress_us > 0 && now_us - following.shown_us >= following.progress_us;
    if (due && behind == 0) {
      following.out.mark("progress", cat(subscription.seen_through(), ".0"), nullptr);
      following.shown_us = now_us;
    }
  }
}

Task<absl::Status> Backend::run_subscribe_stream(const sql::SubscribeStreamStatement& statement, Portal& portal) {
  using Type = sql::StreamStart::Type;
  const auto stream = find_stream_to_read(*statement.stream);
  if (!stream.ok()) co_return stream.status();
  const bool snapshot =
      statement.start.type == Type::kSnapshot || (statement.start.type == Type::kUnsaid && (*stream)->snapshot);
  absl::StatusOr<StreamToken> start = StreamToken{};
  if (snapshot) {
    transaction_.state().note_query();
    const auto taken = transaction_.take_snapshot();
    if (!taken.ok()) co_return taken.status();
    start = StreamToken{*taken, 0};
  } else {
    auto finding = place_of(statement.start, (*stream)->retention_us);
    start = co_await finding;
  }
  if (!start.ok()) co_return start.status();
  const CatalogPtr catalog = services_.catalog.get()->in_database(database_oid());
  StreamTeller teller(*stream, catalog, eval_);
  Subscription subscription(eval_, *start, &teller);
  absl::Status status = follow_tables(**stream, catalog, &subscription);
  if (!status.ok()) co_return status;
  EventWriter out(portal, writer_, eval_, false);
  StreamFollowing following{*stream, teller, subscription, out};
  status = set_following_options(statement.options, eval_, &following);
  if (!status.ok()) co_return status;
  following.retention_us = (*stream)->retention_us;
  if (portal.describe_first) send_columns(event_columns(false), portal.result_formats);
  // Released however the statement ends, also when its coroutine is destroyed.
  struct Release {
    SessionHost& host;
    ~Release() { host.send_subscription_end(); }
  } release{host_};
  if (snapshot) {
    ++suspended_portals_;  // statements that read it leave the snapshot where it is
    auto sending = send_snapshot(teller, **stream, start->scn, out);
    status = co_await sending;
    --suspended_portals_;
    if (!status.ok()) co_return status;
    out.mark("progress", cat(start->scn, ".0"), nullptr);
    let_go_of_rows();
  }
  auto looking = look_back(subscription, catalog->version());
  status = co_await looking;
  if (!status.ok()) co_return lost_place(status, "the subscription", "Subscribe with SNAPSHOT, or FROM EARLIEST.");
  if (!snapshot && following.progress_us > 0) {  // where it begins, before anything has happened
    std::string token;
    append_token(*start, &token);
    out.mark("progress", token, nullptr);
    following.shown_us = services_.clock.monotonic_us();
  }
  auto running = follow_stream(following);
  co_return co_await running;
}

}  // namespace troupe
