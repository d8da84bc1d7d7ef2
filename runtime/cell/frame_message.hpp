#pragma once
/// Frames as CAF message elements: a pointer inside a process, the same bytes to a remote actor.
#include <caf/all.hpp>

#include "storage/base/frame.hpp"

namespace troupe {

/// What a remote peer may make us allocate for one frame.
inline constexpr uint32_t kRemoteFrameBytesMax = 64u << 20;

inline caf::error inspect(caf::serializer& sink, FrameBytes& frame) {
  uint32_t size = frame.size();
  if (auto failed = sink(size)) return failed;
  return sink.apply_raw(size, const_cast<char*>(frame.view().data()));
}

inline caf::error inspect(caf::deserializer& source, FrameBytes& frame) {
  uint32_t size = 0;
  if (auto failed = source(size)) return failed;
  if (size > kRemoteFrameBytesMax) return caf::make_error(caf::sec::invalid_argument, "frame too large");
  FrameBlock* block = FrameBlock::allocate(size);
  frame = FrameBytes(block);
  return source.apply_raw(size, block->data());
}

template <typename Root>
caf::error inspect(caf::serializer& sink, Frame<Root>& frame) {
  return inspect(sink, static_cast<FrameBytes&>(frame));
}

template <typename Root>
caf::error inspect(caf::deserializer& source, Frame<Root>& frame) {
  FrameBytes bytes;
  if (auto failed = inspect(source, bytes)) return failed;
  auto verified = verify_frame<Root>(std::move(bytes));
  if (!verified.ok()) return caf::make_error(caf::sec::invalid_argument, "not a valid frame");
  frame = *std::move(verified);
  return caf::none;
}

inline std::string to_string(const FrameBytes& frame) { return "frame(" + std::to_string(frame.size()) + ")"; }

}  // namespace troupe
