#include "storage/file/posix_file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace troupe {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kUndefinedFile;
    case EEXIST: return ErrorCode::kDuplicateFile;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kDiskFull;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kInsufficientPrivilege;
    case EMFILE:
    case ENFILE: return ErrorCode::kInsufficientResources;
    default: return ErrorCode::kIoError;
  }
}

absl::Status system_error(std::string_view doing, std::string_view path) {
  const int number = errno;
  return error(code_of(number), doing, " \"", path, "\": ", std::generic_category().message(number));
}

/// A file descriptor, closed once.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor fd, bool direct)
      : File(std::move(path)), fd_{std::move(fd)}, direct_{direct} {}

  absl::Status read(uint64_t offset, std::span<char> out) const override {
    TROUPE_ASSIGN_OR_RETURN(const size_t size, read_up_to(offset, out));
    if (size == out.size()) return absl::OkStatus();
    return error(ErrorCode::kDataCorrupted, "reading \"", path(), "\": ", out.size(), " bytes at ", offset,
                 ", but the file ends after ", size);
  }

  absl::StatusOr<size_t> read_up_to(uint64_t offset, std::span<char> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("reading", path());
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  /// From the kernel's page cache.
  absl::StatusOr<bool> read_at_hand(uint64_t offset, std::span<char> out) const override {
    iovec where{out.data(), out.size()};
    const ssize_t n = ::preadv2(fd_.get(), &where, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (n == static_cast<ssize_t>(out.size())) return true;
    const bool unknown = n >= 0 || errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR;
    if (unknown) return false;
    return system_error("reading", path());
  }

  absl::Status write(uint64_t offset, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("writing", path());
      offset += static_cast<uint64_t>(n);
      data.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::Status truncate(uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return system_error("truncating", path());
    return absl::OkStatus();
  }

  absl::Status allocate(uint64_t size) override {
    TROUPE_ASSIGN_OR_RETURN(const uint64_t old_size, this->size());
    if (old_size >= size) return absl::OkStatus();
    const auto more = static_cast<off_t>(size - old_size);
    if (const int number = ::posix_fallocate(fd_.get(), static_cast<off_t>(old_size), more); number != 0) {
      errno = number;
      if (number != EOPNOTSUPP && number != EINVAL) return system_error("allocating", path());
    }
    return absl::OkStatus();
  }

  absl::Status preallocate(uint64_t size) override {
    TROUPE_ASSIGN_OR_RETURN(const uint64_t old_size, this->size());
    if (old_size >= size) return absl::OkStatus();
    // First as extents, so that a full disk shows before gigabytes are written and the file lies in one piece; then
    // as zeros, because a write into an unwritten extent changes metadata that every later fdatasync must commit.
    TROUPE_RETURN_IF_ERROR(allocate(size));
    TROUPE_RETURN_IF_ERROR(write_zeros(old_size, size));
    return full_sync();
  }

  absl::Status punch_hole(uint64_t offset, uint64_t size) override {
    constexpr int kMode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (::fallocate(fd_.get(), kMode, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS) {
      return system_error("punching a hole into", path());
    }
    return absl::OkStatus();
  }

  absl::Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_error("syncing", path());
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return system_error("looking at", path());
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  absl::Status write_zeros(uint64_t from, uint64_t to) {
    static constexpr size_t kChunk = 1 << 20;
    void* memory = std::aligned_alloc(kDirectAlignment, kChunk);
    const std::unique_ptr<char, decltype(&std::free)> zeros(static_cast<char*>(memory), &std::free);
    if (zeros == nullptr) return error(ErrorCode::kOutOfMemory, "no memory to preallocate \"", path(), "\"");
    std::fill_n(zeros.get(), kChunk, '\0');
    if (direct_ && (from % kDirectAlignment != 0 || to % kDirectAlignment != 0)) {
      return error(ErrorCode::kIoError, "preallocating \"", path(), "\": ", to, " bytes are not whole blocks");
    }
    while (from < to) {
      const size_t size = std::min<uint64_t>(kChunk, to - from);
      TROUPE_RETURN_IF_ERROR(write(from, {zeros.get(), size}));
      from += size;
    }
    return absl::OkStatus();
  }

  absl::Status full_sync() {
    if (::fsync(fd_.get()) != 0) return system_error("syncing", path());
    return absl::OkStatus();
  }

  Descriptor fd_;
  bool direct_;
};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(Descriptor fd) : fd_{std::move(fd)} {}

 private:
  Descriptor fd_;  // closing it drops the lock
};

}  // namespace

absl::StatusOr<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenOptions options) {
  int flags = O_CLOEXEC | (options.write ? O_RDWR : O_RDONLY);
  if (options.create) flags |= O_CREAT;
  if (options.create && options.exclusive) flags |= O_EXCL;
  if (options.write && options.truncate) flags |= O_TRUNC;
  if (options.direct) flags |= O_DIRECT;
  Descriptor fd(::open(path.c_str(), flags, 0600));
  if (fd.get() < 0) return system_error("opening", path);
  return std::make_unique<PosixFile>(path, std::move(fd), options.direct);
}

absl::Status PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_error("removing", path);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error(cat("renaming to \"", to, "\" the file"), from);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) return system_error("listing", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return system_error("listing", path);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status PosixFileSystem::create_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent_path(path));
  if (errno == ENOENT && path != parent_path(path)) {
    TROUPE_RETURN_IF_ERROR(create_directory(parent_path(path)));
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent_path(path));
  }
  struct stat info {};
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    errno = EEXIST;
  }
  return system_error("creating directory", path);
}

absl::Status PosixFileSystem::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return system_error("removing directory", path);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::sync_directory(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return system_error("syncing directory", path);
  return absl::OkStatus();
}

absl::StatusOr<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_error("looking for", path);
}

absl::StatusOr<uint64_t> PosixFileSystem::file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error("looking at", path);
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<uint64_t> PosixFileSystem::free_space(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return system_error("looking at the volume of", path);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> PosixFileSystem::lock_directory(const std::string& path) {
  const std::string name = join_path(path, "troupe.pid");
  Descriptor fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) return system_error("opening", name);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return system_error("locking", name);
    char pid[32];
    const ssize_t n = ::pread(fd.get(), pid, sizeof pid, 0);
    std::string_view holder(pid, n > 0 ? static_cast<size_t>(n) : 0);
    if (!holder.empty() && holder.back() == '\n') holder.remove_suffix(1);
    return with_hint(error(ErrorCode::kObjectInUse, "data directory \"", path, "\" is in use by process ", holder),
                     "Stop that node, or give this one a directory of its own.");
  }
  const std::string pid = cat(static_cast<int64_t>(::getpid()), "\n");
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return system_error("writing", name);
  }
  return std::make_unique<PosixDirectoryLock>(std::move(fd));
}

}  // namespace troupe
