#include "runtime/plan/expr.hpp"

#include <algorithm>

#include "runtime/types/range.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/column/hash.hpp"

namespace troupe {

std::shared_ptr<Expr> make_expr(ExprKind kind, Type type, ExprList args) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->type = type;
  expr->args = std::move(args);
  return expr;
}

namespace {

constexpr Type kBoolType{oid::kBool, -1};

ExprPtr make_logical(ExprKind kind, ExprList args) {
  if (args.size() == 1) return std::move(args[0]);
  if (args.empty()) return make_bool(kind == ExprKind::kAnd);
  ExprList flat;
  flat.reserve(args.size());
  for (ExprPtr& arg : args) {
    if (arg->kind == kind) {
      flat.insert(flat.end(), arg->args.begin(), arg->args.end());
    } else {
      flat.push_back(std::move(arg));
    }
  }
  auto expr = make_expr(kind, kBoolType);
  expr->args = std::move(flat);
  return expr;
}

}  // namespace

ExprPtr make_constant(Type type, Value value) {
  auto expr = make_expr(ExprKind::kConstant, type);
  expr->value = std::move(value);
  return expr;
}

ExprPtr make_null(Type type) { return make_constant(type, Value::null(physical_of(type))); }

ExprPtr make_bool(bool value) {
  static const ExprPtr kTrue = make_constant(kBoolType, Value::of(true));
  static const ExprPtr kFalse = make_constant(kBoolType, Value::of(false));
  return value ? kTrue : kFalse;
}

ExprPtr make_text(std::string_view text) { return make_constant(Type{oid::kText}, Value::text(std::string(text))); }

ExprPtr make_column(Type type, uint32_t index, uint32_t relation) {
  auto expr = make_expr(ExprKind::kColumn, type);
  expr->index = index;
  expr->relation = relation;
  return expr;
}

ExprPtr make_parameter(Type type, uint32_t index) {
  auto expr = make_expr(ExprKind::kParameter, type);
  expr->index = index;
  return expr;
}

ExprPtr make_slot(Type type, uint32_t index) {
  auto expr = make_expr(ExprKind::kSlot, type);
  expr->index = index;
  return expr;
}

ExprPtr make_call(BoundFunction call, ExprList args) {
  auto expr = make_expr(ExprKind::kCall, call.result);
  expr->call = std::move(call);
  expr->args = std::move(args);
  return expr;
}

ExprPtr make_and(ExprList args) { return make_logical(ExprKind::kAnd, std::move(args)); }
ExprPtr make_or(ExprList args) { return make_logical(ExprKind::kOr, std::move(args)); }

ExprPtr make_not(ExprPtr arg) {
  auto expr = make_expr(ExprKind::kNot, kBoolType);
  expr->args = {std::move(arg)};
  return expr;
}

namespace {

/// A row is asked about the fields that it still has.
ExprPtr without_dropped_fields(ExprPtr row) {
  const UserType* type = row->kind == ExprKind::kRow ? find_user_type(row->type.oid) : nullptr;
  if (type == nullptr) return row;
  ExprList live;
  for (size_t i = 0; i < row->args.size(); ++i) {
    if (!type->attributes[i].dropped) live.push_back(row->args[i]);
  }
  return live.size() == row->args.size() ? row : make_expr(ExprKind::kRow, Type{oid::kRecord}, std::move(live));
}

}  // namespace

ExprPtr make_null_test(ExprPtr arg, bool negated) {
  arg = without_dropped_fields(std::move(arg));
  auto expr = make_expr(ExprKind::kNullTest, kBoolType);
  expr->negated = negated;
  expr->args = {std::move(arg)};
  return expr;
}

ExprPtr make_record(ExprList fields, std::span<const std::string_view> names) {
  auto row = make_expr(ExprKind::kRow, Type{oid::kRecord}, std::move(fields));
  std::string joined;
  for (const std::string_view name : names) joined += cat(name, std::string_view("\0", 1));
  row->value = Value::text(std::move(joined));
  return row;
}

std::vector<std::string_view> field_names(const Expr& row) {
  std::vector<std::string_view> names;
  if (row.value.is_null()) return names;
  std::string_view rest = row.value.bytes();
  while (!rest.empty()) {
    const size_t end = rest.find('\0');
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return names;
}

absl::StatusOr<ExprPtr> make_operator(std::string_view symbol, ExprPtr left, ExprPtr right,
                                      const EvalContext& context) {
  ExprList args;
  if (left) args.push_back(std::move(left));
  args.push_back(std::move(right));
  Type types[2];
  for (size_t i = 0; i < args.size(); ++i) types[i] = args[i]->type;
  TROUPE_ASSIGN_OR_RETURN(BoundFunction call, resolve_operator(symbol, {types, args.size()}));
  for (size_t i = 0; i < args.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(args[i], make_cast(std::move(args[i]), call.arguments[i], CastContext::kImplicit, context));
  }
  return make_call(std::move(call), std::move(args));
}

namespace {

/// An untyped literal becomes a constant of the type: its text is read now.
absl::StatusOr<ExprPtr> type_unknown_literal(const ExprPtr& literal, Type type, CastContext cast,
                                             const EvalContext& context) {
  const auto at = [&](ExprPtr made) {
    if (literal->position != 0) const_cast<Expr&>(*made).position = literal->position;  // not shared yet
    return made;
  };
  if (literal->value.is_null()) return at(make_null(type));
  // What the digits of an interval mean is up to its fields: interval '1' day.
  if (type.typmod < 0 || type.oid == oid::kInterval) {
    TROUPE_ASSIGN_OR_RETURN(Value value, parse_text(type, literal->value.bytes(), context));
    return at(make_constant(type, std::move(value)));
  }
  // The modifier is applied as the kind of cast asks: an explicit one truncates, an assignment complains.
  TROUPE_ASSIGN_OR_RETURN(Value value, parse_text(Type{type.oid}, literal->value.bytes(), context));
  TROUPE_ASSIGN_OR_RETURN(const CastPlan plan, plan_cast(Type{type.oid}, type, cast));
  if (!plan.is_noop()) {
    EvalContext writable = context;
    TROUPE_ASSIGN_OR_RETURN(value, run_cast(plan, value, writable));
  }
  return at(make_constant(type, std::move(value)));
}

}  // namespace

absl::StatusOr<ExprPtr> make_cast(ExprPtr arg, Type type, CastContext cast, const EvalContext& context) {
  if (arg->type == type || (arg->type.oid == type.oid && type.typmod < 0)) return arg;
  if (is_polymorphic(type.oid) || type.oid == oid::kAny) return arg;
  if (arg->type.oid == oid::kUnknown && arg->is_constant()) return type_unknown_literal(arg, type, cast, context);
  if (arg->is_null_constant()) return make_null(type);
  TROUPE_ASSIGN_OR_RETURN(CastPlan plan, plan_cast(arg->type, type, cast));
  auto expr = make_expr(ExprKind::kCast, type);
  expr->position = arg->position;
  expr->cast = plan;
  expr->args = {std::move(arg)};
  return expr;
}

namespace {

template <typename T, typename Equal>
bool equal_ranges(const std::vector<T>& a, const std::vector<T>& b, Equal&& same) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

bool equal_keys(const SortKey& a, const SortKey& b) {
  return a.descending == b.descending && a.nulls_first == b.nulls_first && equal(a.value, b.value);
}

bool equal_expr_ptr(const ExprPtr& a, const ExprPtr& b) { return equal(a, b); }

bool equal_aggregates(const AggregateCall& a, const AggregateCall& b) {
  return a.aggregate.aggregate == b.aggregate.aggregate && a.aggregate.arguments == b.aggregate.arguments &&
         a.distinct == b.distinct && equal(a.filter, b.filter) && equal_ranges(a.args, b.args, equal_expr_ptr) &&
         equal_ranges(a.order, b.order, equal_keys);
}

template <typename T, typename Same>
bool equal_pointed(const std::shared_ptr<T>& a, const std::shared_ptr<T>& b, Same&& same) {
  return a == b || (a && b && same(*a, *b));
}

}  // namespace

bool equal(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  return a.kind == b.kind && a.type == b.type && a.index == b.index && a.relation == b.relation &&
         a.negated == b.negated && a.all_of == b.all_of && a.nested == b.nested && a.truth == b.truth &&
         a.sequence_op == b.sequence_op && a.setting == b.setting && a.table_function == b.table_function &&
         a.call.function == b.call.function &&
         (a.kind != ExprKind::kConstant || a.value == b.value) && a.subquery == b.subquery && a.window == b.window &&
         equal_pointed(a.aggregate, b.aggregate, equal_aggregates) && equal_ranges(a.args, b.args, equal_expr_ptr);
}

uint64_t hash_expr(const Expr& expr) {
  uint64_t hash = hash_combine(static_cast<uint64_t>(expr.kind), expr.type.oid);
  hash = hash_combine(hash, (static_cast<uint64_t>(expr.relation) << 32) | expr.index);
  if (expr.call.function != nullptr) hash = hash_combine(hash, hash_bytes(expr.call.function->name));
  if (expr.is_constant() && !expr.value.is_null()) {
    const Value& value = expr.value;
    hash = hash_combine(hash, value.kind() == Physical::kVarlen
                                  ? hash_bytes(value.bytes())
                                  : hash_bytes({static_cast<const char*>(value.raw()), width(value.kind())}));
  }
  if (expr.aggregate) {
    hash = hash_combine(hash, hash_bytes(expr.aggregate->aggregate.aggregate->name));
    for (const ExprPtr& arg : expr.aggregate->args) hash = hash_combine(hash, hash_expr(*arg));
  }
  for (const ExprPtr& arg : expr.args) hash = hash_combine(hash, hash_expr(*arg));
  return hash;
}

namespace {

/// Casts that read the session's settings or the clock: text to and from date/time types.
Volatility volatility_of_cast(const CastPlan& cast) {
  const auto by_settings = [](Oid type) {
    return type == oid::kTimestamptz || type == oid::kTimetz || type == oid::kDate || type == oid::kTimestamp ||
           type == oid::kInterval || type == oid::kTime || is_reg_type(type) || type == oid::kFloat4 ||
           type == oid::kFloat8 || type == oid::kBytea || is_record_type(type) ||
           range_subtype_of(type) != oid::kInvalid || range_of_multirange(type) != oid::kInvalid;
  };
  if (cast.method == CastMethod::kTextInput && by_settings(cast.to.oid)) return Volatility::kStable;
  if (cast.method == CastMethod::kTextOutput && by_settings(cast.from.oid)) return Volatility::kStable;
  const bool zoned = cast.from.oid == oid::kTimestamptz || cast.to.oid == oid::kTimestamptz;
  return zoned && cast.from.oid != cast.to.oid ? Volatility::kStable : Volatility::kImmutable;
}

}  // namespace

Volatility volatility_of(const Expr& expr) {
  Volatility most = Volatility::kImmutable;
  visit_expr(expr, [&](const Expr& part) {
    Volatility own = Volatility::kImmutable;
    if (part.call.function != nullptr) own = part.call.function->volatility;
    if (part.kind == ExprKind::kCast) own = volatility_of_cast(part.cast);
    if (part.kind == ExprKind::kNamedSetting) own = Volatility::kStable;
    if (part.kind == ExprKind::kSequence) own = Volatility::kVolatile;
    most = std::max(most, own);
  });
  return most;
}

bool is_among(const ExprPtr& expr, const ExprList& list) {
  return std::any_of(list.begin(), list.end(), [&](const ExprPtr& other) { return equal(other, expr); });
}

bool is_equality(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.args.size() == 2 && expr.call.function->comparison == Comparison::kEqual;
}

namespace {

/// `(a AND b) OR (a AND c)` as `a`, `b OR c`: what all arms ask for may be an index's or a join's key.
void split_or(const ExprPtr& condition, ExprList* out) {
  std::vector<ExprList> arms(condition->args.size());
  split_and(condition->args[0], &arms[0]);
  ExprList common = arms[0];
  for (size_t i = 1; i < arms.size() && !common.empty(); ++i) {
    split_and(condition->args[i], &arms[i]);
    std::erase_if(common, [&](const ExprPtr& part) { return !is_among(part, arms[i]); });
  }
  std::erase_if(common, [](const ExprPtr& part) { return volatility_of(*part) == Volatility::kVolatile; });
  if (common.empty()) {
    out->push_back(condition);
    return;
  }
  ExprList rest;
  bool always = false;  // an arm that asks for nothing more
  for (ExprList& arm : arms) {
    std::erase_if(arm, [&](const ExprPtr& part) { return is_among(part, common); });
    always |= arm.empty();
    rest.push_back(make_and(std::move(arm)));
  }
  out->insert(out->end(), common.begin(), common.end());
  if (!always) out->push_back(make_or(std::move(rest)));
}

}  // namespace

void split_and(const ExprPtr& condition, ExprList* out) {
  if (!condition) return;
  if (condition->kind == ExprKind::kOr) return split_or(condition, out);
  if (condition->kind != ExprKind::kAnd) {
    out->push_back(condition);
    return;
  }
  for (const ExprPtr& arg : condition->args) split_and(arg, out);
}

}  // namespace troupe
