#pragma once
/// The part of a checkpoint that another thread runs: writes the frozen pages to free space, syncs, flips the
/// superblock, syncs. It holds all it needs; the partition goes on reading and writing meanwhile.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "storage/checkpoint/directory.hpp"
#include "storage/checkpoint/superblock.hpp"
#include "storage/page/extent_allocator.hpp"

namespace troupe {

struct CheckpointResult {
  absl::Status status;
  /// A sync or the superblock's write failed: nobody knows what is on the disk. Never retried; the node fences itself
  /// and recovers.
  bool must_fence = false;
  uint64_t pages_written = 0;
  uint64_t bytes_written = 0;

  // For Checkpointer::finish().
  Superblock superblock;
  std::vector<PageAddress> addresses;  ///< of the frozen pages, in their order
  std::vector<PageImage> patched;      ///< images that got their children's words; empty ones did not need it
  std::shared_ptr<const ExtentAllocator> allocator;
};

inline constexpr uint32_t kNoFrozenParent = UINT32_MAX;

/// Children stand before their parents.
struct FrozenPage {
  PageImage image;
  PageKind kind;
  uint32_t parent = kNoFrozenParent;  ///< its index; none: a root
  uint32_t slot = 0;                  ///< the parent's entry that needs this page's word
};

class CheckpointJob {
 public:
  struct Plan {
    File* file = nullptr;
    PageCodec codec = PageCodec::kLz4;
    Superblock previous;
    Superblock next;  ///< without addresses
    Directory directory;
    std::vector<uint32_t> dirty_roots;  ///< per directory tree: its root's index, or kNoFrozenParent
    std::vector<FrozenPage> pages;
    std::vector<PageAddress> released;    ///< free once this checkpoint is durable
    std::vector<PageAddress> being_read;  ///< free too, but for a read under way: only the stored map says so
    std::shared_ptr<const ExtentAllocator> allocator;
    bool disk_full = false;  ///< give back all that is free
  };
  explicit CheckpointJob(Plan plan);

  /// Blocks. Once.
  CheckpointResult run();

 private:
  absl::Status write_pages();
  absl::Status write_page(PageKind kind, std::string_view raw, PageEncoder& encoder, PageAddress* address);
  absl::Status write_superblock(uint64_t offset);
  absl::Status write_directory();
  absl::Status write_free_map();
  void give_room_back();
  absl::Status append(PageKind kind, PageEncoder& encoder, PageAddress address);
  absl::Status flush();
  absl::Status sync();
  void set_parent_word(const FrozenPage& page, PageAddress address);

  Plan plan_;
  CheckpointResult result_;
  std::optional<ExtentAllocator> allocator_;
  std::vector<Extent> holes_;
  PageEncoder encoder_;
  std::string buffer_;  ///< pages that follow one another on disk
  uint64_t buffer_offset_ = 0;
  std::string raw_;
};

}  // namespace troupe
