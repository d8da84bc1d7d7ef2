#include "runtime/types/json_value.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/record.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"

/// json and jsonb made from values: json_build_object, json_build_array, json_object, to_json.
namespace troupe {
namespace {

bool is_number(Oid type) {
  return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8 || type == oid::kFloat4 ||
         type == oid::kFloat8 || type == oid::kNumeric;
}

/// ISO 8601, as JSON's readers expect it: a T between date and time, minutes in the zone's offset.
std::string iso_time(Oid type, std::string text) {
  const size_t space = text.find(' ');
  if (type != oid::kDate && space != std::string::npos) text[space] = 'T';  // a date's is before BC
  const size_t sign = text.find_last_of("+-");
  if (type == oid::kTimestamptz && sign != std::string::npos && text.find(':', sign) == std::string::npos) text += ":00";
  return text;
}

/// `separator`: of what is in it, not of what is in that.
void append_array(std::string_view bytes, Type type, EvalContext& context, std::string* out,
                  std::string_view separator = ",");
void append_record(std::string_view bytes, EvalContext& context, std::string* out, std::string_view separator = ",");

}  // namespace

void append_json_value(const Value& value, Type type, EvalContext& context, std::string* out) {
  if (value.is_null()) {
    out->append("null");
    return;
  }
  if (type.oid == oid::kBool) {
    out->append(value.get<bool>() ? "true" : "false");
    return;
  }
  if (is_array_type(type.oid)) return append_array(value.bytes(), type, context, out);
  if (is_record_type(type.oid)) return append_record(value.bytes(), context, out);
  if (type.oid == oid::kDate || type.oid == oid::kTimestamp || type.oid == oid::kTimestamptz) {
    SessionSettings iso = context.session();
    iso.date_output = DateOutput::kIso;
    EvalContext plain = context;
    plain.settings = &iso;
    return append_json_string(iso_time(type.oid, to_text(type, value, plain)), out);
  }
  const std::string text = to_text(type, value, context);
  const bool finite = text != "NaN" && text != "Infinity" && text != "-Infinity";
  if (type.oid == oid::kJson || type.oid == oid::kJsonb || (is_number(type.oid) && finite)) {
    out->append(text);
  } else {
    append_json_string(text, out);
  }
}

absl::Status append_json_key(const Value& value, Type type, EvalContext& context, std::string* out) {
  const bool scalar = !is_array_type(type.oid) && !is_record_type(type.oid) && type.oid != oid::kJson &&
                      type.oid != oid::kJsonb;
  if (!scalar) {
    return error(ErrorCode::kInvalidParameterValue, "key value must be scalar, not array, composite, or json");
  }
  append_json_string(to_text(type, value, context), out);
  return absl::OkStatus();
}

namespace {

/// One dimension after the other; `at` is the next element.
void append_dimension(const ArrayView& array, int dimension, Type element, EvalContext& context,
                      std::string_view separator, uint32_t* at, std::string* out) {
  out->push_back('[');
  for (int32_t i = 0; i < array.length(dimension); ++i) {
    if (i > 0) out->append(separator);
    if (dimension + 1 < array.dimensions()) {
      append_dimension(array, dimension + 1, element, context, ",", at, out);
      continue;
    }
    const uint32_t place = (*at)++;
    append_json_value(array.is_null(place) ? Value() : array.value(place), element, context, out);
  }
  out->push_back(']');
}

void append_array(std::string_view bytes, Type type, EvalContext& context, std::string* out,
                  std::string_view separator) {
  const ArrayView array(bytes);
  if (array.dimensions() == 0) {
    out->append("[]");
    return;
  }
  uint32_t at = 0;
  append_dimension(array, 0, Type{element_type_of(type.oid)}, context, separator, &at, out);
}

void append_record(std::string_view bytes, EvalContext& context, std::string* out, std::string_view separator) {
  size_t number = 0;
  for (const RecordField& field : live_fields(bytes)) {
    out->append(number++ == 0 ? "{" : separator);
    append_json_string(field.name.empty() ? cat("f", number) : std::string(field.name), out);
    out->push_back(':');
    append_json_value(field.value(), Type{field.type}, context, out);
  }
  out->append(number == 0 ? "{}" : "}");
}

Value value_of(const Vector& arg, uint32_t row) { return arg.is_null(row) ? Value() : arg.value(row); }

/// Of jsonb the canonical form.
template <bool Binary>
absl::Status store(std::string json, uint32_t row, Vector& out) {
  if constexpr (Binary) {
    TROUPE_ASSIGN_OR_RETURN(json, normalize_json(json));
  }
  out.set_string(row, json);
  return absl::OkStatus();
}

template <bool Binary>
absl::Status null_key(size_t argument) {
  if (Binary) return error(ErrorCode::kInvalidParameterValue, "argument ", argument, ": key must not be null");
  return with_hint(error(ErrorCode::kInvalidParameterValue, "argument ", argument, " cannot be null"),
                   "Object keys should be text.");
}

template <bool Binary>
absl::Status build_object(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                          Vector& out) {
  if (args.size() % 2 != 0) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "argument list must have even number of elements"),
                     cat("The arguments of ", call.function->name, "() must consist of alternating keys and values."));
  }
  for (uint32_t row = 0; row < rows; ++row) {
    std::string json = "{";
    for (size_t i = 0; i < args.size(); i += 2) {
      if (args[i].is_null(row)) return null_key<Binary>(i + 1);
      if (i > 0) json += ", ";
      TROUPE_RETURN_IF_ERROR(append_json_key(args[i].value(row), call.arguments[i], context, &json));
      json += " : ";
      append_json_value(value_of(args[i + 1], row), call.arguments[i + 1], context, &json);
    }
    TROUPE_RETURN_IF_ERROR(store<Binary>(json + "}", row, out));
  }
  return absl::OkStatus();
}

template <bool Binary>
absl::Status build_array(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                         Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    std::string json = "[";
    for (size_t i = 0; i < args.size(); ++i) {
      if (i > 0) json += ", ";
      append_json_value(value_of(args[i], row), call.arguments[i], context, &json);
    }
    TROUPE_RETURN_IF_ERROR(store<Binary>(json + "]", row, out));
  }
  return absl::OkStatus();
}

template <bool Binary>
absl::Status to_json(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                     Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    std::string json;
    append_json_value(args[0].value(row), call.arguments[0], context, &json);
    TROUPE_RETURN_IF_ERROR(store<Binary>(std::move(json), row, out));
  }
  return absl::OkStatus();
}

/// array_to_json and row_to_json with a flag: elements and fields, not what is in them, on lines of their own.
absl::Status to_json_lines(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                           Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const std::string_view separator = args[1].get<bool>(row) ? ",\n " : ",";
    std::string json;
    if (is_array_type(call.arguments[0].oid)) {
      append_array(args[0].string(row), call.arguments[0], context, &json, separator);
    } else {
      append_record(args[0].string(row), context, &json, separator);
    }
    out.set_string(row, json);
  }
  return absl::OkStatus();
}

/// `"key" : "value"`, or null for a value that is missing.
absl::Status append_pair(const ArrayView& keys, uint32_t key, const ArrayView& values, uint32_t value, std::string* out) {
  if (keys.is_null(key)) return error(ErrorCode::kNullValueNotAllowed, "null value not allowed for object key");
  if (out->size() > 1) out->append(", ");
  append_json_string(keys.string(key), out);
  out->append(" : ");
  if (values.is_null(value)) {
    out->append("null");
  } else {
    append_json_string(values.string(value), out);
  }
  return absl::OkStatus();
}

/// json_object(text[]): keys and values in turn, or in two columns.
absl::StatusOr<std::string> object_of_pairs(std::string_view bytes) {
  const ArrayView pairs(bytes);
  if (pairs.dimensions() > 2) return error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts");
  if (pairs.dimensions() == 1 && pairs.size() % 2 != 0) {
    return error(ErrorCode::kArraySubscriptError, "array must have even number of elements");
  }
  if (pairs.dimensions() == 2 && pairs.length(1) != 2) {
    return error(ErrorCode::kArraySubscriptError, "array must have two columns");
  }
  std::string json = "{";
  for (uint32_t i = 0; i < pairs.size(); i += 2) TROUPE_RETURN_IF_ERROR(append_pair(pairs, i, pairs, i + 1, &json));
  return json + "}";
}

absl::StatusOr<std::string> object_of_two(std::string_view key_bytes, std::string_view value_bytes) {
  const ArrayView keys(key_bytes), values(value_bytes);
  if (keys.dimensions() > 1 || keys.dimensions() != values.dimensions()) {
    return error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts");
  }
  if (keys.size() != values.size()) return error(ErrorCode::kArraySubscriptError, "mismatched array dimensions");
  std::string json = "{";
  for (uint32_t i = 0; i < keys.size(); ++i) TROUPE_RETURN_IF_ERROR(append_pair(keys, i, values, i, &json));
  return json + "}";
}

absl::StatusOr<std::string> canonical(absl::StatusOr<std::string> json) {
  return json.ok() ? normalize_json(*json) : json;
}

template <bool Binary>
void register_builders(Registrar& to, const std::string& json, Oid result) {
  const auto add = [&](std::string name, std::vector<Oid> arguments, Kernel kernel, bool strict) {
    const bool variadic = !arguments.empty() && arguments[0] == oid::kAny;
    to.raw({.name = std::move(name), .arguments = std::move(arguments), .result = result, .kernel = kernel,
            .strict = strict, .variadic = variadic, .volatility = Volatility::kStable});
  };
  add(json + "_build_object", {oid::kAny}, build_object<Binary>, false);
  add(json + "_build_object", {}, build_object<Binary>, false);
  add(json + "_build_array", {oid::kAny}, build_array<Binary>, false);
  add(json + "_build_array", {}, build_array<Binary>, false);
  add("to_" + json, {oid::kAnyElement}, to_json<Binary>, true);
}

}  // namespace

void register_json(Registrar& to) {
  register_builders<false>(to, "json", oid::kJson);
  register_builders<true>(to, "jsonb", oid::kJsonb);
  for (const auto& [name, argument] : {std::pair("row_to_json", oid::kRecord), std::pair("array_to_json", oid::kAnyArray)}) {
    to.raw({.name = name, .arguments = {argument}, .result = oid::kJson, .kernel = to_json<false>,
            .volatility = Volatility::kStable});
    to.raw({.name = name, .arguments = {argument, oid::kBool}, .result = oid::kJson, .kernel = to_json_lines,
            .volatility = Volatility::kStable});
  }
  using View = std::string_view;
  constexpr Oid kArray = oid::kTextArray;
  to.function<[](View a) { return object_of_pairs(a); }>("json_object", {kArray}, oid::kJson);
  to.function<[](View k, View v) { return object_of_two(k, v); }>("json_object", {kArray, kArray}, oid::kJson);
  to.function<[](View a) { return canonical(object_of_pairs(a)); }>("jsonb_object", {kArray}, oid::kJsonb);
  to.function<[](View k, View v) { return canonical(object_of_two(k, v)); }>("jsonb_object", {kArray, kArray}, oid::kJsonb);
}

}  // namespace troupe
