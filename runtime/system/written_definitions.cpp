#include "runtime/system/written_definitions.hpp"

#include <algorithm>

#include "runtime/plan/catalog_types.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/function_text.hpp"
#include "runtime/system/system_tables.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {
namespace {

const SystemTables& system_tables() {
  static const SystemTables* const tables = [] {
    auto* made = new SystemTables();
    add_system_tables(made);
    return made;
  }();
  return *tables;
}

/// A pointer that owns nothing.
CatalogPtr borrowed(const Catalog& catalog) { return CatalogPtr(CatalogPtr(), &catalog); }

/// Kept texts have names of public without their schema.
std::vector<Oid> with_public(std::vector<Oid> schemas) {
  if (std::ranges::find(schemas, kPublicSchema) == schemas.end()) schemas.push_back(kPublicSchema);
  return schemas;
}

}  // namespace

WrittenDefinitions::WrittenDefinitions(const Catalog& catalog, std::span<const Oid> schemas,
                                       const SessionSettings* settings)
    : catalog_{catalog}, schemas_(schemas.begin(), schemas.end()), resolver_{borrowed(catalog), schemas_, with_public(schemas_)} {
  eval_.settings = settings;
  eval_.names = &resolver_;
  context_.catalog = borrowed(catalog);
  context_.system_tables = &system_tables();
  context_.eval = &eval_;
  context_.search_path = with_public(schemas_);
  names_.relation = [this](const BoundRelation& relation, bool with_schema) {
    return relation_name(relation, with_schema);
  };
  names_.type = [this](Type type) { return type_name(type); };
  names_.function = [this](const ObjectDef& function) {
    return function_name_text(static_cast<const FunctionDef&>(function), catalog_, schemas_, false);
  };
}

WrittenDefinitions::WrittenDefinitions(const SystemSession& session)
    : WrittenDefinitions(*session.catalog(), search_schemas(session), &session.parameters().snapshot().values) {}

std::string WrittenDefinitions::relation_name(const BoundRelation& relation, bool with_schema) const {
  const Oid oid = relation.table ? relation.table->oid : relation.view ? relation.view->oid : relation.system->oid;
  const auto name = troupe::relation_name(catalog_, oid);
  if (!name) return "?";
  if (!with_schema && relation_visible(catalog_, schemas_, oid).value_or(false))
    return sql::quote_identifier(name->name);
  const ObjectDef* schema = catalog_.find(name->schema);
  const std::string before = schema != nullptr                  ? schema->name
                             : name->schema == kPgCatalogSchema ? std::string("pg_catalog")
                                                                : std::string("information_schema");
  return cat(sql::quote_identifier(before), ".", sql::quote_identifier(name->name));
}

std::string WrittenDefinitions::type_name(Type type) const {
  const bool array = is_array_type(type.oid);
  const auto* own = catalog_.find_as<TypeDef>(array ? element_type_of(type.oid) : type.oid);
  if (own == nullptr) {
    if (type.typmod < 0 && type.oid == oid::kBpchar) return "bpchar";
    if (type.typmod < 0 && type.oid == oid::kBpcharArray) return "bpchar[]";
    if (type.typmod < 0 && type.oid == oid::kBit) return "\"bit\"";
    return format_type(type);
  }
  std::string text = qualified_name(catalog_, *own);
  for (const Oid schema : schemas_) {
    const ObjectDef* first = catalog_.find(NameClass::type, schema, own->name);
    if (first == own) text = sql::quote_identifier(own->name);
    if (first != nullptr) break;
  }
  return array ? text + "[]" : text;
}

std::string WrittenDefinitions::view(const ObjectDef& view, RuleStyle style) const {
  const auto text = view_text(view);
  std::vector<std::string> columns;
  const auto& defs = view.kind == ObjectKind::view ? static_cast<const ViewDef&>(view).columns
                                                   : static_cast<const TableDef&>(view).columns;
  for (const ColumnDef& column : defs) columns.push_back(column.name);
  const auto written = DefinitionText(context_, names_).query(text->query_sql, columns, style);
  return written ? *written + ";" : kept_query(text->query_sql, catalog_, schemas_);
}

std::optional<std::string> WrittenDefinitions::body(const FunctionDef& function) const {
  return DefinitionText(context_, names_).body(function);
}

DefinitionText::Expression WrittenDefinitions::expression(std::string_view sql, const TableDef* table, RuleStyle style,
                                                          std::optional<Type> wanted) const {
  TablePtr known;
  if (table != nullptr) known = TablePtr(TablePtr(), table);
  if (auto written = DefinitionText(context_, names_).expression(sql, known, style, wanted)) return *std::move(written);
  std::string kept = expression_text(sql, catalog_, schemas_);
  return {style.fewer_parentheses ? without_outer_parentheses(std::move(kept)) : std::move(kept), false};
}

std::string WrittenDefinitions::key_part(std::string_view sql, const TableDef* table, RuleStyle style) const {
  const DefinitionText::Expression written = expression(sql, table, style);
  return written.is_call ? written.text : cat("(", written.text, ")");
}

std::string WrittenDefinitions::domain_condition(std::string_view sql, const TypeDef& domain, RuleStyle style) const {
  const Type base = base_type_of(domain, catalog_);
  if (auto written = DefinitionText(context_, names_).domain_condition(sql, base, style)) return *std::move(written);
  return expression_text(sql, catalog_, schemas_);
}

}  // namespace troupe
