#include "storage/base/frame.hpp"

#include <new>

namespace troupe {
namespace {
constexpr size_t kKeptBuilderBytes = 1 << 20;
}

FrameBlock* FrameBlock::allocate(uint32_t size) {
  void* memory = ::operator new(sizeof(FrameBlock) + size, std::align_val_t{16});
  return new (memory) FrameBlock(size);
}

void FrameBlock::free(FrameBlock* block) { ::operator delete(block, std::align_val_t{16}); }

flatbuffers::FlatBufferBuilder& frame_builder() {
  thread_local flatbuffers::FlatBufferBuilder builder(4096);
  // One huge message must not pin its memory for the life of the thread.
  if (builder.GetSize() > kKeptBuilderBytes) {
    builder.Reset();
  } else {
    builder.Clear();
  }
  return builder;
}

}  // namespace troupe
