// Cursors, prepared statements, LOCK, notifications and other short statements.
#include <charconv>

#include "runtime/sql/ast_group.hpp"
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

Statement* parse_declare(TokenStream& in) {
  auto* node = in.make<DeclareCursorStatement>();
  in.skip();
  node->name = parse_column_name(in);
  for (;;) {
    if (in.accept(Keyword::kBinary)) {
      node->binary = true;
    } else if (in.accept(Keyword::kInsensitive)) {
      node->insensitive = true;
    } else if (in.accept(Keyword::kAsensitive)) {
      node->asensitive = true;
    } else if (in.accept(Keyword::kScroll)) {
      node->scroll = DeclareCursorStatement::Scroll::kScroll;
    } else if (in.accept(Keyword::kNo)) {
      in.expect(Keyword::kScroll);
      node->scroll = DeclareCursorStatement::Scroll::kNoScroll;
    } else {
      break;
    }
  }
  in.expect(Keyword::kCursor);
  if (in.at(Keyword::kWith) || in.at(Keyword::kWithout)) {
    node->hold = in.at(Keyword::kWith);
    in.skip();
    in.expect(Keyword::kHold);
  }
  in.expect(Keyword::kFor);
  node->query = parse_select(in);
  return node;
}

bool at_statement_end(const Token& token) {
  return token.kind == TokenKind::kEnd || token.kind == TokenKind::kSemicolon;
}

int64_t parse_count(TokenStream& in) {
  const uint32_t position = in.position();
  const bool negative = in.accept(TokenKind::kMinus);
  if (!negative) in.accept(TokenKind::kPlus);
  if (!in.at(TokenKind::kInteger)) in.fail();
  const std::string_view digits = in.raw(in.token());
  int64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
    in.fail(ErrorCode::kNumericValueOutOfRange, position, "FETCH count is out of range");
  in.skip();
  return negative ? -value : value;
}

bool at_count(const TokenStream& in) {
  return in.at(TokenKind::kInteger) || in.at(TokenKind::kMinus) || in.at(TokenKind::kPlus);
}

void set_direction(FetchStatement* fetch, FetchDirection direction, int64_t count) {
  fetch->direction = direction;
  fetch->count = count;
}

// FORWARD and BACKWARD [n | ALL]
void parse_scroll_count(TokenStream& in, FetchStatement* fetch, FetchDirection direction) {
  in.skip();
  set_direction(fetch, direction, 1);
  if (in.accept(Keyword::kAll)) {
    fetch->count = FetchStatement::kFetchAll;
  } else if (at_count(in)) {
    fetch->count = parse_count(in);
  }
}

void parse_direction(TokenStream& in, FetchStatement* fetch) {
  if (at_count(in)) return set_direction(fetch, FetchDirection::kForward, parse_count(in));
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kAll: in.skip(); return set_direction(fetch, FetchDirection::kForward, FetchStatement::kFetchAll);
    case Keyword::kNext: in.skip(); return set_direction(fetch, FetchDirection::kForward, 1);
    case Keyword::kPrior: in.skip(); return set_direction(fetch, FetchDirection::kBackward, 1);
    case Keyword::kFirst: in.skip(); return set_direction(fetch, FetchDirection::kAbsolute, 1);
    case Keyword::kLast: in.skip(); return set_direction(fetch, FetchDirection::kAbsolute, -1);
    case Keyword::kAbsolute: in.skip(); return set_direction(fetch, FetchDirection::kAbsolute, parse_count(in));
    case Keyword::kRelative: in.skip(); return set_direction(fetch, FetchDirection::kRelative, parse_count(in));
    case Keyword::kForward: return parse_scroll_count(in, fetch, FetchDirection::kForward);
    case Keyword::kBackward: return parse_scroll_count(in, fetch, FetchDirection::kBackward);
    default: return;
  }
}

Statement* parse_fetch(TokenStream& in) {
  auto* fetch = in.make<FetchStatement>();
  fetch->move = in.at(Keyword::kMove);
  in.skip();
  const bool lone_name = at_statement_end(in.peek(1)) && can_name_column(in.token());
  if (!lone_name) parse_direction(in, fetch);  // else the word is the cursor
  if (!in.accept(Keyword::kFrom)) in.accept(Keyword::kIn);
  fetch->cursor = parse_column_name(in);
  return fetch;
}

Statement* parse_close(TokenStream& in) {
  auto* close = in.make<CloseStatement>();
  in.skip();
  if (!in.accept(Keyword::kAll)) close->cursor = parse_column_name(in);
  return close;
}

Statement* parse_prepare(TokenStream& in) {
  auto* node = in.make<PrepareStatement>();
  in.skip();
  node->name = parse_column_name(in);
  if (in.at(TokenKind::kOpen)) node->types = parse_list_in_parentheses(in, parse_type);
  in.expect(Keyword::kAs);
  node->query_begin = in.position();
  node->query = parse_preparable(in);
  node->query_end = in.end_of_last();
  return node;
}

Statement* parse_execute(TokenStream& in) {
  auto* node = in.make<ExecuteStatement>();
  in.skip();
  node->name = parse_column_name(in);
  if (in.at(TokenKind::kOpen)) node->arguments = parse_list_in_parentheses(in, parse_expr);
  return node;
}

Statement* parse_deallocate(TokenStream& in) {
  auto* node = in.make<DeallocateStatement>();
  in.skip();
  if (in.at(Keyword::kPrepare) && !at_statement_end(in.peek(1))) in.skip();
  if (!in.accept(Keyword::kAll)) node->name = parse_column_name(in);
  return node;
}

LockMode parse_lock_mode(TokenStream& in) {
  if (in.accept(Keyword::kAccess)) {
    if (in.accept(Keyword::kShare)) return LockMode::kAccessShare;
    in.expect(Keyword::kExclusive);
    return LockMode::kAccessExclusive;
  }
  if (in.accept(Keyword::kRow)) {
    if (in.accept(Keyword::kShare)) return LockMode::kRowShare;
    in.expect(Keyword::kExclusive);
    return LockMode::kRowExclusive;
  }
  if (in.accept(Keyword::kExclusive)) return LockMode::kExclusive;
  in.expect(Keyword::kShare);
  if (in.accept(Keyword::kUpdate)) {
    in.expect(Keyword::kExclusive);
    return LockMode::kShareUpdateExclusive;
  }
  if (in.accept(Keyword::kRow)) {
    in.expect(Keyword::kExclusive);
    return LockMode::kShareRowExclusive;
  }
  return LockMode::kShare;
}

Statement* parse_lock(TokenStream& in) {
  auto* lock = in.make<LockTableStatement>();
  in.skip();
  in.accept(Keyword::kTable);
  lock->tables = parse_list(in, [](TokenStream& s) -> const TableRef* { return parse_relation(s); });
  if (in.accept(Keyword::kIn)) {
    lock->mode = parse_lock_mode(in);
    in.expect(Keyword::kMode);
  }
  lock->no_wait = in.accept(Keyword::kNowait);
  return lock;
}

Statement* parse_listen(TokenStream& in) {
  auto* node = in.make<ListenStatement>();
  in.skip();
  node->channel = parse_column_name(in);
  return node;
}

Statement* parse_notify(TokenStream& in) {
  auto* node = in.make<NotifyStatement>();
  in.skip();
  node->channel = parse_column_name(in);
  if (in.accept(TokenKind::kComma)) node->payload = parse_string(in);
  return node;
}

Statement* parse_unlisten(TokenStream& in) {
  auto* node = in.make<UnlistenStatement>();
  in.skip();
  if (!in.accept(TokenKind::kStar)) node->channel = parse_column_name(in);
  return node;
}

Statement* parse_discard(TokenStream& in) {
  using Target = DiscardStatement::Target;
  auto* node = in.make<DiscardStatement>();
  in.skip();
  if (in.accept(Keyword::kAll)) {
    node->target = Target::kAll;
  } else if (in.accept(Keyword::kPlans)) {
    node->target = Target::kPlans;
  } else if (in.accept(Keyword::kSequences)) {
    node->target = Target::kSequences;
  } else {
    if (!in.accept(Keyword::kTemp)) in.expect(Keyword::kTemporary);
    node->target = Target::kTemporary;
  }
  return node;
}

Statement* parse_load(TokenStream& in) {
  auto* node = in.make<LoadStatement>();
  in.skip();
  node->file = parse_string(in);
  return node;
}

Statement* parse_checkpoint(TokenStream& in) {
  auto* node = in.make<CheckpointStatement>();
  in.skip();
  return node;
}

// SUBSCRIBE TO t [, …] [WHERE condition] [FROM 'token'] [WITH (…)]
Statement* parse_subscribe(TokenStream& in) {
  auto* node = in.make<SubscribeTablesStatement>();
  in.skip();
  in.expect(Keyword::kTo);
  // A table may be called stream, too.
  if (in.at_word("stream") && (in.at_next(TokenKind::kWord) || in.at_next(TokenKind::kQuotedWord)) &&
      !in.at_next(Keyword::kFrom)) {
    return parse_subscribe_stream(in, node->position);
  }
  node->tables = parse_qualified_names(in);
  if (in.accept(Keyword::kWhere)) node->where = parse_expr(in);
  if (in.accept(Keyword::kFrom)) {
    node->has_token = true;
    node->token = parse_string(in);
  }
  if (in.accept(Keyword::kWith)) node->options = parse_definition(in);
  return node;
}

}  // namespace

Statement* parse_cursor_statement(TokenStream& in) {
  if (in.at(Keyword::kDeclare)) return parse_declare(in);
  if (in.at(Keyword::kClose)) return parse_close(in);
  return parse_fetch(in);
}

Statement* parse_utility(TokenStream& in) {
  switch (in.keyword()) {
    case Keyword::kPrepare: return in.at_next(Keyword::kTransaction) ? parse_transaction(in) : parse_prepare(in);
    case Keyword::kExecute: return parse_execute(in);
    case Keyword::kDeallocate: return parse_deallocate(in);
    case Keyword::kLock: return parse_lock(in);
    case Keyword::kListen: return parse_listen(in);
    case Keyword::kNotify: return parse_notify(in);
    case Keyword::kUnlisten: return parse_unlisten(in);
    case Keyword::kDiscard: return parse_discard(in);
    case Keyword::kLoad: return parse_load(in);
    case Keyword::kCheckpoint: return parse_checkpoint(in);
    case Keyword::kNoKeyword:
      if (in.at_word("subscribe")) return parse_subscribe(in);
      if (in.at_word("consume")) return parse_consume(in);
      return in.at_word("acknowledge") || in.at_word("reject") ? parse_acknowledge(in) : nullptr;
    default: return nullptr;
  }
}

}  // namespace troupe::sql
