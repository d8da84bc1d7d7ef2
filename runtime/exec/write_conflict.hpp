#pragma once
/// A 40001 of a write carries which row it met, for sys.conflicts: nothing of it goes to the client.
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

struct WriteConflict {
  TreeId tree = 0;
  std::string key;
};

absl::Status with_write_conflict(absl::Status status, TreeId tree, std::string_view key);
std::optional<WriteConflict> write_conflict_of(const absl::Status& status);

}  // namespace troupe
