// Streams, their consumer groups and webhooks.
#include "runtime/sql/ast_group.hpp"
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

void expect_word(TokenStream& in, std::string_view word) {
  if (!in.accept_word(word)) in.fail();
}

const StreamedTableNode* parse_streamed_table(TokenStream& in) {
  auto* node = in.make<StreamedTableNode>();
  node->table = parse_qualified_name(in);
  node->columns = parse_optional_names(in);
  return node;
}

/// EARLIEST | LATEST | SNAPSHOT | 'token' | SCN n | TIMESTAMP 't'; false: none of them.
bool accept_place(TokenStream& in, StreamStart* start) {
  using Type = StreamStart::Type;
  if (in.accept_word("earliest")) {
    start->type = Type::kEarliest;
  } else if (in.accept_word("latest")) {
    start->type = Type::kLatest;
  } else if (in.accept(Keyword::kSnapshot)) {
    start->type = Type::kSnapshot;
  } else if (in.accept_word("scn")) {
    if (!in.at(TokenKind::kInteger) && !in.at(TokenKind::kNumeric)) in.fail();
    start->type = Type::kScn;
    start->text = in.raw(in.take());
  } else if (in.accept(Keyword::kTimestamp)) {
    start->type = Type::kTimestamp;
    start->text = parse_string(in);
  } else if (in.at(TokenKind::kString)) {
    start->type = Type::kToken;
    start->text = parse_string(in);
  } else {
    return false;
  }
  return true;
}

/// [FROM] place
void parse_place(TokenStream& in, StreamStart* start) {
  in.accept(Keyword::kFrom);
  if (!accept_place(in, start)) in.fail();
}

List<const Option*> parse_with_definition(TokenStream& in) {
  return in.accept(Keyword::kWith) ? parse_definition(in) : List<const Option*>{};
}

GroupOrWebhookStatement* parse_group_name(TokenStream& in, ConsumerGroupStatement::Action action,
                                          bool (*accept_if)(TokenStream&), uint32_t position) {
  auto* node = in.make<GroupOrWebhookStatement>(position);
  node->webhook = in.at_word("webhook");
  in.skip();
  if (!node->webhook) in.expect(Keyword::kGroup);
  node->action = action;
  if (accept_if != nullptr) node->if_exists = accept_if(in);
  node->group = parse_column_name(in);
  in.expect(Keyword::kOn);
  if (node->webhook) expect_word(in, "stream");
  node->stream = parse_qualified_name(in);
  return node;
}

}  // namespace

bool at_consumer_group(TokenStream& in) {
  return in.at_word("webhook") || (in.at_word("consumer") && in.at_next(Keyword::kGroup));
}

Statement* parse_create_stream(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateStreamStatement>(position);
  in.skip();
  create->if_not_exists = accept_if_not_exists(in);
  create->stream = parse_qualified_name(in);
  in.expect(Keyword::kOn);
  create->tables = parse_list(in, parse_streamed_table);
  if (in.accept(Keyword::kWhere)) create->where = parse_expr(in);
  create->options = parse_with_definition(in);
  return create;
}

Statement* parse_alter_stream(TokenStream& in, uint32_t position) {
  auto* alter = in.make<AlterStreamStatement>(position);
  alter->stream = parse_qualified_name(in);
  alter->reset = in.accept(Keyword::kReset);
  if (!alter->reset) in.expect(Keyword::kSet);
  alter->options = parse_definition(in);
  return alter;
}

Statement* parse_create_consumer_group(TokenStream& in, uint32_t position) {
  auto* node = parse_group_name(in, ConsumerGroupStatement::Action::kCreate, accept_if_not_exists, position);
  if (node->webhook) {
    in.expect(Keyword::kTo);
    node->url = parse_string(in);
  }
  if (in.accept(Keyword::kStart)) parse_place(in, &node->start);
  node->options = parse_with_definition(in);
  return node;
}

Statement* parse_alter_consumer_group(TokenStream& in, uint32_t position) {
  using Action = ConsumerGroupStatement::Action;
  auto* node = parse_group_name(in, Action::kSeek, nullptr, position);
  if (in.accept(Keyword::kSet)) {
    node->action = Action::kOptions;
    node->options = parse_definition(in);
    return node;
  }
  if (in.accept(Keyword::kDiscard)) {
    node->action = Action::kOptions;
    node->discards = true;
    expect_word(in, "dead");
    expect_word(in, "letters");
    if (in.at(TokenKind::kString)) node->tokens = parse_list(in, parse_string);
    return node;
  }
  if (node->webhook && (in.at(Keyword::kTo) || in.at(Keyword::kEnable) || in.at(Keyword::kDisable))) {
    node->action = Action::kOptions;
    if (in.accept(Keyword::kTo)) {
      node->url = parse_string(in);
    } else {
      node->enabled = in.at(Keyword::kEnable);
      in.skip();
    }
    return node;
  }
  expect_word(in, "seek");
  in.expect(Keyword::kTo);
  parse_place(in, &node->start);
  return node;
}

Statement* parse_drop_consumer_group(TokenStream& in, uint32_t position) {
  return parse_group_name(in, ConsumerGroupStatement::Action::kDrop, accept_if_exists, position);
}

// SUBSCRIBE TO STREAM s; the first two words are taken.
Statement* parse_subscribe_stream(TokenStream& in, uint32_t position) {
  auto* node = in.make<SubscribeStreamStatement>(position);
  in.skip();
  node->stream = parse_qualified_name(in);
  if (in.at(Keyword::kFrom)) {
    parse_place(in, &node->start);
  } else {
    accept_place(in, &node->start);
  }
  node->options = parse_with_definition(in);
  return node;
}

Statement* parse_consume(TokenStream& in) {
  auto* node = in.make<ConsumeStatement>();
  in.skip();
  node->count = parse_integer(in);
  in.expect(Keyword::kFrom);
  node->stream = parse_qualified_name(in);
  in.expect(Keyword::kGroup);
  node->group = parse_column_name(in);
  if (in.accept_word("member")) node->member = parse_string(in);
  node->has_wait = in.accept_word("wait");
  if (node->has_wait) node->wait = parse_string(in);
  return node;
}

Statement* parse_acknowledge(TokenStream& in) {
  auto* node = in.make<AnswerStatement>();
  node->reject = in.at_word("reject");
  in.skip();
  node->stream = parse_qualified_name(in);
  in.expect(Keyword::kGroup);
  node->group = parse_column_name(in);
  if (in.accept_word("batch")) node->batch = parse_string(in);
  if (in.accept(Keyword::kPartition)) node->partition = parse_integer(in);
  if (in.accept_word("upto")) {
    node->has_token = true;
    node->token = parse_string(in);
  }
  if (node->reject && in.accept_word("reason")) node->reason = parse_string(in);
  if (node->reject && in.accept(Keyword::kAfter)) {
    node->has_pause = true;
    node->pause = parse_string(in);
  }
  return node;
}

}  // namespace troupe::sql
