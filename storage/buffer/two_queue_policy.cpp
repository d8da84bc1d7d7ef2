#include <deque>

#include "absl/container/flat_hash_map.h"
#include "storage/base/check.hpp"
#include "storage/buffer/replacement_policy.hpp"

namespace troupe {
namespace {

/// Pages that came last are not evicted whatever the budget: the operation that waits for them must find all of its
/// path when it runs again.
constexpr size_t kProtectedPages = 64;
/// 2Q's Kin: the part of the cache for pages read once.
constexpr uint64_t kRecentFraction = 4;
/// 2Q's Kout: how many evicted pages are remembered, at least.
constexpr size_t kRememberedMin = 64;

/// Intrusive list; new pages at the back.
struct PageList {
  ResidentPage* front = nullptr;
  ResidentPage* back = nullptr;
  size_t size = 0;
  uint64_t bytes = 0;

  void push_back(ResidentPage& page) {
    page.previous = back;
    page.next = nullptr;
    (back != nullptr ? back->next : front) = &page;
    back = &page;
    ++size;
    bytes += page.image.size();
  }
  void erase(ResidentPage& page) {
    (page.previous != nullptr ? page.previous->next : front) = page.next;
    (page.next != nullptr ? page.next->previous : back) = page.previous;
    page.previous = page.next = nullptr;
    --size;
    bytes -= page.image.size();
  }
};

class TwoQueuePolicy final : public ReplacementPolicy {
 public:
  void insert(ResidentPage& page, bool fresh) override {
    TROUPE_CHECK(page.queue == CacheQueue::kNone);
    const bool frequent = !fresh || forget(page.word);
    page.queue = frequent ? CacheQueue::kFrequent : CacheQueue::kRecent;
    // A page that just arrived passes the clock once before it can go.
    page.referenced = frequent;
    list_of(page).push_back(page);
  }

  void remove(ResidentPage& page) override {
    if (page.queue == CacheQueue::kNone) return;
    list_of(page).erase(page);
    page.queue = CacheQueue::kNone;
  }

  ResidentPage* take_victim(uint64_t capacity_bytes) override {
    const bool recent_is_full = recent_.bytes > capacity_bytes / kRecentFraction || frequent_.size == 0;
    if (recent_is_full && recent_.size > kProtectedPages) return take_recent();
    if (ResidentPage* page = take_frequent()) return page;
    return recent_.size > kProtectedPages ? take_recent() : nullptr;
  }

  void check_invariants() const override {
    check_list(recent_, CacheQueue::kRecent);
    check_list(frequent_, CacheQueue::kFrequent);
    TROUPE_CHECK(remembered_.size() <= remembered_order_.size());
  }

 private:
  PageList& list_of(const ResidentPage& page) { return page.queue == CacheQueue::kRecent ? recent_ : frequent_; }

  ResidentPage* take_recent() {
    ResidentPage* page = recent_.front;
    remove(*page);
    remember(page->word);
    return page;
  }

  /// The clock: a page used since it was looked at goes round again. Each flag is cleared once, so this ends.
  ResidentPage* take_frequent() {
    while (frequent_.size > 0) {
      ResidentPage* page = frequent_.front;
      if (!page->referenced) {
        remove(*page);
        return page;
      }
      if (frequent_.size <= kProtectedPages && recent_.size > kProtectedPages) return nullptr;
      page->referenced = false;
      frequent_.erase(*page);
      frequent_.push_back(*page);
    }
    return nullptr;
  }

  void remember(uint64_t word) {
    remembered_[word] = ++stamp_;
    remembered_order_.emplace_back(word, stamp_);
    const size_t limit = std::max(kRememberedMin, (recent_.size + frequent_.size) / 2);
    while (remembered_order_.size() > limit) {
      const auto [oldest, stamp] = remembered_order_.front();
      remembered_order_.pop_front();
      if (const auto at = remembered_.find(oldest); at != remembered_.end() && at->second == stamp) {
        remembered_.erase(at);
      }
    }
  }
  bool forget(uint64_t word) { return remembered_.erase(word) > 0; }

  static void check_list(const PageList& list, CacheQueue queue) {
    size_t size = 0;
    uint64_t bytes = 0;
    for (const ResidentPage* page = list.front; page != nullptr; page = page->next) {
      TROUPE_CHECK(page->queue == queue && page->clean() && page->resident_children == 0);
      ++size;
      bytes += page->image.size();
    }
    TROUPE_CHECK(size == list.size && bytes == list.bytes);
  }

  PageList recent_;                                     ///< 2Q's A1in
  PageList frequent_;                                   ///< Am
  absl::flat_hash_map<uint64_t, uint64_t> remembered_;  ///< A1out: word -> stamp
  std::deque<std::pair<uint64_t, uint64_t>> remembered_order_;
  uint64_t stamp_ = 0;
};

}  // namespace

std::unique_ptr<ReplacementPolicy> make_two_queue_policy() { return std::make_unique<TwoQueuePolicy>(); }

}  // namespace troupe
