// Extensions, publications, subscriptions.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

// After a comma the kind of the object before it goes on: FOR TABLE a, b, TABLES IN SCHEMA s.
const PublicationObject* parse_publication_object(TokenStream& in, PublicationObjectType* current, bool* known) {
  auto* object = in.make<PublicationObject>();
  if (in.accept(Keyword::kTable)) {
    *current = PublicationObjectType::kTable;
    *known = true;
  } else if (in.at(Keyword::kTables, Keyword::kIn)) {
    in.skip();
    in.skip();
    in.expect(Keyword::kSchema);
    *current = PublicationObjectType::kTablesInSchema;
    *known = true;
  } else if (!*known) {
    if (!can_name_column(in.token()) && !in.at(Keyword::kCurrentSchema)) in.fail();
    in.fail(ErrorCode::kSyntaxError, in.position(), "invalid publication object list",
            "One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name.");
  }
  object->type = *current;
  if (*current == PublicationObjectType::kTable) {
    object->table = parse_relation(in);
    object->columns = parse_optional_names(in);
    if (in.accept(Keyword::kWhere)) {
      in.expect(TokenKind::kOpen);
      object->where = parse_expr(in);
      in.expect(TokenKind::kClose);
    }
  } else if (in.accept(Keyword::kCurrentSchema)) {
    object->type = PublicationObjectType::kTablesInCurrentSchema;
  } else {
    object->schema = parse_column_name(in);
  }
  return object;
}

List<const PublicationObject*> parse_publication_objects(TokenStream& in) {
  PublicationObjectType current{};
  bool known = false;
  return parse_list(in, [&](TokenStream& s) { return parse_publication_object(s, &current, &known); });
}

List<const Option*> parse_with_definition(TokenStream& in) {
  return in.accept(Keyword::kWith) ? parse_definition(in) : List<const Option*>{};
}

bool at_add_set_drop(const TokenStream& in) {
  return in.at(Keyword::kAdd) || in.at(Keyword::kSet) || in.at(Keyword::kDrop);
}

}  // namespace

Statement* parse_create_extension(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateExtensionStatement>(position);
  create->if_not_exists = accept_if_not_exists(in);
  create->name = parse_column_name(in);
  in.accept(Keyword::kWith);
  ListBuilder<const Option*> options(in);
  for (;;) {
    const uint32_t at = in.position();
    if (in.accept(Keyword::kSchema)) {
      options.add(make_option(in, "schema", make_string(in, parse_column_name(in), at), at));
    } else if (in.accept(Keyword::kVersion)) {
      options.add(make_option(in, "new_version", make_string(in, parse_word_or_string(in), at), at));
    } else if (in.accept(Keyword::kCascade)) {
      options.add(make_option(in, "cascade", make_boolean(in, true, at), at));
    } else if (in.at(Keyword::kFrom)) {
      in.refuse(at, "CREATE EXTENSION ... FROM");
    } else {
      break;
    }
  }
  create->options = options.finish();
  return create;
}

Statement* parse_alter_extension(TokenStream& in, uint32_t position) {
  const std::string_view name = parse_column_name(in);
  if (in.accept(Keyword::kUpdate)) {
    auto* alter = in.make<AlterExtensionStatement>(position);
    alter->name = name;
    if (in.accept(Keyword::kTo)) alter->new_version = parse_word_or_string(in);
    return alter;
  }
  auto* alter = in.make<AlterExtensionContentsStatement>(position);
  alter->name = name;
  alter->add = in.accept(Keyword::kAdd);
  if (!alter->add) in.expect(Keyword::kDrop);
  ObjectKind kind{};
  const Token first = in.token();
  if (!parse_object_kind(in, &kind)) in.fail_at(first);
  alter->object = parse_object_ref(in, kind);
  return alter;
}

Statement* parse_create_publication(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreatePublicationStatement>(position);
  create->name = parse_column_name(in);
  if (in.accept(Keyword::kFor)) {
    if (in.at(Keyword::kAll, Keyword::kTables)) {
      in.skip();
      in.skip();
      create->all_tables = true;
    } else {
      create->objects = parse_publication_objects(in);
    }
  }
  create->options = parse_with_definition(in);
  return create;
}

Statement* parse_alter_publication(TokenStream& in, uint32_t position) {
  using Action = AlterPublicationStatement::Action;
  auto* alter = in.make<AlterPublicationStatement>(position);
  alter->name = parse_column_name(in);
  if (!at_add_set_drop(in)) in.fail();
  alter->action = in.at(Keyword::kAdd) ? Action::kAdd : in.at(Keyword::kSet) ? Action::kSet : Action::kDrop;
  in.skip();
  if (alter->action == Action::kSet && in.at(TokenKind::kOpen)) {
    alter->action = Action::kOptions;
    alter->options = parse_definition(in);
  } else {
    alter->objects = parse_publication_objects(in);
  }
  return alter;
}

Statement* parse_create_subscription(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateSubscriptionStatement>(position);
  create->name = parse_column_name(in);
  in.expect(Keyword::kConnection);
  create->connection = parse_string(in);
  in.expect(Keyword::kPublication);
  create->publications = parse_column_names(in);
  create->options = parse_with_definition(in);
  return create;
}

Statement* parse_alter_subscription(TokenStream& in, uint32_t position) {
  using Action = AlterSubscriptionStatement::Action;
  auto* alter = in.make<AlterSubscriptionStatement>(position);
  alter->name = parse_column_name(in);
  if (in.accept(Keyword::kConnection)) {
    alter->action = Action::kConnection;
    alter->connection = parse_string(in);
  } else if (in.accept(Keyword::kRefresh)) {
    in.expect(Keyword::kPublication);
    alter->action = Action::kRefresh;
    alter->options = parse_with_definition(in);
  } else if (in.accept(Keyword::kEnable)) {
    alter->action = Action::kEnable;
  } else if (in.accept(Keyword::kDisable)) {
    alter->action = Action::kDisable;
  } else if (in.accept(Keyword::kSkip)) {
    alter->action = Action::kSkip;
    alter->options = parse_definition(in);
  } else if (in.at(Keyword::kSet) && in.at_next(TokenKind::kOpen)) {
    in.skip();
    alter->action = Action::kOptions;
    alter->options = parse_definition(in);
  } else {
    if (!at_add_set_drop(in)) in.fail();
    alter->action = in.at(Keyword::kAdd)   ? Action::kAddPublication
                    : in.at(Keyword::kSet) ? Action::kSetPublication
                                           : Action::kDropPublication;
    in.skip();
    in.expect(Keyword::kPublication);
    alter->publications = parse_column_names(in);
    alter->options = parse_with_definition(in);
  }
  return alter;
}

}  // namespace troupe::sql
