#pragma once
/// System information functions. They find their session through EvalContext::extension, which must point to a
/// SystemSession (or be null: then they fail).
#include "runtime/types/function.hpp"

namespace troupe {

/// Before the first statement is bound. Leaves alone what the registry has already.
void register_system_functions(FunctionRegistry& registry);
/// Set-returning ones, to runtime/plan's table functions: pg_get_keywords, pg_options_to_table, ...
void register_system_table_functions();

}  // namespace troupe
