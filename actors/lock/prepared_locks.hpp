#pragma once
/// The locks of prepared transactions, which a restart of the node or of a lock shard must not lose.
#include "actors/lock/lock_shard.hpp"
#include "runtime/transaction/prepared_transactions.hpp"

namespace troupe {

/// As a restart finds it: the weak locks are counted at the gates again.
Preparation revived(PreparedTransaction transaction, const Catalog& catalog);

/// Into the state of lock shard `shard`, which is empty.
void lock_prepared(const NodeServices& services, PartitionId shard, LockShardState& state);

}  // namespace troupe
