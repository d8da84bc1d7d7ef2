#pragma once
/// One tree of a partition and what the partition knows about it.
#include <string>

#include "storage/partition/partition_store.hpp"
#include "storage/partition/stored_row.hpp"

namespace troupe {

struct PartitionStore::TreeState {
  TreeState(Pager& pager, TreeId tree_id, const TreeRoot& root) : id{tree_id}, tree{pager, root} {}

  TreeId id;
  Tree tree;
  Scn dropped_at = kNoScn;           ///< kNoScn: not dropped
  uint64_t tombstones = 0;           ///< entries that are deletions
  uint64_t unqueued_tombstones = 0;  ///< of them, those that only a sweep of the tree finds
  bool sweeping = false;
  std::string sweep_position;  ///< the sweep goes on after this key
  uint64_t sweep_left = 0;     ///< tombstones the sweep had to leave
  double entry_bytes = 0;      ///< the average when a leaf was last seen in memory
};

}  // namespace troupe
