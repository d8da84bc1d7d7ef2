#include "actors/session/server_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace troupe {
namespace {

constexpr size_t kPieceBytes = 1024 * 1024;
constexpr mode_t kOwnerWrites = 0644;

/// PostgreSQL's errcode_for_file_access().
ErrorCode code_of(int number) {
  switch (number) {
    case EPERM:
    case EACCES:
    case EROFS: return ErrorCode::kInsufficientPrivilege;
    case ENOENT: return ErrorCode::kUndefinedFile;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY: return ErrorCode::kWrongObjectType;
    case ENOSPC: return ErrorCode::kDiskFull;
    case EIO: return ErrorCode::kIoError;
    default: return ErrorCode::kInternalError;
  }
}

}  // namespace

ServerFile::~ServerFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

absl::Status ServerFile::cannot_open(int number, std::string_view purpose) const {
  absl::Status status =
      error(code_of(number), "could not open file \"", path_, "\" for ", purpose, ": ", std::strerror(number));
  if (number != ENOENT && number != EACCES) return status;
  const bool reads = purpose == "reading";
  return with_hint(std::move(status),
                   cat("COPY ", reads ? "FROM" : "TO", " instructs the PostgreSQL server process to ",
                       reads ? "read" : "write",
                       " a file. You may want a client-side facility such as psql's \\copy."));
}

absl::Status ServerFile::open_to_read() {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) return cannot_open(errno, "reading");
  struct stat found {};
  if (::fstat(descriptor_, &found) != 0) {
    return error(code_of(errno), "could not stat file \"", path_, "\": ", std::strerror(errno));
  }
  if (S_ISDIR(found.st_mode)) return error(ErrorCode::kWrongObjectType, "\"", path_, "\" is a directory");
  return absl::OkStatus();
}

absl::Status ServerFile::open_to_write() {
  if (!path_.starts_with('/')) return error(ErrorCode::kInvalidName, "relative path not allowed for COPY to file");
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerWrites);
  if (descriptor_ < 0) return cannot_open(errno, "writing");
  return absl::OkStatus();
}

absl::Status ServerFile::read(std::string* piece) {
  piece->resize(kPieceBytes);
  ssize_t size = -1;
  do size = ::read(descriptor_, piece->data(), piece->size());
  while (size < 0 && errno == EINTR);
  if (size < 0) return error(code_of(errno), "could not read from COPY file: ", std::strerror(errno));
  piece->resize(static_cast<size_t>(size));
  return absl::OkStatus();
}

absl::Status ServerFile::write(std::string_view piece) {
  while (!piece.empty()) {
    const ssize_t size = ::write(descriptor_, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return error(code_of(errno), "could not write to COPY file: ", std::strerror(errno));
    piece.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

absl::Status ServerFile::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) == 0) return absl::OkStatus();
  return error(code_of(errno), "could not close file \"", path_, "\": ", std::strerror(errno));
}

}  // namespace troupe
