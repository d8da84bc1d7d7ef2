#include "runtime/types/json_populate.hpp"

#include "runtime/types/kernel.hpp"
#include "runtime/types/long_value.hpp"
#include "runtime/types/record.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

/// An array's literal, from JSON arrays in each other. Errors: 22P02.
class ArrayText {
 public:
  ArrayText(Type element, std::string_view key, EvalContext& context)
      : element_{element}, key_{key}, context_{context} {}

  absl::StatusOr<std::string> of(std::string_view json) {
    std::string out;
    TROUPE_RETURN_IF_ERROR(append(json, 0, &out));
    return out;
  }

 private:
  static constexpr size_t kUnknown = SIZE_MAX;

  absl::Status append(std::string_view json, size_t depth, std::string* out) {
    if (json_kind(json) != JsonKind::kArray) return no_array(depth);
    if (places_.size() <= depth) {
      places_.push_back(0);
      sizes_.push_back(kUnknown);
    }
    places_[depth] = 0;
    out->push_back('{');
    for (JsonItems items(json); items.next(); ++places_[depth]) {
      const std::string_view item = trim_json(items.value());
      if (places_[depth] > 0) out->push_back(',');
      if (dimensions_ == kUnknown && json_kind(item) != JsonKind::kArray) dimensions_ = depth + 1;
      const bool deeper = dimensions_ == kUnknown || depth + 1 < dimensions_;
      TROUPE_RETURN_IF_ERROR(deeper ? append(item, depth + 1, out) : append_element(item, out));
    }
    if (dimensions_ == kUnknown) dimensions_ = depth + 1;
    out->push_back('}');
    if (sizes_[depth] == kUnknown) sizes_[depth] = places_[depth];
    if (sizes_[depth] == places_[depth]) return absl::OkStatus();
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "malformed JSON array"),
                       "Multidimensional arrays must have sub-arrays with matching dimensions.");
  }

  absl::Status no_array(size_t depth) const {
    std::string place;
    for (size_t i = 0; i < depth; ++i) place += cat("[", places_[i], "]");
    absl::Status status = error(ErrorCode::kInvalidTextRepresentation, "expected JSON array");
    if (depth == 0) return key_.empty() ? status : with_hint(status, cat("See the value of key \"", key_, "\"."));
    return with_hint(status,
                     cat("See the array element ", place, key_.empty() ? "" : cat(" of key \"", key_, "\""), "."));
  }

  absl::Status append_element(std::string_view json, std::string* out) {
    if (json_kind(json) == JsonKind::kNull) {
      *out += "NULL";
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(const Value value,
                            populate_value(element_, json, Value::null(physical_of(element_)), key_, context_));
    out->push_back('"');
    for (const char c : to_text(element_, value, context_)) {
      if (c == '"' || c == '\\') out->push_back('\\');
      out->push_back(c);
    }
    out->push_back('"');
    return absl::OkStatus();
  }

  Type element_;
  std::string_view key_;
  EvalContext& context_;
  size_t dimensions_ = kUnknown;
  std::vector<size_t> places_, sizes_;  ///< by depth
};

absl::Status no_object(std::string_view what) {
  return error(ErrorCode::kInvalidParameterValue, "cannot call populate_composite on ", what);
}

/// One field of what is filled, with what it has been so far.
struct Field {
  std::string name;
  Type type;
  bool dropped = false;
  Value before;
};

std::vector<Field> fields_of(Oid type, const Value& before) {
  const std::vector<RecordField> known = before.is_null() ? std::vector<RecordField>{} : record_fields(before.bytes());
  std::vector<Field> fields;
  if (const UserType* composite = find_user_type(type)) {
    for (size_t i = 0; i < composite->attributes.size(); ++i) {
      const Attribute& attribute = composite->attributes[i];
      const bool has = i < known.size() && !known[i].is_null;
      fields.push_back({attribute.name, attribute.type, attribute.dropped,
                        has ? known[i].value() : Value::null(physical_of(attribute.type))});
    }
    return fields;
  }
  for (const RecordField& field : known) {
    const std::string name = field.name.empty() ? cat("f", fields.size() + 1) : std::string(field.name);
    fields.push_back({name, Type{field.type}, false, field.value()});
  }
  return fields;
}

/// json_populate_record(base, json): the base as it is when there is no json.
absl::Status populate_rows(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                           Vector& out) {
  const std::string& name = call.function->name;
  if (!is_record_type(call.result.oid)) {
    return error(ErrorCode::kDatatypeMismatch, "first argument of ", name, " must be a row type");
  }
  for (uint32_t row = 0; row < rows; ++row) {
    const bool known = call.result.oid != oid::kRecord || !args[0].is_null(row);
    if (!known) {
      return with_hint(error(ErrorCode::kFeatureNotSupported, "could not determine row type for result of ", name),
                       "Provide a non-null record argument, or call the function in the FROM clause using a column "
                       "definition list.");
    }
    if (args[1].is_null(row)) {
      args[0].is_null(row) ? out.set_null(row) : out.set_string(row, args[0].string(row));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const std::string record,
                            populate_record(call.result.oid, args[1].string(row), args[0].value(row), context));
    out.set_string(row, record);
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view find_json_member(std::string_view object, std::string_view name) {
  std::string_view found;
  for (JsonItems items(object); items.next();) {
    if (json_string_is(items.key(), name)) found = trim_json(items.value());
  }
  return found;
}

absl::StatusOr<std::string> populate_record(Oid type, std::string_view json, const Value& before,
                                            EvalContext& context) {
  const std::string_view object = trim_json(json);
  const JsonKind kind = json_kind(object);
  if (kind != JsonKind::kObject) return no_object(kind == JsonKind::kArray ? "an array" : "a scalar");
  const bool named = find_user_type(type) == nullptr;
  std::string record = new_record(type);
  for (const Field& field : fields_of(type, before)) {
    const std::string_view member = field.dropped ? std::string_view() : find_json_member(object, field.name);
    Value value = field.before;
    if (!member.empty()) {
      TROUPE_ASSIGN_OR_RETURN(value, populate_value(field.type, member, field.before, field.name, context));
    }
    append_record_field(field.type.oid, physical_of(field.type), named ? std::string_view(field.name) : "", value,
                        &record);
  }
  return record;
}

absl::StatusOr<Value> populate_value(Type type, std::string_view json, const Value& before, std::string_view key,
                                     EvalContext& context) {
  const JsonKind kind = json_kind(json);
  if (kind == JsonKind::kNull) return Value::null(physical_of(type));
  if (type.oid == oid::kJson || type.oid == oid::kJsonb) return parse_text(type, json, context);
  if (kind == JsonKind::kString) {
    TROUPE_ASSIGN_OR_RETURN(const std::string text, json_text_of(json));
    return parse_text(type, text, context);
  }
  if (is_array_type(type.oid)) {
    const Type element{element_type_of(type.oid), type.typmod};
    TROUPE_ASSIGN_OR_RETURN(const std::string text, ArrayText(element, key, context).of(json));
    return parse_text(type, text, context);
  }
  if (is_composite_type(type.oid)) {
    TROUPE_ASSIGN_OR_RETURN(std::string record, populate_record(type.oid, json, before, context));
    return Value::text(std::move(record));
  }
  return parse_text(type, json, context);
}

void register_json_populate(Registrar& to) {
  const auto add = [&](const char* name, std::vector<Oid> arguments) {
    to.raw({.name = name,
            .arguments = std::move(arguments),
            .result = oid::kAnyElement,
            .kernel = populate_rows,
            .strict = false,
            .volatility = Volatility::kStable});
  };
  add("json_populate_record", {oid::kAnyElement, oid::kJson});
  add("json_populate_record", {oid::kAnyElement, oid::kJson, oid::kBool});
  add("jsonb_populate_record", {oid::kAnyElement, oid::kJsonb});
}

}  // namespace troupe
