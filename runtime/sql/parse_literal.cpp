// Literals and small node makers.
#include <charconv>
#include <limits>

#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

// PostgreSQL's rule: int4 if it fits, else int8 if it fits, else numeric.
void set_number(Literal* literal, std::string_view text) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) {
    literal->type = LiteralType::kNumeric;
    literal->text = text;
    return;
  }
  literal->integer = value;
  const bool small = value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
  literal->type = small ? LiteralType::kInt4 : LiteralType::kInt8;
}

}  // namespace

Literal* make_literal(TokenStream& in, LiteralType type, uint32_t position) {
  auto* literal = in.make<Literal>(position);
  literal->type = type;
  return literal;
}

Literal* make_string(TokenStream& in, std::string_view text, uint32_t position) {
  auto* literal = make_literal(in, LiteralType::kString, position);
  literal->text = text;
  return literal;
}

Literal* make_boolean(TokenStream& in, bool value, uint32_t position) {
  auto* literal = make_literal(in, LiteralType::kBoolean, position);
  literal->integer = value ? 1 : 0;
  return literal;
}

Literal* make_integer(TokenStream& in, int64_t value, uint32_t position) {
  auto* literal = make_literal(in, LiteralType::kInt4, position);
  literal->integer = value;
  if (value != static_cast<int32_t>(value)) literal->type = LiteralType::kInt8;
  return literal;
}

const Expr* parse_number(TokenStream& in) {
  auto* literal = in.make<Literal>();
  const std::string_view text = in.raw(in.token());
  if (in.at(TokenKind::kInteger)) {
    set_number(literal, text);
  } else {
    literal->type = LiteralType::kNumeric;
    literal->text = text;
  }
  in.skip();
  return literal;
}

const Expr* negate(TokenStream& in, const Expr* operand, uint32_t position) {
  const auto* literal = operand->as<Literal>();
  if (literal == nullptr || literal->type < LiteralType::kInt4 || literal->type > LiteralType::kNumeric)
    return make_operator(in, "-", nullptr, operand, position);
  auto* negated = in.make<Literal>(position);
  if (literal->type != LiteralType::kNumeric && literal->integer == INT64_MIN) {
    set_number(negated, "9223372036854775808");
    return negated;
  }
  if (literal->type != LiteralType::kNumeric) {
    *negated = *literal;
    negated->position = position;
    negated->integer = -literal->integer;
    const bool narrow = negated->integer == static_cast<int32_t>(negated->integer);
    negated->type = narrow ? LiteralType::kInt4 : LiteralType::kInt8;
    return negated;
  }
  if (literal->text.front() == '-') {
    set_number(negated, literal->text.substr(1));
    return negated;
  }
  char* text = in.arena().bytes(literal->text.size() + 1);
  text[0] = '-';
  literal->text.copy(text + 1, literal->text.size());
  set_number(negated, {text, literal->text.size() + 1});
  return negated;
}

FunctionCall* make_call(TokenStream& in, std::string_view catalog_function, uint32_t position, CallSyntax syntax) {
  auto* call = in.make<FunctionCall>(position);
  call->name = make_name(in, {"pg_catalog", catalog_function});
  call->syntax = syntax;
  return call;
}

OperatorExpr* make_operator(TokenStream& in, std::string_view op, const Expr* left, const Expr* right,
                            uint32_t position) {
  auto* node = in.make<OperatorExpr>(position);
  node->op = op;
  node->left = left;
  node->right = right;
  return node;
}

int32_t parse_integer(TokenStream& in) {
  if (!in.at(TokenKind::kInteger)) in.fail();
  int32_t value = 0;
  const std::string_view text = in.raw(in.token());
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) in.fail();
  in.skip();
  return value;
}

int32_t parse_signed_integer(TokenStream& in) {
  if (in.accept(TokenKind::kMinus)) return -parse_integer(in);
  in.accept(TokenKind::kPlus);
  return parse_integer(in);
}

const Expr* parse_numeric_only(TokenStream& in) {
  const uint32_t position = in.position();
  const bool negative = in.accept(TokenKind::kMinus);
  if (!negative) in.accept(TokenKind::kPlus);
  if (!in.at(TokenKind::kInteger) && !in.at(TokenKind::kNumeric)) in.fail();
  const Expr* number = parse_number(in);
  return negative ? negate(in, number, position) : number;
}

}  // namespace troupe::sql
