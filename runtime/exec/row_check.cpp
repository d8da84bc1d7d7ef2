#include "runtime/exec/row_check.hpp"

#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

/// PostgreSQL cuts each value of a failing row here.
constexpr size_t kShownBytesMax = 64;

std::string shown(const Value& value, Type type, const EvalContext& context) {
  if (value.is_null()) return "null";
  std::string text;
  format_text(type, value, context, &text);
  return text;
}

std::string cut(std::string text) {
  if (text.size() <= kShownBytesMax) return text;
  size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

absl::Status RowCheck::run(const EvalInput& in, uint32_t* row) const {
  for (const Column& column : not_null) {
    const Vector& values = in.columns[column.vector];
    if (!values.may_have_nulls()) continue;
    for (uint32_t i = 0; i < in.rows; ++i) {
      if (!values.is_null(i)) continue;
      *row = i;
      ErrorFields fields;
      fields.code = ErrorCode::kNotNullViolation;
      fields.message = cat("null value in column \"", column.name, "\" of relation \"", table,
                           "\" violates not-null constraint");
      fields.table = table;
      fields.column = column.name;
      return make_error(fields);
    }
  }
  for (const Condition& condition : conditions) {
    Vector holds;
    TROUPE_RETURN_IF_ERROR(condition.program.run(in, &holds));
    for (uint32_t i = 0; i < in.rows; ++i) {
      if (holds.is_null(i) ? !condition.of_view : holds.get<bool>(i)) continue;
      *row = i;
      if (condition.of_view) {
        return error(kCheckOptionViolation, "new row violates check option for view \"", condition.name, "\"");
      }
      ErrorFields fields;
      fields.code = ErrorCode::kCheckViolation;
      fields.table = table;
      if (condition.of_partition) {
        fields.message = cat("new row for relation \"", condition.name, "\" violates partition constraint");
        return make_error(fields);
      }
      fields.message = cat("new row for relation \"", table, "\" violates check constraint \"", condition.name, "\"");
      fields.constraint = condition.name;
      return make_error(fields);
    }
  }
  return absl::OkStatus();
}

bool is_about_row(const absl::Status& status) {
  const ErrorCode code = error_code(status);
  if (code == kCheckOptionViolation) return true;
  const bool constraint = code == ErrorCode::kNotNullViolation || code == ErrorCode::kCheckViolation;
  return constraint && !error_fields(status).table.empty();
}

std::string failing_row_detail(std::span<const Value> values, std::span<const Type> types,
                               const EvalContext& context) {
  std::string detail = "Failing row contains (";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) detail += ", ";
    detail += cut(shown(values[i], types[i], context));
  }
  return detail + ").";
}

std::string key_text(std::span<const std::string> columns, std::span<const Value> values, std::span<const Type> types,
                     const EvalContext& context) {
  std::string names, shown_values;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) {
      names += ", ";
      shown_values += ", ";
    }
    names += columns[i];
    shown_values += shown(values[i], types[i], context);
  }
  return cat("(", names, ")=(", shown_values, ")");
}

std::string existing_key_detail(std::span<const std::string> columns, std::span<const Value> values,
                                std::span<const Type> types, const EvalContext& context) {
  return cat("Key ", key_text(columns, values, types, context), " already exists.");
}

absl::Status unique_violation(std::string_view table, std::string_view constraint) {
  ErrorFields fields;
  fields.code = ErrorCode::kUniqueViolation;
  fields.message = cat("duplicate key value violates unique constraint \"", constraint, "\"");
  fields.table = std::string(table);
  fields.constraint = std::string(constraint);
  return make_error(fields);
}

}  // namespace troupe
