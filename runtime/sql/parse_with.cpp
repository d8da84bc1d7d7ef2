// WITH, its SEARCH and CYCLE clauses, and the statements that may stand inside.
#include "runtime/sql/grammar.hpp"

namespace troupe::sql {
namespace {

const SearchClause* parse_search(TokenStream& in) {
  auto* search = in.arena().make<SearchClause>();
  in.skip();
  search->breadth_first = in.accept(Keyword::kBreadth);
  if (!search->breadth_first) in.expect(Keyword::kDepth);
  in.expect(Keyword::kFirst, Keyword::kBy);
  search->columns = parse_column_names(in);
  in.expect(Keyword::kSet);
  search->sequence_column = parse_column_name(in);
  return search;
}

const Expr* parse_mark(TokenStream& in) {
  const Expr* value = parse_primary(in);
  if (!value->is<Literal>() && !value->is<CastExpr>()) in.fail();
  return value;
}

const CycleClause* parse_cycle(TokenStream& in) {
  auto* cycle = in.arena().make<CycleClause>();
  in.skip();
  cycle->columns = parse_column_names(in);
  in.expect(Keyword::kSet);
  cycle->mark_column = parse_column_name(in);
  if (in.accept(Keyword::kTo)) {
    cycle->mark_value = parse_mark(in);
    in.expect(Keyword::kDefault);
    cycle->mark_default = parse_mark(in);
  }
  in.expect(Keyword::kUsing);
  cycle->path_column = parse_column_name(in);
  return cycle;
}

const CommonTable* parse_common_table(TokenStream& in) {
  auto* table = in.make<CommonTable>();
  table->name = parse_column_name(in);
  table->columns = parse_optional_names(in);
  in.expect(Keyword::kAs);
  if (in.accept(Keyword::kMaterialized)) {
    table->materialized = Materialization::kAlways;
  } else if (in.accept(Keyword::kNot)) {
    in.expect(Keyword::kMaterialized);
    table->materialized = Materialization::kNever;
  }
  in.expect(TokenKind::kOpen);
  table->query = parse_preparable(in);
  in.expect(TokenKind::kClose);
  if (in.at(Keyword::kSearch)) table->search = parse_search(in);
  if (in.at(Keyword::kCycle)) table->cycle = parse_cycle(in);
  return table;
}

}  // namespace

const WithClause* parse_with(TokenStream& in) {
  auto* with = in.make<WithClause>();
  in.skip();
  with->recursive = in.accept(Keyword::kRecursive);
  with->tables = parse_list(in, parse_common_table);
  return with;
}

Statement* parse_preparable(TokenStream& in) {
  const Nested nested(in);
  const uint32_t position = in.position();
  const WithClause* with = in.at(Keyword::kWith) ? parse_with(in) : nullptr;
  switch (in.at(TokenKind::kWord) ? in.keyword() : Keyword::kNoKeyword) {
    case Keyword::kInsert: return parse_insert(in, with);
    case Keyword::kUpdate: return parse_update(in, with);
    case Keyword::kDelete: return parse_delete(in, with);
    case Keyword::kMerge: return parse_merge(in, with);
    default: break;
  }
  SelectStatement* select = parse_select(in);
  if (with == nullptr) return select;
  if (select->with != nullptr) in.fail(ErrorCode::kSyntaxError, position, "multiple WITH clauses not allowed");
  select->with = with;
  return select;
}

}  // namespace troupe::sql
