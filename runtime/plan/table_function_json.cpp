/// json_array_elements, json_each, json_object_keys, each for json and jsonb and as text; jsonb_path_query.
#include "runtime/plan/table_function.hpp"
#include "runtime/types/jsonpath_run.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

using Open = absl::StatusOr<std::unique_ptr<TableFunctionCursor>>;

struct ItemsWanted {
  bool keys = false;
  bool values = false;
  bool as_text = false;
};

/// The items of one container.
class ItemsCursor final : public TableFunctionCursor {
 public:
  ItemsCursor(std::string json, ItemsWanted wanted) : json_{std::move(json)}, items_{json_}, wanted_{wanted} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.clear();
    out.columns.resize((wanted_.keys ? 1 : 0) + (wanted_.values ? 1 : 0));
    for (Vector& column : out.columns) column.reset_empty(Physical::kVarlen);
    out.rows = 0;
    for (; out.rows < rows_max && items_.next(); ++out.rows) {
      if (wanted_.keys) {
        TROUPE_ASSIGN_OR_RETURN(const std::string key, json_text_of(items_.key()));
        out.columns.front().append_string(key);
      }
      if (wanted_.values) TROUPE_RETURN_IF_ERROR(append(items_.value(), &out.columns.back()));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status append(std::string_view value, Vector* column) const {
    const JsonKind kind = json_kind(value);
    if (!wanted_.as_text || (kind != JsonKind::kNull && kind != JsonKind::kString)) {
      column->append_string(value);
    } else if (kind == JsonKind::kNull) {
      column->append_null();
    } else {
      TROUPE_ASSIGN_OR_RETURN(const std::string text, json_text_of(value));
      column->append_string(text);
    }
    return absl::OkStatus();
  }

  std::string json_;
  JsonItems items_;
  ItemsWanted wanted_;
};

absl::Status refuse(std::string_view message) { return error(ErrorCode::kInvalidParameterValue, message); }

template <bool Binary, bool Text>
Open open_elements(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const JsonKind kind = json_kind(args[0].bytes());
  if (kind != JsonKind::kArray) {
    const bool object = kind == JsonKind::kObject;
    if (Binary) return refuse(object ? "cannot extract elements from an object" : "cannot extract elements from a scalar");
    return refuse(cat("cannot call json_array_elements", Text ? "_text" : "", " on a ", object ? "non-array" : "scalar"));
  }
  return std::make_unique<ItemsCursor>(args[0].string(), ItemsWanted{.values = true, .as_text = Text});
}

template <bool Binary, bool Text>
Open open_members(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const JsonKind kind = json_kind(args[0].bytes());
  if (kind != JsonKind::kObject) {
    if (Binary) return refuse(cat("cannot call jsonb_each", Text ? "_text" : "", " on a non-object"));
    return refuse(kind == JsonKind::kArray ? "cannot deconstruct an array as an object" : "cannot deconstruct a scalar");
  }
  return std::make_unique<ItemsCursor>(args[0].string(), ItemsWanted{.keys = true, .values = true, .as_text = Text});
}

template <bool Binary>
Open open_keys(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const JsonKind kind = json_kind(args[0].bytes());
  if (kind != JsonKind::kObject) {
    return refuse(cat("cannot call json", Binary ? "b" : "", "_object_keys on ",
                      kind == JsonKind::kArray ? "an array" : "a scalar"));
  }
  return std::make_unique<ItemsCursor>(args[0].string(), ItemsWanted{.keys = true});
}

/// What a path yields, found when the function is called.
class PathCursor final : public TableFunctionCursor {
 public:
  explicit PathCursor(std::vector<PathItem> items) : items_{std::move(items)} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.clear();
    out.columns.resize(1);
    out.columns[0].reset_empty(Physical::kVarlen);
    for (out.rows = 0; out.rows < rows_max && at_ < items_.size(); ++out.rows) {
      out.columns[0].append_string(json_of(items_[at_++]));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<PathItem> items_;
  size_t at_ = 0;
};

template <bool WithZone>
Open open_path(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  PathCall call{args[0].bytes(), args[1].bytes()};
  if (args.size() > 2) call.vars = args[2].bytes();
  if (args.size() > 3) call.silent = args[3].get<bool>();
  call.with_zone = WithZone;
  TROUPE_ASSIGN_OR_RETURN(auto found, run_jsonpath(call, context));
  if (!found) found.emplace();
  return std::make_unique<PathCursor>(*std::move(found));
}

template <bool WithZone>
void add_path_functions(std::vector<TableFunction>* all) {
  const std::vector<Oid> arguments{oid::kJsonb, oid::kJsonpath, oid::kJsonb, oid::kBool};
  for (size_t given = 2; given <= arguments.size(); ++given) {
    TableFunction& function = all->emplace_back();
    function.name = WithZone ? "jsonb_path_query_tz" : "jsonb_path_query";
    function.arguments.assign(arguments.begin(), arguments.begin() + static_cast<ptrdiff_t>(given));
    function.columns = {oid::kJsonb};
    function.open = &open_path<WithZone>;
  }
}

template <bool Binary>
void add_functions(std::vector<TableFunction>* all) {
  const std::string prefix = Binary ? "jsonb" : "json";
  const Oid json = Binary ? oid::kJsonb : oid::kJson;
  const auto add = [&](std::string_view name, std::vector<std::string> names, std::vector<Oid> columns, auto open) {
    TableFunction& function = all->emplace_back();
    function.name = prefix + std::string(name);
    function.arguments = {json};
    function.column_names = std::move(names);
    function.columns = std::move(columns);
    function.rows = 100;
    function.open = open;
  };
  add("_array_elements", {"value"}, {json}, &open_elements<Binary, false>);
  add("_array_elements_text", {"value"}, {oid::kText}, &open_elements<Binary, true>);
  add("_each", {"key", "value"}, {oid::kText, json}, &open_members<Binary, false>);
  add("_each_text", {"key", "value"}, {oid::kText, oid::kText}, &open_members<Binary, true>);
  add("_object_keys", {}, {oid::kText}, &open_keys<Binary>);
}

}  // namespace

std::vector<TableFunction> json_table_functions() {
  std::vector<TableFunction> all;
  add_functions<false>(&all);
  add_functions<true>(&all);
  add_path_functions<false>(&all);
  add_path_functions<true>(&all);
  return all;
}

}  // namespace troupe
