#pragma once
/// A frame: immutable, reference-counted bytes with one FlatBuffer, in one allocation. Passed by pointer inside a
/// process, sent as the same bytes to another. Frame<schema::Read> says which root it holds; FrameBytes does not.
/// Bytes from outside (socket, disk) become a Frame<T> through verify_frame<T>() only.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "storage/base/error.hpp"

namespace troupe {

/// Header and payload in one block; the payload starts 16-byte aligned.
class alignas(16) FrameBlock {
 public:
  static FrameBlock* allocate(uint32_t size);
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
  uint32_t size() const { return size_; }
  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) free(this);
  }

 private:
  explicit FrameBlock(uint32_t size) : size_{size} {}
  static void free(FrameBlock* block);
  std::atomic<uint32_t> count_{1};
  uint32_t size_;
};

class FrameBytes {
 public:
  FrameBytes() = default;
  explicit FrameBytes(FrameBlock* owned) : block_{owned} {}
  FrameBytes(const FrameBytes& other) : block_{other.block_} {
    if (block_ != nullptr) block_->retain();
  }
  FrameBytes(FrameBytes&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  FrameBytes& operator=(FrameBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~FrameBytes() {
    if (block_ != nullptr) block_->release();
  }
  static FrameBytes copy_of(std::string_view bytes) {
    FrameBlock* block = FrameBlock::allocate(static_cast<uint32_t>(bytes.size()));
    std::memcpy(block->data(), bytes.data(), bytes.size());
    return FrameBytes(block);
  }
  std::string_view view() const {
    return block_ == nullptr ? std::string_view{}
                             : std::string_view(reinterpret_cast<const char*>(block_->data()), block_->size());
  }
  uint32_t size() const { return block_ == nullptr ? 0 : block_->size(); }
  explicit operator bool() const { return block_ != nullptr; }
  /// Only before the frame is handed to anybody else.
  uint8_t* mutable_data() { return block_->data(); }

 protected:
  FrameBlock* block_ = nullptr;
};

template <typename Root>
class Frame : public FrameBytes {
 public:
  Frame() = default;
  /// `bytes` must hold a verified Root.
  explicit Frame(FrameBytes bytes) : FrameBytes(std::move(bytes)) {}

  const Root& operator*() const { return *flatbuffers::GetRoot<Root>(block_->data()); }
  const Root* operator->() const { return flatbuffers::GetRoot<Root>(block_->data()); }
  /// Only before the frame is handed to anybody else.
  Root* mutable_root() { return flatbuffers::GetMutableRoot<Root>(block_->data()); }
};

/// The thread's reused builder, emptied. Build one root, then finish_frame<Root>().
flatbuffers::FlatBufferBuilder& frame_builder();

/// Finishes the thread's builder with `root` and copies it into a frame of the exact size.
template <typename Root>
Frame<Root> finish_frame(flatbuffers::FlatBufferBuilder& builder, flatbuffers::Offset<Root> root) {
  builder.Finish(root);
  return Frame<Root>(FrameBytes::copy_of(
      {reinterpret_cast<const char*>(builder.GetBufferPointer()), static_cast<size_t>(builder.GetSize())}));
}

/// For bytes that came from outside the process.
template <typename Root>
absl::StatusOr<Frame<Root>> verify_frame(FrameBytes bytes) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.view().data()), bytes.size());
  if (!verifier.VerifyBuffer<Root>(nullptr)) {
    return error(ErrorCode::kDataCorrupted, "a frame of ", bytes.size(), " bytes is not a valid message");
  }
  return Frame<Root>(std::move(bytes));
}

inline std::string_view bytes_view(const flatbuffers::Vector<uint8_t>* vector) {
  return vector == nullptr ? std::string_view{}
                           : std::string_view(reinterpret_cast<const char*>(vector->data()), vector->size());
}

}  // namespace troupe
