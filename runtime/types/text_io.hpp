#pragma once
/// Values as text, in and out, to the letter as PostgreSQL 15's input and output functions.
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// The type's input function with its typmod applied (varchar(3) 'abcd' is 22001, numeric(3,1) rounds ...).
/// Errors: 22P02, 22003, 22007, 22008 ... with PostgreSQL's message.
absl::StatusOr<Value> parse_text(Type type, std::string_view text, const EvalContext& context);

/// The type's output function. Appends; the value is not null.
void format_text(Type type, const Vector& column, uint32_t row, const EvalContext& context, std::string* out);
void format_text(Type type, const Value& value, const EvalContext& context, std::string* out);
std::string to_text(Type type, const Value& value, const EvalContext& context);

/// A whole column of text to a column of `type` and back (I/O casts, COPY): nulls stay null.
absl::Status parse_text_column(Type type, const Vector& text, uint32_t rows, const EvalContext& context, Vector& out);
void format_text_column(Type type, const Vector& column, uint32_t rows, const EvalContext& context, Vector& out);

}  // namespace troupe
