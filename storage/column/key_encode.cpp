#include <cmath>
#include <cstring>

#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"
#include "storage/column/key_codec.hpp"
#include "storage/column/key_format.hpp"
#include "storage/column/numeric_format.hpp"
#include "storage/column/range_format.hpp"
#include "storage/column/record_format.hpp"
#include "storage/column/value_shape.hpp"

namespace troupe {
namespace {

using namespace key_format;

template <typename T>
T load(const void* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

/// Most significant byte first.
template <typename U>
void big_endian(U v, std::string* out) {
  char bytes[sizeof(U)];
  for (size_t i = sizeof(U); i-- > 0; v >>= 8) bytes[i] = static_cast<char>(v & 0xFF);
  out->append(bytes, sizeof(U));
}

void encode_u8(uint8_t v, std::string* out) { out->push_back(static_cast<char>(v)); }

/// Signed integers sort as unsigned once the sign bit is flipped.
template <typename S>
void encode_signed(S v, std::string* out) {
  using U = std::make_unsigned_t<S>;
  const U flipped = static_cast<U>(v) ^ (U{1} << (sizeof(U) * 8 - 1));
  if constexpr (sizeof(U) >= 2) big_endian(flipped, out);
}

template <typename F, typename U>
void encode_float(F v, std::string* out) {
  if (std::isnan(v)) v = std::numeric_limits<F>::quiet_NaN();
  if (v == 0) v = 0;
  U bits = load<U>(&v);
  constexpr U kSign = U{1} << (sizeof(U) * 8 - 1);
  bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
  big_endian(bits, out);
}

void encode_escaped(std::string_view text, std::string* out) {
  for (;;) {
    const size_t zero = text.find('\0');
    if (zero == std::string_view::npos) break;
    out->append(text.substr(0, zero + 1));
    out->push_back(kEscapedZero);
    text.remove_prefix(zero + 1);
  }
  out->append(text);
  out->push_back('\0');
  out->push_back(kTerminator);
}

void complement(std::string* out, size_t from) {
  for (size_t i = from; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
}

/// Class byte, then (finite, not zero) the exponent in base 100 and the digits + 1, closed by 0; negated if negative.
void encode_numeric(std::string_view packed, std::string* out) {
  switch (numeric_form(packed)) {
    case NumericForm::kNan: return encode_u8(kNumericNan, out);
    case NumericForm::kInfinity: return encode_u8(kNumericInfinity, out);
    case NumericForm::kMinusInfinity: return encode_u8(kNumericMinusInfinity, out);
    default: break;
  }
  const NumericDigits v = numeric_digits(packed);
  if (v.digits.empty()) return encode_u8(kNumericZero, out);
  encode_u8(v.negative ? kNumericNegative : kNumericPositive, out);
  const size_t from = out->size();
  const bool odd = v.digits[0] < 100;
  const int exponent = v.weight * 2 + (odd ? 0 : 1);
  encode_signed(static_cast<int32_t>(exponent), out);
  const size_t first_digit = out->size();
  for (size_t i = 0; i < v.digits.size(); ++i) {
    if (i > 0 || !odd) encode_u8(static_cast<uint8_t>(v.digits[i] / 100 + 1), out);
    encode_u8(static_cast<uint8_t>(v.digits[i] % 100 + 1), out);
  }
  while (out->size() > first_digit && out->back() == 1) out->pop_back();
  encode_u8(0, out);
  if (v.negative) complement(out, from);
}

void encode_interval(const Interval& v, std::string* out) {
  const unsigned __int128 biased =
      static_cast<unsigned __int128>(interval_order(v)) ^ (static_cast<unsigned __int128>(1) << 127);
  big_endian(biased, out);
}

void encode_timetz(const TimeTz& v, std::string* out) {
  encode_signed(v.us + int64_t{1000000} * v.zone, out);
  encode_signed(v.zone, out);
}

void encode_fixed(CompareKind kind, const void* at, std::string* out) {
  switch (kind) {
    case CompareKind::kBool: return encode_u8(load<uint8_t>(at), out);
    case CompareKind::kInt16: return encode_signed(load<int16_t>(at), out);
    case CompareKind::kInt32: return encode_signed(load<int32_t>(at), out);
    case CompareKind::kInt64: return encode_signed(load<int64_t>(at), out);
    case CompareKind::kFloat32: return encode_float<float, uint32_t>(load<float>(at), out);
    case CompareKind::kFloat64: return encode_float<double, uint64_t>(load<double>(at), out);
    case CompareKind::kInterval: return encode_interval(load<Interval>(at), out);
    case CompareKind::kTimeTz: return encode_timetz(load<TimeTz>(at), out);
    default: out->append(static_cast<const char*>(at), sizeof(Fixed16));
  }
}

void encode_varlen(CompareKind kind, std::string_view bytes, std::string* out);

/// Every element behind a mark, an end mark, then what breaks ties between equal elements: the dimensions.
void encode_array(std::string_view bytes, std::string* out) {
  const ArrayView array(bytes);
  const CompareKind kind = compare_kind(array.element_type(), array.element_kind());
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) {
      encode_u8(kArrayNull, out);
      continue;
    }
    encode_u8(kArrayElement, out);
    if (array.element_kind() == Physical::kVarlen) {
      encode_varlen(kind, array.string(i), out);
    } else {
      encode_fixed(kind, array.fixed(i), out);
    }
  }
  encode_u8(kArrayEnd, out);
  encode_u8(static_cast<uint8_t>(array.dimensions()), out);
  for (int d = 0; d < array.dimensions(); ++d) encode_signed(array.length(d), out);
  for (int d = 0; d < array.dimensions(); ++d) encode_signed(array.lower_bound(d), out);
}

/// Every field behind a mark with its type, then an end mark.
void encode_record(std::string_view bytes, std::string* out) {
  std::vector<RecordField> fields = record_fields(bytes);
  while (!fields.empty() && fields.back().is_null) fields.pop_back();
  for (const RecordField& field : fields) {
    if (field.is_null) {
      encode_u8(kArrayNull, out);
      continue;
    }
    encode_u8(kArrayElement, out);
    big_endian(field.type, out);
    const CompareKind kind = compare_kind(field.type, field.kind);
    if (field.kind == Physical::kVarlen) {
      encode_varlen(kind, field.bytes, out);
    } else {
      encode_fixed(kind, field.bytes.data(), out);
    }
  }
  encode_u8(kRecordEnd, out);
}

void encode_bound(const RangeView& range, const RangeBound& bound, std::string* out) {
  if (bound.infinite) return encode_u8(bound.is_lower ? kBoundMinusInfinity : kBoundInfinity, out);
  encode_u8(kBoundValue, out);
  const CompareKind kind = compare_kind(range.subtype(), range.kind());
  if (range.kind() == Physical::kVarlen) {
    encode_varlen(kind, bound.bytes, out);
  } else {
    encode_fixed(kind, bound.bytes.data(), out);
  }
  encode_u8(bound.inclusive ? kBoundAt : (bound.is_lower ? kBoundAfter : kBoundBefore), out);
}

void encode_range(std::string_view bytes, std::string* out) {
  const RangeView range(bytes);
  if (range.is_empty()) return encode_u8(kRangeEmpty, out);
  encode_u8(kRangeFull, out);
  encode_bound(range, range.lower(), out);
  encode_bound(range, range.upper(), out);
}

void encode_own(std::string_view bytes, std::string* out) {
  switch (value_shape(bytes)) {
    case ValueShape::kRange: return encode_range(bytes, out);
    case ValueShape::kRecord: return encode_record(bytes, out);
    default: return encode_array(bytes, out);
  }
}

void encode_varlen(CompareKind kind, std::string_view bytes, std::string* out) {
  switch (kind) {
    case CompareKind::kNumeric: return encode_numeric(bytes, out);
    case CompareKind::kArray: return encode_array(bytes, out);
    case CompareKind::kRecord: return encode_record(bytes, out);
    case CompareKind::kJsonb: return encode_jsonb_key(bytes, out);
    case CompareKind::kRange: return encode_range(bytes, out);
    case CompareKind::kOwn: return encode_own(bytes, out);
    case CompareKind::kPadded:
      while (!bytes.empty() && bytes.back() == ' ') bytes.remove_suffix(1);
      return encode_escaped(bytes, out);
    default: return encode_escaped(bytes, out);
  }
}

}  // namespace

void encode_key_null(const KeyColumn& column, std::string* out) {
  encode_u8(column.nulls_first ? kNullFirst : kNullLast, out);
}

void encode_key_column(const KeyColumn& column, const Value& value, std::string* out) {
  if (value.is_null()) return encode_key_null(column, out);
  encode_u8(kNotNull, out);
  const size_t from = out->size();
  if (physical_of(column.kind) == Physical::kVarlen) {
    encode_varlen(column.kind, value.bytes(), out);
  } else {
    encode_fixed(column.kind, value.raw(), out);
  }
  if (column.descending) complement(out, from);
}

void encode_key_column(const KeyColumn& column, const Vector& values, uint32_t row, std::string* out) {
  if (values.is_null(row)) return encode_key_null(column, out);
  encode_u8(kNotNull, out);
  const size_t from = out->size();
  if (values.kind() == Physical::kVarlen) {
    encode_varlen(column.kind, values.string(row), out);
  } else {
    encode_fixed(column.kind, values.values<uint8_t>() + size_t{values.position(row)} * width(values.kind()), out);
  }
  if (column.descending) complement(out, from);
}

void encode_key(std::span<const KeyColumn> columns, std::span<const Value> values, std::string* out) {
  TROUPE_CHECK(values.size() <= columns.size());
  for (size_t i = 0; i < values.size(); ++i) encode_key_column(columns[i], values[i], out);
}

void encode_key(std::span<const KeyColumn> columns, std::span<const Vector* const> vectors, uint32_t row,
                std::string* out) {
  TROUPE_CHECK(vectors.size() <= columns.size());
  for (size_t i = 0; i < vectors.size(); ++i) encode_key_column(columns[i], *vectors[i], row, out);
}

std::optional<std::string> prefix_successor(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty()) {
    if (static_cast<uint8_t>(next.back()) != 0xFF) {
      next.back() = static_cast<char>(next.back() + 1);
      return next;
    }
    next.pop_back();
  }
  return std::nullopt;
}

}  // namespace troupe
