// Operands: literals, columns, parentheses, CASE, ARRAY, ROW, EXISTS.
#include <charconv>

#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

const Expr* parse_string_literal(TokenStream& in) {
  const uint32_t position = in.position();
  return make_string(in, parse_string(in), position);
}

const Expr* parse_bits_literal(TokenStream& in) {
  auto* literal = in.make<Literal>();
  literal->type = LiteralType::kBits;
  literal->text = in.bits_of(in.token());
  in.skip();
  return literal;
}

const Expr* parse_parameter(TokenStream& in) {
  auto* parameter = in.make<Parameter>();
  const std::string_view digits = in.raw(in.token()).substr(1);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), parameter->number);
  if (result.ec != std::errc{} || parameter->number > INT32_MAX) in.fail();
  in.parameter_count = std::max(in.parameter_count, parameter->number);
  in.skip();
  return with_accessors(in, parameter);
}

const Expr* make_scalar_subquery(TokenStream& in, const SelectStatement* query, uint32_t position) {
  auto* node = in.make<SubqueryExpr>(position);
  node->type = SubqueryType::kScalar;
  node->query = query;
  return node;
}

// ( expr ), ( expr, expr … ) or ( query ), and what may follow each.
const Expr* parse_parenthesised(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  const QueryOrExpr inside = parse_query_or_expr(in);
  if (inside.query != nullptr) {
    in.expect(TokenKind::kClose);
    return with_accessors(in, make_scalar_subquery(in, inside.query, position));
  }
  if (in.at(TokenKind::kComma)) {
    ListBuilder<const Expr*> fields(in);
    fields.add(inside.expr);
    while (in.accept(TokenKind::kComma)) fields.add(parse_expr(in));
    in.expect(TokenKind::kClose);
    auto* row = in.make<RowExpr>(position);
    row->fields = fields.finish();
    return row;
  }
  in.expect(TokenKind::kClose);
  return with_accessors(in, inside.expr);
}

const Expr* parse_row(TokenStream& in) {
  auto* row = in.make<RowExpr>();
  in.skip();
  row->explicit_row = true;
  in.expect(TokenKind::kOpen);
  if (!in.at(TokenKind::kClose)) row->fields = parse_expr_list(in);
  in.expect(TokenKind::kClose);
  return row;
}

const Expr* parse_array_elements(TokenStream& in) {
  const Nested nested(in);
  auto* array = in.make<ArrayExpr>();
  in.expect(TokenKind::kOpenBracket);
  if (in.at(TokenKind::kOpenBracket)) {
    array->elements = parse_list(in, parse_array_elements);
  } else if (!in.at(TokenKind::kCloseBracket)) {
    array->elements = parse_expr_list(in);
  }
  in.expect(TokenKind::kCloseBracket);
  return array;
}

const Expr* parse_array(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  if (!in.at(TokenKind::kOpen)) {
    const Expr* array = parse_array_elements(in);
    return array;
  }
  auto* node = in.make<SubqueryExpr>(position);
  node->type = SubqueryType::kArray;
  node->query = parse_query_in_parentheses(in);
  return node;
}

const Expr* parse_exists(TokenStream& in) {
  auto* node = in.make<SubqueryExpr>();
  in.skip();
  node->type = SubqueryType::kExists;
  node->query = parse_query_in_parentheses(in);
  return node;
}

const Expr* parse_case(TokenStream& in) {
  auto* node = in.make<CaseExpr>();
  in.skip();
  if (!in.at(Keyword::kWhen)) node->argument = parse_expr(in);
  ListBuilder<CaseBranch> branches(in);
  do {
    CaseBranch branch;
    in.expect(Keyword::kWhen);
    branch.when = parse_expr(in);
    in.expect(Keyword::kThen);
    branch.then = parse_expr(in);
    branches.add(branch);
  } while (in.at(Keyword::kWhen));
  node->branches = branches.finish();
  if (in.accept(Keyword::kElse)) node->otherwise = parse_expr(in);
  in.expect(Keyword::kEnd);
  return node;
}

const Expr* parse_grouping(TokenStream& in) {
  auto* node = in.make<GroupingExpr>();
  in.skip();
  node->arguments = parse_list_in_parentheses(in, parse_expr);
  return node;
}

template <typename T>
const Expr* take_as(TokenStream& in) {
  const Expr* node = in.make<T>();
  in.skip();
  return node;
}

const Expr* parse_constant_word(TokenStream& in, LiteralType type, bool value) {
  Literal* literal = make_literal(in, type, in.position());
  literal->integer = value ? 1 : 0;
  in.skip();
  return literal;
}

Accessor parse_accessor(TokenStream& in) {
  Accessor accessor;
  accessor.position = in.position();
  if (in.accept(TokenKind::kDot)) {
    if (in.accept(TokenKind::kStar)) {
      accessor.kind = Accessor::Kind::kStar;
    } else {
      accessor.field = parse_label(in);
    }
    return accessor;
  }
  in.expect(TokenKind::kOpenBracket);
  if (!in.at(TokenKind::kColon)) accessor.upper = parse_expr(in);
  accessor.kind = Accessor::Kind::kSubscript;
  if (in.accept(TokenKind::kColon)) {
    accessor.kind = Accessor::Kind::kSlice;
    accessor.lower = accessor.upper;
    accessor.upper = in.at(TokenKind::kCloseBracket) ? nullptr : parse_expr(in);
  }
  in.expect(TokenKind::kCloseBracket);
  return accessor;
}

// 'type' 'text' for a user's type name: `json '{}'`.
const Expr* parse_named_literal(TokenStream& in, Name name, ExprList modifiers, uint32_t position) {
  auto* type = in.make<TypeName>(position);
  type->name = name;
  type->modifiers = modifiers;
  return make_cast(in, parse_string_literal(in), type, position);
}

const Expr* make_column(TokenStream& in, Name name, bool star, uint32_t position) {
  auto* column = in.make<ColumnRef>(position);
  column->name = name;
  column->star = star;
  return column;
}

// f(x) is a call, unless a string follows: mytype(3) 'text'.
const Expr* parse_call_or_literal(TokenStream& in, Name name, uint32_t position) {
  const Expr* call = parse_call(in, name, position);
  if (!in.at(TokenKind::kString)) return call;
  const auto* plain = call->as<FunctionCall>();
  const bool modifiers = plain != nullptr && !plain->star && !plain->distinct && plain->over == nullptr;
  if (!modifiers || plain->arguments.empty()) in.fail();
  return parse_named_literal(in, name, plain->arguments, position);
}

// A name: a column, a call, or a type before its literal.
const Expr* parse_named(TokenStream& in) {
  const Token first = in.token();
  if (!can_name_column(first) && !can_name_type_or_function(first)) in.fail();
  const std::string_view first_name = in.name_of(first);
  in.skip();
  const bool may_call = can_name_type_or_function(first);
  if (!in.at(TokenKind::kDot)) {
    const bool call = in.at(TokenKind::kOpen) && may_call;
    const bool literal = in.at(TokenKind::kString) && may_call;
    const Name name = in.arena().copy(&first_name, 1);
    if (call) return parse_call_or_literal(in, name, first.begin);
    if (literal) return parse_named_literal(in, name, {}, first.begin);
    if (!can_name_column(first)) in.fail();
    const Expr* column = make_column(in, name, false, first.begin);
    return in.at(TokenKind::kOpenBracket) ? with_accessors(in, column) : column;
  }
  if (!can_name_column(first)) in.fail();
  ListBuilder<std::string_view> parts(in);
  parts.add(first_name);
  bool star = false;
  while (!star && in.accept(TokenKind::kDot)) {
    star = in.accept(TokenKind::kStar);
    if (!star) parts.add(parse_label(in));
  }
  const Name name = parts.finish();
  if (!star && in.at(TokenKind::kOpen)) return parse_call_or_literal(in, name, first.begin);
  if (!star && in.at(TokenKind::kString)) return parse_named_literal(in, name, {}, first.begin);
  const Expr* column = make_column(in, name, star, first.begin);
  return star ? column : with_accessors(in, column);
}

// Whether a type keyword here starts a typed literal rather than naming a column.
bool starts_typed_literal(TokenStream& in) {
  const Token& next = in.peek(1);
  if (next.kind == TokenKind::kString || next.kind == TokenKind::kOpen) return true;
  if (next.kind != TokenKind::kWord) return false;
  switch (next.keyword) {
    case Keyword::kVarying: return true;
    case Keyword::kWith:
    case Keyword::kWithout: return in.peek(2).keyword == Keyword::kTime;
    case Keyword::kChar:
    case Keyword::kCharacter: return in.at(Keyword::kNational);
    default: return false;
  }
}

const Expr* parse_double_precision(TokenStream& in) {
  const uint32_t position = in.position();
  const TypeName* type = parse_simple_type(in);
  return make_cast(in, parse_string_literal(in), type, position);
}

const Expr* parse_word_operand(TokenStream& in) {
  const Keyword keyword = in.keyword();
  if (keyword == Keyword::kNoKeyword) return at_row_semantics(in) ? parse_row_semantics(in) : parse_named(in);
  switch (keyword) {
    case Keyword::kNull: return parse_constant_word(in, LiteralType::kNull, false);
    case Keyword::kTrue: return parse_constant_word(in, LiteralType::kBoolean, true);
    case Keyword::kFalse: return parse_constant_word(in, LiteralType::kBoolean, false);
    case Keyword::kCase: return parse_case(in);
    case Keyword::kExists:
      if (in.at_next(TokenKind::kOpen)) return parse_exists(in);
      break;
    case Keyword::kArray: return parse_array(in);
    case Keyword::kRow:
      if (in.at_next(TokenKind::kOpen)) return parse_row(in);
      break;
    case Keyword::kGrouping:
      if (in.at_next(TokenKind::kOpen)) return parse_grouping(in);
      break;
    case Keyword::kDefault: return take_as<DefaultExpr>(in);
    case Keyword::kDouble:
      if (in.at_next(Keyword::kPrecision)) return parse_double_precision(in);
      break;
    default: break;
  }
  if (at_special_call(in)) {
    if (keyword_category(keyword) != KeywordCategory::kColumnName || in.at_next(TokenKind::kOpen))
      return parse_special_call(in);
  } else if (at_constant_type(in) && starts_typed_literal(in)) {
    return parse_typed_literal(in);
  }
  return parse_named(in);
}

}  // namespace

ExprList parse_expr_list(TokenStream& in) { return parse_list(in, parse_expr); }

List<Accessor> parse_accessors(TokenStream& in) {
  ListBuilder<Accessor, 2> accessors(in);
  while (in.at(TokenKind::kDot) || in.at(TokenKind::kOpenBracket)) {
    if (!accessors.empty() && accessors.back().kind == Accessor::Kind::kStar) in.fail();
    accessors.add(parse_accessor(in));
  }
  return accessors.finish();
}

const Expr* with_accessors(TokenStream& in, const Expr* argument) {
  if (!in.at(TokenKind::kDot) && !in.at(TokenKind::kOpenBracket)) return argument;
  auto* node = in.make<Indirection>(argument->position);
  node->argument = argument;
  node->accessors = parse_accessors(in);
  return node;
}

const Expr* parse_primary(TokenStream& in) {
  switch (in.kind()) {
    case TokenKind::kWord: return parse_word_operand(in);
    case TokenKind::kQuotedWord: return parse_named(in);
    case TokenKind::kInteger:
    case TokenKind::kNumeric: return parse_number(in);
    case TokenKind::kString: return parse_string_literal(in);
    case TokenKind::kBits: return parse_bits_literal(in);
    case TokenKind::kParameter: return parse_parameter(in);
    case TokenKind::kOpen: return parse_parenthesised(in);
    default: in.fail();
  }
}

bool at_query(TokenStream& in) {
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kSelect:
    case Keyword::kWith:
    case Keyword::kTable: return true;
    case Keyword::kValues: return in.at_next(TokenKind::kOpen);
    default: return false;
  }
}

// `((SELECT 1) UNION SELECT 2)` and `((SELECT 1) + 2)` differ only after the inner parenthesis: so the inside is
// parsed first, and what follows says what it was.
QueryOrExpr parse_query_or_expr(TokenStream& in) {
  if (at_query(in)) return {parse_select(in), nullptr};
  if (!in.at(TokenKind::kOpen)) return {nullptr, parse_expr(in)};
  const Nested nested(in);
  const uint32_t position = in.position();
  in.skip();
  const QueryOrExpr inside = parse_query_or_expr(in);
  if (inside.query != nullptr) {
    in.expect(TokenKind::kClose);
    if (at_select_continuation(in)) return {continue_select(in, inside.query), nullptr};
    if (in.at(TokenKind::kClose)) return inside;
    const Expr* scalar = with_accessors(in, make_scalar_subquery(in, inside.query, position));
    return {nullptr, continue_expr(in, scalar)};
  }
  const Expr* operand = nullptr;
  if (in.at(TokenKind::kComma)) {
    ListBuilder<const Expr*> fields(in);
    fields.add(inside.expr);
    while (in.accept(TokenKind::kComma)) fields.add(parse_expr(in));
    in.expect(TokenKind::kClose);
    auto* row = in.make<RowExpr>(position);
    row->fields = fields.finish();
    operand = row;
  } else {
    in.expect(TokenKind::kClose);
    operand = with_accessors(in, inside.expr);
  }
  return {nullptr, continue_expr(in, operand)};
}

SelectStatement* parse_query_in_parentheses(TokenStream& in) {
  in.expect(TokenKind::kOpen);
  const Nested nested(in);
  SelectStatement* query = nullptr;
  if (in.at(TokenKind::kOpen)) {
    query = continue_select(in, parse_query_in_parentheses(in));
  } else {
    query = parse_select(in);
  }
  in.expect(TokenKind::kClose);
  return query;
}

}  // namespace troupe::sql
