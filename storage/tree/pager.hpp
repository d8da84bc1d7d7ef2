#pragma once
/// The pages of one partition as its trees see them: made, changed (copied first, unless changed since the last
/// freeze), found, freed; and frozen for a checkpoint and back.
/// Invariant: an extent that the last durable checkpoint refers to is not written again before the next is durable;
/// it waits in freed() meanwhile.
/// Owner: the partition.
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/buffer/page_cache.hpp"

namespace troupe {

/// Words of overflow pages that have no address yet.
inline constexpr uint64_t kProvisionalBit = uint64_t{1} << 63;
constexpr bool is_provisional(uint64_t word) { return (word & kProvisionalBit) != 0; }

struct PagerOptions {
  uint32_t page_bytes = 16 * 1024;
  uint64_t cache_bytes = 256ull << 20;
};

class Pager {
 public:
  explicit Pager(PagerOptions options) : options_{options}, cache_{options.cache_bytes} {}

  uint32_t page_bytes() const { return options_.page_bytes; }
  /// Values above it go to overflow pages.
  uint32_t inline_value_max() const { return inline_value_max_; }

  /// Grows with every freeze.
  uint64_t epoch() const { return epoch_; }

  // Pages of trees.
  ResidentPage* new_page(PageKind kind, uint8_t level);
  bool writable(const ResidentPage& page) const { return page.dirty_epoch == epoch_; }
  /// The parent must be writable (or pinned above a root).
  void make_writable(ResidentPage& page) {
    if (!writable(page)) copy_for_write(page);
  }
  /// The child in `slot`, attached if it has arrived; nullptr when it must be fetched.
  ResidentPage* child(ResidentPage& parent, uint32_t slot, uint64_t word) {
    ResidentPage* page = parent.children[slot];
    return page != nullptr ? page : attach(parent, slot, word);
  }
  PageFault fault(uint64_t word) { return cache_.request(PageAddress(word)); }
  /// Frees the page and its place on disk. It hangs on no parent any more; its children are the caller's.
  void discard(ResidentPage& page);
  /// Frees a page that may or may not be in memory.
  void discard_word(uint64_t word);
  /// Forgets a subtree in memory only.
  void forget_subtree(ResidentPage& page);

  // Overflow pages: one value each.
  uint64_t new_overflow(std::string_view head, std::string_view body);
  /// nullptr: must be fetched.
  ResidentPage* overflow(uint64_t word);
  void free_overflow(uint64_t word) { discard_word(word); }

  // Faults.
  void install(PageAddress address, PageImage image);
  void forget_fault(PageAddress address);
  void forget_faults();
  /// Grows when a cursor's pages may have gone.
  uint64_t evictions() const { return cache_.evictions(); }
  void shrink_cache() { cache_.shrink(dirty_bytes_ + frozen_bytes_); }

  // Freezing; see checkpoint/checkpointer.hpp.
  /// What is freed since the last freeze; and extents that only a read under way still protects.
  struct Freed {
    std::vector<PageAddress> reusable;
    std::vector<PageAddress> being_read;
  };
  bool frozen() const { return !frozen_.empty() || freezing_; }
  Freed begin_freeze();
  uint32_t freeze(ResidentPage& page);
  void end_freeze();
  /// After a checkpoint: its i-th page is at addresses[i]; patched[i] (if any) is its image with its children's words.
  void thaw(const std::vector<PageAddress>& addresses, std::vector<PageImage>& patched);
  /// Brings the words in the dirty pages from `page` down up to date with what thaw() learned. When every tree has
  /// been visited, forget_thawed().
  void patch_words(ResidentPage& page);
  void forget_thawed() { thawed_overflows_.clear(); }
  /// After a failed one: everything frozen is dirty again.
  void unfreeze(Freed freed);

  void free_extent(PageAddress address);
  const std::vector<PageAddress>& freed() const { return freed_; }

  uint64_t dirty_bytes() const { return dirty_bytes_; }
  uint64_t frozen_bytes() const { return frozen_bytes_; }
  const PageCache& cache() const { return cache_; }
  PageCache& cache() { return cache_; }

 private:
  friend class PageEdit;
  ResidentPage* attach(ResidentPage& parent, uint32_t slot, uint64_t word);
  void copy_for_write(ResidentPage& page);

  PagerOptions options_;
  uint32_t inline_value_max_ = std::min<uint32_t>(options_.page_bytes / 4, kInlineValueBytesMax);
  PageCache cache_;
  uint64_t epoch_ = 1;
  uint64_t next_provisional_ = 0;
  uint64_t dirty_bytes_ = 0;
  uint64_t frozen_bytes_ = 0;
  bool freezing_ = false;
  std::vector<PageAddress> freed_;
  std::vector<PageAddress> being_read_;                       ///< free, but a read of it is under way
  std::vector<ResidentPage*> frozen_;                         ///< nullptr: discarded since
  absl::flat_hash_map<uint64_t, uint64_t> thawed_overflows_;  ///< provisional word -> address
};

/// Changes a writable page and keeps the accounts right when its image grows.
class PageEdit : public SlottedEditor {
 public:
  PageEdit(Pager& pager, ResidentPage& page)
      : SlottedEditor(&page.image), pager_{pager}, page_{page}, bytes_before_{page.image.size()} {}
  ~PageEdit() { pager_.dirty_bytes_ += page_.image.size() - uint64_t{bytes_before_}; }
  PageEdit(const PageEdit&) = delete;
  PageEdit& operator=(const PageEdit&) = delete;

 private:
  Pager& pager_;
  ResidentPage& page_;
  uint32_t bytes_before_;
};

}  // namespace troupe
