#pragma once
/// Which frames' memory is a mapped file. A mapping starts at a page, which memory from the heap hardly ever does, so
/// other frames are told by their address. Thread-safe.
#include <cstddef>
#include <cstdint>

#include "storage/base/frame.hpp"

namespace troupe {

class MappedFrames {
 public:
  /// A frame of `size` bytes in a mapping of `bytes`, which is the frame's from here on.
  static FrameBlock* adopt(void* mapping, size_t bytes, uint32_t size);
  /// The kernel may have the memory until it is looked at again.
  static void let_go(const void* block);
};

}  // namespace troupe
