#include "runtime/transaction/table_gate.hpp"

namespace troupe {

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
