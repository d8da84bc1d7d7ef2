#include "actors/session/session_transaction.hpp"

#include <algorithm>

#include "actors/node/commit_records.hpp"
#include "actors/node/number_block.hpp"
#include "actors/node/redo_piece.hpp"
#include "actors/session/conflict_report.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/names.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

/// Oids and trees that a session takes at once from the node's counters, and how many of them a definition finds at
/// least. One that needs more is planned twice. A transaction's first definition takes new oids, so that what is newer
/// has the larger ones.
constexpr Oid kOidBlock = 64, kOidsFree = 32;
constexpr TreeId kTreeBlock = 128, kTreesFree = 16;
/// Log that a transaction may take on a full disk when it drops something.
constexpr uint64_t kRoomMakerBytesMax = 1 << 20;
/// Between two looks at how far the log is: first about as long as a fast disk syncs, at last what nobody notices.
constexpr int64_t kFirstPauseUs = 100;
constexpr int64_t kLongestPauseUs = 10'000;
/// Of limits.pending_memory_bytes, the part that the records of one commit may have in memory.
constexpr uint64_t kRecordsInMemory = 4;

absl::Status restarted(std::string_view what) {
  return with_hint(error(ErrorCode::kSerializationFailure, "the transaction was lost with a restarted ", what),
                   "Retry the transaction.");
}

absl::Status no_more(std::string_view what) {
  return with_hint(error(ErrorCode::kProgramLimitExceeded, "out of ", what),
                   "Each definition takes some, and none comes twice. Dump the databases and restore them into a new "
                   "data directory.");
}

absl::Status no_room() {
  return error(ErrorCode::kTooManyConnections, "no room for one more snapshot (limits.connections_max)");
}

}  // namespace

SessionTransaction::SessionTransaction(NodeServices& services, SessionHost& host, SessionData& data,
                                       SessionRecord& info)
    : services_{services},
      host_{host},
      data_{data},
      info_{info},
      slot_{services.snapshots.take_slot()},
      published_{services.catalog},
      bulk_log_{host},
      advisory_locks_{services, host, info.process_id},
      notifications_{services, info} {}

SessionTransaction::~SessionTransaction() = default;

absl::StatusOr<Scn> SessionTransaction::take_snapshot(bool keep_older) {
  if (!slot_) return no_room();
  const bool kept = state_.keeps_snapshot() && services_.config.planted != PlantedBug::kSnapshotTooNew;
  if (kept && state_.snapshot() != kNoScn && chosen_snapshot_ == kNoScn) return state_.snapshot();
  if (chosen_snapshot_ != kNoScn) {
    state_.set_snapshot(std::exchange(chosen_snapshot_, kNoScn));
    return state_.snapshot();
  }
  if (tracks_reads()) {
    if (!serializable_slot_) serializable_slot_ = services_.serializable_snapshots.take_slot();
    if (!serializable_slot_) return no_room();
    // First, so that it is not above the snapshot.
    if (serializable_slot_.held() == kNoScn) serializable_slot_.acquire();
  }
  // An older one that is still held protects every newer one too.
  Scn snapshot = keep_older && slot_.held() != kNoScn ? services_.commits.durable() : slot_.acquire();
  if (services_.config.planted == PlantedBug::kSnapshotTooOld) snapshot = std::max(kFirstScn, snapshot - 3);
  state_.set_snapshot(snapshot);
  return snapshot;
}

bool SessionTransaction::tracks_reads() const {
  const TransactionModes& modes = state_.modes();
  return modes.isolation == IsolationLevel::kSerializable && (!modes.read_only || state_.id() != kNoTxn);
}

void SessionTransaction::track_statement(std::string_view text) {
  ReadTracker& tracker = data_.make_tracker(services_.config.read_ranges, services_.config.planted);
  if (state_.has_savepoints()) tracker.expect_rollbacks();
  tracker.begin_statement(text);
  info_.read_ranges.store(tracker.ranges(), std::memory_order_relaxed);
}

void SessionTransaction::release_statement_snapshot() {
  if (!state_.keeps_snapshot() && slot_) slot_.release();
}

TxnId SessionTransaction::ensure_id() {
  if (state_.id() == kNoTxn) {
    state_.set_id(services_.transactions.next());
    info_.txn.store(state_.id(), std::memory_order_release);
  }
  return state_.id();
}

/// The newest catalog, as the session's database sees it once there is one.
const CatalogPtr& SessionTransaction::newest_catalog() {
  const CatalogPtr& whole = published_.shared();
  if (database_ == kNoOid) return whole;
  if (whole != whole_catalog_) {
    CatalogPtr seen = whole->in_database(database_);
    if (seen != nullptr) database_catalog_ = std::move(seen);  // else it was dropped: nobody was in it then
    whole_catalog_ = whole;
  }
  return database_catalog_;
}

bool SessionTransaction::enter_database(Oid database) {
  database_catalog_ = published_.shared()->in_database(database);
  if (database_catalog_ == nullptr) return false;
  database_ = database;
  return true;
}

const CatalogPtr& SessionTransaction::catalog() {
  const CatalogPtr& newest = newest_catalog();
  if (definitions_.changes.empty()) return newest;
  if (newest->version() != own_catalog_base_) {
    // Somebody else's DDL committed meanwhile; ours concerns other objects, or they would have waited for our locks.
    const CatalogCounters counters = own_catalog_->counters();
    if (const absl::Status rebased = see_changes(newest, counters); !rebased.ok()) doom_ = rebased;
  }
  return own_catalog_;
}

/// Its own catalog: all its changes on top of `base`, under a version that no plan was made with.
absl::Status SessionTransaction::see_changes(const CatalogPtr& base, const CatalogCounters& counters) {
  auto seen = base->with_changes(definitions_.changes, services_.next_private_version.fetch_add(1), counters);
  if (!seen.ok()) return seen.status();
  own_catalog_ = *std::move(seen);
  own_catalog_base_ = base->version();
  return absl::OkStatus();
}

CatalogPtr SessionTransaction::catalog_for_ddl() {
  const bool reserved = std::exchange(reserved_for_plan_, false);
  if (definitions_.changes.empty() && !reserved) free_.next_oid = free_end_.next_oid;
  reserve_numbers(kOidsFree, kTreesFree).IgnoreError();  // it may need none
  const CatalogPtr& newest = newest_catalog();
  if (!definitions_.changes.empty()) {
    const CatalogCounters& known = catalog()->counters();
    const bool moved = known.next_oid != free_.next_oid || known.next_tree != free_.next_tree;
    if (moved) {
      if (const absl::Status seen = see_changes(newest, free_); !seen.ok()) doom_ = seen;
    }
    return own_catalog_;
  }
  own_catalog_base_ = newest->version();
  auto fresh = newest->with_changes({}, newest->version(), free_);
  return fresh.ok() ? *fresh : newest;
}

absl::Status SessionTransaction::reserve_numbers(Oid oids, TreeId trees) {
  if (free_end_.next_oid - free_.next_oid < oids) {
    oids = std::max(oids, kOidBlock);
    const std::optional<Oid> first = take_block(services_.next_oid, oids, kOidsEnd);
    if (!first) return no_more("object identifiers");
    free_.next_oid = *first;
    free_end_.next_oid = *first + oids;
  }
  if (free_end_.next_tree - free_.next_tree < trees) {
    trees = std::max(trees, kTreeBlock);
    const std::optional<TreeId> first = take_block(services_.next_tree, trees, kTreesEnd);
    if (!first) return no_more("identifiers of trees");
    free_.next_tree = *first;
    free_end_.next_tree = *first + trees;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SessionTransaction::take_numbers(const CatalogCounters& first, const CatalogCounters& used) {
  if (used.next_oid > free_end_.next_oid || used.next_tree > free_end_.next_tree) {
    TROUPE_RETURN_IF_ERROR(reserve_numbers(used.next_oid - first.next_oid, used.next_tree - first.next_tree));
    reserved_for_plan_ = true;
    return false;
  }
  free_ = used;
  return true;
}

absl::Status SessionTransaction::change_catalog(const std::vector<CatalogChange>& changes,
                                                const CatalogCounters& counters) {
  const CatalogPtr before = catalog();
  const std::vector<CatalogChange> known_changes = definitions_.changes;
  for (const CatalogChange& change : changes) {
    note_former_tree(*before, change);
    const auto same = [&](const CatalogChange& other) { return other.oid == change.oid; };
    const auto known = std::find_if(definitions_.changes.begin(), definitions_.changes.end(), same);
    if (known != definitions_.changes.end()) {
      *known = change;
    } else {
      definitions_.changes.push_back(change);
    }
  }
  const absl::Status status = see_changes(newest_catalog(), counters);
  if (!status.ok()) definitions_.changes = known_changes;
  return status;
}

void SessionTransaction::note_former_tree(const Catalog& base, const CatalogChange& change) {
  const auto before = std::dynamic_pointer_cast<const TableDef>(base.find_shared(change.oid));
  const auto after = std::dynamic_pointer_cast<const TableDef>(change.object);
  if (before != nullptr && after != nullptr && before->tree != after->tree) {
    definitions_.former_trees[change.oid].insert(before->tree);
  }
}

void SessionTransaction::own_tree(TreeId tree, bool news) {
  definitions_.own_trees.insert(tree);
  if (news) definitions_.news_trees.insert(tree);
}

void SessionTransaction::note_write(TreeId tree) {
  if (!definitions_.own_trees.empty() && definitions_.own_trees.contains(tree)) definitions_.written_trees.insert(tree);
}

void SessionTransaction::truncated(const std::vector<CatalogChange>& changes) {
  for (const CatalogChange& change : changes) {
    if (change.object == nullptr || change.object->kind != ObjectKind::table) continue;
    definitions_.truncated.insert(change.oid);
    const std::set<TreeId>& former = definitions_.former_trees[change.oid];
    definitions_.stale_trees.insert(former.begin(), former.end());
  }
}

bool SessionTransaction::lock_table_at_once(const TableDef& table, TableLockMode mode) {
  temporaries_touched_ = temporaries_touched_ || table.temporary;
  if (table.gate == nullptr) return true;  // made by this transaction
  if (!is_weak(mode)) return false;
  for (const TableGate::Hold& hold : gates_) {
    if (hold.gate() == table.gate.get() && hold.mode() >= mode) return true;
  }
  TableGate::Hold hold = TableGate::try_enter(std::static_pointer_cast<TableGate>(table.gate), mode);
  if (hold.gate() == nullptr) return false;
  info_.weak_locks.add(hold.gate(), mode);
  gates_.push_back(std::move(hold));
  return true;
}

Task<absl::Status> SessionTransaction::lock_table(const TableDef& table, TableLockMode mode, bool no_wait) {
  if (lock_table_at_once(table, mode)) co_return absl::OkStatus();
  auto gate = std::static_pointer_cast<TableGate>(table.gate);
  TableLockRequest wanted;
  if (is_weak(mode)) {
    for (const TableGate::Hold& hold : gates_) {
      if (hold.gate() == gate.get()) wanted.held = std::max(wanted.held.value_or(hold.mode()), hold.mode());
    }
  } else {
    // Its own weak locks are kept, so that nobody comes in between, and do not stand in its way.
    wanted.own = static_cast<uint8_t>(std::count_if(gates_.begin(), gates_.end(), [&](const TableGate::Hold& hold) {
      return hold.gate() == gate.get() && table_locks_conflict(mode, hold.mode());
    }));
  }
  lock_wait_.request = next_lock_request_++;
  lock_wait_.done = false;
  lock_wait_.status = absl::OkStatus();
  data_.add_participant(0);
  wanted.request = lock_wait_.request;
  wanted.txn = ensure_id();
  wanted.gate = gate;
  wanted.table = table.oid;
  wanted.mode = mode;
  wanted.no_wait = no_wait;
  wanted.timeout_ms = lock_timeout_ms_;
  const bool had_weaker = wanted.held.has_value();
  host_.send_table_lock(std::move(wanted));
  while (!lock_wait_.done) co_await lock_wait_.signal;
  if (lock_wait_.status.ok() && had_weaker) {
    gates_.push_back(TableGate::enter_closed(gate, mode));
    info_.weak_locks.add(gate.get(), mode);
  }
  if (no_wait && error_code(lock_wait_.status) == ErrorCode::kLockNotAvailable) {
    co_return error(ErrorCode::kLockNotAvailable, "could not obtain lock on relation \"", table.name, "\"");
  }
  if (!lock_wait_.status.ok()) co_return lock_wait_.status;
  // Whoever held the lock may have committed on its way to the disk: the snapshot that is taken next has to hold that.
  auto settling = wait_for_durable(services_.commits.assigned());
  co_return co_await settling;
}

void SessionTransaction::on_granted(uint64_t request, const std::string& error) {
  if (lock_wait_.done || request != lock_wait_.request) return;
  lock_wait_.status = decode_error(error);
  lock_wait_.done = true;
  lock_wait_.signal.raise();
}

void SessionTransaction::cancel(const absl::Status& status) {
  advisory_locks_.cancel(status);
  bulk_log_.cancel(status);
  if (lock_wait_.request == 0 || lock_wait_.done) return;
  host_.send_cancel_wait(0, state_.id(), encode_error(status));
  lock_wait_.status = status;
  lock_wait_.done = true;
  lock_wait_.signal.raise();
}

/// With an id, by which a deadlock is seen.
Task<absl::Status> SessionTransaction::take_advisory_locks() {
  ensure_id();
  auto taking = advisory_locks_.take_wanted(lock_timeout_ms_);
  co_return co_await taking;
}

// --- the end ---

Task<absl::Status> SessionTransaction::commit() {
  const bool notifies = notifications_.has_pending();
  absl::Status status = doom_;
  if (status.ok() && notifies) status = notifications_.prepare();
  if (status.ok() && state_.id() != kNoTxn) {
    auto logging = log_commit();
    status = co_await logging;
  }
  if (!status.ok() && error_code(status) != ErrorCode::kStatementCompletionUnknown) {
    rollback();
    co_return status;
  }
  if (status.ok() && notifies) tell_those_who_listen();
  release_everything(status.ok());
  co_return status;
}

/// What others said in commits before it goes first, also when it had nothing to write down itself.
void SessionTransaction::tell_those_who_listen() {
  services_.notifications.deliver(services_.commits.durable(), notifications_.take_said());
  notifications_.committed();
}

Task<absl::Status> SessionTransaction::prepare(Preparing what) {
  preparation_.waiting = data_.participants();
  preparation_.what = what;
  preparation_.answers.clear();
  preparation_.status = absl::OkStatus();
  for (uint64_t left = preparation_.waiting; left != 0; left &= left - 1) {
    ask_to_prepare(static_cast<PartitionId>(std::countr_zero(left)));
  }
  while (preparation_.waiting != 0 && doom_.ok()) co_await preparation_.signal;
  if (!doom_.ok()) co_return doom_;
  co_return preparation_.status;
}

void SessionTransaction::ask_to_prepare(PartitionId partition) {
  preparation_.pieces[partition] = 0;
  std::erase_if(preparation_.answers, [partition](const auto& answer) { return answer.first == partition; });
  if (preparation_.what == Preparing::kRedo) {
    host_.send_prepare(partition, state_.id());
  } else {
    host_.send_list_locks(partition, state_.id());
  }
}

void SessionTransaction::on_prepared(TxnId txn, PartitionId partition, FrameBytes redo, const std::string& error) {
  if (partition >= kLocksOf != (preparation_.what == Preparing::kLocks)) return;  // a second answer to the question before
  partition %= kLocksOf;
  const uint64_t bit = uint64_t{1} << partition;
  if (txn != state_.id() || (preparation_.waiting & bit) == 0) return;
  if (preparation_.what == Preparing::kRedo && error.empty()) {
    const RedoPiece piece = read_redo(redo);
    if (piece.number != preparation_.pieces[partition]) return;  // had already
    ++preparation_.pieces[partition];
    if (!piece.changes.empty()) preparation_.answers.emplace_back(partition, std::move(redo));
    if (!piece.last) return;
    redo = {};
  }
  preparation_.waiting &= ~bit;
  if (!error.empty()) preparation_.status = decode_error(error);
  if (redo.size() > 0) preparation_.answers.emplace_back(partition, std::move(redo));
  if (preparation_.waiting == 0) preparation_.signal.raise();
}

/// Nothing: its records are kept in memory.
const FrameFiles* SessionTransaction::files_for(std::span<const std::string_view> redo) const {
  uint64_t bytes = 0;
  for (const std::string_view changes : redo) bytes += changes.size();
  return bytes > services_.config.pending_memory_bytes / kRecordsInMemory ? &services_.frame_files : nullptr;
}

Task<absl::Status> SessionTransaction::log_commit() {
  preparation_.answers.clear();
  // Definitions want the changes of rows in an order of their own.
  const bool known = definitions_.changes.empty() && data_.redo().complete();
  if (!known) {
    auto preparing = prepare(Preparing::kRedo);
    const absl::Status status = co_await preparing;
    if (!status.ok()) co_return status;
  }
  std::vector<std::string_view> redo;
  if (known) redo = data_.redo().redo();
  for (const auto& [partition, frame] : preparation_.answers) redo.push_back(read_redo(frame).changes);
  if (redo.empty() && definitions_.changes.empty()) {
    // It changed nothing, but it looked at the newest versions, to lock or to change them: none of them may be lost
    // once it is told what it found (that a row is gone, say).
    if (data_.tracker() != nullptr && data_.tracker()->saw_newest()) {
      auto validating = validate_reads();
      const absl::Status status = co_await validating;
      if (!status.ok()) co_return status;
    }
    discard_participants();
    auto waiting = wait_for_durable(services_.commits.assigned());
    co_return co_await waiting;
  }
  if (services_.fenced.load(std::memory_order_acquire)) {
    co_return error(ErrorCode::kIoError, "the node is fenced: its log could not be written; restart it");
  }
  auto request = std::make_shared<CommitRequest>();
  request->txn = state_.id();
  request->catalog_changes = definitions_.changes;
  std::string ordered;
  if (!definitions_.changes.empty()) {
    ordered = order_definition_changes(redo, news_changes(), definitions_.stale_trees);
    redo = {ordered};
    preparation_.answers.clear();
  }
  const std::string drops = drop_changes();
  if (!drops.empty()) redo.push_back(drops);
  const std::string counters = definitions_.changes.empty() ? std::string() : counters_change();
  if (!counters.empty()) {
    redo.push_back(counters);
    data_.add_participant(0);
  }
  // Every partition has a part of a tree that goes.
  if (!drops.empty()) {
    for (PartitionId i = 0; i < host_.partition_count(); ++i) data_.add_participant(i);
  }
  request->participants = data_.participants();
  auto records = build_commit_records(state_.id(), data_.participants(), redo, services_.config.log_record_bytes_max,
                                      [this](size_t i) {
                                        if (i < preparation_.answers.size()) preparation_.answers[i].second = {};
                                      },
                                      files_for(redo));
  if (!records.ok()) co_return records.status();
  preparation_.answers.clear();
  request->records = *std::move(records);
  request->serializable = take_reads();
  request->notifications = notifications_.take_said();
  auto sending = send_to_log(std::move(request));
  co_return co_await sending;
}

/// Once the log has room; the answer comes when the commit is durable.
Task<absl::Status> SessionTransaction::send_to_log(CommitRequestPtr request) {
  auto waiting = wait_for_log(request->bytes());
  const absl::Status admitted = co_await waiting;
  if (!admitted.ok()) co_return admitted;
  hand_over(std::move(request));
  while (!commit_answered_) co_await commit_signal_;
  co_return commit_outcome();
}

/// To the transaction manager; the answer comes from it or, when the commit is durable, from the log.
void SessionTransaction::hand_over(CommitRequestPtr request) {
  request->process_id = info_.process_id;
  committing_ = std::move(request);
  commit_answered_ = false;
  host_.send_commit(committing_);
}

absl::Status SessionTransaction::commit_outcome() {
  const CommitRequestPtr answered = std::exchange(committing_, nullptr);
  if (commit_status_.ok() || answered->serializable == nullptr) return commit_status_;
  const auto& conflict = answered->serializable->conflict;
  return conflict ? report(commit_status_, *conflict) : commit_status_;
}

/// It has written nothing, but some of what it found out may be newer than its snapshot.
Task<absl::Status> SessionTransaction::validate_reads() {
  auto request = std::make_shared<CommitRequest>();
  request->txn = state_.id();
  request->serializable = take_reads();
  hand_over(std::move(request));
  while (!commit_answered_) co_await commit_signal_;
  co_return commit_outcome();
}

/// Null: of another isolation level, or nothing that it read could have changed.
std::shared_ptr<SerializableCommit> SessionTransaction::take_reads() {
  if (state_.modes().isolation != IsolationLevel::kSerializable || data_.tracker() == nullptr) return nullptr;
  const bool late = services_.config.planted == PlantedBug::kValidatedTooLate;
  return data_.tracker()->take(late ? services_.commits.durable() : state_.snapshot());
}

absl::Status SessionTransaction::report(const absl::Status& status, const ReadConflict& conflict) {
  ConflictInfo info = describe_conflict(conflict, *catalog());
  info.reason = "read/write dependency";
  info.process_id = info_.process_id;
  info.statement = data_.tracker()->statement_text(conflict.statement);
  absl::Status explained = with_conflict(status, info);
  services_.conflicts.add(std::move(info));
  return explained;
}

/// What subscribers are to know beside the changes of rows: emptied tables, and where rows are that came in bulk.
std::string SessionTransaction::news_changes() {
  std::string changes;
  ChangeWriter writer(&changes);
  for (const Oid oid : definitions_.truncated) {
    const auto table = std::dynamic_pointer_cast<const TableDef>(catalog()->find_shared(oid));
    if (table == nullptr || table->is_partitioned()) continue;  // dropped after all, or without rows
    Change change;
    change.tree = table->tree;
    change.op = ChangeOp::kTruncate;
    writer.append(change);
  }
  for (const BulkLog::Run& run : bulk_log_.runs()) {
    // Dropped again, or gone with a savepoint.
    if (definitions_.dropped_trees.contains(run.tree) || !definitions_.own_trees.contains(run.tree)) continue;
    const std::string where = encode_bulk_run(run.run);
    Change change;
    change.tree = run.tree;
    change.op = ChangeOp::kBulk;
    change.has_after = true;
    change.after = where;
    writer.append(change);
  }
  return changes;
}

/// Definitions leave behind how far oids and trees are given out, so that those of dropped objects never come again.
/// No lock: of two that commit at once the one with the smaller counters may come last, but what the other one made is
/// in the catalog then, or a later one has dropped it and left larger counters.
std::string SessionTransaction::counters_change() const {
  CatalogCounters counters;
  counters.next_oid = services_.next_oid.load();
  counters.next_tree = services_.next_tree.load();
  const std::string key = counters_key();
  const std::string after = encode_counters(counters);
  std::string changes;
  Change change;
  change.tree = kCatalogObjectTree;
  change.has_after = true;
  change.key = key;
  change.after = after;
  ChangeWriter(&changes).append(change);
  return changes;
}

/// Dropped trees, as changes of every partition.
std::string SessionTransaction::drop_changes() {
  std::string changes;
  ChangeWriter writer(&changes);
  for (const TreeId tree : definitions_.dropped_trees) {
    for (PartitionId i = 0; i < host_.partition_count(); ++i) {
      Change change;
      change.tree = tree;
      change.partition = i;
      change.op = ChangeOp::kDropTree;
      writer.append(change);
    }
  }
  return changes;
}

void SessionTransaction::on_committed(TxnId txn, Scn scn, const std::string& error) {
  if (committing_ == nullptr || txn != committing_->txn || commit_answered_) return;
  committed_at_ = scn;
  commit_status_ = decode_error(error);
  commit_answered_ = true;
  commit_signal_.raise();
}

/// It drops a table, an index or all rows of a table, and the rest of the log's segment will do for it.
bool SessionTransaction::makes_room(uint64_t bytes) const {
  return !definitions_.dropped_trees.empty() && bytes <= kRoomMakerBytesMax && !services_.log_stuck.load();
}

/// The disk does not keep up: commits wait where they are, rather than in the log writer's memory. A large one counts as
/// half of what there is room for: its records are in files, and it would never find the queue empty.
Task<absl::Status> SessionTransaction::wait_for_log(uint64_t bytes) {
  const uint64_t limit = services_.config.log_queued_bytes_max;
  int64_t pause_us = kFirstPauseUs;
  while (true) {
    if (services_.disk_full.load(std::memory_order_relaxed) && !makes_room(bytes)) {
      co_return with_hint(error(ErrorCode::kDiskFull, "could not extend the log: no space left on the disk"),
                          "Make room on the disk, or TRUNCATE or DROP what is not needed; commits are taken again at "
                          "once. sys.events says what was tried.");
    }
    const uint64_t queued = services_.log_queued_bytes.load(std::memory_order_relaxed);
    if (queued + std::min(bytes, limit / 2) <= limit) co_return absl::OkStatus();
    auto pausing = pause(&pause_us);
    const absl::Status status = co_await pausing;
    if (!status.ok()) {
      co_return with_detail(status,
                            cat("The log is ", queued, " bytes behind; limits.log_queued_bytes_max is ", limit, "."));
    }
  }
}

/// Only a transaction that changed nothing and locked rows of a commit still on its way to the disk waits here. Nothing
/// is lost when it is cancelled.
Task<absl::Status> SessionTransaction::wait_for_durable(Scn scn) {
  int64_t pause_us = kFirstPauseUs;
  while (services_.commits.durable() < scn) {
    auto pausing = pause(&pause_us);
    const absl::Status status = co_await pausing;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

/// Lets `*us` go by, and makes the next pause longer. Errors: 57014; the node is fenced, so that waiting is vain.
Task<absl::Status> SessionTransaction::pause(int64_t* us) {
  host_.send_tick_after(*us);
  *us = std::min(*us * 2, kLongestPauseUs);
  pausing_ = true;
  co_await pause_over_;
  if (services_.fenced.load(std::memory_order_acquire)) {
    co_return error(ErrorCode::kIoError, "the node is fenced: its log could not be written; restart it");
  }
  co_return data_.check_cancelled();
}

void SessionTransaction::on_tick() {
  if (std::exchange(pausing_, false)) pause_over_.raise();
}

void SessionTransaction::on_lost(LostPart part, uint32_t index, bool state_lost) {
  if (part == LostPart::kTransactionManager) {
    if (committing_ != nullptr && !commit_answered_) host_.send_commit(committing_);
    return;
  }
  // Rows written in bulk are nowhere else yet.
  const bool bulk_lost = part == LostPart::kPartition && state_lost && definitions_.needs_checkpoint;
  const bool concerned = bulk_lost || (data_.participants() >> index & 1) != 0;
  if (!concerned || committing_ != nullptr) return;
  // A partition's mailbox is gone, and perhaps the word with it that writes were taken back.
  const bool word_lost = part == LostPart::kPartition && (rolled_back_ >> index & 1) != 0;
  if (state_lost || word_lost) {
    doom_ = restarted(part == LostPart::kPartition ? "partition" : "lock shard");
    preparation_.signal.raise();
    return;
  }
  const LostPart asked = preparation_.what == Preparing::kRedo ? LostPart::kPartition : LostPart::kLockShard;
  if (part == asked && (preparation_.waiting >> index & 1) != 0) ask_to_prepare(static_cast<PartitionId>(index));
  if (part == LostPart::kLockShard && index == 0 && lock_wait_.request != 0 && !lock_wait_.done) {
    lock_wait_.status = restarted("lock shard");
    lock_wait_.done = true;
    lock_wait_.signal.raise();
  }
}

void SessionTransaction::discard_participants() {
  for (uint64_t left = data_.participants(); left != 0; left &= left - 1) {
    host_.send_discard(static_cast<PartitionId>(std::countr_zero(left)), state_.id());
  }
}

void SessionTransaction::rollback() {
  abandon_trees({});
  if (state_.id() != kNoTxn) discard_participants();
  release_everything(false);
}

void SessionTransaction::fail() {
  state_.fail();
  advisory_locks_.forget_wanted();
  release_statement_snapshot();
  if (state_.has_savepoints()) return;
  abandon_trees({});
  if (state_.id() != kNoTxn) discard_participants();
  release_holdings();
}

/// What it wrote in bulk is in trees that nobody else knows.
void SessionTransaction::abandon_trees(const std::set<TreeId>& kept) {
  if (!definitions_.needs_checkpoint) return;
  for (const TreeId tree : definitions_.own_trees) {
    if (kept.contains(tree)) continue;
    for (PartitionId i = 0; i < host_.partition_count(); ++i) host_.send_abandon_tree(i, tree);
  }
}

std::vector<SessionTransaction::Mark>::iterator SessionTransaction::find_mark(std::string_view name) {
  const auto newest = std::find_if(marks_.rbegin(), marks_.rend(), [&](const Mark& mark) { return mark.name == name; });
  return newest == marks_.rend() ? marks_.end() : std::prev(newest.base());
}

absl::Status SessionTransaction::savepoint(std::string_view name) {
  TROUPE_RETURN_IF_ERROR(state_.savepoint(name));
  marks_.push_back({std::string(name), definitions_, at_end_.size(), advisory_locks_.mark(), notifications_.mark()});
  return absl::OkStatus();
}

absl::Status SessionTransaction::release(std::string_view name) {
  TROUPE_RETURN_IF_ERROR(state_.release(name));
  marks_.erase(find_mark(name), marks_.end());
  return absl::OkStatus();
}

absl::StatusOr<CommandId> SessionTransaction::rollback_to(std::string_view name) {
  TROUPE_ASSIGN_OR_RETURN(const CommandId command, state_.rollback_to(name));
  data_.redo().spoil();
  rolled_back_ |= data_.participants();
  for (uint64_t left = data_.participants(); left != 0; left &= left - 1) {
    host_.send_rollback_to(static_cast<PartitionId>(std::countr_zero(left)), state_.id(), command,
                           state_.command() + 1);
  }
  const auto mark = find_mark(name);
  abandon_trees(mark->definitions.own_trees);
  at_end_.resize(mark->at_end);
  advisory_locks_.rollback_to(mark->advisory_locks);
  notifications_.rollback_to(mark->notifications);
  definitions_ = mark->definitions;
  marks_.erase(std::next(mark), marks_.end());
  if (definitions_.changes.empty()) return command;
  // Oids and trees that were taken since are not taken again.
  const CatalogCounters counters = own_catalog_->counters();
  TROUPE_RETURN_IF_ERROR(see_changes(newest_catalog(), counters));
  return command;
}

/// Locks, snapshot, and what it meant to commit. The transaction itself goes on, if only to be ended.
void SessionTransaction::release_holdings() {
  for (TableGate::Hold& hold : gates_) {
    if (hold.release()) host_.send_gate_drained();
  }
  gates_.clear();
  info_.weak_locks.clear();
  advisory_locks_.end_transaction();
  notifications_.end_transaction();
  if (slot_) slot_.release();
  if (serializable_slot_) serializable_slot_.release();
  forget_snapshots();
  if (data_.tracker() != nullptr) data_.tracker()->clear();
  if (state_.id() != kNoTxn) {
    data_.forget_writes();
    preparation_.answers.clear();
    if (!definitions_.changes.empty()) definitions_ = {};
    bulk_log_.clear();
    own_catalog_ = nullptr;
    lock_wait_.request = 0;
  }
}

void SessionTransaction::release_everything(bool committed) {
  release_holdings();
  if (state_.id() != kNoTxn) info_.txn.store(kNoTxn, std::memory_order_release);
  marks_.clear();
  doom_ = absl::OkStatus();
  rolled_back_ = 0;
  temporaries_touched_ = false;
  state_.end();
  auto actions = std::exchange(at_end_, {});
  for (const auto& action : actions) action(committed);
}

}  // namespace troupe
