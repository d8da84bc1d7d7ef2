#pragma once
/// What the publisher answers a subscriber.
#include <vector>

#include "actors/node/commit_request.hpp"

namespace troupe {

/// Commits in SCN order, whole transactions only.
struct Changes {
  std::vector<CommitFrame> records;
  Scn through = kNoScn;  ///< every commit up to it is in here or was before
};

}  // namespace troupe
