#pragma once
/// Which function, operator or common type an expression means, by PostgreSQL's rules ("Type Conversion", chapter 10):
/// exact match, then the best candidate by implicit casts, preferred types and unknown literals.
#include <span>
#include <string_view>
#include <vector>

#include "runtime/types/aggregate.hpp"
#include "runtime/types/function.hpp"
#include "runtime/types/type.hpp"

namespace troupe {

using FunctionMatch = BoundFunction;

/// Errors: 42883 `function f(integer, unknown) does not exist` with hint; 42725 `function f(unknown) is not unique`.
absl::StatusOr<FunctionMatch> resolve_function(std::string_view name, std::span<const Type> arguments);
/// `arguments` has 1 (prefix) or 2 entries. Errors: 42883 `operator does not exist: integer ~ integer`, 42725.
absl::StatusOr<FunctionMatch> resolve_operator(std::string_view symbol, std::span<const Type> arguments);
/// Errors as resolve_function's. Whether a name is an aggregate: is_aggregate().
absl::StatusOr<BoundAggregate> resolve_aggregate(std::string_view name, std::span<const Type> arguments);
bool is_aggregate(std::string_view name);
bool is_function(std::string_view name);

/// Before a function's name: takes the elements of a last array as arguments (functions_variadic.cpp).
inline constexpr std::string_view kVariadicTwin = "variadic ";

/// The common type of UNION, CASE, VALUES, ARRAY, COALESCE, GREATEST, IN ... `what` is the word in the message:
/// 42804 `CASE types integer and text cannot be matched`. All unknown gives text.
absl::StatusOr<Type> select_common_type(std::span<const Type> types, std::string_view what);

/// "f(integer, text)", for messages.
std::string describe_call(std::string_view name, std::span<const Type> arguments);

}  // namespace troupe
