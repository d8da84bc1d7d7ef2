#pragma once
/// Kernels from plain functions that take the session first: add<pg_get_userbyid>("pg_get_userbyid", {kOid}, kName) for
/// `std::string pg_get_userbyid(SystemSession&, int64_t oid)`. Arguments are physical values, results as in
/// runtime/types/kernel.hpp. Only for runtime/system.
#include <algorithm>
#include <initializer_list>
#include <string>

#include "runtime/system/system_session.hpp"
#include "runtime/types/kernel.hpp"

namespace troupe {

namespace session_function_detail {

template <typename R>
struct Plain {
  using Type = R;
};
template <typename R>
struct Plain<absl::StatusOr<R>> {
  using Type = R;
};

template <auto F>
struct Call;
template <typename R, typename... A, R (*F)(SystemSession&, A...)>
struct Call<F> {
  static constexpr auto kLambda = [](EvalContext& context, A... args) -> absl::StatusOr<typename Plain<R>::Type> {
    if (context.extension == nullptr) {
      return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
    }
    return F(*static_cast<SystemSession*>(context.extension), args...);
  };
};

template <auto F>
struct PureCall;
template <typename R, typename... A, R (*F)(A...)>
struct PureCall<F> {
  static constexpr auto kLambda = [](A... args) { return F(args...); };
};

}  // namespace session_function_detail

class SessionFunctions {
 public:
  explicit SessionFunctions(FunctionRegistry& registry) : registry_{registry} {}

  template <auto F>
  void add(std::string_view name, std::vector<Oid> arguments, Oid result, Volatility volatility = Volatility::kStable) {
    add_kernel(name, std::move(arguments), result, volatility,
               lambda_kernel<session_function_detail::Call<F>::kLambda>);
  }
  /// A function without the session, which the planner may evaluate itself.
  template <auto F>
  void add_pure(std::string_view name, std::vector<Oid> arguments, Oid result) {
    add_kernel(name, std::move(arguments), result, Volatility::kImmutable,
               lambda_kernel<session_function_detail::PureCall<F>::kLambda>);
  }

 private:
  void add_kernel(std::string_view name, std::vector<Oid> arguments, Oid result, Volatility volatility, Kernel kernel) {
    for (const Function* known : registry_.functions(name)) {
      if (known->arguments == arguments) return;
    }
    registry_.add({.name = std::string(name),
                   .arguments = std::move(arguments),
                   .result = result,
                   .kernel = kernel,
                   .volatility = volatility});
  }

  FunctionRegistry& registry_;
};

using OptionalText = std::optional<std::string>;
using OptionalBool = std::optional<bool>;

void register_definition_functions(SessionFunctions& to);
void register_visibility_functions(SessionFunctions& to);
void register_privilege_functions(SessionFunctions& to);
void register_session_functions(SessionFunctions& to);
void register_advisory_functions(SessionFunctions& to);
void register_size_functions(SessionFunctions& to);
void register_notification_functions(FunctionRegistry& registry);
void register_partition_functions(SessionFunctions& to);
void register_replication_functions(SessionFunctions& to);
void register_replication_table_functions();

}  // namespace troupe
