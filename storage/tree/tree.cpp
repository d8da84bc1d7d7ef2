#include "storage/tree/tree.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// The leaf's part of a value with its own page: word, size, head.
constexpr size_t kOverflowEntryBytes = 2 * sizeof(uint64_t) + kOverflowHeadBytes;

}  // namespace

Tree::Tree(Pager& pager, TreeRoot root)
    : pager_{pager}, root_level_{root.level}, entries_{root.entries}, overflow_entries_{root.overflow_entries} {
  anchor_.pinned = true;
  anchor_.kind = PageKind::kInner;
  anchor_.word = root.word;
  anchor_.children.assign(1, nullptr);
}

Tree::~Tree() {
  if (ResidentPage* root = root_page()) pager_.forget_subtree(*root);
}

Tree::Lookup Tree::find(std::string_view key) {
  ResidentPage* page = load_root();
  if (page == nullptr) [[unlikely]]
    return {false, {}, has_root() ? pager_.fault(anchor_.word) : PageFault{}};
  while (!page->page().is_leaf()) {
    const SlottedPage inner = page->page();
    const uint32_t slot = inner.child_for(key);
    ResidentPage* child = page->children[slot];
    if (child == nullptr) [[unlikely]] {
      child = pager_.child(*page, slot, inner.word(slot));
      if (child == nullptr) return {false, {}, pager_.fault(inner.word(slot))};
    }
    page = child;
    if (inner.level() == 1) SlottedPage::prefetch(page->image.data());
  }
  if (!page->referenced) page->referenced = true;
  const SlottedPage leaf = page->page();
  const SlottedPage::Position at = leaf.lower_bound(key);
  if (!at.exact) return {};
  return {true, value_at(leaf, at.index), {}};
}

PageFault Tree::load(const ValueRef& value, std::string_view* bytes) {
  if (value.overflow == 0) [[likely]] {
    *bytes = value.head;
    return {};
  }
  const ResidentPage* page = pager_.overflow(value.overflow);
  if (page == nullptr) return pager_.fault(value.overflow);
  *bytes = page->image.view();
  return {};
}

PageFault Tree::get(std::string_view key, bool* found, std::string_view* value) {
  const Lookup lookup = find(key);
  *found = lookup.found;
  if (!lookup.found) return lookup.fault;
  return load(lookup.value, value);
}

PageFault Tree::locate(std::string_view key, TreePath* path) {
  path->depth = 0;
  path->exact = false;
  if (!has_root()) return {};
  ResidentPage* page = load_root();
  if (page == nullptr) return pager_.fault(anchor_.word);
  for (;;) {
    TROUPE_CHECK(path->depth < kTreeDepthMax);
    const SlottedPage view = page->page();
    if (view.is_leaf()) {
      const SlottedPage::Position at = view.lower_bound(key);
      path->steps[path->depth++] = {page, at.index};
      path->exact = at.exact;
      page->referenced = true;
      return {};
    }
    const uint32_t slot = view.child_for(key);
    path->steps[path->depth++] = {page, slot};
    ResidentPage* child = pager_.child(*page, slot, view.word(slot));
    if (child == nullptr) return pager_.fault(view.word(slot));
    page = child;
    if (view.level() == 1) SlottedPage::prefetch(page->image.data());
  }
}

ValueRef Tree::value_at(const SlottedPage& leaf, uint32_t slot) {
  const std::string_view stored = leaf.value(slot);
  if (!leaf.is_overflow(slot)) [[likely]]
    return {stored, stored.size(), 0};
  ValueRef value;
  std::memcpy(&value.overflow, stored.data(), sizeof value.overflow);
  std::memcpy(&value.size, stored.data() + sizeof value.overflow, sizeof value.size);
  value.head = stored.substr(2 * sizeof(uint64_t));
  return value;
}

PageFault Tree::put(std::string_view key, std::string_view head, std::string_view body) {
  TreePath path;
  if (const PageFault fault = locate(key, &path); fault.needed()) return fault;
  write(path, key, head, body);
  return {};
}

PageFault Tree::erase(std::string_view key, bool* erased) {
  TreePath path;
  if (const PageFault fault = locate(key, &path); fault.needed()) return fault;
  if (erased != nullptr) *erased = path.exact;
  if (path.exact) remove(path);
  return {};
}

bool Tree::append(std::string_view key, std::string_view head, std::string_view body) {
  if (last_leaf_ == nullptr || !pager_.writable(*last_leaf_)) return false;
  const SlottedPage leaf = last_leaf_->page();
  const size_t size = head.size() + body.size();
  if (leaf.count() == 0 || size > pager_.inline_value_max() || leaf.key(leaf.count() - 1) >= key) return false;
  if (leaf.used_bytes() + SlottedPage::space_for(key.size(), size) > pager_.page_bytes()) return false;
  PageEdit(pager_, *last_leaf_).insert(leaf.count(), key, head, body, false);
  ++entries_;
  return true;
}

void Tree::make_path_writable(TreePath& path) {
  for (int i = 0; i < path.depth; ++i) pager_.make_writable(*path.steps[i].page);
  if (path.depth > 0) anchor_.word = 0;  // the root is dirty, if it was not before
}

void Tree::make_first_leaf(TreePath* path) {
  set_root(pager_.new_page(PageKind::kLeaf, 0));
  path->steps[0] = {root_page(), 0};
  path->depth = 1;
}

void Tree::set_root(ResidentPage* root) {
  anchor_.children[0] = root;
  anchor_.word = 0;
  anchor_.resident_children = root == nullptr ? 0 : 1;
  root_level_ = root == nullptr ? 0 : root->page().level();
  if (root == nullptr) {
    last_leaf_ = nullptr;
    return;
  }
  root->parent = &anchor_;
  anchor_.word = root->clean() ? root->word : 0;
}

void Tree::write(TreePath& path, std::string_view key, std::string_view head, std::string_view body) {
  if (path.depth == 0) make_first_leaf(&path);
  make_path_writable(path);
  if (path.exact) {
    free_value(*path.leaf().page, path.leaf().slot);
  } else {
    ++entries_;
  }
  const size_t size = head.size() + body.size();
  if (size <= pager_.inline_value_max()) [[likely]] {
    store(path, key, head, body, false);
    return;
  }
  char stored[kOverflowEntryBytes] = {};
  const uint64_t word = pager_.new_overflow(head, body);
  const uint64_t size_word = size;
  std::memcpy(stored, &word, sizeof word);
  std::memcpy(stored + sizeof word, &size_word, sizeof size_word);
  std::memcpy(stored + 2 * sizeof word, pager_.overflow(word)->image.data(),
              std::min<size_t>(size, kOverflowHeadBytes));
  ++overflow_entries_;
  store(path, key, {stored, sizeof stored}, {}, true);
}

/// Puts the entry in its leaf, which is split first as often as it takes.
void Tree::store(TreePath& path, std::string_view key, std::string_view head, std::string_view body, bool overflow) {
  const size_t size = head.size() + body.size();
  for (;;) {
    const SlottedPage leaf = path.leaf().page->page();
    const size_t replaced = path.exact ? leaf.space_of(path.leaf().slot) : 0;
    const size_t used = leaf.used_bytes() + SlottedPage::space_for(key.size(), size);
    if (used <= pager_.page_bytes() + replaced || leaf.count() < 2) break;
    split_leaf(path, key);
    const PageFault fault = locate(key, &path);
    TROUPE_CHECK(!fault.needed());
  }
  const auto [page, slot] = path.leaf();
  PageEdit edit(pager_, *page);
  if (path.exact) {
    edit.replace(slot, head, body, overflow);
    return;
  }
  const bool at_end = slot == edit.page().count();
  const uint32_t run = at_end ? edit.page().header().ascending_run + 1 : 0;
  edit.insert(slot, key, head, body, overflow);
  edit.set_ascending_run(run);
  bool rightmost = at_end;
  for (int i = 0; i + 1 < path.depth && rightmost; ++i) {
    rightmost = path.steps[i].slot + 1 == path.steps[i].page->children.size();
  }
  if (rightmost) last_leaf_ = page;
}

void Tree::free_value(const ResidentPage& leaf, uint32_t slot) {
  const ValueRef value = value_at(leaf.page(), slot);
  if (value.overflow == 0) return;
  pager_.free_overflow(value.overflow);
  --overflow_entries_;
}

void Tree::remove(TreePath& path) {
  TROUPE_CHECK(path.exact);
  make_path_writable(path);
  const auto [page, slot] = path.leaf();
  free_value(*page, slot);
  PageEdit(pager_, *page).erase(slot);
  --entries_;
  last_leaf_ = nullptr;
  after_shrink(path, path.depth - 1);
}

TreeRoot Tree::root() const { return {anchor_.word, root_level_, entries_, overflow_entries_}; }

void Tree::adopt_addresses() {
  last_leaf_ = nullptr;  // it may be clean now, and leave
  ResidentPage* root = root_page();
  if (root == nullptr) return;
  pager_.patch_words(*root);
  anchor_.word = root->clean() ? root->word : 0;
}

ResidentPage* Tree::take_root(TreeRoot* root) {
  *root = this->root();
  ResidentPage* page = load_root();
  if (page != nullptr) page->parent = nullptr;
  set_root(nullptr);
  entries_ = 0;
  overflow_entries_ = 0;
  return page;
}

double Tree::rank(std::string_view key) const {
  const ResidentPage* page = root_page();
  double before = 0;
  double width = 1;
  while (page != nullptr) {
    const SlottedPage view = page->page();
    if (view.count() == 0) return 0;
    width /= view.count();
    if (view.is_leaf()) return before + width * view.lower_bound(key).index;
    const uint32_t slot = view.child_for(key);
    before += width * slot;
    page = page->children[slot];
  }
  return before + width / 2;
}

double Tree::average_entry_bytes() const {
  constexpr uint32_t kSamples = 32;
  const ResidentPage* page = root_page();
  while (page != nullptr && !page->page().is_leaf()) {
    const ResidentPage* below = nullptr;
    for (uint32_t i = 0; i < page->page().count() && below == nullptr; ++i) below = page->children[i];
    page = below;
  }
  if (page == nullptr || page->page().count() == 0) return 0;
  const SlottedPage leaf = page->page();
  const uint32_t step = (leaf.count() + kSamples - 1) / kSamples;
  uint64_t bytes = 0, entries = 0;
  for (uint32_t i = 0; i < leaf.count(); i += step, ++entries) bytes += leaf.key(i).size() + value_at(leaf, i).size;
  return static_cast<double>(bytes) / static_cast<double>(entries);
}

std::vector<std::string> Tree::split_keys(uint32_t count) const {
  if (count == 0) return {};
  std::vector<const ResidentPage*> level;
  if (root_page() != nullptr) level.push_back(root_page());
  std::vector<std::string> keys;
  while (!level.empty() && keys.size() < count) {
    std::vector<const ResidentPage*> below;
    std::vector<std::string> finer;
    for (const ResidentPage* page : level) {
      const SlottedPage view = page->page();
      for (uint32_t i = 0; i < view.count(); ++i) {
        const bool first = i == 0 && !view.is_leaf();
        if (!first) finer.emplace_back(view.key(i));
        if (view.is_leaf()) continue;
        if (page->children[i] != nullptr) below.push_back(page->children[i]);
      }
    }
    // Separators of upper levels bound the pages of this one, and count as well.
    keys.insert(keys.end(), finer.begin(), finer.end());
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    level = std::move(below);
  }
  if (keys.size() <= count) return keys;
  std::vector<std::string> chosen;
  chosen.reserve(count);
  for (uint32_t i = 0; i < count; ++i) chosen.push_back(keys[(i + 1) * keys.size() / (count + 1)]);
  return chosen;
}

void Tree::check_invariants() const {
  if (const ResidentPage* root = root_page()) {
    TROUPE_CHECK(root->parent == &anchor_ && root->page().level() == root_level_);
    TROUPE_CHECK(anchor_.word == (root->clean() ? root->word : 0));
    check_page(*root, {}, {}, false);
  }
}

void Tree::check_page(const ResidentPage& page, std::string_view lower, std::string_view upper, bool bounded) const {
  const SlottedPage view = page.page();
  view.check_invariants();
  TROUPE_CHECK(view.count() > 0 || (page.parent == &anchor_ && view.is_leaf()));
  for (uint32_t i = view.is_leaf() ? 0 : 1; i < view.count(); ++i) {
    TROUPE_CHECK(view.key(i) >= lower && (!bounded || view.key(i) < upper));
  }
  if (view.is_leaf()) return;
  TROUPE_CHECK(page.children.size() == view.count());
  uint32_t resident = 0;
  for (uint32_t i = 0; i < view.count(); ++i) {
    const ResidentPage* child = page.children[i];
    if (child == nullptr) {
      TROUPE_CHECK(!is_provisional(view.word(i)) && view.word(i) != 0);
      continue;
    }
    ++resident;
    TROUPE_CHECK(child->parent == &page && child->page().level() + 1 == view.level());
    TROUPE_CHECK(child->clean() ? child->word == view.word(i) : !page.clean());
    const bool last = i + 1 == view.count();
    check_page(*child, i == 0 ? lower : view.key(i), last ? upper : view.key(i + 1), !last || bounded);
  }
  TROUPE_CHECK(resident == page.resident_children);
}

}  // namespace troupe
