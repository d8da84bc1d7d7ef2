/// SUBSCRIBE: a table's committed changes as rows of a statement that does not end. The next piece of the log is asked
/// for only when the socket took the rows of the one before, so a slow client costs nobody anything.
#include "actors/session/backend.hpp"
#include "actors/session/subscription.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/plan/stream_options.hpp"
#include "runtime/sql/ast_group.hpp"
#include "runtime/stream/followed_rows.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

/// The credit of a look at the past, and of bulk records, which are compressed.
constexpr uint64_t kBulkWindowBytes = 256u << 10;
constexpr uint64_t kLookBackBytes = 1u << 20;

/// Where it starts: after the token, or now. Errors: 22023.
absl::StatusOr<StreamToken> start_of(const sql::SubscribeStatement& statement, Scn durable) {
  if (!statement.has_token) return StreamToken{durable, 0};
  TROUPE_ASSIGN_OR_RETURN(const StreamToken token, parse_token(statement.token));
  if (token.scn > durable) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "resume token \"", statement.token,
                           "\" is of a commit that has not happened"),
                     cat("The newest commit is ", durable, ". Is it a token of another database?"));
  }
  return token;
}

/// How often a mark says how far reading is; 0: never. Errors: 22023.
absl::StatusOr<int64_t> progress_of(const sql::SubscribeTablesStatement& statement, const EvalContext& context) {
  int64_t progress_us = 0;
  for (const sql::Option* option : statement.options) {
    if (option->name != "progress") {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized parameter \"", option->name, "\" of SUBSCRIBE");
    }
    TROUPE_ASSIGN_OR_RETURN(progress_us, interval_us(option_text(*option), option->name, context));
  }
  return progress_us;
}

}  // namespace

std::vector<OutputColumn> Backend::subscribe_columns() {
  const auto column = [](std::string name, Oid type) { return OutputColumn{std::move(name), Type{type}, kNoOid, 0}; };
  return {column("token", oid::kText), column("scn", oid::kInt8), column("xid", oid::kInt8),
          column("table", oid::kText), column("op", oid::kText),  column("before", oid::kJson),
          column("after", oid::kJson)};
}

void Backend::on_changes(std::shared_ptr<Changes> changes, const std::string& error) {
  if (changes->question != asked_) return;  // the answer to a question before
  if (error.empty()) {
    changes_ = std::move(changes);
  } else {
    changes_status_ = decode_error(error);
    earliest_ = changes->through;
  }
  changed_.raise();
}

void Backend::ask(const ChangesQuestion& question, uint64_t bytes_max) {
  changes_ = nullptr;
  changes_status_ = absl::OkStatus();
  asked_ = question;
  host_.send_question(question, bytes_max);
}

/// The publisher's answer. Asks again when whoever was asked is gone, and gives up when the client or the statement
/// has.
Task<absl::Status> Backend::receive_changes(ChangesQuestion question, uint64_t bytes_max) {
  ask(question, bytes_max);
  while (changes_ == nullptr && changes_status_.ok()) {
    if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
    if (!end_reason_.ok()) co_return end_reason_;
    const absl::Status status = data_.check_cancelled();
    if (!status.ok()) co_return status;
    // Only a socket that is read tells that the client has gone.
    transport_->pause_reading(false);
    co_await changed_;
    transport_->pause_reading(true);
    // Raised without an answer: cancelled, or whoever was asked is gone. A second answer is not taken for another one.
    if (changes_ == nullptr && changes_status_.ok()) host_.send_question(question, bytes_max);
  }
  co_return changes_status_;
}

/// Definitions may be newer than where the stream begins: what was changed since is in the log, with what was before.
Task<absl::Status> Backend::look_back(Subscription& subscription, Scn through) {
  Scn after = subscription.seen_through();
  uint32_t behind = 0;
  while (after < through) {
    auto receiving = receive_changes({after, behind}, kLookBackBytes);
    absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    const std::shared_ptr<Changes> changes = std::move(changes_);
    for (const CommitFrame& record : changes->records) {
      status = subscription.look_back(record);
      if (!status.ok()) co_return status;
    }
    after = changes->through;
    behind = changes->records_behind;
  }
  co_return absl::OkStatus();
}

/// The rows that a transaction wrote in bulk are fetched a piece at a time, like its record.
Task<absl::Status> Backend::fetch_bulk(Subscription& subscription) {
  const ChangeDecoder::WantedBulk wanted = subscription.wanted_bulk();
  auto receiving = receive_changes({kNoScn, wanted.record, subscription.txn(), wanted.position}, kBulkWindowBytes);
  absl::Status status = co_await receiving;
  if (!status.ok()) co_return status;
  bulk_ = std::move(changes_);
  bulk_next_ = 0;
  co_return absl::OkStatus();
}

/// The next of them.
Task<absl::Status> Backend::feed_bulk_rows(Subscription& subscription) {
  if (bulk_ != nullptr && bulk_next_ < bulk_->bulk.size()) co_return subscription.take_bulk(*bulk_->bulk[bulk_next_++]);
  if (bulk_ != nullptr) subscription.bulk_goes_on(bulk_->resume);
  // Before the next piece is asked for, the client has the one before.
  auto sending = flush();
  co_await sending;
  auto fetching = fetch_bulk(subscription);
  co_return co_await fetching;
}

/// One record's events, as fast as the client takes them.
Task<absl::Status> Backend::send_events(Subscription& subscription, const Portal& portal) {
  absl::Status status;
  while (true) {
    const DecodeStep step = subscription.next_row(portal, writer_);
    if (step == DecodeStep::kEnd) co_return subscription.status();
    if (step == DecodeStep::kNeedsBulk) {
      auto feeding = feed_bulk_rows(subscription);
      status = co_await feeding;
      if (!status.ok()) co_return status;
      continue;
    }
    if (!writer_.over_high_water()) continue;
    auto sending = flush();
    co_await sending;
    if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
    status = data_.check_cancelled();
    if (!status.ok()) co_return status;
  }
}

/// What was granted when the subscription began may have been taken back. Tables that are gone end by themselves.
absl::Status Backend::check_subscribed(const std::vector<Oid>& tables, FollowedRows& rows) {
  CatalogPtr catalog = services_.catalog.get()->in_database(transaction_.catalog()->database());
  if (catalog == nullptr) return error(ErrorCode::kInvalidCatalogName, "the database was dropped");
  for (const Oid oid : tables) {
    const TableDef* table = catalog->find_table(oid);
    if (table != nullptr) TROUPE_RETURN_IF_ERROR(check_right(*catalog, role_, *table, kSelect));
  }
  return rows.use_catalog(catalog);
}

/// Everything up to there has been told, also when nothing of it concerned the subscriber.
void Backend::write_progress(Scn through) {
  writer_.begin_row(subscribe_columns().size());
  writer_.field(cat(through, ".0"));
  for (int i = 0; i < 3; ++i) writer_.null_field();
  writer_.field("progress");
  for (int i = 0; i < 2; ++i) writer_.null_field();
  writer_.end_row();
}

Task<absl::Status> Backend::run_subscribe(const sql::SubscribeStatement& statement, Portal& portal) {
  const auto start = start_of(statement, services_.commits.durable());
  if (!start.ok()) co_return start.status();
  const auto progress_us = progress_of(statement.to<sql::SubscribeTablesStatement>(), eval_);
  if (!progress_us.ok()) co_return progress_us.status();
  const CatalogPtr catalog = services_.catalog.get();
  PlanContext planning;
  planning.catalog = catalog->in_database(transaction_.catalog()->database());
  if (planning.catalog == nullptr) co_return error(ErrorCode::kInvalidCatalogName, "the database was dropped");
  planning.system_tables = &services_.system_tables;
  planning.eval = &eval_;
  planning.text = portal.prepared->parsed->text();
  planning.search_path = resolve_search_path();
  planning.role = role_;
  planning.session_role = session_role_;
  planning.row_security = parameters_.snapshot().row_security;
  FollowedRows rows(std::move(planning), eval_);
  Subscription subscription(eval_, *start, &rows);
  const sql::Expr* where = statement.to<sql::SubscribeTablesStatement>().where;
  std::vector<Oid> subscribed;
  for (const sql::TableRef* ref : statement.tables) {
    const auto table = find_table(*ref);
    if (!table.ok()) co_return table.status();
    const absl::Status allowed = check_right(*transaction_.catalog(), role_, **table, kSelect);
    if (!allowed.ok()) co_return allowed;
    auto shared = std::dynamic_pointer_cast<const TableDef>(catalog->find_shared((*table)->oid));
    if (shared == nullptr) {
      co_return error(ErrorCode::kUndefinedTable, "relation \"", ref->name, "\" was dropped at the same time");
    }
    subscribed.push_back(shared->oid);
    if (where != nullptr) rows.filter(Subscription::told_as(*shared, *catalog), where);
    if (shared->is_partitioned()) {
      subscription.add_partitioned(shared, *catalog);
    } else {
      subscription.add(std::move(shared), *catalog);
    }
    if (!subscription.status().ok()) co_return subscription.status();
  }
  if (portal.describe_first) send_columns(subscribe_columns(), portal.result_formats);

  // Released however the statement ends, also when its coroutine is destroyed.
  struct Release {
    SessionHost& host;
    std::atomic<uint64_t>& shown_bytes;
    ~Release() {
      shown_bytes.store(0, std::memory_order_relaxed);
      host.send_subscription_end();
    }
  } release{host_, record_->stream_bytes};

  auto looking = look_back(subscription, catalog->version());
  absl::Status status = co_await looking;
  if (!status.ok()) co_return status;
  uint32_t behind = 0;  // records that were seen of the commit behind `after`
  Scn rights_seen = catalog->version();
  Scn shown = subscription.seen_through();
  int64_t shown_us = services_.clock.monotonic_us();
  while (true) {
    const int64_t now_us = services_.clock.monotonic_us();
    if (*progress_us > 0 && now_us - shown_us >= *progress_us) {
      if (behind == 0 && subscription.seen_through() > shown) write_progress(shown = subscription.seen_through());
      shown_us = now_us;
    }
    auto flushing = flush();
    co_await flushing;
    const Scn after = subscription.seen_through();
    record_->stream_bytes.store(0, std::memory_order_relaxed);
    // The credit: about so many bytes of the log at a time.
    const int64_t until_us = *progress_us > 0 ? shown_us + *progress_us : 0;
    auto receiving = receive_changes_until({after, behind, kNoTxn, 0, subscription.interest()},
                                           services_.config.stream_window_bytes, until_us);
    status = co_await receiving;
    if (!status.ok()) co_return status;
    if (changes_ == nullptr) {  // it is time for a mark: how far was there nothing?
      auto asking = receive_changes({after, behind, kNoTxn, 0, subscription.interest()}, 0);
      status = co_await asking;
      if (!status.ok()) co_return status;
    }
    const std::shared_ptr<Changes> changes = std::move(changes_);
    if (const Scn now = services_.catalog.get()->version(); now != rights_seen) {
      status = check_subscribed(subscribed, rows);
      if (!status.ok()) co_return status;
      subscription.forget_interest();
      rights_seen = now;
    }
    uint64_t bytes = 0;
    for (const CommitFrame& record : changes->records) bytes += record.size();
    record_->stream_bytes.store(bytes, std::memory_order_relaxed);
    for (const CommitFrame& record : changes->records) {
      bulk_ = nullptr;  // of another transaction, perhaps
      if (!subscription.begin(record)) continue;
      auto sending = send_events(subscription, portal);
      status = co_await sending;
      if (!status.ok()) co_return status;
    }
    if (subscription.ended()) co_return error(ErrorCode::kUndefinedTable, "every table that is subscribed to was dropped");
    subscription.finished(changes->through);
    behind = changes->records_behind;
  }
}

}  // namespace troupe
