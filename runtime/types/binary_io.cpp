#include "runtime/types/binary_io.hpp"

#include <bit>
#include <cstring>

#include "runtime/types/array.hpp"
#include "runtime/types/binary_reader.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/numeric_digits.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/base/text.hpp"
#include "storage/base/utf8_check.hpp"

namespace troupe {

using namespace binary_io;

namespace {

absl::Status incorrect() { return error(ErrorCode::kInvalidBinaryRepresentation, "incorrect binary data format"); }

absl::Status out_of_range(std::string_view what) {
  return error(ErrorCode::kDatetimeFieldOverflow, what, " out of range");
}

constexpr uint16_t kNumericNegative = 0x4000, kNumericNan = 0xC000, kNumericInfinity = 0xD000, kNumericMinusInfinity = 0xF000;

constexpr int kInfinityScale = 0x20;  ///< what PostgreSQL sends there
constexpr uint16_t kNumericScaleMax = 0x3FFF;

void send_numeric(std::string_view packed, std::string* out) {
  uint16_t sign = 0;
  NumericDigits v;
  switch (numeric_form(packed)) {
    case NumericForm::kNan: sign = kNumericNan; break;
    case NumericForm::kInfinity: sign = kNumericInfinity, v.scale = kInfinityScale; break;
    case NumericForm::kMinusInfinity: sign = kNumericMinusInfinity, v.scale = kInfinityScale; break;
    default:
      v = numeric_digits(packed);
      sign = v.negative ? kNumericNegative : 0;
  }
  put(static_cast<uint16_t>(v.digits.size()), out);
  put(static_cast<uint16_t>(v.weight), out);
  put(sign, out);
  put(static_cast<uint16_t>(v.scale), out);
  for (const uint16_t digit : v.digits) put(digit, out);
}

absl::StatusOr<Value> receive_numeric(Type type, NetworkReader& in) {
  const auto count = in.get<uint16_t>();
  NumericDigits v;
  v.weight = static_cast<int16_t>(in.get<uint16_t>());
  const auto sign = in.get<uint16_t>();
  const bool infinite = sign == kNumericInfinity || sign == kNumericMinusInfinity;
  if (sign != 0 && sign != kNumericNegative && sign != kNumericNan && !infinite) {
    return invalid("invalid sign in external \"numeric\" value");
  }
  v.scale = in.get<uint16_t>();
  if (v.scale > kNumericScaleMax) return invalid("invalid scale in external \"numeric\" value");
  for (uint16_t i = 0; i < count && in.ok(); ++i) {
    v.digits.push_back(in.get<uint16_t>());
    if (v.digits.back() >= digits::kBase) return invalid("invalid digit in external \"numeric\" value");
  }
  if (!in.ok()) return insufficient();
  Numeric n;
  if (sign == kNumericNan) {
    n = Numeric::nan();
  } else if (infinite) {
    n = Numeric::infinity(sign == kNumericMinusInfinity);
  } else {
    v.negative = sign == kNumericNegative;
    v.strip();
    n = Numeric::of_digits(digits::truncate(std::move(v), v.scale));
  }
  TROUPE_ASSIGN_OR_RETURN(n, apply_numeric_typmod(n, type.typmod));
  return Value::text(std::string(n.bytes()));
}

void send_array(std::string_view packed, std::string* out) {
  const ArrayView array(packed);
  put(static_cast<uint32_t>(array.dimensions()), out);
  put(static_cast<uint32_t>(array.has_nulls()), out);
  put(static_cast<uint32_t>(array.element_type()), out);
  for (int d = 0; d < array.dimensions(); ++d) {
    put(static_cast<uint32_t>(array.length(d)), out);
    put(static_cast<uint32_t>(array.lower_bound(d)), out);
  }
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) {
      put(UINT32_MAX, out);
      continue;
    }
    const size_t at = out->size();
    put(uint32_t{0}, out);
    send_binary(Type{array.element_type()}, array.value(i), out);
    std::string size;
    put(static_cast<uint32_t>(out->size() - at - 4), &size);
    out->replace(at, 4, size);
  }
}

/// What comes before an array's elements; answers how many there are.
absl::StatusOr<int64_t> receive_shape(Type type, NetworkReader& in, std::vector<ArrayDimension>* shape) {
  const auto dimensions = static_cast<int32_t>(in.get<uint32_t>());
  const auto flags = in.get<uint32_t>();
  const Oid element = in.get<uint32_t>();
  if (!in.ok()) return insufficient();
  if (dimensions < 0) return invalid("invalid number of dimensions: ", dimensions);
  if (dimensions > kArrayDimensionsMax) {
    return error(ErrorCode::kProgramLimitExceeded, "number of array dimensions (", dimensions,
                 ") exceeds the maximum allowed (", kArrayDimensionsMax, ")");
  }
  if (flags > 1) return invalid("invalid array flags");
  if (const Oid expected = element_type_of(type.oid); element != expected) {
    return error(ErrorCode::kDatatypeMismatch, "binary data has array element type ", element, " (",
                 find_type(element) == nullptr ? "???" : format_type(Type{element}), ") instead of expected ", expected,
                 " (", format_type(Type{expected}), ")");
  }
  int64_t size = dimensions == 0 ? 0 : 1;
  for (int32_t d = 0; d < dimensions; ++d) {
    const auto length = static_cast<int32_t>(in.get<uint32_t>());
    const auto lower = static_cast<int32_t>(in.get<uint32_t>());
    if (!in.ok()) return insufficient();
    if (length < 0) return invalid("invalid array dimension: ", length);
    if (int64_t{lower} + length > INT32_MAX) {
      return error(ErrorCode::kProgramLimitExceeded, "array lower bound is too large: ", lower);
    }
    size *= length;
    // Each element has at least its length.
    if (size * 4 > static_cast<int64_t>(in.remaining())) return invalid("insufficient data left in message");
    shape->push_back({length, lower});
  }
  return size;
}

absl::StatusOr<Value> receive_array(Type type, NetworkReader& in, const EvalContext& context) {
  std::vector<ArrayDimension> shape;
  TROUPE_ASSIGN_OR_RETURN(const int64_t size, receive_shape(type, in, &shape));
  const Type element{element_type_of(type.oid), type.typmod};
  std::vector<Value> elements;
  for (int64_t i = 0; i < size; ++i) {
    const auto bytes = static_cast<int32_t>(in.get<uint32_t>());
    if (!in.ok() || bytes < -1 || bytes > static_cast<int64_t>(in.remaining())) {
      return invalid("insufficient data left in message");
    }
    if (bytes == -1) {
      elements.push_back(Value::null(physical_of(element)));
      continue;
    }
    NetworkReader part(in.raw(static_cast<size_t>(bytes)));
    TROUPE_ASSIGN_OR_RETURN(Value v, receive(element, part, context));
    if (!part.done()) return invalid("improper binary format in array element ", i + 1);
    elements.push_back(std::move(v));
  }
  return Value::text(pack_array(element.oid, physical_of(element), shape, elements));
}

void send_bits(std::string_view bits, std::string* out) {
  put(static_cast<uint32_t>(bits.size()), out);
  for (size_t i = 0; i < bits.size(); i += 8) {
    uint8_t byte = 0;
    for (size_t j = 0; j < 8; ++j) byte = static_cast<uint8_t>(byte << 1 | (i + j < bits.size() && bits[i + j] == '1'));
    out->push_back(static_cast<char>(byte));
  }
}

absl::StatusOr<Value> receive_bits(Type type, NetworkReader& in) {
  const auto count = in.get<uint32_t>();
  if (static_cast<int32_t>(count) < 0) return invalid("invalid length in external bit string");
  const std::string_view raw = in.raw((size_t{count} + 7) / 8);
  if (!in.ok()) return insufficient();
  std::string bits;
  for (uint32_t i = 0; i < count; ++i) bits.push_back(((static_cast<uint8_t>(raw[i / 8]) >> (7 - i % 8)) & 1) != 0 ? '1' : '0');
  TROUPE_ASSIGN_OR_RETURN(bits, parse_bits(type, bits));
  return Value::text(std::move(bits));
}

bool is_narrow_int64(Oid type) {
  return type == oid::kOid || type == oid::kXid || type == oid::kCid || is_reg_type(type);
}

void send_fixed(Type type, Physical kind, const void* at, std::string* out) {
  const auto load = [at]<typename T>(T v) {
    std::memcpy(&v, at, sizeof v);
    return v;
  };
  switch (kind) {
    case Physical::kBool: out->push_back(static_cast<char>(load(uint8_t{}))); return;
    case Physical::kInt16:
      if (type.oid == oid::kChar) return out->push_back(static_cast<char>(load(int16_t{})));
      return put(load(uint16_t{}), out);
    case Physical::kInt32:
    case Physical::kFloat32: return put(load(uint32_t{}), out);
    case Physical::kInt64:
      if (type.oid >= kFirstUserTypeOid) {
        const UserType* own = find_user_type(type.oid);
        if (own != nullptr && own->is_enum()) {
          out->append(enum_label(*own, load(int64_t{})));
          return;
        }
      }
      if (type.oid == oid::kTid) {
        put(static_cast<uint32_t>(load(uint64_t{}) >> 16), out);
        return put(static_cast<uint16_t>(load(uint64_t{})), out);
      }
      if (is_narrow_int64(type.oid)) return put(static_cast<uint32_t>(load(uint64_t{})), out);
      return put(load(uint64_t{}), out);
    case Physical::kFloat64: return put(load(uint64_t{}), out);
    default: break;
  }
  if (type.oid == oid::kInterval) {
    const auto v = load(Interval{});
    put(static_cast<uint64_t>(v.us), out);
    put(static_cast<uint32_t>(v.days), out);
    put(static_cast<uint32_t>(v.months), out);
  } else if (type.oid == oid::kTimetz) {
    const auto v = load(TimeTz{});
    put(static_cast<uint64_t>(v.us), out);
    put(static_cast<uint32_t>(v.zone), out);
  } else {
    out->append(static_cast<const char*>(at), 16);
  }
}

void send_varlen(Type type, std::string_view bytes, std::string* out) {
  switch (type.oid) {
    case oid::kNumeric: return send_numeric(bytes, out);
    case oid::kInet:
    case oid::kCidr: return send_network(bytes, type.oid == oid::kCidr, out);
    case oid::kRecord: return send_record(bytes, out);
    case oid::kBit:
    case oid::kVarbit: return send_bits(bytes, out);
    case oid::kJsonb:
    case oid::kJsonpath: out->push_back('\1'); break;
    default:
      const char kind = type_info(type.oid).kind;
      if (kind == 'c') return send_record(bytes, out);
      if (kind == 'r') return send_range(bytes, out);
      if (kind == 'm') return send_multirange(bytes, out);
      if (element_type_of(type.oid) != oid::kInvalid) return send_array(bytes, out);
  }
  out->append(bytes);
}

bool is_time_of_day(int64_t us) { return us >= 0 && us <= kUsPerDay; }
constexpr int32_t kZoneEnd = 16 * 3600;  ///< seconds

absl::StatusOr<Value> receive_fixed(Type type, NetworkReader& in) {
  switch (physical_of(type)) {
    case Physical::kBool: return Value::of(in.get<uint8_t>() != 0);
    case Physical::kInt16:
      if (type.oid == oid::kChar) return Value::of(static_cast<int16_t>(in.get<uint8_t>()));
      return Value::of(static_cast<int16_t>(in.get<uint16_t>()));
    case Physical::kInt32: {
      const auto v = static_cast<int32_t>(in.get<uint32_t>());
      if (type.oid == oid::kDate && !is_infinite_date(v) && (v < kDateMin || v >= kDateEnd))
        return out_of_range("date");
      return Value::of(v);
    }
    case Physical::kFloat32: return Value::of(std::bit_cast<float>(in.get<uint32_t>()));
    case Physical::kFloat64: return Value::of(std::bit_cast<double>(in.get<uint64_t>()));
    case Physical::kInt64: {
      if (type.oid == oid::kTid) {
        const int64_t block = in.get<uint32_t>();
        return Value::of((block << 16) | in.get<uint16_t>());
      }
      if (is_narrow_int64(type.oid)) return Value::of(static_cast<int64_t>(in.get<uint32_t>()));
      const auto v = static_cast<int64_t>(in.get<uint64_t>());
      const bool stamp = type.oid == oid::kTimestamp || type.oid == oid::kTimestamptz;
      if (stamp && !is_infinite_timestamp(v) && !is_valid_timestamp(v)) return out_of_range("timestamp");
      if (type.oid == oid::kTime && !is_time_of_day(v)) return out_of_range("time");
      return Value::of(stamp || type.oid == oid::kTime ? round_to_precision(v, type.typmod) : v);
    }
    default: break;
  }
  if (type.oid == oid::kInterval) {
    const auto us = static_cast<int64_t>(in.get<uint64_t>());
    const auto days = static_cast<int32_t>(in.get<uint32_t>());
    TROUPE_ASSIGN_OR_RETURN(const Interval v, apply_interval_typmod({us, days, static_cast<int32_t>(in.get<uint32_t>())}, type.typmod));
    return Value::of(v);
  }
  if (type.oid == oid::kTimetz) {
    const auto us = static_cast<int64_t>(in.get<uint64_t>());
    const auto zone = static_cast<int32_t>(in.get<uint32_t>());
    if (!is_time_of_day(us)) return out_of_range("time");
    if (zone <= -kZoneEnd || zone >= kZoneEnd) {
      return error(ErrorCode::kInvalidTimeZoneDisplacement, "time zone displacement out of range");
    }
    return Value::of(TimeTz{round_to_precision(us, type.typmod), zone, 0});
  }
  Fixed16 v{};
  const std::string_view raw = in.raw(16);
  std::memcpy(v.bytes, raw.data(), raw.size());
  return Value::of(v);
}

absl::StatusOr<Value> receive_varlen(Type type, NetworkReader& in, const EvalContext& context) {
  switch (type.oid) {
    case oid::kNumeric: return receive_numeric(type, in);
    case oid::kInet:
    case oid::kCidr: return receive_network(type.oid == oid::kCidr, in);
    case oid::kMacaddr: return Value::text(std::string(in.raw(6)));
    case oid::kMacaddr8: return receive_macaddr8(in);
    case oid::kBit:
    case oid::kVarbit: return receive_bits(type, in);
    case oid::kJsonb:
    case oid::kJsonpath:
      if (const auto version = in.get<uint8_t>(); version != 1 && in.ok()) {
        return invalid("unsupported ", type_info(type.oid).name, " version number ", int{version});
      }
      break;
    case oid::kBytea: return Value::text(std::string(in.raw(in.remaining())));
    default:
      if (range_subtype_of(type.oid) != oid::kInvalid) return receive_range(type.oid, in, context);
      if (range_of_multirange(type.oid) != oid::kInvalid) return receive_multirange(type.oid, in, context);
      if (element_type_of(type.oid) != oid::kInvalid) return receive_array(type, in, context);
  }
  const std::string_view text = in.raw(in.remaining());
  TROUPE_RETURN_IF_ERROR(check_utf8(text));
  if (type.oid == oid::kName && text.size() > kNameBytesMax) {
    return with_detail(error(ErrorCode::kNameTooLong, "identifier too long"),
                       cat("Identifier must be less than ", kNameBytesMax + 1, " characters."));
  }
  return parse_text(type, text, context);
}

}  // namespace

/// Running out of bytes matters more than what the missing ones made of the value.
absl::StatusOr<Value> binary_io::receive(Type type, NetworkReader& in, const EvalContext& context) {
  if (const UserType* own = type.oid < kFirstUserTypeOid ? nullptr : find_user_type(type.oid)) {
    if (own->is_domain()) return receive(own->base, in, context);
    if (own->is_enum()) return parse_text(type, in.raw(in.remaining()), context);
    if (own->kind == UserTypeKind::kComposite) return receive_composite(*own, in, context);
  }
  auto v = physical_of(type) == Physical::kVarlen ? receive_varlen(type, in, context) : receive_fixed(type, in);
  if (!in.ok()) return insufficient();
  return v;
}

absl::StatusOr<Value> receive_binary(Type type, std::string_view bytes, const EvalContext& context) {
  NetworkReader in(bytes);
  auto v = receive(type, in, context);
  if (v.ok() && !in.done()) return incorrect();
  return v;
}

void send_binary(Type type, const Vector& column, uint32_t row, std::string* out) {
  if (column.kind() == Physical::kVarlen) return send_varlen(type, column.string(row), out);
  send_fixed(type, column.kind(), column.values<uint8_t>() + size_t{column.position(row)} * width(column.kind()), out);
}

void send_binary(Type type, const Value& value, std::string* out) {
  if (value.kind() == Physical::kVarlen) return send_varlen(type, value.bytes(), out);
  send_fixed(type, value.kind(), value.raw(), out);
}

}  // namespace troupe
