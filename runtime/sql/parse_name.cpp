// Names: PostgreSQL's ColId, ColLabel & co., qualified names, operators' names.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

std::string_view take_name(TokenStream& in, bool allowed) {
  if (!allowed) [[unlikely]] in.fail();
  const std::string_view name = in.name_of(in.token());
  in.skip();
  return name;
}

// The rest of first.second.third.
Name finish_name(TokenStream& in, std::string_view first) {
  if (!in.at(TokenKind::kDot)) return in.arena().copy(&first, 1);
  ListBuilder<std::string_view> parts(in);
  parts.add(first);
  while (in.accept(TokenKind::kDot)) parts.add(parse_label(in));
  return parts.finish();
}

}  // namespace

bool can_name_column(const Token& token) {
  if (token.kind == TokenKind::kQuotedWord) return true;
  return token.kind == TokenKind::kWord && keyword_category(token.keyword) <= KeywordCategory::kColumnName;
}

bool can_name_type_or_function(const Token& token) {
  if (token.kind == TokenKind::kQuotedWord) return true;
  if (token.kind != TokenKind::kWord) return false;
  const KeywordCategory category = keyword_category(token.keyword);
  return category <= KeywordCategory::kUnreserved || category == KeywordCategory::kTypeFunction;
}

bool can_be_label(const Token& token) {
  return token.kind == TokenKind::kQuotedWord || token.kind == TokenKind::kWord;
}

bool can_be_bare_label(const Token& token) {
  if (token.kind == TokenKind::kQuotedWord) return true;
  return token.kind == TokenKind::kWord && keyword_entry(token.keyword).bare_label;
}

std::string_view parse_column_name(TokenStream& in) { return take_name(in, can_name_column(in.token())); }
std::string_view parse_type_function_name(TokenStream& in) {
  return take_name(in, can_name_type_or_function(in.token()));
}
std::string_view parse_label(TokenStream& in) { return take_name(in, can_be_label(in.token())); }
std::string_view parse_word(TokenStream& in) {
  return take_name(in, in.at(TokenKind::kQuotedWord) || (in.at(TokenKind::kWord) && keyword_category(in.keyword()) !=
                                                                                       KeywordCategory::kReserved));
}

std::string_view parse_string(TokenStream& in) {
  if (!in.at(TokenKind::kString)) [[unlikely]] in.fail();
  const std::string_view value = in.string_of(in.token());
  in.skip();
  return value;
}

std::string_view parse_word_or_string(TokenStream& in) {
  return in.at(TokenKind::kString) ? parse_string(in) : parse_word(in);
}

Name parse_any_name(TokenStream& in) { return finish_name(in, parse_column_name(in)); }

Name parse_function_name(TokenStream& in) {
  if (in.at_next(TokenKind::kDot)) return parse_any_name(in);
  const std::string_view name = parse_type_function_name(in);
  return in.arena().copy(&name, 1);
}

Name make_name(TokenStream& in, std::initializer_list<std::string_view> parts) {
  return in.arena().copy(parts.begin(), parts.size());
}

List<std::string_view> parse_column_names(TokenStream& in) { return parse_list(in, parse_column_name); }
List<std::string_view> parse_names_in_parentheses(TokenStream& in) {
  return parse_list_in_parentheses(in, parse_column_name);
}
List<std::string_view> parse_optional_names(TokenStream& in) {
  return in.at(TokenKind::kOpen) ? parse_names_in_parentheses(in) : List<std::string_view>{};
}

TableRef* parse_qualified_name(TokenStream& in) {
  auto* table = in.make<TableRef>();
  table->name = parse_column_name(in);
  if (in.accept(TokenKind::kDot)) {
    table->schema = table->name;
    table->name = parse_label(in);
    if (in.accept(TokenKind::kDot)) {
      table->catalog = table->schema;
      table->schema = table->name;
      table->name = parse_label(in);
      if (in.at(TokenKind::kDot)) {
        in.fail(ErrorCode::kSyntaxError, table->position,
                cat("improper qualified name (too many dotted names): ", table->catalog, ".", table->schema, ".",
                    table->name, ".", in.raw(in.peek(1))));
      }
    }
  }
  return table;
}

TableRef* parse_relation(TokenStream& in) {
  if (in.accept(Keyword::kOnly)) {
    const bool parenthesised = in.accept(TokenKind::kOpen);
    TableRef* table = parse_qualified_name(in);
    if (parenthesised) in.expect(TokenKind::kClose);
    table->only = true;
    return table;
  }
  TableRef* table = parse_qualified_name(in);
  in.accept(TokenKind::kStar);
  return table;
}

List<const TableRef*> parse_qualified_names(TokenStream& in) {
  return parse_list(in, [](TokenStream& s) -> const TableRef* { return parse_qualified_name(s); });
}

bool at_operator_symbol(const TokenStream& in) {
  const TokenKind kind = in.kind();
  return kind == TokenKind::kOperator || (kind >= TokenKind::kPlus && kind <= TokenKind::kNotEqual);
}

std::string_view operator_symbol(TokenStream& in, const Token& token) {
  return token.kind == TokenKind::kNotEqual ? std::string_view("<>") : in.raw(token);
}

OperatorName parse_operator_name(TokenStream& in) {
  ListBuilder<std::string_view> schema(in);
  while (can_name_column(in.token())) {
    schema.add(parse_column_name(in));
    in.expect(TokenKind::kDot);
  }
  if (!at_operator_symbol(in)) in.fail();
  const Token symbol = in.take();
  return {schema.finish(), operator_symbol(in, symbol)};
}

OperatorName parse_parenthesised_operator(TokenStream& in) {
  in.expect(TokenKind::kOpen);
  const OperatorName name = parse_operator_name(in);
  in.expect(TokenKind::kClose);
  return name;
}

bool accept_if_exists(TokenStream& in) {
  if (!in.at(Keyword::kIf, Keyword::kExists)) return false;
  in.skip();
  in.skip();
  return true;
}

bool accept_if_not_exists(TokenStream& in) {
  if (!in.at(Keyword::kIf, Keyword::kNot)) return false;
  in.skip();
  in.skip();
  in.expect(Keyword::kExists);
  return true;
}

DropBehavior parse_drop_behavior(TokenStream& in) {
  if (in.accept(Keyword::kCascade)) return DropBehavior::kCascade;
  in.accept(Keyword::kRestrict);
  return DropBehavior::kRestrict;
}

}  // namespace troupe::sql
