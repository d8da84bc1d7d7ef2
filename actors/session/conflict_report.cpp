#include "actors/session/conflict_report.hpp"

#include <memory>
#include <span>

#include "runtime/exec/row_check.hpp"
#include "runtime/exec/write_conflict.hpp"
#include "runtime/types/eval_context.hpp"
#include "storage/base/text.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

/// What a tree's keys are made of.
struct KeyShape {
  const TableDef* table = nullptr;
  std::vector<int16_t> columns;
  std::span<const KeyColumn> codec;
};

KeyShape shape_of(const TableDef& table) { return {&table, table.primary_key, table.shape->key_columns}; }

KeyShape shape_of(const TableDef& table, const IndexDef& index) {
  KeyShape shape{&table, {}, index.shape->key_columns};
  for (const IndexColumn& column : index.columns) shape.columns.push_back(column.attnum);
  return shape;
}

/// "(id)=(7)"; empty: it has no words.
std::string words_of_key(const KeyShape& shape, std::string_view key) {
  std::vector<std::string> names;
  std::vector<Value> values;
  std::vector<Type> types;
  for (size_t i = 0; i < shape.columns.size() && i < shape.codec.size(); ++i) {
    if (shape.columns[i] <= 0) return {};  // an expression
    absl::StatusOr<Value> value = decode_key_column(shape.codec[i], &key);
    if (!value.ok()) return {};
    const ColumnDef& column = shape.table->column(shape.columns[i]);
    names.push_back(column.name);
    values.push_back(*std::move(value));
    types.push_back(Type{column.type, column.typmod});
  }
  return names.empty() ? std::string() : key_text(names, values, types, EvalContext{});
}

}  // namespace

ConflictInfo describe_conflict(const ReadConflict& conflict, const Catalog& catalog) {
  ConflictInfo info;
  info.writer_process_id = conflict.writer_process_id;
  info.writer_statement = conflict.writer_statement;
  const auto tell = [&](const ObjectDef& relation, const KeyShape& shape) {
    const auto* schema = catalog.find_as<SchemaDef>(relation.schema);
    info.schema = schema == nullptr ? std::string() : schema->name;
    info.relation = relation.name;
    if (conflict.key) info.key = words_of_key(shape, *conflict.key);
  };
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    const auto& table = static_cast<const TableDef&>(*object);
    if (table.tree == conflict.part.tree) tell(table, shape_of(table));
  }
  for (const ObjectPtr& object : catalog.objects(ObjectKind::index)) {
    const auto& index = static_cast<const IndexDef&>(*object);
    const TableDef* table = catalog.find_table(index.table);
    if (index.keys_rows() || index.tree != conflict.part.tree || table == nullptr) continue;
    tell(index, shape_of(*table, index));
  }
  return info;
}

void note_write_conflict(const absl::Status& status, const Catalog& catalog, int32_t process_id, std::string statement,
                         NodeServices& services) {
  if (error_code(status) != ErrorCode::kSerializationFailure) return;
  auto met = write_conflict_of(status);
  if (!met) return;
  ReadConflict where;
  where.part.tree = met->tree;
  where.key = std::move(met->key);
  ConflictInfo info = describe_conflict(where, catalog);
  info.reason = "concurrent update";
  info.process_id = process_id;
  info.statement = std::move(statement);
  services.conflicts.add(std::move(info));
}

absl::Status with_conflict(const absl::Status& status, const ConflictInfo& conflict) {
  if (conflict.relation.empty()) return status;
  const std::string what = conflict.key.empty() ? "Something" : cat("Key ", conflict.key);
  return with_detail(status, cat(what, " of relation \"", conflict.relation,
                                 "\" was changed by another transaction after this one had read there."));
}

}  // namespace troupe
