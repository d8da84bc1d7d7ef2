#pragma once
/// A string of 16 bytes: size, the first 4 bytes, then either the next 8 (size <= 12, all inline) or a pointer to all
/// of them. Unused inline bytes are zero, so that short strings compare as integers. Does not own what it points to:
/// the Vector it lies in does.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe {

class StringRef {
 public:
  static constexpr uint32_t kInlineMax = 12;

  StringRef() = default;
  /// A long `text` is pointed to, not copied.
  explicit StringRef(std::string_view text) : size_{static_cast<uint32_t>(text.size())} {
    if (size_ <= kInlineMax) {
      std::memcpy(prefix_, text.data(), size_);
    } else {
      std::memcpy(prefix_, text.data(), sizeof prefix_);
      const char* pointer = text.data();
      std::memcpy(rest_, &pointer, sizeof pointer);
    }
  }

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool is_inline() const { return size_ <= kInlineMax; }
  const char* data() const {
    if (is_inline()) return prefix_;
    const char* pointer;
    std::memcpy(&pointer, rest_, sizeof pointer);
    return pointer;
  }
  /// Valid while this StringRef stays where it is (short strings lie inside it).
  std::string_view view() const { return {data(), size_}; }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }

  bool operator==(const StringRef& other) const {
    if (std::memcmp(this, &other, 8) != 0) return false;
    if (is_inline()) return std::memcmp(rest_, other.rest_, 8) == 0;
    return std::memcmp(data(), other.data(), size_) == 0;
  }
  /// <0, 0, >0 by unsigned bytes.
  int compare(const StringRef& other) const {
    const uint32_t a = big_endian_prefix(), b = other.big_endian_prefix();
    if (a != b) return a < b ? -1 : 1;
    const uint32_t common = std::min(size_, other.size_);
    if (common > 4) {
      if (const int c = std::memcmp(data() + 4, other.data() + 4, common - 4); c != 0) return c;
    }
    return size_ == other.size_ ? 0 : (size_ < other.size_ ? -1 : 1);
  }
  bool operator<(const StringRef& other) const { return compare(other) < 0; }

 private:
  uint32_t big_endian_prefix() const {
    uint32_t v;
    std::memcpy(&v, prefix_, 4);
    return __builtin_bswap32(v);
  }

  uint32_t size_ = 0;
  char prefix_[4] = {};
  char rest_[8] = {};
};
static_assert(sizeof(StringRef) == 16);

}  // namespace troupe
