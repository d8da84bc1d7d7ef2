#include "runtime/exec/constraint_errors.hpp"

#include "runtime/exec/row_check.hpp"
#include "runtime/plan/index_terms.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

struct KeyText {
  std::vector<std::string> names;
  std::vector<Type> types;
  void add(std::string name, Type type) {
    names.push_back(std::move(name));
    types.push_back(type);
  }
};

absl::Status violation(const TableDef& table, std::string_view constraint, const KeyText& key,
                       std::span<const Value> values, const EvalContext& context) {
  return with_detail(unique_violation(table.name, constraint),
                     existing_key_detail(key.names, values, key.types, context));
}

}  // namespace

absl::Status primary_key_violation(const TableDef& table, std::span<const Value> values, const EvalContext& context) {
  std::string_view name = table.name;
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind == ConstraintKind::primary_key) name = constraint.name;
  }
  KeyText key;
  for (const int16_t attnum : table.primary_key) {
    const ColumnDef& column = table.column(attnum);
    key.add(sql::quote_identifier(column.name), Type{column.type, column.typmod});
  }
  return violation(table, name, key, values, context);
}

absl::Status unique_violation_of(const TableDef& table, const IndexDef& index, std::span<const Value> values,
                                 const EvalContext& context) {
  KeyText key;
  for (size_t i = 0; i < index.columns.size(); ++i) {
    key.add(index_part_text(table, index, i), index_part_type(table, index.columns[i]));
  }
  return violation(table, index.name, key, values, context);
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
