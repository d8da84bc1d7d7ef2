#include "storage/file/frame_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "storage/base/text.hpp"
#include "storage/file/mapped_frames.hpp"

namespace troupe {
namespace {

absl::Status file_error(std::string_view what, const std::string& directory, int number) {
  const ErrorCode code = number == ENOSPC || number == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kIoError;
  return with_hint(error(code, "could not ", what, " a temporary file in ", directory, ": ", std::strerror(number)),
                   "The transaction is larger than limits.pending_memory_bytes, and its changes need room on the disk.");
}

/// Without a name, so that nothing of it is left whatever happens.
int open_unnamed(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = directory + "/spill.XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

absl::StatusOr<FrameBytes> FrameFiles::make(uint32_t size) const {
  if (directory_.empty()) return FrameBytes(FrameBlock::allocate(size));
  const int file = open_unnamed(directory_);
  if (file < 0) return file_error("make", directory_, errno);
  const size_t bytes = sizeof(FrameBlock) + size;
  void* memory = MAP_FAILED;
  // A page that finds no room when it is written would end the process.
  int failed = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (failed == 0) {
    memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) failed = errno;
  }
  ::close(file);
  if (failed != 0) return file_error("extend", directory_, failed);
  return FrameBytes(MappedFrames::adopt(memory, bytes, size));
}

absl::StatusOr<FrameBytes> FrameFiles::copy_of(std::string_view bytes) const {
  TROUPE_ASSIGN_OR_RETURN(FrameBytes frame, make(static_cast<uint32_t>(bytes.size())));
  std::memcpy(frame.mutable_data(), bytes.data(), bytes.size());
  let_go(frame);
  return frame;
}

void FrameFiles::let_go(const FrameBytes& frame) {
  if (frame) MappedFrames::let_go(frame.view().data() - sizeof(FrameBlock));
}

}  // namespace troupe
