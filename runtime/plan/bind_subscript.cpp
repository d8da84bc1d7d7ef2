/// a[1], a[1:2], and assigning to them.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/array_subscript.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

/// PostgreSQL's words for what has no elements.
std::string no_subscripts(Type type) {
  return cat("cannot subscript type ", format_type(Type{type.oid}), " because it does not support subscripting");
}

bool is_slice(const sql::Accessor& accessor) { return accessor.kind == sql::Accessor::Kind::kSlice; }

/// How many accessors there are before the first field.
size_t subscript_run(sql::List<sql::Accessor> accessors) {
  const auto field = std::find_if(accessors.begin(), accessors.end(), [](const sql::Accessor& accessor) {
    return accessor.kind == sql::Accessor::Kind::kField || accessor.kind == sql::Accessor::Kind::kStar;
  });
  return static_cast<size_t>(field - accessors.begin());
}

ExprPtr numbers(ExprList values) { return make_expr(ExprKind::kArray, Type{oid::kInt4Array}, std::move(values)); }

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_subscript(const sql::Expr* index, int32_t open, const Site& site) {
  if (index == nullptr) return make_constant(Type{oid::kInt4}, Value::of(open));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, bind(*index, site));
  const bool literal = bound->type.oid == oid::kUnknown;
  auto as_int = coerce(std::move(bound), Type{oid::kInt4}, CastContext::kAssignment);
  if (as_int.ok()) return as_int;
  if (literal) return at(as_int.status(), *index);
  return fail(ErrorCode::kDatatypeMismatch, *index, "array subscript must have type integer");
}

/// With one slice among them, all are: [2] is [1:2].
absl::StatusOr<Binder::Subscripts> Binder::bind_subscripts(sql::List<sql::Accessor> accessors, const sql::Node& node,
                                                           const Site& site) {
  Subscripts subscripts;
  for (const sql::Accessor& accessor : accessors) {
    subscripts.slices = subscripts.slices || is_slice(accessor);
  }
  for (const sql::Accessor& accessor : accessors) {
    const int32_t lowest = is_slice(accessor) ? kOpenLower : 1;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr upper, bind_subscript(accessor.upper, kOpenUpper, site));
    subscripts.upper.push_back(std::move(upper));
    if (!subscripts.slices) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr lower, bind_subscript(accessor.lower, lowest, site));
    subscripts.lower.push_back(std::move(lower));
  }
  return subscripts;
}

/// j['a'][0]: names and numbers, all as text.
absl::StatusOr<ExprList> Binder::bind_jsonb_path(sql::List<sql::Accessor> run, const sql::Node& node,
                                                 const Site& site) {
  ExprList path;
  for (const sql::Accessor& accessor : run) {
    if (is_slice(accessor)) return fail(ErrorCode::kDatatypeMismatch, node, "jsonb subscript does not support slices");
    TROUPE_ASSIGN_OR_RETURN(ExprPtr index, bind(*accessor.upper, site));
    const Oid type = index->type.oid;
    if (type != oid::kInt2 && type != oid::kInt4 && type != oid::kUnknown && !is_string_type(type)) {
      return with_hint(fail(ErrorCode::kDatatypeMismatch, *accessor.upper, "subscript type ", format_type(type),
                            " is not supported"),
                       "jsonb subscript must be coercible to either integer or text.");
    }
    TROUPE_ASSIGN_OR_RETURN(index, coerce(std::move(index), Type{oid::kText}, CastContext::kExplicit));
    path.push_back(std::move(index));
  }
  return path;
}

absl::StatusOr<ExprPtr> Binder::bind_jsonb_subscripts(ExprPtr base, sql::List<sql::Accessor> run,
                                                      const sql::Node& node, const Site& site) {
  ExprList args{std::move(base)};
  TROUPE_ASSIGN_OR_RETURN(ExprList path, bind_jsonb_path(run, node, site));
  args.insert(args.end(), path.begin(), path.end());
  return call_by_name("jsonb_extract_path", std::move(args), node);
}

absl::StatusOr<ExprPtr> Binder::with_jsonb_subscripts(ExprPtr json, sql::List<sql::Accessor> run,
                                                      const sql::AssignmentTarget& target, ExprPtr value,
                                                      const sql::Node& node, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprList path, bind_jsonb_path(run, node, site));
  if (value->kind == ExprKind::kDefault) {
    return with_position(error(ErrorCode::kFeatureNotSupported, "cannot set an array element to DEFAULT"),
                         position_of(target.position));
  }
  const Type wanted{oid::kJsonb};
  const Oid given = value->type.oid;
  if (given != oid::kUnknown && !can_cast(given, wanted.oid, CastContext::kAssignment)) {
    return with_hint(
        fail(ErrorCode::kDatatypeMismatch, node, "subscripted assignment to \"", target.column, "\" requires type ",
             format_type(wanted), " but expression is of type ", format_type(Type{given})),
        "You will need to rewrite or cast the expression.");
  }
  TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), wanted, CastContext::kAssignment));
  ExprPtr names = make_expr(ExprKind::kArray, Type{oid::kTextArray}, std::move(path));
  return call_by_name("[]=", {std::move(json), std::move(names), std::move(value)}, node);
}

absl::StatusOr<ExprPtr> Binder::bind_indirection(const sql::Indirection& expr, const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr base, bind(*expr.argument, site));
  auto value = bind_accessors(std::move(base), expr.accessors, expr, site);
  const sql::Accessor& first = expr.accessors.front();
  if (value.ok() || expr.accessors.size() != 1 || first.kind != sql::Accessor::Kind::kField) return value;
  // (x).f where f is no field is f(x).
  auto call = std::make_shared<sql::FunctionCall>();
  call->kind = sql::FunctionCall::kKind;
  call->position = expr.position;
  call->name = sql::Name(&first.field, 1);
  call->arguments = sql::ExprList(&expr.argument, 1);
  if (!is_function(first.field) && functions_named(call->name).empty()) return value;
  kept_.push_back(call);
  auto called = bind_call(*call, site);
  return called.ok() || error_code(called.status()) != ErrorCode::kUndefinedFunction ? called : value;
}

absl::StatusOr<ExprPtr> Binder::bind_accessors(ExprPtr base, sql::List<sql::Accessor> accessors, const sql::Node& node,
                                               const Site& site) {
  while (!accessors.empty()) {
    const sql::Accessor& first = accessors.front();
    if (first.kind == sql::Accessor::Kind::kStar) {
      return fail(ErrorCode::kFeatureNotSupported, node, "row expansion via \"*\" is not supported here");
    }
    if (first.kind == sql::Accessor::Kind::kField) {
      TROUPE_ASSIGN_OR_RETURN(base, bind_field(first.field, *base, node, site));
      accessors = accessors.subspan(1);
      continue;
    }
    const size_t run = subscript_run(accessors);
    TROUPE_ASSIGN_OR_RETURN(base, bind_elements(std::move(base), accessors.first(run), node, site));
    accessors = accessors.subspan(run);
  }
  return base;
}

absl::StatusOr<ExprPtr> Binder::bind_elements(ExprPtr base, sql::List<sql::Accessor> run, const sql::Node& expr,
                                              const Site& site) {
  if (base->type.oid == oid::kJsonb) return bind_jsonb_subscripts(std::move(base), run, expr, site);
  TROUPE_ASSIGN_OR_RETURN(Subscripts subscripts, bind_subscripts(run, expr, site));
  const Oid element = base->type.oid == oid::kName ? oid::kChar : element_type_of(base->type.oid);
  if (element == 0) return fail(ErrorCode::kDatatypeMismatch, expr, no_subscripts(base->type));
  if (subscripts.slices) {
    return call_by_name("[:]", {base, numbers(std::move(subscripts.lower)), numbers(std::move(subscripts.upper))},
                        expr);
  }
  ExprList args{base};
  args.insert(args.end(), subscripts.upper.begin(), subscripts.upper.end());
  return make_expr(ExprKind::kSubscript, Type{element, base->type.typmod}, std::move(args));
}

absl::StatusOr<ExprPtr> Binder::with_part(ExprPtr whole, sql::List<sql::Accessor> accessors,
                                          const sql::AssignmentTarget& to, ExprPtr value, const sql::Node& node,
                                          const Site& site) {
  const size_t run = subscript_run(accessors);
  if (run == 0) return with_field(std::move(whole), accessors, to, std::move(value), node, site);
  const sql::List<sql::Accessor> subscripts = accessors.first(run), rest = accessors.subspan(run);
  if (!rest.empty()) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr element, bind_elements(whole, subscripts, node, site));
    TROUPE_ASSIGN_OR_RETURN(value, with_part(std::move(element), rest, to, std::move(value), node, site));
  }
  return with_subscripts(std::move(whole), subscripts, to, std::move(value), node, site);
}

absl::StatusOr<ExprPtr> Binder::with_subscripts(ExprPtr array, sql::List<sql::Accessor> run,
                                                const sql::AssignmentTarget& target, ExprPtr value,
                                                const sql::Node& node, const Site& site) {
  const int place = position_of(target.position);
  const Type type = array->type;
  if (type.oid == oid::kJsonb) {
    return with_jsonb_subscripts(std::move(array), run, target, std::move(value), node, site);
  }
  const Oid element = element_type_of(type.oid);
  if (element == 0) return with_position(error(ErrorCode::kDatatypeMismatch, no_subscripts(type)), place);
  TROUPE_ASSIGN_OR_RETURN(Subscripts subscripts, bind_subscripts(run, node, site));
  if (value->kind == ExprKind::kDefault) {
    return with_position(error(ErrorCode::kFeatureNotSupported, "cannot set an array element to DEFAULT"), place);
  }
  const Type wanted{subscripts.slices ? type.oid : element, type.typmod};
  const Oid given = value->type.oid;
  const bool is_row = is_untyped_row(*value) && is_composite_type(wanted.oid);
  if (given != oid::kUnknown && !is_row && !can_cast(given, wanted.oid, CastContext::kAssignment)) {
    return with_hint(
        fail(ErrorCode::kDatatypeMismatch, node, "subscripted assignment to \"", target.column, "\" requires type ",
             format_type(Type{wanted.oid}), " but expression is of type ", format_type(Type{given})),
        "You will need to rewrite or cast the expression.");
  }
  TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), wanted, CastContext::kAssignment));
  ExprList args{std::move(array)};
  if (subscripts.slices) args.push_back(numbers(std::move(subscripts.lower)));
  args.push_back(numbers(std::move(subscripts.upper)));
  args.push_back(std::move(value));
  TROUPE_ASSIGN_OR_RETURN(ExprPtr changed, call_by_name(subscripts.slices ? "[:]=" : "[]=", std::move(args), node));
  auto typed = std::make_shared<Expr>(*changed);
  typed->type = type;
  return ExprPtr(std::move(typed));
}

absl::Status Binder::assign_subscripted(const sql::AssignmentTarget& target, ExprPtr value, const TargetColumn& column,
                                        const BoundRelation& named, const sql::Node& node, const Site& site,
                                        std::vector<ColumnAssignment>* out) {
  const auto position = static_cast<uint32_t>(column.column->attnum - 1);
  const auto same = std::find_if(out->begin(), out->end(),
                                 [position](const ColumnAssignment& other) { return other.column == position; });
  if (same != out->end()) {  // SET a[1] = 1, a[2] = 2
    TROUPE_ASSIGN_OR_RETURN(same->value,
                            with_part(same->value, target.accessors, target, std::move(value), node, site));
    return absl::OkStatus();
  }
  const ExprPtr before = column_of(named, column.number);
  TROUPE_ASSIGN_OR_RETURN(ExprPtr changed, with_part(before, target.accessors, target, std::move(value), node, site));
  out->push_back({position, std::move(changed)});
  return absl::OkStatus();
}

bool Binder::is_subscripted(const Expr& value) {
  if (value.kind != ExprKind::kCall) return false;
  const std::string_view name = value.call.function->name;
  return name == "[]=" || name == "[:]=" || name == "record_with_field";
}

}  // namespace troupe
