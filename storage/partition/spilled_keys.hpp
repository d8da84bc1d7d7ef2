#pragma once
/// The keys of one transaction in one tree that were too much for memory: in a tree of their own, whose pages a
/// checkpoint writes and whoever needs them faults in, like those of rows. Nothing of it outlives a restart: a
/// checkpoint lists the tree as a dropped one.
/// Owner: the transaction's overlay.
#include <string>
#include <string_view>

#include "storage/partition/command_ranges.hpp"
#include "storage/partition/pending_key.hpp"
#include "storage/tree/tree.hpp"

namespace troupe {

class SpilledKeys {
 public:
  explicit SpilledKeys(Pager& pager) : tree_{pager} {}

  /// Adds newer entries to those that are here, and drops those of commands that were taken back.
  PageFault add(std::string_view key, const PendingKey& newer, const CommandRanges& taken_back);
  /// Fills `found` with the key's entries; none when it has none. Views are valid until the partition's next mutating
  /// call.
  PageFault find(std::string_view key, const CommandRanges& taken_back, PendingKey* found);
  /// The entries of a value that a cursor of tree() gave.
  PageFault read(const ValueRef& value, const CommandRanges& taken_back, PendingKey* found);

  Tree& tree() { return tree_; }
  const Tree& tree() const { return tree_; }

 private:
  Tree tree_;
  std::string encoded_;  ///< reused
};

}  // namespace troupe
