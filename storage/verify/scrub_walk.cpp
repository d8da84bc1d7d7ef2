#include "storage/verify/scrub_walk.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/page/extent_allocator.hpp"
#include "storage/tree/tree.hpp"
#include "storage/verify/page_rules.hpp"

namespace troupe {
namespace {

bool is_damage(const absl::Status& status) { return error_code(status) == ErrorCode::kDataCorrupted; }

}  // namespace

absl::StatusOr<bool> ScrubWalk::step(uint64_t budget_bytes, std::vector<Damage>* damage) {
  const uint64_t until_bytes = bytes_ + budget_bytes;
  while (!done_ && bytes_ < until_bytes) {
    TROUPE_RETURN_IF_ERROR(follow_checkpoint(damage));
    if (!known_) return done_;
    const auto tree = std::find_if(directory_.trees.begin(), directory_.trees.end(),
                                   [&](const DirectoryEntry& entry) { return entry.id >= tree_; });
    if (tree == directory_.trees.end()) {
      done_ = true;
      break;
    }
    if (tree->id != tree_) position_.clear();
    tree_ = tree->id;
    TROUPE_ASSIGN_OR_RETURN(const Found found, check_tree(*tree, until_bytes, damage));
    if (found == Found::kStale) known_ = false;
  }
  return done_;
}

/// Whether the superblock, and what it leads to, is still what the walk knows.
absl::Status ScrubWalk::follow_checkpoint(std::vector<Damage>* damage) {
  TROUPE_RETURN_IF_ERROR(check_slots(damage));
  const auto newest = read_superblock(file_);
  if (!newest.ok()) {
    if (!is_damage(newest.status())) return newest.status();
    damage->push_back({file_.path(), 0, kDataStartBytes, 0, error_fields(newest.status()).message});
    known_ = false;
    done_ = true;
    return absl::OkStatus();
  }
  if (known_ && newest->sequence == superblock_.sequence) return absl::OkStatus();
  superblock_ = *newest;
  directory_ = {};
  known_ = superblock_.directory.is_null();
  if (known_) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const Found found, read_directory(damage));
  known_ = found == Found::kGood;
  done_ = found == Found::kDamaged;
  return absl::OkStatus();
}

/// A slot that is being written may not be valid for a moment: it counts when it is the second time that it is not.
absl::Status ScrubWalk::check_slots(std::vector<Damage>* damage) {
  const auto newest = read_superblock(file_);
  if (!newest.ok()) return absl::OkStatus();  // both: told by the caller
  for (const uint64_t offset : {uint64_t{0}, kSuperblockBytes}) {
    std::string bytes(kSuperblockBytes, '\0');
    TROUPE_RETURN_IF_ERROR(file_.read(offset, bytes));
    const auto slot = decode_superblock(bytes, file_.path());
    if (slot.ok()) continue;
    if (bad_slot_at_ == newest->sequence) {
      damage->push_back({file_.path(), offset, kSuperblockBytes, 0, error_fields(slot.status()).message});
    }
    bad_slot_at_ = bad_slot_at_ == newest->sequence ? std::nullopt : std::optional(newest->sequence);
  }
  return absl::OkStatus();
}

absl::StatusOr<ScrubWalk::Found> ScrubWalk::read_directory(std::vector<Damage>* damage) {
  tree_ = std::max<TreeId>(tree_, 1);
  PageImage image;
  TROUPE_ASSIGN_OR_RETURN(Found found, read(superblock_.directory, PageKind::kDirectory, &image, damage));
  if (found != Found::kGood) return found;
  auto directory = decode_directory(image.view());
  if (!directory.ok()) return note(superblock_.directory, error_fields(directory.status()).message, damage);
  TROUPE_ASSIGN_OR_RETURN(found, read(superblock_.free_map, PageKind::kFreeMap, &image, damage));
  if (found != Found::kGood) return found;
  if (const auto map = ExtentAllocator::decode(image.view(), 1); !map.ok()) {
    return note(superblock_.free_map, error_fields(map.status()).message, damage);
  }
  directory_ = *std::move(directory);
  return Found::kGood;
}

/// Damage, unless a checkpoint has been made since that may have used the place for something else.
absl::StatusOr<ScrubWalk::Found> ScrubWalk::note(PageAddress address, std::string problem,
                                                 std::vector<Damage>* damage) {
  const auto newest = read_superblock(file_);
  if (!newest.ok() || newest->sequence != superblock_.sequence) return Found::kStale;
  damage->push_back(
      {file_.path(), address.offset_bytes(), address.size_bytes(), known_ ? tree_ : 0, std::move(problem)});
  return Found::kDamaged;
}

absl::StatusOr<ScrubWalk::Found> ScrubWalk::read(PageAddress address, PageKind kind, PageImage* image,
                                                 std::vector<Damage>* damage) {
  const Extent extent = address.extent();
  if (extent.count == 0 || extent.end() > superblock_.file_grains) return note(address, "outside of the file", damage);
  bytes_ += address.size_bytes();
  ++pages_;
  auto loaded = load_page(file_, address, kind);
  if (!loaded.ok()) {
    if (!is_damage(loaded.status())) return loaded.status();
    return note(address, error_fields(loaded.status()).message, damage);
  }
  *image = *std::move(loaded);
  return Found::kGood;
}

absl::StatusOr<ScrubWalk::Found> ScrubWalk::read_tree_page(PageAddress address, uint8_t level, PageImage* image,
                                                           std::vector<Damage>* damage) {
  TROUPE_ASSIGN_OR_RETURN(const Found found,
                          read(address, level == 0 ? PageKind::kLeaf : PageKind::kInner, image, damage));
  if (found != Found::kGood) return found;
  if (auto problem = page_problem(*image, level)) return note(address, *std::move(problem), damage);
  return Found::kGood;
}

/// Down to the page above the leaves where `position_` is, and along its leaves.
absl::StatusOr<ScrubWalk::Found> ScrubWalk::check_tree(const DirectoryEntry& tree, uint64_t until_bytes,
                                                       std::vector<Damage>* damage) {
  PageAddress address(tree.root.word);
  std::optional<std::string> behind;  // where what is checked here ends; nothing: at the tree's end
  if (tree.root.word == 0) {
    next_tree();
    return Found::kGood;
  }
  for (uint8_t level = tree.root.level; level > 0; --level) {
    PageImage image;
    TROUPE_ASSIGN_OR_RETURN(const Found found, read_tree_page(address, level, &image, damage));
    if (found == Found::kDamaged) move_to(behind);
    if (found != Found::kGood) return found;
    if (level == 1) return check_leaves(image, behind, until_bytes, damage);
    const SlottedPage page(image.data());
    const uint32_t slot = position_.empty() ? 0 : page.child_for(position_);
    if (slot + 1 < page.count()) behind = std::string(page.key(slot + 1));
    address = PageAddress(page.word(slot));
  }
  TROUPE_ASSIGN_OR_RETURN(const Found found, check_leaf(address, damage));
  if (found != Found::kStale) next_tree();
  return found;
}

absl::StatusOr<ScrubWalk::Found> ScrubWalk::check_leaves(const PageImage& parent, std::optional<std::string> behind,
                                                         uint64_t until_bytes, std::vector<Damage>* damage) {
  const SlottedPage page(parent.data());
  for (uint32_t slot = position_.empty() ? 0 : page.child_for(position_); slot < page.count(); ++slot) {
    TROUPE_ASSIGN_OR_RETURN(const Found found, check_leaf(PageAddress(page.word(slot)), damage));
    if (found == Found::kStale) return found;
    if (slot + 1 == page.count()) break;
    position_ = std::string(page.key(slot + 1));
    if (bytes_ >= until_bytes) return Found::kGood;  // behind a leaf, so that every step gets on
  }
  move_to(behind);
  return Found::kGood;
}

absl::StatusOr<ScrubWalk::Found> ScrubWalk::check_leaf(PageAddress address, std::vector<Damage>* damage) {
  PageImage image;
  TROUPE_ASSIGN_OR_RETURN(const Found found, read_tree_page(address, 0, &image, damage));
  if (found != Found::kGood) return found;
  const SlottedPage leaf(image.data());
  for (uint32_t slot = 0; leaf.header().overflow_count > 0 && slot < leaf.count(); ++slot) {
    if (!leaf.is_overflow(slot)) continue;
    const ValueRef value = Tree::value_at(leaf, slot);
    const PageAddress overflow(value.overflow);
    PageImage content;
    TROUPE_ASSIGN_OR_RETURN(Found of_value, read(overflow, PageKind::kOverflow, &content, damage));
    if (of_value == Found::kGood && content.size() != value.size) {
      TROUPE_ASSIGN_OR_RETURN(of_value,
                              note(overflow, cat(content.size(), " bytes, its leaf says ", value.size), damage));
    }
    if (of_value == Found::kStale) return of_value;
  }
  return Found::kGood;
}

void ScrubWalk::next_tree() {
  ++tree_;
  position_.clear();
}

void ScrubWalk::move_to(const std::optional<std::string>& position) {
  if (position) {
    position_ = *position;
  } else {
    next_tree();
  }
}

}  // namespace troupe
