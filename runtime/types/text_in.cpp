#include <limits>

#include "runtime/types/pg_lsn.hpp"
#include "runtime/types/array.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/money.hpp"
#include "runtime/types/network.hpp"
#include "runtime/types/jsonpath.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/record.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

template <typename T>
absl::StatusOr<Value> integer_value(std::string_view text, std::string_view type_name) {
  TROUPE_ASSIGN_OR_RETURN(const int64_t v, parse_integer(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), type_name));
  return Value::of(static_cast<T>(v));
}

template <typename T>
absl::StatusOr<Value> wrapped(absl::StatusOr<T> v) {
  if (!v.ok()) return v.status();
  if constexpr (std::is_same_v<T, std::string>) {
    return Value::text(*std::move(v));
  } else {
    return Value::of(*v);
  }
}

absl::StatusOr<Value> char_value(std::string_view text) {
  if (text.size() == 4 && text[0] == '\\' && text[1] >= '0' && text[1] <= '3') {
    return Value::of(static_cast<int16_t>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
  }
  return Value::of(static_cast<int16_t>(text.empty() ? 0 : static_cast<uint8_t>(text[0])));
}

absl::StatusOr<Value> numeric_value(Type type, std::string_view text) {
  TROUPE_ASSIGN_OR_RETURN(Numeric v, parse_numeric(text));
  if (type.typmod >= 0) {
    TROUPE_ASSIGN_OR_RETURN(v, apply_numeric_typmod(v, type.typmod));
  }
  return Value::text(std::string(v.bytes()));
}

absl::StatusOr<Value> tid_value(std::string_view text) {
  unsigned block = 0, offset = 0;
  if (std::sscanf(std::string(text).c_str(), "(%u,%u)", &block, &offset) != 2) return invalid_syntax("tid", text);
  return Value::of((int64_t{block} << 16) | (offset & 0xFFFF));
}

absl::StatusOr<Value> reg_value(Oid type, std::string_view text, const EvalContext& context) {
  if (text == "-") return Value::of(int64_t{0});
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    return wrapped(parse_oid(text, "oid"));
  }
  if (type == oid::kRegtype) {
    const TypeInfo* info = find_type_by_name(text_scan::lowered(text));
    if (info != nullptr) return Value::of(static_cast<int64_t>(info->oid));
    if (context.names == nullptr) return error(ErrorCode::kUndefinedObject, "type \"", text, "\" does not exist");
  }
  if (context.names == nullptr) return invalid_syntax("oid", text);
  TROUPE_ASSIGN_OR_RETURN(const Oid v, context.names->oid_of(type, text));
  return Value::of(static_cast<int64_t>(v));
}

absl::StatusOr<Value> vector_array(Oid type, std::string_view text) {
  std::vector<int64_t> values;
  while (!(text = text_scan::trim_left(text)).empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const bool oids = type == oid::kOidVector;
    TROUPE_ASSIGN_OR_RETURN(const int64_t v, oids ? parse_oid(text.substr(0, end), "oid")
                                                  : parse_integer(text.substr(0, end), INT16_MIN, INT16_MAX, "smallint"));
    values.push_back(v);
    text.remove_prefix(end);
  }
  return Value::text(make_vector_array(type == oid::kOidVector ? oid::kOid : oid::kInt2, values));
}

absl::StatusOr<Value> rounded_timestamp(absl::StatusOr<int64_t> v, int32_t typmod) {
  if (!v.ok()) return v.status();
  return Value::of(round_to_precision(*v, typmod));
}

absl::StatusOr<Value> temporal_value(Type type, std::string_view text, const EvalContext& context) {
  switch (type.oid) {
    case oid::kDate: return wrapped(parse_date(text, context));
    case oid::kTime: return rounded_timestamp(parse_time(text, context), type.typmod);
    case oid::kTimestamp: return rounded_timestamp(parse_timestamp(text, context), type.typmod);
    case oid::kTimestamptz: return rounded_timestamp(parse_timestamptz(text, context), type.typmod);
    case oid::kInterval: return wrapped(parse_interval(text, type.typmod, context));
    default: {
      TROUPE_ASSIGN_OR_RETURN(TimeTz v, parse_timetz(text, context));
      v.us = round_to_precision(v.us, type.typmod);
      return Value::of(v);
    }
  }
}

absl::StatusOr<Value> json_value(Oid type, std::string_view text) {
  if (type == oid::kJsonb) return wrapped(normalize_json(text));
  TROUPE_RETURN_IF_ERROR(validate_json(text));
  return Value::text(std::string(text));
}

}  // namespace

absl::StatusOr<Value> parse_text(Type type, std::string_view text, const EvalContext& context) {
  switch (type.oid) {
    case oid::kText:
    case oid::kUnknown:
    case oid::kCstring:
    case oid::kPgNodeTree:
    case oid::kRefcursor: return Value::text(std::string(text));
    case oid::kVarchar: return wrapped(apply_varchar_length(text, typmod_length(type), false));
    case oid::kBpchar: return wrapped(apply_bpchar_length(text, typmod_length(type), false));
    case oid::kName: return Value::text(std::string(text.substr(0, kNameBytesMax)));
    case oid::kInt4: return integer_value<int32_t>(text, "integer");
    case oid::kInt8: return integer_value<int64_t>(text, "bigint");
    case oid::kInt2: return integer_value<int16_t>(text, "smallint");
    case oid::kBool: return wrapped(parse_bool(text));
    case oid::kFloat8: return wrapped(parse_double(text));
    case oid::kFloat4: return wrapped(parse_float(text));
    case oid::kNumeric: return numeric_value(type, text);
    case oid::kChar: return char_value(text);
    case oid::kUuid: return wrapped(parse_uuid(text));
    case oid::kBytea: return wrapped(parse_bytea(text));
    case oid::kDate:
    case oid::kTime:
    case oid::kTimetz:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kInterval: return temporal_value(type, text, context);
    case oid::kOid: return wrapped(parse_oid(text, "oid"));
    case oid::kXid:
    case oid::kCid: return wrapped(parse_oid(text, type_info(type.oid).name));
    case oid::kMoney: return wrapped(parse_money(text));
    case oid::kInet: return wrapped(parse_network(text, false));
    case oid::kCidr: return wrapped(parse_network(text, true));
    case oid::kMacaddr: return wrapped(parse_macaddr(text));
    case oid::kMacaddr8: return wrapped(parse_macaddr8(text));
    case oid::kXid8: return integer_value<int64_t>(text, "xid8");
    case oid::kPgLsn: return wrapped(parse_pg_lsn(text));
    case oid::kTid: return tid_value(text);
    case oid::kBit:
    case oid::kVarbit: return wrapped(parse_bits(type, text));
    case oid::kJson:
    case oid::kJsonb: return json_value(type.oid, text);
    case oid::kJsonpath: return wrapped(normalize_jsonpath(text));
    case oid::kInt2Vector:
    case oid::kOidVector: return vector_array(type.oid, text);
    case oid::kVoid: return Value::text("");
    case oid::kRecord:
      return error(ErrorCode::kFeatureNotSupported, "input of anonymous composite types is not implemented");
    default: break;
  }
  if (const UserType* own = find_user_type(type.oid)) {
    if (own->is_enum()) return wrapped(enum_value(*own, text));
    if (own->is_domain()) return parse_text(own->base, text, context);
    if (own->kind == UserTypeKind::kComposite) return wrapped(parse_record(*own, text, context));
  }
  if (range_subtype_of(type.oid) != oid::kInvalid) return wrapped(parse_range(type, text, context));
  if (range_of_multirange(type.oid) != oid::kInvalid) return wrapped(parse_multirange(type, text, context));
  if (is_reg_type(type.oid)) return reg_value(type.oid, text, context);
  if (const Oid element = element_type_of(type.oid); element != oid::kInvalid) {
    return parse_array(Type{element, type.typmod}, text, context);
  }
  return error(ErrorCode::kFeatureNotSupported, "cannot accept a value of type ", format_type(type.oid));
}

absl::Status parse_text_column(Type type, const Vector& text, uint32_t rows, const EvalContext& context, Vector& out) {
  if (text.is_constant()) {
    if (text.is_null(0)) {
      out = Vector::null_constant(physical_of(type), rows);
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(const Value v, parse_text(type, text.string(0), context));
    out = Vector::constant(v, rows);
    return absl::OkStatus();
  }
  out.reset(physical_of(type), rows);
  for (uint32_t i = 0; i < rows; ++i) {
    if (text.is_null(i)) {
      out.set_null(i);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const Value v, parse_text(type, text.string(i), context));
    out.set_value(i, v);
  }
  return absl::OkStatus();
}

}  // namespace troupe
