/// Constant folding and simplification of conditions.
#include "runtime/plan/query_planner.hpp"
#include "runtime/types/long_value.hpp"

namespace troupe {
namespace {

bool all_constant(const Expr& expr) {
  for (const ExprPtr& arg : expr.args) {
    if (!arg->is_constant()) return false;
  }
  return true;
}

bool is_true(const Expr& expr) { return expr.is_constant() && !expr.value.is_null() && expr.value.get<bool>(); }
bool is_false(const Expr& expr) { return expr.is_constant() && !expr.value.is_null() && !expr.value.get<bool>(); }

/// A field of a row that is written out.
ExprPtr fold_field(const Expr& expr) {
  if (expr.call.function->name != "record_field" || expr.arg(0).kind != ExprKind::kRow) return nullptr;
  const Expr& row = expr.arg(0);
  if (!expr.arg(1).is_constant()) return nullptr;
  const auto place = static_cast<size_t>(expr.arg(1).value.get<int32_t>());
  return place < row.args.size() && row.arg(place).type.oid == expr.type.oid ? row.args[place] : nullptr;
}

ExprPtr fold_call(const ExprPtr& expr, const EvalContext& context) {
  if (ExprPtr field = fold_field(*expr)) return field;
  if (expr->call.function->volatility != Volatility::kImmutable) return expr;
  if (expr->call.function->strict) {
    for (const ExprPtr& arg : expr->args) {
      if (arg->is_null_constant()) return make_null(expr->type);
    }
  }
  if (!all_constant(*expr)) return expr;
  std::vector<Value> args;
  for (const ExprPtr& arg : expr->args) args.push_back(arg->value);
  EvalContext writable = context;
  writable.interrupt = &impatience();
  auto value = call_function(expr->call, args, writable);
  return value.ok() ? make_constant(expr->type, *std::move(value)) : expr;
}

ExprPtr fold_cast(const ExprPtr& expr, const EvalContext& context) {
  if (!expr->arg(0).is_constant() || volatility_of(*expr) != Volatility::kImmutable) return expr;
  if (expr->arg(0).value.is_null()) return make_null(expr->type);
  EvalContext writable = context;
  writable.interrupt = &impatience();
  auto value = run_cast(expr->cast, expr->arg(0).value, writable);
  return value.ok() ? make_constant(expr->type, *std::move(value)) : expr;
}

/// AND and OR lose what does not matter, and are what decides them.
ExprPtr fold_logical(const ExprPtr& expr) {
  const bool is_and = expr->kind == ExprKind::kAnd;
  ExprList rest;
  for (const ExprPtr& arg : expr->args) {
    if (is_and ? is_false(*arg) : is_true(*arg)) return make_bool(!is_and);
    if (!(is_and ? is_true(*arg) : is_false(*arg))) rest.push_back(arg);
  }
  if (rest.size() == expr->args.size()) return expr;
  return is_and ? make_and(std::move(rest)) : make_or(std::move(rest));
}

ExprPtr fold_case(const ExprPtr& expr) {
  ExprList rest;
  for (size_t i = 0; i + 1 < expr->args.size(); i += 2) {
    const Expr& condition = expr->arg(i);
    if (is_false(condition) || condition.is_null_constant()) continue;
    if (is_true(condition)) {
      if (rest.empty()) return expr->args[i + 1];
      rest.push_back(expr->args[i + 1]);  // what follows is never reached: it becomes the ELSE
      auto shorter = std::make_shared<Expr>(*expr);
      shorter->args = std::move(rest);
      return shorter;
    }
    rest.push_back(expr->args[i]);
    rest.push_back(expr->args[i + 1]);
  }
  if (rest.empty()) return expr->args.back();
  if (rest.size() + 1 == expr->args.size()) return expr;
  rest.push_back(expr->args.back());
  auto shorter = std::make_shared<Expr>(*expr);
  shorter->args = std::move(rest);
  return shorter;
}

ExprPtr fold_coalesce(const ExprPtr& expr) {
  ExprList rest;
  for (const ExprPtr& arg : expr->args) {
    if (arg->is_null_constant()) continue;
    rest.push_back(arg);
    if (arg->is_constant()) break;
  }
  if (rest.empty()) return make_null(expr->type);
  if (rest.size() == 1) return rest[0];
  if (rest.size() == expr->args.size()) return expr;
  auto shorter = std::make_shared<Expr>(*expr);
  shorter->args = std::move(rest);
  return shorter;
}

ExprPtr fold_not(const ExprPtr& expr) {
  const Expr& arg = expr->arg(0);
  if (arg.is_constant()) return arg.value.is_null() ? make_null(expr->type) : make_bool(!arg.value.get<bool>());
  if (arg.kind == ExprKind::kNot) return arg.args[0];
  if (arg.kind == ExprKind::kNullTest || arg.kind == ExprKind::kBooleanTest || arg.kind == ExprKind::kInList ||
      arg.kind == ExprKind::kDistinctTest) {
    auto flipped = std::make_shared<Expr>(arg);
    flipped->negated = !arg.negated;
    return flipped;
  }
  return expr;
}

ExprPtr fold_node(const ExprPtr& expr, const EvalContext& context) {
  switch (expr->kind) {
    case ExprKind::kCall: return fold_call(expr, context);
    case ExprKind::kCast: return fold_cast(expr, context);
    case ExprKind::kAnd:
    case ExprKind::kOr: return fold_logical(expr);
    case ExprKind::kNot: return fold_not(expr);
    case ExprKind::kCase: return fold_case(expr);
    case ExprKind::kCoalesce: return fold_coalesce(expr);
    case ExprKind::kNullTest:
      if (expr->arg(0).is_constant()) return make_bool(expr->arg(0).value.is_null() != expr->negated);
      return expr;
    default: return expr;
  }
}

}  // namespace

ExprPtr fold_constants(const ExprPtr& expr, const EvalContext& context) {
  if (!expr || (expr->args.empty() && !expr->aggregate)) {
    return expr && expr->kind == ExprKind::kCall ? fold_node(expr, context) : expr;
  }
  std::shared_ptr<Expr> copy;
  for (size_t i = 0; i < expr->args.size(); ++i) {
    ExprPtr folded = fold_constants(expr->args[i], context);
    if (folded == expr->args[i]) continue;
    if (!copy) copy = std::make_shared<Expr>(*expr);
    copy->args[i] = std::move(folded);
  }
  if (expr->aggregate) {
    auto call = std::make_shared<AggregateCall>(*expr->aggregate);
    for (ExprPtr& arg : call->args) arg = fold_constants(arg, context);
    for (SortKey& key : call->order) key.value = fold_constants(key.value, context);
    call->filter = fold_constants(call->filter, context);
    if (!copy) copy = std::make_shared<Expr>(*expr);
    copy->aggregate = std::move(call);
  }
  return fold_node(copy ? ExprPtr(std::move(copy)) : expr, context);
}

ExprPtr QueryPlanner::fold(const ExprPtr& expr) {
  return fold_constants(expr, binder_eval());
}

}  // namespace troupe
