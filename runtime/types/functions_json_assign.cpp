#include <charconv>

#include "runtime/types/kernel.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"

/// UPDATE t SET j['a'][0] = ..., and jsonb_set_lax.
namespace troupe {
namespace {

using MadeJson = absl::StatusOr<std::string>;

std::optional<int64_t> whole_number(std::string_view text) {
  int32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Puts a value where the path says; what is missing on the way is made.
class Assigner {
 public:
  Assigner(std::string_view path, std::string_view value) : path_{path}, value_{value} {}

  MadeJson into(std::string_view json) const { return is_json_container(json_kind(json)) ? at(json, 0) : scalar(json); }
  /// Into no value at all: the first subscript says whether it becomes an array.
  std::string anew() const { return made(0); }

 private:
  MadeJson scalar(std::string_view) const {
    return with_detail(error(ErrorCode::kInvalidParameterValue, "cannot replace existing key"),
                       "The path assumes key is a composite object, but it is a scalar value.");
  }
  bool is_last(uint32_t level) const { return level + 1 == path_.size(); }

  /// What the path from `level` on makes of nothing.
  std::string made(uint32_t level) const {
    if (level == path_.size()) return std::string(value_);
    std::string out;
    const auto index = whole_number(path_.string(level));
    if (!index) {
      out = "{";
      append_json_string(path_.string(level), &out);
      return out + ": " + made(level + 1) + "}";
    }
    out = "[";
    for (int64_t i = 0; i < *index; ++i) out += "null, ";
    return out + made(level + 1) + "]";
  }
  MadeJson below(std::string_view item, uint32_t level) const {
    if (is_last(level)) return std::string(value_);
    if (is_json_container(json_kind(item))) return at(item, level + 1);
    return scalar(item);
  }
  MadeJson at(std::string_view json, uint32_t level) const {
    if (path_.is_null(level)) {
      return error(ErrorCode::kNullValueNotAllowed, "path element at position ", level + 1, " is null");
    }
    return json_kind(json) == JsonKind::kObject ? in_object(json, level) : in_array(json, level);
  }
  MadeJson in_object(std::string_view json, uint32_t level) const {
    std::string out = "{";
    bool found = false;
    const auto add = [&out](std::string_view key, std::string_view value) {
      out.append(out.size() > 1 ? ", " : "").append(key).append(": ").append(value);
    };
    for (JsonItems items(json); items.next();) {
      if (found || !json_string_is(items.key(), path_.string(level))) {
        add(items.key(), items.value());
        continue;
      }
      found = true;
      TROUPE_ASSIGN_OR_RETURN(const std::string value, below(items.value(), level));
      add(items.key(), value);
    }
    if (!found) {
      std::string key;
      append_json_string(path_.string(level), &key);
      add(key, made(level + 1));
    }
    return out + "}";
  }
  MadeJson in_array(std::string_view json, uint32_t level) const {
    const std::string_view written = path_.string(level);
    const auto index = whole_number(written);
    if (!index) {
      return error(ErrorCode::kInvalidTextRepresentation, "path element at position ", level + 1,
                   " is not an integer: \"", written, "\"");
    }
    const int64_t size = json_item_count(json);
    const int64_t wanted = *index < 0 ? size + *index : *index;
    if (wanted < 0) {
      return error(ErrorCode::kInvalidParameterValue, "path element at position ", level + 1,
                   " is out of range: ", *index);
    }
    std::string out = "[";
    int64_t i = 0;
    const auto add = [&](std::string_view value) { out.append(i++ > 0 ? ", " : "").append(value); };
    for (JsonItems items(json); items.next();) {
      if (i != wanted) {
        add(items.value());
        continue;
      }
      TROUPE_ASSIGN_OR_RETURN(const std::string value, below(items.value(), level));
      add(value);
    }
    if (wanted >= size) {
      while (i < wanted) add("null");
      add(made(level + 1));
    }
    return out + "]";
  }

  ArrayView path_;
  std::string_view value_;
};

absl::Status assign(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    const ArrayView path(args[1].string(row));
    for (uint32_t i = 0; i < path.size(); ++i) {
      if (path.is_null(i))
        return error(ErrorCode::kNullValueNotAllowed, "jsonb subscript in assignment must not be null");
    }
    const std::string_view value = args[2].is_null(row) ? std::string_view("null") : args[2].string(row);
    const Assigner assigner(args[1].string(row), value);
    MadeJson made = args[0].is_null(row) ? MadeJson(assigner.anew()) : assigner.into(args[0].string(row));
    if (made.ok()) made = normalize_json(*made);
    if (!made.ok()) return made.status();
    out.set_string(row, *made);
  }
  return absl::OkStatus();
}

/// One of jsonb's functions, called as SQL calls it.
MadeJson call_jsonb(std::string_view name, std::vector<Value> values, std::vector<Type> types, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const BoundFunction function, resolve_function(name, types));
  std::vector<Vector> args;
  for (const Value& value : values) args.push_back(Vector::constant(value, 1));
  Vector out;
  TROUPE_RETURN_IF_ERROR(call_function(function, args, 1, context, out));
  return std::string(out.string(0));
}

absl::Status treat_null(std::string_view treatment) {
  if (treatment == "raise_exception") {
    return with_hint(
        with_detail(error(ErrorCode::kNullValueNotAllowed, "JSON value must not be null"),
                    "Exception was raised because null_value_treatment is \"raise_exception\"."),
        "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.");
  }
  if (treatment == "use_json_null" || treatment == "delete_key" || treatment == "return_target") {
    return absl::OkStatus();
  }
  return error(ErrorCode::kInvalidParameterValue,
               "null_value_treatment must be \"delete_key\", \"return_target\", "
               "\"use_json_null\", or \"raise_exception\"");
}

absl::Status set_lax(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                     Vector& out) {
  const Type jsonb{oid::kJsonb}, path_type{oid::kTextArray};
  for (uint32_t row = 0; row < rows; ++row) {
    const bool create = args.size() < 4 || (!args[3].is_null(row) && args[3].get<bool>(row));
    if (args[0].is_null(row) || args[1].is_null(row) || (args.size() > 3 && args[3].is_null(row))) {
      out.set_null(row);
      continue;
    }
    const Value json = args[0].value(row), path = args[1].value(row);
    if (args.size() > 4 && args[4].is_null(row)) TROUPE_RETURN_IF_ERROR(treat_null(""));
    const std::string treatment(args.size() > 4 ? args[4].string(row) : std::string_view("use_json_null"));
    TROUPE_RETURN_IF_ERROR(args[2].is_null(row)             ? treat_null(treatment)
                           : treatment == "raise_exception" ? absl::OkStatus()
                                                            : treat_null(treatment));
    MadeJson made;
    if (args[2].is_null(row) && treatment == "return_target") {
      made = json.string();
    } else if (args[2].is_null(row) && treatment == "delete_key") {
      made = call_jsonb("jsonb_delete_path", {json, path}, {jsonb, path_type}, context);
    } else {
      const Value value = args[2].is_null(row) ? Value::text("null") : args[2].value(row);
      made = call_jsonb("jsonb_set", {json, path, value, Value::of(create)},
                        {jsonb, path_type, jsonb, Type{oid::kBool}}, context);
    }
    if (!made.ok()) return made.status();
    out.set_string(row, *made);
  }
  return absl::OkStatus();
}

}  // namespace

void register_json_assign(Registrar& to) {
  constexpr Oid kB = oid::kJsonb, kPath = oid::kTextArray;
  to.raw({.name = "[]=", .arguments = {kB, kPath, kB}, .result = kB, .kernel = assign, .strict = false});
  to.raw({.name = "jsonb_set_lax", .arguments = {kB, kPath, kB}, .result = kB, .kernel = set_lax, .strict = false});
  to.raw({.name = "jsonb_set_lax",
          .arguments = {kB, kPath, kB, oid::kBool},
          .result = kB,
          .kernel = set_lax,
          .strict = false});
  to.raw({.name = "jsonb_set_lax",
          .arguments = {kB, kPath, kB, oid::kBool, oid::kText},
          .result = kB,
          .kernel = set_lax,
          .strict = false});
}

}  // namespace troupe
