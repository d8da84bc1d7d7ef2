// DROP, COMMENT, SECURITY LABEL.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

Statement* parse_drop_role(TokenStream& in, uint32_t position) {
  auto* drop = in.make<DropRoleStatement>(position);
  in.skip();
  drop->if_exists = accept_if_exists(in);
  drop->roles = parse_roles(in);
  return drop;
}

Statement* parse_drop_tablespace(TokenStream& in, uint32_t position) {
  auto* drop = in.make<DropTablespaceStatement>(position);
  in.skip();
  drop->if_exists = accept_if_exists(in);
  drop->name = parse_column_name(in);
  return drop;
}

// One object per statement where its name has several parts: ON t, USING am, (a AS b).
bool takes_list(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTrigger:
    case ObjectKind::kRule:
    case ObjectKind::kPolicy:
    case ObjectKind::kOperatorClass:
    case ObjectKind::kOperatorFamily:
    case ObjectKind::kCast:
    case ObjectKind::kTransform:
    case ObjectKind::kLanguage:
    case ObjectKind::kSubscription: return false;
    default: return true;
  }
}

bool can_drop(ObjectKind kind) {
  return kind != ObjectKind::kColumn && kind != ObjectKind::kTableConstraint && kind != ObjectKind::kLargeObject;
}

std::string_view parse_string_or_null(TokenStream& in, bool* is_null) {
  *is_null = in.accept(Keyword::kNull);
  return *is_null ? std::string_view{} : parse_string(in);
}

const ObjectRef* parse_target(TokenStream& in) {
  in.expect(Keyword::kOn);
  ObjectKind kind{};
  const Token first = in.token();
  if (!parse_object_kind(in, &kind)) in.fail_at(first);
  return parse_object_ref(in, kind);
}

}  // namespace

Statement* parse_drop(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kOwned: in.skip(); return parse_drop_owned(in, position);
    case Keyword::kDatabase: in.skip(); return parse_drop_database(in, position);
    case Keyword::kTablespace: return parse_drop_tablespace(in, position);
    case Keyword::kUser:
      if (in.at_next(Keyword::kMapping) &&
          (in.peek(2).keyword == Keyword::kFor || in.peek(2).keyword == Keyword::kIf)) {
        in.skip();
        in.skip();
        return parse_user_mapping(in, ForeignStatement::Verb::kDrop, position);
      }
      return parse_drop_role(in, position);
    case Keyword::kRole:
    case Keyword::kGroup: return parse_drop_role(in, position);
    default: break;
  }
  if (at_consumer_group(in)) return parse_drop_consumer_group(in, position);
  auto* drop = in.make<DropStatement>(position);
  const Token first = in.token();
  if (!parse_object_kind(in, &drop->object) || !can_drop(drop->object)) in.fail_at(first);
  if (drop->object == ObjectKind::kIndex) drop->concurrently = in.accept(Keyword::kConcurrently);
  drop->if_exists = accept_if_exists(in);
  ListBuilder<const ObjectRef*> objects(in);
  do {
    objects.add(parse_object_ref(in, drop->object));
  } while (takes_list(drop->object) && in.accept(TokenKind::kComma));
  drop->objects = objects.finish();
  drop->behavior = parse_drop_behavior(in);
  return drop;
}

Statement* parse_comment(TokenStream& in) {
  auto* comment = in.make<CommentStatement>();
  in.skip();
  comment->target = parse_target(in);
  in.expect(Keyword::kIs);
  comment->text = parse_string_or_null(in, &comment->is_null);
  return comment;
}

Statement* parse_security_label(TokenStream& in) {
  auto* label = in.make<SecurityLabelStatement>();
  in.skip();
  in.expect(Keyword::kLabel);
  if (in.accept(Keyword::kFor)) label->provider = parse_word_or_string(in);
  label->target = parse_target(in);
  in.expect(Keyword::kIs);
  label->label = parse_string_or_null(in, &label->is_null);
  return label;
}

}  // namespace troupe::sql
