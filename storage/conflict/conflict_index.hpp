#pragma once
/// Which keys were written by which commits, as far back as a SERIALIZABLE transaction that is still open may ask: its
/// reads are good when nothing in them was written after its snapshot.
/// To ask costs the logarithm of what is kept, for each range: keys are in a search tree whose nodes know the newest
/// commit below them (a treap: Seidel and Aragon 1996), so what others wrote is not walked through.
/// Bounded: past `bytes_max` the tree part whose writes take most of it is kept as a whole only; whoever read in it retries more
/// often, but no conflict goes unseen.
/// Owner: the transaction manager; calls never overlap.
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "storage/base/random.hpp"
#include "storage/conflict/read_set.hpp"

namespace troupe {

class ConflictIndex {
 public:
  explicit ConflictIndex(uint64_t bytes_max) : bytes_max_{bytes_max} {}

  // Commits come in ascending SCN order.
  void add_key(TreePart part, std::string_view key, Scn scn);
  /// The commit may have written any key of the part.
  void add_part(TreePart part, Scn scn);

  struct Hit {
    TreePart part;
    std::optional<std::string> key;  ///< nothing: the part as a whole
    Scn scn = kNoScn;                ///< who wrote it last
    uint32_t statement = 0;          ///< of the range that was hit
  };
  /// Something in `reads` that a commit after `snapshot` wrote.
  std::optional<Hit> find(std::span<const PartReads> reads, Scn snapshot) const;

  /// Nobody will ask with a snapshot below it.
  void forget(Scn oldest);
  uint64_t size() const { return writes_.size(); }
  uint64_t bytes() const { return bytes_; }
  void check_invariants() const;

 private:
  struct Node;
  using NodePtr = std::unique_ptr<Node>;
  struct Part {
    Part();
    Part(Part&&) noexcept;
    Part& operator=(Part&&) noexcept;
    ~Part();
    Scn newest = kNoScn;  ///< of all commits that wrote in it
    Scn whole = kNoScn;   ///< this one may have written any of its keys
    uint64_t nodes = 0;
    NodePtr root;
  };
  /// In the order of their commits: what forget() goes by.
  struct Write {
    Scn scn;
    TreePart part;
    std::string key;
  };
  using Parts = absl::flat_hash_map<TreePart, Part>;

  static uint64_t cost_of(std::string_view key);
  static void refresh(Node& node);
  static NodePtr insert(NodePtr node, std::string_view key, Scn scn, uint64_t priority, bool* is_new);
  static NodePtr erase(NodePtr node, std::string_view key, Scn scn, bool* erased);
  static NodePtr merge(NodePtr left, NodePtr right);
  static const Node* find_newer(const Node* node, const ReadRange& range, Scn snapshot);
  static void check(const Node* node, const Node* above, uint64_t* nodes);
  void coarsen();

  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  Random priorities_{1};  ///< the same in every run
  Parts parts_;
  std::deque<Write> writes_;
};

}  // namespace troupe
