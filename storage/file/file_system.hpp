#pragma once
/// Files as the storage sees them: blocking, positioned, with errors that name the path. Injected everywhere, so that
/// the same storage runs on a disk (PosixFileSystem) and in a simulation that loses writes (SimFileSystem).
///
/// What is durable: bytes and size of a file after its sync(); a name (create, rename, remove) after sync_directory()
/// of the directory that holds it. Nothing else, whatever a particular kernel may promise on top.
///
/// Errors of every call: kUndefinedFile (no such file or directory), kDuplicateFile (exists already), kDiskFull
/// (no space or quota), kInsufficientPrivilege, kInsufficientResources (file descriptors), kIoError (the rest).
/// Message: what was done, the path, and the system's text.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

/// The default opens an existing file for reading.
struct OpenOptions {
  bool write = false;      ///< reading and writing
  bool create = false;     ///< makes the file when there is none
  bool exclusive = false;  ///< with create: kDuplicateFile when there is one
  bool truncate = false;   ///< with write: to zero bytes
  bool direct = false;     ///< past the page cache: offsets, sizes and memory in multiples of kDirectAlignment
};

inline constexpr uint32_t kDirectAlignment = 4096;
/// Of a volume's blocks: smaller holes give nothing back.
inline constexpr uint32_t kHoleBytes = 4096;

/// One open file; closed by its destructor. Concurrent reads are allowed, writes and the rest one thread at a time.
class File {
 public:
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Fills `out` from `offset`; kDataCorrupted when the file ends before that.
  virtual absl::Status read(uint64_t offset, std::span<char> out) const = 0;
  /// As many bytes as there are up to out.size(); fewer only at the end of the file.
  virtual absl::StatusOr<size_t> read_up_to(uint64_t offset, std::span<char> out) const = 0;
  /// As read(), when it can be done without waiting for the disk; false: it cannot, or nobody knows.
  virtual absl::StatusOr<bool> read_at_hand(uint64_t offset, std::span<char> out) const {
    static_cast<void>(offset), static_cast<void>(out);
    return false;
  }
  /// Writes all of `data`, growing the file when needed. On an error any part of it may have been written.
  virtual absl::Status write(uint64_t offset, std::string_view data) = 0;
  virtual absl::Status truncate(uint64_t size) = 0;
  /// Grows the file to `size` bytes that read as zeros, and takes the room for them. kDiskFull when it does not fit.
  virtual absl::Status allocate(uint64_t size) = 0;
  /// Grows the file to `size` zeros, written and synced, so that a later write() + sync() inside it changes no
  /// metadata. The bytes that are there already stay. kDiskFull when it does not fit.
  virtual absl::Status preallocate(uint64_t size) = 0;
  /// Gives the room of `size` bytes from `offset` back to the volume; they read as zeros from then on, or, after a crash,
  /// as before. In multiples of kHoleBytes. Where the volume cannot do it, nothing happens.
  virtual absl::Status punch_hole(uint64_t offset, uint64_t size) = 0;
  /// Makes bytes and size durable. After a failure nobody knows what is on the disk, and a second sync() may succeed
  /// without having written anything: never retry it; go through recovery.
  virtual absl::Status sync() = 0;
  virtual absl::StatusOr<uint64_t> size() const = 0;

  const std::string& path() const { return path_; }

 protected:
  explicit File(std::string path) : path_{std::move(path)} {}

 private:
  std::string path_;
};

/// Held by the one node that uses a directory; released by the destructor, or by the end of the process.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// May be used from several threads.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  virtual absl::Status remove(const std::string& path) = 0;
  /// Atomic; replaces `to` when it exists.
  virtual absl::Status rename(const std::string& from, const std::string& to) = 0;
  /// Names of files and directories in `path`, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> list(const std::string& path) = 0;
  /// With its parents, durably; OK when it is there already.
  virtual absl::Status create_directory(const std::string& path) = 0;
  /// Only when empty.
  virtual absl::Status remove_directory(const std::string& path) = 0;
  virtual absl::Status sync_directory(const std::string& path) = 0;
  virtual absl::StatusOr<bool> exists(const std::string& path) = 0;
  virtual absl::StatusOr<uint64_t> file_size(const std::string& path) = 0;
  /// Bytes that an unprivileged process may still write on the volume of `path`.
  virtual absl::StatusOr<uint64_t> free_space(const std::string& path) = 0;
  /// kObjectInUse, naming the process, when another node holds the directory.
  virtual absl::StatusOr<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) = 0;
};

std::string join_path(std::string_view directory, std::string_view name);
/// "." for a bare name.
std::string parent_path(std::string_view path);

/// The whole file; for small ones (superblocks, configuration).
absl::StatusOr<std::string> read_file(FileSystem& files, const std::string& path);
/// Durable and atomic: writes `path`.new, syncs it, renames it over `path`, syncs the directory.
absl::Status replace_file(FileSystem& files, const std::string& path, std::string_view content);

}  // namespace troupe
