#pragma once
/// PostgreSQL's four row lock strengths and their conflicts (Table 13.3).
#include <cstdint>

namespace troupe {

enum class RowLockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };

constexpr bool row_locks_conflict(RowLockStrength a, RowLockStrength b) {
  const auto weaker = a < b ? a : b;
  const auto stronger = a < b ? b : a;
  switch (weaker) {
    case RowLockStrength::kKeyShare: return stronger == RowLockStrength::kUpdate;
    case RowLockStrength::kShare: return stronger >= RowLockStrength::kNoKeyUpdate;
    default: return true;
  }
}

}  // namespace troupe
