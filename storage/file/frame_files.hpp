#pragma once
/// Frames of transactions that are larger than memory has room for: their bytes are in files without a name, mapped, so
/// that the kernel writes them out and reads them back as it needs room. Whoever has done with such a frame for a while
/// lets go of its pages. To everybody else it is a frame as any other.
/// Thread-safe.
#include <string>

#include "storage/base/error.hpp"
#include "storage/base/frame.hpp"

namespace troupe {

class FrameFiles {
 public:
  /// Until this is said, frames are in memory: there is no file system (the simulator).
  void use_directory(std::string directory) { directory_ = std::move(directory); }
  /// Its room on the disk is taken at once. Errors: kDiskFull, the file system's.
  absl::StatusOr<FrameBytes> make(uint32_t size) const;
  absl::StatusOr<FrameBytes> copy_of(std::string_view bytes) const;
  /// The bytes are not looked at soon. Nothing happens when they are in memory.
  static void let_go(const FrameBytes& frame);

 private:
  std::string directory_;
};

}  // namespace troupe
