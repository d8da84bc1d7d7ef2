#pragma once
/// Walks what a transaction has pending in one tree, in key order either way: the keys in memory and the spilled ones
/// as one. As a TreeCursor it stays valid until the overlay changes or a page is installed, and a step that needs a page
/// leaves it where it was.
#include <optional>

#include "storage/partition/pending_writes.hpp"
#include "storage/tree/tree_cursor.hpp"

namespace troupe {

class PendingCursor {
 public:
  /// The transaction must have an overlay of `tree`.
  PendingCursor(PendingTransaction& pending, TreeId tree);

  /// The first key not below `key`, or the last one below it.
  PageFault seek(std::string_view key);
  PageFault seek_before(std::string_view key);
  PageFault seek_last();
  PageFault next();
  PageFault previous();

  bool valid() const { return in_memory() || in_pages(); }
  std::string_view key() const { return memory_is_current() ? at_->first : pages_->key(); }
  /// The key's entries; nullptr when all of them were taken back.
  PageFault read(const PendingKey** found);
  /// As TreeCursor's, in the direction it was going.
  void read_ahead(size_t pages_max, std::vector<PageAddress>* out) {
    if (pages_) pages_->read_ahead(forward_, pages_max, out);
  }

 private:
  bool in_memory() const { return memory_left_; }
  bool in_pages() const { return pages_.has_value() && pages_->valid(); }
  int compare() const { return at_->first.compare(pages_->key()); }
  bool memory_is_current() const { return in_memory() && (!in_pages() || (forward_ ? compare() <= 0 : compare() >= 0)); }
  bool pages_are_current() const { return in_pages() && (!in_memory() || (forward_ ? compare() >= 0 : compare() <= 0)); }
  void step_back_in_memory();

  PendingTransaction& pending_;
  PendingOverlay& overlay_;
  PendingTree::const_iterator at_;
  bool memory_left_ = false;
  bool forward_ = true;
  std::optional<TreeCursor> pages_;
  PendingKey merged_;
};

}  // namespace troupe
