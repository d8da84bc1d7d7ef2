/// Functions in FROM whose columns the statement defines: json_to_record(j) AS (a int, b text).
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {

absl::Status Binder::bind_record_function(const sql::TableFunction& item, const sql::FunctionRef& ref, const Site& site,
                                          BoundRelation* out) {
  const auto* call = item.call->as<sql::FunctionCall>();
  const std::string_view name = call != nullptr ? call->name.back() : std::string_view();
  const TableFunction* function = record_function(name);
  if (function == nullptr) {
    const bool has_columns = is_table_function(name);
    return fail(ErrorCode::kSyntaxError, *item.columns[0], "a column definition list is ",
                has_columns ? "redundant for a function with OUT parameters"
                            : "only allowed for functions returning \"record\"");
  }
  if (ref.ordinality && !ref.rows_from) {
    return with_hint(
        fail(ErrorCode::kSyntaxError, *item.columns[0], "WITH ORDINALITY cannot be used with a column definition list"),
        "Put the column definition list inside ROWS FROM().");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprList args, bind_arguments(*call, site));
  const std::vector<Type> given{args.empty() ? Type{} : args[0]->type};
  const bool fits = args.size() == 1 && can_cast(given[0].oid, function->arguments[0], CastContext::kImplicit);
  if (!fits && !(args.size() == 1 && given[0].oid == oid::kUnknown)) {
    return call_by_name(name, std::move(args), *call).status();
  }
  FunctionScanPlan::Call bound;
  bound.function = function;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr json,
                          coerce(std::move(args[0]), Type{function->arguments[0]}, CastContext::kImplicit));
  std::vector<Value> names;
  ExprList nulls;
  for (const sql::ColumnDefinition* column : item.columns) {
    const bool again = std::any_of(out->names.begin() + static_cast<ptrdiff_t>(out->names.size() - names.size()),
                                   out->names.end(), [&](const std::string& known) { return known == column->name; });
    if (again)
      return fail(ErrorCode::kDuplicateColumn, *column, "column name \"", column->name, "\" specified more than once");
    TROUPE_ASSIGN_OR_RETURN(const Type type, bind_type(*column->type));
    names.push_back(Value::text(std::string(column->name)));
    nulls.push_back(make_null(type));
    out->names.emplace_back(column->name);
    out->types.push_back(type);
    bound.columns.push_back(type);
  }
  bound.args = {std::move(json),
                make_constant(Type{oid::kTextArray}, Value::text(pack_array(oid::kText, Physical::kVarlen, names)))};
  bound.args.insert(bound.args.end(), nulls.begin(), nulls.end());
  for (const ExprPtr& arg : bound.args) bound.arguments.push_back(arg->type);
  out->calls.push_back(std::move(bound));
  return absl::OkStatus();
}

}  // namespace troupe
