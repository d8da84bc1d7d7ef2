#include "runtime/types/record.hpp"

#include "runtime/types/long_value.hpp"

#include <algorithm>

#include "runtime/types/json_populate.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_item.hpp"

namespace troupe {
namespace {

/// What a field's text has to be quoted for.
constexpr std::string_view kSpecial = "\"\\(),";

RecordField missing_field(Type type) {
  RecordField field;
  field.type = type.oid;
  field.kind = physical_of(type);
  field.is_null = true;
  return field;
}

}  // namespace

std::vector<RecordField> live_fields(std::string_view record) {
  std::vector<RecordField> fields = record_fields(record);
  const UserType* type = find_user_type(record_type(record));
  if (type == nullptr) return fields;
  std::vector<RecordField> live;
  for (size_t i = 0; i < type->attributes.size(); ++i) {
    const Attribute& attribute = type->attributes[i];
    if (attribute.dropped) continue;
    live.push_back(i < fields.size() ? fields[i] : missing_field(attribute.type));
    live.back().name = attribute.name;
  }
  return live;
}

std::string pack_composite(const UserType& type, std::span<const Value> values) {
  std::string record = new_record(type.oid);
  size_t next = 0;
  for (const Attribute& attribute : type.attributes) {
    const Physical kind = physical_of(attribute.type);
    append_record_field(attribute.type.oid, kind, {}, attribute.dropped ? Value::null(kind) : values[next++], &record);
  }
  return record;
}

absl::StatusOr<std::string> parse_record(const UserType& type, std::string_view text, const EvalContext& context) {
  const auto malformed = [&](std::string_view detail) {
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "malformed record literal: \"", text, "\""),
                       std::string(detail));
  };
  std::string_view rest = text_scan::trim_left(text);
  if (rest.empty() || rest.front() != '(') return malformed("Missing left parenthesis.");
  rest.remove_prefix(1);
  std::vector<Value> values;
  for (const Attribute& attribute : type.attributes) {
    if (attribute.dropped) continue;
    if (!values.empty()) {
      if (rest.empty() || rest.front() != ',') return malformed("Too few columns.");
      rest.remove_prefix(1);
    }
    if (!rest.empty() && (rest.front() == ',' || rest.front() == ')')) {
      values.push_back(Value::null(physical_of(attribute.type)));
      continue;
    }
    std::string item;
    if (!text_scan::take_item(&rest, ",)", &item)) return malformed("Unexpected end of input.");
    TROUPE_ASSIGN_OR_RETURN(Value value, parse_text(attribute.type, item, context));
    values.push_back(std::move(value));
  }
  if (rest.empty() || rest.front() != ')') return malformed("Too many columns.");
  if (!text_scan::trim_left(rest.substr(1)).empty()) return malformed("Junk after right parenthesis.");
  return pack_composite(type, values);
}

void format_record(std::string_view record, const EvalContext& context, std::string* out) {
  char before = '(';
  for (const RecordField& field : live_fields(record)) {
    out->push_back(before);
    before = ',';
    if (field.is_null) continue;
    const std::string text = to_text(Type{field.type}, field.value(), context);
    // Quotes double with each level. Who asked for what is too long for a value, or is to end, learns that behind a
    // long text.
    const bool stops =
        text.size() > kValueBytesMax || (text.size() >= kWorkPieceBytes && !context.check_interrupt().ok());
    if (stops) return static_cast<void>(out->append(text));
    text_scan::append_item(text, kSpecial, out);
  }
  if (before == '(') out->push_back('(');
  out->push_back(')');
}

absl::Status check_comparable(std::string_view a, std::string_view b) {
  const std::vector<RecordField> x = live_fields(a), y = live_fields(b);
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (x[i].type == y[i].type) continue;
    return error(ErrorCode::kDatatypeMismatch, "cannot compare dissimilar column types ", format_type(x[i].type),
                 " and ", format_type(y[i].type), " at record column ", i + 1);
  }
  if (x.size() == y.size()) return absl::OkStatus();
  return error(ErrorCode::kDatatypeMismatch, "cannot compare record types with different numbers of columns");
}

bool record_is_null(std::string_view record, bool negated) {
  const std::vector<RecordField> fields = live_fields(record);
  return std::all_of(fields.begin(), fields.end(), [&](const RecordField& f) { return f.is_null != negated; });
}

namespace {

template <Comparison C>
absl::Status compare_rows(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    TROUPE_RETURN_IF_ERROR(check_comparable(args[0].string(row), args[1].string(row)));
    const int order = compare_records(args[0].string(row), args[1].string(row));
    const bool holds = C == Comparison::kEqual          ? order == 0
                       : C == Comparison::kNotEqual     ? order != 0
                       : C == Comparison::kLess         ? order < 0
                       : C == Comparison::kLessEqual    ? order <= 0
                       : C == Comparison::kGreater      ? order > 0
                                                        : order >= 0;
    out.set(row, holds);
  }
  return absl::OkStatus();
}

/// record_field(record, place from 0): of the type that the call says.
absl::Status record_field(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const std::vector<RecordField> fields = record_fields(args[0].string(row));
    const auto place = static_cast<size_t>(args[1].get<int32_t>(row));
    if (place >= fields.size() || fields[place].is_null || fields[place].kind != physical_of(call.result)) {
      out.set_null(row);
    } else {
      out.set_value(row, fields[place].value());
    }
  }
  return absl::OkStatus();
}

/// record_with_field(record, place from 0, value): of the composite type that the call says. A null record has no
/// fields yet.
absl::Status record_with_field(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&,
                               Vector& out) {
  const UserType* type = find_user_type(call.result.oid);
  TROUPE_CHECK(type != nullptr);
  const std::string nothing = new_record(type->oid);
  for (uint32_t row = 0; row < rows; ++row) {
    const std::string_view old = args[0].is_null(row) ? std::string_view(nothing) : args[0].string(row);
    const std::vector<RecordField> before = record_fields(old);
    const auto place = static_cast<size_t>(args[1].get<int32_t>(row));
    std::string record = nothing;
    for (size_t i = 0; i < type->attributes.size(); ++i) {
      const Type field = type->attributes[i].type;
      Value value = Value::null(physical_of(field));
      if (i != place && i < before.size()) value = before[i].value();
      if (i == place && !args[2].is_null(row)) value = args[2].value(row);
      append_record_field(field.oid, physical_of(field), {}, value, &record);
    }
    out.set_string(row, record);
  }
  return absl::OkStatus();
}

}  // namespace

void register_records(Registrar& to) {
  // Each comparison may fail: none of them tells the planner what it asks.
  const auto add = [&](const char* symbol, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {oid::kRecord, oid::kRecord}, .result = oid::kBool, .kernel = kernel,
            .is_operator = true});
  };
  add("=", compare_rows<Comparison::kEqual>);
  add("<>", compare_rows<Comparison::kNotEqual>);
  add("<", compare_rows<Comparison::kLess>);
  add("<=", compare_rows<Comparison::kLessEqual>);
  add(">", compare_rows<Comparison::kGreater>);
  add(">=", compare_rows<Comparison::kGreaterEqual>);
  register_json_populate(to);
  to.raw({.name = "record_field", .arguments = {oid::kRecord, oid::kInt4}, .result = oid::kRecord,
          .kernel = record_field});
  to.raw({.name = "record_with_field", .arguments = {oid::kRecord, oid::kInt4, oid::kAny}, .result = oid::kRecord,
          .kernel = record_with_field, .strict = false});
}

}  // namespace troupe
