// Patterns over live events.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

Name names_of(TokenStream& in, const TableRef& ref) {
  ListBuilder<std::string_view> names(in);
  if (!ref.schema.empty()) names.add(ref.schema);
  names.add(ref.name);
  return names.finish();
}

// What the statement itself says, beside WITH (…): in a name space that nobody can write.
void add_part(TokenStream& in, std::string_view name, const Node* value, ListBuilder<const Option*>* options) {
  Option* option = make_option(in, name, value, value->position);
  option->name_space = "pattern";
  options->add(option);
}

// SELECT * FROM pattern_events MATCH_RECOGNIZE (…): a pattern's query is bound like any other.
const SelectStatement* parse_pattern_query(TokenStream& in) {
  const uint32_t position = in.position();
  auto* events = in.make<TableRef>(position);
  events->name = "pattern_events";
  if (!at_match_recognize(in)) in.fail();
  const FromItem* match = parse_match_recognize(in, events);
  auto* star = in.make<ColumnRef>(position);
  star->star = true;
  auto* all = in.make<Target>(position);
  all->value = star;
  auto* select = in.make<SelectStatement>(position);
  const Target* target = all;
  select->targets = in.arena().copy(&target, 1);
  select->from = in.arena().copy(&match, 1);
  return select;
}

}  // namespace

// CREATE PATTERN p ON [STREAM | TABLE] s MATCH_RECOGNIZE (…) EMIT INTO t [(columns)] [WITH (…)]
Statement* parse_create_pattern(TokenStream& in, uint32_t position) {
  auto* create = in.make<DefineStatement>(position);
  in.skip();
  create->object = ObjectKind::kStream;
  create->if_not_exists = accept_if_not_exists(in);
  create->name = names_of(in, *parse_qualified_name(in));
  ListBuilder<const Option*> options(in);
  in.expect(Keyword::kOn);
  // A stream may be called stream.
  const bool stream = in.at_word("stream") && in.peek(1).kind != TokenKind::kDot && !in.at_word("match_recognize", 1);
  const std::string_view kind = stream ? "stream" : in.at(Keyword::kTable) ? "table" : "source";
  if (kind != "source") in.skip();
  const uint32_t source_position = in.position();
  add_part(in, kind, make_name_list(in, names_of(in, *parse_qualified_name(in)), source_position), &options);
  auto* query = in.make<SubqueryExpr>();
  query->query = parse_pattern_query(in);
  add_part(in, "query", query, &options);
  if (!in.accept_word("emit")) in.fail();
  in.expect(Keyword::kInto);
  const uint32_t target_position = in.position();
  add_part(in, "target", make_name_list(in, names_of(in, *parse_qualified_name(in)), target_position), &options);
  if (in.at(TokenKind::kOpen)) {
    const uint32_t columns_position = in.position();
    add_part(in, "columns", make_name_list(in, parse_names_in_parentheses(in), columns_position), &options);
  }
  if (in.accept(Keyword::kWith)) {
    for (const Option* option : parse_definition(in)) options.add(option);
  }
  create->options = options.finish();
  return create;
}

}  // namespace troupe::sql
