#include "storage/tree/tree_cursor.hpp"

namespace troupe {

void TreeCursor::enter_leaf(ResidentPage* page, uint32_t slot) {
  page->referenced = true;
  leaf_ = page->page();
  slot_ = slot;
  count_ = leaf_.count();
}

ValueRef TreeCursor::overflow_value() const { return tree_.value_at(leaf_, slot_); }

/// From `page`, which takes the path's place `depth`, down to its first or last leaf entry. Changes the path only
/// when all pages are there.
PageFault TreeCursor::descend(int depth, ResidentPage* page, bool to_first) {
  TreePath::Step below[kTreeDepthMax];
  int count = 0;
  for (;;) {
    const SlottedPage view = page->page();
    const uint32_t slot = to_first ? 0 : view.count() - 1;
    below[count++] = {page, slot};
    if (view.is_leaf()) break;
    ResidentPage* child = tree_.pager_.child(*page, slot, view.word(slot));
    if (child == nullptr) {
      fault_parent_ = page;
      fault_slot_ = slot;
      return tree_.pager_.fault(view.word(slot));
    }
    page = child;
  }
  std::copy(below, below + count, path_.steps + depth);
  path_.depth = depth + count;
  enter_leaf(path_.leaf().page, path_.leaf().slot);
  return {};
}

PageFault TreeCursor::next_leaf() {
  for (int depth = path_.depth - 2; depth >= 0; --depth) {
    auto& [page, slot] = path_.steps[depth];
    const SlottedPage view = page->page();
    if (slot + 1 == view.count()) continue;
    ResidentPage* child = tree_.pager_.child(*page, slot + 1, view.word(slot + 1));
    if (child == nullptr) {
      fault_parent_ = page;
      fault_slot_ = slot + 1;
      return tree_.pager_.fault(view.word(slot + 1));
    }
    const PageFault fault = descend(depth + 1, child, true);
    if (!fault.needed()) ++slot;
    return fault;
  }
  path_.depth = 0;
  return {};
}

PageFault TreeCursor::previous_leaf() {
  for (int depth = path_.depth - 2; depth >= 0; --depth) {
    auto& [page, slot] = path_.steps[depth];
    if (slot == 0) continue;
    const SlottedPage view = page->page();
    ResidentPage* child = tree_.pager_.child(*page, slot - 1, view.word(slot - 1));
    if (child == nullptr) {
      fault_parent_ = page;
      fault_slot_ = slot - 1;
      return tree_.pager_.fault(view.word(slot - 1));
    }
    const PageFault fault = descend(depth + 1, child, false);
    if (!fault.needed()) --slot;
    return fault;
  }
  path_.depth = 0;
  return {};
}

PageFault TreeCursor::seek(std::string_view key) {
  fault_parent_ = nullptr;
  if (const PageFault fault = tree_.locate(key, &path_); fault.needed()) {
    if (path_.depth > 0) std::tie(fault_parent_, fault_slot_) = std::tie(path_.leaf().page, path_.leaf().slot);
    path_.depth = 0;
    return fault;
  }
  if (path_.depth == 0) return {};
  enter_leaf(path_.leaf().page, path_.leaf().slot);
  if (slot_ < count_) return {};
  const PageFault fault = next_leaf();
  if (fault.needed()) path_.depth = 0;
  return fault;
}

PageFault TreeCursor::seek_before(std::string_view key) {
  fault_parent_ = nullptr;
  if (const PageFault fault = tree_.locate(key, &path_); fault.needed()) {
    if (path_.depth > 0) std::tie(fault_parent_, fault_slot_) = std::tie(path_.leaf().page, path_.leaf().slot);
    path_.depth = 0;
    return fault;
  }
  if (path_.depth == 0) return {};
  enter_leaf(path_.leaf().page, path_.leaf().slot);
  const PageFault fault = previous();
  if (fault.needed()) path_.depth = 0;
  return fault;
}

PageFault TreeCursor::seek_last() {
  path_.depth = 0;
  fault_parent_ = nullptr;
  if (tree_.empty()) return {};
  ResidentPage* root = tree_.load_root();
  if (root == nullptr) return tree_.pager_.fault(tree_.anchor_.word);
  return descend(0, root, false);
}

void TreeCursor::read_ahead(bool forward, size_t pages_max, std::vector<PageAddress>* out) {
  if (fault_parent_ == nullptr || fault_parent_->page().level() != 1) return;
  const SlottedPage view = fault_parent_->page();
  for (size_t i = 1; i <= pages_max; ++i) {
    if (forward ? fault_slot_ + i >= view.count() : fault_slot_ < i) return;
    const auto slot = static_cast<uint32_t>(forward ? fault_slot_ + i : fault_slot_ - i);
    if (tree_.pager_.child(*fault_parent_, slot, view.word(slot)) != nullptr) return;
    out->push_back(tree_.pager_.fault(view.word(slot)).address);
  }
}

}  // namespace troupe
