#include "runtime/exec/frame_pool.hpp"

#include <array>
#include <cstdint>
#include <new>

namespace troupe {
namespace {

constexpr std::size_t kClassBytes = 128;
constexpr std::size_t kClasses = 32;        // up to 4 KiB; anything larger goes to the heap
constexpr uint32_t kKeptPerClass = 64;  // per thread: at most 8 MiB in all

struct FreeBlock {
  FreeBlock* next;
};

class FramePool {
 public:
  ~FramePool() {
    for (FreeList& list : lists_) {
      while (list.head != nullptr) ::operator delete(pop(list));
    }
  }
  void* allocate(std::size_t size_class) {
    FreeList& list = lists_[size_class];
    if (list.head == nullptr) return ::operator new((size_class + 1) * kClassBytes);
    return pop(list);
  }
  void free(void* block, std::size_t size_class) noexcept {
    FreeList& list = lists_[size_class];
    if (list.count == kKeptPerClass) {
      ::operator delete(block);
      return;
    }
    list.head = new (block) FreeBlock{list.head};
    ++list.count;
  }

 private:
  struct FreeList {
    FreeBlock* head = nullptr;
    uint32_t count = 0;
  };
  static void* pop(FreeList& list) {
    FreeBlock* block = list.head;
    list.head = block->next;
    --list.count;
    return block;
  }
  std::array<FreeList, kClasses> lists_{};
};

FramePool& pool() {
  thread_local FramePool instance;
  return instance;
}

}  // namespace

void* allocate_coroutine_frame(std::size_t size) {
  const std::size_t size_class = (size - 1) / kClassBytes;
  return size_class < kClasses ? pool().allocate(size_class) : ::operator new(size);
}

void free_coroutine_frame(void* block, std::size_t size) noexcept {
  const std::size_t size_class = (size - 1) / kClassBytes;
  if (size_class < kClasses) {
    pool().free(block, size_class);
  } else {
    ::operator delete(block);
  }
}

}  // namespace troupe
