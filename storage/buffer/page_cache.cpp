#include "storage/buffer/page_cache.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {

PageCache::~PageCache() {
  for (const auto& [word, page] : by_word_) delete page;
}

PageFault PageCache::request(PageAddress address) {
  ++faults_;
  requests_.try_emplace(address, false);
  return {address};
}

bool PageCache::install(PageAddress address, PageImage image) {
  const EndedRequest request = end_request(address);
  if (!request.known || request.cancelled) return false;
  auto* page = new ResidentPage;
  page->image = std::move(image);
  page->word = address.word();
  hold(*page);
  add_clean(*page, true);
  return true;
}

bool PageCache::cancel_request(PageAddress address) {
  const auto at = requests_.find(address);
  if (at == requests_.end()) return false;
  at->second = true;
  return true;
}

PageCache::EndedRequest PageCache::end_request(PageAddress address) {
  const auto at = requests_.find(address);
  if (at == requests_.end()) return {};
  const EndedRequest ended{.known = true, .cancelled = at->second};
  requests_.erase(at);
  return ended;
}

ResidentPage* PageCache::find(uint64_t word) const {
  const auto at = by_word_.find(word);
  return at == by_word_.end() ? nullptr : at->second;
}

ResidentPage* PageCache::take(uint64_t word) {
  const auto at = by_word_.find(word);
  if (at == by_word_.end()) return nullptr;
  ResidentPage* page = at->second;
  by_word_.erase(at);
  return page;
}

void PageCache::hold(ResidentPage& page) { TROUPE_CHECK(by_word_.emplace(page.word, &page).second); }

void PageCache::release(ResidentPage& page) { TROUPE_CHECK(by_word_.erase(page.word) == 1); }

void PageCache::add_clean(ResidentPage& page, bool fresh) {
  clean_bytes_ += page.image.size();
  if (page.resident_children == 0 && !page.pinned) policy_->insert(page, fresh);
}

void PageCache::remove_clean(ResidentPage& page) {
  policy_->remove(page);
  clean_bytes_ -= page.image.size();
}

void PageCache::update_evictable(ResidentPage& page) {
  const bool evictable = page.clean() && page.resident_children == 0 && !page.pinned;
  if (!evictable) {
    policy_->remove(page);
  } else if (page.queue == CacheQueue::kNone) {
    policy_->insert(page, false);
  }
}

void PageCache::shrink(uint64_t other_bytes) {
  const uint64_t least = budget_bytes_ / 4;
  const uint64_t capacity = other_bytes + least > budget_bytes_ ? least : budget_bytes_ - other_bytes;
  while (clean_bytes_ > capacity) {
    ResidentPage* victim = policy_->take_victim(capacity);
    if (victim == nullptr) return;
    evict(*victim);
  }
}

void PageCache::evict(ResidentPage& page) {
  TROUPE_CHECK(page.clean() && page.resident_children == 0 && !page.pinned);
  remove_clean(page);
  if (ResidentPage* parent = page.parent) {
    *std::find(parent->children.begin(), parent->children.end(), &page) = nullptr;
    --parent->resident_children;
    update_evictable(*parent);
  } else {
    release(page);
  }
  delete &page;
  ++evictions_;
}

}  // namespace troupe
