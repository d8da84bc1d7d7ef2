// Types, domains, and what is created from a definition list: aggregates, operators, collations, text search.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

DefineStatement* make_define(TokenStream& in, ObjectKind kind, Name name, uint32_t position) {
  auto* define = in.make<DefineStatement>(position);
  define->object = kind;
  define->name = name;
  return define;
}

Statement* parse_create_collation(TokenStream& in, DefineStatement* define) {
  define->if_not_exists = accept_if_not_exists(in);
  define->name = parse_any_name(in);
  if (in.accept(Keyword::kFrom)) {
    define->from = parse_any_name(in);
  } else {
    define->options = parse_definition(in);
  }
  return define;
}

// (basetype = …, sfunc = …) of before 8.2, told from (integer, text) by the equals sign.
bool at_old_aggregate(TokenStream& in) {
  return in.at(TokenKind::kOpen) && can_be_label(in.peek(1)) && in.peek(2).kind == TokenKind::kEqual;
}

Statement* parse_create_aggregate(TokenStream& in, DefineStatement* define) {
  define->name = parse_function_name(in);
  if (at_old_aggregate(in)) {
    define->old_style = true;
  } else {
    parse_aggregate_arguments(in, &define->star_arguments, &define->arguments, &define->order_by_arguments);
  }
  define->options = parse_definition(in);
  return define;
}

Statement* parse_enum(TokenStream& in, Name name, uint32_t position) {
  auto* create = in.make<CreateEnumStatement>(position);
  create->name = name;
  in.expect(TokenKind::kOpen);
  if (!in.at(TokenKind::kClose)) create->labels = parse_list(in, parse_string);
  in.expect(TokenKind::kClose);
  return create;
}

Statement* parse_composite(TokenStream& in, Name name, uint32_t position) {
  auto* create = in.make<CreateCompositeStatement>(position);
  create->name = name;
  in.expect(TokenKind::kOpen);
  if (!in.at(TokenKind::kClose)) create->attributes = parse_list(in, parse_table_function_column);
  in.expect(TokenKind::kClose);
  return create;
}

Statement* parse_alter_enum_add(TokenStream& in, Name name, uint32_t position) {
  auto* alter = in.make<AlterEnumStatement>(position);
  alter->name = name;
  in.expect(Keyword::kAdd, Keyword::kValue);
  alter->if_not_exists = accept_if_not_exists(in);
  alter->new_label = parse_string(in);
  if (in.at(Keyword::kBefore) || in.at(Keyword::kAfter)) {
    alter->has_neighbour = true;
    alter->after = in.at(Keyword::kAfter);
    in.skip();
    alter->neighbour = parse_string(in);
  }
  return alter;
}

Statement* parse_alter_enum_rename(TokenStream& in, Name name, uint32_t position) {
  auto* alter = in.make<AlterEnumStatement>(position);
  alter->name = name;
  alter->rename = true;
  in.expect(Keyword::kRename, Keyword::kValue);
  alter->old_label = parse_string(in);
  in.expect(Keyword::kTo);
  alter->new_label = parse_string(in);
  return alter;
}

TableRef* relation_of(TokenStream& in, Name name, uint32_t position) {
  auto* table = in.make<TableRef>(position);
  table->name = name.back();
  if (name.size() > 1) table->schema = name[name.size() - 2];
  if (name.size() > 2) table->catalog = name[name.size() - 3];
  return table;
}

// ALTER TYPE t RENAME ATTRIBUTE a TO b [CASCADE]
Statement* parse_rename_attribute(TokenStream& in, Name name, uint32_t position) {
  auto* rename = in.make<RenameStatement>(position);
  in.expect(Keyword::kRename, Keyword::kAttribute);
  rename->object = ObjectKind::kAttribute;
  rename->of = ObjectKind::kType;
  rename->relation = relation_of(in, name, position);
  rename->part = parse_column_name(in);
  in.expect(Keyword::kTo);
  rename->new_name = parse_column_name(in);
  rename->behavior = parse_drop_behavior(in);
  return rename;
}

void parse_domain_action(TokenStream& in, AlterDomainStatement* alter) {
  using Action = AlterDomainStatement::Action;
  if (in.accept(Keyword::kAdd)) {
    alter->action = Action::kAddConstraint;
    alter->constraint = parse_table_constraint(in);
  } else if (in.accept(Keyword::kValidate)) {
    in.expect(Keyword::kConstraint);
    alter->action = Action::kValidateConstraint;
    alter->constraint_name = parse_column_name(in);
  } else {
    const bool set = in.accept(Keyword::kSet);
    if (!set) in.expect(Keyword::kDrop);
    if (in.accept(Keyword::kDefault)) {
      alter->action = set ? Action::kSetDefault : Action::kDropDefault;
      if (set) alter->expression = parse_expr(in);
    } else if (in.accept(Keyword::kNot)) {
      in.expect(Keyword::kNull);
      alter->action = set ? Action::kSetNotNull : Action::kDropNotNull;
    } else {
      if (set) in.fail();
      in.expect(Keyword::kConstraint);
      alter->action = Action::kDropConstraint;
      alter->if_exists = accept_if_exists(in);
      alter->constraint_name = parse_column_name(in);
      alter->behavior = parse_drop_behavior(in);
    }
  }
}

}  // namespace

Statement* parse_define(TokenStream& in, ObjectKind kind, bool replace, uint32_t position) {
  DefineStatement* define = make_define(in, kind, {}, position);
  define->replace = replace;
  if (kind == ObjectKind::kCollation) return parse_create_collation(in, define);
  if (kind == ObjectKind::kAggregate) return parse_create_aggregate(in, define);
  if (kind == ObjectKind::kOperator) {
    const OperatorName op = parse_operator_name(in);
    ListBuilder<std::string_view> name(in);
    for (const std::string_view part : op.schema) name.add(part);
    name.add(op.op);
    define->name = name.finish();
  } else {
    define->name = parse_any_name(in);
  }
  define->options = parse_definition(in);
  return define;
}

Statement* parse_create_type(TokenStream& in, uint32_t position) {
  const Name name = parse_any_name(in);
  if (in.accept(Keyword::kAs)) {
    if (in.accept(Keyword::kEnum)) return parse_enum(in, name, position);
    if (!in.accept(Keyword::kRange)) return parse_composite(in, name, position);
    auto* range = in.make<CreateRangeStatement>(position);
    range->name = name;
    range->options = parse_definition(in);
    return range;
  }
  DefineStatement* define = make_define(in, ObjectKind::kType, name, position);
  if (in.at(TokenKind::kOpen)) define->options = parse_definition(in);
  return define;
}

Statement* parse_alter_type(TokenStream& in, uint32_t position) {
  const Name name = parse_any_name(in);
  if (in.at(Keyword::kAdd, Keyword::kValue)) return parse_alter_enum_add(in, name, position);
  if (in.at(Keyword::kRename, Keyword::kValue)) return parse_alter_enum_rename(in, name, position);
  if (in.at(Keyword::kRename, Keyword::kAttribute)) return parse_rename_attribute(in, name, position);
  if (in.at(Keyword::kAdd) || in.at(Keyword::kDrop) || in.at(Keyword::kAlter)) {
    auto* alter = in.make<AlterTableStatement>(position);
    alter->object = ObjectKind::kType;
    alter->table = relation_of(in, name, position);
    alter->actions = parse_alter_table_actions(in, true);
    return alter;
  }
  in.expect(Keyword::kSet);
  auto* options = in.make<AlterOptionsStatement>(position);
  options->target = make_object_ref(in, ObjectKind::kType, name, position);
  options->options = parse_definition(in);
  return options;
}

Statement* parse_create_domain(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateDomainStatement>(position);
  create->name = parse_any_name(in);
  in.accept(Keyword::kAs);
  create->type = parse_type(in);
  ListBuilder<const Constraint*> constraints(in);
  for (;;) {
    if (in.accept(Keyword::kCollate)) {
      create->collation = parse_any_name(in);
    } else if (at_column_constraint(in)) {
      constraints.add(parse_column_constraint(in));
    } else {
      break;
    }
  }
  create->constraints = constraints.finish();
  return create;
}

Statement* parse_alter_domain(TokenStream& in, uint32_t position) {
  auto* alter = in.make<AlterDomainStatement>(position);
  alter->name = parse_any_name(in);
  parse_domain_action(in, alter);
  return alter;
}

}  // namespace troupe::sql
