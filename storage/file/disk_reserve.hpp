#pragma once
/// A file that does nothing but take up room, to be given up when the disk is full: then a checkpoint can still write
/// its pages, the log's segments that it covers are free, and work goes on. Without it a log that has filled the disk
/// keeps it full for ever. Blocking. Owner: the log writer.
#include <string>

#include "storage/file/file_system.hpp"

namespace troupe {

class DiskReserve {
 public:
  /// `bytes` 0: none is kept.
  DiskReserve(FileSystem& files, std::string path, uint64_t bytes)
      : files_{files}, path_{std::move(path)}, bytes_{bytes} {}

  /// Makes it, unless it is there; for the time being with a part of its size, if no more fits.
  /// Errors: kDiskFull; the file system's.
  absl::Status hold();
  void give_up();

 private:
  FileSystem& files_;
  std::string path_;
  uint64_t bytes_;
  bool held_ = false;
};

}  // namespace troupe
