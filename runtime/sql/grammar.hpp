#pragma once
/// The grammar's productions that more than one file needs. Each takes the stream at the production's first token and
/// leaves it after the last. Internal to runtime/sql.
#include "runtime/sql/token_stream.hpp"

namespace troupe::sql {

// -- parse_name.cpp
bool can_name_column(const Token& token);         ///< ColId: a table, column, alias, … may be called this
bool can_name_type_or_function(const Token& token);
bool can_be_label(const Token& token);            ///< ColLabel: after AS or a dot
bool can_be_bare_label(const Token& token);       ///< a column alias without AS
std::string_view parse_column_name(TokenStream& in);
std::string_view parse_type_function_name(TokenStream& in);
std::string_view parse_label(TokenStream& in);
std::string_view parse_word(TokenStream& in);     ///< NonReservedWord
std::string_view parse_word_or_string(TokenStream& in);
std::string_view parse_string(TokenStream& in);
Name parse_any_name(TokenStream& in);
Name parse_function_name(TokenStream& in);
Name make_name(TokenStream& in, std::initializer_list<std::string_view> parts);
List<std::string_view> parse_column_names(TokenStream& in);           ///< a, b
List<std::string_view> parse_names_in_parentheses(TokenStream& in);   ///< (a, b)
List<std::string_view> parse_optional_names(TokenStream& in);         ///< [(a, b)]
TableRef* parse_qualified_name(TokenStream& in);
TableRef* parse_relation(TokenStream& in);        ///< [ONLY] t [*]
List<const TableRef*> parse_qualified_names(TokenStream& in);
int32_t parse_integer(TokenStream& in);           ///< Iconst
int32_t parse_signed_integer(TokenStream& in);
const Expr* parse_numeric_only(TokenStream& in);  ///< [+-] number
/// `op` or `OPERATOR(schema.op)`.
struct OperatorName {
  Name schema;
  std::string_view op;
};
OperatorName parse_operator_name(TokenStream& in);          ///< schema.op, as in DDL
OperatorName parse_parenthesised_operator(TokenStream& in); ///< (schema.op), after OPERATOR
bool at_operator_symbol(const TokenStream& in);
std::string_view operator_symbol(TokenStream& in, const Token& token);
bool accept_if_exists(TokenStream& in);
bool accept_if_not_exists(TokenStream& in);
DropBehavior parse_drop_behavior(TokenStream& in);

// -- literals: parse_literal.cpp
Literal* make_literal(TokenStream& in, LiteralType type, uint32_t position);
Literal* make_string(TokenStream& in, std::string_view text, uint32_t position);
Literal* make_boolean(TokenStream& in, bool value, uint32_t position);
Literal* make_integer(TokenStream& in, int64_t value, uint32_t position);
const Expr* parse_number(TokenStream& in);
const Expr* negate(TokenStream& in, const Expr* operand, uint32_t position);
FunctionCall* make_call(TokenStream& in, std::string_view catalog_function, uint32_t position, CallSyntax syntax);
OperatorExpr* make_operator(TokenStream& in, std::string_view op, const Expr* left, const Expr* right,
                            uint32_t position);

// -- types: parse_type.cpp
const TypeName* parse_type(TokenStream& in);
const TypeName* parse_simple_type(TokenStream& in);   ///< no SETOF, no array bounds
TypeName* make_catalog_type(TokenStream& in, std::string_view name, uint32_t position);
bool at_constant_type(const TokenStream& in);         ///< INT, CHAR, TIMESTAMP, INTERVAL, …
const Expr* parse_typed_literal(TokenStream& in);     ///< such a type and its string
const Expr* make_cast(TokenStream& in, const Expr* argument, const TypeName* type, uint32_t position);

// -- expressions: parse_expr.cpp, parse_primary.cpp, parse_call.cpp
const Expr* parse_expr(TokenStream& in);              ///< a_expr
const Expr* parse_restricted_expr(TokenStream& in);   ///< b_expr: no AND, OR, NOT, IN, LIKE, BETWEEN, IS NULL
/// Goes on with an expression whose first operand has been parsed already.
const Expr* continue_expr(TokenStream& in, const Expr* left);
const Expr* parse_primary(TokenStream& in);           ///< c_expr
ExprList parse_expr_list(TokenStream& in);
List<Accessor> parse_accessors(TokenStream& in);
const Expr* with_accessors(TokenStream& in, const Expr* argument);
const Expr* parse_call(TokenStream& in, Name name, uint32_t position);  ///< at the parenthesis
bool at_special_call(TokenStream& in);
const Expr* parse_special_call(TokenStream& in);      ///< COALESCE, EXTRACT, current_date, …
const Expr* parse_function_expression(TokenStream& in);  ///< func_expr_windowless: a call, as FROM and indexes want it
/// What a parenthesis held: one of the two.
struct QueryOrExpr {
  SelectStatement* query = nullptr;
  const Expr* expr = nullptr;
};
QueryOrExpr parse_query_or_expr(TokenStream& in);     ///< between the parentheses
bool at_query(TokenStream& in);                       ///< SELECT, VALUES, TABLE or WITH
SelectStatement* parse_query_in_parentheses(TokenStream& in);

// -- queries: parse_select.cpp, parse_from.cpp, parse_window.cpp
SelectStatement* parse_select(TokenStream& in);
/// Set operations, ORDER BY, LIMIT, … after a parenthesised query.
SelectStatement* continue_select(TokenStream& in, SelectStatement* left);
bool at_select_continuation(TokenStream& in);
bool at_minus(TokenStream& in);                       ///< Oracle's MINUS, which is a name anywhere else
bool at_hierarchy(TokenStream& in);                   ///< START WITH, CONNECT BY
const IntoClause* parse_into(TokenStream& in);
const WithClause* parse_with(TokenStream& in);
Statement* parse_preparable(TokenStream& in);   ///< SELECT, INSERT, UPDATE, DELETE, MERGE
List<const FromItem*> parse_from_list(TokenStream& in);
const FromItem* parse_from_item(TokenStream& in);
const Alias* parse_optional_alias(TokenStream& in);
// parse_time_window.cpp
bool at_time_window(TokenStream& in);  ///< TUMBLE(TABLE ...), HOP, CUMULATE, SESSION
FromItem* parse_time_window(TokenStream& in);
// parse_match.cpp
bool at_match_recognize(TokenStream& in);             ///< the clause, not an alias of that name
FromItem* parse_match_recognize(TokenStream& in, const FromItem* input);
bool at_row_semantics(TokenStream& in);               ///< RUNNING f(…), FINAL f(…)
const Expr* parse_row_semantics(TokenStream& in);
List<const Target*> parse_targets(TokenStream& in);
List<const SortItem*> parse_order_by(TokenStream& in);
List<const SortItem*> parse_optional_order_by(TokenStream& in);
const WindowDefinition* parse_over(TokenStream& in);
List<const WindowDefinition*> parse_window_clause(TokenStream& in);
List<const GroupingSet*> parse_group_by(TokenStream& in);
const Expr* parse_optional_where(TokenStream& in);

// -- parse_dml.cpp, parse_merge.cpp, parse_copy.cpp
Statement* parse_insert(TokenStream& in, const WithClause* with);
Statement* parse_update(TokenStream& in, const WithClause* with);
Statement* parse_delete(TokenStream& in, const WithClause* with);
Statement* parse_merge(TokenStream& in, const WithClause* with);
List<const Assignment*> parse_assignments(TokenStream& in);
List<AssignmentTarget> parse_assignment_targets(TokenStream& in);
Overriding parse_overriding(TokenStream& in);
Statement* parse_copy(TokenStream& in);
Statement* parse_truncate(TokenStream& in);

}  // namespace troupe::sql
