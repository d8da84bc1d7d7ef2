/// Comparisons beyond plain operators: rows, IN, BETWEEN, LIKE, ANY and ALL of arrays, IS DISTINCT FROM, NULLIF.
#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

constexpr Type kBoolType{oid::kBool, -1};

}  // namespace

absl::StatusOr<ExprPtr> Binder::compare_rows(std::string_view symbol, const Expr& left, const Expr& right,
                                             const sql::Node& node) {
  if (left.args.size() != right.args.size()) {
    return fail(ErrorCode::kSyntaxError, node, "unequal number of entries in row expressions");
  }
  if (left.args.empty()) {
    return fail(ErrorCode::kFeatureNotSupported, node, "cannot compare rows of zero length");
  }
  if (symbol == "=" || symbol == "<>" || symbol == "!=") {
    ExprList parts;
    for (size_t i = 0; i < left.args.size(); ++i) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr part, operate(symbol, left.args[i], right.args[i], node));
      parts.push_back(std::move(part));
    }
    return symbol == "=" ? make_and(std::move(parts)) : make_or(std::move(parts));
  }
  if (symbol != "<" && symbol != "<=" && symbol != ">" && symbol != ">=") {
    return fail(ErrorCode::kFeatureNotSupported, node, "could not determine interpretation of row comparison operator ",
                symbol);
  }
  // (a, b) < (x, y) is a < x OR (a = x AND b < y), built from the right.
  const std::string_view strict = symbol.substr(0, 1);
  const size_t last = left.args.size() - 1;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr result, operate(symbol, left.args[last], right.args[last], node));
  for (size_t i = last; i-- > 0;) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr less, operate(strict, left.args[i], right.args[i], node));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr same, operate("=", left.args[i], right.args[i], node));
    result = make_or({std::move(less), make_and({std::move(same), std::move(result)})});
  }
  return result;
}

absl::StatusOr<ExprPtr> Binder::bind_in_list(const sql::InListExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr test, bind(*expr.argument, site));
  TROUPE_ASSIGN_OR_RETURN(ExprList items, bind_list(expr.list, site));
  std::vector<Type> types{test->type};
  for (const ExprPtr& item : items) types.push_back(item->type);
  const bool one_by_one = is_untyped_row(*test) || items.size() == 1;
  const auto common = one_by_one ? absl::StatusOr<Type>(Type{}) : select_common_type(types, "IN");
  // Types that have none in common may still have operators.
  if (one_by_one || !common.ok()) {
    ExprList any;
    for (ExprPtr& item : items) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr same, operate(expr.negated ? "<>" : "=", test, std::move(item), expr));
      any.push_back(std::move(same));
    }
    return expr.negated ? make_and(std::move(any)) : make_or(std::move(any));
  }
  const Type pair[] = {test->type.oid == oid::kUnknown ? *common : test->type, *common};
  auto call = resolve_operator("=", pair);
  if (!call.ok()) return at(call.status(), expr);
  TROUPE_ASSIGN_OR_RETURN(test, coerce(std::move(test), call->arguments[0], CastContext::kImplicit));
  auto bound = make_expr(ExprKind::kInList, kBoolType, {std::move(test)});
  bound->negated = expr.negated;
  bound->hashed = true;
  for (ExprPtr& item : items) {
    TROUPE_ASSIGN_OR_RETURN(item, coerce(std::move(item), call->arguments[1], CastContext::kImplicit));
    bound->hashed = bound->hashed && item->is_constant();
    bound->args.push_back(std::move(item));
  }
  bound->call = *std::move(call);
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_between(const sql::BetweenExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr test, bind(*expr.argument, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr low, bind(*expr.low, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr high, bind(*expr.high, site));
  const auto within = [&](const ExprPtr& from, const ExprPtr& to) -> absl::StatusOr<ExprPtr> {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr above, operate(">=", test, from, expr));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr below, operate("<=", test, to, expr));
    return make_and({std::move(above), std::move(below)});
  };
  TROUPE_ASSIGN_OR_RETURN(ExprPtr result, within(low, high));
  if (expr.symmetric) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr swapped, within(high, low));
    result = make_or({std::move(result), std::move(swapped)});
  }
  return expr.negated ? make_not(std::move(result)) : std::move(result);
}

absl::StatusOr<ExprPtr> Binder::bind_like(const sql::LikeExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr test, bind(*expr.argument, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr pattern, bind(*expr.pattern, site));
  if (expr.escape != nullptr || expr.type == sql::LikeType::kSimilar) {
    ExprList args{std::move(pattern)};
    if (expr.escape != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr escape, bind(*expr.escape, site));
      args.push_back(std::move(escape));
    }
    const std::string_view name = expr.type == sql::LikeType::kSimilar ? "similar_to_escape" : "like_escape";
    TROUPE_ASSIGN_OR_RETURN(pattern, call_by_name(name, std::move(args), expr));
  }
  static constexpr std::string_view kPlain[] = {"~~", "~~*", "~"};
  static constexpr std::string_view kNegated[] = {"!~~", "!~~*", "!~"};
  const auto which = static_cast<size_t>(expr.type);
  return operate(expr.negated ? kNegated[which] : kPlain[which], std::move(test), std::move(pattern), expr);
}

absl::StatusOr<ExprPtr> Binder::bind_any_all(const sql::AnyAllExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr left, bind(*expr.left, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr array, bind(*expr.array, site));
  if (array->type.oid == oid::kUnknown) {
    // varchar has no operators of its own: it compares as text.
    const bool text = left->type.oid == oid::kUnknown || left->type.oid == oid::kVarchar;
    const Oid guess = text ? oid::kTextArray : array_type_of(left->type.oid);
    TROUPE_ASSIGN_OR_RETURN(array, coerce(std::move(array), Type{guess}, CastContext::kImplicit));
  }
  if (!is_array_type(array->type.oid)) {
    return fail(ErrorCode::kWrongObjectType, expr, "op ANY/ALL (array) requires array on right side");
  }
  const Type pair[] = {left->type, Type{element_type_of(array->type.oid)}};
  auto call = resolve_operator(expr.op, pair);
  if (!call.ok()) return at(call.status(), expr);
  if (call->result.oid != oid::kBool) {
    return fail(ErrorCode::kWrongObjectType, expr, "op ANY/ALL (array) requires operator to yield boolean");
  }
  TROUPE_ASSIGN_OR_RETURN(left, coerce(std::move(left), call->arguments[0], CastContext::kImplicit));
  if (call->arguments[1].oid != pair[1].oid) {
    const Type wanted{array_type_of(call->arguments[1].oid)};
    TROUPE_ASSIGN_OR_RETURN(array, coerce(std::move(array), wanted, CastContext::kImplicit));
  }
  auto bound = make_expr(ExprKind::kArrayCompare, kBoolType, {std::move(left), std::move(array)});
  bound->all_of = expr.all;
  bound->call = *std::move(call);
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_distinct(const sql::DistinctTest& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr left, bind(*expr.left, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr right, bind(*expr.right, site));
  const bool rows = is_untyped_row(*left) && is_untyped_row(*right);
  const ExprList lefts = rows ? left->args : ExprList{left}, rights = rows ? right->args : ExprList{right};
  if (lefts.size() != rights.size()) {
    return fail(ErrorCode::kSyntaxError, expr, "unequal number of entries in row expressions");
  }
  ExprList tests;
  for (size_t i = 0; i < lefts.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr same, operate("=", lefts[i], rights[i], expr));
    if (same->kind != ExprKind::kCall) return refuse(expr, "IS DISTINCT FROM between rows of rows");
    auto test = make_expr(ExprKind::kDistinctTest, kBoolType, same->args);
    test->negated = expr.negated;
    test->call = same->call;
    tests.push_back(std::move(test));
  }
  return expr.negated ? make_and(std::move(tests)) : make_or(std::move(tests));
}

absl::StatusOr<ExprPtr> Binder::bind_null_if(const sql::NullIfExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr left, bind(*expr.left, site));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr right, bind(*expr.right, site));
  // A row here is a record, so that it is compared once, and as a whole.
  if (is_untyped_row(*left) && is_untyped_row(*right)) {
    left = make_expr(ExprKind::kCoalesce, left->type, {left});
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr same, operate("=", std::move(left), std::move(right), expr));
  auto bound = make_expr(ExprKind::kNullIf, same->args[0]->type, same->args);
  bound->call = same->call;
  return bound;
}

}  // namespace troupe
