#pragma once
/// Scalar functions and operators: what they are called, take and return, and the kernel that computes a column.
/// Add functions of other folders with function_registry().add() before the first statement is bound.
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

struct Function;

/// A function with the types of this very call.
struct BoundFunction {
  const Function* function = nullptr;
  std::vector<Type> arguments;  ///< what each argument must be cast to first (variadic ones one by one)
  Type result;
};

/// Computes `rows` rows of out. Arguments may be constant vectors. For a strict function out arrives reset() to the
/// result's kind with the rows where any argument is null already null; they must be skipped (values there are
/// garbage). A non-strict kernel gets out reset() and all valid, and looks at nulls itself.
using Kernel = absl::Status (*)(const BoundFunction& call, std::span<const Vector> args, uint32_t rows,
                                EvalContext& context, Vector& out);

enum class Volatility : uint8_t { kImmutable, kStable, kVolatile };
/// What a comparison operator asks, for the planner (index ranges, hash joins).
enum class Comparison : uint8_t { kNone, kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

struct Function {
  std::string name;            ///< lower case; an operator's symbol
  std::vector<Oid> arguments;  ///< polymorphic ones allowed; of a variadic function the last is the array type
  Oid result = oid::kInvalid;
  Kernel kernel = nullptr;
  bool is_operator = false;
  bool strict = true;
  bool variadic = false;       ///< takes any number (>= 1) of the last one's elements; kAny = of any types
  Volatility volatility = Volatility::kImmutable;
  Comparison comparison = Comparison::kNone;
};

class FunctionRegistry {
 public:
  /// Returns what it stored; addresses stay.
  const Function& add(Function function);
  /// All with this name, in the order added.
  std::span<const Function* const> functions(std::string_view name) const;
  std::span<const Function* const> operators(std::string_view symbol) const;
  const std::deque<Function>& all() const { return all_; }

 private:
  using ByName = absl::flat_hash_map<std::string, std::vector<const Function*>>;
  std::deque<Function> all_;
  ByName functions_;
  ByName operators_;
};

/// The process-wide registry with all of runtime/types in it.
FunctionRegistry& function_registry();

/// Evaluates: prepares out (nulls of strict functions), runs the kernel; all arguments constant = one row computed and
/// a constant returned (unless the function is volatile). args.size() may be 0.
absl::Status call_function(const BoundFunction& call, std::span<const Vector> args, uint32_t rows,
                           EvalContext& context, Vector& out);
/// The same for one row of values.
absl::StatusOr<Value> call_function(const BoundFunction& call, std::span<const Value> args, EvalContext& context);

}  // namespace troupe
