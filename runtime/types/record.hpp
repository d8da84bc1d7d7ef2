#pragma once
/// Record values (storage/column/record_format.hpp) as text, and whether two can be compared.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/record_format.hpp"

namespace troupe {

/// `(1,"a b",)`: a null is nothing between the commas.
void format_record(std::string_view record, const EvalContext& context, std::string* out);

/// Errors: 42804 when the records have unlike fields.
absl::Status check_comparable(std::string_view a, std::string_view b);

/// Whether all fields are null, or (negated) none is.
bool record_is_null(std::string_view record, bool negated);

}  // namespace troupe
