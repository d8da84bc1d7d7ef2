#pragma once
/// Syntax tree back to text, in the style of PostgreSQL's pg_get_expr and pg_get_viewdef (upper-case keywords, one
/// line, operators in parentheses). What comes out parses to the same tree; names are as written, not resolved.
#include <functional>
#include <optional>
#include <string>

#include "runtime/sql/ast_match.hpp"
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

std::string to_sql(const Expr& expression);
std::string to_sql(const SelectStatement& query);
std::string to_sql(const TypeName& type);
std::string to_sql(const PatternExpr& pattern);

/// What to write in the place of names; nothing: as they are written.
struct NameTexts {
  std::function<std::optional<std::string>(const TableRef&)> table;    ///< without an alias that it has
  std::function<std::optional<std::string>(const ColumnRef&)> column;  ///< or star
  std::function<std::optional<std::string>(const Expr&)> expression;   ///< asked first
  std::function<std::optional<std::string>(const Target&)> alias;      ///< of a target that has none
  std::function<std::optional<std::string>(const FunctionCall&)> function;  ///< its name
};
std::string to_sql(const SelectStatement& query, const NameTexts& texts);
std::string to_sql(const Expr& expression, const NameTexts& texts);

/// `name`, or `"Na me"` where PostgreSQL's quote_identifier would quote.
std::string quote_identifier(std::string_view name);
/// `'it''s'`, or ` E'…'` when there is a backslash, as quote_literal.
std::string quote_literal(std::string_view text);

}  // namespace troupe::sql
