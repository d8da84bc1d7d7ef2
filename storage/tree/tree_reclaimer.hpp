#pragma once
/// Frees the pages of dropped trees, a bounded number a call. What is left to do is a stack of subtrees that share
/// nothing; a checkpoint stores it, so that a restart neither leaks an extent nor frees one twice. Leaves are read
/// only when the tree has overflow pages to find.
/// Owner: the partition.
#include <memory>
#include <vector>

#include "storage/tree/tree.hpp"

namespace troupe {

/// A subtree still to be freed, as a checkpoint stores it.
struct ReclaimItem {
  uint64_t word = 0;
  uint8_t level = 0;
  bool has_overflow = false;
};

class TreeReclaimer {
 public:
  explicit TreeReclaimer(Pager& pager) : pager_{pager} {}
  ~TreeReclaimer();
  TreeReclaimer(const TreeReclaimer&) = delete;
  TreeReclaimer& operator=(const TreeReclaimer&) = delete;

  void add(Tree& tree);
  void add(const ReclaimItem& item) { items_.push_back({nullptr, item}); }
  bool idle() const { return items_.empty(); }
  /// Frees up to `*budget` pages and counts it down.
  PageFault step(uint32_t* budget);
  /// For a checkpoint that begins: no subtree left starts with a changed page. Costs no more than there are such.
  void settle();
  std::vector<ReclaimItem> items() const;
  /// A finished checkpoint gave pages their addresses.
  void adopt_addresses();

 private:
  struct Work {
    ResidentPage* page;  ///< pinned; nullptr: on disk
    ReclaimItem item;
  };
  void expand(Work work);
  void push(ResidentPage* page, const ReclaimItem& item);

  Pager& pager_;
  std::vector<Work> items_;
};

}  // namespace troupe
