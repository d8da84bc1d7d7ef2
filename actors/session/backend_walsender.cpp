/// START_REPLICATION: commits as pgoutput's messages, until the subscriber says that it is enough. The next piece of
/// the log is asked for only when the socket took what came of the one before; what the subscriber says meanwhile is
/// taken in as it comes.
#include "actors/session/backend.hpp"
#include "actors/session/replication.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/stream/pgoutput_options.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint64_t kBulkWindowBytes = 256u << 10;
constexpr uint64_t kLookBackBytes = 1u << 20;
/// How often a slot's place is put on the disk while its consumer confirms.
constexpr int64_t kSaveEveryUs = 1'000'000;

absl::Status client_gone() { return error(ErrorCode::kConnectionFailure, "the client closed the connection"); }

absl::Status removed(const absl::Status& status) {
  if (error_code(status) != ErrorCode::kSnapshotTooOld) return status;
  return with_detail(error(ErrorCode::kUndefinedFile, "requested WAL segment has already been removed"),
                     cat(std_view(status.message()), " (log.retention_bytes_max)"));
}

}  // namespace

Task<absl::Status> Backend::start_replication(const StartReplicationCommand& command) {
  if (!command.logical) {
    co_return with_hint(error(ErrorCode::kFeatureNotSupported, "physical replication is not supported"),
                        "Use START_REPLICATION SLOT name LOGICAL lsn (...) with the plugin pgoutput.");
  }
  if (absl::Status may = check_may_replicate(); !may.ok()) co_return may;
  auto slot = services_.replication_slots.acquire(command.slot, record_->process_id);
  if (!slot.ok()) co_return slot.status();
  // Given back however it ends, also when its coroutine is destroyed.
  struct Release {
    Backend& backend;
    ~Release() {
      backend.replication_ = nullptr;
      backend.services_.replication_slots.release(backend.record_->process_id);
      backend.host_.send_subscription_end();
      backend.host_.send_save_slots(0);
    }
  } release{*this};
  if (slot->database != database_oid()) {
    co_return error(ErrorCode::kObjectNotInPrerequisiteState, "replication slot \"", command.slot,
                    "\" was not created in this database");
  }
  auto options = parse_pgoutput_options(command.options);
  if (!options.ok()) co_return options.status();
  const Scn from = std::max(slot->confirmed, std::min(scn_before(command.lsn), services_.commits.durable()));
  auto finding = find_catalog(from);
  auto catalog = co_await finding;
  if (!catalog.ok()) co_return removed(catalog.status());
  Replication replication(command.slot, from,
                          PgoutputEncoder(*std::move(options), database_oid(), *std::move(catalog), eval_),
                          services_.clock.wall_us());
  absl::Status status = replication.encoder().start();
  if (!status.ok()) co_return status;
  auto running = run_stream(replication);
  status = co_await running;
  if (error_code(status) == ErrorCode::kSnapshotTooOld) services_.replication_slots.lose(command.slot);
  if (!status.ok()) co_return removed(status);
  writer_.copy_done();
  writer_.command_complete("COPY 0");
  co_return absl::OkStatus();
}

/// The stream itself, both ways, between CopyBothResponse and CopyDone.
Task<absl::Status> Backend::run_stream(Replication& replication) {
  statement_timed_ = false;
  services_.sessions.want_ticks(record_, true);
  writer_.copy_both_response(false, 0);
  replication.keepalive_wanted = true;  // where it begins, should nothing come
  replication_ = &replication;
  transport_->pause_reading(false);
  take_feedback();
  auto streaming = stream_changes(replication);
  const absl::Status status = co_await streaming;
  replication_ = nullptr;
  transport_->pause_reading(true);
  follow_timeouts();
  co_return status;
}

/// The catalog as it was at that commit: what was changed since is in the log, with what was before.
Task<absl::StatusOr<CatalogHistory>> Backend::find_catalog(Scn from) {
  const CatalogPtr newest = services_.catalog.get();
  know_new_types(newest);
  CatalogHistory history(newest);
  Scn after = from;
  uint32_t behind = 0;
  while (after < newest->version()) {
    auto receiving = receive_changes({after, behind}, kLookBackBytes);
    absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    const std::shared_ptr<Changes> changes = std::move(changes_);
    for (const CommitFrame& record : changes->records) {
      if (record->head()->scn() > newest->version()) break;
      status = history.look_back(bytes_view(record->changes()));
      if (!status.ok()) co_return status;
    }
    after = changes->through;
    behind = changes->records_behind;
  }
  const absl::Status settled = history.settle(from);
  if (!settled.ok()) co_return settled;
  co_return history;
}

Task<absl::Status> Backend::stream_changes(Replication& replication) {
  while (!replication.done) {
    auto flushing = flush();
    co_await flushing;
    const Scn after = replication.through();
    const uint32_t behind = replication.records_behind();
    replication.caught_up = after >= services_.commits.durable();
    services_.replication_slots.note_progress(replication.slot(), replication.progress());
    auto receiving = next_changes(replication, {after, behind}, services_.config.stream_window_bytes);
    absl::Status status = co_await receiving;
    if (!status.ok() || replication.done) co_return status;
    const std::shared_ptr<Changes> changes = std::move(changes_);
    const Lsn sent = replication.sent();
    know_new_types(services_.catalog.get());
    for (size_t i = 0; i < changes->records.size() && !replication.rewound(); ++i) {
      auto sending = send_record(replication, changes->records[i]);
      status = co_await sending;
      if (!status.ok() || replication.done) co_return status;
    }
    replication.finished(changes->through, changes->records_behind);
    // A subscriber of whose tables nothing changed goes on all the same.
    if (replication.sent() == sent && replication.records_behind() == 0) replication.keepalive_wanted = true;
  }
  co_return absl::OkStatus();
}

/// One record; one that is all of its commit, in both passes.
Task<absl::Status> Backend::send_record(Replication& replication, const CommitFrame& record) {
  bulk_ = nullptr;  // of another transaction, perhaps
  if (!replication.begin(record)) co_return absl::OkStatus();
  PgoutputEncoder& encoder = replication.encoder();
  const PgoutputEncoder::Sink sink = [this, &replication](Lsn at, std::string_view message) {
    std::string header;
    replication::append_data_header(at, services_.clock.wall_us(), &header);
    writer_.begin_copy_data();
    writer_.buffer().append(header);
    writer_.buffer().append(message);
    writer_.end_copy_data();
    replication.note_sent(at);
  };
  while (true) {
    absl::Status status = encoder.begin_record(replication.pass(), bytes_view(record->changes()));
    for (DecodeStep step{}; status.ok() && (step = encoder.next(sink)) != DecodeStep::kEnd;) {
      if (step != DecodeStep::kNeedsBulk && !writer_.over_high_water()) continue;
      auto going = step == DecodeStep::kNeedsBulk ? feed_bulk(replication, record->head()->txn()) : drain(replication);
      status = co_await going;
      if (replication.done) co_return status;
    }
    if (status.ok()) status = encoder.status();
    if (!status.ok()) co_return status;
    if (replication.end_record()) {
      if (replication.rewound()) co_return absl::OkStatus();
      continue;
    }
    if (replication.pass() == EncoderPass::kRemovals && replication.records_behind() == 0) encoder.finish(sink);
    co_return absl::OkStatus();
  }
}

/// Waits until the socket took what there is.
Task<absl::Status> Backend::drain(Replication& replication) {
  auto flushing = flush();
  co_await flushing;
  co_return end_of_replication(replication);
}

/// The next of the rows that the transaction wrote in bulk; they are fetched a piece at a time.
Task<absl::Status> Backend::feed_bulk(Replication& replication, TxnId txn) {
  PgoutputEncoder& encoder = replication.encoder();
  if (bulk_ != nullptr && bulk_next_ < bulk_->bulk.size()) co_return encoder.take_bulk(*bulk_->bulk[bulk_next_++]);
  if (bulk_ != nullptr) encoder.bulk_goes_on(bulk_->resume);
  auto draining = drain(replication);
  absl::Status status = co_await draining;
  if (!status.ok()) co_return status;
  const ChangeDecoder::WantedBulk wanted = encoder.wanted_bulk();
  auto receiving = next_changes(replication, {kNoScn, wanted.record, txn, wanted.position}, kBulkWindowBytes);
  status = co_await receiving;
  if (!status.ok() || replication.done) co_return status;
  bulk_ = std::move(changes_);
  bulk_next_ = 0;
  co_return absl::OkStatus();
}

/// Why it must end now, if it must.
absl::Status Backend::end_of_replication(const Replication& replication) {
  if (closed_) return client_gone();
  if (!end_reason_.ok()) return end_reason_;
  if (!replication.failure.ok()) return replication.failure;
  return data_.check_cancelled();
}

/// Waits for the publisher's answer, and tells the subscriber meanwhile how far it is when it asks or has to be asked.
Task<absl::Status> Backend::next_changes(Replication& replication, ChangesQuestion question, uint64_t bytes_max) {
  ask(question, bytes_max);
  while (changes_ == nullptr && changes_status_.ok()) {
    if (const absl::Status ended = end_of_replication(replication); !ended.ok()) co_return ended;
    if (replication.done) co_return absl::OkStatus();
    if (std::exchange(replication.publisher_lost, false)) host_.send_question(question, bytes_max);
    if (std::exchange(replication.keepalive_wanted, false)) {
      std::string keepalive;
      const Lsn at = std::max(replication.sent(), lsn_behind(replication.through()));
      const bool asks = std::exchange(replication.asks_for_reply, false);
      replication::append_keepalive(at, services_.clock.wall_us(), asks, &keepalive);
      writer_.copy_data(keepalive);
      replication.note_sent(at);
      services_.replication_slots.note_progress(replication.slot(), replication.progress());
      auto flushing = flush();
      co_await flushing;
      continue;
    }
    co_await changed_;
  }
  co_return changes_status_;
}

/// What the subscriber has sent so far.
void Backend::take_feedback() {
  Replication& replication = *replication_;
  FrontendMessage message;
  for (Received received = reader_.next(&message); received != Received::kNeedMore; received = reader_.next(&message)) {
    bool malformed = received == Received::kError || received == Received::kFatal;
    if (const auto* data = std::get_if<CopyDataMessage>(&message); data != nullptr && !malformed) {
      const auto status = replication::parse_standby_status(data->data, &malformed);
      const int64_t now = services_.clock.wall_us();
      if (status) {
        replication.heard(*status, services_.commits.durable(), now);
        services_.replication_slots.confirm(replication.slot(), replication.confirmed());
        services_.replication_slots.note_progress(replication.slot(), replication.progress());
        if (now - replication.saved_us >= kSaveEveryUs) {
          replication.saved_us = now;
          host_.send_save_slots(0);
        }
      }
    } else if (std::holds_alternative<CopyDoneMessage>(message)) {
      replication.done = true;
    } else if (std::holds_alternative<TerminateMessage>(message)) {
      replication.failure = client_gone();
    } else {
      malformed = true;
    }
    if (malformed) {
      replication.failure = error(ErrorCode::kProtocolViolation, "unexpected standby message type \"",
                                  std::string(1, reader_.message_type()), "\"");
    }
    if (replication.done || !replication.failure.ok()) break;
  }
  changed_.raise();
}

/// Whoever has not answered for half of wal_sender_timeout is asked to; for all of it, is gone.
void Backend::tick_replication(int64_t now_us) {
  static const ParameterId kTimeout = parameter_id(*find_parameter("wal_sender_timeout"));
  const int64_t timeout_us = std::atoll(std::string(parameters_.value(kTimeout)).c_str()) * 1'000;
  if (timeout_us <= 0) return;
  Replication& replication = *replication_;
  const int64_t silent_us = now_us - replication.heard_us();
  if (silent_us >= timeout_us) {
    on_end(
        encode_error(error(ErrorCode::kConnectionFailure, "terminating walsender process due to replication timeout")));
  } else if (silent_us >= timeout_us / 2 && !replication.waits_for_reply) {
    replication.keepalive_wanted = replication.asks_for_reply = replication.waits_for_reply = true;
    changed_.raise();
  }
}

}  // namespace troupe
