#pragma once
/// Commands of open transactions that ROLLBACK TO SAVEPOINT has taken back while writes of theirs, of a statement that
/// was cancelled, may still be on their way by the lock shard: such a write must not be made when it arrives. Owner:
/// one partition actor.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/base/ids.hpp"

namespace troupe {

class DeadCommands {
 public:
  /// [first, end), of which `end` was the next command to come: nothing dead lies behind it.
  void add(TxnId txn, CommandId first, CommandId end) {
    std::vector<Range>& ranges = of_[txn];
    // Those of a savepoint behind the one that was gone back to are part of this.
    while (!ranges.empty() && ranges.back().end >= first) {
      first = std::min(first, ranges.back().first);
      end = std::max(end, ranges.back().end);
      ranges.pop_back();
    }
    ranges.push_back({first, end});
  }
  bool contains(TxnId txn, CommandId command) const {
    const auto at = of_.find(txn);
    if (at == of_.end()) return false;
    const auto behind = std::upper_bound(at->second.begin(), at->second.end(), command,
                                         [](CommandId id, const Range& range) { return id < range.first; });
    return behind != at->second.begin() && command < std::prev(behind)->end;
  }
  /// All writes of commands before `end` have arrived.
  void arrived(TxnId txn, CommandId end) {
    const auto at = of_.find(txn);
    if (at == of_.end()) return;
    std::erase_if(at->second, [end](const Range& range) { return range.end <= end; });
    for (Range& range : at->second) range.first = std::max(range.first, end);
    if (at->second.empty()) of_.erase(at);
  }
  /// The transaction is over.
  void forget(TxnId txn) { of_.erase(txn); }
  bool empty() const { return of_.empty(); }

 private:
  struct Range {
    CommandId first;
    CommandId end;
  };
  absl::flat_hash_map<TxnId, std::vector<Range>> of_;  ///< ascending
};

}  // namespace troupe
