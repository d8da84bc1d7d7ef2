/// CREATE TYPE ... AS (...), and ALTER TYPE of its attributes.
#include <algorithm>
#include <cctype>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_row_type.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

ColumnDef* find_attribute(TypeDef* type, std::string_view name) {
  const auto at = std::find_if(type->attributes.begin(), type->attributes.end(), [&](const ColumnDef& attribute) {
    return !attribute.dropped && attribute.name == name;
  });
  return at == type->attributes.end() ? nullptr : &*at;
}

absl::Status no_attribute(std::string_view name, const TypeDef& type) {
  return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", type.name, "\" does not exist");
}

absl::Status attribute_is_there(std::string_view name, const TypeDef& type) {
  return error(ErrorCode::kDuplicateColumn, "column \"", name, "\" of relation \"", type.name, "\" already exists");
}

absl::Status set_attribute_type(const sql::ColumnDefinition& definition, const TypeDef& owner, ColumnDef* attribute,
                                DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*definition.type, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_stored(definition.name, type));
  if (type.oid == owner.oid || type.oid == owner.array_type) {
    return error(ErrorCode::kInvalidTableDefinition, "composite type ", owner.name,
                 " cannot be made a member of itself");
  }
  const TypeInfo& info = type_info(type.oid);
  attribute->type = type.oid;
  attribute->typmod = type.typmod;
  attribute->physical = info.physical;
  attribute->collation = info.is_collatable ? 100 : kNoOid;
  const TypeDef* domain = ddl.binder().domain_of(*definition.type);
  attribute->domain = domain != nullptr ? domain->oid : kNoOid;
  return absl::OkStatus();
}

absl::Status add_attribute(const sql::ColumnDefinition& definition, TypeDef* type, DdlBuilder& ddl) {
  ColumnDef attribute;
  attribute.attnum = static_cast<int16_t>(type->attributes.size() + 1);
  attribute.name = definition.name;
  TROUPE_RETURN_IF_ERROR(set_attribute_type(definition, *type, &attribute, ddl));
  type->attributes.push_back(std::move(attribute));
  return absl::OkStatus();
}

/// Values that are stored have the attribute's old type.
absl::Status check_unused(const TypeDef& type, const DdlBuilder& ddl) {
  const std::string column = ddl_stored_in(type, ddl);
  if (column.empty()) return absl::OkStatus();
  return error(ErrorCode::kFeatureNotSupported, "cannot alter type \"", type.name, "\" because column \"", column,
               "\" uses it");
}

absl::Status drop_attribute(const sql::AlterTableAction& action, TypeDef* type, DdlBuilder& ddl) {
  ColumnDef* attribute = find_attribute(type, action.name);
  if (attribute == nullptr && action.if_exists) {
    ddl.notice(ErrorCode::kOk,
               cat("column \"", action.name, "\" of relation \"", type->name, "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  if (attribute == nullptr) return no_attribute(action.name, *type);
  // Stored values would go on having it, and would not be equal to new ones.
  TROUPE_RETURN_IF_ERROR(check_unused(*type, ddl));
  attribute->dropped = true;
  return absl::OkStatus();
}

absl::Status alter_attribute(const sql::AlterTableAction& action, TypeDef* type, DdlBuilder& ddl) {
  switch (action.action) {
    case sql::AlterAction::kAddAttribute:
      if (find_attribute(type, action.column->name) != nullptr) return attribute_is_there(action.column->name, *type);
      return add_attribute(*action.column, type, ddl);
    case sql::AlterAction::kDropAttribute: return drop_attribute(action, type, ddl);
    case sql::AlterAction::kAlterAttribute: {
      ColumnDef* attribute = find_attribute(type, action.name);
      if (attribute == nullptr) return no_attribute(action.name, *type);
      TROUPE_RETURN_IF_ERROR(check_unused(*type, ddl));
      return set_attribute_type(*action.column, *type, attribute, ddl);
    }
    default: return ddl.refuse(action, "this ALTER TYPE action");
  }
}

/// Of ALTER TYPE, which names it as a relation. Errors: 42P01, 42809.
absl::StatusOr<std::shared_ptr<TypeDef>> composite_to_alter(const sql::TableRef& ref, DdlBuilder& ddl) {
  const std::string_view parts[] = {ref.schema, ref.name};
  const sql::Name name = ref.schema.empty() ? sql::Name(parts + 1, 1) : sql::Name(parts, 2);
  const TypeDef* found = ddl.binder().find_own_type(name);
  if (found == nullptr || found->type_kind != TypeKind::composite) {
    if (ddl.find_named(ref.schema, ref.name) != nullptr) {
      return error(ErrorCode::kWrongObjectType, "\"", ref.name, "\" is not a composite type");
    }
    return error(ErrorCode::kUndefinedTable, "relation \"", ref.name, "\" does not exist");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  return std::make_shared<TypeDef>(*found);
}

}  // namespace

absl::Status ddl_create_composite(const sql::CreateCompositeStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, ddl_new_type(create.name, TypeKind::composite, create, ddl));
  type->relation = ddl.new_oid();
  for (const sql::ColumnDefinition* definition : create.attributes) {
    if (find_attribute(type.get(), definition->name) != nullptr) {
      return error(ErrorCode::kDuplicateColumn, "column \"", definition->name, "\" specified more than once");
    }
    TROUPE_RETURN_IF_ERROR(add_attribute(*definition, type.get(), ddl));
  }
  ddl.put(std::move(type));
  return absl::OkStatus();
}

absl::Status ddl_alter_composite(const sql::AlterTableStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, composite_to_alter(*alter.table, ddl));
  for (const sql::AlterTableAction* action : alter.actions) {
    TROUPE_RETURN_IF_ERROR(alter_attribute(*action, type.get(), ddl));
  }
  ddl.put(std::move(type));
  return absl::OkStatus();
}

namespace {

/// Whether the text has the name as a word.
bool has_word(std::string_view text, std::string_view word) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; };
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

bool index_names(const IndexDef& index, std::string_view attribute) {
  return has_word(index.predicate_sql, attribute) ||
         std::any_of(index.columns.begin(), index.columns.end(),
                     [&](const IndexColumn& part) { return has_word(part.expression_sql, attribute); });
}

/// Expressions keep their text, in which the attribute may be named: those of tables with columns of the type, and of
/// views that read them.
absl::Status check_nothing_names(const TypeDef& type, const sql::RenameStatement& rename, const DdlBuilder& ddl) {
  const std::string name = sql::quote_identifier(rename.part);  // as the texts have it
  for (const TypeUse& use : ddl_uses_of(type, ddl)) {
    if (use.object->kind != ObjectKind::table) continue;
    const auto& table = static_cast<const TableDef&>(*use.object);
    bool named = std::any_of(table.constraints.begin(), table.constraints.end(),
                             [&](const ConstraintDef& c) { return has_word(c.check_sql, name); }) ||
                 std::any_of(table.columns.begin(), table.columns.end(),
                             [&](const ColumnDef& c) { return !c.dropped && has_word(c.default_sql, name); });
    for (const Oid oid : table.indexes) {
      const IndexDef* index = ddl.catalog().find_index(oid);
      named = named || (index != nullptr && index_names(*index, name));
    }
    TROUPE_ASSIGN_OR_RETURN(const auto views, ddl_views_of_column(table, use.attnum, ddl));
    for (const ObjectPtr& view : views) named = named || has_word(view_text(*view)->query_sql, name);
    if (named) return ddl.refuse(rename, "renaming an attribute that an expression of a table or a view may use");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_rename_attribute(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, composite_to_alter(*rename.relation, ddl));
  ColumnDef* attribute = find_attribute(type.get(), rename.part);
  if (attribute == nullptr) {
    return error(ErrorCode::kUndefinedColumn, "column \"", rename.part, "\" does not exist");
  }
  if (find_attribute(type.get(), rename.new_name) != nullptr) return attribute_is_there(rename.new_name, *type);
  TROUPE_RETURN_IF_ERROR(check_nothing_names(*type, rename, ddl));
  attribute->name = rename.new_name;
  ddl.put(std::move(type));
  return absl::OkStatus();
}

}  // namespace troupe
