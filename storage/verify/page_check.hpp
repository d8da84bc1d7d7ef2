#pragma once
/// Walks every page that the newest checkpoint of one data file reaches and checks each: checksum, own address, kind,
/// order of keys, counts, and that no two pages share a byte. Goes on behind a damaged page with what else it reaches.
/// Reads only. Single-threaded; memory: 16 bytes a page.
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/checkpoint/directory.hpp"
#include "storage/checkpoint/superblock.hpp"
#include "storage/page/page_format.hpp"
#include "storage/page/slotted_page.hpp"

namespace troupe {

/// What has been found so far.
struct PageReport {
  std::array<uint64_t, 6> pages{};  ///< good ones, by PageKind
  uint64_t stored_bytes = 0;        ///< in the file
  uint64_t raw_bytes = 0;           ///< decompressed
  uint64_t entries = 0;             ///< of all trees
  uint64_t free_bytes = 0;          ///< the free map's
  uint64_t lost_bytes = 0;          ///< neither reached nor free; 0 when nothing is damaged
  std::vector<std::string> damage;

  uint64_t page_count() const;
};

class PageCheck {
 public:
  /// `progress`, which may be empty, is called behind each page.
  PageCheck(const File& file, const Superblock& superblock, std::function<void(const PageReport&)> progress = {})
      : file_{file}, superblock_{superblock}, progress_{std::move(progress)} {}

  /// Once.
  PageReport run();

 private:
  struct Counts {
    uint64_t entries = 0;
    uint64_t overflow_entries = 0;
    bool complete = true;  ///< no page was missing
  };
  bool read(PageAddress address, PageKind kind, PageImage* image);
  void check_tree(const DirectoryEntry& tree);
  void check_subtree(PageAddress address, uint8_t level, Counts* counts);
  void check_leaf(const SlottedPage& leaf, PageAddress address, Counts* counts);
  void check_value(const SlottedPage& leaf, uint32_t slot, Counts* counts);
  void check_extents(uint64_t free_grains);
  void damaged(std::string what) { report_.damage.push_back(std::move(what)); }

  const File& file_;
  const Superblock& superblock_;
  const std::function<void(const PageReport&)> progress_;
  PageReport report_;
  std::vector<Extent> extents_;
};

}  // namespace troupe
