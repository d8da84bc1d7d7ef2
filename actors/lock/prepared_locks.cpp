#include "actors/lock/prepared_locks.hpp"

namespace troupe {
namespace {

/// Null: the table is gone, which its lock would not have let happen.
std::shared_ptr<TableGate> gate_of(const Catalog& catalog, Oid table) {
  const TableDef* def = catalog.find_table(table);
  return def == nullptr ? nullptr : std::static_pointer_cast<TableGate>(def->gate);
}

void lock_tables(TxnId txn, const std::vector<HeldTableLock>& locks, const Catalog& catalog, LockShardState& state) {
  for (const HeldTableLock& lock : locks) {
    const auto gate = gate_of(catalog, lock.table);
    if (gate == nullptr) continue;
    state.tables.acquire(txn, lock.table, lock.mode, true, 0);
    if (is_weak(lock.mode)) continue;
    gate->close();
    state.closed_gates.insert_or_assign(lock.table, gate);
  }
}

}  // namespace

Preparation revived(PreparedTransaction transaction, const Catalog& catalog) {
  Preparation revived;
  for (const HeldTableLock& lock : transaction.weak_locks) {
    if (const auto gate = gate_of(catalog, lock.table))
      revived.gates.push_back(TableGate::enter_closed(gate, lock.mode));
  }
  revived.transaction = std::make_shared<const PreparedTransaction>(std::move(transaction));
  return revived;
}

void lock_prepared(const NodeServices& services, PartitionId shard, LockShardState& state) {
  for (const PreparedTransactionPtr& transaction : services.prepared.list()) {
    for (const auto& [of, encoded] : transaction->locks) {
      if (of != shard) continue;
      const absl::StatusOr<HeldLocks> locks = decode_locks(encoded);
      TROUPE_CHECK_MSG(locks.ok(), std::string(locks.status().message()));
      for (const HeldRowLock& lock : locks->rows) {
        TROUPE_CHECK(state.rows.acquire_again(transaction->txn, lock.tree, lock.key, lock.strength));
      }
      lock_tables(transaction->txn, locks->tables, *services.catalog.get(), state);
    }
  }
}

}  // namespace troupe
