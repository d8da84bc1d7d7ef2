#include "storage/base/frame.hpp"

#include <new>

#include "storage/base/frame_memory.hpp"

namespace troupe {
namespace {
constexpr size_t kKeptBuilderBytes = 1 << 20;
std::atomic<const FrameMemory*> other_memory{nullptr};
}  // namespace

void set_frame_memory(const FrameMemory& memory) { other_memory.store(&memory, std::memory_order_release); }

FrameBlock* FrameBlock::allocate(uint32_t size) {
  const FrameMemory* other = other_memory.load(std::memory_order_acquire);
  void* memory = other == nullptr ? nullptr : other->wanted_place();
  if (memory == nullptr) memory = ::operator new(sizeof(FrameBlock) + size, std::align_val_t{16});
  return new (memory) FrameBlock(size);
}

void FrameBlock::free(FrameBlock* block) {
  const FrameMemory* other = other_memory.load(std::memory_order_acquire);
  if (other == nullptr || !other->free(block)) ::operator delete(block, std::align_val_t{16});
}

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
