#include "runtime/exec/constraint_errors.hpp"

#include "runtime/exec/row_check.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

absl::Status violation(const TableDef& table, std::string_view constraint, std::span<const int16_t> columns,
                       std::span<const Value> values, const EvalContext& context) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const int16_t attnum : columns) {
    const ColumnDef& column = table.column(attnum);
    names.push_back(sql::quote_identifier(column.name));
    types.push_back(Type{column.type, column.typmod});
  }
  return with_detail(unique_violation(table.name, constraint), existing_key_detail(names, values, types, context));
}

}  // namespace

absl::Status primary_key_violation(const TableDef& table, std::span<const Value> values, const EvalContext& context) {
  std::string_view name = table.name;
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind == ConstraintKind::primary_key) name = constraint.name;
  }
  return violation(table, name, table.primary_key, values, context);
}

absl::Status unique_violation_of(const TableDef& table, const IndexDef& index, std::span<const Value> values,
                                 const EvalContext& context) {
  std::vector<int16_t> columns;
  for (const IndexColumn& column : index.columns) columns.push_back(column.attnum);
  return violation(table, index.name, columns, values, context);
}

absl::Status unique_violation_of_key(const TableDef& table, const IndexDef& index, std::string_view key,
                                     const EvalContext& context) {
  std::vector<Value> values;
  for (const KeyColumn& column : index.shape->key_columns) {
    absl::StatusOr<Value> value = decode_key_column(column, &key);
    if (!value.ok()) return unique_violation(table.name, index.name);
    values.push_back(*std::move(value));
  }
  return unique_violation_of(table, index, values, context);
}

}  // namespace troupe
