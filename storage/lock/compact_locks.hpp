#pragma once
/// Row locks of one large transaction that nobody else wants: twenty bytes each instead of a name and a queue. A key is
/// known by its hash; another key with the same hash looks locked too, and whoever wants it waits.
/// Owner: a RowLockTable.
#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "storage/base/ids.hpp"
#include "storage/lock/lock_modes.hpp"

namespace troupe {

class CompactLocks {
 public:
  struct Lock {
    CommandId command;
    RowLockStrength strength;
  };

  void add(uint64_t hash, const Lock& lock) {
    auto& part = part_of(hash);
    const auto [at, fresh] = part.insert(Packed(hash, lock));
    count_ += fresh ? 1 : 0;
    // A second key with this hash: what covers both.
    if (!fresh && at->strength < static_cast<uint32_t>(lock.strength)) {
      const Lock both{std::min<CommandId>(at->command, lock.command), lock.strength};
      part.erase(at);
      part.insert(Packed(hash, both));
    }
  }
  /// False: not locked.
  bool find(uint64_t hash, Lock* lock) const {
    const auto& part = parts_[part_index(hash)];
    const auto at = part.find(Packed(hash, {}));
    if (at == part.end()) return false;
    *lock = {at->command, static_cast<RowLockStrength>(at->strength)};
    return true;
  }
  /// Drops those that commands >= `command` were granted.
  void rollback_to(CommandId command) {
    for (auto& part : parts_) {
      count_ -= absl::erase_if(part, [command](const Packed& lock) { return lock.command >= command; });
    }
  }
  uint64_t size() const { return count_; }

 private:
  struct Packed {
    Packed(uint64_t hash, const Lock& lock)
        : low{static_cast<uint32_t>(hash)},
          high{static_cast<uint32_t>(hash >> 32)},
          command{lock.command},
          strength{static_cast<uint32_t>(lock.strength)} {}
    uint32_t low;
    uint32_t high;
    uint32_t command : 30;
    uint32_t strength : 2;
  };
  static_assert(sizeof(Packed) == 12);
  struct HashOf {
    size_t operator()(const Packed& lock) const { return uint64_t{lock.high} << 32 | lock.low; }
  };
  struct Same {
    bool operator()(const Packed& a, const Packed& b) const { return a.low == b.low && a.high == b.high; }
  };
  /// They grow one at a time: no pause, and never twice the memory.
  static constexpr size_t kParts = 64;
  static size_t part_index(uint64_t hash) { return hash >> 58; }
  absl::flat_hash_set<Packed, HashOf, Same>& part_of(uint64_t hash) { return parts_[part_index(hash)]; }

  std::array<absl::flat_hash_set<Packed, HashOf, Same>, kParts> parts_;
  uint64_t count_ = 0;
};

}  // namespace troupe
