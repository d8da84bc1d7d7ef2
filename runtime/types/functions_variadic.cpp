/// f(VARIADIC array) of functions that take any number of arguments: the array's elements are those. Each has a twin,
/// "variadic f", that the binder calls for it.
#include "runtime/types/kernel.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

const Function* taker_of(const Function& twin) {
  for (const Function* f : function_registry().functions(std::string_view(twin.name).substr(kVariadicTwin.size()))) {
    if (f->variadic && f->arguments.size() == twin.arguments.size()) return f;
  }
  return nullptr;
}

/// format() of a null array has no arguments; what others make of one is null.
bool takes_null(const Function& taker) { return taker.name == "format"; }

absl::Status spread(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                    Vector& out) {
  const Function* taker = taker_of(*call.function);
  const size_t named = args.size() - 1;
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const Vector& array = args.back();
    if (array.is_null(row) && !takes_null(*taker)) {
      out.set_null(row);
      continue;
    }
    BoundFunction inner{taker, {call.arguments.begin(), call.arguments.begin() + static_cast<long>(named)}, call.result};
    std::vector<Value> values;
    for (size_t i = 0; i < named; ++i) values.push_back(args[i].value(row));
    if (!array.is_null(row)) {
      const ArrayView elements(array.string(row));
      inner.arguments.resize(named + elements.size(), Type{elements.element_type()});
      for (uint32_t i = 0; i < elements.size(); ++i) values.push_back(elements.value(i));
    }
    TROUPE_ASSIGN_OR_RETURN(const Value value, call_function(inner, values, context));
    out.set_value(row, value);
  }
  return absl::OkStatus();
}

}  // namespace

void register_variadics(FunctionRegistry& registry) {
  std::vector<Function> twins;
  for (const Function& taker : registry.all()) {
    if (!taker.variadic || taker.is_operator) continue;
    Function twin = taker;
    twin.name.insert(0, kVariadicTwin);
    if (twin.arguments.back() == oid::kAny) twin.arguments.back() = oid::kAnyArray;
    twin.kernel = spread;
    twin.variadic = false;
    twins.push_back(std::move(twin));
  }
  for (Function& twin : twins) registry.add(std::move(twin));
}

}  // namespace troupe
