// CREATE: what comes after decides who parses it.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

bool accept_or_replace(TokenStream& in) {
  if (!in.accept(Keyword::kOr)) return false;
  in.expect(Keyword::kReplace);
  return true;
}

bool at_persistence(const TokenStream& in) {
  return in.at(Keyword::kGlobal) || in.at(Keyword::kLocal) || in.at(Keyword::kTemp) || in.at(Keyword::kTemporary) ||
         in.at(Keyword::kUnlogged);
}

Statement* parse_create_temporary(TokenStream& in, bool replace, uint32_t position) {
  const Persistence persistence = parse_persistence(in);
  if (in.at(Keyword::kView) || in.at(Keyword::kRecursive))
    return parse_create_view(in, replace, persistence, position);
  if (replace) in.fail();
  if (in.accept(Keyword::kTable)) return parse_create_table(in, persistence, position);
  if (in.accept(Keyword::kSequence)) return parse_create_sequence(in, persistence, position);
  if (in.at(Keyword::kMaterialized) && persistence == Persistence::kUnlogged)
    return parse_create_materialized_view(in, persistence, position);
  in.fail();
}

// CREATE OR REPLACE and those that may also do without.
Statement* parse_replaceable(TokenStream& in, bool replace, uint32_t position) {
  switch (in.keyword()) {
    case Keyword::kView:
    case Keyword::kRecursive: return parse_create_view(in, replace, Persistence::kPermanent, position);
    case Keyword::kFunction:
    case Keyword::kProcedure: return parse_create_function(in, replace, position);
    case Keyword::kAggregate: in.skip(); return parse_define(in, ObjectKind::kAggregate, replace, position);
    case Keyword::kTrigger: in.skip(); return parse_create_trigger(in, replace, false, position);
    case Keyword::kConstraint:
      in.skip();
      in.expect(Keyword::kTrigger);
      return parse_create_trigger(in, replace, true, position);
    case Keyword::kRule: in.skip(); return parse_create_rule(in, replace, position);
    case Keyword::kTransform: in.skip(); return parse_create_transform(in, replace, position);
    case Keyword::kTrusted:
    case Keyword::kProcedural:
    case Keyword::kLanguage: {
      const bool trusted = in.accept(Keyword::kTrusted);
      in.accept(Keyword::kProcedural);
      in.expect(Keyword::kLanguage);
      return parse_create_language(in, replace, trusted, position);
    }
    default: return nullptr;
  }
}

Statement* parse_create_foreign(TokenStream& in, uint32_t position) {
  in.skip();
  if (in.accept(Keyword::kTable)) return parse_create_foreign_table(in, position);
  in.expect(Keyword::kData, Keyword::kWrapper);
  return parse_foreign_wrapper(in, ForeignStatement::Verb::kCreate, position);
}

Statement* parse_create_user(TokenStream& in, uint32_t position) {
  in.skip();
  if (in.accept(Keyword::kMapping)) return parse_user_mapping(in, ForeignStatement::Verb::kCreate, position);
  return parse_create_role(in, RoleKind::kUser, position);
}

Statement* parse_create_operator(TokenStream& in, uint32_t position) {
  in.skip();
  if (!in.at_next(TokenKind::kDot)) {
    if (in.accept(Keyword::kClass)) return parse_create_operator_class(in, position);
    if (in.accept(Keyword::kFamily)) return parse_create_operator_family(in, position);
  }
  return parse_define(in, ObjectKind::kOperator, false, position);
}

Statement* parse_create_text_search(TokenStream& in, uint32_t position) {
  ObjectKind kind{};
  parse_object_kind(in, &kind);
  return parse_define(in, kind, false, position);
}

Statement* parse_create_default(TokenStream& in, uint32_t position) {
  in.skip();
  in.expect(Keyword::kConversion);
  return parse_create_conversion(in, true, position);
}

// Kinds that users create often.
Statement* parse_create_common(TokenStream& in, uint32_t position) {
  switch (in.keyword()) {
    case Keyword::kTable: in.skip(); return parse_create_table(in, Persistence::kPermanent, position);
    case Keyword::kUnique:
    case Keyword::kIndex: return parse_create_index(in, position);
    case Keyword::kSequence: in.skip(); return parse_create_sequence(in, Persistence::kPermanent, position);
    case Keyword::kMaterialized: return parse_create_materialized_view(in, Persistence::kPermanent, position);
    case Keyword::kSchema: in.skip(); return parse_create_schema(in, position);
    case Keyword::kType: in.skip(); return parse_create_type(in, position);
    case Keyword::kDomain: in.skip(); return parse_create_domain(in, position);
    case Keyword::kStatistics: return parse_create_statistics(in, position);
    case Keyword::kRole: in.skip(); return parse_create_role(in, RoleKind::kRole, position);
    case Keyword::kGroup: in.skip(); return parse_create_role(in, RoleKind::kGroup, position);
    case Keyword::kUser: return parse_create_user(in, position);
    case Keyword::kDatabase: in.skip(); return parse_create_database(in, position);
    case Keyword::kTablespace: in.skip(); return parse_create_tablespace(in, position);
    case Keyword::kPolicy: in.skip(); return parse_create_policy(in, position);
    case Keyword::kExtension: in.skip(); return parse_create_extension(in, position);
    case Keyword::kPublication: in.skip(); return parse_create_publication(in, position);
    case Keyword::kSubscription: in.skip(); return parse_create_subscription(in, position);
    default: return nullptr;
  }
}

Statement* parse_create_rare(TokenStream& in, uint32_t position) {
  switch (in.keyword()) {
    case Keyword::kEvent:
      in.skip();
      in.expect(Keyword::kTrigger);
      return parse_create_event_trigger(in, position);
    case Keyword::kCast: in.skip(); return parse_create_cast(in, position);
    case Keyword::kOperator: return parse_create_operator(in, position);
    case Keyword::kCollation: in.skip(); return parse_define(in, ObjectKind::kCollation, false, position);
    case Keyword::kConversion: in.skip(); return parse_create_conversion(in, false, position);
    case Keyword::kDefault: return parse_create_default(in, position);
    case Keyword::kText: return parse_create_text_search(in, position);
    case Keyword::kAccess:
      in.skip();
      in.expect(Keyword::kMethod);
      return parse_create_access_method(in, position);
    case Keyword::kForeign: return parse_create_foreign(in, position);
    case Keyword::kServer: in.skip(); return parse_foreign_server(in, ForeignStatement::Verb::kCreate, position);
    default: in.fail();
  }
}

}  // namespace

Statement* parse_create(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  const bool replace = accept_or_replace(in);
  if (!in.at(TokenKind::kWord)) in.fail();
  if (at_persistence(in)) return parse_create_temporary(in, replace, position);
  if (Statement* statement = parse_replaceable(in, replace, position)) return statement;
  if (replace) in.fail();
  if (in.at_word("stream")) return parse_create_stream(in, position);
  if (in.at_word("pattern")) return parse_create_pattern(in, position);
  if (at_consumer_group(in)) return parse_create_consumer_group(in, position);
  if (Statement* statement = parse_create_common(in, position)) return statement;
  return parse_create_rare(in, position);
}

Statement* parse_create_sequence(TokenStream& in, Persistence persistence, uint32_t position) {
  auto* create = in.make<CreateSequenceStatement>(position);
  create->persistence = persistence;
  create->if_not_exists = accept_if_not_exists(in);
  create->sequence = parse_qualified_name(in);
  create->options = parse_sequence_options(in);
  return create;
}

Statement* parse_create_schema(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateSchemaStatement>(position);
  create->if_not_exists = accept_if_not_exists(in);
  if (!in.at(Keyword::kAuthorization)) create->name = parse_column_name(in);
  if (in.accept(Keyword::kAuthorization)) create->authorization = parse_role(in);
  ListBuilder<const Statement*> elements(in);
  while (in.at(Keyword::kCreate) || in.at(Keyword::kGrant)) {
    if (create->if_not_exists)
      in.refuse(in.position(), "CREATE SCHEMA IF NOT EXISTS with schema elements");
    const Token start = in.token();
    const Statement* element = in.at(Keyword::kCreate) ? parse_create(in) : parse_grant(in);
    switch (element->kind) {
      case NodeKind::kCreateTable:
      case NodeKind::kCreateIndex:
      case NodeKind::kCreateSequence:
      case NodeKind::kCreateTrigger:
      case NodeKind::kCreateView:
      case NodeKind::kGrant: elements.add(element); break;
      default: in.fail_at(start);
    }
  }
  create->elements = elements.finish();
  return create;
}

}  // namespace troupe::sql
