#include "runtime/types/partition_hash.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "storage/column/numeric_format.hpp"

namespace troupe {
namespace {

constexpr uint64_t kPartitionSeed = 0x7A5B22367996DCFDULL;

/// The three words that lookup3 mixes.
struct Words {
  uint32_t a, b, c;

  explicit Words(uint32_t length, uint64_t seed) : a{0x9e3779b9U + length + 3923095U}, b{a}, c{a} {
    if (seed == 0) return;
    a += static_cast<uint32_t>(seed >> 32);
    b += static_cast<uint32_t>(seed);
    mix();
  }
  void mix() {
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }
  uint64_t finish() {
    c ^= b, c -= std::rotl(b, 14);
    a ^= c, a -= std::rotl(c, 11);
    b ^= a, b -= std::rotl(a, 25);
    c ^= b, c -= std::rotl(b, 16);
    a ^= c, a -= std::rotl(c, 4);
    b ^= a, b -= std::rotl(a, 14);
    c ^= b, c -= std::rotl(b, 24);
    return (uint64_t{b} << 32) | c;
  }
};

uint32_t word_at(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

uint64_t hash_int64(int64_t value, uint64_t seed) {
  auto low = static_cast<uint32_t>(value);
  const auto high = static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32);
  low ^= value >= 0 ? high : ~high;  // so that an int8 hashes as the int4 of the same value
  return pg_hash_uint32(low, seed);
}

uint64_t hash_double(double value, uint64_t seed) {
  if (value == 0) return seed;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  return pg_hash_bytes({bytes, sizeof bytes}, seed);
}

uint64_t hash_numeric(std::string_view packed, uint64_t seed) {
  if (numeric_form(packed) > NumericForm::kLarge) return seed;
  NumericDigits number = numeric_digits(packed);
  number.strip();
  if (number.digits.empty()) return seed - 1;
  const std::string_view bytes(reinterpret_cast<const char*>(number.digits.data()),
                               number.digits.size() * sizeof number.digits[0]);
  return pg_hash_bytes(bytes, seed) ^ static_cast<uint64_t>(int64_t{number.weight});
}

std::string_view without_padding(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

uint64_t pg_hash_bytes(std::string_view bytes, uint64_t seed) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  Words words(static_cast<uint32_t>(left), seed);
  for (; left >= 12; left -= 12, at += 12) {
    words.a += word_at(at);
    words.b += word_at(at + 4);
    words.c += word_at(at + 8);
    words.mix();
  }
  // The lowest byte of c is the length's.
  for (size_t i = 0; i < left; ++i) {
    const auto shift = static_cast<uint32_t>(i < 8 ? i % 4 * 8 : (i - 7) * 8);
    (i < 4 ? words.a : i < 8 ? words.b : words.c) += uint32_t{at[i]} << shift;
  }
  return words.finish();
}

uint64_t pg_hash_uint32(uint32_t value, uint64_t seed) {
  Words words(sizeof value, seed);
  words.a += value;
  return words.finish();
}

bool has_partition_hash(Oid type) {
  switch (type) {
    case oid::kBool:
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kOid:
    case oid::kDate:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kTime:
    case oid::kFloat4:
    case oid::kFloat8:
    case oid::kNumeric:
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kBytea:
    case oid::kName:
    case oid::kUuid: return true;
    default: return false;
  }
}

uint64_t partition_hash(Oid type, const Value& value) {
  switch (type) {
    case oid::kBool: return pg_hash_uint32(value.get<bool>() ? 1 : 0, kPartitionSeed);
    case oid::kInt2: return pg_hash_uint32(static_cast<uint32_t>(int32_t{value.get<int16_t>()}), kPartitionSeed);
    case oid::kInt4:
    case oid::kDate: return pg_hash_uint32(static_cast<uint32_t>(value.get<int32_t>()), kPartitionSeed);
    case oid::kOid: return pg_hash_uint32(static_cast<uint32_t>(value.get<int64_t>()), kPartitionSeed);
    case oid::kInt8:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kTime: return hash_int64(value.get<int64_t>(), kPartitionSeed);
    case oid::kFloat4: return hash_double(double{value.get<float>()}, kPartitionSeed);
    case oid::kFloat8: return hash_double(value.get<double>(), kPartitionSeed);
    case oid::kNumeric: return hash_numeric(value.bytes(), kPartitionSeed);
    case oid::kBpchar: return pg_hash_bytes(without_padding(value.bytes()), kPartitionSeed);
    case oid::kUuid: return pg_hash_bytes({static_cast<const char*>(value.raw()), 16}, kPartitionSeed);
    default: return pg_hash_bytes(value.bytes(), kPartitionSeed);
  }
}

uint64_t partition_hash(std::span<const Oid> types, std::span<const Value> values) {
  uint64_t hash = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) continue;
    hash ^= partition_hash(types[i], values[i]) + 0x49a0f4dd15e5a8e3ULL + (hash << 54) + (hash >> 7);
  }
  return hash;
}

}  // namespace troupe
