#pragma once
/// Big-endian integers and the numbers of PostgreSQL's protocol, version 3 (its manual, chapter "Frontend/Backend
/// Protocol").
#include <bit>
#include <cstdint>
#include <cstring>

namespace troupe::wire {

inline uint16_t load_u16(const char* at) {
  uint16_t v;
  std::memcpy(&v, at, sizeof v);
  return __builtin_bswap16(v);
}
inline uint32_t load_u32(const char* at) {
  uint32_t v;
  std::memcpy(&v, at, sizeof v);
  return __builtin_bswap32(v);
}
inline void store_u16(char* at, uint16_t v) {
  v = __builtin_bswap16(v);
  std::memcpy(at, &v, sizeof v);
}
inline void store_u32(char* at, uint32_t v) {
  v = __builtin_bswap32(v);
  std::memcpy(at, &v, sizeof v);
}
inline void store_u64(char* at, uint64_t v) {
  v = __builtin_bswap64(v);
  std::memcpy(at, &v, sizeof v);
}

/// A message without its type byte starts with its own length, which counts itself.
inline constexpr uint32_t kLengthBytes = 4;
inline constexpr uint32_t kHeaderBytes = 1 + kLengthBytes;

/// What stands in the place of the protocol's version in a startup packet.
inline constexpr uint32_t kProtocolMajor = 3;
inline constexpr uint32_t kCancelRequestCode = (1234u << 16) | 5678u;
inline constexpr uint32_t kSslRequestCode = (1234u << 16) | 5679u;
inline constexpr uint32_t kGssEncRequestCode = (1234u << 16) | 5680u;

}  // namespace troupe::wire
