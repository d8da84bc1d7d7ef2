#include "actors/log/log_actor.hpp"

#include <algorithm>
#include <thread>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// After so long without a commit the newest ones are taken out of doubt by a mark (storage/log/format.hpp).
constexpr std::chrono::milliseconds kIdle{50};
constexpr std::chrono::milliseconds kRetryDiskFull{500};
/// With fewer in a batch, waiting for more costs them more than it saves.
constexpr size_t kCommitsToGather = 3;

}  // namespace

LogActor::LogActor(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)),
      node_{node},
      heir_{*node.log},
      reserve_{node.services.files, join_path(node.services.config.data_directory, "disk.reserve"),
               node.services.config.disk_reserve_bytes},
      index_{node.services.files, node.log_directory} {}

LogActor::behavior_type LogActor::make_behavior() {
  // Here, on a thread of its own: a predecessor may be in the middle of a sync.
  state_ = heir_.take_over();
  running();
  full_ = node_.services.disk_full.load();
  if (!full_) show_failed(reserve_.hold());
  flush_wanted_ = true;
  tell(caf::actor_cast<LogWriterActor>(this), flush_atom::value);
  return {
      [this](append_atom, const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter) {
        const Heir<LogState>::Use use(heir_, state_);
        append(commit, waiter);
      },
      [this](append_atom, const BulkFrame& bulk) {
        const Heir<LogState>::Use use(heir_, state_);
        append_bulk(bulk);
      },
      [this](lost_atom) {
        const Heir<LogState>::Use use(heir_, state_);
        ask_for_missing();
      },
      [this](flush_atom) {
        const Heir<LogState>::Use use(heir_, state_);
        flush();
      },
      [this](tick_atom) {
        const Heir<LogState>::Use use(heir_, state_);
        on_idle();
      },
      [this](release_atom, Scn scn) {
        const Heir<LogState>::Use use(heir_, state_);
        release(scn);
      },
  };
}

/// The first commit of a new log follows on what was there before it.
Scn LogActor::newest_taken() const { return std::max(state_->appender.last_scn(), state_->recovered); }

void LogActor::ask_for_missing() {
  const auto to = node_.directory.get();
  missing_asked_of_ = to->manager_incarnation;
  tell(to->manager, append_atom::value, newest_taken());
}

void LogActor::append(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter) {
  if (commit->scn <= newest_taken()) return;  // sent again
  if (commit->scn != newest_taken() + 1) {
    // Others before it were lost with a predecessor's mailbox; this one will be sent again too.
    if (missing_asked_of_ != node_.directory.get()->manager_incarnation) ask_for_missing();
    return;
  }
  missing_asked_of_ = 0;
  const size_t parts = commit->records.size();
  // With the batch of its first part, so that recovery never starts inside a transaction.
  if (state_->first_unbatched == kNoScn) state_->first_unbatched = commit->scn;
  for (size_t part = 0; part < parts; ++part) {
    const auto kind = part + 1 == parts ? LogRecordKind::commit : LogRecordKind::commit_part;
    if (!queue(kind, commit->scn, commit->records[part].view())) return;
    FrameFiles::let_go(commit->records[part]);
  }
  state_->waiting.push_back({commit, waiter});
  want_flush();
}

/// Behind the record, or nothing: the log gave up.
std::optional<LogPosition> LogActor::queue(LogRecordKind kind, Scn scn, std::string_view payload) {
  auto position = state_->appender.append(kind, scn, payload);
  if (error_code(position.status()) == ErrorCode::kConfigurationLimitExceeded) {
    // More than the queue holds: put on the disk what is there, then go on.
    if (!write_queued()) return std::nullopt;
    position = state_->appender.append(kind, scn, payload);
  }
  if (position.ok()) return *position;
  give_up(position.status());
  return std::nullopt;
}

void LogActor::append_bulk(const BulkFrame& bulk) {
  const schema::BulkHead& head = *bulk->head();
  const auto session = caf::actor_cast<SessionActor>(current_sender());
  const auto end = queue(LogRecordKind::bulk, kNoScn, bulk.view());
  if (!end) {
    tell(session, append_atom::value, head.txn(), head.record(), uint64_t{0},
         encode_error(error(ErrorCode::kIoError, "the node is fenced: its log could not be written; restart it")));
    return;
  }
  tell(session, append_atom::value, head.txn(), head.record(), uint64_t{*end - frame_bytes(bulk.size())},
       std::string());
  want_flush();
}

void LogActor::want_flush() {
  ++appended_;
  if (flush_wanted_) return;
  flush_wanted_ = true;
  // What is in the mailbox before this message joins the batch.
  tell(caf::actor_cast<LogWriterActor>(this), flush_atom::value);
}

void LogActor::flush() {
  if (gather()) return;
  flush_wanted_ = false;
  if (!write_queued()) return;
  tell_durable();
  prepare();
  if (idle_watch_) return;
  idle_watch_ = true;
  appended_at_idle_ = appended_;
  tell_self_after(kIdle, tick_atom::value);
}

/// While many commit, whoever is about to on this core may do so first: a batch costs the same with more commits in it.
/// True: some came, and are in the mailbox before the next flush.
bool LogActor::gather() {
  gathered_ = !gathered_ && node_.may_block && newest_batch_ >= kCommitsToGather;
  if (!gathered_) return false;
  std::this_thread::yield();
  if (mailbox().empty()) {
    gathered_ = false;
    return false;
  }
  tell(caf::actor_cast<LogWriterActor>(this), flush_atom::value);
  return true;
}

/// False: the node is fenced, or the disk is full and it will be tried again.
bool LogActor::write_queued() {
  while (state_->unwritten || state_->appender.has_queued()) {
    LogBatch batch =
        state_->unwritten ? *std::exchange(state_->unwritten, std::nullopt) : state_->appender.take_batch();
    if (state_->first_unbatched != kNoScn) {
      state_->batches.emplace_back(std::exchange(state_->first_unbatched, kNoScn), batch.start);
    }
    absl::Status status = state_->writer.write(batch);
    if (lacks_room(status)) {
      note_full(status);
      node_.services.log_stuck.store(true);
      if (!node_.may_block) {  // the simulator: come back when others had their turn
        state_->unwritten = std::move(batch);
        tell_self_after(kRetryDiskFull, flush_atom::value);
        return false;
      }
      status = write_when_there_is_room(batch, std::move(status));
    }
    node_.services.log_stuck.store(false);
    const uint64_t size = batch.bytes.size();
    state_->appender.finished(std::move(batch), status);
    if (!status.ok()) {
      give_up(status);
      return false;
    }
    node_.log_bytes.fetch_add(size, std::memory_order_relaxed);
    show_use();
  }
  return true;
}

bool LogActor::lacks_room(const absl::Status& status) const {
  return error_code(status) == ErrorCode::kDiskFull && state_->writer.fenced().ok() && !node_.stopping.load();
}

/// Commits are refused as long as the next segment cannot be made, and a checkpoint may make room.
void LogActor::prepare() {
  absl::Status status = full_ ? state_->writer.prepare_again() : state_->writer.prepare_piece();
  if (status.ok() && full_) status = reserve_.hold();
  if (error_code(status) == ErrorCode::kDiskFull) {
    note_full(status);
    return;
  }
  show_failed(status);
  if (!full_) return;
  full_ = false;
  node_.services.disk_full.store(false);
}

void LogActor::note_full(const absl::Status& status) {
  const bool was_full = std::exchange(full_, true);
  if (!was_full) show_failed(status);
  reserve_.give_up();
  node_.services.disk_full.store(true);
  const bool retries = retry_at_us_ != 0;
  if (was_full && retries) return;
  const bool covered = node_.checkpoint_scn.load(std::memory_order_acquire) >= node_.services.commits.durable();
  const bool pages_freed = std::any_of(node_.statistics.begin(), node_.statistics.end(),
                                       [](const auto& partition) { return partition.get().freed_pages > 0; });
  if (!covered || pages_freed) tell(node_.directory.get()->checkpointer, full_atom::value);
  if (retries) return;
  retry_at_us_ = node_.services.clock.monotonic_us() + kRetryDiskFull / std::chrono::microseconds(2);
  tell_self_after(kRetryDiskFull, tick_atom::value);
}

/// What checkpoints cover meanwhile is given back: the log itself may be what fills the disk, and the message that says
/// so waits behind this one.
absl::Status LogActor::write_when_there_is_room(const LogBatch& batch, absl::Status status) {
  while (lacks_room(status)) {
    const Scn covered = node_.checkpoint_scn.load(std::memory_order_acquire);
    if (covered != kNoScn) release(covered);
    std::this_thread::sleep_for(kRetryDiskFull);
    status = state_->writer.write(batch);
  }
  return status;
}

void LogActor::tell_durable() {
  const Scn durable = state_->appender.durable_scn();
  if (durable <= node_.services.commits.durable()) return;
  node_.durable_log_position.store(state_->appender.durable_position(), std::memory_order_release);
  node_.services.commits.publish(durable);
  newest_batch_ = 0;
  const bool followed = node_.changes_followed.load(std::memory_order_seq_cst);
  auto commits = followed ? std::make_shared<std::vector<CommitRequestPtr>>() : nullptr;
  while (!state_->waiting.empty() && state_->waiting.front().commit->scn <= durable) {
    LogState::Waiting& done = state_->waiting.front();
    node_.services.log_queued_bytes.fetch_sub(done.commit->bytes(), std::memory_order_relaxed);
    ++newest_batch_;
    tell(done.waiter, committed_atom::value, done.commit->txn, done.commit->scn, std::string());
    const bool lost = node_.services.config.planted == PlantedBug::kEventsLost && newest_batch_ > 1;
    if (followed && !lost) commits->push_back(std::move(done.commit));
    state_->waiting.pop_front();
  }
  if (followed && !commits->empty()) tell(node_.directory.get()->publisher, durable_atom::value, std::move(commits));
}

void LogActor::on_idle() {
  if (retry_at_us_ != 0 && node_.services.clock.monotonic_us() >= retry_at_us_) {
    retry_at_us_ = 0;
    if (full_ && !state_->unwritten) prepare();
  }
  idle_watch_ = false;
  if (appended_ != appended_at_idle_) {
    idle_watch_ = true;
    appended_at_idle_ = appended_;
    tell_self_after(kIdle, tick_atom::value);
    return;
  }
  if (state_->unwritten) return;
  if (state_->appender.needs_mark() && state_->appender.append_mark(false).ok()) write_queued();
  if (!full_) show_failed(state_->writer.prepare_next());
}

/// What may be tried again.
void LogActor::show_failed(const absl::Status& status) {
  if (!status.ok()) node_.services.events.add("log", "log_writer", std::string(status.message()));
}

/// At a clean stop the last commits are taken out of doubt, and where the log ended is written down.
void LogActor::on_exit() {
  if (node_.stopping.load()) heir_.use_for_the_last_time(state_, [this] { append_last_mark(); });
}

/// How far the log reached is kept with it: without its newest segment it would look like a log that ends earlier.
absl::Status LogActor::keep_point() {
  state_->point.reached = node_.durable_log_position.load(std::memory_order_acquire);
  return write_recovery_point(node_.services.files, node_.services.config.data_directory, state_->point);
}

void LogActor::append_last_mark() {
  if (state_->unwritten || node_.services.commits.durable() < state_->appender.last_scn()) return;
  if (!state_->appender.append_mark(true).ok() || !write_queued()) return;
  node_.durable_log_position.store(state_->appender.durable_position(), std::memory_order_release);
  show_failed(keep_point());
}

/// Every partition's checkpoint covers `scn`: recovery starts behind it.
void LogActor::release(Scn scn) {
  auto& batches = state_->batches;
  while (batches.size() > 1 && batches[1].first <= scn + 1) batches.pop_front();
  if (batches.empty() || batches.front().first > scn + 1) return;
  const LogPosition position = batches.front().second;
  state_->point.scn = scn;
  state_->point.position = position;
  absl::Status status = keep_point();
  if (status.ok()) {
    status = state_->writer.release(keep_from(position, 0, state_->appender.end(), state_->options));
  }
  if (status.ok()) status = tell_lost_slots();
  show_use();
  show_failed(status);
  if (full_) {
    if (!state_->unwritten) prepare();
  } else {
    reserve_.hold().IgnoreError();  // as much as there is room for
  }
}

/// Replication slots whose commits have been released, or whose database was dropped, are of no use any more.
absl::Status LogActor::tell_lost_slots() {
  ReplicationSlots& slots = node_.services.replication_slots;
  const CatalogPtr catalog = node_.services.catalog.get();
  for (const ReplicationSlot& slot : slots.list()) {
    if (catalog->find_anywhere(slot.database) == nullptr) slots.drop(slot.name, slot.active_pid).IgnoreError();
  }
  if (slots.list().empty()) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(index_.refresh(node_.durable_log_position.load(std::memory_order_acquire)));
  for (const std::string& name : slots.lose_before(index_.earliest())) {
    node_.services.events.add("replication", "log_writer",
                              cat("replication slot \"", name, "\" was invalidated: it is further behind than "
                                  "log.retention_bytes_max"));
  }
  return absl::OkStatus();
}

/// For sys.limits.
void LogActor::show_use() {
  node_.log_kept_bytes.store(state_->appender.end() - state_->writer.start_position(), std::memory_order_relaxed);
}

/// A failed sync: nobody knows what is on the disk. Nothing is acknowledged any more.
void LogActor::give_up(const absl::Status& why) {
  node_.fence("writing the log failed", why);
  const std::string encoded = encode_error(with_hint(
      error(ErrorCode::kStatementCompletionUnknown, "the commit's outcome is unknown: ", std_view(why.message())),
      "The node stops; after its restart see whether the transaction is there."));
  for (const LogState::Waiting& waiting : state_->waiting) {
    tell(waiting.waiter, committed_atom::value, waiting.commit->txn, kNoScn, encoded);
  }
  state_->waiting.clear();
}

}  // namespace troupe
