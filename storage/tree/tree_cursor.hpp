#pragma once
/// Walks a tree's entries in either direction. Its place is a key: after any change of the tree, or after install(),
/// seek again. A step that needs a page leaves the cursor where it was, so that its key can be taken.
#include <vector>

#include "storage/tree/tree.hpp"

namespace troupe {

class TreeCursor {
 public:
  explicit TreeCursor(Tree& tree) : tree_{tree} { path_.depth = 0; }

  bool valid() const { return path_.depth > 0; }
  std::string_view key() const { return leaf_.key(slot_); }
  ValueRef value() const {
    if (!leaf_.is_overflow(slot_)) [[likely]] {
      const std::string_view stored = leaf_.value(slot_);
      return {stored, stored.size(), 0};
    }
    return overflow_value();
  }

  /// The first entry.
  PageFault seek_first() { return seek({}); }
  PageFault seek_last();
  /// The first entry not below `key`.
  PageFault seek(std::string_view key);
  /// The last entry below `key`.
  PageFault seek_before(std::string_view key);
  /// Past the last (first) entry the cursor is not valid any more.
  PageFault next() {
    if (slot_ + 1 < count_) [[likely]] {
      ++slot_;
      return {};
    }
    return next_leaf();
  }
  PageFault previous() {
    if (slot_ > 0) [[likely]] {
      --slot_;
      return {};
    }
    return previous_leaf();
  }

  /// The leaves after (before) the one a fault was about, as far as one inner page knows them: to be fetched with it.
  void read_ahead(bool forward, size_t pages_max, std::vector<PageAddress>* out);

 private:
  PageFault next_leaf();
  PageFault previous_leaf();
  PageFault descend(int depth, ResidentPage* page, bool to_first);
  void enter_leaf(ResidentPage* page, uint32_t slot);
  ValueRef overflow_value() const;

  Tree& tree_;
  TreePath path_;  ///< inner pages; the leaf is the last step
  SlottedPage leaf_{nullptr};
  uint32_t slot_ = 0;
  uint32_t count_ = 0;
  ResidentPage* fault_parent_ = nullptr;  ///< of the page that the last fault was about
  uint32_t fault_slot_ = 0;
};

}  // namespace troupe
