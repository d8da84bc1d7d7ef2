/// What a call of a user's function is in the statement: its body with the arguments in the places of the parameters.
#include "runtime/plan/bind_function.hpp"

#include <algorithm>
#include <optional>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

/// Calls `visit(part, inside)` for every part of the expression and of the subqueries in it.
void visit_all(const Expr& expr, bool inside, const std::function<void(const Expr&, bool)>& visit) {
  visit_expr(expr, [&](const Expr& part) {
    visit(part, inside);
    if (part.subquery == nullptr) return;
    visit_query(*part.subquery->query, [&](const ExprPtr& inner) { visit_all(*inner, true, visit); });
  });
}

/// How often an argument is used, and whether where an aggregate or window call of the caller's query cannot be.
struct Use {
  int count = 0;
  bool inside = false;
};

bool is_trivial(const Expr& arg) {
  if (arg.kind == ExprKind::kCast) return is_trivial(arg.arg(0));
  if (arg.kind == ExprKind::kRow) return std::ranges::all_of(arg.args, [](const ExprPtr& f) { return is_trivial(*f); });
  return arg.is_constant() || arg.is_column() || arg.kind == ExprKind::kParameter;
}

struct Contents {
  bool aggregates = false, windows = false, sets = false, subqueries = false, moves = false;
};
Contents contents_of(const Expr& arg) {
  Contents found;
  visit_expr(arg, [&](const Expr& part) {
    found.aggregates = found.aggregates || part.kind == ExprKind::kAggregate || part.kind == ExprKind::kGrouping;
    found.windows = found.windows || part.kind == ExprKind::kWindow;
    found.sets = found.sets || part.kind == ExprKind::kTableFunction;
    found.subqueries = found.subqueries || part.subquery != nullptr;
    found.moves = found.moves || part.kind == ExprKind::kSequence;
  });
  found.moves = found.moves || volatility_of(arg) == Volatility::kVolatile;
  return found;
}

bool refuses_subqueries(Clause clause) {
  return clause == Clause::kCheck || clause == Clause::kGenerated || clause == Clause::kIndex ||
         clause == Clause::kIndexPredicate;
}

bool has_one_row(const BoundQuery& query) {
  return query.aggregated && query.groups.empty() && query.grouping_sets.empty() && !query.operation && !query.having &&
         !query.limit && !query.offset;
}

bool is_volatile(const BoundQuery& query) {
  bool found = false;
  visit_query(query, [&](const ExprPtr& expr) {
    visit_all(*expr, true, [&](const Expr& part, bool) {
      found = found || part.kind == ExprKind::kSequence ||
              (part.call.function != nullptr && part.call.function->volatility == Volatility::kVolatile);
    });
  });
  return found;
}

/// (query), whose first row's only column is wanted.
ExprPtr scalar_subquery(QueryPtr query, Type type, uint32_t relation) {
  BoundSubquery scalar;
  scalar.each_row = is_volatile(*query);
  scalar.query = std::move(query);
  scalar.relation = relation;
  auto subquery = make_expr(ExprKind::kSubquery, type, {});
  subquery->subquery = std::make_shared<const BoundSubquery>(std::move(scalar));
  return subquery;
}

ExprPtr any_null(const ExprList& args) {
  ExprList tests;
  for (const ExprPtr& arg : args) {
    if (!arg->is_constant()) tests.push_back(make_null_test(arg, false));
  }
  return tests.empty() ? ExprPtr() : make_or(std::move(tests));
}

bool has_null_constant(const ExprList& args) {
  return std::any_of(args.begin(), args.end(), [](const ExprPtr& arg) { return arg->is_null_constant(); });
}

/// A query that is nothing but one row of these values.
QueryPtr row_query(const ExprList& values) {
  auto query = std::make_shared<BoundQuery>();
  for (size_t i = 0; i < values.size(); ++i) query->targets.push_back({values[i], cat("a", i + 1)});
  return query;
}

std::shared_ptr<BoundRelation> subquery_relation(QueryPtr query, bool lateral) {
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  relation->lateral = lateral;
  for (const BoundTarget& target : query->targets) {
    relation->names.push_back(target.name);
    relation->types.push_back(target.value->type);
  }
  relation->query = std::move(query);
  return relation;
}

/// The one value that a function's row of fields is: itself, or a record.
ExprPtr value_of(const std::vector<BoundTarget>& targets, const FunctionShape& shape, Type result) {
  if (!shape.record && !shape.unknown) return targets[0].value;
  if (targets.size() == 1 && is_record_type(targets[0].value->type.oid)) return targets[0].value;
  ExprList fields;
  std::vector<std::string_view> names;
  for (const BoundTarget& target : targets) {
    fields.push_back(target.value);
    names.push_back(target.name);
  }
  if (!is_composite_type(result.oid)) return make_record(std::move(fields), names);
  const std::vector<Attribute>& attributes = find_user_type(result.oid)->attributes;
  const auto live = std::ranges::count_if(attributes, [](const Attribute& a) { return !a.dropped; });
  // This transaction has changed the table whose rows these are.
  if (static_cast<size_t>(live) != fields.size()) return make_record(std::move(fields), names);
  ExprList all;
  size_t next = 0;
  for (const Attribute& attribute : attributes) {
    all.push_back(attribute.dropped ? make_null(attribute.type) : fields[next++]);
  }
  return make_expr(ExprKind::kRow, Type{result.oid}, std::move(all));
}

/// Puts arguments in the places of columns of a relation.
class Arguments {
 public:
  Arguments(const BoundCallee& callee, uint32_t relation)
      : args_{callee.args}, relation_{relation}, uses_(args_.size()) {}

  void note(const Expr& expr, bool inside) {
    visit_all(expr, inside, [this](const Expr& part, bool deep) {
      if (!part.is_column() || part.relation != relation_) return;
      ++uses_[part.index].count;
      uses_[part.index].inside = uses_[part.index].inside || deep;
    });
  }
  /// Whether each may stand in its places itself. Otherwise they are computed once, as a row.
  bool may_stay() const {
    for (size_t i = 0; i < args_.size(); ++i) {
      if (is_trivial(*args_[i])) continue;
      const Contents has = contents_of(*args_[i]);
      if (uses_[i].inside && (has.aggregates || has.windows || has.sets || has.moves)) return false;
      const bool once = has.aggregates || has.windows || has.sets;  // the query has it once, whoever asks
      if (uses_[i].count > 1 && !once) return false;
    }
    return true;
  }
  bool is_inside(size_t i) const { return uses_[i].inside; }
  bool has_sets_or_windows() const {
    return std::any_of(args_.begin(), args_.end(), [](const ExprPtr& arg) {
      const Contents has = contents_of(*arg);
      return has.sets || has.windows;
    });
  }
  ReplaceExpr replacing() const {
    return [this](const ExprPtr& part) -> ExprPtr {
      return part->is_column() && part->relation == relation_ ? args_[part->index] : nullptr;
    };
  }

 private:
  const ExprList& args_;
  uint32_t relation_;
  std::vector<Use> uses_;
};

}  // namespace

/// The call as one value.
absl::StatusOr<ExprPtr> Binder::inline_value(BoundCallee& callee, const Site& site, const sql::Node& node) {
  const FunctionDef& function = *callee.function;
  const uint32_t relation = relations++;
  const size_t first_cte = ctes.size();
  bool expression = false;
  TROUPE_ASSIGN_OR_RETURN(QueryPtr body, bind_function_body(callee, relation, node, &expression));
  const FunctionShape shape = shape_of(callee);
  ExprPtr value = value_of(body->targets, shape, callee.result);
  if (callee.result.oid == oid::kVoid) {
    if (!expression) return at(refuse_function(function, "returns nothing and reads tables"), node);
    const ExprPtr nothing = make_null(Type{oid::kVoid});
    value = make_expr(ExprKind::kCase, nothing->type, {make_null_test(value, false), nothing, nothing});
  }
  if (!expression) {
    if (refuses_subqueries(site.clause)) {
      return fail(ErrorCode::kFeatureNotSupported, node, "a function with a query over tables is not supported in ",
                  clause_name(site.clause));
    }
    if (body->limit || body->offset || body->operation) {  // of whose rows the first is wanted
      auto outer = std::make_shared<BoundQuery>();
      FromItem item = leaf(subquery_relation(body, false), "*SELECT*", outer.get());
      outer->from.push_back(item.tree);
      for (uint32_t i = 0; i < body->targets.size(); ++i) {
        outer->targets.push_back({column_of(*item.names->relation, i), body->targets[i].name});
      }
      body = std::move(outer);
      value = value_of(body->targets, shape, callee.result);
    }
    body->targets = {{value, function.name}};
    if (!has_one_row(*body)) body->limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
    value = scalar_subquery(std::move(body), value->type, relations++);
  }
  if (function.strict) {
    if (has_null_constant(callee.args)) return make_null(value->type);
    ExprList columns;
    for (uint32_t i = 0; i < callee.args.size(); ++i) {
      if (!callee.args[i]->is_constant()) columns.push_back(make_column(callee.types[i], i, relation));
    }
    if (const ExprPtr missing = any_null(columns)) {
      value = make_expr(ExprKind::kCase, value->type, {missing, make_null(value->type), value});
    }
  }
  Arguments arguments(callee, relation);
  arguments.note(*value, false);
  for (size_t i = first_cte; i < ctes.size(); ++i) {
    visit_query(*ctes[i].query, [&](const ExprPtr& expr) { arguments.note(*expr, true); });
  }
  if (arguments.may_stay() || refuses_subqueries(site.clause)) {
    for (size_t i = first_cte; i < ctes.size(); ++i) substitute_query(ctes[i].query.get(), arguments.replacing());
    return substitute_expr(value, arguments.replacing());
  }
  if (arguments.has_sets_or_windows()) {
    return with_hint(fail(ErrorCode::kFeatureNotSupported, node, "an argument of function ", function.name,
                          " that is a window or set-returning function is not supported here"),
                     "Compute it in a subquery: SELECT f(x) FROM (SELECT ... AS x ...) s.");
  }
  for (ExprPtr& arg : callee.args) {
    arg = replace_expr(arg, [&](const ExprPtr& part) -> ExprPtr {
      return part->kind == ExprKind::kAggregate && site.query != nullptr ? hoist(part, site.query) : nullptr;
    });
  }
  auto outer = std::make_shared<BoundQuery>();
  FromItem row = leaf(subquery_relation(row_query(callee.args), false), function.name, outer.get());
  row.names->relation->number = outer->relations.back() = relation;
  outer->from.push_back(row.tree);
  outer->targets.push_back({value, function.name});
  return scalar_subquery(std::move(outer), value->type, relations++);
}

/// The call as rows: of a set all there are, else exactly one.
absl::StatusOr<QueryPtr> Binder::inline_rows(BoundCallee& callee, const FunctionShape& shape, BoundQuery* around,
                                             const sql::Node& node) {
  const FunctionDef& function = *callee.function;
  const uint32_t relation = relations++;
  const size_t first_cte = ctes.size();
  bool expression = false;
  TROUPE_ASSIGN_OR_RETURN(QueryPtr body, bind_function_body(callee, relation, node, &expression));
  (void)around;
  if (callee.result.oid == oid::kVoid) return at(refuse_function(function, "returns nothing"), node);
  if (shape.unknown && body->targets.size() == 1 && body->targets[0].value->kind == ExprKind::kRow) {
    std::vector<BoundTarget> fields;
    for (const ExprPtr& field : body->targets[0].value->args) fields.push_back({field, {}});
    body->targets = std::move(fields);
  }
  Arguments arguments(callee, relation);
  visit_query(*body, [&](const ExprPtr& expr) { arguments.note(*expr, true); });
  ExprList columns;
  for (uint32_t i = 0; i < callee.args.size(); ++i) columns.push_back(make_column(callee.types[i], i, relation));
  const ExprPtr missing = function.strict ? any_null(columns) : nullptr;
  if (missing) arguments.note(*missing, true);
  for (size_t i = first_cte; i < ctes.size(); ++i) {
    visit_query(*ctes[i].query, [&](const ExprPtr& expr) { arguments.note(*expr, true); });
  }
  const bool stays = arguments.may_stay();
  if (!stays && arguments.has_sets_or_windows()) {
    return fail(ErrorCode::kFeatureNotSupported, node, "set-returning functions as arguments of function ",
                function.name, " in FROM are not supported yet");
  }
  if (stays) {
    for (size_t i = first_cte; i < ctes.size(); ++i) substitute_query(ctes[i].query.get(), arguments.replacing());
    substitute_query(body.get(), arguments.replacing());
    if (!missing && function.returns_set) return body;
  }
  // FROM (one row: the arguments) JOIN LATERAL the body.
  auto outer = std::make_shared<BoundQuery>();
  FromItem row = leaf(subquery_relation(row_query(stays && !callee.args.empty() ? ExprList{make_bool(true)}
                                                  : callee.args.empty()         ? ExprList{make_bool(true)}
                                                                                : callee.args),
                                        false),
                      function.name, outer.get());
  if (!stays) row.names->relation->number = outer->relations.back() = relation;
  if (!function.returns_set && !has_one_row(*body) && !body->limit) {
    body->limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  }
  FromItem rows = leaf(subquery_relation(body, true), "*BODY*", outer.get());
  auto join = std::make_shared<FromTree>();
  join->join = function.returns_set ? JoinKind::kInner : JoinKind::kLeft;
  join->left = row.tree;
  join->right = rows.tree;
  if (missing) {
    join->condition = make_not(stays ? substitute_expr(missing, arguments.replacing()) : missing);
  } else if (!function.returns_set) {
    join->condition = make_bool(true);
  }
  outer->from.push_back(join);
  for (uint32_t i = 0; i < body->targets.size(); ++i) {
    outer->targets.push_back({column_of(*rows.names->relation, i), body->targets[i].name});
  }
  return outer;
}

namespace {

/// What a call is where only its type counts: null, but of the columns that it is called with.
ExprPtr placeholder(const BoundCallee& callee) {
  ExprList tests;
  for (const ExprPtr& arg : callee.args) tests.push_back(make_null_test(arg, false));
  const ExprPtr null = make_null(callee.result);
  if (tests.empty()) return null;
  return make_expr(ExprKind::kCase, callee.result, {make_and(std::move(tests)), null, null});
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_function_call(const sql::FunctionCall& call, const Site& site, bool* found) {
  *found = false;
  TROUPE_ASSIGN_OR_RETURN(const std::shared_ptr<BoundCallee> callee, find_callee(call, site, false));
  if (callee == nullptr) return ExprPtr();
  *found = true;
  if (callee->function->is_aggregate()) return bind_user_aggregate(call, *callee, site);
  const std::string_view name = call.name.back();
  if (call.over != nullptr) {
    return fail(ErrorCode::kWrongObjectType, call, "OVER specified, but ", name,
                " is not a window function nor an aggregate function");
  }
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() || call.within_group) {
    const std::string_view what = call.star ? "(*)" : call.distinct ? "DISTINCT" : call.filter ? "FILTER" : "ORDER BY";
    return fail(ErrorCode::kWrongObjectType, call, what, " specified, but ", name, " is not an aggregate function");
  }
  if (callee->function->returns_set) {
    const bool selects = site.clause == Clause::kSelect && site.query != nullptr && site.scope != nullptr;
    if (!selects) {
      return fail(ErrorCode::kFeatureNotSupported, call, "set-returning functions are not allowed in ",
                  clause_name(site.clause));
    }
    if (!inlines) return placeholder(*callee);
    return join_rows(*callee, site, call);
  }
  // Where only what is immutable may stand, the mark counts, and else what the body does.
  const bool judged = refuses_subqueries(site.clause) && site.clause != Clause::kCheck &&
                      callee->function->volatility != FunctionVolatility::immutable;
  if (!inlines && !judged) return placeholder(*callee);
  if (const ExprPtr known = known_function_value(*callee, site)) return known;
  const ExprList args = callee->args;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, inline_value(*callee, site, call));
  const bool listed =
      site.clause == Clause::kSelect && value->kind == ExprKind::kSubquery && !value->subquery->each_row;
  if (listed) function_values_.push_back({site.query, callee->function->oid, args, value, false});
  return value;
}

/// GROUP BY f(a) means the f(a) of the select list, and what follows means the group.
ExprPtr Binder::known_function_value(const BoundCallee& callee, const Site& site) {
  const bool groups = site.clause == Clause::kGroupBy;
  if (!groups && site.clause != Clause::kHaving && site.clause != Clause::kOrderBy) return nullptr;
  for (FunctionValue& known : function_values_) {
    if (known.query != site.query || known.function != callee.function->oid) continue;
    if (site.clause == Clause::kHaving && !known.grouped) continue;
    if (!std::equal(known.args.begin(), known.args.end(), callee.args.begin(), callee.args.end(),
                    [](const ExprPtr& a, const ExprPtr& b) { return equal(a, b); })) {
      continue;
    }
    known.grouped = known.grouped || groups;
    return known.value;
  }
  return nullptr;
}

/// A set-returning function among the targets: a join with its rows.
absl::StatusOr<ExprPtr> Binder::join_rows(BoundCallee& callee, const Site& site, const sql::Node& node) {
  if (site.query->joins_functions || site.query->has_table_functions || site.in_aggregate) {
    return with_hint(fail(ErrorCode::kFeatureNotSupported, node,
                          "several set-returning functions in a select list are not supported with SQL functions"),
                     "Call them in FROM.");
  }
  site.query->joins_functions = true;
  const FunctionShape shape = shape_of(callee);
  TROUPE_ASSIGN_OR_RETURN(QueryPtr rows, inline_rows(callee, shape, site.query, node));
  FromItem item = leaf(subquery_relation(std::move(rows), true), callee.function->name, site.query);
  site.query->from.push_back(item.tree);
  std::vector<BoundTarget> columns;
  for (uint32_t i = 0; i < item.names->relation->size(); ++i) {
    columns.push_back({column_of(*item.names->relation, i), item.names->relation->names[i]});
  }
  return value_of(columns, shape, callee.result);
}

/// Null relation: it is no function of a user.
absl::StatusOr<Binder::FromItem> Binder::bind_user_function_ref(const sql::FunctionRef& ref, Scope* scope,
                                                                BoundQuery* query) {
  const sql::TableFunction& item = ref.functions[0];
  const auto& call = item.call->to<sql::FunctionCall>();
  const Site site{scope, query, Clause::kFromFunction, false};
  TROUPE_ASSIGN_OR_RETURN(const std::shared_ptr<BoundCallee> callee, find_callee(call, site, false));
  if (callee == nullptr) return FromItem{};
  FunctionShape shape = shape_of(*callee);
  if (!item.columns.empty()) {
    if (!shape.unknown) {
      const bool outs = !callee->function->outputs().empty();
      return fail(ErrorCode::kSyntaxError, call,
                  outs ? "a column definition list is redundant for a function with OUT "
                         "parameters"
                       : "a column definition list is only allowed for functions "
                         "returning \"record\"");
    }
    shape = {.record = true, .unknown = false, .names = {}, .types = {}};
    for (const sql::ColumnDefinition* column : item.columns) {
      TROUPE_ASSIGN_OR_RETURN(const Type type, bind_type(*column->type));
      shape.names.emplace_back(column->name);
      shape.types.push_back(type);
    }
  } else if (shape.unknown) {
    return fail(ErrorCode::kSyntaxError, call,
                "a column definition list is required for functions returning \"record\"");
  }
  QueryPtr rows;
  if (inlines) {
    TROUPE_ASSIGN_OR_RETURN(rows, inline_rows(*callee, shape, query, call));
    if (!item.columns.empty()) TROUPE_RETURN_IF_ERROR(fit_result(*callee->function, shape, &rows->targets));
  } else {
    rows = std::make_shared<BoundQuery>();
    for (size_t i = 0; i < shape.types.size(); ++i)
      rows->targets.push_back({make_null(shape.types[i]), shape.names[i]});
  }
  // A lone column goes by the alias, unless OUT gave it a name.
  const bool named = shape.record || !callee->function->outputs().empty();
  if (!named)
    rows->targets[0].name = ref.alias != nullptr ? std::string(ref.alias->name) : std::string(call.name.back());
  if (ref.ordinality) {
    TROUPE_ASSIGN_OR_RETURN(rows, with_ordinality(std::move(rows)));
  }
  auto relation = subquery_relation(std::move(rows), true);
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : call.name.back(), query);
}

/// The rows with their numbers.
absl::StatusOr<QueryPtr> Binder::with_ordinality(QueryPtr rows) {
  auto outer = std::make_shared<BoundQuery>();
  FromItem item = leaf(subquery_relation(rows, true), "*ROWS*", outer.get());
  outer->from.push_back(item.tree);
  for (uint32_t i = 0; i < rows->targets.size(); ++i) {
    outer->targets.push_back({column_of(*item.names->relation, i), rows->targets[i].name});
  }
  auto number = std::make_shared<WindowCall>();
  number->type = Type{oid::kInt8};
  auto expr = make_expr(ExprKind::kWindow, number->type, {});
  expr->window = std::move(number);
  outer->windows.emplace_back();
  outer->targets.push_back({std::move(expr), "ordinality"});
  return outer;
}

}  // namespace troupe
