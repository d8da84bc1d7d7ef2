#include "storage/conflict/conflict_index.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "storage/base/check.hpp"

namespace troupe {

struct ConflictIndex::Node {
  std::string key;
  Scn scn = kNoScn;
  Scn newest = kNoScn;  ///< of the node and those below it
  uint64_t priority = 0;
  NodePtr left;
  NodePtr right;
};

ConflictIndex::Part::Part() = default;
ConflictIndex::Part::Part(Part&&) noexcept = default;
ConflictIndex::Part& ConflictIndex::Part::operator=(Part&&) noexcept = default;
ConflictIndex::Part::~Part() = default;

uint64_t ConflictIndex::cost_of(std::string_view key) { return sizeof(Node) + sizeof(Write) + 2 * key.size(); }

void ConflictIndex::refresh(Node& node) {
  node.newest = node.scn;
  if (node.left) node.newest = std::max(node.newest, node.left->newest);
  if (node.right) node.newest = std::max(node.newest, node.right->newest);
}

ConflictIndex::NodePtr ConflictIndex::insert(NodePtr node, std::string_view key, Scn scn, uint64_t priority,
                                             bool* is_new) {
  if (node == nullptr) {
    *is_new = true;
    node = std::make_unique<Node>();
    node->key = key;
    node->priority = priority;
    node->scn = node->newest = scn;
    return node;
  }
  const int order = key.compare(node->key);
  if (order == 0) {
    node->scn = scn;
  } else {
    NodePtr& side = order < 0 ? node->left : node->right;
    side = insert(std::move(side), key, scn, priority, is_new);
    if (side->priority > node->priority) {
      // It goes up, and `node` becomes the child on its other side.
      NodePtr up = std::move(side);
      NodePtr& inner = order < 0 ? up->right : up->left;
      side = std::move(inner);
      refresh(*node);
      inner = std::move(node);
      node = std::move(up);
    }
  }
  refresh(*node);
  return node;
}

ConflictIndex::NodePtr ConflictIndex::merge(NodePtr left, NodePtr right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  if (left->priority > right->priority) {
    left->right = merge(std::move(left->right), std::move(right));
    refresh(*left);
    return left;
  }
  right->left = merge(std::move(left), std::move(right->left));
  refresh(*right);
  return right;
}

/// Unless a later commit wrote the key too.
ConflictIndex::NodePtr ConflictIndex::erase(NodePtr node, std::string_view key, Scn scn, bool* erased) {
  if (node == nullptr) return node;
  const int order = key.compare(node->key);
  if (order == 0) {
    if (node->scn != scn) return node;
    *erased = true;
    return merge(std::move(node->left), std::move(node->right));
  }
  NodePtr& side = order < 0 ? node->left : node->right;
  side = erase(std::move(side), key, scn, erased);
  refresh(*node);
  return node;
}

void ConflictIndex::add_key(TreePart part, std::string_view key, Scn scn) {
  Part& written = parts_[part];
  TROUPE_CHECK(scn >= written.newest);
  written.newest = scn;
  if (written.whole == scn) return;
  bool is_new = false;
  written.root = insert(std::move(written.root), key, scn, priorities_.next(), &is_new);
  written.nodes += is_new ? 1 : 0;
  writes_.push_back({scn, part, std::string(key)});
  bytes_ += cost_of(key);
  if (bytes_ > bytes_max_) coarsen();
}

void ConflictIndex::add_part(TreePart part, Scn scn) {
  Part& written = parts_[part];
  TROUPE_CHECK(scn >= written.newest);
  if (written.whole == scn) return;
  written.newest = written.whole = scn;
  writes_.push_back({scn, part, {}});
  bytes_ += cost_of({});
}

/// The part whose writes take the most memory is kept as a whole: a key that is written again and again counts each time.
void ConflictIndex::coarsen() {
  std::map<TreePart, uint64_t> bytes_of;
  for (const Write& write : writes_) bytes_of[write.part] += cost_of(write.key);
  const auto most = std::max_element(bytes_of.begin(), bytes_of.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const TreePart part = most->first;
  Part& written = parts_[part];
  written.whole = written.newest;
  written.nodes = 0;
  written.root = nullptr;
  std::erase_if(writes_, [part](const Write& write) { return write.part == part; });
  // One stands for them all, where it keeps the order.
  const Scn last = writes_.empty() ? kNoScn : writes_.back().scn;
  writes_.push_back({std::max(last, written.whole), part, {}});
  bytes_ = 0;
  for (const Write& write : writes_) bytes_ += cost_of(write.key);
}

const ConflictIndex::Node* ConflictIndex::find_newer(const Node* node, const ReadRange& range, Scn snapshot) {
  if (node == nullptr || node->newest <= snapshot) return nullptr;
  if (node->key < range.lower) return find_newer(node->right.get(), range, snapshot);
  if (!range.upper.empty() && node->key >= range.upper) return find_newer(node->left.get(), range, snapshot);
  if (node->scn > snapshot) return node;
  const Node* found = find_newer(node->left.get(), range, snapshot);
  return found != nullptr ? found : find_newer(node->right.get(), range, snapshot);
}

std::optional<ConflictIndex::Hit> ConflictIndex::find(std::span<const PartReads> reads, Scn snapshot) const {
  for (const PartReads& read : reads) {
    const auto at = parts_.find(read.part);
    if (at == parts_.end() || at->second.newest <= snapshot || read.ranges.empty()) continue;
    const Part& written = at->second;
    for (const ReadRange& range : read.ranges) {
      const Node* newer = find_newer(written.root.get(), range, snapshot);
      if (newer != nullptr) return Hit{read.part, newer->key, newer->scn, range.statement};
    }
    if (written.whole > snapshot) return Hit{read.part, std::nullopt, written.whole, read.ranges.front().statement};
  }
  return std::nullopt;
}

void ConflictIndex::forget(Scn oldest) {
  while (!writes_.empty() && writes_.front().scn <= oldest) {
    const Write& write = writes_.front();
    const auto at = parts_.find(write.part);
    if (at != parts_.end()) {
      Part& part = at->second;
      bool erased = false;
      part.root = erase(std::move(part.root), write.key, write.scn, &erased);
      part.nodes -= erased ? 1 : 0;
      if (part.newest <= oldest) parts_.erase(at);
    }
    bytes_ -= cost_of(write.key);
    writes_.pop_front();
  }
}

void ConflictIndex::check(const Node* node, const Node* above, uint64_t* nodes) {
  if (node == nullptr) return;
  ++*nodes;
  TROUPE_CHECK(above == nullptr || node->priority <= above->priority);
  Scn newest = node->scn;
  for (const Node* below : {node->left.get(), node->right.get()}) {
    if (below == nullptr) continue;
    newest = std::max(newest, below->newest);
    TROUPE_CHECK(below == node->left.get() ? below->key < node->key : node->key < below->key);
    check(below, node, nodes);
  }
  TROUPE_CHECK(newest == node->newest);
}

void ConflictIndex::check_invariants() const {
  uint64_t bytes = 0;
  Scn last = kNoScn;
  for (const Write& write : writes_) {
    TROUPE_CHECK(write.scn >= last);
    last = write.scn;
    bytes += cost_of(write.key);
  }
  TROUPE_CHECK(bytes == bytes_);
  for (const auto& [part, written] : parts_) {
    uint64_t nodes = 0;
    check(written.root.get(), nullptr, &nodes);
    TROUPE_CHECK(nodes == written.nodes);
    TROUPE_CHECK(written.root == nullptr || written.root->newest <= written.newest);
  }
}

}  // namespace troupe
