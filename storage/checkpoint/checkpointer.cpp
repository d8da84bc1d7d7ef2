#include "storage/checkpoint/checkpointer.hpp"

#include "storage/base/check.hpp"
#include "storage/buffer/load_page.hpp"

namespace troupe {
namespace {

constexpr uint64_t kDataStartGrains = kDataStartBytes / kGrainBytes;

/// An empty file with a valid superblock: from now on, a file without one is a damaged one.
absl::StatusOr<OpenedCheckpoint> format_data_file(FileSystem& files, const std::string& path,
                                                  std::unique_ptr<File> file, const DataFileOptions& options) {
  OpenedCheckpoint opened;
  opened.superblock.sequence = 1;
  opened.superblock.partition = options.partition;
  opened.superblock.file_grains = kDataStartGrains;
  TROUPE_RETURN_IF_ERROR(file->write(0, encode_superblock(opened.superblock)));
  TROUPE_RETURN_IF_ERROR(file->write(kSuperblockBytes, encode_superblock(opened.superblock)));
  TROUPE_RETURN_IF_ERROR(file->sync());
  TROUPE_RETURN_IF_ERROR(files.sync_directory(parent_path(path)));
  opened.file = std::move(file);
  opened.allocator =
      std::make_shared<const ExtentAllocator>(kDataStartGrains, kDataStartGrains, grains_for(options.growth_bytes));
  return opened;
}

/// Checkpoint pages are named in the error, because the reader cannot know what "page at byte n" was for.
template <typename T>
absl::StatusOr<T> with_context(absl::StatusOr<T> value, std::string_view context) {
  if (!value.ok()) return annotate(value.status(), context);
  return value;
}

}  // namespace

absl::StatusOr<OpenedCheckpoint> open_data_file(FileSystem& files, const std::string& path,
                                                const DataFileOptions& options) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.open(path, {.write = true, .create = options.create}));
  TROUPE_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  auto superblock = read_superblock(*file);
  if (!superblock.ok()) {
    const bool never_used = size <= kDataStartBytes && options.create;
    if (!never_used || error_code(superblock.status()) != ErrorCode::kDataCorrupted) return superblock.status();
    return format_data_file(files, path, std::move(file), options);
  }
  if (superblock->partition != options.partition) {
    return error(ErrorCode::kDataCorrupted, path, " belongs to partition ", superblock->partition, ", expected ",
                 options.partition);
  }
  OpenedCheckpoint opened;
  opened.superblock = *superblock;
  TROUPE_ASSIGN_OR_RETURN(opened.repaired, repair_superblocks(*file));
  ExtentAllocator allocator(kDataStartGrains, kDataStartGrains, grains_for(options.growth_bytes));
  if (!superblock->directory.is_null()) {
    TROUPE_ASSIGN_OR_RETURN(
        const PageImage directory,
        with_context(load_page(*file, superblock->directory, PageKind::kDirectory), "tree directory"));
    TROUPE_ASSIGN_OR_RETURN(opened.directory, decode_directory(directory.view()));
    TROUPE_ASSIGN_OR_RETURN(const PageImage free_map,
                            with_context(load_page(*file, superblock->free_map, PageKind::kFreeMap), "free map"));
    TROUPE_ASSIGN_OR_RETURN(allocator, ExtentAllocator::decode(free_map.view(), grains_for(options.growth_bytes)));
  }
  opened.file = std::move(file);
  opened.allocator = std::make_shared<const ExtentAllocator>(std::move(allocator));
  return opened;
}

std::unique_ptr<CheckpointJob> Checkpointer::begin(Scn covered, const CheckpointMetadata& metadata,
                                                   const std::vector<CheckpointTree>& trees, bool disk_full) {
  TROUPE_CHECK(!running_);
  running_ = true;
  reclaimer_.settle();
  freed_ = pager_.begin_freeze();
  CheckpointJob::Plan plan;
  plan.file = &file_;
  plan.codec = codec_;
  plan.previous = superblock_;
  plan.next = superblock_;
  plan.next.sequence += 1;
  plan.next.covered_scn = covered;
  plan.next.metadata = metadata;
  for (const CheckpointTree& tree : trees) {
    plan.directory.trees.push_back({tree.id, tree.tree->root(), tree.dropped_at, tree.tombstones});
    plan.dirty_roots.push_back(tree.tree->dirty() ? freeze(*tree.tree->root_page(), &plan.pages) : kNoFrozenParent);
  }
  plan.directory.reclaim = reclaimer_.items();
  plan.released = freed_.reusable;
  plan.being_read = freed_.being_read;
  plan.allocator = allocator_;
  plan.disk_full = disk_full;
  pager_.end_freeze();
  return std::make_unique<CheckpointJob>(std::move(plan));
}

/// Depth first: children before parents, leaves in key order.
uint32_t Checkpointer::freeze(ResidentPage& page, std::vector<FrozenPage>* pages) {
  std::vector<std::pair<uint32_t, uint32_t>> below;  // slot, index
  if (page.kind == PageKind::kInner) {
    for (uint32_t slot = 0; slot < page.children.size(); ++slot) {
      ResidentPage* child = page.children[slot];
      if (child != nullptr && !child->clean()) below.emplace_back(slot, freeze(*child, pages));
    }
  } else if (page.page().header().overflow_count > 0) {
    const SlottedPage leaf = page.page();
    for (uint32_t slot = 0; slot < leaf.count(); ++slot) {
      if (!leaf.is_overflow(slot) || !is_provisional(leaf.word(slot))) continue;
      ResidentPage* overflow = pager_.overflow(leaf.word(slot));
      pages->push_back({overflow->image, PageKind::kOverflow});
      below.emplace_back(slot, pager_.freeze(*overflow));
    }
  }
  const uint32_t index = pager_.freeze(page);
  pages->push_back({page.image, page.kind});
  for (const auto& [slot, child] : below) {
    (*pages)[child].parent = index;
    (*pages)[child].slot = slot;
  }
  return index;
}

absl::Status Checkpointer::finish(CheckpointResult result, const std::vector<Tree*>& trees) {
  TROUPE_CHECK(running_);
  running_ = false;
  if (!result.status.ok()) {
    pager_.unfreeze(std::move(freed_));
    return result.status;
  }
  superblock_ = result.superblock;
  allocator_ = std::move(result.allocator);
  pager_.thaw(result.addresses, result.patched);
  for (Tree* tree : trees) tree->adopt_addresses();
  reclaimer_.adopt_addresses();
  pager_.forget_thawed();
  pager_.shrink_cache();
  freed_ = {};
  return absl::OkStatus();
}

}  // namespace troupe
