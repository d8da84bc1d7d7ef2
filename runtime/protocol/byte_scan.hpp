#pragma once
/// Finds the next of a few bytes, 16 at a step where the processor has SSE2.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace troupe {

/// Walks the positions in [data, data + size) that hold one of N bytes, in order.
///   ByteScan<2> scan(data, size, {'\t', '\\'});  for (size_t at; (at = scan.next()) < size;) ...
template <int N>
class ByteScan {
 public:
  ByteScan(const char* data, size_t size, const char (&wanted)[N], size_t from = 0)
      : data_{data}, size_{size}, block_{from} {
    for (int i = 0; i < N; ++i) wanted_[i] = wanted[i];
#ifdef __SSE2__
    for (int i = 0; i < N; ++i) splat_[i] = _mm_set1_epi8(wanted[i]);
#endif
    load();
  }

  /// The next position, or size when there is none.
  size_t next() {
    while (mask_ == 0) {
      if (block_ + 16 >= size_) return size_;
      block_ += 16;
      load();
    }
    const size_t at = block_ + static_cast<size_t>(std::countr_zero(mask_));
    mask_ &= mask_ - 1;
    return at;
  }

 private:
  void load() {
    mask_ = 0;
    if (block_ >= size_) return;
#ifdef __SSE2__
    if (size_ - block_ >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data_ + block_));
      __m128i hits = _mm_cmpeq_epi8(bytes, splat_[0]);
      for (int i = 1; i < N; ++i) hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, splat_[i]));
      mask_ = static_cast<uint32_t>(_mm_movemask_epi8(hits));
      return;
    }
#endif
    const size_t left = size_ - block_ < 16 ? size_ - block_ : 16;
    for (size_t i = 0; i < left; ++i) {
      bool hit = false;
      for (int k = 0; k < N; ++k) hit |= data_[block_ + i] == wanted_[k];
      mask_ |= static_cast<uint32_t>(hit) << i;
    }
  }

  const char* data_;
  size_t size_;
  size_t block_;
  uint32_t mask_ = 0;
  char wanted_[N];
#ifdef __SSE2__
  __m128i splat_[N];
#endif
};

}  // namespace troupe
