#pragma once
/// Hashes that never change, across runs, machines and versions: the hash of a row's distribution key decides its
/// slot. (Algorithm: 64-bit folded multiplication, as in wyhash by Wang Yi, over little-endian words.)
#include <cstdint>
#include <span>
#include <string_view>

#include "storage/column/compare_kind.hpp"

namespace troupe {

uint64_t hash_bytes(std::string_view bytes, uint64_t seed = 0);

inline uint64_t hash_mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
inline uint64_t hash_int(int64_t v) {
  return hash_mix(static_cast<uint64_t>(v) ^ 0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL);
}
/// Order matters: (a, b) and (b, a) differ.
inline uint64_t hash_combine(uint64_t seed, uint64_t hash) {
  return hash_mix(seed ^ 0x8EBC6AF09C88C6E3ULL, hash ^ 0x589965CC75374CC3ULL);
}
inline constexpr uint64_t kNullHash = 0x1D8E4E27C47D124FULL;

uint64_t hash_value(CompareKind kind, const Value& value);
uint64_t hash_value(CompareKind kind, const Vector& column, uint32_t row);

/// hashes[i] = hash of row i, or combined into what is there already (for the second and later key columns).
void hash_column(CompareKind kind, const Vector& column, uint32_t rows, bool combine, uint64_t* hashes);

/// The hash of a distribution key: what spreads rows over slots. Same as hash_column over its columns.
uint64_t hash_key(std::span<const CompareKind> kinds, std::span<const Value> values);

}  // namespace troupe
