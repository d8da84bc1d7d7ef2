#pragma once
/// Values as PostgreSQL's binary send/receive formats (format code 1 in the wire protocol, COPY BINARY).
#include <string>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// Errors, as PostgreSQL's receive functions: 22P03 "incorrect binary data format", 08P01 "insufficient data left in
/// message", 22021 for what is no UTF-8, 22008 for what is no date or time.
absl::StatusOr<Value> receive_binary(Type type, std::string_view bytes, const EvalContext& context);

/// Appends the payload, without its length; the value is not null.
void send_binary(Type type, const Vector& column, uint32_t row, std::string* out);
void send_binary(Type type, const Value& value, std::string* out);

}  // namespace troupe
