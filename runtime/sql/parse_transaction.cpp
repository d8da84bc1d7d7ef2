// BEGIN, COMMIT, ROLLBACK, savepoints, prepared transactions.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

const Option* parse_isolation(TokenStream& in, uint32_t position) {
  in.expect(Keyword::kLevel);
  std::string_view level;
  if (in.accept(Keyword::kSerializable)) {
    level = "serializable";
  } else if (in.accept(Keyword::kRepeatable)) {
    in.expect(Keyword::kRead);
    level = "repeatable read";
  } else {
    in.expect(Keyword::kRead);
    level = in.at(Keyword::kCommitted) ? "read committed" : "read uncommitted";
    if (!in.accept(Keyword::kCommitted)) in.expect(Keyword::kUncommitted);
  }
  return make_option(in, "transaction_isolation", make_string(in, level, position), position);
}

const Option* parse_mode(TokenStream& in) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kIsolation)) return parse_isolation(in, position);
  if (in.accept(Keyword::kRead)) {
    const bool only = in.accept(Keyword::kOnly);
    if (!only) in.expect(Keyword::kWrite);
    return make_option(in, "transaction_read_only", make_boolean(in, only, position), position);
  }
  const bool deferrable = !in.accept(Keyword::kNot);
  in.expect(Keyword::kDeferrable);
  return make_option(in, "transaction_deferrable", make_boolean(in, deferrable, position), position);
}

bool at_mode(const TokenStream& in) {
  return in.at(Keyword::kIsolation) || in.at(Keyword::kRead) || in.at(Keyword::kDeferrable) || in.at(Keyword::kNot);
}

void skip_work(TokenStream& in) {
  if (!in.accept(Keyword::kWork)) in.accept(Keyword::kTransaction);
}

// The word SAVEPOINT, unless it is the savepoint's name.
void skip_savepoint(TokenStream& in) {
  if (in.at(Keyword::kSavepoint) && can_name_column(in.peek(1))) in.skip();
}

void parse_chain(TokenStream& in, TransactionStatement* node) {
  if (!in.accept(Keyword::kAnd)) return;
  node->chain = !in.accept(Keyword::kNo);
  in.expect(Keyword::kChain);
}

void parse_commit(TokenStream& in, TransactionStatement* node) {
  node->verb = TransactionVerb::kCommit;
  if (in.accept(Keyword::kPrepared)) {
    node->verb = TransactionVerb::kCommitPrepared;
    node->name = parse_string(in);
    return;
  }
  skip_work(in);
  parse_chain(in, node);
}

void parse_rollback(TokenStream& in, TransactionStatement* node) {
  node->verb = TransactionVerb::kRollback;
  if (in.accept(Keyword::kPrepared)) {
    node->verb = TransactionVerb::kRollbackPrepared;
    node->name = parse_string(in);
    return;
  }
  skip_work(in);
  if (in.accept(Keyword::kTo)) {
    skip_savepoint(in);
    node->verb = TransactionVerb::kRollbackTo;
    node->name = parse_column_name(in);
    return;
  }
  parse_chain(in, node);
}

}  // namespace

List<const Option*> parse_transaction_modes(TokenStream& in) {
  ListBuilder<const Option*> modes(in);
  while (at_mode(in)) {
    modes.add(parse_mode(in));
    if (in.accept(TokenKind::kComma) && !at_mode(in)) in.fail();
  }
  return modes.finish();
}

Statement* parse_transaction(TokenStream& in) {
  auto* node = in.make<TransactionStatement>();
  const Keyword keyword = in.keyword();
  in.skip();
  switch (keyword) {
    case Keyword::kBegin:
      node->verb = TransactionVerb::kBegin;
      skip_work(in);
      node->modes = parse_transaction_modes(in);
      break;
    case Keyword::kStart:
      node->verb = TransactionVerb::kStart;
      in.expect(Keyword::kTransaction);
      node->modes = parse_transaction_modes(in);
      break;
    case Keyword::kCommit: parse_commit(in, node); break;
    case Keyword::kEnd:
      node->verb = TransactionVerb::kCommit;
      skip_work(in);
      parse_chain(in, node);
      break;
    case Keyword::kAbort:
      node->verb = TransactionVerb::kRollback;
      skip_work(in);
      parse_chain(in, node);
      break;
    case Keyword::kRollback: parse_rollback(in, node); break;
    case Keyword::kSavepoint:
      node->verb = TransactionVerb::kSavepoint;
      node->name = parse_column_name(in);
      break;
    case Keyword::kRelease:
      node->verb = TransactionVerb::kRelease;
      skip_savepoint(in);
      node->name = parse_column_name(in);
      break;
    default:  // PREPARE
      node->verb = TransactionVerb::kPrepare;
      in.expect(Keyword::kTransaction);
      node->name = parse_string(in);
  }
  return node;
}

}  // namespace troupe::sql
