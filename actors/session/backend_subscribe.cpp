/// SUBSCRIBE: a table's committed changes as rows of a statement that does not end. The next piece of the log is asked
/// for only when the socket took the rows of the one before, so a slow client costs nobody anything.
#include "actors/session/backend.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/stream/change_decoder.hpp"
#include "runtime/stream/token.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// The credit: about so many bytes of the log at a time (limit streams.window_bytes).
constexpr uint64_t kWindowBytes = 1u << 20;

/// One SUBSCRIBE: which tables, how far it is, and the rows its events make.
class Subscription {
 public:
  Subscription(const EvalContext& context, StreamToken from) : decoder_{context}, position_{from} {}

  void add(const TableDef& table) { oids_.push_back(table.oid); }

  /// The tables as they are now. Errors: 42P01 for one that is gone.
  absl::Status follow(const CatalogPtr& catalog) {
    if (catalog->version() == catalog_version_) return absl::OkStatus();
    for (const Oid oid : oids_) {
      auto table = std::dynamic_pointer_cast<const TableDef>(catalog->find_shared(oid));
      if (table == nullptr) {
        return error(ErrorCode::kUndefinedTable, "a table that is subscribed to was dropped");
      }
      const auto* schema = catalog->find_as<SchemaDef>(table->schema);
      std::string shown = table->schema == kPublicSchema || schema == nullptr ? table->name
                                                                              : cat(schema->name, ".", table->name);
      decoder_.follow(std::move(table), std::move(shown));
    }
    catalog_version_ = catalog->version();
    return absl::OkStatus();
  }

  /// Every commit up to this one has been seen whole.
  Scn seen_through() const { return position_.event == 0 ? position_.scn : position_.scn - 1; }

  /// One record: the next call of next_row() begins with it. False when it was seen before.
  bool begin(const CommitFrame& record) {
    const schema::CommitHead& head = *record->head();
    if (head.scn() <= seen_through()) return false;
    if (head.part() == 0) changes_before_ = 0;
    record_ = record;
    const bool resumes = head.scn() == position_.scn;
    decoder_.begin(bytes_view(record->changes()), changes_before_, resumes ? position_.event : 0);
    return true;
  }

  /// Appends the row of the record's next event; false when there is none.
  bool next_row(const Portal& portal, BackendWriter& out) {
    RowEvent event;
    if (!decoder_.next(&event)) {
      changes_before_ = decoder_.number();
      return false;
    }
    const schema::CommitHead& head = *record_->head();
    token_.clear();
    append_token({head.scn(), event.number}, &token_);
    out.begin_row(7);
    out.field(token_);
    int_field(static_cast<int64_t>(head.scn()), portal.binary(1), out);
    int_field(static_cast<int64_t>(head.txn()), portal.binary(2), out);
    out.field(event.table);
    out.field(row_op_name(event.op));
    image(event.has_before, event.before, out);
    image(event.has_after, event.after, out);
    out.end_row();
    return true;
  }
  const absl::Status& status() const { return decoder_.status(); }

  void finished(Scn through) {
    if (through > seen_through()) position_ = {through, 0};
  }

 private:
  static void int_field(int64_t value, bool binary, BackendWriter& out) {
    if (binary) {
      out.int8_binary_field(value);
    } else {
      out.int_field(value);
    }
  }
  static void image(bool present, std::string_view json, BackendWriter& out) {
    if (present) {
      out.field(json);
    } else {
      out.null_field();
    }
  }

  ChangeDecoder decoder_;
  std::vector<Oid> oids_;
  StreamToken position_;  ///< event 0: the whole commit
  Scn catalog_version_ = UINT64_MAX;
  CommitFrame record_;
  uint32_t changes_before_ = 0;
  std::string token_;
};

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

}  // namespace

std::vector<OutputColumn> Backend::subscribe_columns() {
  const auto column = [](std::string name, Oid type) { return OutputColumn{std::move(name), Type{type}, kNoOid, 0}; };
  return {column("token", oid::kText), column("scn", oid::kInt8), column("xid", oid::kInt8),
          column("table", oid::kText), column("op", oid::kText),  column("before", oid::kJson),
          column("after", oid::kJson)};
}

void Backend::on_changes(std::shared_ptr<Changes> changes, const std::string& error) {
  if (!error.empty()) changes_status_ = decode_error(error);
  changes_ = std::move(changes);
  changed_.raise();
}

Task<absl::Status> Backend::run_subscribe(const sql::SubscribeStatement& statement, Portal& portal) {
  const auto start = start_of(statement, services_.commits.durable());
  if (!start.ok()) co_return start.status();
  Subscription subscription(eval_, *start);
  for (const sql::TableRef* ref : statement.tables) {
    const auto table = find_table(*ref);
    if (!table.ok()) co_return table.status();
    subscription.add(**table);
  }
  absl::Status status = subscription.follow(services_.catalog.get());
  if (!status.ok()) co_return status;
  if (portal.describe_first) send_columns(subscribe_columns(), portal.result_formats);

  // Released however the statement ends, also when its coroutine is destroyed.
  struct Release {
    SessionHost& host;
    ~Release() { host.send_subscription_end(); }
  } release{host_};

  while (true) {
    auto flushing = flush();
    co_await flushing;
    changes_ = nullptr;
    changes_status_ = absl::OkStatus();
    const Scn after = subscription.seen_through();
    host_.send_next_changes(after, kWindowBytes);
    while (changes_ == nullptr && changes_status_.ok()) {
      if (closed_) co_return error(ErrorCode::kConnectionFailure, "the client closed the connection");
      if (!end_reason_.ok()) co_return end_reason_;
      status = data_.check_cancelled();
      if (!status.ok()) co_return status;
      // Only a socket that is read tells that the client has gone.
      transport_->pause_reading(false);
      co_await changed_;
      transport_->pause_reading(true);
      // Raised without an answer: cancelled, or whoever was asked is gone. Being told twice does no harm.
      if (changes_ == nullptr && changes_status_.ok()) host_.send_next_changes(after, kWindowBytes);
    }
    if (!changes_status_.ok()) co_return changes_status_;
    const std::shared_ptr<Changes> changes = std::move(changes_);
    status = subscription.follow(services_.catalog.get());
    if (!status.ok()) co_return status;
    for (const CommitFrame& record : changes->records) {
      if (!subscription.begin(record)) continue;
      while (subscription.next_row(portal, writer_)) {
        if (!writer_.over_high_water()) continue;
        auto sending = flush();
        co_await sending;
        if (closed_) break;
        status = data_.check_cancelled();
        if (!status.ok()) co_return status;
      }
      if (!subscription.status().ok()) co_return subscription.status();
    }
    subscription.finished(changes->through);
  }
}

}  // namespace troupe
