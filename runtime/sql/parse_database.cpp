// Databases and tablespaces.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

bool at_database_option(const TokenStream& in) {
  if (in.at(TokenKind::kQuotedWord)) return true;
  if (!in.at(TokenKind::kWord)) return false;
  switch (in.keyword()) {
    case Keyword::kNoKeyword:
    case Keyword::kConnection:
    case Keyword::kEncoding:
    case Keyword::kLocation:
    case Keyword::kOwner:
    case Keyword::kTablespace:
    case Keyword::kTemplate: return true;
    default: return false;
  }
}

// name [=] value | DEFAULT; CONNECTION LIMIT is connection_limit.
const Option* parse_database_option(TokenStream& in) {
  const uint32_t position = in.position();
  std::string_view name;
  if (in.accept(Keyword::kConnection)) {
    in.expect(Keyword::kLimit);
    name = "connection_limit";
  } else {
    if (!at_database_option(in)) in.fail();
    name = parse_label(in);
  }
  in.accept(TokenKind::kEqual);
  if (in.accept(Keyword::kDefault)) return make_option(in, name, nullptr, position);
  const bool number = in.at(TokenKind::kInteger) || in.at(TokenKind::kNumeric) || in.at(TokenKind::kMinus) ||
                      in.at(TokenKind::kPlus);
  return make_option(in, name, number ? parse_numeric_only(in) : parse_boolean_or_string(in), position);
}

List<const Option*> parse_database_options(TokenStream& in) {
  ListBuilder<const Option*> options(in);
  while (at_database_option(in)) options.add(parse_database_option(in));
  return options.finish();
}

const Option* single_option(TokenStream& in, std::string_view name, const Node* value) {
  return make_option(in, name, value, in.position());
}

}  // namespace

Statement* parse_create_database(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateDatabaseStatement>(position);
  create->name = parse_column_name(in);
  in.accept(Keyword::kWith);
  create->options = parse_database_options(in);
  return create;
}

Statement* parse_alter_database(TokenStream& in, uint32_t position) {
  auto* alter = in.make<AlterDatabaseStatement>(position);
  alter->name = parse_column_name(in);
  if (in.at(Keyword::kSet, Keyword::kTablespace)) {
    in.skip();
    in.skip();
    const Option* option = single_option(in, "tablespace", make_string(in, parse_column_name(in), in.position()));
    alter->options = in.arena().copy(&option, 1);
  } else if (in.at(Keyword::kSet) || in.at(Keyword::kReset)) {
    alter->setting = parse_set_or_reset(in);
  } else if (in.accept(Keyword::kRefresh)) {
    const Option* option = single_option(in, "refresh_collation_version", nullptr);
    in.expect(Keyword::kCollation, Keyword::kVersion);
    alter->options = in.arena().copy(&option, 1);
  } else {
    in.accept(Keyword::kWith);
    alter->options = parse_database_options(in);
  }
  return alter;
}

Statement* parse_drop_database(TokenStream& in, uint32_t position) {
  auto* drop = in.make<DropDatabaseStatement>(position);
  drop->if_exists = accept_if_exists(in);
  drop->name = parse_column_name(in);
  const bool with = in.accept(Keyword::kWith);
  if (with || in.at(TokenKind::kOpen)) {
    drop->options = parse_list_in_parentheses(in, [](TokenStream& s) -> const Option* {
      const uint32_t at = s.position();
      s.expect(Keyword::kForce);
      return make_option(s, "force", nullptr, at);
    });
  }
  return drop;
}

Statement* parse_create_tablespace(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateTablespaceStatement>(position);
  create->name = parse_column_name(in);
  if (in.accept(Keyword::kOwner)) create->owner = parse_role(in);
  in.expect(Keyword::kLocation);
  create->location = parse_string(in);
  if (in.accept(Keyword::kWith)) create->options = parse_relation_options(in);
  return create;
}

}  // namespace troupe::sql
