/// SELECT, VALUES and set operations.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/connect_by.hpp"
#include "runtime/plan/definition_notes.hpp"
#include "runtime/sql/children.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {


/// Whether the name is a last resort: the type of a cast of something nameless, or that of a CASE.
bool is_weak_name(const sql::Expr& expr) {
  using sql::NodeKind;
  const auto nameless = [](const sql::Expr* part) {
    return part == nullptr || is_weak_name(*part) || output_name(*part) == "?column?";
  };
  switch (expr.kind) {
    case NodeKind::kCast: return nameless(expr.to<sql::CastExpr>().argument);
    case NodeKind::kCollate: return is_weak_name(*expr.to<sql::CollateExpr>().argument);
    case NodeKind::kCase: return nameless(expr.to<sql::CaseExpr>().otherwise);
    default: return false;
  }
}

/// PostgreSQL's FigureColname: what a column of a select list is called without AS.
}  // namespace

std::string output_name(const sql::Expr& expr) {
  using sql::NodeKind;
  switch (expr.kind) {
    case NodeKind::kColumnRef: return std::string(expr.to<sql::ColumnRef>().name.back());
    case NodeKind::kFunctionCall: {
      const auto& call = expr.to<sql::FunctionCall>();
      return std::string(call.name.back());
    }
    case NodeKind::kCast: {
      const auto& cast = expr.to<sql::CastExpr>();
      std::string inner = output_name(*cast.argument);
      return inner == "?column?" || is_weak_name(*cast.argument) ? std::string(cast.type->name.back()) : inner;
    }
    case NodeKind::kCollate: return output_name(*expr.to<sql::CollateExpr>().argument);
    case NodeKind::kCase: {
      const auto& branches = expr.to<sql::CaseExpr>();
      std::string inner = branches.otherwise != nullptr ? output_name(*branches.otherwise) : "?column?";
      return inner == "?column?" || is_weak_name(*branches.otherwise) ? "case" : inner;
    }
    case NodeKind::kCoalesce: return "coalesce";
    case NodeKind::kGreatestLeast: return expr.to<sql::GreatestLeastExpr>().least ? "least" : "greatest";
    case NodeKind::kNullIf: return "nullif";
    case NodeKind::kArray: return "array";
    case NodeKind::kRow: return "row";
    case NodeKind::kGrouping: return "grouping";
    case NodeKind::kIndirection: {
      const auto& indirection = expr.to<sql::Indirection>();
      for (size_t i = indirection.accessors.size(); i-- > 0;) {
        if (indirection.accessors[i].kind == sql::Accessor::Kind::kField) {
          return std::string(indirection.accessors[i].field);
        }
      }
      return output_name(*indirection.argument);
    }
    case NodeKind::kSubquery: {
      const auto& subquery = expr.to<sql::SubqueryExpr>();
      if (subquery.type == sql::SubqueryType::kExists) return "exists";
      if (subquery.type == sql::SubqueryType::kArray) return "array";
      if (subquery.type != sql::SubqueryType::kScalar || subquery.query->targets.empty()) return "?column?";
      const sql::Target& target = *subquery.query->targets[0];
      return target.alias.empty() ? output_name(*target.value) : std::string(target.alias);
    }
    case NodeKind::kValueFunction: {
      static constexpr std::string_view kNames[] = {
          "current_date", "current_time", "current_timestamp", "localtime",       "localtimestamp", "current_role",
          "current_user", "user",         "session_user",      "current_catalog", "current_schema"};
      return std::string(kNames[static_cast<size_t>(expr.to<sql::ValueFunctionExpr>().function)]);
    }
    default: return "?column?";
  }
}

namespace {

/// Where PostgreSQL points to when a query of a set operation does not fit the other.
const sql::Node& target_at(const sql::SelectStatement& select, size_t i) {
  if (select.operation != sql::SetOperation::kNone) return target_at(*select.left, i);
  if (i >= select.targets.size()) return select;
  return *select.targets[i]->value;
}

bool is_star(const sql::Expr& expr) {
  const auto* column = expr.as<sql::ColumnRef>();
  return column != nullptr && column->star;
}

bool is_field_star(const sql::Expr& expr) {
  const auto* indirection = expr.as<sql::Indirection>();
  return indirection != nullptr && indirection->accessors.back().kind == sql::Accessor::Kind::kStar;
}

}  // namespace

absl::StatusOr<QueryPtr> Binder::bind_select(const sql::SelectStatement& select, const Scope* outer,
                                             bool keep_unknown) {
  const size_t names_before = cte_names_.size();
  if (select.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*select.with, outer));
  if (select.connect_by != nullptr) {
    auto tree = bind_connect_by(select, outer);
    cte_names_.resize(names_before);
    return tree;
  }
  absl::StatusOr<QueryPtr> query = select.operation != sql::SetOperation::kNone ? bind_set_operation(select, outer)
                                   : select.is_values                           ? bind_values(select, outer)
                                                     : bind_plain(select, outer, keep_unknown);
  cte_names_.resize(names_before);
  if (query.ok() && !keep_unknown) TROUPE_RETURN_IF_ERROR(settle_targets(query->get()));
  if (DefinitionNotes* notes = NotesScope::current(); notes != nullptr && query.ok()) notes->queries[&select] = *query;
  return query;
}

absl::StatusOr<QueryPtr> Binder::bind_for_columns(const sql::SelectStatement& select, const Scope* outer) {
  std::vector<int> references;
  for (const BoundCte& cte : ctes) references.push_back(cte.references);
  auto bound = bind_select(select, outer);
  ctes.resize(references.size());
  for (size_t i = 0; i < references.size(); ++i) ctes[i].references = references[i];
  return bound;
}

absl::StatusOr<QueryPtr> Binder::bind_connect_by(const sql::SelectStatement& select, const Scope* outer) {
  const bool outer_foreign = std::exchange(foreign_text_, true);
  const auto parse = [&](std::string_view text) -> absl::StatusOr<const sql::SelectStatement*> {
    TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(text));
    kept_.push_back(parsed);
    return &parsed->statements()[0].node->to<sql::SelectStatement>();
  };
  const auto bind_tree = [&]() -> absl::StatusOr<QueryPtr> {
    TROUPE_ASSIGN_OR_RETURN(const std::string source, connect_by_source(select));
    TROUPE_ASSIGN_OR_RETURN(const sql::SelectStatement* parsed, parse(source));
    TROUPE_ASSIGN_OR_RETURN(const QueryPtr rows, bind_for_columns(*parsed, outer));
    std::vector<std::string> columns;
    for (const BoundTarget& target : rows->targets) columns.push_back(target.name);
    TROUPE_ASSIGN_OR_RETURN(const std::string text, connect_by_text(select, columns));
    TROUPE_ASSIGN_OR_RETURN(parsed, parse(text));
    return bind_select(*parsed, outer);
  };
  auto bound = bind_tree();
  foreign_text_ = outer_foreign;
  return bound.ok() ? bound : at(bound.status(), select);
}

absl::Status Binder::settle_targets(BoundQuery* query) {
  for (BoundTarget& target : query->targets) {
    TROUPE_ASSIGN_OR_RETURN(target.value, settle(std::move(target.value)));
  }
  return absl::OkStatus();
}

absl::StatusOr<QueryPtr> Binder::bind_plain(const sql::SelectStatement& select, const Scope* outer,
                                            bool keep_unknown) {
  auto query = std::make_shared<BoundQuery>();
  Scope scope;
  scope.outer = outer;
  scope.query = query;
  TROUPE_RETURN_IF_ERROR(bind_from(select.from, &scope, query.get()));
  if (select.where != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(const sql::SelectStatement* limited, without_rownum(select, outer, scope));
    if (limited != &select) return bind_plain(*limited, outer, keep_unknown);
  }
  scope.windows.assign(select.windows.begin(), select.windows.end());
  for (size_t i = 0; i < select.windows.size(); ++i) {
    const sql::WindowDefinition* window = select.windows[i];
    const bool again = std::any_of(select.windows.begin(), select.windows.begin() + i,
                                   [&](const sql::WindowDefinition* other) { return other->name == window->name; });
    if (again) return fail(ErrorCode::kWindowingError, *window, "window \"", window->name, "\" is already defined");
    const Site site{&scope, query.get(), Clause::kWindow, false};
    TROUPE_RETURN_IF_ERROR(bind_window_spec(*window, site).status());  // wrong even when nobody uses it
  }
  TROUPE_RETURN_IF_ERROR(bind_targets(select.targets, Site{&scope, query.get(), Clause::kSelect, false},
                                      &query->targets));
  if (!keep_unknown) TROUPE_RETURN_IF_ERROR(settle_targets(query.get()));
  if (select.where != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(query->where, bind_condition(*select.where, Site{&scope, query.get(), Clause::kWhere, false},
                                                         "WHERE"));
  }
  TROUPE_RETURN_IF_ERROR(bind_group_by(select, &scope, query.get()));
  if (select.having != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(query->having, bind_condition(*select.having,
                                                          Site{&scope, query.get(), Clause::kHaving, false}, "HAVING"));
    query->aggregated = true;
  }
  TROUPE_RETURN_IF_ERROR(bind_order(select, &scope, query.get()));
  TROUPE_RETURN_IF_ERROR(bind_distinct(select, &scope, query.get()));
  TROUPE_RETURN_IF_ERROR(bind_limits(select, outer, query.get()));
  if (query->joins_functions && (query->aggregated || !query->windows.empty() || query->has_table_functions)) {
    return with_hint(refuse(select, "a set-returning SQL function in the select list of a grouped or windowed query"),
                     "Call it in FROM.");
  }
  if (query->aggregated) TROUPE_RETURN_IF_ERROR(check_grouping(scope, query.get()));
  if (!select.locking.empty()) TROUPE_RETURN_IF_ERROR(bind_locks(select, scope, query.get()));
  return query;
}

absl::Status Binder::bind_targets(sql::List<const sql::Target*> targets, const Site& site,
                                  std::vector<BoundTarget>* out) {
  out->reserve(targets.size());
  const auto origin = [&](BoundTarget* target) {
    const Expr& value = *target->value;
    if (!value.is_column()) return;
    for (const Scope* scope = site.scope; scope != nullptr; scope = scope->outer) {
      const FromNames* leaf = leaf_of(*scope, value.relation);
      if (leaf != nullptr) target->origin = leaf->relation->origin_of(value.index);
    }
  };
  for (const sql::Target* target : targets) {
    if (is_star(*target->value)) {
      std::vector<NamedColumn> columns;
      TROUPE_RETURN_IF_ERROR(expand_targets(target->value->to<sql::ColumnRef>(), site, &columns));
      for (NamedColumn& column : columns) {
        out->push_back({std::move(column.value), std::string(column.name)});
        origin(&out->back());
      }
      continue;
    }
    if (is_field_star(*target->value)) {
      TROUPE_RETURN_IF_ERROR(expand_fields(target->value->to<sql::Indirection>(), site, out));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*target->value, site));
    out->push_back({std::move(value), target->alias.empty() ? output_name(*target->value) : std::string(target->alias)});
    origin(&out->back());
  }
  return absl::OkStatus();
}

absl::StatusOr<QueryPtr> Binder::bind_values(const sql::SelectStatement& select, const Scope* outer) {
  auto query = std::make_shared<BoundQuery>();
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kValues;
  const Site site{outer, query.get(), Clause::kValues, false};
  const size_t width = select.values[0].size();
  for (const sql::ExprList& row : select.values) {
    if (row.size() != width) {
      return fail(ErrorCode::kSyntaxError, *row.front(), "VALUES lists must all be the same length");
    }
    TROUPE_ASSIGN_OR_RETURN(ExprList values, bind_list(row, site));
    relation->values.push_back(std::move(values));
  }
  for (size_t column = 0; column < width; ++column) {
    std::vector<Type> types;
    for (const ExprList& row : relation->values) types.push_back(row[column]->type);
    auto common = select_common_type(types, "VALUES");
    if (!common.ok()) return at(common.status(), *select.values[0][column]);
    for (ExprList& row : relation->values) {
      TROUPE_ASSIGN_OR_RETURN(row[column], coerce(std::move(row[column]), *common, CastContext::kImplicit));
    }
    relation->types.push_back(*common);
    relation->names.push_back(cat("column", column + 1));
  }
  Scope scope;
  scope.outer = outer;
  FromItem item = leaf(relation, "*VALUES*", query.get());
  scope.items.push_back(item.names);
  query->from.push_back(item.tree);
  for (uint32_t i = 0; i < width; ++i) query->targets.push_back({column_of(*relation, i), relation->names[i]});
  TROUPE_RETURN_IF_ERROR(bind_order(select, &scope, query.get()));
  TROUPE_RETURN_IF_ERROR(bind_limits(select, outer, query.get()));
  if (!select.locking.empty()) {
    return fail(ErrorCode::kFeatureNotSupported, *select.locking[0], "FOR UPDATE cannot be applied to VALUES");
  }
  return query;
}

// --- set operations ---

absl::StatusOr<QueryPtr> Binder::bind_set_operation(const sql::SelectStatement& select, const Scope* outer) {
  auto query = std::make_shared<BoundQuery>();
  query->operation = select.operation == sql::SetOperation::kUnion       ? SetOperationKind::kUnion
                     : select.operation == sql::SetOperation::kIntersect ? SetOperationKind::kIntersect
                                                                         : SetOperationKind::kExcept;
  query->all = select.all;
  TROUPE_ASSIGN_OR_RETURN(query->left, bind_select(*select.left, outer, true));
  TROUPE_ASSIGN_OR_RETURN(query->right, bind_select(*select.right, outer, true));
  TROUPE_RETURN_IF_ERROR(match_set_columns(select, query.get()));
  TROUPE_RETURN_IF_ERROR(bind_set_order(select, query.get()));
  TROUPE_RETURN_IF_ERROR(bind_limits(select, outer, query.get()));
  if (!select.locking.empty()) {
    return fail(ErrorCode::kFeatureNotSupported, *select.locking[0],
                "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT");
  }
  return query;
}

absl::Status Binder::match_set_columns(const sql::SelectStatement& select, BoundQuery* query) {
  static constexpr std::string_view kNames[] = {"UNION", "INTERSECT", "EXCEPT"};
  const std::string_view name = kNames[static_cast<size_t>(*query->operation)];
  auto& left = query->left->targets;
  auto& right = query->right->targets;
  if (left.size() != right.size()) {
    return fail(ErrorCode::kSyntaxError, target_at(*select.right, 0), "each ", name, " query must have the same number of columns");
  }
  query->set_relation = relations++;
  query->relations = {query->set_relation};
  for (uint32_t i = 0; i < left.size(); ++i) {
    const Type types[] = {left[i].value->type, right[i].value->type};
    auto common = select_common_type(types, name);
    if (!common.ok()) return at(common.status(), target_at(*select.right, i));
    TROUPE_ASSIGN_OR_RETURN(left[i].value, coerce(std::move(left[i].value), *common, CastContext::kImplicit));
    TROUPE_ASSIGN_OR_RETURN(right[i].value, coerce(std::move(right[i].value), *common, CastContext::kImplicit));
    query->targets.push_back({make_column(*common, i, query->set_relation), left[i].name});
  }
  return absl::OkStatus();
}

absl::Status Binder::bind_set_order(const sql::SelectStatement& select, BoundQuery* query) {
  for (const sql::SortItem* item : select.order_by) {
    const auto* column = item->value->as<sql::ColumnRef>();
    const auto* literal = item->value->as<sql::Literal>();
    ExprPtr value;
    if (literal != nullptr || (column != nullptr && column->name.size() == 1 && !column->star)) {
      TROUPE_ASSIGN_OR_RETURN(value, bind_output_item(*item->value, Site{nullptr, query, Clause::kOrderBy, false},
                                                      "ORDER BY"));
    } else {
      return with_hint(
          with_detail(fail(ErrorCode::kFeatureNotSupported, *item->value,
                           "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"),
                      "Only result column names can be used, not expressions or functions."),
          "Add the expression/function to every SELECT, or move the UNION into a FROM clause.");
    }
    // What is sorted by has a type, in the select list, too.
    for (BoundTarget& listed : query->targets) {
      if (listed.value->type.oid != oid::kUnknown || !equal(listed.value, value)) continue;
      TROUPE_ASSIGN_OR_RETURN(listed.value, settle(listed.value));
    }
    TROUPE_ASSIGN_OR_RETURN(SortKey key, finish_sort_key(std::move(value), *item));
    query->order.push_back(std::move(key));
  }
  return absl::OkStatus();
}

// --- ORDER BY, DISTINCT, LIMIT, FOR ---

absl::StatusOr<ExprPtr> Binder::bind_output_item(const sql::Expr& value, const Site& site, std::string_view what) {
  const auto& targets = site.query->targets;
  if (const auto* literal = value.as<sql::Literal>()) {
    if (literal->type != sql::LiteralType::kInt4) {
      return fail(ErrorCode::kSyntaxError, value, "non-integer constant in ", what);
    }
    if (literal->integer < 1 || literal->integer > static_cast<int64_t>(targets.size())) {
      return fail(ErrorCode::kInvalidColumnReference, value, what, " position ", literal->integer,
                  " is not in select list");
    }
    return targets[static_cast<size_t>(literal->integer - 1)].value;
  }
  if (const auto* column = value.as<sql::ColumnRef>(); column != nullptr && column->name.size() == 1 && !column->star) {
    const BoundTarget* match = nullptr;
    for (const BoundTarget& target : targets) {
      if (target.name != column->name[0]) continue;
      if (match != nullptr && !equal(match->value, target.value)) {
        return fail(ErrorCode::kAmbiguousColumn, value, what, " \"", column->name[0], "\" is ambiguous");
      }
      match = &target;
    }
    if (match != nullptr) return match->value;
    if (site.scope == nullptr) {
      return fail(ErrorCode::kUndefinedColumn, value, "column \"", column->name[0], "\" does not exist");
    }
  }
  return bind(value, site);
}

absl::StatusOr<SortKey> Binder::finish_sort_key(ExprPtr value, const sql::SortItem& item) {
  SortKey key;
  TROUPE_ASSIGN_OR_RETURN(key.value, settle(std::move(value)));
  const TypeInfo& type = type_info(key.value->type.oid);
  if (type.oid == oid::kJson || type.oid == oid::kXml) {
    return with_hint(fail(ErrorCode::kUndefinedFunction, item, "could not identify an ordering operator for type ",
                          format_type(key.value->type.oid)),
                     "Use an explicit ordering operator or modify the query.");
  }
  key.descending = item.order == sql::SortOrder::kDescending;
  if (item.order == sql::SortOrder::kUsing) {
    if (item.using_op != "<" && item.using_op != ">") {
      return with_hint(fail(ErrorCode::kWrongObjectType, item, "operator ", item.using_op,
                            " is not a valid ordering operator"),
                       "Ordering operators must be \"<\" or \">\" members of btree operator families.");
    }
    key.descending = item.using_op == ">";
  }
  key.nulls_first = item.nulls == sql::NullsOrder::kDefault ? key.descending : item.nulls == sql::NullsOrder::kFirst;
  return key;
}

absl::StatusOr<SortKey> Binder::bind_sort_item(const sql::SortItem& item, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*item.value, site));
  return finish_sort_key(std::move(value), item);
}

namespace {

bool has_subquery(const sql::Node& node) {
  if (node.is<sql::SubqueryExpr>()) return true;
  bool found = false;
  sql::for_each_child(node, [&](const sql::Node& child) { found = found || has_subquery(child); });
  return found;
}

/// Once bound, a subquery is equal to nothing but itself: what is spelled as a target is that target. Null: none.
const BoundTarget* target_spelled_as(const sql::Expr& expr, const sql::SelectStatement& select,
                                     const BoundQuery& query) {
  if (!has_subquery(expr) || select.targets.size() != query.targets.size()) return nullptr;
  const std::string text = sql::to_sql(expr);
  const auto same = [&](const sql::Target* target) { return sql::to_sql(*target->value) == text; };
  const auto at = std::ranges::find_if(select.targets, same);
  return at == select.targets.end() ? nullptr : &query.targets[static_cast<size_t>(at - select.targets.begin())];
}

}  // namespace

absl::Status Binder::bind_order(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query) {
  for (const sql::SortItem* item : select.order_by) {
    const Site site{scope, query, Clause::kOrderBy, false};
    const BoundTarget* target = target_spelled_as(*item->value, select, *query);
    ExprPtr value = target != nullptr ? target->value : nullptr;
    if (value == nullptr) {
      TROUPE_ASSIGN_OR_RETURN(value, bind_output_item(*item->value, site, "ORDER BY"));
    }
    // What is sorted by has a type, in the select list, too.
    for (BoundTarget& listed : query->targets) {
      if (listed.value->type.oid != oid::kUnknown || !equal(listed.value, value)) continue;
      TROUPE_ASSIGN_OR_RETURN(listed.value, settle(listed.value));
    }
    TROUPE_ASSIGN_OR_RETURN(SortKey key, finish_sort_key(std::move(value), *item));
    query->order.push_back(std::move(key));
  }
  return absl::OkStatus();
}

absl::Status Binder::bind_distinct(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query) {
  if (!select.distinct_on.empty()) {
    for (const sql::Expr* expr : select.distinct_on) {
      const Site site{scope, query, Clause::kSelect, false};
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_output_item(*expr, site, "DISTINCT ON"));
      TROUPE_ASSIGN_OR_RETURN(value, settle(std::move(value)));
      query->distinct_on.push_back(std::move(value));
    }
    // ORDER BY must start with the DISTINCT ON expressions, in any order.
    for (size_t i = 0; i < query->order.size() && i < query->distinct_on.size(); ++i) {
      const bool known = std::any_of(query->distinct_on.begin(), query->distinct_on.end(),
                                     [&](const ExprPtr& on) { return equal(on, query->order[i].value); });
      if (!known) {
        return fail(ErrorCode::kInvalidColumnReference, start_of(*select.distinct_on[0]),
                    "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
      }
    }
    return absl::OkStatus();
  }
  query->distinct = select.distinct;
  if (!query->distinct) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(settle_targets(query));
  for (size_t i = 0; i < query->order.size(); ++i) {
    const bool listed = std::any_of(query->targets.begin(), query->targets.end(), [&](const BoundTarget& target) {
      return equal(target.value, query->order[i].value);
    });
    if (!listed) {
      return fail(ErrorCode::kInvalidColumnReference, start_of(*select.order_by[i]->value),
                  "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
    }
  }
  return absl::OkStatus();
}

absl::Status Binder::bind_limits(const sql::SelectStatement& select, const Scope* outer, BoundQuery* query) {
  const auto bind_one = [&](const sql::Expr* expr, Clause clause, std::string_view what,
                            ExprPtr* out) -> absl::Status {
    if (expr == nullptr) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*expr, Site{outer, query, clause, false}));
    auto as_int = coerce(value, Type{oid::kInt8}, CastContext::kAssignment);
    if (!as_int.ok()) {
      if (value->type.oid == oid::kUnknown) return as_int.status();
      return fail(ErrorCode::kDatatypeMismatch, *expr, "argument of ", what, " must be type bigint, not type ",
                  format_type(Type{value->type.oid}));
    }
    *out = *std::move(as_int);
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(bind_one(select.limit, Clause::kLimit, "LIMIT", &query->limit));
  TROUPE_RETURN_IF_ERROR(bind_one(select.offset, Clause::kOffset, "OFFSET", &query->offset));
  if (query->limit && query->limit->is_null_constant()) query->limit = nullptr;  // LIMIT ALL
  query->with_ties = select.with_ties && query->limit;
  if (query->with_ties && query->order.empty()) {
    return fail(ErrorCode::kSyntaxError, *select.limit, "WITH TIES cannot be specified without ORDER BY clause");
  }
  return absl::OkStatus();
}

namespace {

void collect_tables(const FromTree& tree, std::vector<std::shared_ptr<BoundRelation>>* out) {
  if (tree.relation) {
    out->push_back(tree.relation);
    return;
  }
  collect_tables(*tree.left, out);
  collect_tables(*tree.right, out);
}

/// That the relation reads, a continuous one as a view; null: none.
const TableDef* materialized_view(const BoundRelation& relation, const Catalog& catalog) {
  const TableDef* table = relation.table ? relation.table.get() : nullptr;
  if (relation.view) table = catalog.find_table(relation.view->oid);
  return table != nullptr && table->is_materialized_view() ? table : nullptr;
}

}  // namespace

absl::Status Binder::bind_locks(const sql::SelectStatement& select, const Scope&, BoundQuery* query) {
  static constexpr std::string_view kNames[] = {"FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE"};
  std::vector<std::shared_ptr<BoundRelation>> tables;
  for (const FromPtr& tree : query->from) collect_tables(*tree, &tables);
  for (const sql::LockingClause* clause : select.locking) {
    const std::string_view name = kNames[static_cast<size_t>(clause->strength)];
    const std::string_view obstacle = !query->groups.empty()           ? "GROUP BY clause"
                                      : query->aggregated              ? "aggregate functions"
                                      : query->distinct || !query->distinct_on.empty() ? "DISTINCT clause"
                                      : !query->windows.empty()        ? "window functions"
                                      : query->has_table_functions     ? "set-returning functions in the target list"
                                                                       : "";
    if (!obstacle.empty()) {
      return fail(ErrorCode::kFeatureNotSupported, *clause, name, " is not allowed with ", obstacle);
    }
    for (const auto& relation : tables) {
      const bool meant =
          clause->tables.empty() || std::any_of(clause->tables.begin(), clause->tables.end(),
                                                [&](const sql::TableRef* ref) { return ref->name == relation->alias; });
      const TableDef* view = meant ? materialized_view(*relation, catalog()) : nullptr;
      if (view == nullptr) continue;
      return error(ErrorCode::kWrongObjectType, "cannot lock rows in materialized view \"", view->name, "\"");
    }
    const auto lock = [&](const std::shared_ptr<BoundRelation>& relation) -> absl::Status {
      if (!relation->security.empty()) TROUPE_RETURN_IF_ERROR(secure_reading(relation, PolicyCommand::update));
      rights.want(relation->number, relation->table->oid, kUpdate);
      query->locks.push_back({relation->number, static_cast<LockStrength>(clause->strength),
                              clause->wait == sql::LockWait::kNoWait       ? LockWait::kNoWait
                              : clause->wait == sql::LockWait::kSkipLocked ? LockWait::kSkipLocked
                                                                           : LockWait::kWait});
      return absl::OkStatus();
    };
    if (clause->tables.empty()) {
      for (const auto& relation : tables) {
        if (relation->kind == BoundRelation::Kind::kTable) TROUPE_RETURN_IF_ERROR(lock(relation));
      }
      continue;
    }
    for (const sql::TableRef* ref : clause->tables) {
      const auto found = std::find_if(tables.begin(), tables.end(),
                                      [&](const auto& relation) { return relation->alias == ref->name; });
      if (found == tables.end()) {
        return fail(ErrorCode::kUndefinedTable, *ref, "relation \"", ref->name, "\" in ", name,
                    " clause not found in FROM clause");
      }
      if ((*found)->kind != BoundRelation::Kind::kTable) {
        return refuse(*ref, cat(name, " of something that is not a table"));
      }
      TROUPE_RETURN_IF_ERROR(lock(*found));
    }
  }
  return absl::OkStatus();
}

}  // namespace troupe
