#include "storage/file/mapped_frames.hpp"

#include <sys/mman.h>

#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "storage/base/frame_memory.hpp"

namespace troupe {
namespace {

constexpr uintptr_t kPageBytes = 4096;

struct Mappings {
  std::mutex mutex;
  absl::flat_hash_map<const void*, size_t> bytes;
};

/// Never destroyed: frames are freed until the process ends.
Mappings& mappings() {
  static auto* const all = new Mappings;
  return *all;
}

thread_local void* place = nullptr;

bool may_be_mapped(const void* block) { return reinterpret_cast<uintptr_t>(block) % kPageBytes == 0; }

/// Where adopt() wants the frame that it is making.
void* wanted_place() { return std::exchange(place, nullptr); }

bool unmap(void* block) {
  if (!may_be_mapped(block)) return false;
  size_t bytes = 0;
  {
    Mappings& all = mappings();
    const std::lock_guard lock(all.mutex);
    const auto at = all.bytes.find(block);
    if (at == all.bytes.end()) return false;
    bytes = at->second;
    all.bytes.erase(at);
  }
  ::munmap(block, bytes);
  return true;
}

constexpr FrameMemory kMappings{wanted_place, unmap};

}  // namespace

FrameBlock* MappedFrames::adopt(void* mapping, size_t bytes, uint32_t size) {
  {
    Mappings& all = mappings();
    const std::lock_guard lock(all.mutex);
    if (all.bytes.empty()) set_frame_memory(kMappings);
    all.bytes[mapping] = bytes;
  }
  place = mapping;
  return FrameBlock::allocate(size);
}

void MappedFrames::let_go(const void* block) {
  if (!may_be_mapped(block)) return;
  Mappings& all = mappings();
  const std::lock_guard lock(all.mutex);
  const auto at = all.bytes.find(block);
  if (at != all.bytes.end()) ::madvise(const_cast<void*>(block), at->second, MADV_DONTNEED);
}

}  // namespace troupe
