#pragma once
/// Superseded versions of rows, for snapshots that are older than their successors. Kept in intervals of commits, in
/// SCN order; an interval is dropped whole when no snapshot needs it, or, oldest first, when all together exceed
/// their limit. Scratch: not part of checkpoints, empty after a restart, when there are no old snapshots either.
///
/// Every key with history has an entry in its tree (a row or a tombstone), so history is looked up by key only, and a
/// hash per interval does. A key's versions form a chain with jump pointers (Myers, "An applicative random-access
/// stack", 1983), so a snapshot finds its version among n in O(log n) steps.
/// Owner: the partition.
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/base/ids.hpp"

namespace troupe {

class History {
 public:
  explicit History(uint64_t bytes_max) : bytes_max_{bytes_max} {}

  struct Version {
    TreeId tree = 0;
    std::string_view key;
    Scn scn = kNoScn;            ///< when it became the newest
    Scn superseded_at = kNoScn;  ///< when it stopped being it
    bool deleted = false;        ///< a tombstone
    std::string_view row;
  };
  /// SCNs of superseded_at come in ascending order. Snapshots that the limit costs their versions get kTooOld.
  void add(const Version& version);

  enum class Outcome : uint8_t { kFound, kNone, kTooOld };
  struct Lookup {
    Outcome outcome = Outcome::kNone;  ///< kNone: the key did not exist; kTooOld: its version was dropped
    Version version;
  };
  /// What `snapshot` sees of a key whose newest version is younger. Views are valid until the next non-const call.
  Lookup find(TreeId tree, std::string_view key, Scn snapshot) const;

  /// Drops what no snapshot >= `oldest` can ask for.
  void set_oldest_snapshot(Scn oldest);

  uint64_t bytes() const { return bytes_; }
  /// Snapshots below it may be told kTooOld.
  Scn floor() const { return floor_; }
  void check_invariants() const;

 private:
  struct Record;
  struct Key {
    TreeId tree;
    std::string_view bytes;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine_contiguous(H::combine(std::move(state), key.tree, key.bytes.size()), key.bytes.data(),
                                   key.bytes.size());
    }
  };
  struct Interval {
    Scn first = kMaxScn;  ///< of superseded_at
    Scn last = kNoScn;
    uint64_t bytes = 0;
    std::vector<std::unique_ptr<char[]>> blocks;
    size_t block_left = 0;
    char* block_at = nullptr;
    absl::flat_hash_map<Key, Record*> newest;
    char* allocate(size_t size);
  };

  const Record* find_in(const Interval& interval, const Key& key, Scn snapshot) const;
  void drop_oldest();
  uint64_t interval_bytes() const;

  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  Scn floor_ = kNoScn;
  std::deque<Interval> intervals_;  ///< ascending; the last one is being filled
};

}  // namespace troupe
