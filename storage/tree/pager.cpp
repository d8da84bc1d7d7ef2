#include "storage/tree/pager.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// A page about to be changed gets room for a typical insert, so that it is not copied twice.
constexpr uint32_t kRoomBytes = 256;

}  // namespace

ResidentPage* Pager::new_page(PageKind kind, uint8_t level) {
  auto* page = new ResidentPage;
  page->kind = kind;
  page->image = SlottedEditor::make_page(kind, level, 0);
  page->dirty_epoch = epoch_;
  dirty_bytes_ += page->image.size();
  return page;
}

ResidentPage* Pager::attach(ResidentPage& parent, uint32_t slot, uint64_t word) {
  ResidentPage* page = cache_.take(word);
  if (page == nullptr) return nullptr;
  page->kind = page->page().header().kind;
  page->parent = &parent;
  if (page->kind == PageKind::kInner) page->children.resize(page->page().count(), nullptr);
  parent.children[slot] = page;
  ++parent.resident_children;
  cache_.update_evictable(parent);
  return page;
}

void Pager::copy_for_write(ResidentPage& page) {
  TROUPE_CHECK(page.parent == nullptr || page.parent->pinned || writable(*page.parent));
  if (page.clean()) {
    cache_.remove_clean(page);
    free_extent(PageAddress(page.word));
    page.word = 0;
    if (!page.image.unique()) page.image = SlottedEditor::copy_of(page.image, kRoomBytes);
  } else {
    page.image = SlottedEditor::copy_of(page.image, kRoomBytes);
  }
  page.dirty_epoch = epoch_;
  dirty_bytes_ += page.image.size();
}

void Pager::discard(ResidentPage& page) {
  if (page.frozen_index != kNotFrozen) frozen_[page.frozen_index] = nullptr;
  if (page.clean()) {
    cache_.remove_clean(page);
    free_extent(PageAddress(page.word));
  } else if (writable(page)) {
    dirty_bytes_ -= page.image.size();
  }
  delete &page;
}

void Pager::discard_word(uint64_t word) {
  if (ResidentPage* page = cache_.take(word)) {
    discard(*page);
  } else {
    TROUPE_CHECK(!is_provisional(word));
    free_extent(PageAddress(word));
  }
}

void Pager::forget_subtree(ResidentPage& page) {
  for (ResidentPage* child : page.children) {
    if (child != nullptr) forget_subtree(*child);
  }
  if (page.frozen_index != kNotFrozen) frozen_[page.frozen_index] = nullptr;
  if (page.clean()) {
    cache_.remove_clean(page);
  } else if (writable(page)) {
    dirty_bytes_ -= page.image.size();
  }
  delete &page;
}

uint64_t Pager::new_overflow(std::string_view head, std::string_view body) {
  auto* page = new ResidentPage;
  page->kind = PageKind::kOverflow;
  page->image = PageImage::allocate(static_cast<uint32_t>(head.size() + body.size()));
  std::copy(head.begin(), head.end(), page->image.mutable_data());
  std::copy(body.begin(), body.end(), page->image.mutable_data() + head.size());
  page->dirty_epoch = epoch_;
  page->word = kProvisionalBit | ++next_provisional_;
  dirty_bytes_ += page->image.size();
  cache_.hold(*page);
  return page->word;
}

ResidentPage* Pager::overflow(uint64_t word) {
  ResidentPage* page = cache_.find(word);
  if (page != nullptr) {
    page->kind = PageKind::kOverflow;
    page->referenced = true;
  }
  return page;
}

void Pager::install(PageAddress address, PageImage image) {
  if (cache_.install(address, std::move(image))) {
    shrink_cache();
  } else {
    forget_fault(address);
  }
}

void Pager::forget_fault(PageAddress address) {
  cache_.end_request(address);
  const auto waiting = std::find(being_read_.begin(), being_read_.end(), address);
  if (waiting == being_read_.end()) return;
  being_read_.erase(waiting);
  freed_.push_back(address);
}

void Pager::forget_faults() {
  cache_.forget_requests();
  freed_.insert(freed_.end(), being_read_.begin(), being_read_.end());
  being_read_.clear();
}

void Pager::free_extent(PageAddress address) {
  TROUPE_CHECK(!address.is_null());
  if (cache_.cancel_request(address)) {
    being_read_.push_back(address);
  } else {
    freed_.push_back(address);
  }
}

Pager::Freed Pager::begin_freeze() {
  TROUPE_CHECK(!frozen());
  freezing_ = true;
  return {std::exchange(freed_, {}), being_read_};
}

uint32_t Pager::freeze(ResidentPage& page) {
  page.frozen_index = static_cast<uint32_t>(frozen_.size());
  frozen_.push_back(&page);
  return page.frozen_index;
}

void Pager::end_freeze() {
  ++epoch_;
  frozen_bytes_ = std::exchange(dirty_bytes_, 0);
}

void Pager::thaw(const std::vector<PageAddress>& addresses, std::vector<PageImage>& patched) {
  for (size_t i = 0; i < frozen_.size(); ++i) {
    ResidentPage* page = frozen_[i];
    if (page == nullptr) {
      free_extent(addresses[i]);
      continue;
    }
    page->frozen_index = kNotFrozen;
    if (writable(*page)) {  // changed meanwhile: what was written is of use to that checkpoint only
      free_extent(addresses[i]);
      continue;
    }
    page->dirty_epoch = 0;
    if (page->kind == PageKind::kOverflow) {
      cache_.release(*page);
      thawed_overflows_.emplace(page->word, addresses[i].word());
    }
    page->word = addresses[i].word();
    if (page->kind == PageKind::kOverflow) cache_.hold(*page);
    if (patched[i]) page->image = std::move(patched[i]);
    cache_.add_clean(*page, false);
  }
  frozen_.clear();
  frozen_bytes_ = 0;
  freezing_ = false;
}

void Pager::patch_words(ResidentPage& page) {
  if (page.clean()) return;
  PageEdit edit(*this, page);
  if (page.kind == PageKind::kInner) {
    for (uint32_t i = 0; i < page.children.size(); ++i) {
      ResidentPage* child = page.children[i];
      if (child == nullptr) continue;
      patch_words(*child);
      if (child->clean()) edit.set_word(i, child->word);
    }
    return;
  }
  if (edit.page().header().overflow_count == 0) return;
  for (uint32_t i = 0; i < edit.page().count(); ++i) {
    if (!edit.page().is_overflow(i)) continue;
    const auto thawed = thawed_overflows_.find(edit.page().word(i));
    if (thawed != thawed_overflows_.end()) edit.set_word(i, thawed->second);
  }
}

void Pager::unfreeze(Freed freed) {
  // What a read still holds stayed in being_read_, or moved to freed_ when that read ended.
  freed_.insert(freed_.begin(), freed.reusable.begin(), freed.reusable.end());
  for (ResidentPage* page : frozen_) {
    if (page == nullptr) continue;
    page->frozen_index = kNotFrozen;
    if (writable(*page)) continue;
    page->dirty_epoch = epoch_;
    const bool shared = !page->image.unique();
    if (shared && page->kind != PageKind::kOverflow) page->image = SlottedEditor::copy_of(page->image, 0);
    dirty_bytes_ += page->image.size();
  }
  frozen_.clear();
  frozen_bytes_ = 0;
  freezing_ = false;
}

}  // namespace troupe
