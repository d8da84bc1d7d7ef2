#pragma once
/// One page in memory and its place in its tree. Children are reached by pointer, without a look-up.
/// Invariants: the address word that a parent's image holds for a clean child is right, so a clean child can be
/// evicted by forgetting it; a page that is not clean has a parent that is not clean either.
#include <cstdint>
#include <vector>

#include "storage/page/slotted_page.hpp"

namespace troupe {

/// Which list of the replacement policy a page is in.
enum class CacheQueue : uint8_t { kNone, kRecent, kFrequent };

inline constexpr uint32_t kNotFrozen = UINT32_MAX;

struct ResidentPage {
  PageImage image;
  ResidentPage* parent = nullptr;       ///< none: an overflow page, or arrived and not yet attached
  std::vector<ResidentPage*> children;  ///< of an inner page, parallel to its slots; nullptr: not in memory
  uint32_t resident_children = 0;
  uint32_t frozen_index = kNotFrozen;  ///< its place in the running checkpoint
  uint64_t dirty_epoch = 0;            ///< 0: clean; the pager's epoch: may be changed in place
  uint64_t word = 0;                   ///< clean: its address; a dirty overflow page: its provisional word
  PageKind kind = PageKind::kLeaf;
  CacheQueue queue = CacheQueue::kNone;
  bool referenced = false;  ///< since the policy looked last
  bool pinned = false;      ///< never evicted: stands above a root, or is being reclaimed
  ResidentPage* previous = nullptr;
  ResidentPage* next = nullptr;

  SlottedPage page() const { return SlottedPage(image.data()); }
  bool clean() const { return dirty_epoch == 0; }
};

}  // namespace troupe
