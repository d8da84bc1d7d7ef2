#include "storage/catalog/objects.hpp"

#include <algorithm>

#include "storage/base/bytes.hpp"
#include "storage/base/check.hpp"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/publication.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {
namespace {

void append_big_endian(uint32_t v, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(v >> shift));
}

}  // namespace

std::string object_key(Oid oid) {
  std::string key;
  append_big_endian(oid, &key);
  return key;
}

std::string counters_key() { return object_key(kNoOid); }

std::string name_key(NameClass name_class, Oid scope, std::string_view name) {
  std::string key(1, static_cast<char>(name_class));
  append_big_endian(scope, &key);
  key.append(name);
  return key;
}

NameClass ObjectDef::name_class() const {
  switch (kind) {
    case ObjectKind::schema: return NameClass::schema;
    case ObjectKind::type: return NameClass::type;
    case ObjectKind::role: return NameClass::role;
    case ObjectKind::database: return NameClass::database;
    case ObjectKind::function: return NameClass::function;
    case ObjectKind::publication: return NameClass::publication;
    case ObjectKind::stream: return NameClass::stream;
    default: return NameClass::relation;
  }
}

const std::string& ObjectDef::unique_name() const {
  return kind == ObjectKind::function ? static_cast<const FunctionDef&>(*this).signature : name;
}

std::shared_ptr<ObjectDef> make_object(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::schema: return std::make_shared<SchemaDef>();
    case ObjectKind::table: return std::make_shared<TableDef>();
    case ObjectKind::index: return std::make_shared<IndexDef>();
    case ObjectKind::sequence: return std::make_shared<SequenceDef>();
    case ObjectKind::view: return std::make_shared<ViewDef>();
    case ObjectKind::type: return std::make_shared<TypeDef>();
    case ObjectKind::role: return std::make_shared<RoleDef>();
    case ObjectKind::database: return std::make_shared<DatabaseDef>();
    case ObjectKind::function: return std::make_shared<FunctionDef>();
    case ObjectKind::publication: return std::make_shared<PublicationDef>();
    case ObjectKind::stream: return std::make_shared<StreamDef>();
  }
  return nullptr;
}

std::shared_ptr<ObjectDef> copy_object(const ObjectDef& object) {
  switch (object.kind) {
    case ObjectKind::schema: return std::make_shared<SchemaDef>(static_cast<const SchemaDef&>(object));
    case ObjectKind::table: return std::make_shared<TableDef>(static_cast<const TableDef&>(object));
    case ObjectKind::index: return std::make_shared<IndexDef>(static_cast<const IndexDef&>(object));
    case ObjectKind::sequence: return std::make_shared<SequenceDef>(static_cast<const SequenceDef&>(object));
    case ObjectKind::view: return std::make_shared<ViewDef>(static_cast<const ViewDef&>(object));
    case ObjectKind::type: return std::make_shared<TypeDef>(static_cast<const TypeDef&>(object));
    case ObjectKind::role: return std::make_shared<RoleDef>(static_cast<const RoleDef&>(object));
    case ObjectKind::database: return std::make_shared<DatabaseDef>(static_cast<const DatabaseDef&>(object));
    case ObjectKind::function: return std::make_shared<FunctionDef>(static_cast<const FunctionDef&>(object));
    case ObjectKind::publication: return std::make_shared<PublicationDef>(static_cast<const PublicationDef&>(object));
    case ObjectKind::stream: return std::make_shared<StreamDef>(static_cast<const StreamDef&>(object));
  }
  return nullptr;
}

const ColumnDef* TableDef::find_column(std::string_view column_name) const {
  for (const ColumnDef& column : columns) {
    if (!column.dropped && column.name == column_name) return &column;
  }
  return nullptr;
}

std::vector<std::string_view> exclusion_operators(const ConstraintDef& exclusion) {
  std::vector<std::string_view> operators;
  std::string_view rest = exclusion.check_sql;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    operators.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return operators;
}

const ConstraintDef* TableDef::find_constraint(std::string_view constraint_name) const {
  for (const ConstraintDef& constraint : constraints) {
    if (constraint.name == constraint_name) return &constraint;
  }
  return nullptr;
}

const PolicyDef* TableDef::find_policy(std::string_view policy_name) const {
  for (const PolicyDef& policy : policies) {
    if (policy.name == policy_name) return &policy;
  }
  return nullptr;
}

Oid TableDef::primary_key_index() const {
  for (const ConstraintDef& constraint : constraints) {
    if (constraint.kind == ConstraintKind::primary_key) return constraint.index;
  }
  return kNoOid;
}

size_t TableDef::live_columns() const {
  size_t count = 0;
  for (const ColumnDef& column : columns) count += column.dropped ? 0 : 1;
  return count;
}

bool IndexDef::has_terms() const {
  if (!predicate_sql.empty()) return true;
  for (const IndexColumn& column : columns) {
    if (column.attnum == 0) return true;
  }
  return false;
}

std::shared_ptr<const TableShape> make_shape(const TableDef& table) {
  auto shape = std::make_shared<TableShape>();
  std::vector<Physical> kinds;
  for (const ColumnDef& column : table.columns) {
    kinds.push_back(column.physical);
    shape->missing.push_back(column.missing.is_null() ? Value::null(column.physical) : column.missing);
  }
  shape->layout = RowLayout(std::move(kinds));
  for (const int16_t attnum : table.primary_key) {
    const ColumnDef& column = table.column(attnum);
    const CompareKind kind = compare_kind(column.type, column.physical);
    shape->key.push_back(static_cast<uint32_t>(attnum - 1));
    shape->key_columns.push_back({.kind = kind});
    shape->key_kinds.push_back(kind);
  }
  return shape;
}

std::shared_ptr<const IndexShape> make_shape(const IndexDef& index, const TableDef& table) {
  auto shape = std::make_shared<IndexShape>();
  for (const IndexColumn& part : index.columns) {
    const bool is_column = part.attnum > 0;
    const Oid type = is_column ? table.column(part.attnum).type : part.type;
    const CompareKind kind = compare_kind(type, is_column ? table.column(part.attnum).physical : part.physical);
    shape->columns.push_back(is_column ? static_cast<uint32_t>(part.attnum - 1) : kIndexExpression);
    shape->key_columns.push_back({.kind = kind, .descending = part.descending, .nulls_first = part.nulls_first});
    shape->key_kinds.push_back(kind);
  }
  return shape;
}

bool is_materialized_view(const ObjectDef& object) {
  return object.kind == ObjectKind::table && static_cast<const TableDef&>(object).is_materialized_view();
}

std::optional<ViewText> view_text(const ObjectDef& object) {
  if (object.kind == ObjectKind::view) {
    const auto& view = static_cast<const ViewDef&>(object);
    return ViewText{view.query_sql, &view.depends_on};
  }
  if (object.kind != ObjectKind::table) return std::nullopt;
  const auto& table = static_cast<const TableDef&>(object);
  if (!table.is_materialized_view()) return std::nullopt;
  return ViewText{table.query_sql, &table.depends_on};
}

}  // namespace troupe
