#pragma once
/// One immutable value that is replaced now and then and read all the time: actors' addresses, the catalog. Readers
/// keep a view, which costs one atomic load to check.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace troupe {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : current_{std::move(first)} {}

  void set(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }
  /// Replaces the value by edit(copy of it).
  template <typename Edit>
  void update(Edit edit) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<T>(*current_);
    edit(*next);
    current_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  std::atomic<uint64_t> version_{1};
  std::shared_ptr<const T> current_;
};

/// One reader's view; not shared between threads.
template <typename T>
class PublishedView {
 public:
  explicit PublishedView(const Published<T>& source) : source_{source} {}
  const T& get() { return *shared(); }
  /// Lets go of the value; for an actor that ends, whose own address may be part of it.
  void clear() {
    value_ = nullptr;
    seen_ = 0;
  }
  const std::shared_ptr<const T>& shared() {
    const uint64_t version = source_.version();
    if (version != seen_) {
      value_ = source_.get();
      seen_ = version;
    }
    return value_;
  }

 private:
  const Published<T>& source_;
  uint64_t seen_ = 0;
  std::shared_ptr<const T> value_;
};

}  // namespace troupe
