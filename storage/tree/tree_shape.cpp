/// How the tree grows and shrinks. A page that is filled in ascending order is left full and its successor started
/// empty; any other is split in the middle. A page below a quarter is merged with a neighbour, if one is in memory.
#include <algorithm>

#include "storage/tree/tree.hpp"

namespace troupe {
namespace {

/// So many inserts at a page's end in a row are taken for an ascending load.
constexpr uint32_t kAscendingRun = 8;
/// A split inner page must leave both halves with two children or more.
constexpr uint32_t kSplitChildrenMin = 4;

/// The shortest key above `left` and not above `right`.
std::string_view separator_between(std::string_view left, std::string_view right) {
  size_t i = 0;
  while (i < left.size() && left[i] == right[i]) ++i;
  return right.substr(0, i + 1);
}

void move_children(ResidentPage& from, uint32_t begin, ResidentPage& to) {
  for (uint32_t i = begin; i < from.children.size(); ++i) {
    ResidentPage* child = from.children[i];
    to.children.push_back(child);
    if (child == nullptr) continue;
    child->parent = &to;
    ++to.resident_children;
    --from.resident_children;
  }
  from.children.resize(begin);
}

}  // namespace

/// The first entry of the right half, by bytes.
uint32_t Tree::split_point(const SlottedPage& page) {
  const uint32_t half = page.used_bytes() / 2;
  uint32_t bytes = 0;
  uint32_t i = 0;
  while (i + 1 < page.count() && bytes < half) bytes += page.space_of(i++);
  return std::max(i, 1u);
}

void Tree::split_leaf(TreePath& path, std::string_view key) {
  const auto [left, slot] = path.leaf();
  last_leaf_ = nullptr;
  const SlottedPage page = left->page();
  bool rightmost = true;
  for (int i = 0; i + 1 < path.depth; ++i) {
    rightmost = rightmost && path.steps[i].slot + 1 == path.steps[i].page->children.size();
  }
  const bool at_end = !path.exact && slot == page.count();
  ResidentPage* right = pager_.new_page(PageKind::kLeaf, 0);
  if (at_end && (rightmost || page.header().ascending_run >= kAscendingRun)) {
    const std::string separator(separator_between(page.key(page.count() - 1), key));
    insert_child(path, path.depth - 2, separator, right);
    return;
  }
  const uint32_t split = split_point(page);
  const std::string separator(separator_between(page.key(split - 1), page.key(split)));
  {
    PageEdit edit(pager_, *right);
    edit.append_from(page, split, page.count());
  }
  PageEdit(pager_, *left).erase_range(split, page.count());
  insert_child(path, path.depth - 2, separator, right);
}

/// Makes `child` the right neighbour of the page at depth + 1.
void Tree::insert_child(TreePath& path, int depth, std::string_view separator, ResidentPage* child) {
  static constexpr char kNoAddress[sizeof(uint64_t)] = {};
  const std::string_view no_word{kNoAddress, sizeof kNoAddress};
  if (depth < 0) {
    ResidentPage* old_root = path.steps[0].page;
    ResidentPage* root = pager_.new_page(PageKind::kInner, static_cast<uint8_t>(old_root->page().level() + 1));
    PageEdit edit(pager_, *root);
    edit.insert(0, {}, no_word, {}, false);
    edit.insert(1, separator, no_word, {}, false);
    root->children = {old_root, child};
    root->resident_children = 2;
    old_root->parent = root;
    child->parent = root;
    set_root(root);
    return;
  }
  const SlottedPage page = path.steps[depth].page->page();
  const bool full =
      page.used_bytes() + SlottedPage::space_for(separator.size(), sizeof(uint64_t)) > pager_.page_bytes();
  if (full && page.count() >= kSplitChildrenMin) split_inner(path, depth);
  const auto [parent, slot] = path.steps[depth];
  PageEdit edit(pager_, *parent);
  edit.insert(slot + 1, separator, no_word, {}, false);
  parent->children.insert(parent->children.begin() + slot + 1, child);
  ++parent->resident_children;
  child->parent = parent;
}

/// Splits the inner page at `depth`; the path then leads through the half that holds its slot.
void Tree::split_inner(TreePath& path, int depth) {
  const auto [left, slot] = path.steps[depth];
  const SlottedPage page = left->page();
  const bool ascending = slot + 1 == page.count();
  const uint32_t split = ascending ? page.count() - 2 : std::clamp(split_point(page), 2u, page.count() - 2);
  const std::string separator(page.key(split));
  ResidentPage* right = pager_.new_page(PageKind::kInner, page.level());
  {
    PageEdit edit(pager_, *right);
    edit.append_from(page, split, page.count());
    edit.clear_first_key();
  }
  move_children(*left, split, *right);
  PageEdit(pager_, *left).erase_range(split, page.count());
  insert_child(path, depth - 1, separator, right);
  if (slot >= split) path.steps[depth] = {right, slot - split};
}

/// The page at `depth` lost an entry: it goes when empty, or joins a neighbour when small.
void Tree::after_shrink(TreePath& path, int depth) {
  ResidentPage& page = *path.steps[depth].page;
  if (page.page().count() == 0) {
    remove_page(path, depth);
    return;
  }
  if (depth == 0) {
    collapse_root();
    return;
  }
  if (page.page().used_bytes() >= pager_.page_bytes() / 4) return;
  const auto [parent, slot] = path.steps[depth - 1];
  const bool merged = merge(*parent, slot) || (slot > 0 && merge(*parent, slot - 1));
  if (merged) after_shrink(path, depth - 1);
}

void Tree::remove_page(TreePath& path, int depth) {
  ResidentPage* page = path.steps[depth].page;
  if (depth == 0) {
    set_root(nullptr);
    pager_.discard(*page);
    return;
  }
  const auto [parent, slot] = path.steps[depth - 1];
  PageEdit(pager_, *parent).erase(slot);
  parent->children.erase(parent->children.begin() + slot);
  --parent->resident_children;
  pager_.discard(*page);
  after_shrink(path, depth - 1);
}

/// Moves the right neighbour's entries into the page in `left_slot`, if both are in memory and fit one page well.
bool Tree::merge(ResidentPage& parent, uint32_t left_slot) {
  if (left_slot + 1 >= parent.children.size()) return false;
  ResidentPage* left = parent.children[left_slot];
  ResidentPage* right = parent.children[left_slot + 1];
  if (left == nullptr || right == nullptr) return false;
  const SlottedPage from = right->page();
  const std::string separator(parent.page().key(left_slot + 1));
  const uint32_t together = left->page().used_bytes() + from.used_bytes() + static_cast<uint32_t>(separator.size());
  if (together > pager_.page_bytes() / 4 * 3) return false;
  pager_.make_writable(*left);
  {
    PageEdit edit(pager_, *left);
    uint32_t begin = 0;
    if (!from.is_leaf()) {
      edit.insert(edit.page().count(), separator, from.value(0), {}, false);
      begin = 1;
    }
    edit.append_from(from, begin, from.count());
  }
  move_children(*right, 0, *left);
  PageEdit(pager_, parent).erase(left_slot + 1);
  parent.children.erase(parent.children.begin() + left_slot + 1);
  --parent.resident_children;
  pager_.discard(*right);
  return true;
}

/// A root with one child gives way to it.
void Tree::collapse_root() {
  for (;;) {
    ResidentPage* root = root_page();
    if (root->page().is_leaf() || root->page().count() > 1 || root->children[0] == nullptr) return;
    ResidentPage* child = root->children[0];
    set_root(child);
    root->children.clear();
    root->resident_children = 0;
    pager_.discard(*root);
  }
}

}  // namespace troupe
