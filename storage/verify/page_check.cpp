#include "storage/verify/page_check.hpp"

#include <algorithm>
#include <numeric>

#include "storage/base/text.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/page/extent_allocator.hpp"
#include "storage/page/slotted_page.hpp"
#include "storage/tree/tree.hpp"
#include "storage/verify/page_rules.hpp"

namespace troupe {
namespace {

constexpr Extent kSuperblocks{0, kDataStartBytes / kGrainBytes};

std::string at(PageAddress address) { return cat("page at byte ", address.offset_bytes()); }

}  // namespace

uint64_t PageReport::page_count() const { return std::accumulate(pages.begin(), pages.end(), uint64_t{0}); }

PageReport PageCheck::run() {
  extents_.push_back(kSuperblocks);
  if (superblock_.directory.is_null()) return std::move(report_);  // made, and no checkpoint since
  PageImage free_map;
  uint64_t free_grains = 0;
  bool free_known = false;
  if (read(superblock_.free_map, PageKind::kFreeMap, &free_map)) {
    const auto allocator = ExtentAllocator::decode(free_map.view(), 1);
    free_known = allocator.ok();
    if (free_known) free_grains = allocator->free_grains();
    if (!free_known) damaged(cat("free map: ", std_view(allocator.status().message())));
  }
  PageImage image;
  if (!read(superblock_.directory, PageKind::kDirectory, &image)) return std::move(report_);
  const auto directory = decode_directory(image.view());
  if (!directory.ok()) {
    damaged(std::string(directory.status().message()));
    return std::move(report_);
  }
  for (const DirectoryEntry& tree : directory->trees) check_tree(tree);
  for (const ReclaimItem& item : directory->reclaim) {
    Counts of_dropped;
    check_subtree(PageAddress(item.word), item.level, &of_dropped);
    report_.entries -= of_dropped.entries;
  }
  if (free_known) check_extents(free_grains);
  return std::move(report_);
}

/// False, and noted, when the page is damaged.
bool PageCheck::read(PageAddress address, PageKind kind, PageImage* image) {
  const Extent extent = address.extent();
  if (extent.count == 0 || extent.first < kSuperblocks.end() || extent.end() > superblock_.file_grains) {
    damaged(cat(at(address), ": outside of the file's ", superblock_.file_grains * kGrainBytes, " bytes"));
    return false;
  }
  extents_.push_back(extent);
  auto loaded = load_page(file_, address, kind);
  if (!loaded.ok()) {
    damaged(error_fields(loaded.status()).message);
    return false;
  }
  *image = *std::move(loaded);
  ++report_.pages[static_cast<size_t>(kind)];
  report_.stored_bytes += address.size_bytes();
  report_.raw_bytes += image->size();
  if (progress_) progress_(report_);
  return true;
}

void PageCheck::check_tree(const DirectoryEntry& tree) {
  Counts counts;
  if (tree.root.word != 0) check_subtree(PageAddress(tree.root.word), tree.root.level, &counts);
  if (!counts.complete) {
    damaged(cat("tree ", tree.id, ": ", counts.entries, " of ", tree.root.entries, " entries can be read"));
  } else if (counts.entries != tree.root.entries || counts.overflow_entries != tree.root.overflow_entries) {
    damaged(cat("tree ", tree.id, ": ", counts.entries, " entries (", counts.overflow_entries,
                " with overflow pages), its directory says ", tree.root.entries, " (", tree.root.overflow_entries,
                ")"));
  }
}

/// Levels go down by one, so a damaged word cannot lead round in a circle.
void PageCheck::check_subtree(PageAddress address, uint8_t level, Counts* counts) {
  PageImage image;
  if (!read(address, level == 0 ? PageKind::kLeaf : PageKind::kInner, &image)) {
    counts->complete = false;
    return;
  }
  const SlottedPage page(image.data());
  if (const auto problem = page_problem(image, level)) {
    damaged(cat(at(address), ": ", *problem));
    counts->complete = false;
    return;
  }
  if (level == 0) return check_leaf(page, address, counts);
  for (uint32_t i = 0; i < page.count(); ++i) {
    check_subtree(PageAddress(page.word(i)), static_cast<uint8_t>(level - 1), counts);
  }
}

void PageCheck::check_leaf(const SlottedPage& leaf, PageAddress address, Counts* counts) {
  counts->entries += leaf.count();
  report_.entries += leaf.count();
  if (leaf.header().overflow_count == 0) return;
  const uint64_t before = counts->overflow_entries;
  for (uint32_t slot = 0; slot < leaf.count(); ++slot) {
    if (leaf.is_overflow(slot)) check_value(leaf, slot, counts);
  }
  if (counts->overflow_entries - before != leaf.header().overflow_count) {
    damaged(cat(at(address), ": another number of overflow values than its header says"));
  }
}

void PageCheck::check_value(const SlottedPage& leaf, uint32_t slot, Counts* counts) {
  ++counts->overflow_entries;
  const ValueRef value = Tree::value_at(leaf, slot);
  PageImage image;
  if (!read(PageAddress(value.overflow), PageKind::kOverflow, &image)) {
    counts->complete = false;
  } else if (image.size() != value.size) {
    damaged(cat(at(PageAddress(value.overflow)), ": ", image.size(), " bytes, its leaf says ", value.size));
  }
}

/// Two users of one byte would overwrite each other at the next checkpoint.
void PageCheck::check_extents(uint64_t free_grains) {
  std::sort(extents_.begin(), extents_.end());
  uint64_t used = 0;
  for (size_t i = 0; i < extents_.size(); ++i) {
    used += extents_[i].count;
    if (i > 0 && extents_[i].first < extents_[i - 1].end()) {
      damaged(cat(at(PageAddress::of(extents_[i])), ": overlaps the one at byte ",
                  PageAddress::of(extents_[i - 1]).offset_bytes()));
    }
  }
  report_.free_bytes = free_grains * kGrainBytes;
  if (used + free_grains > superblock_.file_grains) {
    damaged(cat("free map: ", (used + free_grains - superblock_.file_grains) * kGrainBytes,
                " bytes are both in use and free"));
  } else {
    report_.lost_bytes = (superblock_.file_grains - used - free_grains) * kGrainBytes;
  }
}

}  // namespace troupe
