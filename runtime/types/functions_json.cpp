#include <cstdio>

#include "runtime/types/kernel.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/record_format.hpp"

/// json made from values: json_build_object, json_build_array, to_json.
namespace troupe {
namespace {

void append_string(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\b': out->append("\\b"); break;
      case '\f': out->append("\\f"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\t': out->append("\\t"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[8];
          std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
          out->append(escaped);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

bool is_number(Oid type) {
  return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8 || type == oid::kFloat4 ||
         type == oid::kFloat8 || type == oid::kNumeric;
}

/// ISO 8601, as JSON's readers expect it: a T between date and time, minutes in the zone's offset.
std::string iso_time(Oid type, std::string text) {
  if (const size_t space = text.find(' '); space != std::string::npos) text[space] = 'T';
  const size_t sign = text.find_last_of("+-");
  if (type == oid::kTimestamptz && sign != std::string::npos && text.find(':', sign) == std::string::npos) text += ":00";
  return text;
}

void append_array(std::string_view bytes, Type type, EvalContext& context, std::string* out);
void append_record(std::string_view bytes, EvalContext& context, std::string* out);

void append_value(const Value& value, Type type, EvalContext& context, std::string* out) {
  if (value.is_null()) {
    out->append("null");
    return;
  }
  if (type.oid == oid::kBool) {
    out->append(value.get<bool>() ? "true" : "false");
    return;
  }
  if (is_array_type(type.oid)) return append_array(value.bytes(), type, context, out);
  if (type.oid == oid::kRecord) return append_record(value.bytes(), context, out);
  if (type.oid == oid::kDate || type.oid == oid::kTimestamp || type.oid == oid::kTimestamptz) {
    SessionSettings iso = context.session();
    iso.date_output = DateOutput::kIso;
    EvalContext plain = context;
    plain.settings = &iso;
    return append_string(iso_time(type.oid, to_text(type, value, plain)), out);
  }
  const std::string text = to_text(type, value, context);
  const bool finite = text != "NaN" && text != "Infinity" && text != "-Infinity";
  if (type.oid == oid::kJson || type.oid == oid::kJsonb || (is_number(type.oid) && finite)) {
    out->append(text);
  } else {
    append_string(text, out);
  }
}

/// One dimension after the other; `at` is the next element.
void append_dimension(const ArrayView& array, int dimension, Type element, EvalContext& context, uint32_t* at,
                      std::string* out) {
  out->push_back('[');
  for (int32_t i = 0; i < array.length(dimension); ++i) {
    if (i > 0) out->push_back(',');
    if (dimension + 1 < array.dimensions()) {
      append_dimension(array, dimension + 1, element, context, at, out);
      continue;
    }
    const uint32_t place = (*at)++;
    append_value(array.is_null(place) ? Value() : array.value(place), element, context, out);
  }
  out->push_back(']');
}

void append_array(std::string_view bytes, Type type, EvalContext& context, std::string* out) {
  const ArrayView array(bytes);
  if (array.dimensions() == 0) {
    out->append("[]");
    return;
  }
  uint32_t at = 0;
  append_dimension(array, 0, Type{element_type_of(type.oid)}, context, &at, out);
}

void append_record(std::string_view bytes, EvalContext& context, std::string* out) {
  size_t number = 0;
  for (const RecordField& field : record_fields(bytes)) {
    out->push_back(number++ == 0 ? '{' : ',');
    append_string(field.name.empty() ? cat("f", number) : std::string(field.name), out);
    out->push_back(':');
    append_value(field.value(), Type{field.type}, context, out);
  }
  out->append(number == 0 ? "{}" : "}");
}

Value value_of(const Vector& arg, uint32_t row) { return arg.is_null(row) ? Value() : arg.value(row); }

absl::Status build_object(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                          Vector& out) {
  const std::string_view hint = "The arguments of json_build_object() must consist of alternating keys and values.";
  if (args.size() % 2 != 0) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "argument list must have even number of elements"),
                     std::string(hint));
  }
  for (uint32_t row = 0; row < rows; ++row) {
    std::string json = "{";
    for (size_t i = 0; i < args.size(); i += 2) {
      if (args[i].is_null(row)) {
        return with_hint(error(ErrorCode::kInvalidParameterValue, "argument ", i + 1, " cannot be null"),
                         "Object keys should be text.");
      }
      if (i > 0) json += ", ";
      append_string(to_text(call.arguments[i], args[i].value(row), context), &json);
      json += " : ";
      append_value(value_of(args[i + 1], row), call.arguments[i + 1], context, &json);
    }
    out.set_string(row, json + "}");
  }
  return absl::OkStatus();
}

absl::Status build_array(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                         Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    std::string json = "[";
    for (size_t i = 0; i < args.size(); ++i) {
      if (i > 0) json += ", ";
      append_value(value_of(args[i], row), call.arguments[i], context, &json);
    }
    out.set_string(row, json + "]");
  }
  return absl::OkStatus();
}

absl::Status to_json(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                     Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    std::string json;
    append_value(args[0].value(row), call.arguments[0], context, &json);
    out.set_string(row, json);
  }
  return absl::OkStatus();
}

}  // namespace

void register_json(Registrar& to) {
  to.raw({.name = "json_build_object", .arguments = {oid::kAny}, .result = oid::kJson, .kernel = build_object,
          .strict = false, .variadic = true, .volatility = Volatility::kStable});
  to.raw({.name = "json_build_array", .arguments = {oid::kAny}, .result = oid::kJson, .kernel = build_array,
          .strict = false, .variadic = true, .volatility = Volatility::kStable});
  to.raw({.name = "to_json", .arguments = {oid::kAnyElement}, .result = oid::kJson, .kernel = to_json,
          .volatility = Volatility::kStable});
  to.raw({.name = "row_to_json", .arguments = {oid::kRecord}, .result = oid::kJson, .kernel = to_json,
          .volatility = Volatility::kStable});
}

}  // namespace troupe
