#include "runtime/protocol/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {

std::span<char> ReceiveBuffer::prepare() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (capacity_ > kKeepBytes) reallocate(kIdleBytes);
  }
  if (capacity_ == 0) reallocate(kIdleBytes);
  if (end_ == capacity_ || (begin_ > 0 && capacity_ - end_ < capacity_ / 4)) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    // A buffer that is mostly full grows; the peer has sent all of what is in it.
    if (capacity_ - end_ < capacity_ / 4) reallocate(capacity_ * 2);
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::trim() {
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (capacity_ > kIdleBytes) reallocate(kIdleBytes);
}

void ReceiveBuffer::reallocate(size_t capacity) {
  std::unique_ptr<char[]> bytes(new char[capacity]);  // not zeroed
  if (end_ > begin_) std::memcpy(bytes.get(), bytes_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace troupe
