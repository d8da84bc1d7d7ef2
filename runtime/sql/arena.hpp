#pragma once
/// Bump allocator of one parsed text. Everything in it is trivially destructible and dies with it, at once; nodes
/// point at each other and into the text, so an arena never moves.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe::sql {

/// An immutable array in an arena (or anywhere that outlives it). Two words, copied freely.
template <typename T>
class List {
 public:
  using value_type = T;
  using iterator = const T*;
  using const_iterator = const T*;

  constexpr List() = default;
  constexpr List(const T* data, size_t size) : data_{data}, size_{static_cast<uint32_t>(size)} {}

  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T& operator[](size_t i) const { return data_[i]; }
  constexpr const T& front() const { return data_[0]; }
  constexpr const T& back() const { return data_[size_ - 1]; }
  constexpr List first(size_t count) const { return {data_, count}; }
  constexpr List subspan(size_t from) const { return {data_ + from, size_ - from}; }
  constexpr operator std::span<const T>() const { return {data_, size_}; }  // NOLINT: a list is a span

 private:
  const T* data_ = nullptr;
  uint32_t size_ = 0;
};

/// `catalog.schema.name`, outermost first; never empty in a parsed node.
using Name = List<std::string_view>;

class Arena {
 public:
  /// Starts in `first`, which the caller owns and keeps, so that a short text costs no further allocation.
  Arena(char* first, size_t first_bytes) : at_{first}, end_{first + first_bytes} {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > static_cast<size_t>(end_ - at_)) [[unlikely]] return allocate_slow(bytes);
    void* at = at_;
    at_ += bytes;
    return at;
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return new (allocate(sizeof(T))) T{std::forward<Args>(args)...};
  }

  template <typename T>
  List<T> copy(const T* items, size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
    if (count == 0) return {};
    T* at = static_cast<T*>(allocate(sizeof(T) * count));
    std::memcpy(static_cast<void*>(at), items, sizeof(T) * count);
    return {at, count};
  }

  char* bytes(size_t count) { return static_cast<char*>(allocate(count)); }
  std::string_view copy(std::string_view text);

  /// Makes room for about `bytes` more in one block.
  void reserve(size_t bytes);
  size_t allocated_bytes() const { return allocated_bytes_; }  ///< beyond the first buffer

 private:
  struct Block {
    Block* next;
  };
  void* allocate_slow(size_t bytes);
  void add_block(size_t bytes);

  char* at_;
  char* end_;
  size_t next_block_bytes_ = 4096;
  size_t allocated_bytes_ = 0;
  Block* blocks_ = nullptr;
};

}  // namespace troupe::sql
