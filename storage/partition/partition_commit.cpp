/// PartitionStore: from pending writes to a commit record, and from the record to the trees.
#include "storage/base/check.hpp"
#include "storage/partition/partition_store.hpp"
#include "storage/partition/pending_cursor.hpp"
#include "storage/partition/tree_state.hpp"

namespace troupe {
namespace {

/// Above it, tombstones are no longer listed one by one; a sweep finds them.
constexpr uint64_t kTombstoneQueueBytesMax = 64 << 20;

}  // namespace

PrepareResult PartitionStore::prepare(TxnId txn) {
  bool more = false;
  return prepare_piece(txn, SIZE_MAX, false, &more);
}

PrepareResult PartitionStore::prepare_piece(TxnId txn, size_t bytes_max, bool again, bool* more) {
  *more = false;
  PendingTransaction* pending = pending_.find(txn);
  if (pending == nullptr) return std::string{};
  PrepareProgress& progress = pending->progress();
  if (again) progress = {};
  for (const auto& [tree, overlay] : pending->overlays()) {
    if ((progress.started && tree < progress.tree) || pending->drops_tree(tree)) continue;
    const PageFault fault = prepare_tree(*pending, tree, bytes_max, more);
    if (fault.needed()) return fault;
    if (*more) return std::exchange(progress.changes, {});
  }
  ChangeWriter writer(&progress.changes);
  for (const auto& [command, tree] : pending->dropped_trees()) {
    Change drop;
    drop.tree = tree;
    drop.partition = options_.id;
    drop.op = ChangeOp::kDropTree;
    writer.append(drop);
  }
  std::string changes = std::move(progress.changes);
  progress = {};
  return changes;
}

/// Packs the keys of one tree that come after those that are packed, until there are *full bytes.
PageFault PartitionStore::prepare_tree(PendingTransaction& pending, TreeId tree, size_t bytes_max, bool* full) {
  PrepareProgress& progress = pending.progress();
  ChangeWriter writer(&progress.changes);
  PendingCursor cursor(pending, tree);
  const bool resumed = progress.started && tree == progress.tree;
  PageFault fault = cursor.seek(resumed ? progress.key + '\0' : std::string());
  for (; !fault.needed() && cursor.valid(); fault = cursor.next()) {
    const PendingKey* found = nullptr;
    if (fault = cursor.read(&found); fault.needed()) break;
    if (found != nullptr) fault = prepare_key(tree, cursor.key(), found->entries.back(), &writer);
    if (fault.needed()) break;
    progress.tree = tree;
    progress.key.assign(cursor.key());
    progress.started = true;
    *full = progress.changes.size() >= bytes_max;
    if (*full) break;
  }
  return fault;
}

PageFault PartitionStore::prepare_one(TxnId txn, TreeId tree, std::string_view key, std::string* changes, bool* alone) {
  PendingTransaction* pending = pending_.find(txn);
  TROUPE_CHECK(pending != nullptr);
  PendingKey spilled;
  const PendingKey* found = nullptr;
  if (const PageFault fault = pending->find(tree, key, &spilled, &found); fault.needed()) return fault;
  TROUPE_CHECK(found != nullptr);
  *alone = found->written_once && pending->dropped_trees().empty();
  ChangeWriter writer(changes);
  return prepare_key(tree, key, found->entries.back(), &writer);
}

/// Packs the net effect on one key, unless there is none.
PageFault PartitionStore::prepare_key(TreeId tree, std::string_view key, const PendingEntry& entry,
                                      ChangeWriter* writer) {
  Change change;
  change.tree = tree;
  change.partition = options_.id;
  change.op = entry.op;
  change.key = key;
  change.has_after = entry.op == ChangeOp::kPut;
  change.after = entry.row;
  if (TreeState* state = find_tree(tree)) {
    const Tree::Lookup lookup = state->tree.find(key);
    if (lookup.fault.needed()) return lookup.fault;
    if (lookup.found && !stored_deleted(lookup.value)) {
      std::string_view stored;
      if (const PageFault fault = state->tree.load(lookup.value, &stored); fault.needed()) return fault;
      change.has_before = true;
      change.before = stored.substr(kRowHeaderBytes);
    }
  }
  if (change.has_before || change.has_after) writer->append(change);
  return {};
}

absl::StatusOr<ApplyResult> PartitionStore::apply(Scn scn, TxnId txn, std::string_view changes) {
  TROUPE_CHECK_MSG(scn >= last_applied_, cat("commit ", scn, " after ", last_applied_));
  const bool resumed =
      applying_.scn == scn && applying_.changes == changes.data() && applying_.offset <= changes.size();
  if (!resumed) {
    ChangeReader verifier(changes);
    Change change;
    while (verifier.next(&change)) {
    }
    TROUPE_RETURN_IF_ERROR(verifier.status());
    applying_ = {scn, changes.data(), 0};
  }
  ChangeReader reader(changes.substr(applying_.offset));
  Change change;
  while (reader.next(&change)) {
    if (change.partition == options_.id && (changes_row(change.op) || change.op == ChangeOp::kDropTree)) {
      if (!has_room()) return ApplyResult{{}, true};
      const PageFault fault = apply_change(scn, change);
      if (fault.needed()) return ApplyResult{fault, false};
    }
    applying_.offset = changes.size() - reader.remaining();
  }
  applying_ = {};
  last_applied_ = scn;
  if (txn != kNoTxn) {
    note_moves(scn, txn);
    pending_.discard(txn);
  }
  return ApplyResult{};
}

/// They are not in the record: after a restart nobody asks.
void PartitionStore::note_moves(Scn scn, TxnId txn) {
  const PendingTransaction* pending = pending_.find(txn);
  if (pending == nullptr || oldest_snapshot_ >= scn) return;
  if (pending->moves_lost()) moved_.lose(scn);
  for (const PendingMove& move : pending->moves()) moved_.add({scn, move.command}, move.tree, move.key, move.place);
}

PageFault PartitionStore::apply_change(Scn scn, const Change& change) {
  if (change.op == ChangeOp::kDropTree) {
    drop_tree(scn, change.tree);
    return {};
  }
  TreeState& state = tree_for_write(change.tree);
  TreePath path;
  if (const PageFault fault = state.tree.locate(change.key, &path); fault.needed()) return fault;
  bool was_tombstone = false;
  if (path.exact) {
    const ValueRef old = state.tree.value_at(path);
    // Applied before: the commit was sent again, or a checkpoint was made in the middle of it.
    if (stored_scn(old) == scn) return {};
    was_tombstone = stored_deleted(old);
    if (oldest_snapshot_ < scn) {
      const std::string_view row = old.overflow == 0 ? old.head.substr(kRowHeaderBytes) : change.before;
      history_.add({change.tree, change.key, stored_scn(old), scn, was_tombstone, row});
    }
  }
  if (change.op == ChangeOp::kErase) {
    apply_erase(scn, change, state, path, was_tombstone);
    return {};
  }
  state.tree.write(path, change.key, RowHeader(scn, 0).view(), change.after);
  state.tombstones -= was_tombstone ? 1 : 0;
  return {};
}

/// Leaves a tombstone while a snapshot may ask for the row: it leads to the history, and it tells other writers that
/// the row changed.
void PartitionStore::apply_erase(Scn scn, const Change& change, TreeState& state, TreePath& path, bool was_tombstone) {
  if (!path.exact) return;
  if (oldest_snapshot_ >= scn) {
    state.tombstones -= was_tombstone ? 1 : 0;
    state.tree.remove(path);
    return;
  }
  state.tree.write(path, change.key, RowHeader(scn, kRowDeleted).view(), {});
  state.tombstones += was_tombstone ? 0 : 1;
  if (tombstone_bytes_ > kTombstoneQueueBytesMax) {
    ++state.unqueued_tombstones;
    return;
  }
  tombstones_.push_back({change.tree, scn, std::string(change.key)});
  tombstone_bytes_ += sizeof(Garbage) + change.key.size();
}

void PartitionStore::drop_tree(Scn scn, TreeId id) {
  TreeState* state = find_tree(id);
  if (state == nullptr || state->dropped_at != kNoScn) return;
  state->dropped_at = scn;
  dropped_.emplace_back(scn, id);
}

}  // namespace troupe
