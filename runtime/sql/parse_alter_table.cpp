// The actions of ALTER TABLE and of its kin.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

AlterTableAction* act(AlterTableAction* action, AlterAction what) {
  action->action = what;
  return action;
}

void parse_add(TokenStream& in, AlterTableAction* action, bool composite) {
  if (!composite && at_table_constraint(in)) {
    action->constraint = parse_table_constraint(in);
    act(action, AlterAction::kAddConstraint);
    return;
  }
  if (composite) {
    in.expect(Keyword::kAttribute);
    action->column = parse_table_function_column(in);
    action->behavior = parse_drop_behavior(in);
    act(action, AlterAction::kAddAttribute);
    return;
  }
  in.accept(Keyword::kColumn);
  action->if_not_exists = accept_if_not_exists(in);
  action->column = parse_column_definition(in);
  act(action, AlterAction::kAddColumn);
}

void parse_drop_part(TokenStream& in, AlterTableAction* action, bool composite) {
  AlterAction what = AlterAction::kDropColumn;
  if (composite) {
    in.expect(Keyword::kAttribute);
    what = AlterAction::kDropAttribute;
  } else if (in.accept(Keyword::kConstraint)) {
    what = AlterAction::kDropConstraint;
  } else {
    in.accept(Keyword::kColumn);
  }
  action->if_exists = accept_if_exists(in);
  action->name = parse_column_name(in);
  action->behavior = parse_drop_behavior(in);
  act(action, what);
}

void parse_new_type(TokenStream& in, AlterTableAction* action, bool attribute) {
  auto* column = in.make<ColumnDefinition>();
  column->name = action->name;
  column->type = parse_type(in);
  if (in.accept(Keyword::kCollate)) column->collation = parse_any_name(in);
  action->column = column;
  if (attribute) {
    action->behavior = parse_drop_behavior(in);
  } else if (in.accept(Keyword::kUsing)) {
    action->expression = parse_expr(in);
  }
  act(action, attribute ? AlterAction::kAlterAttribute : AlterAction::kAlterType);
}

bool parse_always(TokenStream& in) {
  const bool always = in.accept(Keyword::kAlways);
  if (!always) in.expect(Keyword::kBy, Keyword::kDefault);
  return always;
}

// ADD GENERATED … AS IDENTITY [(…)]
void parse_add_identity(TokenStream& in, AlterTableAction* action) {
  auto* constraint = in.make<Constraint>();
  in.expect(Keyword::kGenerated);
  constraint->type = ConstraintType::kIdentity;
  constraint->identity_always = parse_always(in);
  in.expect(Keyword::kAs, Keyword::kIdentity);
  if (in.accept(TokenKind::kOpen)) {
    constraint->options = parse_sequence_options(in);
    in.expect(TokenKind::kClose);
  }
  action->constraint = constraint;
  act(action, AlterAction::kAddIdentity);
}

// RESTART …, SET GENERATED …, SET INCREMENT …: any number of them.
void parse_identity_options(TokenStream& in, AlterTableAction* action) {
  ListBuilder<const Option*> options(in);
  while (in.at(Keyword::kRestart) || in.at(Keyword::kSet)) {
    if (in.at(Keyword::kRestart)) {
      options.add(parse_sequence_option(in));
      continue;
    }
    const uint32_t position = in.position();
    in.skip();
    if (in.accept(Keyword::kGenerated)) {
      options.add(make_option(in, "generated", make_string(in, parse_always(in) ? "always" : "by default", position),
                              position));
    } else {
      options.add(parse_sequence_option(in));
    }
  }
  action->options = options.finish();
  act(action, AlterAction::kSetIdentity);
}

void parse_column_set(TokenStream& in, AlterTableAction* action) {
  if (in.at_next(Keyword::kGenerated)) return parse_identity_options(in, action);
  in.skip();
  if (in.accept(Keyword::kDefault)) {
    action->expression = parse_expr(in);
    act(action, AlterAction::kSetDefault);
  } else if (in.accept(Keyword::kNot)) {
    in.expect(Keyword::kNull);
    act(action, AlterAction::kSetNotNull);
  } else if (in.accept(Keyword::kStatistics)) {
    action->value = parse_signed_integer(in);
    act(action, AlterAction::kSetStatistics);
  } else if (in.accept(Keyword::kStorage)) {
    action->text = parse_column_name(in);
    act(action, AlterAction::kSetStorage);
  } else if (in.accept(Keyword::kCompression)) {
    action->text = in.at(Keyword::kDefault) ? parse_label(in) : parse_column_name(in);
    act(action, AlterAction::kSetCompression);
  } else if (in.accept(Keyword::kData)) {
    in.expect(Keyword::kType);
    parse_new_type(in, action, false);
  } else {
    action->options = parse_relation_options(in);
    act(action, AlterAction::kSetColumnOptions);
  }
}

void parse_column_drop(TokenStream& in, AlterTableAction* action) {
  in.skip();
  if (in.accept(Keyword::kDefault)) {
    act(action, AlterAction::kDropDefault);
  } else if (in.accept(Keyword::kNot)) {
    in.expect(Keyword::kNull);
    act(action, AlterAction::kDropNotNull);
  } else {
    act(action, in.at(Keyword::kIdentity) ? AlterAction::kDropIdentity : AlterAction::kDropExpression);
    if (!in.accept(Keyword::kIdentity)) in.expect(Keyword::kExpression);
    action->if_exists = accept_if_exists(in);
  }
}

bool at_identity_set(TokenStream& in) {
  if (!in.at(Keyword::kSet)) return false;
  switch (in.peek(1).kind == TokenKind::kWord ? in.peek(1).keyword : Keyword::kNoKeyword) {
    case Keyword::kGenerated:
    case Keyword::kIncrement:
    case Keyword::kMaxvalue:
    case Keyword::kMinvalue:
    case Keyword::kNo:
    case Keyword::kStart:
    case Keyword::kRestart:
    case Keyword::kCache:
    case Keyword::kCycle:
    case Keyword::kSequence: return true;
    default: return false;
  }
}

void parse_alter_column(TokenStream& in, AlterTableAction* action) {
  in.accept(Keyword::kColumn);
  if (in.at(TokenKind::kInteger)) {
    action->number = parse_integer(in);
    in.expect(Keyword::kSet, Keyword::kStatistics);
    action->value = parse_signed_integer(in);
    act(action, AlterAction::kSetStatistics);
    return;
  }
  action->name = parse_column_name(in);
  if (in.at(Keyword::kRestart) || at_identity_set(in)) return parse_identity_options(in, action);
  if (in.at(Keyword::kSet)) return parse_column_set(in, action);
  if (in.at(Keyword::kDrop)) return parse_column_drop(in, action);
  if (in.accept(Keyword::kAdd)) return parse_add_identity(in, action);
  if (in.accept(Keyword::kType)) return parse_new_type(in, action, false);
  if (in.accept(Keyword::kReset)) {
    action->options = parse_relation_options(in);
    act(action, AlterAction::kResetColumnOptions);
    return;
  }
  action->options = parse_foreign_options(in);
  act(action, AlterAction::kColumnForeignOptions);
}

void parse_alter_part(TokenStream& in, AlterTableAction* action, bool composite) {
  if (!composite && in.accept(Keyword::kConstraint)) {
    auto* constraint = in.make<Constraint>();
    constraint->type = ConstraintType::kForeignKey;
    constraint->name = parse_column_name(in);
    parse_deferrability(in, constraint);
    action->constraint = constraint;
    act(action, AlterAction::kAlterConstraint);
    return;
  }
  if (!composite) return parse_alter_column(in, action);
  in.expect(Keyword::kAttribute);
  action->name = parse_column_name(in);
  if (in.accept(Keyword::kSet)) in.expect(Keyword::kData);
  in.expect(Keyword::kType);
  parse_new_type(in, action, true);
}

void parse_table_set(TokenStream& in, AlterTableAction* action) {
  if (in.accept(Keyword::kWithout)) {
    const bool cluster = in.accept(Keyword::kCluster);
    if (!cluster) in.expect(Keyword::kOids);
    act(action, cluster ? AlterAction::kSetWithoutCluster : AlterAction::kSetWithoutOids);
  } else if (in.accept(Keyword::kLogged)) {
    act(action, AlterAction::kSetLogged);
  } else if (in.accept(Keyword::kUnlogged)) {
    act(action, AlterAction::kSetUnlogged);
  } else if (in.accept(Keyword::kTablespace)) {
    action->name = parse_column_name(in);
    act(action, AlterAction::kSetTablespace);
  } else if (in.accept(Keyword::kAccess)) {
    in.expect(Keyword::kMethod);
    action->name = parse_column_name(in);
    act(action, AlterAction::kSetAccessMethod);
  } else {
    action->options = parse_relation_options(in);
    act(action, AlterAction::kSetOptions);
  }
}

void parse_trigger_name(TokenStream& in, AlterTableAction* action) {
  if (in.at(Keyword::kAll) || in.at(Keyword::kUser)) {
    action->text = parse_label(in);
  } else {
    action->name = parse_column_name(in);
  }
}

void parse_enable(TokenStream& in, AlterTableAction* action) {
  const bool always = in.accept(Keyword::kAlways);
  const bool replica = !always && in.accept(Keyword::kReplica);
  if (!always && !replica && in.accept(Keyword::kRow)) {
    in.expect(Keyword::kLevel, Keyword::kSecurity);
    act(action, AlterAction::kEnableRowSecurity);
  } else if (in.accept(Keyword::kRule)) {
    action->name = parse_column_name(in);
    act(action, always    ? AlterAction::kEnableAlwaysRule
                : replica ? AlterAction::kEnableReplicaRule
                          : AlterAction::kEnableRule);
  } else {
    in.expect(Keyword::kTrigger);
    if (always || replica) {
      action->name = parse_column_name(in);
    } else {
      parse_trigger_name(in, action);
    }
    act(action, always    ? AlterAction::kEnableAlwaysTrigger
                : replica ? AlterAction::kEnableReplicaTrigger
                          : AlterAction::kEnableTrigger);
  }
}

void parse_disable(TokenStream& in, AlterTableAction* action) {
  if (in.accept(Keyword::kRow)) {
    in.expect(Keyword::kLevel, Keyword::kSecurity);
    act(action, AlterAction::kDisableRowSecurity);
  } else if (in.accept(Keyword::kRule)) {
    action->name = parse_column_name(in);
    act(action, AlterAction::kDisableRule);
  } else {
    in.expect(Keyword::kTrigger);
    parse_trigger_name(in, action);
    act(action, AlterAction::kDisableTrigger);
  }
}

void parse_no(TokenStream& in, AlterTableAction* action) {
  if (in.accept(Keyword::kForce)) {
    in.expect(Keyword::kRow, Keyword::kLevel, Keyword::kSecurity);
    act(action, AlterAction::kNoForceRowSecurity);
    return;
  }
  in.expect(Keyword::kInherit);
  action->table = parse_qualified_name(in);
  act(action, AlterAction::kNoInherit);
}

void parse_replica_identity(TokenStream& in, AlterTableAction* action) {
  in.expect(Keyword::kIdentity);
  act(action, AlterAction::kReplicaIdentity);
  if (in.accept(Keyword::kUsing)) {
    in.expect(Keyword::kIndex);
    action->text = "index";
    action->name = parse_column_name(in);
  } else if (in.at(Keyword::kFull) || in.at(Keyword::kNothing) || in.at(Keyword::kDefault)) {
    action->text = parse_label(in);
  } else {
    in.fail();
  }
}

void parse_partition(TokenStream& in, AlterTableAction* action, bool attach) {
  in.expect(Keyword::kPartition);
  action->table = parse_qualified_name(in);
  if (attach) {
    act(action, AlterAction::kAttachPartition);
    if (in.at(Keyword::kFor) || in.at(Keyword::kDefault)) action->bound = parse_partition_bound(in);
    return;
  }
  act(action, in.accept(Keyword::kFinalize) ? AlterAction::kDetachPartitionFinalize : AlterAction::kDetachPartition);
  action->concurrently = action->action == AlterAction::kDetachPartition && in.accept(Keyword::kConcurrently);
}

void parse_of(TokenStream& in, AlterTableAction* action) {
  auto* type = in.make<TypeName>();
  type->name = parse_any_name(in);
  action->type = type;
  act(action, AlterAction::kOfType);
}

void parse_cluster_on(TokenStream& in, AlterTableAction* action) {
  in.expect(Keyword::kOn);
  action->name = parse_column_name(in);
  act(action, AlterAction::kClusterOn);
}

const AlterTableAction* parse_action(TokenStream& in, bool composite) {
  auto* action = in.make<AlterTableAction>();
  const Keyword keyword = in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword;
  if (keyword == Keyword::kOptions) {
    action->options = parse_foreign_options(in);
    return act(action, AlterAction::kForeignOptions);
  }
  const Token first = in.token();
  in.skip();
  switch (keyword) {
    case Keyword::kAdd: parse_add(in, action, composite); break;
    case Keyword::kDrop: parse_drop_part(in, action, composite); break;
    case Keyword::kAlter: parse_alter_part(in, action, composite); break;
    case Keyword::kSet: parse_table_set(in, action); break;
    case Keyword::kReset:
      action->options = parse_relation_options(in);
      act(action, AlterAction::kResetOptions);
      break;
    case Keyword::kEnable: parse_enable(in, action); break;
    case Keyword::kDisable: parse_disable(in, action); break;
    case Keyword::kForce:
      in.expect(Keyword::kRow, Keyword::kLevel, Keyword::kSecurity);
      act(action, AlterAction::kForceRowSecurity);
      break;
    case Keyword::kNo: parse_no(in, action); break;
    case Keyword::kInherit:
      action->table = parse_qualified_name(in);
      act(action, AlterAction::kInherit);
      break;
    case Keyword::kOf: parse_of(in, action); break;
    case Keyword::kNot: in.expect(Keyword::kOf); act(action, AlterAction::kNotOfType); break;
    case Keyword::kOwner:
      in.expect(Keyword::kTo);
      action->role = parse_role(in);
      act(action, AlterAction::kOwnerTo);
      break;
    case Keyword::kValidate:
      in.expect(Keyword::kConstraint);
      action->name = parse_column_name(in);
      act(action, AlterAction::kValidateConstraint);
      break;
    case Keyword::kCluster: parse_cluster_on(in, action); break;
    case Keyword::kReplica: parse_replica_identity(in, action); break;
    case Keyword::kAttach: parse_partition(in, action, true); break;
    case Keyword::kDetach: parse_partition(in, action, false); break;
    default: in.fail_at(first);
  }
  return action;
}

}  // namespace

List<const AlterTableAction*> parse_alter_table_actions(TokenStream& in, bool composite) {
  return parse_list(in, [composite](TokenStream& s) { return parse_action(s, composite); });
}

Statement* parse_alter_all_in_tablespace(TokenStream& in, ObjectKind object, uint32_t position) {
  auto* alter = in.make<AlterTableStatement>(position);
  alter->object = object;
  in.expect(Keyword::kAll, Keyword::kIn, Keyword::kTablespace);
  alter->all_in_tablespace = parse_column_name(in);
  if (in.accept(Keyword::kOwned)) {
    in.expect(Keyword::kBy);
    alter->owned_by = parse_roles(in);
  }
  in.expect(Keyword::kSet, Keyword::kTablespace);
  alter->new_tablespace = parse_column_name(in);
  alter->no_wait = in.accept(Keyword::kNowait);
  return alter;
}

}  // namespace troupe::sql
