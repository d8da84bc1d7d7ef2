#include "runtime/protocol/output_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace troupe {

void OutputBuffer::grow(size_t size) {
  constexpr size_t kFirstBytes = 1024;
  if (chunk_.begin_ > 0) {
    std::memmove(chunk_.bytes_.get(), chunk_.bytes_.get() + chunk_.begin_, chunk_.end_ - chunk_.begin_);
    chunk_.end_ -= std::exchange(chunk_.begin_, 0);
    if (chunk_.capacity_ - chunk_.end_ >= size) return;
  }
  const size_t capacity = std::max({kFirstBytes, chunk_.capacity_ * 2, chunk_.end_ + size});
  char* old = chunk_.bytes_.release();
  char* bytes = static_cast<char*>(std::realloc(old, capacity));
  if (bytes == nullptr) {
    chunk_.bytes_.reset(old);
    throw std::bad_alloc();
  }
  chunk_.bytes_.reset(bytes);
  chunk_.capacity_ = capacity;
}

void OutputBuffer::consume(size_t size) {
  chunk_.begin_ += size;
  if (chunk_.begin_ < chunk_.end_) return;
  chunk_.begin_ = chunk_.end_ = 0;
  if (chunk_.capacity_ > kKeepBytes) chunk_ = OutputChunk();
}

void OutputBuffer::recycle(OutputChunk chunk) {
  if (chunk_.capacity_ > 0 || chunk.capacity_ > kKeepBytes) return;
  chunk_ = std::move(chunk);
  chunk_.begin_ = chunk_.end_ = 0;
}

}  // namespace troupe
