#pragma once
/// Array values (storage/column/array_format.hpp) as text and by subscript.
#include <span>
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// `{1,2,NULL}`, `{"a b",{...}}`, `[0:1]={1,2}`. Errors: 22P02 `malformed array literal: "..."` with detail.
absl::StatusOr<Value> parse_array(Type element, std::string_view text, const EvalContext& context);
void format_array(Type element, std::string_view array, const EvalContext& context, std::string* out);

/// a[i][j]...: the element, or a null of the element's kind when out of range (as PostgreSQL).
Value array_element(std::string_view array, std::span<const int32_t> subscripts);
struct ArrayBound {
  bool present = false;
  int32_t value = 0;
};
/// a[l:u][...]: a missing bound is the array's own.
std::string array_slice(std::string_view array, std::span<const ArrayBound> lower, std::span<const ArrayBound> upper);
/// a[i] := v, growing a one-dimensional array with nulls where needed. `array` empty bytes = a new array.
absl::StatusOr<std::string> array_assign(Type element, std::string_view array, std::span<const int32_t> subscripts,
                                         const Value& value);
/// int2vector and oidvector: "1 2 3" as text; 0-based arrays inside.
std::string make_vector_array(Oid element, std::span<const int64_t> values);

}  // namespace troupe
