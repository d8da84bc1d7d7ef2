#pragma once
/// Bytes on their way to a client: one growing contiguous chunk that is appended to, and can be taken away whole to
/// be written while the next one fills. Room is reserved once for many bytes, so that appending is a store.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace troupe {

/// One filled chunk; move only.
class OutputChunk {
 public:
  OutputChunk() = default;
  OutputChunk(OutputChunk&& other) noexcept
      : bytes_{std::move(other.bytes_)},
        capacity_{std::exchange(other.capacity_, 0)},
        begin_{std::exchange(other.begin_, 0)},
        end_{std::exchange(other.end_, 0)} {}
  OutputChunk& operator=(OutputChunk&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

 private:
  friend class OutputBuffer;
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char, Free> bytes_;  // malloc'ed: growing by realloc often needs no copy
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

class OutputBuffer {
 public:
  /// A chunk above this is not kept for reuse.
  static constexpr size_t kKeepBytes = 64 * 1024;

  /// Room for `size` more bytes; write them, then commit() what was used. Ends every pointer into the buffer.
  char* reserve(size_t size) {
    if (chunk_.capacity_ - chunk_.end_ < size) [[unlikely]]
      grow(size);
    return chunk_.bytes_.get() + chunk_.end_;
  }
  void commit(size_t size) { chunk_.end_ += size; }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void push_back(char byte) {
    *reserve(1) = byte;
    commit(1);
  }

  /// Not yet consumed.
  std::string_view pending() const { return chunk_.view(); }
  size_t size() const { return chunk_.end_ - chunk_.begin_; }
  bool empty() const { return size() == 0; }
  /// The first `size` pending bytes were written.
  void consume(size_t size);
  /// Takes everything pending away; its memory stays put until the chunk is recycled or dropped.
  OutputChunk take() { return std::move(chunk_); }
  /// A taken chunk that is written: its memory may serve again.
  void recycle(OutputChunk chunk);

  /// Positions of the pending bytes survive growth but no consume() or take().
  size_t mark() const { return size(); }
  char* at(size_t mark) { return chunk_.bytes_.get() + chunk_.begin_ + mark; }
  /// Forgets what was appended since.
  void rewind(size_t mark) { chunk_.end_ = chunk_.begin_ + mark; }

  /// Nothing is going on: keeps no memory when nothing is pending.
  void trim() {
    if (empty()) chunk_ = OutputChunk();
  }
  size_t capacity() const { return chunk_.capacity_; }

 private:
  void grow(size_t size);

  OutputChunk chunk_;
};

}  // namespace troupe
