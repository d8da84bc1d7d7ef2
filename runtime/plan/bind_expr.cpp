/// Expressions whose meaning does not depend on what is around them.
#include <array>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/bind_match.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/definition_notes.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/array.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

constexpr Type kBoolType{oid::kBool, -1};
constexpr Type kUnknownType{oid::kUnknown, -1};

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind(const sql::Expr& expr, const Site& site) {
  auto bound = bind_any(expr, site);
  if (DefinitionNotes* notes = NotesScope::current(); notes != nullptr && bound.ok()) notes->values[&expr] = *bound;
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_any(const sql::Expr& expr, const Site& site) {
  using sql::NodeKind;
  if (site.match != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr special, site.match->bind_special(expr, site));
    if (special) return special;
  }
  switch (expr.kind) {
    case NodeKind::kColumnRef: return bind_column(expr.to<sql::ColumnRef>(), site);
    case NodeKind::kParameter: return bind_parameter(expr.to<sql::Parameter>());
    case NodeKind::kLiteral: return bind_literal(expr.to<sql::Literal>());
    case NodeKind::kIndirection: return bind_indirection(expr.to<sql::Indirection>(), site);
    case NodeKind::kOperator: return bind_operator(expr.to<sql::OperatorExpr>(), site);
    case NodeKind::kBoolean: return bind_boolean(expr.to<sql::BooleanExpr>(), site);
    case NodeKind::kFunctionCall: return bind_call(expr.to<sql::FunctionCall>(), site);
    case NodeKind::kValueFunction: return bind_value_function(expr.to<sql::ValueFunctionExpr>());
    case NodeKind::kCast: return bind_cast(expr.to<sql::CastExpr>(), site);
    case NodeKind::kCollate: return bind_collate(expr.to<sql::CollateExpr>(), site);
    case NodeKind::kRow: return bind_row(expr.to<sql::RowExpr>(), site);
    case NodeKind::kArray: return bind_array(expr.to<sql::ArrayExpr>(), site);
    case NodeKind::kSubquery: return bind_subquery(expr.to<sql::SubqueryExpr>(), site);
    case NodeKind::kAnyAll: return bind_any_all(expr.to<sql::AnyAllExpr>(), site);
    case NodeKind::kInList: return bind_in_list(expr.to<sql::InListExpr>(), site);
    case NodeKind::kBetween: return bind_between(expr.to<sql::BetweenExpr>(), site);
    case NodeKind::kLike: return bind_like(expr.to<sql::LikeExpr>(), site);
    case NodeKind::kNullTest: {
      const auto& test = expr.to<sql::NullTest>();
      TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind(*test.argument, site));
      return make_null_test(std::move(arg), test.negated);
    }
    case NodeKind::kBooleanTest: {
      const auto& test = expr.to<sql::BooleanTest>();
      const std::string_view what = test.value == sql::TruthValue::kTrue    ? "IS TRUE"
                                    : test.value == sql::TruthValue::kFalse ? "IS FALSE"
                                                                            : "IS UNKNOWN";
      TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind_condition(*test.argument, site, what));
      auto bound = make_expr(ExprKind::kBooleanTest, kBoolType, {std::move(arg)});
      bound->truth = static_cast<Truth>(test.value);
      bound->negated = test.negated;
      return bound;
    }
    case NodeKind::kDistinctTest: return bind_distinct(expr.to<sql::DistinctTest>(), site);
    case NodeKind::kNullIf: return bind_null_if(expr.to<sql::NullIfExpr>(), site);
    case NodeKind::kCoalesce:
      return bind_common(ExprKind::kCoalesce, expr.to<sql::CoalesceExpr>().arguments, "COALESCE", site);
    case NodeKind::kGreatestLeast: {
      const auto& list = expr.to<sql::GreatestLeastExpr>();
      return list.least ? bind_common(ExprKind::kLeast, list.arguments, "LEAST", site)
                        : bind_common(ExprKind::kGreatest, list.arguments, "GREATEST", site);
    }
    case NodeKind::kCase: return bind_case(expr.to<sql::CaseExpr>(), site);
    case NodeKind::kDefault:
      if (site.clause == Clause::kInsertValue || site.clause == Clause::kSet) {
        return make_expr(ExprKind::kDefault, kUnknownType, {});
      }
      return fail(ErrorCode::kSyntaxError, expr, "DEFAULT is not allowed in this context");
    case NodeKind::kGrouping: return bind_grouping(expr.to<sql::GroupingExpr>(), site);
    case NodeKind::kCurrentOf: return refuse(expr, "WHERE CURRENT OF");
    case NodeKind::kPrior: return refuse(expr, "CONNECT BY");
    case NodeKind::kRowSemantics:
      return fail(ErrorCode::kSyntaxError, expr, "RUNNING and FINAL can be used in MEASURES and DEFINE only");
    case NodeKind::kNamedArgument: return refuse(expr, "a named argument in this place");
    default: return refuse(expr, "this kind of expression");
  }
}

absl::StatusOr<ExprPtr> Binder::bind_literal(const sql::Literal& literal) {
  const auto typed = [](Oid type, Value value) { return make_constant(Type{type}, std::move(value)); };
  switch (literal.type) {
    case sql::LiteralType::kNull: {
      auto null = make_expr(ExprKind::kConstant, kUnknownType, {});
      null->value = Value::null(Physical::kVarlen);
      return null;
    }
    case sql::LiteralType::kBoolean: return make_bool(literal.integer != 0);
    case sql::LiteralType::kInt4: return typed(oid::kInt4, Value::of(static_cast<int32_t>(literal.integer)));
    case sql::LiteralType::kInt8: return typed(oid::kInt8, Value::of(literal.integer));
    case sql::LiteralType::kNumeric: {
      auto value = parse_text(Type{oid::kNumeric}, literal.text, eval());
      if (!value.ok()) return at(value.status(), literal);
      return typed(oid::kNumeric, *std::move(value));
    }
    case sql::LiteralType::kString: {
      auto text = make_expr(ExprKind::kConstant, kUnknownType, {});
      text->value = Value::text(std::string(literal.text));
      text->position = literal.position + 1;  // a cast that fails points here
      return text;
    }
    case sql::LiteralType::kBits: {
      auto bits = parse_text(Type{oid::kBit}, literal.text, eval());
      if (!bits.ok()) return at(bits.status(), literal);
      return typed(oid::kBit, *std::move(bits));
    }
  }
  return refuse(literal, "this kind of literal");
}

absl::StatusOr<ExprPtr> Binder::bind_parameter(const sql::Parameter& parameter) {
  if (parameter.number == 0 || parameter.number > 65535) {
    return fail(ErrorCode::kUndefinedParameter, parameter, "there is no parameter $", parameter.number);
  }
  if (frame_ != nullptr) {
    if (parameter.number > frame_->types.size()) {
      return fail(ErrorCode::kUndefinedParameter, parameter, "there is no parameter $", parameter.number);
    }
    return argument_of(*frame_, parameter.number - 1);
  }
  if (parameter.number > parameters.size()) parameters.resize(parameter.number, kUnknownType);
  auto bound = make_expr(ExprKind::kParameter, parameters[parameter.number - 1], {});
  bound->index = parameter.number - 1;
  bound->position = parameter.position + 1;
  return bound;
}

absl::Status Binder::finish_parameters() {
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].oid != oid::kUnknown) continue;
    return error(ErrorCode::kIndeterminateDatatype, "could not determine data type of parameter $", i + 1);
  }
  return absl::OkStatus();
}

namespace {

/// Whether the error points to the literal: that there is no such cast is told where the cast is, and a length is
/// checked when nobody knows any more where the value came from.
bool is_about_literal(ErrorCode code, Type type) {
  if (code == ErrorCode::kCannotCoerce) return false;
  const bool too_long =
      code == ErrorCode::kStringDataRightTruncation || code == ErrorCode::kStringDataLengthMismatch ||
      code == ErrorCode::kNumericValueOutOfRange;
  return !(too_long && type.typmod >= 0);
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::coerce(ExprPtr expr, Type type, CastContext cast) {
  if (is_untyped_row(*expr) && is_composite_type(type.oid)) {
    return coerce_row(*expr, type, cast);
  }
  if (expr->kind == ExprKind::kArray && is_composite_type(element_type_of(type.oid)) &&
      element_type_of(expr->type.oid) == oid::kRecord) {
    return coerce_row_array(*expr, type, cast);
  }
  if (expr->kind == ExprKind::kRow) {
    TROUPE_ASSIGN_OR_RETURN(expr, settle(std::move(expr)));
  }
  if (expr->kind == ExprKind::kParameter && expr->type.oid == oid::kUnknown && type.oid != oid::kUnknown) {
    if (is_polymorphic(type.oid) || type.oid == oid::kAny) return expr;
    Type& known = parameters[expr->index];
    if (known.oid == oid::kUnknown) {
      known = Type{type.oid};
    } else if (known.oid != type.oid) {
      return with_position(with_detail(error(ErrorCode::kAmbiguousParameter,
                                             "inconsistent types deduced for parameter $", expr->index + 1),
                                       cat(format_type(known.oid), " versus ", format_type(type.oid))),
                           expr->position == 0 ? 0 : position_of(expr->position - 1));
    }
    auto typed = std::make_shared<Expr>(*expr);
    typed->type = known;
    return make_cast(std::move(typed), type, cast, eval());
  }
  const uint32_t offset = expr->position;
  auto result = make_cast(std::move(expr), type, cast, eval());
  if (!result.ok() && offset != 0 && is_about_literal(error_code(result.status()), type)) return with_position(result.status(), position_of(offset - 1));
  return result;
}

absl::StatusOr<ExprPtr> Binder::settle(ExprPtr expr) {
  if (expr->kind == ExprKind::kRow) {
    auto row = std::make_shared<Expr>(*expr);
    for (ExprPtr& field : row->args) {
      TROUPE_ASSIGN_OR_RETURN(field, settle(std::move(field)));
    }
    return row;
  }
  if (expr->type.oid != oid::kUnknown) return expr;
  return coerce(std::move(expr), Type{oid::kText}, CastContext::kImplicit);
}

absl::StatusOr<ExprList> Binder::bind_list(sql::ExprList list, const Site& site) {
  ExprList bound;
  bound.reserve(list.size());
  for (const sql::Expr* expr : list) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr one, bind(*expr, site));
    bound.push_back(std::move(one));
  }
  return bound;
}

absl::StatusOr<ExprPtr> Binder::to_boolean(ExprPtr expr, std::string_view what, const sql::Node& node) {
  if (expr->type.oid == oid::kBool) return expr;
  if (expr->type.oid == oid::kUnknown) return coerce(std::move(expr), kBoolType, CastContext::kImplicit);
  return fail(ErrorCode::kDatatypeMismatch, node, "argument of ", what, " must be type boolean, not type ",
              format_type(Type{expr->type.oid}));
}

absl::StatusOr<ExprPtr> Binder::bind_condition(const sql::Expr& expr, const Site& site, std::string_view what) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, bind(expr, site));
  return to_boolean(std::move(bound), what, start_of(expr));
}

absl::StatusOr<ExprPtr> Binder::bind_boolean(const sql::BooleanExpr& expr, const Site& site) {
  const std::string_view what = expr.op == sql::BooleanOp::kAnd  ? "AND"
                                : expr.op == sql::BooleanOp::kOr ? "OR"
                                                                 : "NOT";
  ExprList args;
  args.reserve(expr.arguments.size());
  for (const sql::Expr* argument : expr.arguments) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind_condition(*argument, site, what));
    args.push_back(std::move(arg));
  }
  if (expr.op == sql::BooleanOp::kNot) return make_not(std::move(args[0]));
  return expr.op == sql::BooleanOp::kAnd ? make_and(std::move(args)) : make_or(std::move(args));
}

absl::StatusOr<ExprPtr> Binder::apply_call(BoundFunction call, ExprList args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (i >= call.arguments.size()) break;
    TROUPE_ASSIGN_OR_RETURN(args[i], coerce(std::move(args[i]), call.arguments[i], CastContext::kImplicit));
  }
  return make_call(std::move(call), std::move(args));
}

namespace {

/// resolve_operator, remembering what it answered for types without modifiers: statements ask for the same few
/// operators again and again. The registry does not change once statements are bound.
absl::StatusOr<BoundFunction> resolve_known_operator(std::string_view symbol, std::span<const Type> types) {
  struct Known {
    std::string symbol;
    Oid left = oid::kInvalid;
    Oid right = oid::kInvalid;
    BoundFunction call;
  };
  constexpr size_t kSlots = 64;
  thread_local std::array<Known, kSlots> known;
  const bool plain = types.size() == 2 && types[0].typmod < 0 && types[1].typmod < 0 && !symbol.empty();
  if (!plain) return resolve_operator(symbol, types);
  const size_t hash = types[0].oid * 31 + types[1].oid * 7 + static_cast<uint8_t>(symbol[0]) * 131 + symbol.size();
  Known& slot = known[hash % kSlots];
  if (slot.left == types[0].oid && slot.right == types[1].oid && slot.symbol == symbol) return slot.call;
  TROUPE_ASSIGN_OR_RETURN(BoundFunction call, resolve_operator(symbol, types));
  slot = {std::string(symbol), types[0].oid, types[1].oid, call};
  return call;
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::operate(std::string_view symbol, ExprPtr left, ExprPtr right, const sql::Node& node) {
  if (left && is_untyped_row(*left) && is_untyped_row(*right)) {
    return compare_rows(symbol, *left, *right, node);
  }
  Type types[2];
  size_t count = 0;
  if (left) types[count++] = left->type;
  types[count++] = right->type;
  auto call = resolve_known_operator(symbol, {types, count});
  if (!call.ok()) return at(call.status(), node);
  ExprList args;
  args.reserve(2);
  if (left) args.push_back(std::move(left));
  args.push_back(std::move(right));
  auto result = apply_call(*std::move(call), std::move(args));
  if (!result.ok()) return at(result.status(), node);
  return result;
}

const sql::Node& Binder::start_of(const sql::Expr& expr) {
  if (const auto* operation = expr.as<sql::OperatorExpr>()) {
    return operation->left != nullptr ? start_of(*operation->left) : expr;
  }
  if (const auto* cast = expr.as<sql::CastExpr>()) {
    return cast->argument->position < cast->position ? start_of(*cast->argument) : expr;
  }
  return expr;
}

/// (a, b) < (SELECT x, y ...): the comparison goes to the subquery's row.
absl::StatusOr<ExprPtr> Binder::bind_row_and_subquery(const sql::RowExpr& row, const sql::OperatorExpr& expr,
                                                      const Site& site) {
  const sql::SelectStatement& query = *expr.right->to<sql::SubqueryExpr>().query;
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr counted, bind_for_columns(query, site.scope));
  const size_t columns = counted->targets.size();
  if (columns != row.fields.size()) {
    return fail(ErrorCode::kSyntaxError, expr, "subquery has too ", columns < row.fields.size() ? "few" : "many",
                " columns");
  }
  std::string names;
  for (size_t i = 0; i < row.fields.size(); ++i) names += cat(i == 0 ? "" : ", ", "\"*", i, "\"");
  auto bound = bind_text(cat("(SELECT ", sql::to_sql(row), " ", expr.op, " (", names, ") FROM (", sql::to_sql(query),
                             ") AS \"*row*\" (", names, "))"),
                         site);
  return bound.ok() ? bound : at(bound.status(), *expr.right);
}

absl::StatusOr<ExprPtr> Binder::bind_operator(const sql::OperatorExpr& expr, const Site& site) {
  const auto* row = expr.left == nullptr ? nullptr : expr.left->as<sql::RowExpr>();
  const auto* subquery = expr.right->as<sql::SubqueryExpr>();
  if (row != nullptr && row->fields.size() > 1 && subquery != nullptr && subquery->type == sql::SubqueryType::kScalar) {
    return bind_row_and_subquery(*row, expr, site);
  }
  ExprPtr left;
  if (expr.left != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(left, bind(*expr.left, site));
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr right, bind(*expr.right, site));
  return operate(expr.op, std::move(left), std::move(right), expr);
}

absl::StatusOr<ExprPtr> Binder::bind_cast(const sql::CastExpr& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(const Type type, bind_type(*expr.type));
  // ARRAY[...]::type[] gives an empty or untyped array its type.
  const bool empty_array = expr.argument->is<sql::ArrayExpr>() && expr.argument->to<sql::ArrayExpr>().elements.empty();
  if (empty_array && is_array_type(type.oid)) {
    return make_constant(type, Value::text(pack_array(element_type_of(type.oid),
                                                      type_info(element_type_of(type.oid)).physical, {}, {})));
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind(*expr.argument, site));
  auto result = coerce(std::move(arg), type, CastContext::kExplicit);
  if (!result.ok()) return at(result.status(), expr);
  const TypeDef* domain = domain_of(*expr.type);
  if (domain == nullptr) return result;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr holds, bind_domain_check(*domain, *result));
  if (holds == nullptr) return result;
  return checked_value(*std::move(result), std::move(holds));
}

absl::StatusOr<ExprPtr> Binder::bind_collate(const sql::CollateExpr& expr, const Site& site) {
  const std::string_view name = expr.collation.back();
  if (name != "C" && name != "POSIX" && name != "default" && name != "C.UTF-8" && name != "ucs_basic") {
    return fail(ErrorCode::kUndefinedObject, expr, "collation \"", name, "\" for encoding \"UTF8\" does not exist");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, bind(*expr.argument, site));
  TROUPE_ASSIGN_OR_RETURN(arg, settle(std::move(arg)));
  if (!type_info(arg->type.oid).is_collatable) {
    return fail(ErrorCode::kDatatypeMismatch, expr, "collations are not supported by type ",
                format_type(arg->type.oid));
  }
  return arg;
}

absl::StatusOr<ExprPtr> Binder::call_by_name(std::string_view name, ExprList args, const sql::Node& node) {
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  auto call = resolve_function(name, types);
  if (!call.ok()) return at(call.status(), node);
  auto result = apply_call(*std::move(call), std::move(args));
  if (!result.ok()) return at(result.status(), node);
  return result;
}

absl::StatusOr<ExprPtr> Binder::bind_common(ExprKind kind, sql::ExprList list, std::string_view what,
                                            const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprList args, bind_list(list, site));
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  auto common = select_common_type(types, what);
  if (!common.ok()) return at(common.status(), *list[0]);
  for (ExprPtr& arg : args) {
    TROUPE_ASSIGN_OR_RETURN(arg, coerce(std::move(arg), *common, CastContext::kImplicit));
  }
  return make_expr(kind, *common, std::move(args));
}

absl::StatusOr<ExprPtr> Binder::bind_case(const sql::CaseExpr& expr, const Site& site) {
  ExprPtr operand;
  if (expr.argument != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(operand, bind(*expr.argument, site));
    TROUPE_ASSIGN_OR_RETURN(operand, settle(std::move(operand)));
  }
  ExprList args;
  std::vector<Type> types;
  for (const sql::CaseBranch& branch : expr.branches) {
    ExprPtr condition;
    if (operand) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*branch.when, site));
      TROUPE_ASSIGN_OR_RETURN(condition, operate("=", operand, std::move(value), *branch.when));
    } else {
      TROUPE_ASSIGN_OR_RETURN(condition, bind_condition(*branch.when, site, "CASE/WHEN"));
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr result, bind(*branch.then, site));
    types.push_back(result->type);
    args.push_back(std::move(condition));
    args.push_back(std::move(result));
  }
  ExprPtr otherwise = make_null(kUnknownType);
  if (expr.otherwise != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(otherwise, bind(*expr.otherwise, site));
  }
  // PostgreSQL looks at ELSE first.
  types.insert(types.begin(), otherwise->type);
  args.push_back(std::move(otherwise));
  auto common = select_common_type(types, "CASE");
  if (!common.ok()) return at(common.status(), *expr.branches[0].then);
  for (size_t i = 0; i < args.size(); ++i) {
    if (i % 2 == 0 && i + 1 != args.size()) continue;
    TROUPE_ASSIGN_OR_RETURN(args[i], coerce(std::move(args[i]), *common, CastContext::kImplicit));
  }
  return make_expr(ExprKind::kCase, *common, std::move(args));
}

absl::StatusOr<ExprPtr> Binder::bind_array(const sql::ArrayExpr& expr, const Site& site) {
  if (expr.elements.empty()) {
    return with_hint(fail(ErrorCode::kIndeterminateDatatype, expr, "cannot determine type of empty array"),
                     "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprList args, bind_list(expr.elements, site));
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  auto common = select_common_type(types, "ARRAY");
  if (!common.ok()) return at(common.status(), expr);
  for (ExprPtr& arg : args) {
    TROUPE_ASSIGN_OR_RETURN(arg, coerce(std::move(arg), *common, CastContext::kImplicit));
  }
  const bool nested = is_array_type(common->oid);
  const Oid array = nested ? common->oid : array_type_of(common->oid);
  if (array == 0) {
    return fail(ErrorCode::kUndefinedObject, expr, "could not find array type for data type ", format_type(*common));
  }
  auto bound = make_expr(ExprKind::kArray, Type{array, common->typmod}, std::move(args));
  bound->nested = nested;
  return bound;
}

}  // namespace troupe
