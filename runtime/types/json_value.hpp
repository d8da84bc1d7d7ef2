#pragma once
/// SQL values as JSON.
#include <string>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// As to_json(): numbers and booleans bare, json as it is, arrays and records by their parts, the rest as strings.
void append_json_value(const Value& value, Type type, EvalContext& context, std::string* out);
/// The name of a member. Errors: 22023 for a type that is no scalar.
absl::Status append_json_key(const Value& value, Type type, EvalContext& context, std::string* out);

}  // namespace troupe
