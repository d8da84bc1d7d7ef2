#pragma once
/// What a checkpoint knows about its trees: one page, read whole when the partition opens.
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/tree/tree_reclaimer.hpp"

namespace troupe {

struct DirectoryEntry {
  TreeId id = 0;
  TreeRoot root;
  Scn dropped_at = kNoScn;  ///< dropped by this commit, kept for older snapshots
  uint64_t tombstones = 0;  ///< entries that are deletions
};

struct Directory {
  std::vector<DirectoryEntry> trees;  ///< ascending ids
  std::vector<ReclaimItem> reclaim;
};

std::string encode_directory(const Directory& directory);
/// Errors: kDataCorrupted.
absl::StatusOr<Directory> decode_directory(std::string_view bytes);

}  // namespace troupe
