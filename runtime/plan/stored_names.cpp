#include "runtime/plan/stored_names.hpp"

#include <algorithm>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

struct StarColumn {
  std::string_view name;
  std::string text;
};

void add_star_columns(const FromNames& item, std::vector<StarColumn>* out) {
  const auto under_alias = [&](std::string_view name) {
    const std::string column = sql::quote_identifier(name);  // MATCH_RECOGNIZE needs no alias
    out->push_back({name, item.alias.empty() ? column : cat(sql::quote_identifier(item.alias), ".", column)});
  };
  if (item.relation) {
    for (uint32_t i = 0; i < item.relation->size(); ++i) {
      if (item.relation->visible(i)) under_alias(item.relation->name_of(i));
    }
    return;
  }
  if (item.is_aliased_join()) {
    for (const NamedColumn& column : item.columns) under_alias(column.name);
    return;
  }
  for (const NamedColumn& column : item.merged) out->push_back({column.name, sql::quote_identifier(column.name)});
  std::vector<StarColumn> rest;
  add_star_columns(*item.left, &rest);
  add_star_columns(*item.right, &rest);
  for (StarColumn& column : rest) {
    const bool is_merged = std::any_of(item.merged.begin(), item.merged.end(),
                                       [&](const NamedColumn& m) { return m.name == column.name; });
    if (!is_merged) out->push_back(std::move(column));
  }
}

std::string dotted_identifiers(std::string_view schema, std::string_view name) {
  return cat(sql::quote_identifier(schema), ".", sql::quote_identifier(name));
}

}  // namespace

std::vector<std::string> star_columns(const FromNames& item) {
  std::vector<StarColumn> columns;
  add_star_columns(item, &columns);
  std::vector<std::string> texts;
  for (StarColumn& column : columns) texts.push_back(std::move(column.text));
  return texts;
}

std::optional<std::string> function_text(const sql::FunctionCall& call, const FunctionsFound& found,
                                         const Catalog& catalog) {
  const auto function = found.find(&call);
  const ObjectDef* object = function == found.end() ? nullptr : catalog.find(function->second);
  const auto* schema = object == nullptr ? nullptr : catalog.find_as<SchemaDef>(object->schema);
  if (schema == nullptr) return std::nullopt;
  return dotted_identifiers(schema->name, object->name);
}

namespace {

sql::NameTexts stored_names(const NamesFound& found, const Catalog& catalog) {
  sql::NameTexts texts;
  texts.function = [&](const sql::FunctionCall& call) { return function_text(call, found.functions, catalog); };
  texts.table = [&](const sql::TableRef& ref) -> std::optional<std::string> {
    const auto relation = found.relations.find(&ref);
    const ObjectDef* object = relation == found.relations.end() ? nullptr : catalog.find(relation->second);
    const auto* schema = object == nullptr ? nullptr : catalog.find_as<SchemaDef>(object->schema);
    if (schema == nullptr || schema->name.starts_with(kTemporarySchemaPrefix)) return std::nullopt;
    return dotted_identifiers(schema->name, object->name);
  };
  texts.column = [&](const sql::ColumnRef& ref) -> std::optional<std::string> {
    if (ref.star) {
      const auto star = found.stars.find(&ref);
      if (star == found.stars.end()) return std::nullopt;
      std::string text;
      for (const std::string& column : star->second) text += cat(text.empty() ? "" : ", ", column);
      return text;
    }
    // A column's relation is named by its alias alone, so that its schema may be renamed.
    if (ref.name.size() < 3) return std::nullopt;
    return dotted_identifiers(ref.name[ref.name.size() - 2], ref.name.back());
  };
  return texts;
}

}  // namespace

std::string stored_text(const sql::SelectStatement& query, const NamesFound& found, const Catalog& catalog) {
  return sql::to_sql(query, stored_names(found, catalog));
}

std::string stored_text(const sql::Expr& expr, const NamesFound& found, const Catalog& catalog) {
  return sql::to_sql(expr, stored_names(found, catalog));
}

namespace {

sql::NameTexts new_names(const NewName& renamed) {
  sql::NameTexts texts;
  texts.function = [&](const sql::FunctionCall& call) -> std::optional<std::string> {
    const bool moves = renamed.relation.empty() && call.name.size() == 2 && call.name[0] == renamed.schema;
    return moves ? std::optional(dotted_identifiers(renamed.name, call.name[1])) : std::nullopt;
  };
  texts.table = [&](const sql::TableRef& ref) -> std::optional<std::string> {
    if (ref.schema != renamed.schema) return std::nullopt;
    if (renamed.relation.empty()) return dotted_identifiers(renamed.name, ref.name);
    if (ref.name != renamed.relation) return std::nullopt;
    const std::string name = dotted_identifiers(ref.schema, renamed.name);
    // Columns go on naming it by its old name.
    return ref.alias != nullptr ? name : cat(name, " ", sql::quote_identifier(ref.name));
  };
  return texts;
}

}  // namespace

std::string renamed_text(std::string_view query_sql, const NewName& renamed) {
  const auto parsed = sql::parse_statement(query_sql);
  if (!parsed.ok()) return std::string(query_sql);
  return sql::to_sql((*parsed)->statements()[0].node->to<sql::SelectStatement>(), new_names(renamed));
}

std::string renamed_expression(std::string_view text, const NewName& renamed, bool own) {
  const auto parsed = sql::parse_expression(text);
  if (!parsed.ok()) return std::string(text);
  sql::NameTexts texts = new_names(renamed);
  if (own) {
    texts.column = [&](const sql::ColumnRef& ref) -> std::optional<std::string> {
      if (ref.star || ref.name.size() != 2 || ref.name[0] != renamed.relation) return std::nullopt;
      return dotted_identifiers(renamed.name, ref.name[1]);
    };
  }
  return sql::to_sql(**parsed, texts);
}

std::string renamed_expression(std::string_view text, const NewColumnName& renamed) {
  const auto parsed = sql::parse_expression(text);
  if (text.empty() || !parsed.ok()) return std::string(text);
  bool found = false;
  sql::NameTexts texts;
  texts.column = [&](const sql::ColumnRef& ref) -> std::optional<std::string> {
    const size_t parts = ref.name.size();
    if (ref.star || ref.name.back() != renamed.column) return std::nullopt;
    if (parts > 1 && ref.name[parts - 2] != renamed.table) return std::nullopt;
    found = true;
    return parts == 1 ? sql::quote_identifier(renamed.name) : dotted_identifiers(renamed.table, renamed.name);
  };
  std::string after = sql::to_sql(**parsed, texts);
  return found ? after : std::string(text);
}

}  // namespace troupe
