/// json_to_record and json_to_recordset, whose columns the statement says.
#include "runtime/plan/table_function.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

using Open = absl::StatusOr<std::unique_ptr<TableFunctionCursor>>;

absl::Status refuse(std::string_view message) { return error(ErrorCode::kInvalidParameterValue, message); }

/// One column of the record.
struct Field {
  std::string name;
  Type type;
};

/// The array's literal. Errors: 22P02.
class ArrayText {
 public:
  explicit ArrayText(std::string_view key) : key_{key} {}

  absl::StatusOr<std::string> of(std::string_view json) {
    std::string out;
    TROUPE_RETURN_IF_ERROR(append(json, &out));
    return out;
  }

 private:
  absl::Status append(std::string_view json, std::string* out) {
    if (json_kind(json) != JsonKind::kArray) {
      return with_hint(error(ErrorCode::kInvalidTextRepresentation, "expected JSON array"),
                       cat("See the value of key \"", key_, "\"."));
    }
    const uint32_t size = json_item_count(json);
    out->push_back('{');
    bool first = true, nested = false;
    uint32_t inner = 0;
    for (JsonItems items(json); items.next(); first = false) {
      if (!first) out->push_back(',');
      const bool array = json_kind(items.value()) == JsonKind::kArray;
      if (first) nested = array;
      if (array && first) inner = json_item_count(items.value());
      if (nested != array || (array && json_item_count(items.value()) != inner)) return mismatch();
      TROUPE_RETURN_IF_ERROR(array ? append(items.value(), out) : element(items.value(), out));
    }
    if (size == 0 && out->size() > 1) return mismatch();
    out->push_back('}');
    return absl::OkStatus();
  }
  static absl::Status mismatch() {
    return with_detail(error(ErrorCode::kInvalidTextRepresentation, "malformed JSON array"),
                       "Multidimensional arrays must have sub-arrays with matching dimensions.");
  }
  static absl::Status element(std::string_view json, std::string* out) {
    if (json_kind(json) == JsonKind::kNull) {
      *out += "NULL";
      return absl::OkStatus();
    }
    std::string text(json);
    if (json_kind(json) == JsonKind::kString) {
      TROUPE_ASSIGN_OR_RETURN(text, json_text_of(json));
    }
    out->push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') out->push_back('\\');
      out->push_back(c);
    }
    out->push_back('"');
    return absl::OkStatus();
  }

  std::string_view key_;
};

absl::StatusOr<Value> value_of(std::string_view json, const Field& field, EvalContext& context) {
  const JsonKind kind = json_kind(json);
  const bool wants_json = field.type.oid == oid::kJson || field.type.oid == oid::kJsonb;
  if (kind == JsonKind::kNull) return Value::null(physical_of(field.type));
  if (wants_json) return parse_text(field.type, json, context);
  if (element_type_of(field.type.oid) != oid::kInvalid && kind != JsonKind::kString) {
    TROUPE_ASSIGN_OR_RETURN(const std::string text, ArrayText(field.name).of(json));
    return parse_text(field.type, text, context);
  }
  if (kind != JsonKind::kString) return parse_text(field.type, json, context);
  TROUPE_ASSIGN_OR_RETURN(const std::string text, json_text_of(json));
  return parse_text(field.type, text, context);
}

class RecordCursor final : public TableFunctionCursor {
 public:
  RecordCursor(std::vector<std::string> objects, std::vector<Field> fields)
      : objects_{std::move(objects)}, fields_{std::move(fields)} {}

  absl::Status next(uint32_t rows_max, EvalContext& context, Batch& out) override {
    out.columns.clear();
    out.columns.resize(fields_.size());
    for (size_t i = 0; i < fields_.size(); ++i) out.columns[i].reset_empty(physical_of(fields_[i].type));
    for (out.rows = 0; out.rows < rows_max && at_ < objects_.size(); ++out.rows, ++at_) {
      for (size_t i = 0; i < fields_.size(); ++i) {
        TROUPE_ASSIGN_OR_RETURN(const Value value, member(objects_[at_], fields_[i], context));
        out.columns[i].append_value(value);
      }
    }
    return absl::OkStatus();
  }

 private:
  /// Of several members of one name the last.
  static absl::StatusOr<Value> member(std::string_view object, const Field& field, EvalContext& context) {
    std::string_view found = "null";
    if (!object.empty()) {
      for (JsonItems items(object); items.next();) {
        if (json_string_is(items.key(), field.name)) found = items.value();
      }
    }
    return value_of(trim_json(found), field, context);
  }

  std::vector<std::string> objects_;  ///< empty: null
  std::vector<Field> fields_;
  size_t at_ = 0;
};

/// Behind the json come the columns' names, then a null of each type.
std::vector<Field> fields_of(std::span<const Type> types, std::span<const Value> args) {
  std::vector<Field> fields;
  const ArrayView names(args[1].bytes());
  for (uint32_t i = 0; i < names.size(); ++i) fields.push_back({std::string(names.string(i)), types[2 + i]});
  return fields;
}

Open open_record(std::span<const Type> types, std::span<const Value> args, EvalContext&) {
  std::vector<std::string> objects{std::string()};
  if (!args[0].is_null()) {
    objects[0] = std::string(trim_json(args[0].bytes()));
    const JsonKind kind = json_kind(objects[0]);
    if (kind == JsonKind::kArray) return refuse("cannot call populate_composite on an array");
    if (kind != JsonKind::kObject) return refuse("cannot call populate_composite on a scalar");
  }
  return std::make_unique<RecordCursor>(std::move(objects), fields_of(types, args));
}

template <bool Binary>
Open open_record_set(std::span<const Type> types, std::span<const Value> args, EvalContext&) {
  const std::string name = Binary ? "jsonb_to_recordset" : "json_to_recordset";
  std::vector<std::string> objects;
  if (!args[0].is_null()) {
    const std::string_view json = trim_json(args[0].bytes());
    const JsonKind kind = json_kind(json);
    if (kind != JsonKind::kArray) {
      const std::string_view what = Binary ? "a non-array" : kind == JsonKind::kObject ? "an object" : "a scalar";
      return refuse(cat("cannot call ", name, " on ", what));
    }
    for (JsonItems items(json); items.next();) {
      if (json_kind(items.value()) != JsonKind::kObject) {
        return refuse(cat("argument of ", name, " must be an array of objects"));
      }
      objects.emplace_back(items.value());
    }
  }
  return std::make_unique<RecordCursor>(std::move(objects), fields_of(types, args));
}

TableFunction record_function(std::string name, Oid json, decltype(TableFunction::open) open, double rows) {
  TableFunction function;
  function.name = std::move(name);
  function.arguments = {json};
  function.strict = false;
  function.rows = rows;
  function.open = open;
  return function;
}

}  // namespace

const TableFunction* record_function(std::string_view name) {
  static const TableFunction functions[] = {
      record_function("json_to_record", oid::kJson, &open_record, 1),
      record_function("jsonb_to_record", oid::kJsonb, &open_record, 1),
      record_function("json_to_recordset", oid::kJson, &open_record_set<false>, 100),
      record_function("jsonb_to_recordset", oid::kJsonb, &open_record_set<true>, 100),
  };
  for (const TableFunction& function : functions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace troupe
