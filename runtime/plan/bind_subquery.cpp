/// Subqueries in expressions.
#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"

namespace troupe {
namespace {

ExprPtr make_subquery(BoundSubquery subquery, Type type, const sql::Node& node, ExprList args = {}) {
  auto expr = make_expr(ExprKind::kSubquery, type, std::move(args));
  expr->position = node.position + 1;
  expr->subquery = std::make_shared<const BoundSubquery>(std::move(subquery));
  return expr;
}

constexpr Type kBoolType{oid::kBool, -1};

/// What a subquery cannot be part of; empty where it may stand.
std::string_view refusing_clause(Clause clause) {
  switch (clause) {
    case Clause::kCheck: return "check constraint";
    case Clause::kDefault: return "DEFAULT expression";
    case Clause::kGenerated: return "column generation expression";
    case Clause::kIndex: return "index expression";
    case Clause::kIndexPredicate: return "index predicate";
    case Clause::kPartitionKey: return "partition key expression";
    case Clause::kPartitionBound: return "partition bound";
    default: return {};
  }
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_subquery(const sql::SubqueryExpr& expr, const Site& site) {
  if (const std::string_view clause = refusing_clause(site.clause); !clause.empty()) {
    return fail(ErrorCode::kFeatureNotSupported, expr, "cannot use subquery in ", clause);
  }
  subquery_sites_.push_back(&site);
  absl::StatusOr<QueryPtr> bound = bind_select(*expr.query, site.scope);
  subquery_sites_.pop_back();
  if (!bound.ok()) return bound.status();
  const QueryPtr query = *std::move(bound);
  BoundSubquery subquery;
  subquery.query = query;
  subquery.relation = relations++;
  switch (expr.type) {
    case sql::SubqueryType::kExists:
      subquery.kind = BoundSubquery::Kind::kExists;
      return make_subquery(std::move(subquery), kBoolType, expr);
    case sql::SubqueryType::kScalar:
    case sql::SubqueryType::kArray: {
      if (query->targets.size() != 1) {
        return fail(ErrorCode::kSyntaxError, expr, "subquery must return only one column");
      }
      Type type = query->targets[0].value->type;
      if (expr.type == sql::SubqueryType::kArray) {
        subquery.kind = BoundSubquery::Kind::kArray;
        const Oid array = is_array_type(type.oid) ? type.oid : array_type_of(type.oid);
        if (array == 0) {
          return fail(ErrorCode::kUndefinedObject, expr, "could not find array type for data type ", format_type(type));
        }
        type = Type{array};
      }
      return make_subquery(std::move(subquery), type, expr);
    }
    default: return bind_any_subquery(expr, query, site);
  }
}

/// SET (a, b) = (SELECT x, y ...): each column from a scalar subquery of its own over the same query.
absl::Status Binder::bind_subquery_assignment(const sql::Assignment& assignment, const sql::SubqueryExpr& subquery,
                                              const BoundModify& modify, const Site& site,
                                              std::vector<ColumnAssignment>* out) {
  for (uint32_t i = 0; i < assignment.targets.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(QueryPtr all, bind_select(*subquery.query, site.scope));
    if (all->targets.size() != assignment.targets.size()) {
      return fail(ErrorCode::kSyntaxError, subquery, "number of columns does not match number of values");
    }
    auto relation = std::make_shared<BoundRelation>();
    relation->kind = BoundRelation::Kind::kSubquery;
    for (const BoundTarget& target : all->targets) {
      relation->names.push_back(target.name);
      relation->types.push_back(target.value->type);
    }
    relation->query = std::move(all);
    const Type type = relation->types[i];
    auto one = std::make_shared<BoundQuery>();
    one->from.push_back(leaf(relation, "*SELECT*", one.get()).tree);
    one->targets.push_back({make_column(type, i, relation->number), {}});
    BoundSubquery scalar;
    scalar.query = std::move(one);
    scalar.relation = relations++;
    ExprPtr value = make_subquery(std::move(scalar), type, subquery);
    TROUPE_RETURN_IF_ERROR(bind_one_assignment(assignment.targets[i], &subquery, std::move(value), modify, site, out));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExprPtr> Binder::bind_any_subquery(const sql::SubqueryExpr& expr, QueryPtr query, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr test, bind(*expr.test, site));
  const ExprList fields = is_untyped_row(*test) ? test->args : ExprList{test};
  if (query->targets.size() != fields.size()) {
    return fail(
        ErrorCode::kSyntaxError, expr,
        query->targets.size() < fields.size() ? "subquery has too few columns" : "subquery has too many columns");
  }
  BoundSubquery subquery;
  subquery.kind = BoundSubquery::Kind::kAny;
  subquery.relation = relations++;
  const auto column = [&](size_t i) {
    return make_column(query->targets[i].value->type, static_cast<uint32_t>(i), subquery.relation);
  };
  const std::string_view op = expr.type == sql::SubqueryType::kIn ? "=" : expr.op;
  ExprPtr right;
  if (fields.size() == 1) {
    right = column(0);
  } else {
    auto row = std::make_shared<Expr>();
    row->kind = ExprKind::kRow;
    row->type = Type{oid::kRecord};
    for (size_t i = 0; i < fields.size(); ++i) row->args.push_back(column(i));
    right = std::move(row);
    if (!is_untyped_row(*test)) return fail(ErrorCode::kSyntaxError, expr, "subquery has too many columns");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr condition,
                          operate(op, fields.size() == 1 ? fields[0] : test, std::move(right), expr));
  if (condition->type.oid != oid::kBool) {
    return fail(ErrorCode::kWrongObjectType, expr, "operator in subquery must return type boolean");
  }
  // x op ALL (q) is NOT (NOT (x op row) for ANY row of q).
  const bool all = expr.type == sql::SubqueryType::kAll;
  if (all) condition = make_not(std::move(condition));
  subquery.query = std::move(query);
  ExprPtr result = make_subquery(std::move(subquery), kBoolType, expr, {std::move(condition)});
  return expr.negated != all ? make_not(std::move(result)) : std::move(result);
}

}  // namespace troupe
