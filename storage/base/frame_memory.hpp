#pragma once
/// Memory of frames that is not from the heap (storage/file/mapped_frames.hpp). Nobody else has to know.
namespace troupe {

struct FrameMemory {
  /// Where the frame that this thread makes next is to be; nullptr: on the heap.
  void* (*wanted_place)();
  /// False: the block is not from there.
  bool (*free)(void* block);
};

/// Once, before the first such frame is made.
void set_frame_memory(const FrameMemory& memory);

}  // namespace troupe
