#pragma once
/// Aggregates that users have made. A call is an aggregate whose result is the state; the final function is around it,
/// part of the statement as any call is.
#include <string_view>

#include "runtime/plan/expr.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {

/// What the rows are fed to. It has none of Aggregate's functions: the executor gives it those (runtime/exec/
/// user_aggregate.hpp), because the transition is an expression.
struct UserAggregate final : Aggregate {
  ExprPtr transition;  ///< over columns: 0 is the state, then the arguments
  Type state;
  Value start;          ///< the state before the first row
  bool strict = false;  ///< of the transition function: nulls are passed over, the first value may be the state
};

/// One like this that stays: the same for the same transition and start. There are as many as there were definitions
/// and types that they were called with.
const UserAggregate* keep_user_aggregate(UserAggregate aggregate);

inline bool is_user_aggregate(const Aggregate& aggregate) { return aggregate.update == nullptr; }

}  // namespace troupe
