// ALTER: the forms that all kinds share (RENAME, OWNER, SET SCHEMA, DEPENDS) and who parses the rest.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

// t RENAME [COLUMN a | CONSTRAINT c] TO b
Statement* parse_rename_relation(TokenStream& in, ObjectKind kind, const TableRef* relation, bool if_exists,
                                 uint32_t position) {
  auto* rename = in.make<RenameStatement>(position);
  rename->of = kind;
  rename->object = kind;
  rename->relation = relation;
  rename->if_exists = if_exists;
  in.skip();
  const bool has_parts = kind != ObjectKind::kIndex && kind != ObjectKind::kSequence;
  if (has_parts && !in.at(Keyword::kTo)) {
    rename->object = in.accept(Keyword::kConstraint) ? ObjectKind::kTableConstraint : ObjectKind::kColumn;
    if (rename->object == ObjectKind::kColumn) in.accept(Keyword::kColumn);
    rename->part = parse_column_name(in);
  }
  in.expect(Keyword::kTo);
  rename->new_name = parse_column_name(in);
  return rename;
}

Statement* parse_relation_schema(TokenStream& in, ObjectKind kind, const TableRef* relation, bool if_exists,
                                 uint32_t position) {
  auto* alter = in.make<AlterSchemaStatement>(position);
  in.skip();
  in.skip();
  alter->object = kind;
  alter->relation = relation;
  alter->if_exists = if_exists;
  alter->schema = parse_column_name(in);
  return alter;
}

Statement* parse_depends(TokenStream& in, const ObjectRef* target, uint32_t position) {
  auto* alter = in.make<AlterDependsStatement>(position);
  alter->target = target;
  alter->remove = in.accept(Keyword::kNo);
  in.expect(Keyword::kDepends, Keyword::kOn, Keyword::kExtension);
  alter->extension = parse_column_name(in);
  return alter;
}

bool at_depends(TokenStream& in) {
  return in.at(Keyword::kDepends) || in.at(Keyword::kNo, Keyword::kDepends);
}

Name name_of(TokenStream& in, const TableRef& table) {
  if (!table.catalog.empty()) return make_name(in, {table.catalog, table.schema, table.name});
  if (!table.schema.empty()) return make_name(in, {table.schema, table.name});
  return make_name(in, {table.name});
}

Statement* parse_alter_relation(TokenStream& in, ObjectKind kind, uint32_t position) {
  if (in.at(Keyword::kAll)) return parse_alter_all_in_tablespace(in, kind, position);
  const bool if_exists = accept_if_exists(in);
  const TableRef* relation = parse_relation(in);
  if (in.at(Keyword::kRename)) return parse_rename_relation(in, kind, relation, if_exists, position);
  if (in.at(Keyword::kSet, Keyword::kSchema)) return parse_relation_schema(in, kind, relation, if_exists, position);
  if (at_depends(in)) return parse_depends(in, make_object_ref(in, kind, name_of(in, *relation), position), position);
  if (kind == ObjectKind::kSequence && (at_sequence_option(in) && !in.at(Keyword::kOwner))) {
    auto* alter = in.make<AlterSequenceStatement>(position);
    alter->sequence = relation;
    alter->if_exists = if_exists;
    alter->options = parse_sequence_options(in);
    return alter;
  }
  auto* alter = in.make<AlterTableStatement>(position);
  alter->object = kind;
  alter->table = relation;
  alter->if_exists = if_exists;
  alter->actions = parse_alter_table_actions(in, false);
  return alter;
}

// ALTER TRIGGER x ON t, ALTER RULE x ON t: RENAME TO, DEPENDS ON.
Statement* parse_alter_member(TokenStream& in, ObjectKind kind, uint32_t position) {
  auto* rename = in.make<RenameStatement>(position);
  rename->object = kind;
  rename->part = parse_column_name(in);
  in.expect(Keyword::kOn);
  const TableRef* relation = parse_qualified_name(in);
  if (at_depends(in)) {
    ObjectRef* target = make_object_ref(in, kind, name_of(in, *relation), position);
    target->member = rename->part;
    return parse_depends(in, target, position);
  }
  in.expect(Keyword::kRename, Keyword::kTo);
  rename->relation = relation;
  rename->new_name = parse_column_name(in);
  return rename;
}

bool can_rename(ObjectKind kind) { return kind != ObjectKind::kExtension && kind != ObjectKind::kOperator; }

bool can_be_owned(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kExtension:
    case ObjectKind::kTextSearchParser:
    case ObjectKind::kTextSearchTemplate: return false;
    default: return true;
  }
}

bool lives_in_schema(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kDatabase:
    case ObjectKind::kSchema:
    case ObjectKind::kTablespace:
    case ObjectKind::kLanguage:
    case ObjectKind::kEventTrigger:
    case ObjectKind::kPublication:
    case ObjectKind::kSubscription:
    case ObjectKind::kForeignDataWrapper:
    case ObjectKind::kForeignServer:
    case ObjectKind::kLargeObject: return false;
    default: return true;
  }
}

Statement* parse_rename_object(TokenStream& in, const ObjectRef* target, uint32_t position) {
  auto* rename = in.make<RenameStatement>(position);
  in.skip();
  rename->object = target->object;
  rename->target = target;
  if (target->object == ObjectKind::kDomain && in.accept(Keyword::kConstraint)) {
    rename->object = ObjectKind::kDomainConstraint;
    rename->part = parse_column_name(in);
  }
  in.expect(Keyword::kTo);
  rename->new_name = parse_column_name(in);
  return rename;
}

Statement* parse_object_owner(TokenStream& in, const ObjectRef* target, uint32_t position) {
  auto* alter = in.make<AlterOwnerStatement>(position);
  in.skip();
  in.expect(Keyword::kTo);
  alter->target = target;
  alter->owner = parse_role(in);
  return alter;
}

Statement* parse_object_schema(TokenStream& in, const ObjectRef* target, uint32_t position) {
  auto* alter = in.make<AlterSchemaStatement>(position);
  in.skip();
  in.skip();
  alter->object = target->object;
  alter->target = target;
  alter->schema = parse_column_name(in);
  return alter;
}

Statement* make_option_change(TokenStream& in, const ObjectRef* target, bool reset, uint32_t position) {
  auto* alter = in.make<AlterOptionsStatement>(position);
  alter->target = target;
  alter->reset = reset;
  alter->options = target->object == ObjectKind::kTablespace ? parse_relation_options(in) : parse_definition(in);
  return alter;
}

Statement* make_flag_change(TokenStream& in, const ObjectRef* target, std::string_view name, const Node* value,
                            uint32_t position) {
  auto* alter = in.make<AlterOptionsStatement>(position);
  alter->target = target;
  const Option* option = make_option(in, name, value, position);
  alter->options = in.arena().copy(&option, 1);
  return alter;
}

// What only one kind knows.
Statement* parse_specific(TokenStream& in, const ObjectRef* target, uint32_t position) {
  switch (target->object) {
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kRoutine: return parse_alter_function(in, target, position);
    case ObjectKind::kOperator:
    case ObjectKind::kTablespace:
      if (in.accept(Keyword::kSet)) return make_option_change(in, target, false, position);
      if (target->object == ObjectKind::kTablespace && in.accept(Keyword::kReset))
        return make_option_change(in, target, true, position);
      break;
    case ObjectKind::kCollation:
      in.expect(Keyword::kRefresh, Keyword::kVersion);
      return make_flag_change(in, target, "refresh_version", nullptr, position);
    case ObjectKind::kStatistics: {
      in.expect(Keyword::kSet, Keyword::kStatistics);
      const uint32_t at = in.position();
      return make_flag_change(in, target, "statistics", make_integer(in, parse_signed_integer(in), at), position);
    }
    case ObjectKind::kOperatorFamily: return parse_alter_operator_family(in, target, position);
    case ObjectKind::kTextSearchDictionary:
    case ObjectKind::kTextSearchConfiguration: return parse_alter_text_search(in, target, position);
    default: break;
  }
  in.fail();
}

Statement* parse_alter_object(TokenStream& in, ObjectKind kind, uint32_t position) {
  const bool if_exists = kind == ObjectKind::kStatistics && accept_if_exists(in);
  const ObjectRef* target = parse_object_ref(in, kind);
  if (in.at(Keyword::kRename) && can_rename(kind)) return parse_rename_object(in, target, position);
  if (in.at(Keyword::kOwner) && can_be_owned(kind)) return parse_object_owner(in, target, position);
  if (in.at(Keyword::kSet, Keyword::kSchema) && lives_in_schema(kind)) return parse_object_schema(in, target, position);
  if (at_depends(in)) return parse_depends(in, target, position);
  Statement* alter = parse_specific(in, target, position);
  if (if_exists) static_cast<AlterOptionsStatement*>(alter)->if_exists = true;
  return alter;
}

// Kinds of which RENAME and OWNER are but two of many forms: those two first, then the kind's own parser.
bool at_shared_form(TokenStream& in, ObjectKind kind, uint32_t ahead) {
  const Token& token = in.peek(ahead);
  if (token.kind != TokenKind::kWord) return false;
  const Keyword next = in.peek(ahead + 1).keyword;
  switch (token.keyword) {
    case Keyword::kRename: return next != Keyword::kValue && next != Keyword::kAttribute && can_rename(kind);
    // ALTER DATABASE d OWNER = r sets an option, or tries to.
    case Keyword::kOwner: return can_be_owned(kind) && (kind != ObjectKind::kDatabase || next == Keyword::kTo);
    case Keyword::kSet: return next == Keyword::kSchema && lives_in_schema(kind);
    default: return false;
  }
}

uint32_t name_length(TokenStream& in) {
  uint32_t length = 1;
  while (length < 5 && in.peek(length).kind == TokenKind::kDot) length += 2;
  return length;
}

Statement* parse_alter_own(TokenStream& in, ObjectKind kind, uint32_t position) {
  switch (kind) {
    case ObjectKind::kType: return parse_alter_type(in, position);
    case ObjectKind::kDomain: return parse_alter_domain(in, position);
    case ObjectKind::kDatabase: return parse_alter_database(in, position);
    case ObjectKind::kExtension: return parse_alter_extension(in, position);
    case ObjectKind::kPublication: return parse_alter_publication(in, position);
    case ObjectKind::kStream: return parse_alter_stream(in, position);
    case ObjectKind::kSubscription: return parse_alter_subscription(in, position);
    case ObjectKind::kForeignDataWrapper: return parse_foreign_wrapper(in, ForeignStatement::Verb::kAlter, position);
    case ObjectKind::kForeignServer: return parse_foreign_server(in, ForeignStatement::Verb::kAlter, position);
    case ObjectKind::kEventTrigger: {
      auto* alter = in.make<AlterEventTriggerStatement>(position);
      alter->name = parse_column_name(in);
      if (in.accept(Keyword::kDisable)) {
        alter->state = "disable";
        return alter;
      }
      in.expect(Keyword::kEnable);
      alter->state = in.accept(Keyword::kReplica)  ? "enable replica"
                     : in.accept(Keyword::kAlways) ? "enable always"
                                                   : "enable";
      return alter;
    }
    default: return nullptr;
  }
}

Statement* parse_alter_system(TokenStream& in, uint32_t position) {
  auto* alter = in.make<AlterSystemStatement>(position);
  in.skip();
  const SetStatement* setting = parse_set_or_reset(in);
  if (setting->local || setting->action > SetStatement::Action::kResetAll ||
      setting->action == SetStatement::Action::kFromCurrent)
    in.fail();
  alter->setting = setting;
  return alter;
}

Statement* parse_alter_user(TokenStream& in, uint32_t position) {
  const bool group = in.at(Keyword::kGroup);
  in.skip();
  if (!group && in.at(Keyword::kMapping, Keyword::kFor)) {
    in.skip();
    return parse_user_mapping(in, ForeignStatement::Verb::kAlter, position);
  }
  return parse_alter_role(in, group, position);
}

}  // namespace

Statement* parse_alter(TokenStream& in) {
  const uint32_t position = in.position();
  in.skip();
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kSystem: return parse_alter_system(in, position);
    case Keyword::kRole:
    case Keyword::kUser:
    case Keyword::kGroup: return parse_alter_user(in, position);
    case Keyword::kDefault: in.skip(); return parse_alter_default_privileges(in, position);
    default: break;
  }
  if (at_consumer_group(in)) return parse_alter_consumer_group(in, position);
  ObjectKind kind{};
  const Token first = in.token();
  if (!parse_object_kind(in, &kind)) in.fail_at(first);
  if (is_relation(kind)) return parse_alter_relation(in, kind, position);
  switch (kind) {
    case ObjectKind::kColumn:
    case ObjectKind::kTableConstraint:
    case ObjectKind::kCast:
    case ObjectKind::kTransform:
    case ObjectKind::kAccessMethod: in.fail_at(first);
    case ObjectKind::kTrigger:
    case ObjectKind::kRule: return parse_alter_member(in, kind, position);
    case ObjectKind::kPolicy: return parse_alter_policy(in, position);
    default: break;
  }
  if (!at_shared_form(in, kind, name_length(in))) {
    if (Statement* own = parse_alter_own(in, kind, position)) return own;
  }
  return parse_alter_object(in, kind, position);
}

}  // namespace troupe::sql
