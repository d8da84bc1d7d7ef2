#include "runtime/transaction/table_gate.hpp"

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

TableGate::Hold TableGate::try_enter(const std::shared_ptr<TableGate>& gate, TableLockMode mode) {
  TROUPE_CHECK(is_weak(mode));
  const uint64_t before = gate->word_.fetch_add(one(mode), std::memory_order_acq_rel);
  if ((before & kClosed) != 0) {
    gate->leave(mode);
    return {};
  }
  return {gate, mode};
}

uint64_t TableGate::conflicting(TableLockMode strong) const {
  const uint64_t word = word_.load(std::memory_order_acquire);
  uint64_t count = 0;
  for (const TableLockMode weak :
       {TableLockMode::kAccessShare, TableLockMode::kRowShare, TableLockMode::kRowExclusive}) {
    if (!table_locks_conflict(strong, weak)) continue;
    count += (word / one(weak)) & ((uint64_t{1} << kCountBits) - 1);
  }
  return count;
}

}  // namespace troupe
