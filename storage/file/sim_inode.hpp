#pragma once
/// The bytes of one simulated file: as the kernel shows them, as the disk has them, and every version in between.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/random.hpp"

namespace troupe {

inline constexpr uint32_t kSimSectorBytes = 512;

/// Invariant: `current` and `durable` agree in every sector that has no pending version.
class SimInode {
 public:
  const std::string& current() const { return current_; }
  /// Bytes that count against the disk's capacity.
  uint64_t used_bytes() const { return current_.size() - holes_.size() * kSimSectorBytes; }
  /// Of those between `from` and `to`, what a write there needs anew.
  uint64_t hole_bytes(uint64_t from, uint64_t to) const;

  void write(uint64_t offset, std::string_view data);
  void truncate(uint64_t size);
  /// Whole sectors inside the file.
  void punch_hole(uint64_t offset, uint64_t size);
  /// Zeros up to `size`, durable at once.
  void preallocate(uint64_t size);
  void sync();
  /// What a failed sync leaves: the kernel forgets that the sectors are dirty, so later syncs skip them.
  void fail_sync();
  void crash(Random& random);
  void flip_bit(uint64_t offset, int bit);

 private:
  struct Version {
    std::string bytes;  ///< the whole sector after a write
    bool forgotten;     ///< by a failed sync
  };
  /// How much of what was not synced a crash keeps.
  enum class Survival { nothing, everything, any_version };

  std::string sector_of(const std::string& bytes, uint64_t sector) const;
  void remember(uint64_t from, uint64_t to);
  std::string surviving_sector(Random& random, Survival survival, uint64_t sector,
                               const std::vector<Version>& versions) const;

  std::string current_;
  std::string durable_;
  std::map<uint64_t, std::vector<Version>> pending_;  ///< by sector, oldest first
  std::vector<uint64_t> pending_sizes_;               ///< oldest first
  std::set<uint64_t> holes_;                          ///< sectors that take no room; a crash may bring them back
};

}  // namespace troupe
