#include "storage/column/buffer.hpp"

#include <array>
#include <new>

namespace troupe {
namespace {

// Data and validity of one row, a few rows, and kBatchRows rows of each width (a bitmap of 256 bytes included).
constexpr std::array<size_t, 7> kClassBytes = {64, 256, 2304, 4352, 8448, 16640, 33024};
constexpr std::array<size_t, 7> kKeptPerClass = {64, 64, 32, 32, 32, 32, 32};
constexpr size_t kHeapFirstBlockBytes = 512, kHeapLargestBlockBytes = 256 * 1024;

}  // namespace

/// The thread's free lists. Trivially destroyed flag tells late releases that the pool is gone.
class BufferPool {
 public:
  BufferPool() { alive_ = true; }
  ~BufferPool() {
    alive_ = false;
    for (auto& list : free_) {
      for (Buffer* buffer : list) delete buffer;
    }
  }
  static BufferPool* of_thread() {
    thread_local BufferPool pool;
    return alive_ ? &pool : nullptr;
  }
  Buffer* take(int size_class) {
    auto& list = free_[static_cast<size_t>(size_class)];
    if (list.empty()) return nullptr;
    Buffer* buffer = list.back();
    list.pop_back();
    buffer->revive();
    return buffer;
  }
  bool give(Buffer* buffer, int size_class) {
    auto& list = free_[static_cast<size_t>(size_class)];
    if (list.size() >= kKeptPerClass[static_cast<size_t>(size_class)]) return false;
    list.push_back(buffer);
    return true;
  }

 private:
  static thread_local bool alive_;
  std::array<std::vector<Buffer*>, kClassBytes.size()> free_;
};
thread_local bool BufferPool::alive_ = true;

int Buffer::size_class(size_t size_bytes) {
  for (size_t i = 0; i < kClassBytes.size(); ++i) {
    if (size_bytes <= kClassBytes[i]) return static_cast<int>(i);
  }
  return -1;
}

Buffer::Buffer(size_t capacity)
    : data_{static_cast<uint8_t*>(::operator new(capacity, std::align_val_t{16}))},
      capacity_{capacity},
      class_{size_class(capacity)} {
  if (class_ >= 0 && kClassBytes[static_cast<size_t>(class_)] != capacity) class_ = -1;
}

Buffer::~Buffer() { ::operator delete(data_, std::align_val_t{16}); }

Ref<Buffer> Buffer::allocate(size_t size_bytes) {
  const int size_class = Buffer::size_class(size_bytes);
  if (size_class < 0) return Ref<Buffer>(new Buffer(size_bytes));
  if (BufferPool* pool = BufferPool::of_thread(); pool != nullptr) {
    if (Buffer* recycled = pool->take(size_class); recycled != nullptr) return Ref<Buffer>(recycled);
  }
  return Ref<Buffer>(new Buffer(kClassBytes[static_cast<size_t>(size_class)]));
}

void Buffer::destroy() {
  BufferPool* pool = class_ >= 0 ? BufferPool::of_thread() : nullptr;
  if (pool == nullptr || !pool->give(this, class_)) delete this;
}

StringHeap::~StringHeap() {
  for (char* block : blocks_) ::operator delete(block);
}

void StringHeap::grow(size_t at_least) {
  size_t size = blocks_.empty() ? kHeapFirstBlockBytes : std::min(allocated_bytes_ * 2, kHeapLargestBlockBytes);
  size = std::max(size, at_least);
  at_ = static_cast<char*>(::operator new(size));
  end_ = at_ + size;
  allocated_bytes_ += size;
  blocks_.push_back(at_);
}

void StringHeap::keep(Ref<Shared> other) {
  if (!other || other.get() == this) return;
  if (!kept_.empty() && kept_.back().get() == other.get()) return;
  kept_.push_back(std::move(other));
}

}  // namespace troupe
