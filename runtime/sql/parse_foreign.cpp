// Foreign data wrappers, servers, user mappings, text search configurations.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

ForeignStatement* make_foreign(TokenStream& in, ForeignStatement::Verb verb, ObjectKind kind, uint32_t position) {
  auto* node = in.make<ForeignStatement>(position);
  node->verb = verb;
  node->object = kind;
  return node;
}

bool parse_wrapper_function(TokenStream& in, ListBuilder<const Option*>* functions) {
  const uint32_t position = in.position();
  const bool no = in.at(Keyword::kNo) && (in.at_next(Keyword::kHandler) || in.at_next(Keyword::kValidator));
  if (no) in.skip();
  if (!in.at(Keyword::kHandler) && !in.at(Keyword::kValidator)) return false;
  const std::string_view name = in.at(Keyword::kHandler) ? "handler" : "validator";
  in.skip();
  const Node* value = no ? nullptr : make_name_list(in, parse_any_name(in), position);
  functions->add(make_option(in, name, value, position));
  return true;
}

void parse_version(TokenStream& in, ForeignStatement* node) {
  if (!in.accept(Keyword::kVersion)) return;
  node->has_version = !in.accept(Keyword::kNull);
  if (node->has_version) node->version = parse_string(in);
}

const RoleName* parse_mapped_user(TokenStream& in) {
  in.expect(Keyword::kFor);
  if (!in.at(Keyword::kUser)) return parse_role(in);
  auto* role = in.make<RoleName>();
  in.skip();
  role->type = RoleName::Type::kCurrentUser;
  return role;
}

List<Name> parse_dictionaries(TokenStream& in) { return parse_list(in, parse_any_name); }

void parse_mapping_target(TokenStream& in, AlterTextSearchStatement* alter) {
  using Action = AlterTextSearchStatement::Action;
  if (in.accept(Keyword::kReplace)) {
    alter->action = Action::kReplaceDictionary;
    const Name old_name = parse_any_name(in);
    in.expect(Keyword::kWith);
    const Name names[] = {old_name, parse_any_name(in)};
    alter->dictionaries = in.arena().copy(names, 2);
    return;
  }
  in.expect(Keyword::kWith);
  alter->dictionaries = parse_dictionaries(in);
}

}  // namespace

Statement* parse_foreign_wrapper(TokenStream& in, ForeignStatement::Verb verb, uint32_t position) {
  ForeignStatement* node = make_foreign(in, verb, ObjectKind::kForeignDataWrapper, position);
  node->name = parse_column_name(in);
  ListBuilder<const Option*> functions(in);
  while (parse_wrapper_function(in, &functions)) {
  }
  node->functions = functions.finish();
  node->options = parse_optional_foreign_options(in);
  if (verb == ForeignStatement::Verb::kAlter && node->functions.empty() && node->options.empty()) in.fail();
  return node;
}

Statement* parse_foreign_server(TokenStream& in, ForeignStatement::Verb verb, uint32_t position) {
  ForeignStatement* node = make_foreign(in, verb, ObjectKind::kForeignServer, position);
  const bool create = verb == ForeignStatement::Verb::kCreate;
  node->if_not_exists = create && accept_if_not_exists(in);
  node->name = parse_column_name(in);
  if (create && in.accept(Keyword::kType)) node->server_type = parse_string(in);
  parse_version(in, node);
  if (create) {
    in.expect(Keyword::kForeign, Keyword::kData, Keyword::kWrapper);
    node->wrapper = parse_column_name(in);
  }
  node->options = parse_optional_foreign_options(in);
  return node;
}

Statement* parse_user_mapping(TokenStream& in, ForeignStatement::Verb verb, uint32_t position) {
  ForeignStatement* node = make_foreign(in, verb, ObjectKind::kUserMapping, position);
  if (verb == ForeignStatement::Verb::kCreate) node->if_not_exists = accept_if_not_exists(in);
  if (verb == ForeignStatement::Verb::kDrop) node->if_exists = accept_if_exists(in);
  node->user = parse_mapped_user(in);
  in.expect(Keyword::kServer);
  node->name = parse_column_name(in);
  if (verb != ForeignStatement::Verb::kDrop) node->options = parse_optional_foreign_options(in);
  return node;
}

Statement* parse_import_foreign(TokenStream& in) {
  using Selection = ImportForeignStatement::Selection;
  auto* node = in.make<ImportForeignStatement>();
  in.skip();
  in.expect(Keyword::kForeign, Keyword::kSchema);
  node->remote_schema = parse_column_name(in);
  if (in.accept(Keyword::kLimit)) {
    in.expect(Keyword::kTo);
    node->selection = Selection::kLimitTo;
  } else if (in.accept(Keyword::kExcept)) {
    node->selection = Selection::kExcept;
  }
  if (node->selection != Selection::kAll)
    node->tables = parse_list_in_parentheses(in, [](TokenStream& s) -> const TableRef* { return parse_relation(s); });
  in.expect(Keyword::kFrom, Keyword::kServer);
  node->server = parse_column_name(in);
  in.expect(Keyword::kInto);
  node->local_schema = parse_column_name(in);
  node->options = parse_optional_foreign_options(in);
  return node;
}

Statement* parse_alter_text_search(TokenStream& in, const ObjectRef* target, uint32_t position) {
  using Action = AlterTextSearchStatement::Action;
  auto* alter = in.make<AlterTextSearchStatement>(position);
  alter->object = target->object;
  alter->name = target->name;
  if (target->object == ObjectKind::kTextSearchDictionary) {
    alter->options = parse_definition(in);
    return alter;
  }
  if (in.accept(Keyword::kDrop)) {
    alter->action = Action::kDropMapping;
    in.expect(Keyword::kMapping);
    alter->if_exists = accept_if_exists(in);
    in.expect(Keyword::kFor);
    alter->tokens = parse_column_names(in);
    return alter;
  }
  alter->action = in.at(Keyword::kAdd) ? Action::kAddMapping : Action::kAlterMapping;
  if (!in.accept(Keyword::kAdd)) in.expect(Keyword::kAlter);
  in.expect(Keyword::kMapping);
  if (in.accept(Keyword::kFor)) alter->tokens = parse_column_names(in);
  parse_mapping_target(in, alter);
  return alter;
}

}  // namespace troupe::sql
