#pragma once
/// PostgreSQL's table lock modes and their conflicts (Table 13.2).
#include <cstdint>
#include <string_view>

namespace troupe {

/// Weakest first.
enum class TableLockMode : uint8_t {
  kAccessShare = 1,
  kRowShare,
  kRowExclusive,
  kShareUpdateExclusive,
  kShare,
  kShareRowExclusive,
  kExclusive,
  kAccessExclusive,
};

/// "AccessShareLock", as pg_locks and error details have it.
std::string_view table_lock_name(TableLockMode mode);
bool table_locks_conflict(TableLockMode a, TableLockMode b);
/// Weak modes do not conflict with each other.
constexpr bool is_weak(TableLockMode mode) { return mode <= TableLockMode::kRowExclusive; }

}  // namespace troupe
