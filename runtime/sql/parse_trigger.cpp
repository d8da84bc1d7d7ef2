// Triggers, event triggers, rules, row security policies.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

void parse_trigger_event(TokenStream& in, CreateTriggerStatement* create) {
  if (in.accept(Keyword::kInsert)) {
    create->events |= kTriggerInsert;
  } else if (in.accept(Keyword::kDelete)) {
    create->events |= kTriggerDelete;
  } else if (in.accept(Keyword::kTruncate)) {
    create->events |= kTriggerTruncate;
  } else {
    in.expect(Keyword::kUpdate);
    create->events |= kTriggerUpdate;
    if (in.accept(Keyword::kOf)) create->columns = parse_column_names(in);
  }
}

void parse_trigger_events(TokenStream& in, CreateTriggerStatement* create) {
  if (in.accept(Keyword::kBefore)) {
    create->timing = TriggerTiming::kBefore;
  } else if (in.accept(Keyword::kAfter)) {
    create->timing = TriggerTiming::kAfter;
  } else {
    in.expect(Keyword::kInstead, Keyword::kOf);
    create->timing = TriggerTiming::kInsteadOf;
  }
  do {
    const uint32_t position = in.position();
    const uint32_t before = create->events;
    parse_trigger_event(in, create);
    if (create->events == before)
      in.fail(ErrorCode::kSyntaxError, position, "duplicate trigger events specified");
  } while (in.accept(Keyword::kOr));
}

TriggerTransition parse_transition(TokenStream& in) {
  TriggerTransition transition;
  transition.is_new = in.accept(Keyword::kNew);
  if (!transition.is_new) in.expect(Keyword::kOld);
  transition.is_table = in.accept(Keyword::kTable);
  if (!transition.is_table) in.expect(Keyword::kRow);
  in.accept(Keyword::kAs);
  transition.name = parse_column_name(in);
  return transition;
}

void parse_trigger_timing_attributes(TokenStream& in, CreateTriggerStatement* create) {
  if (in.accept(Keyword::kFrom)) create->referenced = parse_qualified_name(in);
  Constraint attributes;
  attributes.type = ConstraintType::kForeignKey;
  parse_deferrability(in, &attributes);
  create->deferrable = attributes.deferrable;
  create->initially_deferred = attributes.initially_deferred;
}

std::string_view parse_trigger_argument(TokenStream& in) {
  if (in.at(TokenKind::kString)) return parse_string(in);
  if (in.at(TokenKind::kInteger) || in.at(TokenKind::kNumeric)) {
    const std::string_view text = in.raw(in.token());
    in.skip();
    return text;
  }
  return parse_label(in);
}

void parse_trigger_rows(TokenStream& in, CreateTriggerStatement* create) {
  if (in.accept(Keyword::kReferencing)) {
    ListBuilder<TriggerTransition, 2> transitions(in);
    do {
      transitions.add(parse_transition(in));
    } while (in.at(Keyword::kOld) || in.at(Keyword::kNew));
    create->transitions = transitions.finish();
  }
  if (!in.accept(Keyword::kFor)) return;
  if (!in.accept(Keyword::kEach) && create->constraint) in.fail();
  create->for_each_row = in.accept(Keyword::kRow);
  if (!create->for_each_row) in.expect(Keyword::kStatement);
}

Name parse_execute_function(TokenStream& in) {
  in.expect(Keyword::kExecute);
  if (!in.accept(Keyword::kFunction)) in.expect(Keyword::kProcedure);
  return parse_function_name(in);
}

const Option* parse_event_filter(TokenStream& in) {
  const uint32_t position = in.position();
  const std::string_view name = parse_column_name(in);
  in.expect(Keyword::kIn);
  const uint32_t at = in.position();
  const Name values = parse_list_in_parentheses(in, parse_string);
  return make_option(in, name, make_name_list(in, values, at), position);
}

const Statement* parse_rule_action(TokenStream& in) {
  if (in.at(Keyword::kNotify)) return parse_utility(in);
  return parse_preparable(in);
}

List<const Statement*> parse_rule_actions(TokenStream& in) {
  ListBuilder<const Statement*> actions(in);
  if (in.accept(Keyword::kNothing)) return actions.finish();
  if (!in.at(TokenKind::kOpen)) {
    actions.add(parse_rule_action(in));
    return actions.finish();
  }
  in.skip();
  while (!in.accept(TokenKind::kClose)) {
    if (in.accept(TokenKind::kSemicolon)) continue;
    actions.add(parse_rule_action(in));
    if (!in.at(TokenKind::kClose)) in.expect(TokenKind::kSemicolon);
  }
  return actions.finish();
}

// [TO roles] [USING (…)] [WITH CHECK (…)]
template <typename Policy>
void parse_policy_rest(TokenStream& in, Policy* policy) {
  if (in.accept(Keyword::kTo)) policy->roles = parse_roles(in);
  if (in.accept(Keyword::kUsing)) {
    in.expect(TokenKind::kOpen);
    policy->using_expression = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
  if (in.accept(Keyword::kWith)) {
    in.expect(Keyword::kCheck, TokenKind::kOpen);
    policy->check = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
}

}  // namespace

Statement* parse_create_trigger(TokenStream& in, bool replace, bool constraint, uint32_t position) {
  auto* create = in.make<CreateTriggerStatement>(position);
  create->replace = replace;
  create->constraint = constraint;
  create->name = parse_column_name(in);
  if (constraint && !in.at(Keyword::kAfter)) in.fail();
  parse_trigger_events(in, create);
  in.expect(Keyword::kOn);
  create->table = parse_qualified_name(in);
  if (constraint) parse_trigger_timing_attributes(in, create);
  parse_trigger_rows(in, create);
  if (in.accept(Keyword::kWhen)) {
    in.expect(TokenKind::kOpen);
    create->when = parse_expr(in);
    in.expect(TokenKind::kClose);
  }
  create->function = parse_execute_function(in);
  in.expect(TokenKind::kOpen);
  if (!in.at(TokenKind::kClose)) create->arguments = parse_list(in, parse_trigger_argument);
  in.expect(TokenKind::kClose);
  return create;
}

Statement* parse_create_event_trigger(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateEventTriggerStatement>(position);
  create->name = parse_column_name(in);
  in.expect(Keyword::kOn);
  create->event = parse_label(in);
  if (in.accept(Keyword::kWhen)) {
    ListBuilder<const Option*> filters(in);
    do {
      filters.add(parse_event_filter(in));
    } while (in.accept(Keyword::kAnd));
    create->filters = filters.finish();
  }
  create->function = parse_execute_function(in);
  in.expect(TokenKind::kOpen, TokenKind::kClose);
  return create;
}

Statement* parse_create_rule(TokenStream& in, bool replace, uint32_t position) {
  auto* create = in.make<CreateRuleStatement>(position);
  create->replace = replace;
  create->name = parse_column_name(in);
  in.expect(Keyword::kAs, Keyword::kOn);
  if (!in.at(Keyword::kSelect) && !in.at(Keyword::kUpdate) && !in.at(Keyword::kDelete) && !in.at(Keyword::kInsert))
    in.fail();
  create->event = parse_label(in);
  in.expect(Keyword::kTo);
  create->table = parse_qualified_name(in);
  create->where = parse_optional_where(in);
  in.expect(Keyword::kDo);
  create->instead = in.accept(Keyword::kInstead);
  if (!create->instead) in.accept(Keyword::kAlso);
  create->actions = parse_rule_actions(in);
  return create;
}

Statement* parse_create_policy(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreatePolicyStatement>(position);
  create->name = parse_column_name(in);
  in.expect(Keyword::kOn);
  create->table = parse_qualified_name(in);
  if (in.accept(Keyword::kAs)) {
    const uint32_t at = in.position();
    const std::string_view kind = parse_label(in);
    if (kind != "permissive" && kind != "restrictive")
      in.fail(ErrorCode::kSyntaxError, at, cat("unrecognized row security option \"", kind, "\""),
              "Only PERMISSIVE or RESTRICTIVE policies are supported currently.");
    create->permissive = kind == "permissive";
  }
  create->command = "all";
  if (in.accept(Keyword::kFor)) {
    if (!in.at(Keyword::kAll) && !in.at(Keyword::kSelect) && !in.at(Keyword::kInsert) && !in.at(Keyword::kUpdate) &&
        !in.at(Keyword::kDelete))
      in.fail();
    create->command = parse_label(in);
  }
  parse_policy_rest(in, create);
  return create;
}

Statement* parse_alter_policy(TokenStream& in, uint32_t position) {
  const bool if_exists = accept_if_exists(in);
  const std::string_view name = parse_column_name(in);
  in.expect(Keyword::kOn);
  const TableRef* table = parse_qualified_name(in);
  if (in.accept(Keyword::kRename)) {
    auto* rename = in.make<RenameStatement>(position);
    in.expect(Keyword::kTo);
    rename->object = ObjectKind::kPolicy;
    rename->if_exists = if_exists;
    rename->relation = table;
    rename->part = name;
    rename->new_name = parse_column_name(in);
    return rename;
  }
  if (if_exists) in.fail();
  auto* alter = in.make<AlterPolicyStatement>(position);
  alter->name = name;
  alter->table = table;
  parse_policy_rest(in, alter);
  return alter;
}

}  // namespace troupe::sql
