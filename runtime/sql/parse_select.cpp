// SELECT, VALUES, TABLE, set operations, WITH, LIMIT, FOR UPDATE.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

enum SetPrecedence : int { kNoSet, kUnionLevel, kIntersectLevel };

bool at_end_of_targets(TokenStream& in) {
  switch (in.kind()) {
    case TokenKind::kEnd:
    case TokenKind::kSemicolon:
    case TokenKind::kClose: return true;
    case TokenKind::kWord: break;
    default: return false;
  }
  switch (in.keyword()) {
    case Keyword::kInto:
    case Keyword::kFrom:
    case Keyword::kWhere:
    case Keyword::kGroup:
    case Keyword::kHaving:
    case Keyword::kWindow:
    case Keyword::kWith: return true;
    default: return at_select_continuation(in);
  }
}

const Target* parse_target(TokenStream& in) {
  auto* target = in.make<Target>();
  if (in.at(TokenKind::kStar)) {
    auto* star = in.make<ColumnRef>();
    star->star = true;
    target->value = star;
    in.skip();
    return target;
  }
  target->value = parse_expr(in);
  if (in.accept(Keyword::kAs)) {
    target->alias = parse_label(in);
  } else if (can_be_bare_label(in.token()) && !at_minus(in)) {
    target->alias = parse_label(in);
  }
  return target;
}

const ConnectBy* parse_hierarchy(TokenStream& in) {
  if (!at_hierarchy(in)) return nullptr;
  auto* node = in.arena().make<ConnectBy>();
  node->position = in.position();
  while (at_hierarchy(in)) {
    const bool start = in.at(Keyword::kStart);
    if (start ? node->start_with != nullptr : node->condition != nullptr) in.fail();
    in.skip();
    in.skip();
    if (start) {
      node->start_with = parse_expr(in);
      continue;
    }
    node->no_cycle = in.accept_word("nocycle");
    const bool outer = in.in_connect_by;
    in.in_connect_by = true;
    node->condition = parse_expr(in);
    in.in_connect_by = outer;
  }
  if (node->condition == nullptr) in.fail();
  return node;
}

void parse_distinct(TokenStream& in, SelectStatement* select) {
  if (!in.accept(Keyword::kDistinct)) {
    in.accept(Keyword::kAll);
    return;
  }
  select->distinct = true;
  if (in.accept(Keyword::kOn)) select->distinct_on = parse_list_in_parentheses(in, parse_expr);
  if (at_end_of_targets(in)) in.fail();
}

SelectStatement* parse_plain_select(TokenStream& in) {
  auto* select = in.make<SelectStatement>();
  in.skip();
  parse_distinct(in, select);
  if (!at_end_of_targets(in)) select->targets = parse_targets(in);
  if (in.at(Keyword::kInto)) select->into = parse_into(in);
  if (in.accept(Keyword::kFrom)) select->from = parse_from_list(in);
  select->where = parse_optional_where(in);
  if (!in.at(TokenKind::kWord)) return select;
  select->connect_by = parse_hierarchy(in);
  if (in.at(Keyword::kGroup)) {
    in.skip();
    in.expect(Keyword::kBy);
    select->group_distinct = in.accept(Keyword::kDistinct);
    if (!select->group_distinct) in.accept(Keyword::kAll);
    select->group_by = parse_group_by(in);
  }
  if (in.accept(Keyword::kHaving)) select->having = parse_expr(in);
  if (in.accept(Keyword::kWindow)) select->windows = parse_window_clause(in);
  return select;
}

SelectStatement* parse_values(TokenStream& in) {
  auto* values = in.make<SelectStatement>();
  in.skip();
  values->is_values = true;
  ListBuilder<ExprList, 2> rows(in);
  do {
    in.expect(TokenKind::kOpen);
    rows.add(parse_expr_list(in));
    in.expect(TokenKind::kClose);
  } while (in.accept(TokenKind::kComma));
  values->values = rows.finish();
  return values;
}

SelectStatement* parse_table(TokenStream& in) {
  auto* select = in.make<SelectStatement>();
  in.skip();
  auto* target = in.make<Target>();
  auto* star = in.make<ColumnRef>();
  star->star = true;
  target->value = star;
  const Target* only = target;
  select->targets = in.arena().copy(&only, 1);
  const FromItem* from = parse_relation(in);
  select->from = in.arena().copy(&from, 1);
  return select;
}

SelectStatement* parse_operand(TokenStream& in) {
  if (in.at(TokenKind::kOpen)) return parse_query_in_parentheses(in);
  if (in.at(Keyword::kSelect)) return parse_plain_select(in);
  if (in.at(Keyword::kValues)) return parse_values(in);
  if (in.at(Keyword::kTable)) return parse_table(in);
  in.fail();
}

SetPrecedence set_precedence(TokenStream& in) {
  if (in.at(Keyword::kUnion) || in.at(Keyword::kExcept)) return kUnionLevel;
  if (in.at(Keyword::kIntersect)) return kIntersectLevel;
  return at_minus(in) ? kUnionLevel : kNoSet;
}

SelectStatement* continue_set(TokenStream& in, SelectStatement* left, int min) {
  for (;;) {
    const SetPrecedence precedence = set_precedence(in);
    if (precedence == kNoSet || precedence < min) return left;
    auto* node = in.make<SelectStatement>();
    node->operation = in.at(Keyword::kUnion)       ? SetOperation::kUnion
                      : in.at(Keyword::kIntersect) ? SetOperation::kIntersect
                                                   : SetOperation::kExcept;
    in.skip();
    node->all = in.accept(Keyword::kAll);
    if (!node->all) in.accept(Keyword::kDistinct);
    node->left = left;
    {
      const Nested nested(in);
      node->right = continue_set(in, parse_operand(in), precedence + 1);
    }
    left = node;
    in.grow();
  }
}

void parse_limit(TokenStream& in, SelectStatement* select) {
  const uint32_t position = in.position();
  in.skip();
  if (select->limit != nullptr) in.fail(ErrorCode::kSyntaxError, position, "multiple LIMIT clauses not allowed");
  if (in.at(Keyword::kAll)) {
    in.skip();
    select->limit = make_literal(in, LiteralType::kNull, position);
  } else {
    select->limit = parse_expr(in);
  }
  if (in.at(TokenKind::kComma))
    in.fail(ErrorCode::kSyntaxError, position, "LIMIT #,# syntax is not supported",
            "Use separate LIMIT and OFFSET clauses.");
}

void parse_offset(TokenStream& in, SelectStatement* select) {
  const uint32_t position = in.position();
  in.skip();
  if (select->offset != nullptr) in.fail(ErrorCode::kSyntaxError, position, "multiple OFFSET clauses not allowed");
  select->offset = parse_expr(in);
  if (!in.accept(Keyword::kRow)) in.accept(Keyword::kRows);
}

// FETCH FIRST [n] ROWS ONLY | WITH TIES
void parse_fetch(TokenStream& in, SelectStatement* select) {
  const uint32_t position = in.position();
  in.skip();
  if (select->limit != nullptr) in.fail(ErrorCode::kSyntaxError, position, "multiple LIMIT clauses not allowed");
  if (!in.accept(Keyword::kFirst)) in.expect(Keyword::kNext);
  if (in.at(Keyword::kRow) || in.at(Keyword::kRows)) {
    select->limit = make_integer(in, 1, position);
  } else if (in.at(TokenKind::kPlus) || in.at(TokenKind::kMinus)) {
    select->limit = parse_numeric_only(in);
  } else {
    select->limit = parse_primary(in);
  }
  if (!in.accept(Keyword::kRow)) in.expect(Keyword::kRows);
  if (in.accept(Keyword::kOnly)) return;
  in.expect(Keyword::kWith, Keyword::kTies);
  select->with_ties = true;
  if (select->order_by.empty())
    in.fail(ErrorCode::kSyntaxError, position, "WITH TIES cannot be specified without ORDER BY clause");
}

const LockingClause* parse_locking(TokenStream& in) {
  auto* lock = in.make<LockingClause>();
  in.skip();
  if (in.accept(Keyword::kUpdate)) {
    lock->strength = LockStrength::kUpdate;
  } else if (in.accept(Keyword::kShare)) {
    lock->strength = LockStrength::kShare;
  } else if (in.accept(Keyword::kNo)) {
    in.expect(Keyword::kKey, Keyword::kUpdate);
    lock->strength = LockStrength::kNoKeyUpdate;
  } else {
    in.expect(Keyword::kKey, Keyword::kShare);
    lock->strength = LockStrength::kKeyShare;
  }
  if (in.accept(Keyword::kOf)) lock->tables = parse_qualified_names(in);
  if (in.accept(Keyword::kNowait)) {
    lock->wait = LockWait::kNoWait;
  } else if (in.accept(Keyword::kSkip)) {
    in.expect(Keyword::kLocked);
    lock->wait = LockWait::kSkipLocked;
  }
  return lock;
}

void parse_locking_clauses(TokenStream& in, SelectStatement* select) {
  if (!in.at(Keyword::kFor)) return;
  if (in.at_next(Keyword::kRead)) {
    in.skip();
    in.expect(Keyword::kRead, Keyword::kOnly);
    return;
  }
  ListBuilder<const LockingClause*, 2> clauses(in);
  for (const LockingClause* clause : select->locking) clauses.add(clause);
  while (in.at(Keyword::kFor)) clauses.add(parse_locking(in));
  select->locking = clauses.finish();
}

bool parse_limits(TokenStream& in, SelectStatement* select) {
  bool any = false;
  for (;; any = true) {
    if (in.at(Keyword::kLimit)) {
      parse_limit(in, select);
    } else if (in.at(Keyword::kOffset)) {
      parse_offset(in, select);
    } else if (in.at(Keyword::kFetch)) {
      parse_fetch(in, select);
    } else {
      return any;
    }
  }
}

void parse_tail(TokenStream& in, SelectStatement* select) {
  if (!in.at(TokenKind::kWord)) return;
  if (in.at(Keyword::kOrder)) {
    if (!select->order_by.empty())
      in.fail(ErrorCode::kSyntaxError, in.position(), "multiple ORDER BY clauses not allowed");
    select->order_by = parse_order_by(in);
  }
  const bool limited = parse_limits(in, select);
  const bool locks = in.at(Keyword::kFor);
  parse_locking_clauses(in, select);
  if (locks && !limited) parse_limits(in, select);
  if (!select->with_ties) return;
  for (const LockingClause* clause : select->locking) {
    if (clause->wait == LockWait::kSkipLocked)
      in.fail(ErrorCode::kSyntaxError, clause->position, "SKIP LOCKED and WITH TIES options cannot be used together");
  }
}

}  // namespace

bool at_minus(TokenStream& in) {
  if (in.keyword() != Keyword::kNoKeyword || !in.at_word("minus")) return false;
  const Token& next = in.peek(1);
  if (next.kind == TokenKind::kOpen) {
    const Keyword inner = in.peek(2).keyword;
    return inner == Keyword::kSelect || inner == Keyword::kWith || inner == Keyword::kValues;
  }
  return next.kind == TokenKind::kWord && (next.keyword == Keyword::kSelect || next.keyword == Keyword::kValues ||
                                           next.keyword == Keyword::kTable || next.keyword == Keyword::kAll);
}

bool at_hierarchy(TokenStream& in) {
  if (in.at(Keyword::kStart)) return in.at_next(Keyword::kWith);
  return in.keyword() == Keyword::kNoKeyword && in.at_word("connect") && in.at_next(Keyword::kBy);
}

bool at_select_continuation(TokenStream& in) {
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kAbort) {
    case Keyword::kUnion:
    case Keyword::kIntersect:
    case Keyword::kExcept:
    case Keyword::kOrder:
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kFetch:
    case Keyword::kFor: return true;
    case Keyword::kNoKeyword: return at_minus(in);
    default: return false;
  }
}

List<const Target*> parse_targets(TokenStream& in) { return parse_list(in, parse_target); }

const Expr* parse_optional_where(TokenStream& in) {
  return in.accept(Keyword::kWhere) ? parse_expr(in) : nullptr;
}

SelectStatement* continue_select(TokenStream& in, SelectStatement* left) {
  SelectStatement* select = continue_set(in, left, kUnionLevel);
  parse_tail(in, select);
  return select;
}

SelectStatement* parse_select(TokenStream& in) {
  const Nested nested(in);
  const uint32_t position = in.position();
  const WithClause* with = in.at(Keyword::kWith) ? parse_with(in) : nullptr;
  SelectStatement* select = continue_select(in, parse_operand(in));
  if (with == nullptr) return select;
  if (select->with != nullptr) in.fail(ErrorCode::kSyntaxError, position, "multiple WITH clauses not allowed");
  select->with = with;
  return select;
}

}  // namespace troupe::sql
