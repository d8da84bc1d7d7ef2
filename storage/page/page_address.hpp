#pragma once
/// Where a page is in its partition's data file: an extent of grains, packed in one word. Because the length is part
/// of the address, a page is fetched with exactly one read.
#include <compare>
#include <cstdint>

namespace troupe {

inline constexpr uint32_t kGrainBytes = 512;
inline constexpr int kGrainCountBits = 23;
/// Largest stored page: 4 GiB less one grain.
inline constexpr uint64_t kGrainsPerPageMax = (uint64_t{1} << kGrainCountBits) - 1;

constexpr uint64_t grains_for(uint64_t bytes) { return (bytes + kGrainBytes - 1) / kGrainBytes; }

/// A run of grains. Invariant of non-empty ones: count > 0.
struct Extent {
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t end() const { return first + count; }
  auto operator<=>(const Extent&) const = default;
};

/// 40 bits of first grain, 23 of grain count. Zero is "nowhere": grain 0 holds a superblock.
class PageAddress {
 public:
  constexpr PageAddress() = default;
  constexpr explicit PageAddress(uint64_t word) : word_{word} {}
  static constexpr PageAddress of(Extent extent) {
    return PageAddress((extent.first << kGrainCountBits) | extent.count);
  }

  constexpr bool is_null() const { return word_ == 0; }
  constexpr uint64_t word() const { return word_; }
  constexpr Extent extent() const { return {word_ >> kGrainCountBits, word_ & kGrainsPerPageMax}; }
  constexpr uint64_t offset_bytes() const { return extent().first * kGrainBytes; }
  constexpr uint64_t size_bytes() const { return extent().count * kGrainBytes; }
  constexpr auto operator<=>(const PageAddress&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const PageAddress& address) {
    return H::combine(std::move(state), address.word_);
  }

 private:
  uint64_t word_ = 0;
};

/// need(page): the operation did nothing, because the page at `address` is not in memory. Load it (load_page), install
/// it and run the operation again from its start. A null address means that nothing is needed.
struct [[nodiscard]] PageFault {
  PageAddress address;
  bool needed() const { return !address.is_null(); }
};

}  // namespace troupe
