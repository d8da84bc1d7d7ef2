#include "storage/file/disk_reserve.hpp"

namespace troupe {
namespace {

/// A fourth of what is wanted is enough to go on with.
constexpr uint64_t kLeastPart = 4;

}  // namespace

absl::Status DiskReserve::hold() {
  if (held_ || bytes_ == 0) return absl::OkStatus();
  absl::Status status;
  {
    TROUPE_ASSIGN_OR_RETURN(const auto file, files_.open(path_, {.write = true, .create = true}));
    for (uint64_t size = bytes_; size >= bytes_ / kLeastPart; size /= 2) {
      status = file->allocate(size);
      held_ = status.ok() && size == bytes_;
      if (status.ok() || size == 1) break;
    }
  }
  if (!status.ok()) give_up();  // what was allocated is better used by others
  return status;
}

void DiskReserve::give_up() {
  held_ = false;
  files_.remove(path_).IgnoreError();
}

}  // namespace troupe
