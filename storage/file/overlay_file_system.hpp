#pragma once
/// Another file system with changes of its own on top, kept in memory: what would be written is not. For whoever has to
/// do what a node does at its start, and must leave its files as they are.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/file/file_system.hpp"

namespace troupe {

struct OverlayInode;

/// Owner: one thread.
class OverlayFileSystem final : public FileSystem {
 public:
  explicit OverlayFileSystem(FileSystem& below) : below_{below} {}
  ~OverlayFileSystem() override;

  absl::StatusOr<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  absl::Status remove(const std::string& path) override;
  absl::Status rename(const std::string& from, const std::string& to) override;
  absl::StatusOr<std::vector<std::string>> list(const std::string& path) override;
  absl::Status create_directory(const std::string& path) override;
  absl::Status remove_directory(const std::string& path) override;
  absl::Status sync_directory(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<bool> exists(const std::string& path) override;
  absl::StatusOr<uint64_t> file_size(const std::string& path) override;
  absl::StatusOr<uint64_t> free_space(const std::string& path) override { return below_.free_space(path); }
  /// Locks nothing: the caller has the real lock.
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) override;

 private:
  /// The file as it is now; null: there is none. Errors: the other file system's.
  absl::StatusOr<std::shared_ptr<OverlayInode>> find(const std::string& path);
  void hide(const std::string& path);

  FileSystem& below_;
  std::map<std::string, std::shared_ptr<OverlayInode>> inodes_;
  std::set<std::string> hidden_;       ///< files of the other one that were removed or renamed
  std::set<std::string> directories_;  ///< made here
};

}  // namespace troupe
