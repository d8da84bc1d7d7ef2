#pragma once
/// Memory that vectors share: reference-counted, freed by the last one, recycled per thread.
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/frame.hpp"

namespace troupe {

/// Something that vectors point into and keep alive.
class Shared {
 public:
  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    // The only owner needs no atomic write.
    if (count_.load(std::memory_order_acquire) == 1 || count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  bool unique() const { return count_.load(std::memory_order_acquire) == 1; }

 protected:
  virtual ~Shared() = default;
  virtual void destroy() { delete this; }
  void revive() { count_.store(1, std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> count_{1};
};

template <typename T>
class Ref {
 public:
  Ref() = default;
  /// Takes over one reference.
  explicit Ref(T* owned) : pointer_{owned} {}
  Ref(const Ref& other) : pointer_{other.pointer_} {
    if (pointer_ != nullptr) pointer_->retain();
  }
  template <typename U>
  Ref(const Ref<U>& other) : pointer_{other.get()} {
    if (pointer_ != nullptr) pointer_->retain();
  }
  Ref(Ref&& other) noexcept : pointer_{std::exchange(other.pointer_, nullptr)} {}
  template <typename U>
  Ref(Ref<U>&& other) noexcept : pointer_{other.detach()} {}
  /// Gives up the reference without releasing it.
  T* detach() { return std::exchange(pointer_, nullptr); }
  Ref& operator=(Ref other) noexcept {
    std::swap(pointer_, other.pointer_);
    return *this;
  }
  ~Ref() {
    if (pointer_ != nullptr) pointer_->release();
  }
  T* get() const { return pointer_; }
  T* operator->() const { return pointer_; }
  T& operator*() const { return *pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }

 private:
  T* pointer_ = nullptr;
};

/// A vector's values (16-byte aligned). Standard sizes return to a free list of the thread that drops them.
class Buffer final : public Shared {
 public:
  static Ref<Buffer> allocate(size_t size_bytes);
  uint8_t* data() { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  explicit Buffer(size_t capacity);
  ~Buffer() override;
  void destroy() override;
  static int size_class(size_t size_bytes);
  friend class BufferPool;

  uint8_t* data_;
  size_t capacity_;
  int class_;
  Buffer* next_free_ = nullptr;
};

/// A frame that vectors point into.
class FrameHolder final : public Shared {
 public:
  static Ref<Shared> of(FrameBytes frame) { return Ref<Shared>(new FrameHolder(std::move(frame))); }

 private:
  explicit FrameHolder(FrameBytes frame) : frame_{std::move(frame)} {}
  FrameBytes frame_;
};

/// Long strings' bytes: append-only blocks that never move, and other owners kept alive with it.
/// Owner: the vector that builds it; append before it is handed to another thread.
class StringHeap final : public Shared {
 public:
  static Ref<StringHeap> make() { return Ref<StringHeap>(new StringHeap); }
  /// `size` bytes to be filled by the caller.
  char* allocate(size_t size) {
    if (size > static_cast<size_t>(end_ - at_)) grow(size);
    char* place = at_;
    at_ += size;
    return place;
  }
  std::string_view append(std::string_view text) {
    char* place = allocate(text.size());
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }
  /// Ignores an owner it already keeps last.
  void keep(Ref<Shared> other);
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  StringHeap() = default;
  ~StringHeap() override;
  void grow(size_t at_least);

  char* at_ = nullptr;
  char* end_ = nullptr;
  size_t allocated_bytes_ = 0;
  std::vector<char*> blocks_;
  std::vector<Ref<Shared>> kept_;
};

}  // namespace troupe
