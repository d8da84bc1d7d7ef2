/// json_to_record and json_to_recordset, whose columns the statement says.
#include "runtime/plan/table_function.hpp"
#include "runtime/types/json_populate.hpp"
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
  static absl::StatusOr<Value> member(std::string_view object, const Field& field, EvalContext& context) {
    const std::string_view found = object.empty() ? std::string_view() : find_json_member(object, field.name);
    const Value none = Value::null(physical_of(field.type));
    return found.empty() ? absl::StatusOr<Value>(none) : populate_value(field.type, found, none, field.name, context);
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

/// The objects of an array, none of null. Errors: 22023.
absl::StatusOr<std::vector<std::string>> objects_of(const Value& set, std::string_view name, bool binary) {
  std::vector<std::string> objects;
  if (set.is_null()) return objects;
  const std::string_view json = trim_json(set.bytes());
  const JsonKind kind = json_kind(json);
  if (kind != JsonKind::kArray) {
    const std::string_view what = binary ? "a non-array" : kind == JsonKind::kObject ? "an object" : "a scalar";
    return refuse(cat("cannot call ", name, " on ", what));
  }
  for (JsonItems items(json); items.next();) {
    if (json_kind(items.value()) != JsonKind::kObject) {
      return refuse(cat("argument of ", name, " must be an array of objects"));
    }
    objects.emplace_back(items.value());
  }
  return objects;
}

template <bool Binary>
Open open_record_set(std::span<const Type> types, std::span<const Value> args, EvalContext&) {
  const std::string_view name = Binary ? "jsonb_to_recordset" : "json_to_recordset";
  TROUPE_ASSIGN_OR_RETURN(std::vector<std::string> objects, objects_of(args[0], name, Binary));
  return std::make_unique<RecordCursor>(std::move(objects), fields_of(types, args));
}

/// json_populate_recordset: each object as a value of the base's type.
class PopulateCursor final : public TableFunctionCursor {
 public:
  PopulateCursor(std::vector<std::string> objects, Oid type, Value base)
      : objects_{std::move(objects)}, type_{type}, base_{std::move(base)} {}

  absl::Status next(uint32_t rows_max, EvalContext& context, Batch& out) override {
    out.columns.clear();
    out.columns.emplace_back().reset_empty(Physical::kVarlen);
    for (out.rows = 0; out.rows < rows_max && at_ < objects_.size(); ++out.rows, ++at_) {
      TROUPE_ASSIGN_OR_RETURN(std::string record, populate_record(type_, objects_[at_], base_, context));
      out.columns[0].append_string(record);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::string> objects_;
  Oid type_;
  Value base_;
  size_t at_ = 0;
};

template <bool Binary>
Open open_populate(std::span<const Type> types, std::span<const Value> args, EvalContext&) {
  const std::string_view name = Binary ? "jsonb_populate_recordset" : "json_populate_recordset";
  if (!is_record_type(types[0].oid)) {
    return error(ErrorCode::kDatatypeMismatch, "first argument of ", name, " must be a row type");
  }
  if (types[0].oid == oid::kRecord && args[0].is_null()) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "could not determine row type for result of ", name),
                     "Provide a non-null record argument, or call the function in the FROM clause using a column "
                     "definition list.");
  }
  TROUPE_ASSIGN_OR_RETURN(std::vector<std::string> objects, objects_of(args[1], name, Binary));
  return std::make_unique<PopulateCursor>(std::move(objects), types[0].oid, args[0]);
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

std::vector<TableFunction> json_populate_functions() {
  std::vector<TableFunction> all;
  const auto add = [&](std::string name, std::vector<Oid> arguments, decltype(TableFunction::open) open) {
    TableFunction& function = all.emplace_back();
    function.name = std::move(name);
    function.arguments = std::move(arguments);
    function.columns = {oid::kAnyElement};
    function.strict = false;
    function.rows = 100;
    function.open = open;
  };
  add("json_populate_recordset", {oid::kAnyElement, oid::kJson}, &open_populate<false>);
  add("json_populate_recordset", {oid::kAnyElement, oid::kJson, oid::kBool}, &open_populate<false>);
  add("jsonb_populate_recordset", {oid::kAnyElement, oid::kJsonb}, &open_populate<true>);
  return all;
}

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
