#include "actors/session/subscription_worker.hpp"

#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/subscription_options.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// PostgreSQL's wal_receiver_status_interval and wal_receiver_timeout.
constexpr int64_t kStatusUs = 10'000'000;
constexpr int64_t kTimeoutUs = 60'000'000;
/// What is applied is told the publisher so often, if it is more than before.
constexpr int64_t kConfirmUs = 1'000'000;
/// How often it looks whether it is to end, or the publisher has gone.
constexpr int64_t kLookUs = 500'000;
/// Transactions that are committed together.
constexpr uint32_t kBatchMax = 500;
constexpr uint64_t kBatchBytesMax = 4u << 20;
constexpr int64_t kBatchUs = 100'000;

/// As PostgreSQL's log has it, in one line.
std::string told_of(const absl::Status& status) {
  const ErrorFields fields = error_fields(status);
  std::string text = fields.message;
  if (!fields.detail.empty()) text += cat(" DETAIL: ", fields.detail);
  if (!fields.hint.empty()) text += cat(" HINT: ", fields.hint);
  if (!fields.where.empty()) text += cat(" CONTEXT: ", fields.where);
  return text;
}

}  // namespace

SubscriptionWorker::SubscriptionWorker(Backend& backend, Oid subscription)
    : backend_{backend}, rows_{backend}, boards_{SubscriptionBoards::of_node(&backend.services_)}, oid_{subscription} {
  entered_ = boards_.enter(oid_, backend_.record_->process_id, [record = backend_.record_] {
    record->tell.end(encode_error(error(ErrorCode::kAdminShutdown, "the subscription has changed")));
  });
}

SubscriptionWorker::~SubscriptionWorker() {
  publisher_.reset();  // the slot is free before somebody else is told that this one is gone
  if (entered_) boards_.leave(oid_);
}

// --- its life ---

Task<void> SubscriptionWorker::run() {
  if (!entered_) co_return;
  auto working = work();
  const absl::Status status = co_await working;
  backend_.clean_up();
  backend_.keys_.events().clear();
  if (status.ok() || !backend_.end_reason_.ok()) co_return;
  auto reporting = report(status);
  co_await reporting;
}

Task<absl::Status> SubscriptionWorker::work() {
  auto loading = load();
  absl::Status status = co_await loading;
  if (!status.ok() || !definition_.enabled) co_return status;
  if (!definition_.slot) {
    co_return error(ErrorCode::kObjectNotInPrerequisiteState, "subscription has no replication slot set");
  }
  auto copying = copy_tables();
  status = co_await copying;
  while (status.ok()) {
    auto following = follow();
    status = co_await following;
    // Which of the transactions it was is found out.
    if (status.ok() || one_by_one_ || batch_ == 0 || !backend_.end_reason_.ok()) break;
    one_by_one_ = true;
    backend_.clean_up();
    backend_.keys_.events().clear();
    auto again = load();
    status = co_await again;
  }
  co_return status;
}

Task<absl::Status> SubscriptionWorker::load() {
  absl::Status status = begin("looking at the subscription");
  if (!status.ok()) co_return status;
  auto finding = rows_.find(oid_);
  auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  definition_ = SubscriptionDef();
  definition_.enabled = false;
  if (found->has_value()) definition_ = **std::move(found);
  auto listing = rows_.tables(oid_);
  const auto tables = co_await listing;
  if (!tables.ok()) co_return tables.status();
  tables_.clear();
  for (const SubscribedTable& table : *tables) {
    if (backend_.transaction_.catalog()->find_table(table.table) != nullptr) {
      tables_[table.table] = table;
      continue;
    }
    auto forgetting = rows_.remove_table(oid_, table.table);  // it was dropped
    status = co_await forgetting;
    if (!status.ok()) co_return status;
  }
  auto placing = rows_.place(oid_);
  const auto place = co_await placing;
  if (!place.ok()) co_return place.status();
  applied_ = confirmed_ = *place;
  auto committing = commit();
  co_return co_await committing;
}

Task<void> SubscriptionWorker::report(const absl::Status& status) {
  boards_.fail(oid_, told_of(status), copying_);
  backend_.services_.events.add("subscription", definition_.name, told_of(status));
  // Of a publisher that is not there the definition is not to blame.
  const bool theirs = error_code(status) == ErrorCode::kConnectionFailure;
  if (!definition_.disable_on_error || theirs) co_return;
  auto disabling = disable();
  const absl::Status disabled = co_await disabling;
  if (!disabled.ok()) {
    backend_.clean_up();
    co_return;
  }
  backend_.services_.events.add("subscription", definition_.name,
                                cat("subscription \"", definition_.name, "\" has been disabled because of an error"));
  boards_.changed();
}

Task<absl::Status> SubscriptionWorker::disable() {
  absl::Status status = begin("disabling the subscription");
  if (!status.ok()) co_return status;
  auto finding = rows_.find(oid_);
  auto found = co_await finding;
  if (!found.ok() || !found->has_value()) co_return found.status();
  (*found)->enabled = false;
  auto updating = rows_.update(**found);
  status = co_await updating;
  if (!status.ok()) co_return status;
  auto committing = commit();
  co_return co_await committing;
}

// --- following ---

std::string SubscriptionWorker::start_command() const {
  std::string names;
  for (const std::string& name : definition_.publications) {
    names += cat(names.empty() ? "\"" : ",\"");
    for (const char c : name) names += c == '"' ? std::string("\"\"") : std::string(1, c);
    names += "\"";
  }
  return cat("START_REPLICATION SLOT ", sql::quote_identifier(*definition_.slot), " LOGICAL ", lsn_text(applied_),
             " (proto_version '1', publication_names ", sql::quote_literal(names),
             definition_.binary ? ", binary 'true')" : ")");
}

Task<absl::Status> SubscriptionWorker::follow() {
  told_.reset();
  open_ = false;
  batch_ = 0;
  followed_.clear();
  publisher_ = std::make_unique<PublisherClient>(backend_);
  auto connecting = publisher_->connect(definition_.conninfo, definition_.name);
  absl::Status status = co_await connecting;
  if (!status.ok()) {
    co_return error(ErrorCode::kConnectionFailure, "could not connect to the publisher: ", std_view(status.message()));
  }
  publisher_->follow(start_command());
  heard_us_ = confirmed_us_ = backend_.services_.clock.monotonic_us();
  received_ = std::max(received_, applied_);
  auto settling = settle_tables();
  status = co_await settling;
  while (status.ok()) {
    auto answer = publisher_->take();
    if (!answer) {
      auto idling = idle();
      status = co_await idling;
      continue;
    }
    heard_us_ = backend_.services_.clock.monotonic_us();
    asked_ = false;
    status = answer->status;
    for (size_t i = 0; status.ok() && i < answer->data.size(); ++i) {
      auto taking = take_frame(answer->data[i]);
      status = co_await taking;
    }
    if (status.ok() && !backend_.end_reason_.ok()) status = backend_.end_reason_;
    if (status.ok() && !open_ && !told_) {
      auto settling_now = settle_tables();
      status = co_await settling_now;
    }
    if (status.ok()) confirm(false);
  }
  co_return status;
}

/// Nothing has come.
Task<absl::Status> SubscriptionWorker::idle() {
  if (open_ && !told_) {
    auto committing = commit_batch();
    const absl::Status status = co_await committing;
    if (!status.ok()) co_return status;
  }
  if (!told_) {
    auto settling = settle_tables();
    const absl::Status status = co_await settling;
    if (!status.ok()) co_return status;
  }
  confirm(false);
  if (!backend_.end_reason_.ok()) co_return backend_.end_reason_;
  const absl::Status alive = check_alive();
  if (!alive.ok()) co_return alive;
  backend_.host_.send_tick_after(kLookUs);
  co_await backend_.publisher_signal_;
  co_return absl::OkStatus();
}

absl::Status SubscriptionWorker::check_alive() {
  const int64_t silent_us = backend_.services_.clock.monotonic_us() - heard_us_;
  if (silent_us > kTimeoutUs) {
    return error(ErrorCode::kConnectionFailure, "terminating logical replication worker due to timeout");
  }
  if (silent_us > kTimeoutUs / 2 && !asked_) {
    asked_ = true;
    confirm(true);
  }
  return absl::OkStatus();
}

/// `wanted`: it is to be said although it is nothing new, and answered.
void SubscriptionWorker::confirm(bool wanted) {
  const int64_t now_us = backend_.services_.clock.monotonic_us();
  const int64_t since_us = now_us - confirmed_us_;
  const bool news = applied_ > confirmed_ && since_us > kConfirmUs;
  if (!wanted && !news && since_us < kStatusUs) return;
  replication::StandbyStatus status;
  status.written = std::max(received_, applied_);
  status.flushed = status.applied = applied_;
  status.reply_wanted = wanted;
  std::string bytes;
  replication::append_standby_status(status, backend_.services_.clock.wall_us(), &bytes);
  publisher_->say(std::move(bytes));
  confirmed_ = applied_;
  confirmed_us_ = now_us;
  boards_.advance(oid_, [&](SubscriptionProgress& progress) {
    progress.applied = applied_;
    progress.applied_us = backend_.services_.clock.wall_us();
  });
}

Task<absl::Status> SubscriptionWorker::take_frame(std::string_view data) {
  const auto frame = replication::decode_frame(data);
  if (!frame.ok()) co_return frame.status();
  Lsn reached = kNoLsn;
  int64_t sent_us = 0;
  bool reply_wanted = false;
  if (const auto* keepalive = std::get_if<replication::Keepalive>(&*frame)) {
    reached = keepalive->end_lsn;
    sent_us = keepalive->sent_at_us;
    reply_wanted = keepalive->reply_wanted;
  } else {
    const auto& message = std::get<replication::DataFrame>(*frame);
    reached = std::max(message.start_lsn, message.end_lsn);
    sent_us = message.sent_at_us;
    batch_bytes_ += message.message.size();
    auto taking = take_message(message.message);
    const absl::Status status = co_await taking;
    if (!status.ok()) co_return with_context(status);
  }
  received_ = std::max(received_, reached);
  boards_.advance(oid_, [&](SubscriptionProgress& progress) {
    progress.received = received_;
    progress.sent_us = sent_us;
    progress.received_us = backend_.services_.clock.wall_us();
  });
  const bool keepalive = std::holds_alternative<replication::Keepalive>(*frame);
  if (keepalive && !told_) {
    if (open_) {
      auto committing = commit_batch();
      const absl::Status status = co_await committing;
      if (!status.ok()) co_return status;
    }
    // Of what the publisher has sent so far nothing is left to be done.
    applied_ = std::max(applied_, reached);
  }
  if (reply_wanted) {
    confirmed_us_ = 0;
    confirm(false);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionWorker::take_message(std::string_view bytes) {
  auto message = replication::decode_message(bytes);
  if (!message.ok()) co_return message.status();
  if (const auto* begin = std::get_if<replication::BeginMessage>(&*message)) {
    told_ = Told{begin->final_lsn, begin->xid, definition_.skip != kNoLsn && definition_.skip == begin->final_lsn};
    if (told_->skipped) {
      backend_.services_.events.add(
          "subscription", definition_.name,
          cat("logical replication starts skipping transaction at LSN ", lsn_text(definition_.skip)));
    }
    co_return absl::OkStatus();
  }
  if (auto* relation = std::get_if<replication::RelationMessage>(&*message)) {
    const Oid oid = relation->relation;
    followed_[oid] = Followed{std::move(*relation), std::nullopt, false};
    co_return absl::OkStatus();
  }
  if (std::holds_alternative<replication::OtherMessage>(*message)) co_return absl::OkStatus();
  if (!told_) co_return error(ErrorCode::kProtocolViolation, "a change was told outside a transaction");
  if (const auto* commit = std::get_if<replication::CommitMessage>(&*message)) {
    auto committing = commit_told(*commit);
    co_return co_await committing;
  }
  if (told_->skipped) co_return absl::OkStatus();
  if (const auto* insert = std::get_if<replication::InsertMessage>(&*message)) {
    auto applying = apply(*insert);
    co_return co_await applying;
  }
  if (const auto* update = std::get_if<replication::UpdateMessage>(&*message)) {
    auto applying = apply(*update);
    co_return co_await applying;
  }
  if (const auto* gone = std::get_if<replication::DeleteMessage>(&*message)) {
    auto applying = apply(*gone);
    co_return co_await applying;
  }
  auto applying = apply(std::get<replication::TruncateMessage>(*message));
  co_return co_await applying;
}

// --- transactions ---

Task<absl::Status> SubscriptionWorker::commit_told(const replication::CommitMessage& commit) {
  if (commit.commit_lsn != told_->final_lsn) {
    co_return error(ErrorCode::kProtocolViolation, "incorrect commit LSN ", lsn_text(commit.commit_lsn),
                    " in commit message (expected ", lsn_text(told_->final_lsn), ")");
  }
  const Told told = *told_;
  if (definition_.skip != kNoLsn && (told.skipped || open_)) {
    // Passed over, or something else came first: it was for this one transaction.
    auto beginning = begin_if_needed();
    absl::Status status = co_await beginning;
    if (!status.ok()) co_return status;
    definition_.skip = kNoLsn;
    auto clearing = rows_.update(definition_);
    status = co_await clearing;
    if (!status.ok()) co_return status;
    backend_.services_.events.add(
        "subscription", definition_.name,
        told.skipped ? cat("logical replication completed skipping transaction at LSN ", lsn_text(told.final_lsn))
                     : cat("skip-LSN of subscription \"", definition_.name, "\" cleared"));
  }
  told_.reset();
  if (!open_) {
    applied_ = std::max(applied_, commit.end_lsn);
    co_return absl::OkStatus();
  }
  ++batch_;
  batch_lsn_ = commit.end_lsn;
  const bool full = one_by_one_ || batch_ >= kBatchMax || batch_bytes_ >= kBatchBytesMax ||
                    backend_.services_.clock.monotonic_us() - batch_us_ > kBatchUs;
  if (!full) co_return absl::OkStatus();
  auto committing = commit_batch();
  co_return co_await committing;
}

Task<absl::Status> SubscriptionWorker::commit_batch() {
  auto placing = rows_.set_place(oid_, batch_lsn_);
  absl::Status status = co_await placing;
  if (!status.ok()) co_return status;
  auto committing = commit();
  status = co_await committing;
  if (!status.ok()) co_return status;
  open_ = false;
  batch_ = 0;
  applied_ = std::max(applied_, batch_lsn_);
  co_return absl::OkStatus();
}

/// Tables that were copied, and are now as far as all the others.
Task<absl::Status> SubscriptionWorker::settle_tables() {
  std::vector<SubscribedTable> ready;
  for (const auto& [oid, table] : tables_) {
    if (table.state == SubscribedTable::kSynchronized && applied_ >= table.lsn) ready.push_back(table);
  }
  if (ready.empty()) co_return absl::OkStatus();
  absl::Status status = begin("settling copied tables");
  if (!status.ok()) co_return status;
  for (SubscribedTable& table : ready) {
    table.state = SubscribedTable::kReady;
    auto setting = rows_.set_table(oid_, table);
    status = co_await setting;
    if (!status.ok()) co_return status;
  }
  auto committing = commit();
  status = co_await committing;
  if (!status.ok()) co_return status;
  for (const SubscribedTable& table : ready) tables_[table.table] = table;
  co_return absl::OkStatus();
}

absl::Status SubscriptionWorker::begin(std::string_view doing) {
  backend_.begin_clock(doing);
  TransactionModes modes = backend_.parameters_.snapshot().transaction;
  modes.isolation = IsolationLevel::kReadCommitted;
  modes.read_only = false;
  backend_.parameters_.begin();
  TROUPE_RETURN_IF_ERROR(backend_.transaction_.state().begin_block(modes, backend_.eval_.statement_us));
  backend_.begin_transaction_statement();
  return absl::OkStatus();
}

Task<absl::Status> SubscriptionWorker::commit() {
  auto ending = backend_.end_transaction(true);
  const absl::Status status = co_await ending;
  backend_.writer_.buffer().consume(backend_.writer_.buffer().size());  // notices
  co_return status;
}

}  // namespace troupe
