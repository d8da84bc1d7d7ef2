#pragma once
/// What the publisher answers a subscriber.
#include <vector>

#include "actors/node/commit_request.hpp"
#include "storage/log/bulk_record.hpp"
#include "storage/log/format.hpp"

namespace troupe {

/// Commits in SCN order. The last one may be there in part: its next records come with the next answer.
struct Changes {
  std::vector<CommitFrame> records;
  Scn through = kNoScn;         ///< every commit up to it is in here or was before
  uint32_t records_behind = 0;  ///< and so many records of the commit behind it
  /// Instead: bulk records of one transaction, and where to go on.
  std::vector<BulkFrame> bulk;
  LogPosition resume = 0;
};

}  // namespace troupe
