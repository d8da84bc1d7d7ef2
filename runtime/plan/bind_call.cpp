/// Function calls: ordinary, aggregate, window, sequence and set-returning ones.
#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

bool is_sequence_function(std::string_view name) {
  return name == "nextval" || name == "currval" || name == "lastval" || name == "setval";
}

struct WindowName {
  std::string_view name;
  WindowFunction function;
  Oid result;  ///< 0: the first argument's type
};
constexpr WindowName kWindowFunctions[] = {
    {"row_number", WindowFunction::kRowNumber, oid::kInt8},
    {"rank", WindowFunction::kRank, oid::kInt8},
    {"dense_rank", WindowFunction::kDenseRank, oid::kInt8},
    {"percent_rank", WindowFunction::kPercentRank, oid::kFloat8},
    {"cume_dist", WindowFunction::kCumeDist, oid::kFloat8},
    {"ntile", WindowFunction::kNtile, oid::kInt4},
    {"lag", WindowFunction::kLag, oid::kInvalid},
    {"lead", WindowFunction::kLead, oid::kInvalid},
    {"first_value", WindowFunction::kFirstValue, oid::kInvalid},
    {"last_value", WindowFunction::kLastValue, oid::kInvalid},
    {"nth_value", WindowFunction::kNthValue, oid::kInvalid},
};

bool is_users_schema(std::string_view name) {
  return name != "pg_catalog" && name != "information_schema" && name != "sys";
}

const WindowName* find_window_function(std::string_view name) {
  for (const WindowName& known : kWindowFunctions) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_call(const sql::FunctionCall& call, const Site& site) {
  const std::string_view name = call.name.back();
  if (call.name.size() > 1 && call.name[call.name.size() - 2] != "pg_catalog") {
    const std::string_view schema = call.name[call.name.size() - 2];
    if (catalog().find_schema(schema) == nullptr) {
      return fail(ErrorCode::kInvalidSchemaName, call, "schema \"", schema, "\" does not exist");
    }
  }
  if (!functions_named(call.name).empty()) {
    bool found = false;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_function_call(call, site, &found));
    if (found) return value;
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr oracle, bind_oracle_call(call, site));
  if (oracle) return oracle;
  Site inner = site;
  inner.in_aggregate = inner.in_aggregate || (is_aggregate(name) && call.over == nullptr);
  TROUPE_ASSIGN_OR_RETURN(ExprList args, bind_arguments(call, inner));
  if (call.name.size() > 1 && is_users_schema(call.name[call.name.size() - 2])) {
    return with_hint(
        fail(ErrorCode::kUndefinedFunction, call, "function ", call.name[call.name.size() - 2], ".",
             describe_call(name, types_of(args)), " does not exist"),
        "No function matches the given name and argument types. You might need to add explicit type casts.");
  }
  if (call.over != nullptr) return bind_window(call, name, std::move(args), site);
  if (find_window_function(name) != nullptr) {
    if (call.within_group) return bind_hypothetical(call, site);
    return fail(ErrorCode::kWrongObjectType, call, "window function ", name, " requires an OVER clause");
  }
  if (is_aggregate(name)) return bind_aggregate(call, name, std::move(args), site);
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() || call.within_group) {
    const std::string_view what = call.star ? "(*)" : call.distinct ? "DISTINCT" : call.filter ? "FILTER" : "ORDER BY";
    return fail(ErrorCode::kWrongObjectType, call, what, " specified, but ", name, " is not an aggregate function");
  }
  if (is_sequence_function(name)) return bind_sequence_call(name, std::move(args), call);
  if (is_table_function(name)) {
    if (site.clause != Clause::kSelect || site.query == nullptr) {
      return fail(ErrorCode::kFeatureNotSupported, call, "set-returning functions are not allowed in ",
                  clause_name(site.clause));
    }
    TROUPE_ASSIGN_OR_RETURN(FunctionScanPlan::Call bound, bind_table_function(call, std::move(args)));
    if (bound.columns.size() != 1) return refuse(call, "a function of several columns in a select list");
    auto expr = std::make_shared<Expr>();
    expr->kind = ExprKind::kTableFunction;
    expr->type = bound.columns[0];
    expr->table_function = bound.function;
    expr->args = std::move(bound.args);
    site.query->has_table_functions = true;
    return expr;
  }
  if (record_function(name) != nullptr) {
    return with_hint(fail(ErrorCode::kFeatureNotSupported, call, "could not determine row type for result of ", name),
                     "Provide a non-null record argument, or call the function in the FROM clause using a column "
                     "definition list.");
  }
  // f(row) where f is a field is the field.
  const auto is_no_function = [&] { return !is_function(name) || !resolve_function(name, types_of(args)).ok(); };
  if (args.size() == 1 && call.name.size() == 1 && is_record_type(args[0]->type.oid) && is_no_function()) {
    TROUPE_ASSIGN_OR_RETURN(const std::vector<NamedColumn> fields, fields_of(*args[0], site));
    for (const NamedColumn& field : fields) {
      if (field.name == name) return field.value;
    }
  }
  // f(x) where f is a type is a cast, as in PostgreSQL.
  if (args.size() == 1 && !is_function(name)) {
    if (const TypeInfo* type = find_type_by_name(name)) {
      auto result = coerce(std::move(args[0]), Type{type->oid}, CastContext::kExplicit);
      if (!result.ok()) return at(result.status(), call);
      return result;
    }
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr range, bind_range_constructor(call, &args));
  if (range != nullptr) return range;
  if (name == "pg_typeof" && args.size() == 1 && args[0]->is_constant() && args[0]->type.oid == oid::kUnknown) {
    return make_constant(Type{oid::kRegtype}, Value::of(static_cast<int64_t>(oid::kUnknown)));
  }
  if (call.variadic) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr spread, call_variadic(call, args));
    if (spread != nullptr) return spread;
  }
  return call_by_name(name, std::move(args), call);
}

/// f(VARIADIC array) of a built-in function; null when none of that name takes arguments so.
absl::StatusOr<ExprPtr> Binder::call_variadic(const sql::FunctionCall& call, const ExprList& args) {
  const std::string twin = cat(kVariadicTwin, call.name.back());
  const auto takers = function_registry().functions(twin);
  if (takers.empty()) return ExprPtr();
  const bool any = takers.front()->arguments.back() == oid::kAnyArray;
  if (any && element_type_of(args.back()->type.oid) == oid::kInvalid) {
    return fail(ErrorCode::kDatatypeMismatch, *call.arguments.back(), "VARIADIC argument must be an array");
  }
  auto spread = call_by_name(twin, args, call);
  if (spread.ok()) return spread;
  return with_hint(fail(ErrorCode::kUndefinedFunction, call, "function ",
                        describe_call(call.name.back(), types_of(args)), " does not exist"),
                   "No function matches the given name and argument types. You might need to add explicit type casts.");
}

absl::StatusOr<FunctionScanPlan::Call> Binder::bind_table_function(const sql::FunctionCall& call, ExprList args) {
  auto function = resolve_table_function(call.name.back(), types_of(args));
  if (!function.ok()) return at(function.status(), call);
  FunctionScanPlan::Call bound;
  bound.function = function->function;
  bound.arguments = function->arguments;
  bound.columns = function->columns;
  for (size_t i = 0; i < args.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, coerce(std::move(args[i]), function->arguments[i], CastContext::kImplicit));
    bound.args.push_back(std::move(arg));
  }
  return bound;
}

/// Of the query's WINDOW clause. Errors: 42704.
absl::StatusOr<const sql::WindowDefinition*> Binder::find_window(std::string_view name, const sql::Node& node,
                                                                 const Site& site) const {
  if (site.scope != nullptr) {
    for (const sql::WindowDefinition* window : site.scope->windows) {
      if (window == &node) break;  // a definition may build on those before it
      if (window->name == name) return window;
    }
  }
  return fail(ErrorCode::kUndefinedObject, node, "window \"", name, "\" does not exist");
}

absl::StatusOr<WindowSpec> Binder::bind_window_spec(const sql::WindowDefinition& window, const Site& site) {
  if (window.reference) {
    TROUPE_ASSIGN_OR_RETURN(const sql::WindowDefinition* named, find_window(window.name, window, site));
    return bind_window_spec(*named, site);
  }
  Site inside = site;
  inside.clause = Clause::kWindow;
  WindowSpec spec;
  if (!window.base.empty()) {
    TROUPE_ASSIGN_OR_RETURN(const sql::WindowDefinition* base, find_window(window.base, window, site));
    TROUPE_ASSIGN_OR_RETURN(spec, bind_window_spec(*base, site));
    const auto cannot = [&](std::string_view what) {
      return fail(ErrorCode::kWindowingError, window, "cannot ", what, " of window \"", window.base, "\"");
    };
    if (!window.partition_by.empty()) return cannot("override PARTITION BY clause");
    if (!window.order_by.empty() && !spec.order.empty()) return cannot("override ORDER BY clause");
    if (base->has_frame) {
      return fail(ErrorCode::kWindowingError, window, "cannot copy window \"", window.base,
                  "\" because it has a frame clause");
    }
  }
  for (const sql::Expr* expr : window.partition_by) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*expr, inside));
    TROUPE_ASSIGN_OR_RETURN(value, settle(std::move(value)));
    spec.partition_by.push_back(std::move(value));
  }
  for (const sql::SortItem* item : window.order_by) {
    TROUPE_ASSIGN_OR_RETURN(SortKey key, bind_sort_item(*item, inside));
    spec.order.push_back(std::move(key));
  }
  TROUPE_RETURN_IF_ERROR(bind_frame(window, inside, &spec));
  return spec;
}

absl::StatusOr<ExprPtr> Binder::bind_window(const sql::FunctionCall& call, std::string_view name, ExprList args,
                                            const Site& site, const AggregateCall* own) {
  if (site.clause != Clause::kSelect && site.clause != Clause::kOrderBy) {
    return fail(ErrorCode::kWindowingError, call, "window functions are not allowed in ", clause_name(site.clause));
  }
  if (site.in_aggregate) {
    return fail(ErrorCode::kGroupingError, call, "aggregate function calls cannot contain window function calls");
  }
  for (const ExprPtr& arg : args) {
    bool nested = false;
    visit_expr(*arg, [&](const Expr& part) { nested = nested || part.kind == ExprKind::kWindow; });
    if (nested) return fail(ErrorCode::kWindowingError, call, "window function calls cannot be nested");
  }
  if (call.distinct) {
    return fail(ErrorCode::kFeatureNotSupported, call, "DISTINCT is not implemented for window functions");
  }
  auto bound = std::make_shared<WindowCall>();
  if (const WindowName* known = own == nullptr ? find_window_function(name) : nullptr) {
    bound->function = known->function;
    if (known->result == oid::kInvalid && args.empty()) {
      return fail(ErrorCode::kUndefinedFunction, call, "function ", name, "() does not exist");
    }
    for (size_t i = 0; i < args.size(); ++i) {
      const bool value = i == 0 && known->result == oid::kInvalid;
      const bool fallback = i == 2;
      auto arg = value ? settle(std::move(args[i]))
                       : coerce(std::move(args[i]), fallback ? bound->aggregate.args[0]->type : Type{oid::kInt4},
                                CastContext::kImplicit);
      if (!arg.ok()) return at(arg.status(), call);
      bound->aggregate.args.push_back(*std::move(arg));
    }
    bound->type = known->result == oid::kInvalid ? bound->aggregate.args[0]->type : Type{known->result};
  } else {
    if (own == nullptr && !is_aggregate(name)) {
      return fail(ErrorCode::kWrongObjectType, call, "OVER specified, but ", name,
                  " is not a window function nor an aggregate function");
    }
    if (!call.order_by.empty()) {
      return fail(ErrorCode::kFeatureNotSupported, call, "aggregate ORDER BY is not implemented for window functions");
    }
    if (own != nullptr) {
      bound->aggregate = *own;
    } else {
      TROUPE_ASSIGN_OR_RETURN(bound->aggregate, make_aggregate_call(call, name, std::move(args), site));
    }
    bound->function = WindowFunction::kAggregate;
    bound->type = bound->aggregate.aggregate.result;
  }
  TROUPE_ASSIGN_OR_RETURN(WindowSpec spec, bind_window_spec(*call.over, site));
  bound->window = static_cast<uint32_t>(site.query->windows.size());
  site.query->windows.push_back(std::move(spec));
  auto expr = make_expr(ExprKind::kWindow, bound->type, bound->aggregate.args);
  if (bound->aggregate.filter) expr->args.push_back(bound->aggregate.filter);
  expr->window = std::move(bound);
  return expr;
}

absl::StatusOr<ExprPtr> Binder::bind_sequence_call(std::string_view name, ExprList args,
                                                   const sql::FunctionCall& call) {
  const SequenceOp op = name == "nextval"   ? SequenceOp::kNext
                        : name == "currval" ? SequenceOp::kCurrent
                        : name == "lastval" ? SequenceOp::kLast
                                            : SequenceOp::kSet;
  const size_t least = op == SequenceOp::kLast ? 0 : op == SequenceOp::kSet ? 2 : 1;
  const size_t most = op == SequenceOp::kSet ? 3 : least;
  if (args.size() < least || args.size() > most) {
    return fail(ErrorCode::kUndefinedFunction, call, "function ", describe_call(name, types_of(args)),
                " does not exist");
  }
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kSequence;
  expr->sequence_op = op;
  expr->type = Type{oid::kInt8};
  expr->position = call.position + 1;
  for (size_t i = 0; i < args.size(); ++i) {
    const Oid type = i == 0 ? oid::kRegclass : i == 1 ? oid::kInt8 : oid::kBool;
    auto arg = coerce(std::move(args[i]), Type{type}, i == 0 ? CastContext::kExplicit : CastContext::kImplicit);
    if (!arg.ok()) return at(arg.status(), call);
    expr->args.push_back(*std::move(arg));
  }
  if (!expr->args.empty() && expr->args[0]->is_constant() && !expr->args[0]->value.is_null()) {
    expr->index = static_cast<uint32_t>(expr->args[0]->value.get<int32_t>());
    expr->args.erase(expr->args.begin());
    const auto* sequence = catalog().find_as<SequenceDef>(expr->index);
    if (sequence == nullptr) {
      const ObjectDef* other = catalog().find(expr->index);
      return fail(ErrorCode::kWrongObjectType, call, "\"", other ? other->name : cat(expr->index),
                  "\" is not a sequence");
    }
    depend_on(*sequence);
    rights.want_sequence(*sequence, op == SequenceOp::kNext      ? kUsage | kUpdate
                                    : op == SequenceOp::kCurrent ? kUsage | kSelect
                                                                 : kUpdate);
  } else if (op == SequenceOp::kNext && !expr->args[0]->is_constant()) {
    // Values are reserved before the row that takes them is computed, so which sequence it is must be known by then.
    return with_hint(
        fail(ErrorCode::kFeatureNotSupported, call, "nextval() of a sequence that is not a constant is not supported"),
        "Write its name into the statement: nextval('name').");
  }
  moves_sequences = moves_sequences || op == SequenceOp::kNext || op == SequenceOp::kSet;
  return expr;
}

absl::StatusOr<ExprPtr> Binder::bind_value_function(const sql::ValueFunctionExpr& expr) {
  using sql::ValueFunction;
  const auto setting = [](NamedSetting which) {
    auto bound = std::make_shared<Expr>();
    bound->kind = ExprKind::kNamedSetting;
    bound->setting = which;
    bound->type = Type{oid::kName};
    return bound;
  };
  Oid type = oid::kTimestamptz;
  switch (expr.function) {
    case ValueFunction::kCurrentRole:
    case ValueFunction::kCurrentUser:
    case ValueFunction::kUser:
      // Within a function with SECURITY DEFINER it is the owner.
      if (const ObjectDef* definer = rights.user() == context_.role ? nullptr : catalog().find(rights.user())) {
        return make_constant(Type{oid::kName}, Value::text(definer->name));
      }
      return setting(NamedSetting::kCurrentUser);
    case ValueFunction::kSessionUser: return setting(NamedSetting::kSessionUser);
    case ValueFunction::kCurrentCatalog: return setting(NamedSetting::kCatalog);
    case ValueFunction::kCurrentSchema: return setting(NamedSetting::kSchema);
    case ValueFunction::kCurrentDate: type = oid::kDate; break;
    case ValueFunction::kCurrentTime: type = oid::kTimetz; break;
    case ValueFunction::kCurrentTimestamp: break;
    case ValueFunction::kLocalTime: type = oid::kTime; break;
    case ValueFunction::kLocalTimestamp: type = oid::kTimestamp; break;
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr now, call_by_name("now", {}, expr));
  auto result = coerce(std::move(now), Type{type, expr.precision}, CastContext::kExplicit);
  if (!result.ok()) return at(result.status(), expr);
  return result;
}

}  // namespace troupe
