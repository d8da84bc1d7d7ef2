#include "actors/partition/partition.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "actors/node/redo_piece.hpp"
#include "runtime/exec/messages.hpp"
#include "storage/buffer/load_page.hpp"

namespace troupe {
namespace {
constexpr uint32_t kGarbagePerTick = 2'000;
/// Pages of the kernel's cache that one step takes before others have their turn.
constexpr uint32_t kPagesAtHandMax = 64;
/// While nobody else wants this partition or its thread; about a millisecond.
constexpr uint32_t kSlicesPerTurn = 10;
constexpr std::chrono::milliseconds kWaitForWriter{1};
constexpr std::string_view kRestarted = "the partition was restarted during the checkpoint";
}  // namespace

/// Nobody may write to the file that a successor is about to read.
PartitionState::~PartitionState() {
  if (checkpoint == nullptr) return;
  auto stage = CheckpointRun::Stage::kQueued;
  checkpoint->stage.compare_exchange_strong(stage, CheckpointRun::Stage::kAbandoned);
  while (checkpoint->stage.load(std::memory_order_acquire) == CheckpointRun::Stage::kWriting) {
    std::this_thread::sleep_for(kWaitForWriter);
  }
}

Partition::Partition(caf::actor_config& config, ActorSeat seat, NodeContext& node, PartitionId id)
    : ActorOf(config, std::move(seat)), node_{node}, id_{id}, directory_{node.directory}, heir_{*node.partitions[id]} {
  state_ = heir_.take_over();
  node_.partition_rebuilt[id_].store(state_.rebuilt);
  if (state_.rebuilt) node_.services.checkpoints.abandon(id_, kRestarted);
}

Partition::~Partition() = default;

Partition::behavior_type Partition::make_behavior() {
  running();
  // A predecessor's mailbox may have held commits.
  rejoining_ = node_.partition_started[id_].exchange(true);
  if (forgets_missed()) rejoining_ = false;
  if (rejoining_) {
    const Heir<PartitionState>::Use use(heir_, state_);
    state_->store->forget_faults();
  }
  return {
      [this](read_atom, const ReadFrame& frame) {
        const Heir<PartitionState>::Use use(heir_, state_);
        submit(ReadJob{ReadTask(frame), current_sender()});
      },
      [this](write_atom, const WriteFrame& frame, const caf::strong_actor_ptr& asker) {
        const Heir<PartitionState>::Use use(heir_, state_);
        if (!dead_.empty() && dead_.contains(frame->head()->txn(), frame->head()->command())) return;
        submit(WriteJob{WriteTask(frame), asker});
      },
      [this](prepare_atom, TxnId txn) {
        const Heir<PartitionState>::Use use(heir_, state_);
        submit(PrepareJob{.txn = txn, .asker = current_sender()});
      },
      [this](apply_atom, const CommitRequestPtr& commit, Scn previous) {
        const Heir<PartitionState>::Use use(heir_, state_);
        on_apply(commit, previous);
      },
      [this](discard_atom, TxnId txn) {
        const Heir<PartitionState>::Use use(heir_, state_);
        drop_writes(txn, 0);
        dead_.forget(txn);
        state_->store->discard(txn);
      },
      [this](abort_atom, TxnId txn, CommandId first, CommandId end) {
        const Heir<PartitionState>::Use use(heir_, state_);
        if (node_.services.config.planted == PlantedBug::kSavepointIgnored) return;
        drop_writes(txn, first);
        dead_.add(txn, first, end);
        state_->store->rollback_to(txn, first);
      },
      [this](rollback_atom, TxnId txn, CommandId first, CommandId end) {
        const Heir<PartitionState>::Use use(heir_, state_);
        if (node_.services.config.planted == PlantedBug::kSavepointIgnored) return;
        drop_writes(txn, first);
        dead_.arrived(txn, end);
        state_->store->rollback_to(txn, first);
      },
      [this](abort_atom, TreeId tree) {
        const Heir<PartitionState>::Use use(heir_, state_);
        abandon_tree(tree);
      },
      [this](page_atom, const LoadedPagePtr& page) {
        const Heir<PartitionState>::Use use(heir_, state_);
        on_page(page);
      },
      [this](lost_atom) {
        const Heir<PartitionState>::Use use(heir_, state_);
        request_pages_again();
      },
      [this](checkpt_atom, Scn scn, uint64_t round) {
        const Heir<PartitionState>::Use use(heir_, state_);
        begin_checkpoint(scn, round);
      },
      [this](ckptdone_atom, const CheckpointRunPtr& run) {
        const Heir<PartitionState>::Use use(heir_, state_);
        end_checkpoint(run);
      },
      [this](turn_atom) {
        const Heir<PartitionState>::Use use(heir_, state_);
        on_turn();
      },
      [this](tick_atom) {
        directory_.get();  // lets go of dead ones: their threads end with the last reference
        const Heir<PartitionState>::Use use(heir_, state_);
        collect_garbage();
        watch_checkpoint();
      },
      [this](rejoin_atom) {
        const Heir<PartitionState>::Use use(heir_, state_);
        rejoining_ = !forgets_missed();
        if (!rejoining_) return;
        tell(directory_.get().manager, rejoin_atom::value, id_, state_->last_commit);
        if (state_->checkpoint != nullptr) return;
        // The order for one may have been lost with the mailbox.
        tell(directory_.get().checkpointer, ckptdone_atom::value, kNewestRound, id_, kNoScn,
             encode_error(error(ErrorCode::kObjectInUse, kRestarted)));
      },
      [this](rejoin_atom, Scn last) {
        const Heir<PartitionState>::Use use(heir_, state_);
        on_rejoined(last);
      },
  };
}

// --- jobs ---

void Partition::submit(Job job) {
  const bool commits = std::holds_alternative<ApplyJob>(job);
  if (!apply_waits_ && (commits || !rejoining_)) {
    run(std::move(job));
  } else if (apply_waits_ && sees_older(job)) {
    run(std::move(job));
  } else if (commits && rejoining_) {
    // What came before it must see it.
    const auto other = std::find_if(backlog_.begin(), backlog_.end(),
                                    [](const Job& queued) { return !std::holds_alternative<ApplyJob>(queued); });
    backlog_.insert(other, std::move(job));
  } else {
    backlog_.push_back(std::move(job));
  }
}

/// What is written is locked, so it is no row of the commit's.
bool Partition::sees_older(const Job& job) const {
  if (rejoining_) return false;
  if (const auto* read = std::get_if<ReadJob>(&job)) return read->task.question()->head()->snapshot() < applying_;
  const auto* write = std::get_if<WriteJob>(&job);
  return write != nullptr && write->task.question()->head()->snapshot() < applying_;
}

void Partition::run(Job job) {
  switch (step(job)) {
    case Progress::kDone: return;
    case Progress::kAgain:
      half_applied(job);
      sliced_.push_back(std::move(job));
      want_turn();
      return;
    case Progress::kWaits:
      half_applied(job);
      if (no_room_) {
        without_room_.push_back(std::move(job));
      } else {
        parked_.push_back({std::move(job), missing_});
      }
      return;
  }
}

/// What must see the whole commit waits until it is.
void Partition::half_applied(const Job& job) {
  const auto* apply = std::get_if<ApplyJob>(&job);
  if (apply == nullptr) return;
  apply_waits_ = true;
  applying_ = apply->commit->scn;
}

/// Runs what was put aside.
void Partition::go_on(Job job) {
  if (std::holds_alternative<ApplyJob>(job)) apply_waits_ = false;
  run(std::move(job));
}

void Partition::run_backlog() {
  while (!apply_waits_ && !backlog_.empty()) {
    if (rejoining_ && !std::holds_alternative<ApplyJob>(backlog_.front())) return;
    Job job = std::move(backlog_.front());
    backlog_.pop_front();
    run(std::move(job));
  }
}

/// Writes that have not been made yet: what they belong to is over.
void Partition::drop_writes(const std::function<bool(const schema::WriteHead&)>& unwanted) {
  const auto is_unwanted = [&](const Job& job) {
    const auto* write = std::get_if<WriteJob>(&job);
    return write != nullptr && unwanted(*write->task.question()->head());
  };
  std::erase_if(sliced_, is_unwanted);
  std::erase_if(backlog_, is_unwanted);
  std::erase_if(without_room_, is_unwanted);
  std::erase_if(parked_, [&](const Parked& parked) { return is_unwanted(parked.job); });
}

void Partition::drop_writes(TxnId txn, CommandId command) {
  drop_writes([=](const schema::WriteHead& head) { return head.txn() == txn && head.command() >= command; });
}

void Partition::abandon_tree(TreeId tree) {
  drop_writes(
      [=](const schema::WriteHead& head) { return head.kind() == schema::WriteKind::bulk && head.tree() == tree; });
  state_->store->abandon_tree(tree);
}

Partition::Progress Partition::step(Job& job) {
  const Heir<PartitionState>::Use use(heir_, state_);
  return std::visit([this](auto& one) { return step(one); }, job);
}

Partition::Progress Partition::step(ReadJob& job) {
  for (uint32_t loaded = 0; loaded < kPagesAtHandMax; ++loaded) {
    ReadOutcome outcome = state_->engine.run(job.task);
    if (auto* frame = std::get_if<ReadResultFrame>(&outcome)) {
      tell(caf::actor_cast<SessionActor>(job.asker), readdone_atom::value, std::move(*frame));
      return Progress::kDone;
    }
    if (std::holds_alternative<Unfinished>(outcome)) return Progress::kAgain;
    const MissingPages& missing = std::get<MissingPages>(outcome);
    if (!load_at_hand(missing)) return wait_for(missing.fault);
  }
  return Progress::kAgain;
}

Partition::Progress Partition::step(WriteJob& job) {
  const bool bulk = job.task.question()->head()->kind() == schema::WriteKind::bulk;
  if (bulk && !state_->store->has_room()) return wait_for_room();
  if (!bulk) {
    if (const auto spilling = spill(job)) return *spilling;
  }
  for (uint32_t loaded = 0; loaded < kPagesAtHandMax; ++loaded) {
    WriteOutcomeFrame outcome = state_->engine.run(job.task);
    if (auto* frame = std::get_if<WriteResultFrame>(&outcome)) {
      tell(caf::actor_cast<SessionActor>(job.asker), written_atom::value, std::move(*frame));
      return Progress::kDone;
    }
    if (std::holds_alternative<Unfinished>(outcome)) return Progress::kAgain;
    const MissingPages& missing = std::get<MissingPages>(outcome);
    if (!load_at_hand(missing)) return wait_for(missing.fault);
  }
  return Progress::kAgain;
}

/// What its transaction wrote before goes to pages, when there is too much of it in memory. Nothing: it may write.
std::optional<Partition::Progress> Partition::spill(WriteJob& job) {
  const schema::WriteHead& head = *job.task.question()->head();
  for (uint32_t loaded = 0; loaded < kPagesAtHandMax; ++loaded) {
    const auto spilled = state_->store->spill(head.txn(), std::exchange(job.waited_for_room, false));
    if (!spilled.ok()) {
      tell(caf::actor_cast<SessionActor>(job.asker), written_atom::value, failed_write(head, spilled.status()));
      return Progress::kDone;
    }
    if (spilled->done()) return std::nullopt;
    if (spilled->needs_room) {
      job.waited_for_room = true;
      return wait_for_room();
    }
    if (spilled->more) return Progress::kAgain;
    if (!load_at_hand(spilled->fault.address)) return wait_for(spilled->fault);
  }
  return Progress::kAgain;
}

Partition::Progress Partition::step(PrepareJob& job) {
  for (uint32_t loaded = 0; loaded < kPagesAtHandMax; ++loaded) {
    bool more = false;
    const PrepareResult result =
        state_->store->prepare_piece(job.txn, kRedoPieceBytes, !std::exchange(job.begun, true), &more);
    if (const auto* fault = std::get_if<PageFault>(&result)) {
      if (!load_at_hand(fault->address)) return wait_for(*fault);
      continue;
    }
    auto piece = pack_redo({job.piece++, !more, std::get<std::string>(result)},
                           state_->store->has_spilled(job.txn) ? &node_.services.frame_files : nullptr);
    tell(caf::actor_cast<SessionActor>(job.asker), prepared_atom::value, job.txn, id_,
         piece.ok() ? *std::move(piece) : FrameBytes(), piece.ok() ? std::string() : encode_error(piece.status()));
    if (!piece.ok()) return Progress::kDone;
    return more ? Progress::kAgain : Progress::kDone;
  }
  return Progress::kAgain;
}

Partition::Progress Partition::step(ApplyJob& job) {
  const CommitRequest& commit = *job.commit;
  if (commit.scn <= state_->last_commit) return Progress::kDone;  // sent twice
  while (job.record < commit.records.size()) {
    const auto applied =
        state_->store->apply(commit.scn, commit.txn, bytes_view(commit.records[job.record]->changes()));
    // A commit in the log that cannot be applied: this partition's state is worthless.
    TROUPE_CHECK_MSG(applied.ok(), std::string(applied.status().message()));
    if (applied->needs_room) return wait_for_room();
    if (applied->done()) {
      FrameFiles::let_go(commit.records[job.record]);
      if (++job.record < commit.records.size()) return Progress::kAgain;
    } else if (!load_at_hand(applied->fault.address)) {
      return wait_for(applied->fault);
    }
  }
  state_->applied = commit.scn;
  state_->last_commit = commit.scn;
  node_.applied[id_].store(commit.scn, std::memory_order_release);
  dead_.forget(commit.txn);
  tell(directory_.get().lock_shards[id_], release_atom::value, commit.txn);
  return Progress::kDone;
}

bool Partition::forgets_missed() const {
  return node_.services.config.planted == PlantedBug::kMissedNotAskedFor;
}

/// `previous` says which commit this partition was sent before: after a restart some may be missing.
void Partition::on_apply(const CommitRequestPtr& commit, Scn previous) {
  if (commit->scn <= state_->last_commit) return;  // sent again
  if (!apply_waits_ && previous > state_->last_commit && !forgets_missed()) {
    const bool queued = std::any_of(backlog_.begin(), backlog_.end(), [&](const Job& job) {
      const auto* apply = std::get_if<ApplyJob>(&job);
      return apply != nullptr && apply->commit->scn == previous;
    });
    if (!queued) {
      if (!rejoining_) {
        rejoining_ = true;
        tell(directory_.get().manager, rejoin_atom::value, id_, state_->last_commit);
      }
      return;
    }
  }
  submit(ApplyJob{commit});
}

/// The transaction manager has sent everything up to `last`. When that was not taken it will be asked again.
void Partition::on_rejoined(Scn last) {
  if (!apply_waits_ && state_->last_commit < last) return;
  rejoining_ = false;
  run_backlog();
}

// --- pages ---

PageProof Partition::page_proof() const {
  const bool trusting = node_.services.config.planted == PlantedBug::kPageChecksumSkipped;
  return trusting ? PageProof::kNoChecksum : PageProof::kWhole;
}

/// A page that the kernel has in memory is taken here and now: two messages and a hand-over to another thread cost more
/// than to copy and decompress it. Whatever is wrong with it is the page reader's to find.
bool Partition::load_at_hand(PageAddress address) {
  if (requested(address)) return false;
  auto image = load_page_at_hand(state_->store->file(), address, page_proof());
  if (!image.ok() || !image->has_value()) return false;
  state_->store->install(address, **std::move(image));
  return true;
}

/// True: the first is there, go on. Those ahead are on their way.
bool Partition::load_at_hand(const MissingPages& missing) {
  const bool loaded = load_at_hand(missing.fault.address);
  if (!loaded) request_page(missing.fault.address);
  for (const PageAddress ahead : missing.ahead) {
    if (!load_at_hand(ahead)) request_page(ahead);
  }
  return loaded;
}

Partition::Progress Partition::wait_for(const PageFault& fault) {
  missing_ = fault.address;
  no_room_ = false;
  request_page(missing_);
  return Progress::kWaits;
}

/// Until a checkpoint has made changed pages into clean ones.
Partition::Progress Partition::wait_for_room() {
  no_room_ = true;
  if (!state_->store->checkpoint_running()) tell(directory_.get().checkpointer, full_atom::value);
  return Progress::kWaits;
}

void Partition::go_on_with_room() {
  auto jobs = std::exchange(without_room_, {});
  for (Job& job : jobs) go_on(std::move(job));
  run_backlog();
}

bool Partition::requested(PageAddress address) const {
  const auto is_it = [&](const LoadedPagePtr& page) { return page->address == address; };
  return std::any_of(requested_.begin(), requested_.end(), is_it);
}

/// Of the readers in turn: a disk serves several at once.
void Partition::request_page(PageAddress address) {
  if (requested(address)) return;
  auto page = std::make_shared<LoadedPage>();
  page->file = std::shared_ptr<const File>(state_->store, &state_->store->file());
  page->address = address;
  page->proof = page_proof();
  requested_.push_back(page);
  const auto& readers = directory_.get().page_readers;
  tell(readers[next_reader_++ % readers.size()], page_atom::value, std::move(page));
}

void Partition::request_pages_again() {
  const auto lost = std::exchange(requested_, {});
  for (const LoadedPagePtr& page : lost) request_page(page->address);
}

void Partition::on_page(const LoadedPagePtr& page) {
  // Of this store, and still asked for by this actor: anything else may be what the page was once.
  if (page->file.get() != &state_->store->file() || std::erase(requested_, page) == 0) return;
  {
    const Heir<PartitionState>::Use use(heir_, state_);
    if (page->image.ok()) {
      state_->store->install(page->address, *page->image);
    } else {
      state_->store->forget_fault(page->address);
    }
  }
  std::vector<Job> ready;
  for (size_t i = 0; i < parked_.size();) {
    if (parked_[i].waits_for != page->address) {
      ++i;
      continue;
    }
    ready.push_back(std::move(parked_[i].job));
    parked_.erase(parked_.begin() + static_cast<ptrdiff_t>(i));
  }
  for (Job& job : ready) {
    if (!page->image.ok()) {
      fail(job, page->image.status());
      continue;
    }
    go_on(std::move(job));
  }
  run_backlog();
}

void Partition::fail(Job& job, const absl::Status& status) {
  if (auto* read = std::get_if<ReadJob>(&job)) {
    tell(caf::actor_cast<SessionActor>(read->asker), readdone_atom::value,
         failed_read(*read->task.question()->head(), status));
  } else if (auto* write = std::get_if<WriteJob>(&job)) {
    tell(caf::actor_cast<SessionActor>(write->asker), written_atom::value,
         failed_write(*write->task.question()->head(), status));
  } else if (auto* prepare = std::get_if<PrepareJob>(&job)) {
    tell(caf::actor_cast<SessionActor>(prepare->asker), prepared_atom::value, prepare->txn, id_, FrameBytes(),
         encode_error(status));
  } else {
    // A commit that cannot be applied: rebuilding from checkpoint and log will say what is wrong with the file.
    heir_.taint();
    throw CheckFailure("partition " + std::to_string(id_) + ": " + std::string(status.message()));
  }
}

// --- turns ---

void Partition::want_turn() {
  if (turn_wanted_) return;
  turn_wanted_ = true;
  // Each partition on a cell of its own, so that they scan side by side for one client.
  Cell* const home = node_.cells.empty() ? nullptr : node_.cells[id_ % node_.cells.size()];
  tell_self_behind_sockets(home, turn_atom::value);
}

void Partition::on_turn() {
  for (uint32_t slice = 0; !sliced_.empty() && slice < kSlicesPerTurn; ++slice) {
    if (slice > 0 && others_wait()) break;
    Job job = std::move(sliced_.front());
    sliced_.pop_front();
    go_on(std::move(job));
  }
  run_backlog();
  turn_wanted_ = false;
  if (!sliced_.empty()) want_turn();
}

bool Partition::others_wait() {
  const Cell* cell = Cell::current();
  return !mailbox().empty() || (cell != nullptr && cell->has_ready());
}

void Partition::collect_garbage() {
  const Heir<PartitionState>::Use use(heir_, state_);
  PartitionStore& store = *state_->store;
  store.set_oldest_snapshot(node_.services.snapshots.oldest());
  node_.statistics[id_].set(store.statistics());
  measure_trees();
  // The transaction manager, or its answer, may have been lost.
  if (rejoining_) tell(directory_.get().manager, rejoin_atom::value, id_, state_->last_commit);
  if (!without_room_.empty() && !store.checkpoint_running()) tell(directory_.get().checkpointer, full_atom::value);
  if (apply_waits_) return;
  const auto progress = store.collect_garbage(kGarbagePerTick);
  if (progress.fault.needed() && !load_at_hand(progress.fault.address)) request_page(progress.fault.address);
}

/// A few trees at a time, all of them in turn.
void Partition::measure_trees() {
  constexpr size_t kTreesPerTick = 64;
  const PartitionStore& store = *state_->store;
  PublishedTreeBytes& published = node_.tree_bytes[id_];
  if (unmeasured_.empty()) {
    unmeasured_ = store.trees();
    published.keep(unmeasured_);
  }
  for (size_t i = 0; i < kTreesPerTick && !unmeasured_.empty(); ++i) {
    published.set(unmeasured_.back(), store.estimate_bytes(unmeasured_.back()));
    unmeasured_.pop_back();
  }
}

// --- checkpoints ---

void Partition::begin_checkpoint(Scn scn, uint64_t round) {
  CheckpointList& rows = node_.services.checkpoints;
  const auto refuse = [&](std::string_view why) {
    const absl::Status status = error(ErrorCode::kObjectInUse, "partition ", id_, ": ", why);
    rows.finish(rows.begin(id_, scn), 0, 0, status);
    tell(directory_.get().checkpointer, ckptdone_atom::value, round, id_, kNoScn, encode_error(status));
  };
  if (rejoining_) return refuse("it has just been restarted");
  if (state_->checkpoint != nullptr) return refuse("a checkpoint is running already");
  const Heir<PartitionState>::Use use(heir_, state_);
  // In the middle of a commit the pages hold a part of it; applying it again after a crash does no harm.
  if (!apply_waits_) state_->applied = std::max(state_->applied, scn);
  auto run = std::make_shared<CheckpointRun>();
  run->partition = id_;
  run->round = round;
  run->covered = state_->applied;
  run->needs_durable = apply_waits_ ? applying_ : state_->applied;
  run->row = rows.begin(id_, run->covered);
  run->file = std::shared_ptr<const File>(state_->store, &state_->store->file());
  const bool disk_full = node_.services.disk_full.load() || node_.services.log_stuck.load();
  run->job = state_->store->begin_checkpoint(state_->applied, CheckpointMetadata{}, disk_full);
  state_->checkpoint = std::move(run);
  send_checkpoint();
}

void Partition::send_checkpoint() {
  const PageWriterActor& writer = directory_.get().page_writer;
  if (!writer) return;
  checkpoint_sent_to_ = writer;
  tell(writer, checkpt_atom::value, state_->checkpoint);
}

/// Whatever got lost with a restarted actor's mailbox: the order to write it, or the word that it is written.
void Partition::watch_checkpoint() {
  if (state_->checkpoint == nullptr) return;
  switch (state_->checkpoint->stage.load(std::memory_order_acquire)) {
    case CheckpointRun::Stage::kQueued:
      if (directory_.get().page_writer != checkpoint_sent_to_) send_checkpoint();
      return;
    case CheckpointRun::Stage::kWriting:
    case CheckpointRun::Stage::kAbandoned: return;
    case CheckpointRun::Stage::kWritten: return end_checkpoint(state_->checkpoint);
  }
}

void Partition::end_checkpoint(const CheckpointRunPtr& run) {
  if (run != state_->checkpoint) return;  // of a state that is gone, or told already
  const Heir<PartitionState>::Use use(heir_, state_);
  const CheckpointRunPtr ended = std::exchange(state_->checkpoint, nullptr);
  checkpoint_sent_to_ = nullptr;  // a writer's thread ends with the last reference to it
  CheckpointResult& result = ended->result;
  node_.services.checkpoints.finish(ended->row, result.pages_written, result.bytes_written, result.status);
  if (result.must_fence) {
    // Nobody knows what is on the disk: nothing is taken in, recovery starts from the log.
    node_.fence("writing a checkpoint failed", result.status);
    return;
  }
  const absl::Status status = state_->store->finish_checkpoint(std::move(result));
  tell(directory_.get().checkpointer, ckptdone_atom::value, ended->round, id_, ended->covered, encode_error(status));
  state_->store->set_unlimited(!status.ok());
  go_on_with_room();
}

}  // namespace troupe
