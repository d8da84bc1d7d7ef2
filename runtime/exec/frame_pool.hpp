#pragma once
/// Memory for coroutine frames: a free list per size class and thread. A statement makes a handful of frames of the
/// same few sizes, so after the first statement none of them reaches malloc. A frame may be freed on another thread
/// than the one that made it; it then joins that thread's list.
#include <cstddef>

namespace troupe {

void* allocate_coroutine_frame(std::size_t size);
void free_coroutine_frame(void* block, std::size_t size) noexcept;

}  // namespace troupe
