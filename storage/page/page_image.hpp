#pragma once
/// The bytes of one page in memory, reference counted, header and bytes in one allocation. Whoever holds a PageImage
/// may read it for ever, from any thread. Only the partition that made it changes it, and only while no other holds
/// it (unique()), or through its copy of it.
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe {

class PageImage {
 public:
  PageImage() = default;
  /// Uninitialised bytes.
  static PageImage allocate(uint32_t size);

  PageImage(const PageImage& other) : block_{other.block_} {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  PageImage(PageImage&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  PageImage& operator=(PageImage other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~PageImage() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) free(block_);
  }

  explicit operator bool() const { return block_ != nullptr; }
  const char* data() const { return reinterpret_cast<const char*>(block_ + 1); }
  char* mutable_data() { return reinterpret_cast<char*>(block_ + 1); }
  uint32_t size() const { return block_->size; }
  std::string_view view() const { return {data(), size()}; }
  bool unique() const { return block_->references.load(std::memory_order_acquire) == 1; }

 private:
  struct alignas(16) Block {
    std::atomic<uint32_t> references{1};
    uint32_t size;
  };
  static void free(Block* block);
  Block* block_ = nullptr;
};

}  // namespace troupe
