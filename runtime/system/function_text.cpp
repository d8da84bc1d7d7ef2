#include "runtime/system/function_text.hpp"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/written_definitions.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

/// A type as the schemas lead to it.
std::string seen_type(Oid type, const Catalog& catalog, std::span<const Oid> schemas) {
  const bool array = is_array_type(type);
  const ObjectDef* own = find_type_object(catalog, array ? element_type_of(type) : type);
  if (own == nullptr) return type_text(catalog, type, -1);
  std::string text = qualified_name(catalog, *own);
  for (const Oid schema : schemas) {
    const ObjectDef* first = find_type_object(catalog, schema, own->name);
    if (first == own) text = sql::quote_identifier(own->name);
    if (first != nullptr) break;
  }
  return array ? text + "[]" : text;
}

std::string argument_type(const ArgumentDef& argument, const Catalog& catalog, std::span<const Oid> schemas) {
  return seen_type(argument.domain != kNoOid ? argument.domain : argument.type, catalog, schemas);
}

std::string_view mode_text(ArgumentMode mode, bool procedure) {
  switch (mode) {
    case ArgumentMode::out: return "OUT ";
    case ArgumentMode::in_out: return "INOUT ";
    case ArgumentMode::variadic: return "VARIADIC ";
    default: return procedure ? "IN " : "";
  }
}

/// A setting's value as SET takes it.
std::string setting_text(const std::string& name, const std::string& value) {
  const bool list = name == "search_path" || name == "temp_tablespaces" || name == "session_preload_libraries";
  if (!list) return sql::quote_literal(value);
  std::string text;
  for (const absl::string_view part : absl::StrSplit(absl_view(value), ',')) {
    std::string one(absl::StripAsciiWhitespace(part));
    if (one.size() >= 2 && one.front() == '"' && one.back() == '"') one = one.substr(1, one.size() - 2);
    text += cat(text.empty() ? "" : ", ", sql::quote_literal(one));
  }
  return text;
}

std::string number_text(double number) {
  std::string text(32, '\0');
  text.resize(static_cast<size_t>(std::snprintf(text.data(), text.size(), "%g", number)));
  return text;
}

std::string attributes_text(const FunctionDef& function) {
  std::string text;
  if (function.volatility == FunctionVolatility::immutable) text += " IMMUTABLE";
  if (function.volatility == FunctionVolatility::stable) text += " STABLE";
  if (function.parallel == FunctionParallel::safe) text += " PARALLEL SAFE";
  if (function.parallel == FunctionParallel::restricted) text += " PARALLEL RESTRICTED";
  if (function.strict) text += " STRICT";
  if (function.security_definer) text += " SECURITY DEFINER";
  if (function.leakproof) text += " LEAKPROOF";
  if (function.cost != 100) text += cat(" COST ", number_text(function.cost));
  if (function.rows > 0 && function.rows != 1000) text += cat(" ROWS ", number_text(function.rows));
  return text;
}

}  // namespace

const FunctionDef* find_function(const Catalog& catalog, int64_t oid) {
  return catalog.find_as<FunctionDef>(static_cast<Oid>(oid));
}

std::string function_name_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas,
                               bool types) {
  bool visible = false;
  for (const Oid schema : schemas) {
    if (catalog.find(NameClass::function, schema, function.signature) == nullptr) continue;
    visible = schema == function.schema;
    break;
  }
  std::string text = visible ? sql::quote_identifier(function.name) : qualified_name(catalog, function);
  if (!types) return text;
  text += "(";
  bool first = true;
  for (const Oid type : function.input_types()) {
    text += cat(first ? "" : ",", seen_type(type, catalog, schemas));
    first = false;
  }
  return text + ")";
}

std::string function_arguments_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas,
                                    bool defaults) {
  std::string text;
  for (const ArgumentDef& argument : function.arguments) {
    if (argument.mode == ArgumentMode::table) continue;
    text += cat(text.empty() ? "" : ", ", mode_text(argument.mode, function.procedure));
    if (!argument.name.empty()) text += cat(sql::quote_identifier(argument.name), " ");
    text += argument_type(argument, catalog, schemas);
    if (!defaults || argument.default_sql.empty()) continue;
    const WrittenDefinitions written(catalog, schemas);
    text += cat(" DEFAULT ",
                written.expression(argument.default_sql, nullptr, RuleStyle{false, false}, Type{argument.type}).text);
  }
  return text;
}

std::string function_result_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas) {
  std::string columns;
  for (const ArgumentDef& argument : function.arguments) {
    if (argument.mode != ArgumentMode::table) continue;
    columns += cat(columns.empty() ? "" : ", ", sql::quote_identifier(argument.name), " ",
                   argument_type(argument, catalog, schemas));
  }
  if (!columns.empty()) return cat("TABLE(", columns, ")");
  std::string type =
      seen_type(function.result_domain != kNoOid ? function.result_domain : function.result, catalog, schemas);
  if (const ObjectDef* relation = catalog.find(function.result_relation)) type = seen_name(catalog, schemas, *relation);
  return cat(function.returns_set ? "SETOF " : "", type);
}

std::string function_body_text(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas) {
  if (function.sql_body.empty()) return {};
  if (const auto written = WrittenDefinitions(catalog, schemas).body(function)) return *written;
  const auto parsed = sql::parse_sql(function.body);
  if (!parsed.ok()) return function.sql_body;
  std::string text;
  for (const sql::RawStatement& raw : (*parsed)->statements()) {
    text += cat(kept_query((*parsed)->text_of(raw), catalog, schemas), "\n");
  }
  if (function.sql_body != "RETURN") return cat("BEGIN ATOMIC\n", text, "END");
  constexpr std::string_view kSelect = " SELECT ";
  return cat("RETURN ", text.substr(kSelect.size(), text.size() - kSelect.size() - 2));  // without the semicolon
}

std::string function_definition(const FunctionDef& function, const Catalog& catalog, std::span<const Oid> schemas) {
  const std::string_view kind = function.procedure ? "PROCEDURE" : "FUNCTION";
  std::string text = cat("CREATE OR REPLACE ", kind, " ", qualified_name(catalog, function), "(",
                         function_arguments_text(function, catalog, schemas, true), ")\n");
  if (!function.procedure) text += cat(" RETURNS ", function_result_text(function, catalog, schemas), "\n");
  text += " LANGUAGE sql\n";
  if (const std::string attributes = attributes_text(function); !attributes.empty()) text += attributes + "\n";
  for (const auto& [name, value] : function.settings) {
    text += cat(" SET ", sql::quote_identifier(name), " TO ", setting_text(name, value), "\n");
  }
  if (!function.sql_body.empty()) return cat(text, function_body_text(function, catalog, schemas), "\n");
  std::string quote = function.procedure ? "$procedure" : "$function";
  while (function.body.find(quote) != std::string::npos) quote += "x";
  quote += "$";
  return cat(text, "AS ", quote, function.body, quote, "\n");
}

}  // namespace troupe
