#include "runtime/plan/ddl_row_type.hpp"

#include <algorithm>

#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

bool is_of_row_type(const ColumnDef& column) { return !column.dropped && relation_of_row_type(column.type) != kNoOid; }

/// Whether any column of the snapshot is of a row type. Most catalogs have none, and every DROP asks.
bool keeps_rows(const Catalog& catalog) {
  struct Known {
    const Catalog* catalog = nullptr;
    Scn version = kNoScn;
    bool keeps = false;
  };
  thread_local Known known;
  if (known.catalog == &catalog && known.version == catalog.version()) return known.keeps;
  known = {&catalog, catalog.version(), false};
  for (const ObjectPtr& object : catalog.objects()) {
    const bool table = object->kind == ObjectKind::table;
    if (!table && object->kind != ObjectKind::type) continue;
    const auto& columns =
        table ? static_cast<const TableDef&>(*object).columns : static_cast<const TypeDef&>(*object).attributes;
    known.keeps = known.keeps || std::any_of(columns.begin(), columns.end(), is_of_row_type);
  }
  return known.keeps;
}

}  // namespace

std::string ddl_stored_in(const TypeDef& type, const DdlBuilder& ddl) {
  for (const TypeUse& use : ddl_uses_of(type, ddl)) {
    if (use.object->kind == ObjectKind::table) {
      const auto& table = static_cast<const TableDef&>(*use.object);
      return cat(table.name, ".", table.column(use.attnum).name);
    }
    std::string column = ddl_stored_in(static_cast<const TypeDef&>(*use.object), ddl);
    if (!column.empty()) return column;
  }
  return {};
}

absl::Status ddl_check_rows_unused(const TableDef& table, const DdlBuilder& ddl) {
  if (!keeps_rows(ddl.catalog())) return absl::OkStatus();
  const std::string column = ddl_stored_in(row_type_def(table), ddl);
  if (column.empty()) return absl::OkStatus();
  return error(ErrorCode::kFeatureNotSupported, "cannot alter table \"", table.name, "\" because column \"", column,
               "\" uses its row type");
}

std::vector<TypeUse> ddl_uses_of_rows(const ObjectDef& relation, const std::vector<Oid>& going, const DdlBuilder& ddl) {
  if (!has_row_type(relation) || !keeps_rows(ddl.catalog())) return {};
  std::vector<TypeUse> uses = ddl_uses_of(row_type_def(relation), ddl);
  std::erase_if(uses, [&](const TypeUse& use) {
    return use.object->oid == relation.oid || std::find(going.begin(), going.end(), use.object->oid) != going.end();
  });
  return uses;
}

absl::Status ddl_check_no_member(const TableDef& table, Oid type) {
  if (type != row_type_of(table.oid) && type != row_array_of(table.oid)) return absl::OkStatus();
  return error(ErrorCode::kInvalidTableDefinition, "composite type ", table.name, " cannot be made a member of itself");
}

absl::Status ddl_check_no_type(Oid schema, std::string_view name, const DdlBuilder& ddl) {
  const ObjectDef* type = ddl.catalog().find(NameClass::type, schema, name);
  if (type == nullptr || ddl.find(type->oid) == nullptr) return absl::OkStatus();
  const auto* composite = type->kind == ObjectKind::type ? static_cast<const TypeDef*>(type) : nullptr;
  if (composite != nullptr && composite->type_kind == TypeKind::composite) {
    return error(ErrorCode::kDuplicateTable, "relation \"", name, "\" already exists");
  }
  return with_hint(error(ErrorCode::kDuplicateObject, "type \"", name, "\" already exists"),
                   "A relation has an associated type of the same name, so you must use a name that doesn't conflict "
                   "with any existing type.");
}

absl::Status ddl_check_no_row_type(sql::Name name, bool drop, const DdlBuilder& ddl) {
  const ObjectDef* relation = relation_as_type(ddl.catalog(), ddl.context().search_path, name);
  if (relation == nullptr) return absl::OkStatus();
  if (!drop) {
    return with_hint(error(ErrorCode::kWrongObjectType, relation->name, " is a table's row type"),
                     "Use ALTER TABLE instead.");
  }
  const std::string described = ddl_describe(*relation, ddl);
  return with_hint(error(ErrorCode::kDependentObjectsStillExist, "cannot drop type ", relation->name, " because ",
                         described, " requires it"),
                   cat("You can drop ", described, " instead."));
}

}  // namespace troupe
