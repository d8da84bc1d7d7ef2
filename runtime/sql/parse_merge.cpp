// MERGE.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

void parse_merge_insert(TokenStream& in, MergeWhen* when) {
  when->action = MergeWhen::Action::kInsert;
  if (in.at(TokenKind::kOpen)) {
    in.skip();
    when->columns = parse_assignment_targets(in);
    in.expect(TokenKind::kClose);
  }
  when->overriding = parse_overriding(in);
  if (when->columns.empty() && in.accept(Keyword::kDefault, Keyword::kValues)) {
    when->default_values = true;
    return;
  }
  in.expect(Keyword::kValues);
  when->values = parse_list_in_parentheses(in, parse_expr);
}

void parse_merge_action(TokenStream& in, MergeWhen* when) {
  if (in.accept(Keyword::kDo)) {
    in.expect(Keyword::kNothing);
  } else if (!when->matched) {
    in.expect(Keyword::kInsert);
    parse_merge_insert(in, when);
  } else if (in.accept(Keyword::kDelete)) {
    when->action = MergeWhen::Action::kDelete;
  } else {
    in.expect(Keyword::kUpdate, Keyword::kSet);
    when->action = MergeWhen::Action::kUpdate;
    when->assignments = parse_assignments(in);
  }
}

const MergeWhen* parse_merge_when(TokenStream& in) {
  auto* when = in.make<MergeWhen>();
  in.expect(Keyword::kWhen);
  when->matched = !in.accept(Keyword::kNot);
  in.expect(Keyword::kMatched);
  if (in.accept(Keyword::kAnd)) when->condition = parse_expr(in);
  in.expect(Keyword::kThen);
  parse_merge_action(in, when);
  return when;
}

}  // namespace

Statement* parse_merge(TokenStream& in, const WithClause* with) {
  auto* merge = in.make<MergeStatement>();
  in.skip();
  in.expect(Keyword::kInto);
  merge->with = with;
  TableRef* table = parse_relation(in);
  const bool as = in.accept(Keyword::kAs);
  if (as || can_name_column(in.token())) {
    auto* alias = in.arena().make<Alias>();
    alias->name = parse_column_name(in);
    table->alias = alias;
  }
  merge->table = table;
  in.expect(Keyword::kUsing);
  merge->source = parse_from_item(in);
  in.expect(Keyword::kOn);
  merge->on = parse_expr(in);
  ListBuilder<const MergeWhen*> clauses(in);
  do {
    clauses.add(parse_merge_when(in));
  } while (in.at(Keyword::kWhen));
  merge->clauses = clauses.finish();
  return merge;
}

}  // namespace troupe::sql
