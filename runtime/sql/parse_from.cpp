// FROM: tables, subqueries, functions, joins, aliases.
#include "runtime/sql/grammar.hpp"
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

FromItem* parse_joins(TokenStream& in, FromItem* left);
FromItem* parse_table_primary(TokenStream& in);

struct QueryOrItem {
  SelectStatement* query = nullptr;
  FromItem* item = nullptr;
};

const Alias* make_alias(TokenStream& in, std::string_view name, List<std::string_view> columns) {
  auto* alias = in.arena().make<Alias>();
  alias->name = name;
  alias->columns = columns;
  return alias;
}

// CREATE PATTERN ... EMIT INTO t; no query has INTO behind FROM.
bool at_emit(TokenStream& in) { return in.at_word("emit") && in.at_next(Keyword::kInto); }

bool at_alias(TokenStream& in) {
  return can_name_column(in.token()) && !at_minus(in) && !at_hierarchy(in) && !at_match_recognize(in) && !at_emit(in);
}

FromItem* with_match(TokenStream& in, FromItem* item) {
  return at_match_recognize(in) ? parse_match_recognize(in, item) : item;
}

FromItem* make_subquery(TokenStream& in, SelectStatement* query, bool lateral, uint32_t position) {
  auto* item = in.make<SubqueryRef>(position);
  item->query = query;
  item->lateral = lateral;
  item->alias = parse_optional_alias(in);
  if (item->alias == nullptr && !at_match_recognize(in)) {
    const bool values = query->is_values;
    in.fail(ErrorCode::kSyntaxError, position,
            values ? "VALUES in FROM must have an alias" : "subquery in FROM must have an alias",
            values ? "For example, FROM (VALUES ...) [AS] foo." : "For example, FROM (SELECT ...) [AS] foo.");
  }
  return item;
}

// From an opening parenthesis to its closing one: `(SELECT …)`, `((SELECT …) UNION …)` or `(a JOIN b …)`.
QueryOrItem parse_parenthesised_from(TokenStream& in) {
  const Nested nested(in);
  in.skip();
  FromItem* item = nullptr;
  const uint32_t position = in.position();
  if (at_query(in)) {
    SelectStatement* query = parse_select(in);
    in.expect(TokenKind::kClose);
    return {query, nullptr};
  }
  if (in.at(TokenKind::kOpen)) {
    const QueryOrItem inside = parse_parenthesised_from(in);
    if (inside.query != nullptr && (in.at(TokenKind::kClose) || at_select_continuation(in))) {
      SelectStatement* query = continue_select(in, inside.query);
      in.expect(TokenKind::kClose);
      return {query, nullptr};
    }
    item = inside.item;
    if (inside.query != nullptr) {
      item = with_match(in, make_subquery(in, inside.query, false, position));
    } else if (const Alias* alias = parse_optional_alias(in)) {
      static_cast<JoinExpr*>(item)->alias = alias;
    }
    item = parse_joins(in, item);
  } else {
    item = parse_joins(in, parse_table_primary(in));
  }
  if (!item->is<JoinExpr>()) in.fail();  // FROM (t) is no SQL
  in.expect(TokenKind::kClose);
  return {nullptr, item};
}

FromItem* parse_open(TokenStream& in, bool lateral) {
  const uint32_t position = in.position();
  const QueryOrItem inside = parse_parenthesised_from(in);
  if (inside.query != nullptr) return make_subquery(in, inside.query, lateral, position);
  if (lateral) in.fail();
  if (const Alias* alias = parse_optional_alias(in)) static_cast<JoinExpr*>(inside.item)->alias = alias;
  return inside.item;
}

// After a name in parentheses: (a, b) are names, (a int, b text) definitions.
bool at_definitions(TokenStream& in) {
  return in.at(TokenKind::kOpen) && in.peek(2).kind != TokenKind::kComma && in.peek(2).kind != TokenKind::kClose;
}

List<const ColumnDefinition*> parse_definitions(TokenStream& in) {
  return parse_list_in_parentheses(in, parse_table_function_column);
}

void parse_function_alias(TokenStream& in, FunctionRef* item, TableFunction* function) {
  const bool as = in.accept(Keyword::kAs);
  if (as && in.at(TokenKind::kOpen)) {
    function->columns = parse_definitions(in);
    return;
  }
  if (!as && !at_alias(in)) return;
  const std::string_view name = parse_column_name(in);
  if (at_definitions(in)) {
    function->columns = parse_definitions(in);
    item->alias = make_alias(in, name, {});
  } else {
    item->alias = make_alias(in, name, parse_optional_names(in));
  }
}

FromItem* finish_function(TokenStream& in, FunctionRef* item, TableFunction function) {
  if (in.at(Keyword::kWith, Keyword::kOrdinality)) {
    in.skip();
    in.skip();
    item->ordinality = true;
  }
  parse_function_alias(in, item, &function);
  if (!item->rows_from) item->functions = in.arena().copy(&function, 1);
  return item;
}

FromItem* parse_rows_from(TokenStream& in) {
  auto* item = in.make<FunctionRef>();
  item->rows_from = true;
  in.skip();
  in.skip();
  item->functions = parse_list_in_parentheses(in, [](TokenStream& s) {
    TableFunction function;
    function.call = parse_function_expression(s);
    if (s.accept(Keyword::kAs)) function.columns = parse_definitions(s);
    return function;
  });
  return finish_function(in, item, {});
}

FromItem* parse_function(TokenStream& in) {
  auto* item = in.make<FunctionRef>();
  TableFunction function;
  function.call = parse_function_expression(in);
  return finish_function(in, item, function);
}

const TableSample* parse_sample(TokenStream& in) {
  auto* sample = in.arena().make<TableSample>();
  in.skip();
  sample->method = parse_function_name(in);
  sample->arguments = parse_list_in_parentheses(in, parse_expr);
  if (in.accept(Keyword::kRepeatable)) {
    in.expect(TokenKind::kOpen);
    sample->repeatable = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
  return sample;
}

// Whether the (possibly qualified) name here is followed by a parenthesis.
bool at_function(TokenStream& in) {
  uint32_t ahead = 1;
  while (ahead < 7 && in.peek(ahead).kind == TokenKind::kDot) ahead += 2;
  return in.peek(ahead).kind == TokenKind::kOpen;
}

FromItem* parse_table(TokenStream& in) {
  TableRef* table = parse_relation(in);
  table->alias = parse_optional_alias(in);
  if (in.at(Keyword::kTablesample)) table->sample = parse_sample(in);
  return table;
}

FromItem* parse_plain_primary(TokenStream& in) {
  if (in.at(TokenKind::kOpen)) return parse_open(in, false);
  if (in.at(Keyword::kLateral)) {
    in.skip();
    if (in.at(TokenKind::kOpen)) return parse_open(in, true);
    FromItem* item = in.at(Keyword::kRows, Keyword::kFrom) ? parse_rows_from(in) : parse_function(in);
    static_cast<FunctionRef*>(item)->lateral = true;
    return item;
  }
  if (in.at(Keyword::kOnly)) return parse_table(in);
  if (in.at(Keyword::kXmltable)) in.refuse(in.position(), "XMLTABLE");
  if (in.at(Keyword::kRows, Keyword::kFrom)) return parse_rows_from(in);
  if (at_time_window(in)) return parse_time_window(in);
  if (at_special_call(in)) {
    const bool plain_name = can_name_column(in.token()) && !in.at_next(TokenKind::kOpen);
    return plain_name ? parse_table(in) : parse_function(in);
  }
  const bool function_name = !can_name_column(in.token()) && can_name_type_or_function(in.token());
  return function_name || at_function(in) ? parse_function(in) : parse_table(in);
}

FromItem* parse_table_primary(TokenStream& in) { return with_match(in, parse_plain_primary(in)); }

bool at_join(const TokenStream& in) {
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kJoin:
    case Keyword::kInner:
    case Keyword::kLeft:
    case Keyword::kRight:
    case Keyword::kFull:
    case Keyword::kCross:
    case Keyword::kNatural: return true;
    default: return false;
  }
}

JoinType parse_join_type(TokenStream& in) {
  JoinType type = JoinType::kInner;
  if (in.at(Keyword::kLeft)) type = JoinType::kLeft;
  if (in.at(Keyword::kRight)) type = JoinType::kRight;
  if (in.at(Keyword::kFull)) type = JoinType::kFull;
  if (type != JoinType::kInner) {
    in.skip();
    in.accept(Keyword::kOuter);
  } else {
    in.accept(Keyword::kInner);
  }
  in.expect(Keyword::kJoin);
  return type;
}

void parse_join_condition(TokenStream& in, JoinExpr* join) {
  if (in.accept(Keyword::kUsing)) {
    join->using_columns = parse_names_in_parentheses(in);
    if (in.accept(Keyword::kAs)) join->using_alias = parse_column_name(in);
    return;
  }
  in.expect(Keyword::kOn);
  join->on = parse_expr(in);
}

JoinExpr* parse_join(TokenStream& in, FromItem* left) {
  auto* join = in.make<JoinExpr>();
  join->left = left;
  if (in.accept(Keyword::kCross)) {
    in.expect(Keyword::kJoin);
    join->type = JoinType::kCross;
    join->right = parse_table_primary(in);
    return join;
  }
  join->natural = in.accept(Keyword::kNatural);
  join->type = parse_join_type(in);
  const Nested nested(in);
  FromItem* right = parse_table_primary(in);
  if (!join->natural) {
    while (at_join(in)) {  // a JOIN b JOIN c ON … ON …: the inner join comes first
      right = parse_join(in, right);
      in.grow();
    }
    parse_join_condition(in, join);
  }
  join->right = right;
  return join;
}

FromItem* parse_joins(TokenStream& in, FromItem* left) {
  while (at_join(in)) {
    left = parse_join(in, left);
    in.grow();
  }
  return left;
}

}  // namespace

const Alias* parse_optional_alias(TokenStream& in) {
  if (!in.accept(Keyword::kAs) && !at_alias(in)) return nullptr;
  const std::string_view name = parse_column_name(in);
  return make_alias(in, name, parse_optional_names(in));
}

const FromItem* parse_from_item(TokenStream& in) { return parse_joins(in, parse_table_primary(in)); }

List<const FromItem*> parse_from_list(TokenStream& in) { return parse_list(in, parse_from_item); }

}  // namespace troupe::sql
