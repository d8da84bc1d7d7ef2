#include "storage/tree/tree_reclaimer.hpp"

#include "storage/base/check.hpp"

namespace troupe {

TreeReclaimer::~TreeReclaimer() {
  for (const Work& work : items_) {
    if (work.page != nullptr) pager_.forget_subtree(*work.page);
  }
}

void TreeReclaimer::add(Tree& tree) {
  TreeRoot root;
  ResidentPage* page = tree.take_root(&root);
  if (page == nullptr && root.word == 0) return;
  push(page, {root.word, root.level, root.overflow_entries > 0});
}

void TreeReclaimer::push(ResidentPage* page, const ReclaimItem& item) {
  if (page != nullptr) {
    page->parent = nullptr;
    page->pinned = true;
    if (page->clean()) pager_.cache().update_evictable(*page);
  }
  items_.push_back({page, item});
}

PageFault TreeReclaimer::step(uint32_t* budget) {
  while (*budget > 0 && !items_.empty()) {
    Work work = items_.back();
    const bool must_read = work.item.level > 0 || work.item.has_overflow;
    if (work.page == nullptr && must_read) {
      work.page = pager_.cache().take(work.item.word);
      if (work.page == nullptr) return pager_.fault(work.item.word);
      work.page->kind = work.page->page().header().kind;
      work.page->children.resize(work.item.level > 0 ? work.page->page().count() : 0, nullptr);
    }
    items_.pop_back();
    --*budget;
    expand(work);
  }
  return {};
}

/// Frees one page and puts what hangs on it on the stack.
void TreeReclaimer::expand(Work work) {
  if (work.page == nullptr) {
    pager_.discard_word(work.item.word);
    return;
  }
  const SlottedPage view = work.page->page();
  if (view.is_leaf()) {
    for (uint32_t i = 0; view.header().overflow_count > 0 && i < view.count(); ++i) {
      if (view.is_overflow(i)) pager_.free_overflow(view.word(i));
    }
  } else {
    // Backwards, so that the stack gives them in key order, which is about their order on disk.
    for (uint32_t i = view.count(); i-- > 0;) {
      ResidentPage* child = work.page->children[i];
      const uint64_t word = child == nullptr ? view.word(i) : child->word;
      push(child, {word, static_cast<uint8_t>(work.item.level - 1), work.item.has_overflow});
    }
  }
  pager_.discard(*work.page);
}

void TreeReclaimer::settle() {
  std::vector<Work> settled;
  while (!items_.empty()) {
    const Work work = items_.back();
    items_.pop_back();
    if (work.page == nullptr || work.page->clean()) {
      settled.push_back(work);
    } else {
      expand(work);
    }
  }
  items_.assign(settled.rbegin(), settled.rend());
}

void TreeReclaimer::adopt_addresses() {
  for (const Work& work : items_) {
    if (work.page != nullptr) pager_.patch_words(*work.page);
  }
}

std::vector<ReclaimItem> TreeReclaimer::items() const {
  std::vector<ReclaimItem> items;
  items.reserve(items_.size());
  for (const Work& work : items_) {
    ReclaimItem item = work.item;
    if (work.page != nullptr) item.word = work.page->word;
    items.push_back(item);
  }
  return items;
}

}  // namespace troupe
