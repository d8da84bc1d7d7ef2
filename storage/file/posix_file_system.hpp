#pragma once
/// The real disk. Blocking: call it from detached actors, never from a cell.
#include "storage/file/file_system.hpp"

namespace troupe {

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  absl::Status remove(const std::string& path) override;
  absl::Status rename(const std::string& from, const std::string& to) override;
  absl::StatusOr<std::vector<std::string>> list(const std::string& path) override;
  absl::Status create_directory(const std::string& path) override;
  absl::Status remove_directory(const std::string& path) override;
  absl::Status sync_directory(const std::string& path) override;
  absl::StatusOr<bool> exists(const std::string& path) override;
  absl::StatusOr<uint64_t> file_size(const std::string& path) override;
  absl::StatusOr<uint64_t> free_space(const std::string& path) override;
  /// An open-file-description lock on `path`/troupe.pid, which names the process. The kernel drops it with the
  /// process, so nothing stale has to be cleaned up; it also works between two nodes of one process.
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) override;
};

}  // namespace troupe
