// INSERT, UPDATE, DELETE, TRUNCATE.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

// UPDATE t [AS] a: SET is no alias here, although it may name a table.
TableRef* parse_target_table(TokenStream& in) {
  TableRef* table = parse_relation(in);
  const bool as = in.accept(Keyword::kAs);
  if (!as && (!can_name_column(in.token()) || in.at(Keyword::kSet))) return table;
  auto* alias = in.arena().make<Alias>();
  alias->name = parse_column_name(in);
  table->alias = alias;
  return table;
}

AssignmentTarget parse_assignment_target(TokenStream& in) {
  AssignmentTarget target;
  target.position = in.position();
  target.column = parse_column_name(in);
  target.accessors = parse_accessors(in);
  return target;
}

const Assignment* parse_assignment(TokenStream& in) {
  auto* assignment = in.make<Assignment>();
  if (in.accept(TokenKind::kOpen)) {
    assignment->multiple = true;
    assignment->targets = parse_assignment_targets(in);
    in.expect(TokenKind::kClose);
  } else {
    const AssignmentTarget target = parse_assignment_target(in);
    assignment->targets = in.arena().copy(&target, 1);
  }
  in.expect(TokenKind::kEqual);
  assignment->value = parse_expr(in);
  return assignment;
}

List<const Target*> parse_returning(TokenStream& in) {
  return in.accept(Keyword::kReturning) ? parse_targets(in) : List<const Target*>{};
}

const OnConflict* parse_on_conflict(TokenStream& in) {
  auto* node = in.make<OnConflict>();
  in.expect(Keyword::kOn, Keyword::kConflict);
  if (in.at(TokenKind::kOpen)) {
    node->elements = parse_list_in_parentheses(in, parse_index_element);
    node->elements_where = parse_optional_where(in);
  } else if (in.accept(Keyword::kOn)) {
    in.expect(Keyword::kConstraint);
    node->constraint = parse_column_name(in);
  }
  in.expect(Keyword::kDo);
  if (in.accept(Keyword::kNothing)) return node;
  in.expect(Keyword::kUpdate, Keyword::kSet);
  node->update = true;
  node->assignments = parse_assignments(in);
  node->where = parse_optional_where(in);
  return node;
}

const Expr* parse_where_or_current(TokenStream& in) {
  if (!in.at(Keyword::kWhere) || !in.at_next(Keyword::kCurrent) || in.peek(2).keyword != Keyword::kOf)
    return parse_optional_where(in);
  in.skip();
  auto* current = in.make<CurrentOfExpr>();
  in.skip();
  in.skip();
  current->cursor = parse_column_name(in);
  return current;
}

// INSERT INTO t (a, b) …, as opposed to INSERT INTO t (SELECT …).
void parse_insert_columns(TokenStream& in, InsertStatement* insert) {
  if (!in.at(TokenKind::kOpen)) return;
  const Token& next = in.peek(1);
  if (next.kind == TokenKind::kOpen || !can_name_column(next)) return;
  if (next.keyword == Keyword::kValues && next.kind == TokenKind::kWord && in.peek(2).kind == TokenKind::kOpen) return;
  in.skip();
  insert->columns = parse_assignment_targets(in);
  in.expect(TokenKind::kClose);
}

}  // namespace

List<AssignmentTarget> parse_assignment_targets(TokenStream& in) { return parse_list(in, parse_assignment_target); }

List<const Assignment*> parse_assignments(TokenStream& in) { return parse_list(in, parse_assignment); }

Overriding parse_overriding(TokenStream& in) {
  if (!in.accept(Keyword::kOverriding)) return Overriding::kNone;
  const bool user = in.accept(Keyword::kUser);
  if (!user) in.expect(Keyword::kSystem);
  in.expect(Keyword::kValue);
  return user ? Overriding::kUserValue : Overriding::kSystemValue;
}

Statement* parse_insert(TokenStream& in, const WithClause* with) {
  auto* insert = in.make<InsertStatement>();
  in.skip();
  in.expect(Keyword::kInto);
  insert->with = with;
  TableRef* table = parse_qualified_name(in);
  if (in.accept(Keyword::kAs)) {
    auto* alias = in.arena().make<Alias>();
    alias->name = parse_column_name(in);
    table->alias = alias;
  }
  insert->table = table;
  parse_insert_columns(in, insert);
  insert->overriding = parse_overriding(in);
  if (insert->overriding == Overriding::kNone && insert->columns.empty() && in.accept(Keyword::kDefault)) {
    in.expect(Keyword::kValues);
  } else {
    insert->source = parse_select(in);
  }
  if (in.at(Keyword::kOn)) insert->on_conflict = parse_on_conflict(in);
  insert->returning = parse_returning(in);
  return insert;
}

Statement* parse_update(TokenStream& in, const WithClause* with) {
  auto* update = in.make<UpdateStatement>();
  in.skip();
  update->with = with;
  update->table = parse_target_table(in);
  in.expect(Keyword::kSet);
  update->assignments = parse_assignments(in);
  if (in.accept(Keyword::kFrom)) update->from = parse_from_list(in);
  update->where = parse_where_or_current(in);
  update->returning = parse_returning(in);
  return update;
}

Statement* parse_delete(TokenStream& in, const WithClause* with) {
  auto* node = in.make<DeleteStatement>();
  in.skip();
  in.expect(Keyword::kFrom);
  node->with = with;
  node->table = parse_target_table(in);
  if (in.accept(Keyword::kUsing)) node->using_items = parse_from_list(in);
  node->where = parse_where_or_current(in);
  node->returning = parse_returning(in);
  return node;
}

Statement* parse_truncate(TokenStream& in) {
  auto* truncate = in.make<TruncateStatement>();
  in.skip();
  in.accept(Keyword::kTable);
  truncate->tables = parse_list(in, [](TokenStream& s) -> const TableRef* { return parse_relation(s); });
  if (in.accept(Keyword::kRestart)) {
    in.expect(Keyword::kIdentity);
    truncate->restart_identity = true;
  } else if (in.accept(Keyword::kContinue)) {
    in.expect(Keyword::kIdentity);
  }
  truncate->behavior = parse_drop_behavior(in);
  return truncate;
}

}  // namespace troupe::sql
