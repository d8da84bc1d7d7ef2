#include "runtime/types/binary_io.hpp"
#include "runtime/types/binary_reader.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/record.hpp"
#include "storage/column/array_format.hpp"

/// Records, ranges and multiranges in PostgreSQL's binary format.
namespace troupe::binary_io {
namespace {

/// A value behind its size; -1 stands for null.
absl::StatusOr<Value> receive_part(Type type, NetworkReader& in, const EvalContext& context, std::string_view what) {
  const auto bytes = static_cast<int32_t>(in.get<uint32_t>());
  if (!in.ok()) return insufficient();
  if (bytes == -1) return Value::null(physical_of(type));
  if (bytes < -1 || bytes > static_cast<int64_t>(in.remaining())) return insufficient();
  NetworkReader part(in.raw(static_cast<size_t>(bytes)));
  TROUPE_ASSIGN_OR_RETURN(Value value, receive(type, part, context));
  if (!part.done()) return invalid("improper binary format in ", what);
  return value;
}

void send_part(Type type, const Value& value, std::string* out) {
  std::string bytes;
  send_binary(type, value, &bytes);
  put(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

}  // namespace

void send_record(std::string_view packed, std::string* out) {
  const std::vector<RecordField> fields = live_fields(packed);
  put(static_cast<uint32_t>(fields.size()), out);
  for (const RecordField& field : fields) {
    put(static_cast<uint32_t>(field.type), out);
    std::string bytes;
    if (!field.is_null) send_binary(Type{field.type}, field.value(), &bytes);
    put(field.is_null ? UINT32_MAX : static_cast<uint32_t>(bytes.size()), out);
    out->append(bytes);
  }
}

absl::StatusOr<Value> receive_composite(const UserType& type, NetworkReader& in, const EvalContext& context) {
  std::vector<Type> live;
  for (const Attribute& attribute : type.attributes) {
    if (!attribute.dropped) live.push_back(attribute.type);
  }
  if (const auto count = static_cast<int32_t>(in.get<uint32_t>()); count != static_cast<int32_t>(live.size())) {
    return error(ErrorCode::kDatatypeMismatch, "wrong number of columns: ", count, ", expected ", live.size());
  }
  std::vector<Value> values;
  for (size_t i = 0; i < live.size(); ++i) {
    if (const Oid given = in.get<uint32_t>(); given != live[i].oid && in.ok()) {
      return error(ErrorCode::kDatatypeMismatch, "binary data has type ", given, " (",
                   find_type(given) == nullptr ? "???" : format_type(Type{given}), ") instead of expected ",
                   live[i].oid, " (", format_type(Type{live[i].oid}), ") in record column ", i + 1);
    }
    TROUPE_ASSIGN_OR_RETURN(Value value, receive_part(live[i], in, context, cat("record column ", i + 1)));
    values.push_back(std::move(value));
  }
  return Value::text(pack_composite(type, values));
}

void send_range(std::string_view packed, std::string* out) {
  const RangeView range(packed);
  out->push_back(static_cast<char>(range.flags()));
  if (range.is_empty()) return;
  for (const RangeBound* bound : {&range.lower(), &range.upper()}) {
    if (!bound->infinite) send_part(Type{range.subtype()}, bound_value(range.kind(), *bound), out);
  }
}

absl::StatusOr<Value> receive_range(Oid range, NetworkReader& in, const EvalContext& context) {
  using namespace range_flags;
  const auto flags = in.get<uint8_t>();
  if (!in.ok()) return insufficient();
  if ((flags & kEmpty) != 0) return Value::text(make_empty_range(range));
  const Type subtype{range_subtype_of(range)};
  RangeBound lower{(flags & kLowerInfinite) != 0, (flags & kLowerInclusive) != 0, true, {}};
  RangeBound upper{(flags & kUpperInfinite) != 0, (flags & kUpperInclusive) != 0, false, {}};
  Value from, to;
  if (!lower.infinite) {
    TROUPE_ASSIGN_OR_RETURN(from, receive_part(subtype, in, context, "range bound"));
    lower.bytes = bound_bytes(from);
  }
  if (!upper.infinite) {
    TROUPE_ASSIGN_OR_RETURN(to, receive_part(subtype, in, context, "range bound"));
    upper.bytes = bound_bytes(to);
  }
  if ((!lower.infinite && from.is_null()) || (!upper.infinite && to.is_null())) return insufficient();
  TROUPE_ASSIGN_OR_RETURN(std::string packed, make_range(range, lower, upper));
  return Value::text(std::move(packed));
}

void send_multirange(std::string_view packed, std::string* out) {
  const ArrayView ranges(packed);
  put(ranges.size(), out);
  for (uint32_t i = 0; i < ranges.size(); ++i) send_part(Type{ranges.element_type()}, ranges.value(i), out);
}

absl::StatusOr<Value> receive_multirange(Oid multirange, NetworkReader& in, const EvalContext& context) {
  const Type range{range_of_multirange(multirange)};
  std::vector<std::string> ranges;
  for (auto left = in.get<uint32_t>(); left > 0 && in.ok(); --left) {
    TROUPE_ASSIGN_OR_RETURN(const Value one, receive_part(range, in, context, "multirange"));
    if (one.is_null()) return insufficient();
    ranges.push_back(one.string());
  }
  if (!in.ok()) return insufficient();
  return Value::text(make_multirange(range.oid, std::move(ranges)));
}

}  // namespace troupe::binary_io
