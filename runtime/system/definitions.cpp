#include "runtime/system/definitions.hpp"

#include <algorithm>

#include "runtime/plan/index_terms.hpp"
#include "runtime/sql/ast_expr.hpp"
#include "runtime/sql/ast_select.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/system/system_session.hpp"
#include "runtime/system/written_definitions.hpp"
#include "runtime/types/type.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr Type kBoolType{oid::kBool};

std::string schema_name(const Catalog& catalog, Oid schema) {
  const ObjectDef* object = catalog.find(schema);
  return object != nullptr ? object->name : std::string();
}

std::string column_list(const TableDef& table, std::span<const int16_t> attnums) {
  std::string out;
  for (const int16_t attnum : attnums) {
    out += cat(out.empty() ? "" : ", ", quote_identifier(table.column(attnum).name));
  }
  return out;
}

std::string sort_suffix(const IndexColumn& column) {
  if (column.descending) return column.nulls_first ? " DESC" : " DESC NULLS LAST";
  return column.nulls_first ? " NULLS FIRST" : "";
}

std::string options_text(const Options& options) {
  std::string out;
  for (const auto& [name, value] : options) out += cat(out.empty() ? "" : ", ", name, "='", value, "'");
  return out;
}

}  // namespace

std::string qualified_name(const Catalog& catalog, const ObjectDef& object) {
  return cat(quote_identifier(schema_name(catalog, object.schema)), ".", quote_identifier(object.name));
}

std::string expression_text(std::string_view sql) {
  const auto parsed = sql::parse_expression(sql);
  return parsed.ok() ? sql::to_sql(**parsed) : std::string(sql);
}

namespace {

/// A users' function by its name alone where the schemas lead to it.
std::optional<std::string> seen_function(const sql::FunctionCall& call, const Catalog& catalog,
                                         std::span<const Oid> schemas) {
  if (call.name.size() != 2) return std::nullopt;
  const SchemaDef* schema = catalog.find_schema(call.name[0]);
  if (schema == nullptr || catalog.functions(schema->oid, call.name[1]).empty()) return std::nullopt;
  for (const Oid seen : schemas) {
    if (seen == schema->oid) return sql::quote_identifier(call.name[1]);
    if (!catalog.functions(seen, call.name[1]).empty()) break;
  }
  return std::nullopt;
}

}  // namespace

std::string expression_text(std::string_view sql, const Catalog& catalog, std::span<const Oid> schemas) {
  const auto parsed = sql::parse_expression(sql);
  if (!parsed.ok()) return std::string(sql);
  sql::NameTexts texts;
  texts.function = [&](const sql::FunctionCall& call) { return seen_function(call, catalog, schemas); };
  return sql::to_sql(**parsed, texts);
}

std::string default_text(const Catalog& catalog, const ColumnDef& column) {
  if (!column.default_sql.empty()) return column.default_sql;
  if (column.owned_sequence == kNoOid || column.identity != IdentityKind::none) return {};
  const auto* sequence = catalog.find_as<SequenceDef>(column.owned_sequence);
  if (sequence == nullptr) return {};
  std::string name = sql::quote_identifier(sequence->name);
  const auto* schema = catalog.find_as<SchemaDef>(sequence->schema);
  if (schema != nullptr && schema->name != "public") {
    name = cat(sql::quote_identifier(schema->name), ".", name);
  }
  return cat("nextval('", name, "'::regclass)");
}

std::string without_outer_parentheses(std::string text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return text;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0 && i + 1 < text.size()) {
      return text;  // the first parenthesis closes before the end
    }
  }
  return text.substr(1, text.size() - 2);
}

std::string kept_query(std::string_view query_sql, const Catalog& catalog, std::span<const Oid> schemas) {
  const auto parsed = sql::parse_statement(query_sql);
  if (!parsed.ok() || (*parsed)->statements().empty()) return cat(" ", query_sql, ";");
  const auto* select = (*parsed)->statements()[0].node->as<sql::SelectStatement>();
  if (select == nullptr) return cat(" ", query_sql, ";");
  sql::NameTexts texts;
  texts.table = [&](const sql::TableRef& ref) -> std::optional<std::string> {
    const SchemaDef* schema = ref.schema.empty() ? nullptr : catalog.find_schema(ref.schema);
    const ObjectDef* relation = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, ref.name);
    if (relation == nullptr || find_relation_in(catalog, schemas, ref.name) != relation->oid) return std::nullopt;
    return sql::quote_identifier(ref.name);
  };
  texts.function = [&](const sql::FunctionCall& call) { return seen_function(call, catalog, schemas); };
  return cat(" ", sql::to_sql(*select, texts), ";");
}

std::string index_column_definition(const WrittenDefinitions& written, const IndexDef& index, int column, bool pretty) {
  if (column < 1 || column > static_cast<int>(index.columns.size())) return {};
  const IndexColumn& item = index.columns[static_cast<size_t>(column - 1)];
  const TableDef* table = written.catalog().find_table(index.table);
  if (item.attnum == 0) return written.key_part(item.expression_sql, table, RuleStyle{pretty, true});
  return table != nullptr ? quote_identifier(table->column(item.attnum).name) : std::string();
}

namespace {

/// " INCLUDE (a, b)", or nothing.
std::string included_text(const Catalog& catalog, const IndexDef& index) {
  const TableDef* table = catalog.find_table(index.table);
  std::string names;
  for (const int16_t attnum : index.included) {
    if (table != nullptr) names += cat(names.empty() ? "" : ", ", quote_identifier(table->column(attnum).name));
  }
  return names.empty() ? names : cat(" INCLUDE (", names, ")");
}

}  // namespace

std::string seen_name(const Catalog& catalog, std::span<const Oid> schemas, const ObjectDef& object) {
  const bool visible = relation_visible(catalog, schemas, object.oid).value_or(false);
  return visible ? quote_identifier(object.name) : qualified_name(catalog, object);
}

std::string index_definition(const WrittenDefinitions& written, const IndexDef& index, bool pretty) {
  const Catalog& catalog = written.catalog();
  const TableDef* table = catalog.find_table(index.table);
  const std::string table_name = table == nullptr ? std::string("-")
                                 : pretty         ? seen_name(catalog, written.schemas(), *table)
                                                  : qualified_name(catalog, *table);
  std::string columns;
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const std::string part = index_column_definition(written, index, static_cast<int>(i + 1), pretty);
    columns += cat(columns.empty() ? "" : ", ", part, sort_suffix(index.columns[i]));
  }
  std::string out = cat("CREATE ", index.unique ? "UNIQUE " : "", "INDEX ", quote_identifier(index.name), " ON ",
                        table != nullptr && table->is_partitioned() ? "ONLY " : "", table_name, " USING ", index.method, " (", columns, ")", included_text(catalog, index));
  if (index.nulls_not_distinct) out += " NULLS NOT DISTINCT";
  if (!index.options.empty()) out += cat(" WITH (", options_text(index.options), ")");
  if (!index.predicate_sql.empty()) {
    out += cat(" WHERE ", written.expression(index.predicate_sql, table, RuleStyle{pretty, true}, kBoolType).text);
  }
  return out;
}

std::string index_column_name(const Catalog& catalog, const IndexDef& index, size_t column) {
  const TableDef* table = catalog.find_table(index.table);
  const IndexColumn& item = index.columns[column];
  if (item.attnum != 0 && table != nullptr) return table->column(item.attnum).name;
  return item.name;
}

std::pair<Oid, int32_t> index_column_type(const Catalog& catalog, const IndexDef& index, size_t column) {
  const TableDef* table = catalog.find_table(index.table);
  if (table == nullptr) return {oid::kText, -1};
  const Type type = index_part_type(*table, index.columns[column]);
  return {type.oid, type.typmod};
}

std::optional<ConstraintOwner> find_constraint(const Catalog& catalog, Oid owner, Oid constraint) {
  const TableDef* table = catalog.find_table(owner);
  const TypeDef* domain = table == nullptr ? catalog.find_as<TypeDef>(owner) : nullptr;
  if (table == nullptr && domain == nullptr) return std::nullopt;
  for (const ConstraintDef& c : table != nullptr ? table->constraints : domain->checks) {
    if (c.oid == constraint) return ConstraintOwner{table, domain, &c};
  }
  return std::nullopt;
}

namespace {

std::string_view action_text(KeyAction action) {
  switch (action) {
    case KeyAction::no_action: return {};
    case KeyAction::restrict_now: return "RESTRICT";
    case KeyAction::cascade: return "CASCADE";
    case KeyAction::set_null: return "SET NULL";
    case KeyAction::set_default: return "SET DEFAULT";
  }
  return {};
}

std::string foreign_key_definition(const TableDef& table, const ConstraintDef& c, const Catalog& catalog,
                                   std::span<const Oid> schemas) {
  const ForeignKeyDef& key = c.foreign;
  const TableDef* referenced = catalog.find_table(key.table);
  if (referenced == nullptr) return {};
  std::string out = cat("FOREIGN KEY (", column_list(table, c.columns), ") REFERENCES ",
                        seen_name(catalog, schemas, *referenced), "(",
                        column_list(*referenced, key.columns), ")");
  if (key.match_full) out += " MATCH FULL";
  if (key.on_update != KeyAction::no_action) out += cat(" ON UPDATE ", action_text(key.on_update));
  if (key.on_delete != KeyAction::no_action) out += cat(" ON DELETE ", action_text(key.on_delete));
  if (!key.on_delete_columns.empty()) out += cat(" (", column_list(table, key.on_delete_columns), ")");
  return out;
}

std::string exclusion_definition(const ConstraintDef& c, const WrittenDefinitions& written) {
  const Catalog& catalog = written.catalog();
  const IndexDef* index = catalog.find_index(c.index);
  if (index == nullptr) return {};
  std::string elements;
  const std::vector<std::string_view> operators = exclusion_operators(c);
  for (size_t i = 0; i < index->columns.size(); ++i) {
    elements += cat(i == 0 ? "" : ", ", index_column_definition(written, *index, static_cast<int>(i + 1), false),
                    sort_suffix(index->columns[i]), " WITH ", operators[i]);
  }
  std::string out = cat("EXCLUDE USING ", index->method, " (", elements, ")", included_text(catalog, *index));
  if (!index->predicate_sql.empty())
    out += cat(" WHERE (",
               written.expression(index->predicate_sql, catalog.find_table(index->table), RuleStyle{}, kBoolType).text,
               ")");
  return out;
}

/// What follows any definition.
std::string constraint_state(const ConstraintDef& c) {
  std::string out;
  if (c.deferrable) out += " DEFERRABLE";
  if (c.initially_deferred) out += " INITIALLY DEFERRED";
  if (c.not_valid) out += " NOT VALID";
  return out;
}

}  // namespace

std::string constraint_definition(const ConstraintOwner& owner, const WrittenDefinitions& written, bool pretty) {
  const Catalog& catalog = written.catalog();
  const ConstraintDef& c = *owner.constraint;
  const auto columns = [&] { return owner.table != nullptr ? column_list(*owner.table, c.columns) : std::string(); };
  switch (c.kind) {
    case ConstraintKind::primary_key:
    case ConstraintKind::unique: {
      const IndexDef* index = catalog.find_index(c.index);
      const bool distinct = index == nullptr || !index->nulls_not_distinct;
      return cat(c.kind == ConstraintKind::unique ? "UNIQUE " : "PRIMARY KEY ", distinct ? "" : "NULLS NOT DISTINCT ",
                 "(", columns(), ")", index == nullptr ? "" : included_text(catalog, *index), constraint_state(c));
    }
    case ConstraintKind::exclusion: return cat(exclusion_definition(c, written), constraint_state(c));
    case ConstraintKind::check: {
      const RuleStyle style{pretty, true};
      const std::string condition = owner.domain != nullptr
                                        ? written.domain_condition(c.check_sql, *owner.domain, style)
                                        : written.expression(c.check_sql, owner.table, style, kBoolType).text;
      return cat("CHECK (", condition, ")", constraint_state(c));
    }
    case ConstraintKind::not_null: return cat("NOT NULL ", columns());
    case ConstraintKind::foreign_key:
      return cat(foreign_key_definition(*owner.table, c, catalog, written.schemas()), constraint_state(c));
  }
  return {};
}

std::string type_text(const Catalog& catalog, Oid type, int32_t typmod) {
  if (find_type(type) != nullptr) return format_type(Type{type, typmod});
  const auto* own = catalog.find_as<TypeDef>(type);
  if (own == nullptr) return type == kNoOid ? "-" : "???";
  const ObjectDef* schema = catalog.find(own->schema);
  const bool is_public = schema != nullptr && schema->name == "public";
  return is_public ? quote_identifier(own->name) : qualified_name(catalog, *own);
}

namespace {

std::vector<const SchemaDef*> listed_schemas(const Catalog& catalog, const SearchPath& path, std::string_view user) {
  std::vector<const SchemaDef*> out;
  const RoleDef* role = catalog.find_role(user);
  for (const std::string& name : path) {
    const SchemaDef* schema = catalog.find_schema(name == "$user" ? user : std::string_view(name));
    if (schema == nullptr || std::find(out.begin(), out.end(), schema) != out.end()) continue;
    if (role == nullptr || rights_on(catalog, role->oid, *schema, kUsage) != 0) out.push_back(schema);
  }
  return out;
}

}  // namespace

std::vector<Oid> search_schemas(const Catalog& catalog, const SearchPath& path, std::string_view user,
                                int32_t process_id) {
  std::vector<Oid> out;
  const SchemaDef* temporary = catalog.find_schema(cat("pg_temp_", process_id));
  for (const SchemaDef* schema : listed_schemas(catalog, path, user)) out.push_back(schema->oid);
  if (std::find(out.begin(), out.end(), kPgCatalogSchema) == out.end()) out.insert(out.begin(), kPgCatalogSchema);
  if (temporary != nullptr) out.insert(out.begin(), temporary->oid);
  return out;
}

std::vector<std::string> search_schema_names(const Catalog& catalog, const SearchPath& path, std::string_view user,
                                             bool implicit) {
  std::vector<std::string> out;
  for (const SchemaDef* schema : listed_schemas(catalog, path, user)) out.push_back(schema->name);
  if (implicit && std::find(out.begin(), out.end(), "pg_catalog") == out.end()) out.insert(out.begin(), "pg_catalog");
  return out;
}

Oid find_relation_in(const Catalog& catalog, std::span<const Oid> schemas, std::string_view name) {
  for (const Oid schema : schemas) {
    if (const ObjectDef* object = catalog.find_relation(schema, name)) return object->oid;
    if (const SystemRelation* system = find_system_relation(schema, name)) return system->oid;
    const ObjectDef* type = catalog.find(NameClass::type, schema, name);
    const auto* composite = type == nullptr ? nullptr : catalog.find_as<TypeDef>(type->oid);
    if (composite != nullptr && composite->relation != kNoOid) return composite->relation;
  }
  return kNoOid;
}

namespace {

/// The composite type that is this relation; null: none is.
const ObjectDef* composite_relation(const Catalog& catalog, Oid relation) {
  for (const ObjectPtr& object : catalog.objects(ObjectKind::type)) {
    if (static_cast<const TypeDef&>(*object).relation == relation) return object.get();
  }
  return nullptr;
}

}  // namespace

std::optional<RelationName> relation_name(const Catalog& catalog, Oid relation) {
  if (const SystemRelation* system = find_system_relation(relation)) {
    return RelationName{system->schema, std::string(system->name)};
  }
  const ObjectDef* object = catalog.find(relation);
  if (object == nullptr) object = composite_relation(catalog, relation);
  if (object == nullptr) return std::nullopt;
  if (object->name_class() != NameClass::relation && object->oid == relation) return std::nullopt;
  return RelationName{object->schema, object->name};
}

std::vector<Oid> search_schemas(const SystemSession& session) {
  return search_schemas(*session.catalog(), *session.parameters().snapshot().search_path, session.user_name(),
                        session.process_id());
}

std::optional<bool> relation_visible(const Catalog& catalog, std::span<const Oid> schemas, Oid relation) {
  const auto name = relation_name(catalog, relation);
  if (!name) return std::nullopt;
  return find_relation_in(catalog, schemas, name->name) == relation;
}

}  // namespace troupe
