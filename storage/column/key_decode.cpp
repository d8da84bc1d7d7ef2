#include <cstring>

#include "storage/column/key_codec.hpp"
#include "storage/column/key_format.hpp"
#include "storage/column/numeric_format.hpp"

namespace troupe {
namespace {

using namespace key_format;

/// Reads a key's bytes, complemented where the column descends or the numeric is negative.
class KeyReader {
 public:
  KeyReader(std::string_view key, uint8_t mask) : key_{key}, mask_{mask} {}

  uint8_t u8() {
    if (at_ == key_.size()) {
      ok_ = false;
      return 0;
    }
    return static_cast<uint8_t>(static_cast<uint8_t>(key_[at_++]) ^ mask_);
  }
  template <typename U>
  U big_endian() {
    U v = 0;
    for (size_t i = 0; i < sizeof(U); ++i) v = static_cast<U>(v << 8) | u8();
    return v;
  }
  template <typename S>
  S signed_integer() {
    using U = std::make_unsigned_t<S>;
    return static_cast<S>(big_endian<U>() ^ (U{1} << (sizeof(U) * 8 - 1)));
  }
  void flip() { mask_ = static_cast<uint8_t>(~mask_); }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  size_t position() const { return at_; }

 private:
  std::string_view key_;
  uint8_t mask_;
  size_t at_ = 0;
  bool ok_ = true;
};

template <typename F, typename U>
Value decode_float(KeyReader* key) {
  constexpr U kSign = U{1} << (sizeof(U) * 8 - 1);
  U bits = key->big_endian<U>();
  bits = (bits & kSign) != 0 ? bits & ~kSign : ~bits;
  F v;
  std::memcpy(&v, &bits, sizeof v);
  return Value::of(v);
}

Value decode_escaped(KeyReader* key) {
  std::string text;
  while (key->ok()) {
    const uint8_t c = key->u8();
    if (c != 0) {
      text.push_back(static_cast<char>(c));
      continue;
    }
    const uint8_t next = key->u8();
    if (next == static_cast<uint8_t>(kTerminator)) break;
    if (next != static_cast<uint8_t>(kEscapedZero)) key->fail();
    text.push_back('\0');
  }
  return Value::text(std::move(text));
}

Value special_numeric(NumericForm form) { return Value::text(std::string(1, static_cast<char>(form))); }

Value decode_numeric(KeyReader* key) {
  const uint8_t mark = key->u8();
  NumericDigits v;
  switch (mark) {
    case kNumericMinusInfinity: return special_numeric(NumericForm::kMinusInfinity);
    case kNumericInfinity: return special_numeric(NumericForm::kInfinity);
    case kNumericNan: return special_numeric(NumericForm::kNan);
    case kNumericZero: return Value::text(pack_numeric(v));
    case kNumericNegative:
    case kNumericPositive: break;
    default: key->fail(); return {};
  }
  v.negative = mark == kNumericNegative;
  if (v.negative) key->flip();
  const auto exponent = key->signed_integer<int32_t>();
  v.weight = exponent >= 0 ? exponent / 2 : -((1 - exponent) / 2);
  bool high = (exponent & 1) != 0;
  if (!high) v.digits.push_back(0);
  int pairs = 0;
  for (uint8_t pair = key->u8(); key->ok() && pair != 0; pair = key->u8(), high = !high, ++pairs) {
    if (high) {
      v.digits.push_back(static_cast<uint16_t>((pair - 1) * 100));
    } else {
      v.digits.back() = static_cast<uint16_t>(v.digits.back() + pair - 1);
    }
  }
  if (v.negative) key->flip();
  // The scale is not in the key: as many digits as the value needs.
  const int last = v.weight - static_cast<int>(v.digits.size()) + 1;
  if (!v.digits.empty() && last < 0) {
    v.scale = -last * 4;
    for (uint16_t d = v.digits.back(); d % 10 == 0 && d != 0 && v.scale > 0; d = static_cast<uint16_t>(d / 10)) --v.scale;
  }
  return Value::text(pack_numeric(std::move(v)));
}

Value decode_interval(KeyReader* key) {
  constexpr int64_t kDayUs = int64_t{24} * 3600 * 1000000;
  const auto order =
      static_cast<__int128>(key->big_endian<unsigned __int128>() ^ (static_cast<unsigned __int128>(1) << 127));
  Interval v;
  v.days = static_cast<int32_t>(order / kDayUs);
  v.us = static_cast<int64_t>(order % kDayUs);
  return Value::of(v);
}

Value decode_timetz(KeyReader* key) {
  TimeTz v;
  const auto instant = key->signed_integer<int64_t>();
  v.zone = key->signed_integer<int32_t>();
  v.us = instant - int64_t{1000000} * v.zone;
  return Value::of(v);
}

Value decode_uuid(KeyReader* key) {
  Fixed16 v;
  for (uint8_t& byte : v.bytes) byte = key->u8();
  return Value::of(v);
}

Value decode_payload(CompareKind kind, KeyReader* key) {
  switch (kind) {
    case CompareKind::kBool: return Value::of(key->u8() != 0);
    case CompareKind::kInt16: return Value::of(key->signed_integer<int16_t>());
    case CompareKind::kInt32: return Value::of(key->signed_integer<int32_t>());
    case CompareKind::kInt64: return Value::of(key->signed_integer<int64_t>());
    case CompareKind::kFloat32: return decode_float<float, uint32_t>(key);
    case CompareKind::kFloat64: return decode_float<double, uint64_t>(key);
    case CompareKind::kBytes:
    case CompareKind::kPadded: return decode_escaped(key);
    case CompareKind::kNumeric: return decode_numeric(key);
    case CompareKind::kInterval: return decode_interval(key);
    case CompareKind::kTimeTz: return decode_timetz(key);
    case CompareKind::kUuid: return decode_uuid(key);
    case CompareKind::kArray:
    case CompareKind::kRecord:
    case CompareKind::kJsonb:
    case CompareKind::kRange:
    case CompareKind::kOwn: break;
  }
  key->fail();
  return {};
}

absl::Status damaged_key() { return error(ErrorCode::kIndexCorrupted, "damaged key"); }

/// The value and how many bytes it took.
absl::StatusOr<Value> decode_column(const KeyColumn& column, std::string_view key, size_t* size) {
  if (key.empty()) return damaged_key();
  if (key[0] != kNotNull) {
    if (key[0] != (column.nulls_first ? kNullFirst : kNullLast)) return damaged_key();
    *size = 1;
    return Value::null(physical_of(column.kind));
  }
  KeyReader reader(key.substr(1), column.descending ? 0xFF : 0);
  Value v = decode_payload(column.kind, &reader);
  if (!reader.ok()) return damaged_key();
  *size = 1 + reader.position();
  return v;
}

}  // namespace

absl::StatusOr<Value> decode_key_column(const KeyColumn& column, std::string_view* key) {
  size_t size = 0;
  auto v = decode_column(column, *key, &size);
  if (v.ok()) key->remove_prefix(size);
  return v;
}

absl::StatusOr<size_t> key_column_size(const KeyColumn& column, std::string_view key) {
  size_t size = 0;
  TROUPE_ASSIGN_OR_RETURN([[maybe_unused]] const Value v, decode_column(column, key, &size));
  return size;
}

bool key_is_lossless(CompareKind kind) {
  switch (kind) {
    case CompareKind::kFloat32:
    case CompareKind::kFloat64:
    case CompareKind::kPadded:
    case CompareKind::kNumeric:
    case CompareKind::kInterval:
    case CompareKind::kArray:
    case CompareKind::kRecord:
    case CompareKind::kJsonb:
    case CompareKind::kRange:
    case CompareKind::kOwn: return false;
    default: return true;
  }
}

}  // namespace troupe
