#pragma once
/// A copy-on-write B+tree: order-preserving byte-string keys to byte-string values. Never blocks: an operation that
/// needs a page answers its PageFault and has changed nothing; run it again from the start when the page is there.
/// Invariants: entries ascend; every leaf is at level 0 and equally deep; no page but the root is empty; a page on
/// the way to a changed one is changed too (see Pager).
/// Owner: the partition.
#include <string>
#include <string_view>
#include <vector>

#include "storage/tree/pager.hpp"

namespace troupe {

/// How much of a value that has its own page stands in the leaf as well.
inline constexpr uint32_t kOverflowHeadBytes = 16;
/// Deeper than any tree can get: an inner page has at least two children.
inline constexpr int kTreeDepthMax = 40;

/// A value as the leaf holds it. Valid until the partition's next mutating call.
struct ValueRef {
  std::string_view head;  ///< all of it, or its first kOverflowHeadBytes
  uint64_t size = 0;
  uint64_t overflow = 0;  ///< its page's word; 0: head is the value
};

/// What a checkpoint keeps of a tree.
struct TreeRoot {
  uint64_t word = 0;  ///< 0: empty
  uint8_t level = 0;
  uint64_t entries = 0;
  uint64_t overflow_entries = 0;
};

/// The way from the root to a leaf entry. Valid until the tree changes.
struct TreePath {
  struct Step {
    ResidentPage* page;
    uint32_t slot;
  };
  Step steps[kTreeDepthMax];
  int depth = 0;  ///< 0: the tree is empty
  bool exact = false;

  Step& leaf() { return steps[depth - 1]; }
  const Step& leaf() const { return steps[depth - 1]; }
};

class Tree {
 public:
  explicit Tree(Pager& pager, TreeRoot root = {});
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  struct Lookup {
    bool found = false;
    ValueRef value;
    PageFault fault;
  };
  /// The entry as its leaf holds it.
  Lookup find(std::string_view key);
  /// All bytes of a value that find() or a cursor gave.
  PageFault load(const ValueRef& value, std::string_view* bytes);
  /// find() and load().
  PageFault get(std::string_view key, bool* found, std::string_view* value);

  /// The value is `head` followed by `body`. Keys: kKeyBytesMax at most.
  PageFault put(std::string_view key, std::string_view head, std::string_view body = {});
  PageFault erase(std::string_view key, bool* erased = nullptr);
  /// Inserts when `key` is above every other and the last leaf is at hand; false: use put().
  bool append(std::string_view key, std::string_view head, std::string_view body = {});

  // In two steps, where the old value decides about the new one.
  PageFault locate(std::string_view key, TreePath* path);
  static ValueRef value_at(const SlottedPage& leaf, uint32_t slot);
  static ValueRef value_at(const TreePath& path) { return value_at(path.leaf().page->page(), path.leaf().slot); }
  void write(TreePath& path, std::string_view key, std::string_view head, std::string_view body);
  void remove(TreePath& path);

  bool empty() const { return entries_ == 0; }
  uint64_t entries() const { return entries_; }
  /// The part of the entries that stands before `key`, from pages in memory: 0 to 1.
  double rank(std::string_view key) const;
  /// Bytes of key and value, by average over some entries of a leaf in memory; 0 when there is none.
  double average_entry_bytes() const;
  /// About `count` keys that divide the tree evenly, from pages in memory.
  std::vector<std::string> split_keys(uint32_t count) const;

  /// Root state for a checkpoint; its word is 0 when the root is dirty.
  TreeRoot root() const;
  ResidentPage* root_page() const { return anchor_.children[0]; }
  bool dirty() const { return root_page() != nullptr && !root_page()->clean(); }
  /// A finished checkpoint gave pages their addresses.
  void adopt_addresses();
  /// Takes the root out, for whoever reclaims the tree's pages; the tree is empty then.
  ResidentPage* take_root(TreeRoot* root);

  Pager& pager() { return pager_; }
  /// Checks what is in memory.
  void check_invariants() const;

 private:
  friend class TreeCursor;

  /// The root page, nullptr when it must be fetched or the tree is empty.
  ResidentPage* load_root() {
    ResidentPage* root = anchor_.children[0];
    return root != nullptr || anchor_.word == 0 ? root : pager_.child(anchor_, 0, anchor_.word);
  }
  bool has_root() const { return anchor_.children[0] != nullptr || anchor_.word != 0; }
  void set_root(ResidentPage* root);

  void make_path_writable(TreePath& path);
  void make_first_leaf(TreePath* path);
  void store(TreePath& path, std::string_view key, std::string_view head, std::string_view body, bool overflow);
  void free_value(const ResidentPage& leaf, uint32_t slot);

  // tree_shape.cpp: splitting and merging; all pages of the path are writable.
  void split_leaf(TreePath& path, std::string_view key);
  void split_inner(TreePath& path, int depth);
  void insert_child(TreePath& path, int depth, std::string_view separator, ResidentPage* child);
  void remove_page(TreePath& path, int depth);
  void after_shrink(TreePath& path, int depth);
  bool merge(ResidentPage& parent, uint32_t left_slot);
  void collapse_root();
  static uint32_t split_point(const SlottedPage& page);

  void check_page(const ResidentPage& page, std::string_view lower, std::string_view upper, bool bounded) const;

  Pager& pager_;
  ResidentPage anchor_;  ///< its only child is the root
  uint8_t root_level_ = 0;
  uint64_t entries_ = 0;
  uint64_t overflow_entries_ = 0;
  ResidentPage* last_leaf_ = nullptr;  ///< the rightmost leaf, while known
};

}  // namespace troupe
