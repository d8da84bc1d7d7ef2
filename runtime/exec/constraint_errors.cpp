#include "runtime/exec/constraint_errors.hpp"

#include "runtime/exec/row_check.hpp"
#include "runtime/plan/index_terms.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

absl::Status violation(const TableDef& table, std::string_view constraint, const std::vector<KeyPart>& key,
                       std::span<const Value> values, const EvalContext& context) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const KeyPart& part : key) {
    names.push_back(part.name);
    types.push_back(part.type);
  }
  return with_detail(unique_violation(table.name, constraint), existing_key_detail(names, values, types, context));
}

}  // namespace

absl::Status primary_key_violation(const TableDef& table, std::span<const Value> values, const EvalContext& context) {
  std::string_view name = table.name;
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind == ConstraintKind::primary_key) name = constraint.name;
  }
  return violation(table, name, primary_key_parts(table), values, context);
}

absl::Status unique_violation_of(const TableDef& table, const IndexDef& index, std::span<const Value> values,
                                 const EvalContext& context) {
  return violation(table, index.name, index_parts(table, index), values, context);
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
