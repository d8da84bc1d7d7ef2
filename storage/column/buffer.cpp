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

/// The thread's free lists: plain memory without constructor, so that reaching them costs nothing.
class BufferPool {
 public:
  Buffer* take(int size_class) {
    List& list = lists_[size_class];
    Buffer* buffer = list.first;
    if (buffer == nullptr) return nullptr;
    list.first = buffer->next_free_;
    --list.count;
    buffer->revive();
    return buffer;
  }
  bool give(Buffer* buffer, int size_class) {
    List& list = lists_[size_class];
    if (closed_ || list.count >= kKeptPerClass[static_cast<size_t>(size_class)]) return false;
    if (list.count == 0) drain_at_exit();
    buffer->next_free_ = list.first;
    list.first = buffer;
    ++list.count;
    return true;
  }
  void drain() {
    closed_ = true;
    for (List& list : lists_) {
      for (Buffer* buffer = list.first; buffer != nullptr;) delete std::exchange(buffer, buffer->next_free_);
      list = {};
    }
  }

 private:
  struct List {
    Buffer* first = nullptr;
    size_t count = 0;
  };
  static void drain_at_exit();
  List lists_[kClassBytes.size()] = {};
  bool closed_ = false;  ///< the thread ends: late releases free
};

namespace {
constinit thread_local BufferPool pool;
struct Drain {
  ~Drain() { pool.drain(); }
};
}  // namespace

void BufferPool::drain_at_exit() {
  thread_local Drain drain;
  (void)drain;
}

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
  if (Buffer* recycled = pool.take(size_class); recycled != nullptr) return Ref<Buffer>(recycled);
  return Ref<Buffer>(new Buffer(kClassBytes[static_cast<size_t>(size_class)]));
}

void Buffer::destroy() {
  if (class_ < 0 || !pool.give(this, class_)) delete this;
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
