#pragma once
/// A disk in memory that behaves as badly as a real one may, reproducibly: the same seed and calls give the same
/// bytes. Remembers what was synced; crash() decides sector by sector what of the rest survived.
///
/// Model: a write leaves one new version of each 512-byte sector it touches. At a crash a sector holds its durable
/// version or any later one, possibly torn at a byte; the size is the durable or any later one; each name change that
/// no sync_directory() covered happened or did not. A failed sync leaves its sectors in doubt for good: a later sync
/// that succeeds does not write them (what Linux does).
#include <array>
#include <map>
#include <mutex>
#include <set>

#include "storage/base/random.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

enum class SimOperation : uint8_t { open, read, write, sync, truncate, preallocate, rename, remove, sync_directory };
inline constexpr size_t kSimOperations = 9;

class SimInode;

/// Any thread may call it (one mutex inside); reproducible only with one.
class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(uint64_t seed);
  ~SimFileSystem() override;

  absl::StatusOr<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  absl::Status remove(const std::string& path) override;
  absl::Status rename(const std::string& from, const std::string& to) override;
  absl::StatusOr<std::vector<std::string>> list(const std::string& path) override;
  /// Directories are durable at once: what stands on them is what is tested.
  absl::Status create_directory(const std::string& path) override;
  absl::Status remove_directory(const std::string& path) override;
  absl::Status sync_directory(const std::string& path) override;
  absl::StatusOr<bool> exists(const std::string& path) override;
  absl::StatusOr<uint64_t> file_size(const std::string& path) override;
  absl::StatusOr<uint64_t> free_space(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) override;

  /// Power cut and restart: unsynced sectors, sizes and names survive or not, by the seed; open files and directory
  /// locks are stale (their calls return kIoError); faults are cleared.
  void crash();
  /// The machine dies inside the n-th changing operation from now (1 = the next): a part of it may be on the disk, it
  /// and every later call returns kIoError until crash().
  void cut_power_after(uint64_t changing_operations);
  bool powered_off() const;

  /// The n-th `operation` from now (1 = the next) fails once. A failed write may have written a part.
  void fail_nth(SimOperation operation, uint64_t n, ErrorCode code = ErrorCode::kIoError);
  /// Every n-th one fails; 0 stops it.
  void fail_every(SimOperation operation, uint64_t n, ErrorCode code = ErrorCode::kIoError);
  /// Flips one bit in the file as it is now and on the disk, as rot does. The byte must exist.
  void flip_bit(const std::string& path, uint64_t offset, int bit);
  /// Writes that would take the files' total size beyond this return kDiskFull.
  void set_capacity(uint64_t bytes);
  /// Says that it has synced and does not: to see whether anybody notices.
  void lie_about_syncs(bool lies);
  /// About one read in `n` sees the file end early, as a damaged file system shows it; 0 stops it.
  void short_reads(uint64_t n);

  uint64_t count(SimOperation operation) const;
  /// The same disk, with the same doubts, continued with another seed. Faults, locks and open files stay behind.
  std::unique_ptr<SimFileSystem> fork(uint64_t seed) const;

 private:
  friend class SimFile;
  friend class SimDirectoryLock;
  using InodePointer = std::shared_ptr<SimInode>;
  struct Fault {
    uint64_t countdown = 0;  ///< 0: none
    uint64_t every = 0;
    ErrorCode code = ErrorCode::kIoError;
  };
  /// `to` becomes `inode` (none: removed); `from`, unless empty, no longer is it.
  struct NameChange {
    std::string from;
    std::string to;
    InodePointer inode;
  };

  /// Counts the operation and says how it fails, if it does.
  absl::Status enter(SimOperation operation, const std::string& path);
  absl::Status check_power(const std::string& path) const;
  absl::StatusOr<InodePointer> find(const std::string& path) const;
  absl::Status reserve(uint64_t more_bytes, const std::string& path);
  void change_name(NameChange change);
  static void apply(const NameChange& change, std::map<std::string, InodePointer>& names);
  uint64_t used_bytes() const;

  mutable std::mutex mutex_;
  Random random_;
  std::map<std::string, InodePointer> names_;
  std::map<std::string, InodePointer> durable_names_;
  std::vector<NameChange> name_changes_;  ///< not yet durable, in order
  std::set<std::string> directories_;
  std::set<std::string> locked_;
  std::array<Fault, kSimOperations> faults_{};
  std::array<uint64_t, kSimOperations> counts_{};
  uint64_t capacity_bytes_;
  uint64_t short_read_every_ = 0;
  bool lies_ = false;
  uint64_t power_cut_in_ = 0;  ///< 0: none
  bool powered_off_ = false;
  bool dying_ = false;        ///< inside the operation that the power cut hit
  uint64_t incarnation_ = 0;  ///< grows with every crash; older open files are stale
};

}  // namespace troupe
