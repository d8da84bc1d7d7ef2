#pragma once
/// What pg_advisory_lock() and its kin lock: numbers that mean something to clients only. And keys of a constraint of
/// which no two transactions may bring a row at the same time.
#include <compare>
#include <cstdint>
#include <string_view>

namespace troupe {

/// Of one of two spaces: bigints, and pairs of integers.
struct AdvisoryKey {
  int64_t number = 0;  ///< of a pair: the first in the upper half
  bool pair = false;
  uint32_t constraint = 0;  ///< whose key has that hash; 0: a client's number
  auto operator<=>(const AdvisoryKey&) const = default;

  static AdvisoryKey of_pair(int32_t a, int32_t b) {
    return {static_cast<int64_t>(static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b)),
            true, 0};
  }
};

enum class AdvisoryMode : uint8_t { kShare, kExclusive };

constexpr bool advisory_locks_conflict(AdvisoryMode a, AdvisoryMode b) {
  return a == AdvisoryMode::kExclusive || b == AdvisoryMode::kExclusive;
}
/// A session holds both side by side and lets each go by itself: for a LockQueue none stands for the other.
constexpr bool operator>=(AdvisoryMode a, AdvisoryMode b) { return a == b; }

struct AdvisoryLock {
  AdvisoryKey key;
  AdvisoryMode mode = AdvisoryMode::kExclusive;
  auto operator<=>(const AdvisoryLock&) const = default;
};

/// "ExclusiveLock", as pg_locks and warnings have it.
constexpr std::string_view advisory_lock_name(AdvisoryMode mode) {
  return mode == AdvisoryMode::kExclusive ? "ExclusiveLock" : "ShareLock";
}

/// What a lock goes with.
enum class AdvisoryScope : uint8_t { kSession, kTransaction };

}  // namespace troupe
