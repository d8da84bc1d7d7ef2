#include "storage/column/hash.hpp"

#include <cmath>
#include <cstring>

#include "storage/column/array_format.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

constexpr uint64_t kSecret0 = 0xA0761D6478BD642FULL, kSecret1 = 0xE7037ED1A0B428DBULL;

uint64_t load64(const char* at) {
  uint64_t v;
  std::memcpy(&v, at, 8);
  return v;
}

/// The last 1 to 8 bytes as an integer.
uint64_t load_tail(const char* at, size_t size) {
  uint64_t v = 0;
  std::memcpy(&v, at, size);
  return v;
}

uint64_t hash_double(double v) {
  if (std::isnan(v)) v = std::nan("");
  if (v == 0) v = 0;  // -0 and 0 are equal
  uint64_t bits;
  std::memcpy(&bits, &v, 8);
  return hash_int(static_cast<int64_t>(bits));
}

/// Kinds whose equal values differ in bytes hash by their key.
uint64_t hash_by_key(CompareKind kind, const Value& value) {
  std::string key;
  encode_key_column(KeyColumn{.kind = kind}, value, &key);
  return hash_bytes(key);
}

uint64_t hash_padded(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return hash_bytes(text);
}

uint64_t hash_varlen(CompareKind kind, std::string_view bytes) {
  switch (kind) {
    case CompareKind::kBytes: return hash_bytes(bytes);
    case CompareKind::kPadded: return hash_padded(bytes);
    default: return hash_by_key(kind, Value::text(std::string(bytes)));
  }
}

template <typename T>
T load(const void* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

uint64_t hash_fixed(CompareKind kind, const void* at) {
  switch (kind) {
    case CompareKind::kBool: return hash_int(load<uint8_t>(at));
    case CompareKind::kInt16: return hash_int(load<int16_t>(at));
    case CompareKind::kInt32: return hash_int(load<int32_t>(at));
    case CompareKind::kInt64: return hash_int(load<int64_t>(at));
    case CompareKind::kFloat32: return hash_double(static_cast<double>(load<float>(at)));
    case CompareKind::kFloat64: return hash_double(load<double>(at));
    case CompareKind::kUuid: return hash_bytes({static_cast<const char*>(at), sizeof(Fixed16)});
    default: return hash_by_key(kind, Value::of(load<Fixed16>(at)));
  }
}

template <typename HashRow>
void hash_rows(const Vector& column, uint32_t rows, bool combine, uint64_t* hashes, HashRow hash_row) {
  for (uint32_t i = 0; i < rows; ++i) {
    const uint64_t h = column.is_null(i) ? kNullHash : hash_row(column.position(i));
    hashes[i] = combine ? hash_combine(hashes[i], h) : h;
  }
}

}  // namespace

uint64_t hash_bytes(std::string_view bytes, uint64_t seed) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t h = seed ^ kSecret0;
  for (; left > 16; at += 16, left -= 16) h = hash_mix(load64(at) ^ kSecret1, load64(at + 8) ^ h);
  uint64_t a = 0, b = 0;
  if (left > 8) {
    a = load64(at);
    b = load_tail(at + 8, left - 8);
  } else if (left > 0) {
    a = load_tail(at, left);
  }
  h = hash_mix(a ^ kSecret1, b ^ h);
  return hash_mix(h ^ kSecret0, bytes.size() ^ kSecret1);
}

uint64_t hash_value(CompareKind kind, const Value& value) {
  if (value.is_null()) return kNullHash;
  return physical_of(kind) == Physical::kVarlen ? hash_varlen(kind, value.bytes()) : hash_fixed(kind, value.raw());
}

uint64_t hash_value(CompareKind kind, const Vector& column, uint32_t row) {
  if (column.is_null(row)) return kNullHash;
  if (physical_of(kind) == Physical::kVarlen) return hash_varlen(kind, column.string(row));
  return hash_fixed(kind, column.values<uint8_t>() + size_t{column.position(row)} * width(column.kind()));
}

void hash_column(CompareKind kind, const Vector& column, uint32_t rows, bool combine, uint64_t* hashes) {
  switch (kind) {
    case CompareKind::kInt32:
      return hash_rows(column, rows, combine, hashes, [v = column.values<int32_t>()](uint32_t i) { return hash_int(v[i]); });
    case CompareKind::kInt64:
      return hash_rows(column, rows, combine, hashes, [v = column.values<int64_t>()](uint32_t i) { return hash_int(v[i]); });
    case CompareKind::kBytes:
      return hash_rows(column, rows, combine, hashes,
                       [v = column.values<StringRef>()](uint32_t i) { return hash_bytes(v[i].view()); });
    default:
      for (uint32_t i = 0; i < rows; ++i) {
        const uint64_t h = hash_value(kind, column, i);
        hashes[i] = combine ? hash_combine(hashes[i], h) : h;
      }
  }
}

uint64_t hash_key(std::span<const CompareKind> kinds, std::span<const Value> values) {
  uint64_t h = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t column = hash_value(kinds[i], values[i]);
    h = i == 0 ? column : hash_combine(h, column);
  }
  return h;
}

}  // namespace troupe
