#pragma once
/// What a SERIALIZABLE transaction has read: keys and ranges of keys of trees, each with the statement that read it.
/// Bounded: when there are more than `ranges_max`, neighbours become one range, which covers the keys between them too.
/// That may cost a transaction a retry, never a conflict that goes unseen.
/// Owner: one session (or one scan); calls never overlap.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.hpp"

namespace troupe {

/// One tree's part in one partition: what keys are ordered in.
struct TreePart {
  TreeId tree = 0;
  PartitionId partition = 0;
  auto operator<=>(const TreePart&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const TreePart& part) {
    return H::combine(std::move(h), part.tree, part.partition);
  }
};

/// Keys in [lower, upper). An empty `upper`: to the end.
struct ReadRange {
  std::string lower;
  std::string upper;
  uint32_t statement = 0;  ///< which of the transaction's statements read it, as far as that is still known
};

/// The smallest key after `key`.
inline std::string key_after(std::string_view key) {
  std::string after;
  after.reserve(key.size() + 1);
  after.append(key).push_back('\0');
  return after;
}

/// One part's ranges, ascending; they neither overlap nor touch.
struct PartReads {
  TreePart part;
  std::vector<ReadRange> ranges;
};

class ReadSet {
 public:
  /// Bytes of bounds count too: a range has kRangeBytes of them without being counted more than once.
  static constexpr uint64_t kRangeBytes = 128;

  explicit ReadSet(uint32_t ranges_max) : ranges_max_{ranges_max} {}

  void add_key(TreePart part, std::string_view key, uint32_t statement);
  void add_range(TreePart part, std::string_view lower, std::string_view upper, uint32_t statement);
  bool empty() const { return parts_.empty(); }
  uint64_t size() const { return ranges_; }
  uint64_t bytes() const { return bytes_; }
  void clear();
  /// Everything, ordered by part; the set is empty afterwards.
  std::vector<PartReads> take();

  void check_invariants() const;

 private:
  bool too_large() const { return ranges_ > ranges_max_ || bytes_ > kRangeBytes * ranges_max_; }
  void shrink();
  void merge_overlaps();
  void merge_neighbours();
  void count();

  uint32_t ranges_max_;
  uint64_t ranges_ = 0;
  uint64_t bytes_ = 0;
  std::map<TreePart, std::vector<ReadRange>> parts_;  ///< unordered within a part until they are merged
};

}  // namespace troupe
