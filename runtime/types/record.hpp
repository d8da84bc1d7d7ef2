#pragma once
/// Record values (storage/column/record_format.hpp) as text, and whether two can be compared.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/column/record_format.hpp"

namespace troupe {

/// Errors: 22P02 `malformed record literal: "..."`.
absl::StatusOr<std::string> parse_record(const UserType& type, std::string_view text, const EvalContext& context);
/// `(1,"a b",)`: a null is nothing between the commas.
void format_record(std::string_view record, const EvalContext& context, std::string* out);

/// The value's fields as its type has them now: those missing are null, dropped ones left out, all with names.
std::vector<RecordField> live_fields(std::string_view record);
/// A record of that composite type whose live attributes have these values.
std::string pack_composite(const UserType& type, std::span<const Value> values);

/// Errors: 42804 when the records have unlike fields.
absl::Status check_comparable(std::string_view a, std::string_view b);

/// Whether all fields are null, or (negated) none is.
bool record_is_null(std::string_view record, bool negated);

}  // namespace troupe
