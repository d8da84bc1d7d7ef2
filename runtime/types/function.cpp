#include "runtime/types/function.hpp"

#include <algorithm>

#include "runtime/types/kernel.hpp"
#include "runtime/types/user_types.hpp"
#include "runtime/types/long_value.hpp"

namespace troupe {
namespace {

void register_all(FunctionRegistry& registry) {
  Registrar to(registry);
  register_comparisons(to);
  register_integers(to);
  register_floats(to);
  register_degrees(to);
  register_json(to);
  register_json_access(to);
  register_json_changes(to);
  register_jsonpath(to);
  register_json_assign(to);
  register_sample(to);
  register_records(to);
  register_ranges(to);
  register_range_operators(to);
  register_overlaps(to);
  register_numerics(to);
  register_strings(to);
  register_string_search(to);
  register_patterns(to);
  register_bytes(to);
  register_encodings(to);
  register_bits(to);
  register_datetimes(to);
  register_datetime_fields(to);
  register_formatting(to);
  register_arrays(to);
  register_money(to);
  register_network(to);
  register_misc(to);
  register_enums(to);
  register_variadics(registry);
}

absl::Status compute(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                     Vector& out) {
  out.reset(physical_of(call.result), rows);
  if (call.function->strict) {
    for (const Vector& arg : args) out.merge_nulls(arg);
  }
  TROUPE_RETURN_IF_ERROR(call.function->kernel(call, args, rows, context, out));
  return check_result(out, rows, context);
}

std::span<const Function* const> find(const absl::flat_hash_map<std::string, std::vector<const Function*>>& by_name,
                                      std::string_view name) {
  const auto at = by_name.find(absl_view(name));
  return at == by_name.end() ? std::span<const Function* const>{} : std::span<const Function* const>(at->second);
}

}  // namespace

const Function& FunctionRegistry::add(Function function) {
  const Function& stored = all_.emplace_back(std::move(function));
  (stored.is_operator ? operators_ : functions_)[stored.name].push_back(&stored);
  return stored;
}

std::span<const Function* const> FunctionRegistry::functions(std::string_view name) const { return find(functions_, name); }
std::span<const Function* const> FunctionRegistry::operators(std::string_view symbol) const { return find(operators_, symbol); }

FunctionRegistry& function_registry() {
  static FunctionRegistry* registry = [] {
    auto* made = new FunctionRegistry;
    register_all(*made);
    return made;
  }();
  return *registry;
}

absl::Status call_function(const BoundFunction& call, std::span<const Vector> args, uint32_t rows,
                           EvalContext& context, Vector& out) {
  const Function& function = *call.function;
  if (function.strict) {
    for (const Vector& arg : args) {
      if (arg.is_constant() && arg.size() > 0 && arg.is_null(0)) {
        out = Vector::null_constant(physical_of(call.result), rows);
        return absl::OkStatus();
      }
    }
  }
  const bool constant = function.volatility != Volatility::kVolatile && rows > 0 &&
                        std::all_of(args.begin(), args.end(), [](const Vector& v) { return v.is_constant(); });
  Vector result;
  TROUPE_RETURN_IF_ERROR(compute(call, args, constant ? 1 : rows, context, result));
  out = constant ? Vector::constant(result.value(0), rows) : std::move(result);
  return absl::OkStatus();
}

absl::StatusOr<Value> call_function(const BoundFunction& call, std::span<const Value> args, EvalContext& context) {
  std::vector<Vector> columns;
  columns.reserve(args.size());
  for (const Value& v : args) columns.push_back(Vector::constant(v, 1));
  Vector out;
  TROUPE_RETURN_IF_ERROR(call_function(call, columns, 1, context, out));
  return out.value(0);
}

}  // namespace troupe
