#pragma once
/// Packed bytes, little endian: what log records, messages and pages are made of inside. A reader never runs past
/// its end: it turns not ok() and answers zeros, so that a caller may check once, at the end.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe {

static_assert(std::endian::native == std::endian::little, "files and messages are little endian");

class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_{out} {}

  void u8(uint8_t v) { out_->push_back(static_cast<char>(v)); }
  void u16(uint16_t v) { raw(&v, sizeof v); }
  void u32(uint32_t v) { raw(&v, sizeof v); }
  void u64(uint64_t v) { raw(&v, sizeof v); }
  void f64(double v) { raw(&v, sizeof v); }
  /// LEB128: 7 bits a byte, small numbers first.
  void varint(uint64_t v) {
    while (v >= 0x80) {
      out_->push_back(static_cast<char>(v | 0x80));
      v >>= 7;
    }
    out_->push_back(static_cast<char>(v));
  }
  /// Length as varint, then the bytes.
  void bytes(std::string_view v) {
    varint(v.size());
    out_->append(v);
  }
  void raw(const void* data, size_t size) { out_->append(static_cast<const char*>(data), size); }
  std::string* out() const { return out_; }

 private:
  std::string* out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : at_{in.data()}, end_{in.data() + in.size()} {}

  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }
  double f64() { return fixed<double>(); }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<uint8_t>(*at_++);
      v |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return v;
    }
    fail();
    return 0;
  }
  std::string_view bytes() { return raw(varint()); }
  std::string_view raw(uint64_t size) {
    if (size > remaining()) {
      fail();
      return {};
    }
    const std::string_view v(at_, size);
    at_ += size;
    return v;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, remaining()}; }

 private:
  template <typename T>
  T fixed() {
    T v{};
    if (remaining() < sizeof(T)) {
      fail();
      return v;
    }
    std::memcpy(&v, at_, sizeof v);
    at_ += sizeof v;
    return v;
  }
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace troupe
