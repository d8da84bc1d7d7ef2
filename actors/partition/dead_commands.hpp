#pragma once
/// Commands of open transactions that ROLLBACK TO SAVEPOINT has taken back while writes of theirs, of a statement that
/// was cancelled, may still be on their way by the lock shard: such a write must not be made when it arrives. Owner:
/// one partition actor.
#include "absl/container/flat_hash_map.h"
#include "storage/partition/command_ranges.hpp"

namespace troupe {

class DeadCommands {
 public:
  /// [first, end), of which `end` was the next command to come: nothing dead lies behind it.
  void add(TxnId txn, CommandId first, CommandId end) { of_[txn].add(first, end); }
  bool contains(TxnId txn, CommandId command) const {
    const auto at = of_.find(txn);
    return at != of_.end() && at->second.contains(command);
  }
  /// All writes of commands before `end` have arrived.
  void arrived(TxnId txn, CommandId end) {
    const auto at = of_.find(txn);
    if (at == of_.end()) return;
    at->second.forget_before(end);
    if (at->second.empty()) of_.erase(at);
  }
  /// The transaction is over.
  void forget(TxnId txn) { of_.erase(txn); }
  bool empty() const { return of_.empty(); }

 private:
  absl::flat_hash_map<TxnId, CommandRanges> of_;
};

}  // namespace troupe
