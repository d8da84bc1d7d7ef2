#pragma once
/// Commands of one transaction that were taken back: ROLLBACK TO SAVEPOINT takes all from one on, and no later command
/// has a number of theirs.
#include <algorithm>
#include <vector>

#include "storage/base/ids.hpp"

namespace troupe {

class CommandRanges {
 public:
  /// [first, end), of which `end` was the next command to come: nothing that was taken back lies behind it.
  void add(CommandId first, CommandId end) {
    if (first >= end) return;
    // Those of a savepoint behind the one that was gone back to are part of this.
    while (!ranges_.empty() && ranges_.back().end >= first) {
      first = std::min(first, ranges_.back().first);
      end = std::max(end, ranges_.back().end);
      ranges_.pop_back();
    }
    ranges_.push_back({first, end});
  }
  bool contains(CommandId command) const {
    const auto behind = std::upper_bound(ranges_.begin(), ranges_.end(), command,
                                         [](CommandId id, const Range& range) { return id < range.first; });
    return behind != ranges_.begin() && command < std::prev(behind)->end;
  }
  /// Those before `end` are of no interest any more.
  void forget_before(CommandId end) {
    std::erase_if(ranges_, [end](const Range& range) { return range.end <= end; });
    for (Range& range : ranges_) range.first = std::max(range.first, end);
  }
  bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    CommandId first;
    CommandId end;
  };
  std::vector<Range> ranges_;  ///< ascending
};

}  // namespace troupe
