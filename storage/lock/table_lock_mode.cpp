#include "storage/lock/table_lock_mode.hpp"

#include <array>

namespace troupe {
namespace {

constexpr uint16_t bits(std::initializer_list<int> modes) {
  uint16_t mask = 0;
  for (const int mode : modes) mask = static_cast<uint16_t>(mask | (1 << mode));
  return mask;
}

/// Indexed by mode; which modes conflict with it.
constexpr std::array<uint16_t, 9> kConflicts = {
    0,
    bits({8}),
    bits({7, 8}),
    bits({5, 6, 7, 8}),
    bits({4, 5, 6, 7, 8}),
    bits({3, 4, 6, 7, 8}),
    bits({3, 4, 5, 6, 7, 8}),
    bits({2, 3, 4, 5, 6, 7, 8}),
    bits({1, 2, 3, 4, 5, 6, 7, 8}),
};

}  // namespace

std::string_view table_lock_name(TableLockMode mode) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "",          "AccessShareLock",       "RowShareLock",  "RowExclusiveLock", "ShareUpdateExclusiveLock",
      "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"};
  return kNames[static_cast<size_t>(mode)];
}

bool table_locks_conflict(TableLockMode a, TableLockMode b) {
  return (kConflicts[static_cast<size_t>(a)] >> static_cast<int>(b) & 1) != 0;
}

}  // namespace troupe
