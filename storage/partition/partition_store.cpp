#include "storage/partition/partition_store.hpp"

#include <algorithm>

#include "storage/base/check.hpp"
#include "storage/partition/tree_state.hpp"

namespace troupe {
namespace {

/// What a checkpoint's directory calls the trees of spilled writes: from here on, above all others.
constexpr TreeId kFirstSpilledTree = 0xF000'0000;

/// PostgreSQL's limit for one value.
constexpr uint64_t kRowBytesMax = 1 << 30;

absl::Status check_sizes(std::string_view key, std::string_view row) {
  if (key.size() > kKeyBytesMax) {
    return with_hint(
        error(ErrorCode::kProgramLimitExceeded, "key of ", key.size(), " bytes exceeds the maximum of ", kKeyBytesMax),
        "Values this long cannot be indexed; index a hash or a prefix of them.");
  }
  if (row.size() > kRowBytesMax) {
    return error(ErrorCode::kProgramLimitExceeded, "row of ", row.size(), " bytes exceeds the maximum of ",
                 kRowBytesMax);
  }
  return absl::OkStatus();
}

/// So many take about as long as a slice of other work.
constexpr uint32_t kKeysSpilledAtOnce = 128;

absl::Status no_room_to_spill() {
  return with_hint(error(ErrorCode::kDiskFull, "could not write pending changes to the data files: no checkpoint can be made"),
                   "The transaction is larger than limits.pending_memory_bytes, and the disk has no room for the rest.");
}

absl::Status snapshot_too_old(Scn snapshot) {
  return with_hint(error(ErrorCode::kSnapshotTooOld, "snapshot too old"),
                   cat("Versions that snapshot ", snapshot,
                       " needs were dropped; shorten the transaction or raise limits.history_bytes_max."));
}

}  // namespace

std::string PartitionStore::file_name(PartitionId id) { return cat("partition-", uint32_t{id}, ".data"); }

absl::StatusOr<std::unique_ptr<PartitionStore>> PartitionStore::open(FileSystem& files, const std::string& directory,
                                                                     PartitionOptions options) {
  const DataFileOptions file_options{options.id, options.codec, options.file_growth_bytes, options.create};
  TROUPE_ASSIGN_OR_RETURN(OpenedCheckpoint opened,
                          open_data_file(files, join_path(directory, file_name(options.id)), file_options));
  return std::unique_ptr<PartitionStore>(new PartitionStore(options, std::move(opened)));
}

PartitionStore::PartitionStore(const PartitionOptions& options, OpenedCheckpoint opened)
    : options_{options},
      repaired_{std::move(opened.repaired)},
      file_{std::move(opened.file)},
      pager_{std::make_unique<Pager>(PagerOptions{options.page_bytes, options.cache_bytes})},
      reclaimer_{std::make_unique<TreeReclaimer>(*pager_)},
      checkpointer_{std::make_unique<Checkpointer>(*pager_, *reclaimer_, *file_, options.codec, opened.superblock,
                                                   opened.allocator)},
      history_{options.history_bytes_max},
      pending_{*pager_, *reclaimer_, options.pending_bytes_max, options.pending_memory_bytes_max},
      moved_{kMovedBytesMax} {
  restore(opened.directory, opened.superblock.covered_scn);
}

PartitionStore::~PartitionStore() = default;

void PartitionStore::restore(const Directory& directory, Scn covered) {
  for (const DirectoryEntry& entry : directory.trees) {
    auto state = std::make_unique<TreeState>(*pager_, entry.id, entry.root);
    state->tombstones = entry.tombstones;
    state->unqueued_tombstones = entry.tombstones;
    if (entry.dropped_at != kNoScn) {  // whoever could still read it is gone
      reclaimer_->add(state->tree);
    } else {
      trees_.emplace(entry.id, std::move(state));
    }
  }
  for (const ReclaimItem& item : directory.reclaim) reclaimer_->add(item);
  oldest_snapshot_ = std::max(oldest_snapshot_, covered);
  last_applied_ = covered;
}

PartitionStore::TreeState* PartitionStore::find_tree(TreeId id) const {
  const auto at = trees_.find(id);
  return at == trees_.end() ? nullptr : at->second.get();
}

PartitionStore::TreeState& PartitionStore::tree_for_write(TreeId id) {
  auto& state = trees_[id];
  if (state == nullptr) state = std::make_unique<TreeState>(*pager_, id, TreeRoot{});
  TROUPE_CHECK_MSG(state->dropped_at == kNoScn, cat("tree ", id, " was dropped"));
  return *state;
}

ReadResult PartitionStore::get(const ReadView& view, TreeId tree, std::string_view key) {
  if (view.txn != kNoTxn) {
    if (PendingTransaction* pending = pending_.find(view.txn)) {
      PendingKey spilled;
      const PendingKey* found = nullptr;
      if (const PageFault fault = pending->find(tree, key, &spilled, &found); fault.needed()) return fault;
      const PendingEntry* entry = found == nullptr ? nullptr : found->visible_to(view.command);
      if (entry != nullptr && entry->op == ChangeOp::kPut) return StoredRow{entry->row, kNoScn};
      if (entry != nullptr) return Absent{};
    }
  }
  if (view.snapshot < oldest_snapshot_) [[unlikely]]
    return snapshot_too_old(view.snapshot);
  TreeState* state = find_tree(tree);
  if (state == nullptr) return Absent{};
  return read_committed(*state, view.snapshot, key);
}

ReadResult PartitionStore::read_committed(TreeState& state, Scn snapshot, std::string_view key) {
  const Tree::Lookup lookup = state.tree.find(key);
  if (!lookup.found) {
    if (lookup.fault.needed()) return lookup.fault;
    return Absent{};
  }
  const Scn scn = stored_scn(lookup.value);
  if (scn > snapshot) [[unlikely]]
    return read_history(state.id, key, snapshot);
  if (stored_deleted(lookup.value)) return Absent{};
  std::string_view stored;
  if (const PageFault fault = state.tree.load(lookup.value, &stored); fault.needed()) return fault;
  return StoredRow{stored.substr(kRowHeaderBytes), scn};
}

ReadResult PartitionStore::read_history(TreeId tree, std::string_view key, Scn snapshot) const {
  const History::Lookup lookup = history_.find(tree, key, snapshot);
  switch (lookup.outcome) {
    case History::Outcome::kFound: return StoredRow{lookup.version.row, lookup.version.scn};
    case History::Outcome::kNone: return Absent{};
    case History::Outcome::kTooOld: break;
  }
  return snapshot_too_old(snapshot);
}

LatestResult PartitionStore::latest(TxnId txn, TreeId tree, std::string_view key) {
  LatestRow latest;
  PendingKey spilled;
  const PendingEntry* own = nullptr;
  if (PendingTransaction* pending = txn == kNoTxn ? nullptr : pending_.find(txn)) {
    const PendingKey* found = nullptr;
    if (const PageFault fault = pending->find(tree, key, &spilled, &found); fault.needed()) return fault;
    if (found != nullptr) own = &found->entries.back();
  }
  if (TreeState* state = find_tree(tree)) {
    const Tree::Lookup lookup = state->tree.find(key);
    if (lookup.fault.needed()) return lookup.fault;
    if (lookup.found) {
      latest.scn = stored_scn(lookup.value);
      latest.exists = !stored_deleted(lookup.value);
      std::string_view stored;
      if (latest.exists && own == nullptr) {
        if (const PageFault fault = state->tree.load(lookup.value, &stored); fault.needed()) return fault;
        latest.row = stored.substr(kRowHeaderBytes);
      }
    }
  }
  if (own != nullptr) {
    latest.exists = own->op == ChangeOp::kPut;
    latest.row = own->row;
    latest.pending_command = own->command;
  }
  return latest;
}

absl::Status PartitionStore::stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                                   std::string_view row) {
  TROUPE_CHECK(txn != kNoTxn && op != ChangeOp::kDropTree);
  TROUPE_RETURN_IF_ERROR(check_sizes(key, row));
  return pending_.stage(txn, command, tree, key, op, op == ChangeOp::kPut ? row : std::string_view{});
}

absl::Status PartitionStore::stage_move(TxnId txn, CommandId command, TreeId tree, std::string_view key,
                                        std::string_view place) {
  TROUPE_CHECK(txn != kNoTxn);
  pending_.stage_move(txn, {command, tree, std::string(key), std::string(place)});
  return absl::OkStatus();
}

absl::Status PartitionStore::stage_drop_tree(TxnId txn, CommandId command, TreeId tree) {
  TROUPE_CHECK(txn != kNoTxn);
  pending_.stage_drop_tree(txn, command, tree);
  return absl::OkStatus();
}

void PartitionStore::rollback_to(TxnId txn, CommandId command) { pending_.rollback_to(txn, command); }

void PartitionStore::discard(TxnId txn) { pending_.discard(txn); }

absl::StatusOr<SpillResult> PartitionStore::spill(TxnId txn, bool waited) {
  for (uint32_t keys = 0; pending_.must_spill(txn); ++keys) {
    if (pager_->dirty_bytes() >= options_.dirty_bytes_max) {
      // No checkpoint can be made, but unlike a commit this can be refused.
      if (unlimited_ && waited) return no_room_to_spill();
      return SpillResult{{}, true, false};
    }
    if (keys == kKeysSpilledAtOnce) return SpillResult{{}, false, true};
    if (const PageFault fault = pending_.spill_one(txn); fault.needed()) return SpillResult{fault, false, false};
  }
  return SpillResult{};
}

absl::StatusOr<BulkResult> PartitionStore::bulk_put(TreeId tree, std::string_view key, std::string_view row) {
  TROUPE_RETURN_IF_ERROR(check_sizes(key, row));
  Tree& target = tree_for_write(tree).tree;
  const RowHeader header(kBulkScn, 0);
  if (target.append(key, header.view(), row)) return BulkResult(BulkOutcome::kInserted);
  TreePath path;
  if (const PageFault fault = target.locate(key, &path); fault.needed()) return BulkResult(fault);
  if (path.exact) return BulkResult(BulkOutcome::kDuplicate);
  target.write(path, key, header.view(), row);
  return BulkResult(BulkOutcome::kInserted);
}

void PartitionStore::abandon_tree(TreeId tree) {
  if (find_tree(tree) != nullptr) release_tree(tree);
}

void PartitionStore::install(PageAddress address, PageImage image) { pager_->install(address, std::move(image)); }

void PartitionStore::forget_fault(PageAddress address) { pager_->forget_fault(address); }

void PartitionStore::forget_faults() { pager_->forget_faults(); }

std::unique_ptr<CheckpointJob> PartitionStore::begin_checkpoint(Scn covered, const CheckpointMetadata& metadata,
                                                                bool disk_full) {
  std::vector<CheckpointTree> trees;
  for (TreeState* state : ordered_trees()) {
    trees.push_back({state->id, &state->tree, state->dropped_at, state->tombstones});
  }
  // After a restart they are nobody's, as the trees that a commit dropped.
  TreeId spilled = kFirstSpilledTree;
  for (Tree* tree : pending_.spilled_trees()) trees.push_back({spilled++, tree, std::max(covered, kFirstScn), 0});
  return checkpointer_->begin(covered, metadata, trees, disk_full);
}

absl::Status PartitionStore::finish_checkpoint(CheckpointResult result) {
  std::vector<Tree*> trees;
  for (TreeState* state : ordered_trees()) trees.push_back(&state->tree);
  for (Tree* tree : pending_.spilled_trees()) trees.push_back(tree);
  return checkpointer_->finish(std::move(result), trees);
}

std::vector<PartitionStore::TreeState*> PartitionStore::ordered_trees() const {
  std::vector<TreeState*> trees;
  trees.reserve(trees_.size());
  for (const auto& [id, state] : trees_) trees.push_back(state.get());
  std::sort(trees.begin(), trees.end(), [](const TreeState* a, const TreeState* b) { return a->id < b->id; });
  return trees;
}

PartitionStatistics PartitionStore::statistics() const {
  PartitionStatistics statistics;
  statistics.cached_bytes = pager_->cache().clean_bytes();
  statistics.dirty_bytes = pager_->dirty_bytes();
  statistics.frozen_bytes = pager_->frozen_bytes();
  statistics.history_bytes = history_.bytes();
  statistics.pending_bytes = pending_.bytes();
  statistics.pending_memory_bytes = pending_.memory_bytes();
  statistics.file_bytes = checkpointer_->allocator().end() * kGrainBytes;
  statistics.free_bytes = checkpointer_->allocator().free_grains() * kGrainBytes;
  statistics.freed_pages = pager_->freed().size();
  statistics.evictions = pager_->cache().evictions();
  statistics.faults = pager_->cache().faults();
  statistics.trees = trees_.size();
  for (const auto& [id, state] : trees_) statistics.tombstones += state->tombstones;
  return statistics;
}

std::vector<TreeId> PartitionStore::trees() const {
  std::vector<TreeId> ids;
  for (const TreeState* state : ordered_trees()) {
    if (state->dropped_at == kNoScn) ids.push_back(state->id);
  }
  return ids;
}

uint64_t PartitionStore::row_count(TreeId tree) const {
  const TreeState* state = find_tree(tree);
  return state == nullptr ? 0 : state->tree.entries() - state->tombstones;
}

uint64_t PartitionStore::estimate_bytes(TreeId tree) const {
  constexpr double kEntryBytes = 64;
  TreeState* state = find_tree(tree);
  if (state == nullptr || state->tree.empty()) return 0;
  const double average = state->tree.average_entry_bytes();
  if (average > 0) state->entry_bytes = average;
  const double each = state->entry_bytes > 0 ? state->entry_bytes : kEntryBytes;
  return static_cast<uint64_t>(each * static_cast<double>(state->tree.entries()));
}

uint64_t PartitionStore::estimate_rows(TreeId tree, const KeyRange& range) const {
  const TreeState* state = find_tree(tree);
  if (state == nullptr) return 0;
  const double below_upper = range.has_upper ? state->tree.rank(range.upper) : 1.0;
  const double part = below_upper - (range.lower.empty() ? 0.0 : state->tree.rank(range.lower));
  return static_cast<uint64_t>(std::max(part, 0.0) * static_cast<double>(row_count(tree)) + 0.5);
}

std::vector<std::string> PartitionStore::split_keys(TreeId tree, uint32_t count) const {
  const TreeState* state = find_tree(tree);
  return state == nullptr ? std::vector<std::string>{} : state->tree.split_keys(count);
}

void PartitionStore::check_invariants() const {
  for (const auto& [id, state] : trees_) {
    state->tree.check_invariants();
    TROUPE_CHECK(state->tombstones <= state->tree.entries());
  }
  checkpointer_->allocator().check_invariants();
  history_.check_invariants();
  pending_.check_invariants();
  moved_.check_invariants();
  pager_->cache().check_invariants();
}

}  // namespace troupe
