// Indexes, views, materialized views, extended statistics.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

bool at_nulls_order(TokenStream& in) {
  return in.at(Keyword::kNulls) && (in.at_next(Keyword::kFirst) || in.at_next(Keyword::kLast));
}

// A function call where a plain column could stand too.
bool at_call(TokenStream& in) {
  if (at_special_call(in)) return !can_name_column(in.token()) || in.at_next(TokenKind::kOpen);
  return in.at_next(TokenKind::kOpen) || in.at_next(TokenKind::kDot);
}

void parse_index_order(TokenStream& in, IndexElement* element) {
  if (in.accept(Keyword::kAsc)) {
    element->order = SortOrder::kAscending;
  } else if (in.accept(Keyword::kDesc)) {
    element->order = SortOrder::kDescending;
  }
  if (!at_nulls_order(in)) return;
  in.skip();
  element->nulls = in.at(Keyword::kFirst) ? NullsOrder::kFirst : NullsOrder::kLast;
  in.skip();
}

// Before the list of columns: [ONLY] t [USING method]
void parse_index_target(TokenStream& in, CreateIndexStatement* create) {
  in.expect(Keyword::kOn);
  create->table = parse_relation(in);
  create->access_method = parse_optional_access_method(in);
}

CheckOption parse_check_option(TokenStream& in) {
  if (!in.accept(Keyword::kWith)) return CheckOption::kNone;
  CheckOption option = CheckOption::kCascaded;
  if (in.accept(Keyword::kLocal)) {
    option = CheckOption::kLocal;
  } else {
    in.accept(Keyword::kCascaded);
  }
  in.expect(Keyword::kCheck, Keyword::kOption);
  return option;
}

// CREATE RECURSIVE VIEW v (a) AS q is WITH RECURSIVE v (a) AS (q) SELECT a FROM v.
const SelectStatement* make_recursive(TokenStream& in, const CreateViewStatement& view) {
  auto* table = in.make<CommonTable>(view.position);
  table->name = view.view->name;
  table->columns = view.columns;
  table->query = view.query;
  auto* with = in.make<WithClause>(view.position);
  const CommonTable* only = table;
  with->recursive = true;
  with->tables = in.arena().copy(&only, 1);
  auto* select = in.make<SelectStatement>(view.position);
  select->with = with;
  ListBuilder<const Target*> targets(in);
  for (const std::string_view name : view.columns) {
    auto* column = in.make<ColumnRef>(view.position);
    column->name = in.arena().copy(&name, 1);
    auto* target = in.make<Target>(view.position);
    target->value = column;
    targets.add(target);
  }
  select->targets = targets.finish();
  auto* from = in.make<TableRef>(view.position);
  from->name = view.view->name;
  const FromItem* item = from;
  select->from = in.arena().copy(&item, 1);
  return select;
}

const Expr* parse_statistics_expression(TokenStream& in) {
  if (in.accept(TokenKind::kOpen)) {
    const Expr* expression = parse_expr(in);
    in.expect(TokenKind::kClose);
    return expression;
  }
  if (at_call(in)) return parse_function_expression(in);
  auto* column = in.make<ColumnRef>();
  column->name = make_name(in, {parse_column_name(in)});
  return column;
}

}  // namespace

const IndexElement* parse_index_element(TokenStream& in) {
  auto* element = in.make<IndexElement>();
  if (in.accept(TokenKind::kOpen)) {
    element->expression = parse_expr(in);
    in.expect(TokenKind::kClose);
  } else if (at_call(in)) {
    element->expression = parse_function_expression(in);
  } else {
    element->column = parse_column_name(in);
  }
  if (in.accept(Keyword::kCollate)) element->collation = parse_any_name(in);
  if (can_name_column(in.token()) && !at_nulls_order(in)) {
    element->operator_class = parse_any_name(in);
    if (in.at(TokenKind::kOpen)) element->operator_class_options = parse_relation_options(in);
  }
  parse_index_order(in, element);
  return element;
}

Statement* parse_create_index(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateIndexStatement>(position);
  create->unique = in.accept(Keyword::kUnique);
  in.expect(Keyword::kIndex);
  create->concurrently = in.accept(Keyword::kConcurrently);
  create->if_not_exists = accept_if_not_exists(in);
  if (create->if_not_exists || !in.at(Keyword::kOn)) create->name = parse_column_name(in);
  parse_index_target(in, create);
  create->elements = parse_list_in_parentheses(in, parse_index_element);
  if (in.accept(Keyword::kInclude)) create->include = parse_list_in_parentheses(in, parse_index_element);
  if (in.accept(Keyword::kNulls)) {
    create->nulls_not_distinct = in.accept(Keyword::kNot);
    in.expect(Keyword::kDistinct);
  }
  if (in.accept(Keyword::kWith)) create->options = parse_relation_options(in);
  create->tablespace = parse_optional_tablespace(in);
  create->where = parse_optional_where(in);
  return create;
}

Statement* parse_create_view(TokenStream& in, bool replace, Persistence persistence, uint32_t position) {
  auto* create = in.make<CreateViewStatement>(position);
  create->replace = replace;
  create->persistence = persistence;
  create->recursive = in.accept(Keyword::kRecursive);
  in.expect(Keyword::kView);
  create->view = parse_qualified_name(in);
  if (create->recursive && !in.at(TokenKind::kOpen)) in.fail();
  create->columns = parse_optional_names(in);
  if (in.accept(Keyword::kWith)) create->options = parse_relation_options(in);
  in.expect(Keyword::kAs);
  create->query = parse_select(in);
  const uint32_t check_position = in.position();
  create->check = parse_check_option(in);
  if (!create->recursive) return create;
  if (create->check != CheckOption::kNone)
    in.fail(ErrorCode::kFeatureNotSupported, check_position, "WITH CHECK OPTION not supported on recursive views");
  create->query = make_recursive(in, *create);
  return create;
}

Statement* parse_create_materialized_view(TokenStream& in, Persistence persistence, uint32_t position) {
  auto* create = in.make<CreateTableAsStatement>(position);
  in.expect(Keyword::kMaterialized, Keyword::kView);
  create->materialized_view = true;
  create->if_not_exists = accept_if_not_exists(in);
  auto* into = in.arena().make<IntoClause>();
  into->table = parse_qualified_name(in);
  into->persistence = persistence;
  into->columns = parse_optional_names(in);
  into->access_method = parse_optional_access_method(in);
  if (in.accept(Keyword::kWith)) into->options = parse_relation_options(in);
  into->tablespace = parse_optional_tablespace(in);
  in.expect(Keyword::kAs);
  create->into = into;
  create->query = parse_select(in);
  create->with_data = parse_with_data(in);
  return create;
}

Statement* parse_create_statistics(TokenStream& in, uint32_t position) {
  auto* create = in.make<CreateStatisticsStatement>(position);
  in.expect(Keyword::kStatistics);
  create->if_not_exists = accept_if_not_exists(in);
  create->name = parse_any_name(in);
  create->kinds = parse_optional_names(in);
  in.expect(Keyword::kOn);
  create->expressions = parse_list(in, parse_statistics_expression);
  in.expect(Keyword::kFrom);
  create->from = parse_from_list(in);
  return create;
}

Statement* parse_refresh(TokenStream& in) {
  auto* refresh = in.make<RefreshViewStatement>();
  in.skip();
  in.expect(Keyword::kMaterialized, Keyword::kView);
  refresh->concurrently = in.accept(Keyword::kConcurrently);
  refresh->view = parse_qualified_name(in);
  refresh->with_data = parse_with_data(in);
  return refresh;
}

}  // namespace troupe::sql
