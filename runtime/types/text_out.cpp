#include <cstdio>
#include <cstring>

#include "runtime/types/pg_lsn.hpp"
#include "runtime/types/array.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/money.hpp"
#include "runtime/types/network.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/record.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

template <typename T>
T load(const void* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

void format_char(int16_t v, std::string* out) {
  if (v == 0) return;
  if (v < 0x80) {
    out->push_back(static_cast<char>(v));
    return;
  }
  char octal[8];
  std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(v) & 0xFF);
  out->append(octal);
}

void format_reg(Oid type, int64_t v, const EvalContext& context, std::string* out) {
  if (v == 0) {
    out->push_back('-');
    return;
  }
  const auto object = static_cast<Oid>(v);
  if (type == oid::kRegtype && object < kFirstUserTypeOid && find_type(object) != nullptr) {
    out->append(format_type(object));
  } else if (const auto name = context.names == nullptr ? std::nullopt : context.names->name_of(type, object); name) {
    out->append(*name);
  } else {
    format_integer(v, out);
  }
}

void format_int64(Oid type, int64_t v, const EvalContext& context, std::string* out) {
  switch (type) {
    case oid::kTimestamp: return format_timestamp(v, context.session(), out);
    case oid::kTimestamptz: return format_timestamptz(v, context.session(), out);
    case oid::kTime: return format_time(v, out);
    case oid::kMoney: return format_money(v, out);
    case oid::kPgLsn: out->append(format_pg_lsn(static_cast<uint64_t>(v))); return;
    case oid::kTid: out->append(cat("(", v >> 16, ",", v & 0xFFFF, ")")); return;
    default: break;
  }
  if (is_reg_type(type)) return format_reg(type, v, context, out);
  const UserType* own = type < kFirstUserTypeOid ? nullptr : find_user_type(type);
  if (own != nullptr && own->is_enum()) {
    out->append(enum_label(*own, v));
    return;
  }
  format_integer(v, out);
}

void format_fixed16(Oid type, const void* at, const EvalContext& context, std::string* out) {
  if (type == oid::kUuid) return format_uuid(load<Fixed16>(at), out);
  if (type == oid::kTimetz) return format_timetz(load<TimeTz>(at), out);
  format_interval(load<Interval>(at), context.session().interval_style, out);
}

void format_fixed(Type type, Physical kind, const void* at, const EvalContext& context, std::string* out) {
  switch (kind) {
    case Physical::kBool: out->push_back(load<uint8_t>(at) != 0 ? 't' : 'f'); return;
    case Physical::kInt16:
      if (type.oid == oid::kChar) return format_char(load<int16_t>(at), out);
      return format_integer(load<int16_t>(at), out);
    case Physical::kInt32:
      if (type.oid == oid::kDate) return format_date(load<int32_t>(at), context.session(), out);
      return format_integer(load<int32_t>(at), out);
    case Physical::kInt64: return format_int64(type.oid, load<int64_t>(at), context, out);
    case Physical::kFloat32: return format_float(load<float>(at), context.session().extra_float_digits, out);
    case Physical::kFloat64: return format_double(load<double>(at), context.session().extra_float_digits, out);
    default: return format_fixed16(type.oid, at, context, out);
  }
}

void format_vector_array(std::string_view bytes, std::string* out) {
  const ArrayView array(bytes);
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (i > 0) out->push_back(' ');
    const Value v = array.value(i);
    format_integer(v.kind() == Physical::kInt16 ? v.get<int16_t>() : v.get<int64_t>(), out);
  }
}

void format_varlen(Type type, std::string_view bytes, const EvalContext& context, std::string* out) {
  switch (type.oid) {
    case oid::kNumeric: return format_numeric(bytes, out);
    case oid::kRecord: return format_record(bytes, context, out);
    case oid::kBytea: return format_bytea(bytes, context.session().bytea_escape, out);
    case oid::kInt2Vector:
    case oid::kOidVector: return format_vector_array(bytes, out);
    case oid::kInet:
    case oid::kCidr: out->append(network_text(unpack_network(bytes), type.oid == oid::kCidr)); return;
    case oid::kMacaddr:
    case oid::kMacaddr8: return format_macaddr(bytes, out);
    default: break;
  }
  const char kind = type_info(type.oid).kind;
  if (kind == 'c') return format_record(bytes, context, out);
  if (kind == 'r') return format_range(bytes, context, out);
  if (kind == 'm') return format_multirange(bytes, context, out);
  if (const Oid element = element_type_of(type.oid); element != oid::kInvalid) {
    return format_array(Type{element, type.typmod}, bytes, context, out);
  }
  out->append(bytes);
}

}  // namespace

const SessionSettings& EvalContext::session() const {
  static const SessionSettings defaults;
  return settings == nullptr ? defaults : *settings;
}

void format_text(Type type, const Vector& column, uint32_t row, const EvalContext& context, std::string* out) {
  if (column.kind() == Physical::kVarlen) return format_varlen(type, column.string(row), context, out);
  format_fixed(type, column.kind(), column.values<uint8_t>() + size_t{column.position(row)} * width(column.kind()),
               context, out);
}

void format_text(Type type, const Value& value, const EvalContext& context, std::string* out) {
  if (value.kind() == Physical::kVarlen) return format_varlen(type, value.bytes(), context, out);
  format_fixed(type, value.kind(), value.raw(), context, out);
}

std::string to_text(Type type, const Value& value, const EvalContext& context) {
  std::string out;
  format_text(type, value, context, &out);
  return out;
}

void format_text_column(Type type, const Vector& column, uint32_t rows, const EvalContext& context, Vector& out) {
  const uint32_t stored = column.is_constant() ? std::min<uint32_t>(rows, 1) : rows;
  Vector text(Physical::kVarlen, stored);
  std::string buffer;
  for (uint32_t i = 0; i < stored; ++i) {
    if (column.is_null(i)) {
      text.set_null(i);
      continue;
    }
    buffer.clear();
    format_text(type, column, i, context, &buffer);
    text.set_string(i, buffer);
  }
  out = column.is_constant() && rows > 0 ? Vector::constant(text.value(0), rows) : std::move(text);
}

}  // namespace troupe
