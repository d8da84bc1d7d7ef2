// Operators: precedence climbing over PostgreSQL's table (gram.y's %left, %right and %nonassoc lines).
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

enum Precedence : int {
  kNone, kIs, kComparison, kRange /* BETWEEN IN LIKE */, kAnyOperator, kAddition, kMultiplication, kPower,
  kAtTimeZone, kCollation, kUnaryMinus, kTypecast,
};

struct Level {
  int min = kIs;
  bool restricted = false;  ///< b_expr
};

const Expr* parse_operators(TokenStream& in, Level level);
const Expr* continue_operators(TokenStream& in, const Expr* left, Level level);

Precedence precedence_of_keyword(TokenStream& in, bool restricted) {
  switch (in.keyword()) {
    case Keyword::kIs: return kIs;
    case Keyword::kOperator: return in.at_next(TokenKind::kOpen) ? kAnyOperator : kNone;  // else a name
    case Keyword::kIsnull:
    case Keyword::kNotnull: return restricted ? kNone : kIs;
    case Keyword::kBetween:
    case Keyword::kIn:
    case Keyword::kLike:
    case Keyword::kIlike: return restricted ? kNone : kRange;
    case Keyword::kSimilar: return !restricted && in.at_next(Keyword::kTo) ? kRange : kNone;  // SUBSTRING has its own
    case Keyword::kAt: return !restricted && in.at_next(Keyword::kTime) ? kAtTimeZone : kNone;
    case Keyword::kCollate: return restricted ? kNone : kCollation;
    case Keyword::kNot: {
      if (restricted) return kNone;
      const Keyword next = in.peek(1).keyword;
      const bool range = next == Keyword::kBetween || next == Keyword::kIn || next == Keyword::kLike ||
                         next == Keyword::kIlike || next == Keyword::kSimilar;
      return range ? kRange : kNone;
    }
    default: return kNone;
  }
}

Precedence precedence_of(TokenStream& in, bool restricted) {
  switch (in.kind()) {
    case TokenKind::kLess:
    case TokenKind::kGreater:
    case TokenKind::kEqual:
    case TokenKind::kLessEqual:
    case TokenKind::kGreaterEqual:
    case TokenKind::kNotEqual: return kComparison;
    case TokenKind::kOperator: return kAnyOperator;
    case TokenKind::kPlus:
    case TokenKind::kMinus: return kAddition;
    case TokenKind::kStar:
    case TokenKind::kSlash:
    case TokenKind::kPercent: return kMultiplication;
    case TokenKind::kCaret: return kPower;
    case TokenKind::kTypecast: return kTypecast;
    case TokenKind::kWord: return precedence_of_keyword(in, restricted);
    default: return kNone;
  }
}

bool at_any_or_all(const TokenStream& in) {
  return in.at(Keyword::kAny) || in.at(Keyword::kSome) || in.at(Keyword::kAll);
}

// left op ANY (…), the operator already consumed.
const Expr* parse_any_all(TokenStream& in, const Expr* left, OperatorName op, uint32_t position) {
  const bool all = in.at(Keyword::kAll);
  in.skip();
  in.expect(TokenKind::kOpen);
  const QueryOrExpr inside = parse_query_or_expr(in);
  in.expect(TokenKind::kClose);
  if (inside.query != nullptr) {
    auto* node = in.make<SubqueryExpr>(position);
    node->type = all ? SubqueryType::kAll : SubqueryType::kAny;
    node->schema = op.schema;
    node->op = op.op;
    node->test = left;
    node->query = inside.query;
    return node;
  }
  auto* node = in.make<AnyAllExpr>(position);
  node->all = all;
  node->schema = op.schema;
  node->op = op.op;
  node->left = left;
  node->array = inside.expr;
  return node;
}

const Expr* parse_binary(TokenStream& in, const Expr* left, Precedence precedence, Level level) {
  const uint32_t position = in.position();
  OperatorName op;
  if (in.accept(Keyword::kOperator)) {
    op = parse_parenthesised_operator(in);
  } else {
    const Token symbol = in.take();
    op.op = operator_symbol(in, symbol);
  }
  if (at_any_or_all(in) && !level.restricted) return parse_any_all(in, left, op, position);
  const Expr* right = parse_operators(in, {precedence + 1, level.restricted});
  OperatorExpr* node = make_operator(in, op.op, left, right, position);
  node->schema = op.schema;
  return node;
}

const Expr* make_null_test(TokenStream& in, const Expr* argument, bool negated, uint32_t position) {
  auto* node = in.make<NullTest>(position);
  node->argument = argument;
  node->negated = negated;
  return node;
}

const Expr* make_boolean_test(TokenStream& in, const Expr* argument, TruthValue value, bool negated,
                              uint32_t position) {
  auto* node = in.make<BooleanTest>(position);
  node->argument = argument;
  node->value = value;
  node->negated = negated;
  return node;
}

const Expr* parse_is_normalized(TokenStream& in, const Expr* argument, bool negated, uint32_t position) {
  FunctionCall* call = make_call(in, "is_normalized", position, CallSyntax::kIsNormalized);
  ListBuilder<const Expr*> arguments(in);
  arguments.add(argument);
  if (!in.at(Keyword::kNormalized)) {
    const std::string_view form = in.raw(in.token());
    arguments.add(make_string(in, form, in.position()));
    in.skip();
  }
  in.expect(Keyword::kNormalized);
  call->arguments = arguments.finish();
  if (!negated) return call;
  auto* node = in.make<BooleanExpr>(position);
  const Expr* inner = call;
  node->op = BooleanOp::kNot;
  node->arguments = in.arena().copy(&inner, 1);
  return node;
}

const Expr* parse_is(TokenStream& in, const Expr* left, Level level) {
  const uint32_t position = in.position();
  in.skip();
  const bool negated = in.accept(Keyword::kNot);
  if (in.at(Keyword::kDistinct)) {
    in.skip();
    in.expect(Keyword::kFrom);
    auto* node = in.make<DistinctTest>(position);
    node->negated = negated;
    node->left = left;
    node->right = parse_operators(in, {kIs + 1, level.restricted});
    return node;
  }
  if (in.at(Keyword::kDocument)) in.refuse(in.position(), "XML");
  if (level.restricted) in.fail();
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kNull: in.skip(); return make_null_test(in, left, negated, position);
    case Keyword::kTrue: in.skip(); return make_boolean_test(in, left, TruthValue::kTrue, negated, position);
    case Keyword::kFalse: in.skip(); return make_boolean_test(in, left, TruthValue::kFalse, negated, position);
    case Keyword::kUnknown: in.skip(); return make_boolean_test(in, left, TruthValue::kUnknown, negated, position);
    case Keyword::kNormalized:
    case Keyword::kNfc:
    case Keyword::kNfd:
    case Keyword::kNfkc:
    case Keyword::kNfkd: return parse_is_normalized(in, left, negated, position);
    default: in.fail();
  }
}

const Expr* parse_between(TokenStream& in, const Expr* left, bool negated, uint32_t position) {
  in.skip();
  auto* node = in.make<BetweenExpr>(position);
  node->negated = negated;
  node->argument = left;
  node->symmetric = in.accept(Keyword::kSymmetric);
  if (!node->symmetric) in.accept(Keyword::kAsymmetric);
  node->low = parse_restricted_expr(in);
  in.expect(Keyword::kAnd);
  node->high = parse_operators(in, {kRange + 1, false});
  return node;
}

const Expr* parse_in(TokenStream& in, const Expr* left, bool negated, uint32_t position) {
  in.skip();
  in.expect(TokenKind::kOpen);
  const QueryOrExpr inside = parse_query_or_expr(in);
  if (inside.query != nullptr) {
    in.expect(TokenKind::kClose);
    auto* node = in.make<SubqueryExpr>(position);
    node->type = SubqueryType::kIn;
    node->negated = negated;
    node->op = "=";
    node->test = left;
    node->query = inside.query;
    return node;
  }
  ListBuilder<const Expr*> list(in);
  list.add(inside.expr);
  while (in.accept(TokenKind::kComma)) list.add(parse_expr(in));
  in.expect(TokenKind::kClose);
  auto* node = in.make<InListExpr>(position);
  node->negated = negated;
  node->argument = left;
  node->list = list.finish();
  return node;
}

std::string_view like_operator(LikeType type, bool negated) {
  if (type == LikeType::kILike) return negated ? "!~~*" : "~~*";
  return negated ? "!~~" : "~~";
}

const Expr* parse_like(TokenStream& in, const Expr* left, bool negated, uint32_t position) {
  const LikeType type = in.at(Keyword::kLike)    ? LikeType::kLike
                        : in.at(Keyword::kIlike) ? LikeType::kILike
                                                 : LikeType::kSimilar;
  in.skip();
  if (type == LikeType::kSimilar) {
    in.expect(Keyword::kTo);
  } else if (at_any_or_all(in)) {
    return parse_any_all(in, left, {{}, like_operator(type, negated)}, position);
  }
  auto* node = in.make<LikeExpr>(position);
  node->type = type;
  node->negated = negated;
  node->argument = left;
  node->pattern = parse_operators(in, {kRange + 1, false});
  if (in.accept(Keyword::kEscape)) node->escape = parse_operators(in, {kRange + 1, false});
  return node;
}

const Expr* parse_range(TokenStream& in, const Expr* left) {
  const uint32_t position = in.position();
  const bool negated = in.accept(Keyword::kNot);
  if (in.at(Keyword::kBetween)) return parse_between(in, left, negated, position);
  if (in.at(Keyword::kIn)) return parse_in(in, left, negated, position);
  return parse_like(in, left, negated, position);
}

const Expr* parse_at_time_zone(TokenStream& in, const Expr* left) {
  FunctionCall* call = make_call(in, "timezone", in.position(), CallSyntax::kAtTimeZone);
  in.skip();
  in.expect(Keyword::kTime, Keyword::kZone);
  const Expr* zone = parse_operators(in, {kAtTimeZone + 1, false});
  const Expr* arguments[] = {zone, left};
  call->arguments = in.arena().copy(arguments, 2);
  return call;
}

const Expr* parse_collate(TokenStream& in, const Expr* left) {
  auto* node = in.make<CollateExpr>();
  in.skip();
  node->argument = left;
  node->collation = parse_any_name(in);
  return node;
}

const Expr* parse_keyword_operator(TokenStream& in, const Expr* left, Level level) {
  const uint32_t position = in.position();
  switch (in.keyword()) {
    case Keyword::kIs: return parse_is(in, left, level);
    case Keyword::kIsnull: in.skip(); return make_null_test(in, left, false, position);
    case Keyword::kNotnull: in.skip(); return make_null_test(in, left, true, position);
    case Keyword::kAt: return parse_at_time_zone(in, left);
    case Keyword::kCollate: return parse_collate(in, left);
    default: return parse_range(in, left);
  }
}

// Whether an operator of this precedence is %nonassoc and its rule ends in an operand, so that another one of the
// same precedence may not follow.
bool ends_in_operand(const Expr* node, Precedence precedence) {
  switch (precedence) {
    case kComparison: return node->is<OperatorExpr>();
    case kIs: return node->is<DistinctTest>();
    case kRange: return node->is<BetweenExpr>() || node->is<LikeExpr>();
    default: return false;
  }
}

const Expr* continue_operators(TokenStream& in, const Expr* left, Level level) {
  Precedence closed = kNone;
  for (;;) {
    const Precedence precedence = precedence_of(in, level.restricted);
    if (precedence < level.min || precedence == kNone) return left;
    if (precedence == closed) in.fail();
    const uint32_t position = in.position();
    if (precedence == kTypecast) {
      in.skip();
      left = make_cast(in, left, parse_type(in), position);
    } else if (in.at(TokenKind::kWord) && !in.at(Keyword::kOperator)) {
      left = parse_keyword_operator(in, left, level);
    } else {
      left = parse_binary(in, left, precedence, level);
    }
    closed = ends_in_operand(left, precedence) ? precedence : kNone;
    in.grow();
  }
}

// row OVERLAPS row
const Expr* parse_overlaps(TokenStream& in, const Expr* left) {
  const uint32_t position = in.position();
  in.skip();
  const uint32_t right_position = in.position();
  const Expr* right = parse_primary(in);
  const auto* first = left->as<RowExpr>();
  const auto* second = right->as<RowExpr>();
  if (second == nullptr) in.fail();
  if (first->fields.size() != 2)
    in.fail(ErrorCode::kSyntaxError, left->position, "wrong number of parameters on left side of OVERLAPS expression");
  if (second->fields.size() != 2)
    in.fail(ErrorCode::kSyntaxError, right_position, "wrong number of parameters on right side of OVERLAPS expression");
  FunctionCall* call = make_call(in, "overlaps", position, CallSyntax::kOverlaps);
  const Expr* arguments[] = {first->fields[0], first->fields[1], second->fields[0], second->fields[1]};
  call->arguments = in.arena().copy(arguments, 4);
  return call;
}

const Expr* make_not(TokenStream& in, const Expr* argument, uint32_t position) {
  auto* node = in.make<BooleanExpr>(position);
  node->op = BooleanOp::kNot;
  node->arguments = in.arena().copy(&argument, 1);
  return node;
}

// Prefix operators bind as their own precedence says, wherever they stand.
const Expr* parse_prefix(TokenStream& in, Level level) {
  const uint32_t position = in.position();
  if (in.at(TokenKind::kMinus) || in.at(TokenKind::kPlus)) {
    const bool minus = in.at(TokenKind::kMinus);
    in.skip();
    const Expr* operand = parse_operators(in, {kUnaryMinus, level.restricted});
    return minus ? negate(in, operand, position) : make_operator(in, "+", nullptr, operand, position);
  }
  if (in.at(TokenKind::kOperator) || in.at(Keyword::kOperator, TokenKind::kOpen)) {
    OperatorName op;
    if (in.accept(Keyword::kOperator)) {
      op = parse_parenthesised_operator(in);
    } else {
      op.op = in.raw(in.take());
    }
    OperatorExpr* node =
        make_operator(in, op.op, nullptr, parse_operators(in, {kAnyOperator, level.restricted}), position);
    node->schema = op.schema;
    return node;
  }
  if (in.at(Keyword::kNot) && !level.restricted) {
    in.skip();
    return make_not(in, parse_operators(in, {kIs, false}), position);
  }
  if (in.at(Keyword::kPrior) && in.in_connect_by) {
    auto* prior = in.make<PriorExpr>(position);
    in.skip();
    prior->argument = parse_operators(in, {kUnaryMinus, false});
    return prior;
  }
  return nullptr;
}

bool may_be_prefix(const TokenStream& in) {
  switch (in.kind()) {
    case TokenKind::kMinus:
    case TokenKind::kPlus:
    case TokenKind::kOperator: return true;
    case TokenKind::kWord:
      return in.at(Keyword::kNot) || in.at(Keyword::kOperator) || (in.in_connect_by && in.at(Keyword::kPrior));
    default: return false;
  }
}

const Expr* parse_operators(TokenStream& in, Level level) {
  const Nested nested(in);
  const Expr* left = may_be_prefix(in) ? parse_prefix(in, level) : nullptr;
  if (left == nullptr) {
    left = parse_primary(in);
    if (in.at(Keyword::kOverlaps) && left->is<RowExpr>()) left = parse_overlaps(in, left);
  }
  return continue_operators(in, left, level);
}

const Expr* make_chain(TokenStream& in, BooleanOp op, const ListBuilder<const Expr*>& terms, uint32_t position) {
  auto* node = in.make<BooleanExpr>(position);
  node->op = op;
  node->arguments = terms.finish();
  return node;
}

// a AND b …, `first` parsed already.
const Expr* continue_and(TokenStream& in, const Expr* first) {
  if (!in.at(Keyword::kAnd)) return first;
  const uint32_t position = in.position();
  ListBuilder<const Expr*> terms(in);
  terms.add(first);
  while (in.accept(Keyword::kAnd)) terms.add(parse_operators(in, {}));
  return make_chain(in, BooleanOp::kAnd, terms, position);
}

const Expr* continue_boolean(TokenStream& in, const Expr* first) {
  first = continue_and(in, first);
  if (!in.at(Keyword::kOr)) return first;
  const uint32_t position = in.position();
  ListBuilder<const Expr*> terms(in);
  terms.add(first);
  while (in.accept(Keyword::kOr)) terms.add(continue_and(in, parse_operators(in, {})));
  return make_chain(in, BooleanOp::kOr, terms, position);
}

}  // namespace

const Expr* parse_expr(TokenStream& in) {
  const Expr* first = parse_operators(in, {});
  if (!in.at(TokenKind::kWord)) return first;
  return continue_boolean(in, first);
}

const Expr* parse_restricted_expr(TokenStream& in) { return parse_operators(in, {kIs, true}); }

const Expr* continue_expr(TokenStream& in, const Expr* left) {
  if (in.at(Keyword::kOverlaps) && left->is<RowExpr>()) left = parse_overlaps(in, left);
  return continue_boolean(in, continue_operators(in, left, {}));
}

}  // namespace troupe::sql
