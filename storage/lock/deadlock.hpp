#pragma once
/// Finds a cycle among wait edges gathered from all lock shards.
#include <vector>

#include "storage/lock/lock_queue.hpp"

namespace troupe {

/// One cycle, each waiting for the next and the last for the first; empty when there is none. Deterministic.
std::vector<TxnId> find_deadlock(const std::vector<WaitEdge>& edges);

/// Who has to give way: the youngest (largest id), which has lost the least.
TxnId choose_victim(const std::vector<TxnId>& cycle);

}  // namespace troupe
