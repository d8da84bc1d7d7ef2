/// PartitionStore: what no snapshot needs any more goes, a slice at a time.
#include <algorithm>

#include "storage/base/check.hpp"
#include "storage/partition/partition_store.hpp"
#include "storage/partition/tree_state.hpp"
#include "storage/tree/tree_cursor.hpp"

namespace troupe {
namespace {

/// Tombstones that are not listed are worth reading the whole tree for when they are one entry in so many.
constexpr uint64_t kSweepEntriesPerTombstone = 16;

}  // namespace

void PartitionStore::set_oldest_snapshot(Scn scn) {
  if (scn <= oldest_snapshot_) return;
  oldest_snapshot_ = scn;
  history_.set_oldest_snapshot(scn);
  moved_.set_oldest_snapshot(scn);
}

void PartitionStore::release_tree(TreeId id) {
  const auto at = trees_.find(id);
  reclaimer_->add(at->second->tree);
  trees_.erase(at);
}

PartitionStore::GarbageProgress PartitionStore::collect_garbage(uint32_t budget) {
  while (budget > 0 && !dropped_.empty() && dropped_.front().first <= oldest_snapshot_) {
    release_tree(dropped_.front().second);
    dropped_.pop_front();
    --budget;
  }
  for (const auto work : {&PartitionStore::collect_tombstones, &PartitionStore::sweep_trees}) {
    const PageFault fault = (this->*work)(&budget);
    if (fault.needed()) return {false, fault};
  }
  const PageFault fault = reclaimer_->step(&budget);
  return {budget > 0 && !fault.needed(), fault};
}

PageFault PartitionStore::collect_tombstones(uint32_t* budget) {
  while (*budget > 0 && !tombstones_.empty() && tombstones_.front().scn <= oldest_snapshot_) {
    const Garbage& garbage = tombstones_.front();
    if (TreeState* state = find_tree(garbage.tree); state != nullptr && state->dropped_at == kNoScn) {
      TreePath path;
      if (const PageFault fault = state->tree.locate(garbage.key, &path); fault.needed()) return fault;
      const bool still =
          path.exact && stored_deleted(Tree::value_at(path)) && stored_scn(Tree::value_at(path)) <= oldest_snapshot_;
      if (still) {
        state->tree.remove(path);
        --state->tombstones;
      }
    }
    tombstone_bytes_ -= sizeof(Garbage) + garbage.key.size();
    tombstones_.pop_front();
    --*budget;
  }
  return {};
}

PageFault PartitionStore::sweep_trees(uint32_t* budget) {
  for (TreeState* state : ordered_trees()) {
    if (*budget == 0) return {};
    if (state->dropped_at != kNoScn) continue;
    state->unqueued_tombstones = std::min(state->unqueued_tombstones, state->tombstones);
    const bool worth = state->unqueued_tombstones * kSweepEntriesPerTombstone > state->tree.entries() &&
                       state->unqueued_tombstones > state->sweep_left;
    if (!worth && !state->sweeping) continue;
    if (const PageFault fault = sweep_tree(*state, budget); fault.needed()) return fault;
  }
  return {};
}

/// Walks a tree for tombstones that are not listed, and goes on where it stopped.
PageFault PartitionStore::sweep_tree(TreeState& state, uint32_t* budget) {
  if (!state.sweeping) {
    state.sweeping = true;
    state.sweep_position.clear();
    state.sweep_left = 0;
  }
  TreeCursor cursor(state.tree);
  PageFault fault = cursor.seek(state.sweep_position);
  while (!fault.needed() && cursor.valid() && *budget > 0) {
    --*budget;
    state.sweep_position.assign(cursor.key());
    const bool tombstone = stored_deleted(cursor.value());
    if (tombstone && stored_scn(cursor.value()) <= oldest_snapshot_) {
      fault = state.tree.erase(state.sweep_position);
      TROUPE_CHECK(!fault.needed());
      --state.tombstones;
      fault = cursor.seek(state.sweep_position);
      continue;
    }
    state.sweep_left += tombstone ? 1 : 0;
    state.sweep_position.push_back('\0');  // the next key there can be
    fault = cursor.next();
  }
  if (fault.needed() || cursor.valid()) return fault;
  state.sweeping = false;
  state.unqueued_tombstones = state.sweep_left;
  return {};
}

}  // namespace troupe
