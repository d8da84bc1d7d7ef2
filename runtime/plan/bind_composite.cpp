/// Values of composite types: ROW(...) as one, their fields, assigning to fields; and users' range constructors.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

const UserType& composite_of(Oid type) {
  const UserType* found = find_user_type(type);
  TROUPE_CHECK(found != nullptr && found->kind == UserTypeKind::kComposite);
  return *found;
}

absl::Status no_row_cast(Type type, std::string detail) {
  return with_detail(error(ErrorCode::kCannotCoerce, "cannot cast type record to ", format_type(type.oid)),
                     std::move(detail));
}

/// The place among the attributes, dropped ones counted; their number when there is no such one.
size_t find_attribute(const UserType& type, std::string_view name) {
  const auto at = std::find_if(type.attributes.begin(), type.attributes.end(), [&](const Attribute& attribute) {
    return !attribute.dropped && attribute.name == name;
  });
  return static_cast<size_t>(at - type.attributes.begin());
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::coerce_row(const Expr& row, Type type, CastContext cast) {
  ExprList fields;
  size_t given = 0;
  for (const Attribute& attribute : composite_of(type.oid).attributes) {
    if (attribute.dropped) {
      fields.push_back(make_null(attribute.type));
      continue;
    }
    if (given == row.args.size()) return no_row_cast(type, "Input has too few columns.");
    const ExprPtr& value = row.args[given++];
    const bool nested = is_untyped_row(*value) && is_composite_type(attribute.type.oid);
    if (!nested && !can_cast(value->type.oid, attribute.type.oid, cast)) {
      return no_row_cast(type, cat("Cannot cast type ", format_type(value->type.oid), " to ",
                                   format_type(attribute.type.oid), " in column ", given, "."));
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr field, coerce(value, attribute.type, cast));
    fields.push_back(std::move(field));
  }
  if (given < row.args.size()) return no_row_cast(type, "Input has too many columns.");
  return make_expr(ExprKind::kRow, Type{type.oid}, std::move(fields));
}

absl::StatusOr<ExprPtr> Binder::coerce_row_array(const Expr& array, Type type, CastContext cast) {
  auto typed = std::make_shared<Expr>(array);
  typed->type = Type{type.oid};
  for (ExprPtr& element : typed->args) {
    const Oid wanted = array.nested ? type.oid : element_type_of(type.oid);
    TROUPE_ASSIGN_OR_RETURN(element, coerce(std::move(element), Type{wanted}, cast));
  }
  return typed;
}

absl::StatusOr<std::vector<NamedColumn>> Binder::attributes_of(const Expr& base) {
  const UserType& type = composite_of(base.type.oid);
  if (const ObjectDef* definition = find_type_object(catalog(), base.type.oid)) depend_on(*definition);
  std::vector<NamedColumn> fields;
  for (size_t i = 0; i < type.attributes.size(); ++i) {
    const Attribute& attribute = type.attributes[i];
    if (attribute.dropped) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, make_field(base, i, attribute.type));
    fields.push_back({attribute.name, std::move(value)});
  }
  return fields;
}

absl::StatusOr<ExprPtr> Binder::with_field(ExprPtr record, sql::List<sql::Accessor> accessors,
                                           const sql::AssignmentTarget& to, ExprPtr value, const sql::Node& node,
                                           const Site& site) {
  const int place = position_of(to.position);
  const std::string_view name = accessors.front().field;
  const Type type{record->type.oid};
  if (!is_composite_type(type.oid)) {
    return with_position(error(ErrorCode::kDatatypeMismatch, "cannot assign to field \"", name, "\" of column \"",
                               to.column, "\" because its type ", format_type(type), " is not a composite type"),
                         place);
  }
  const UserType& composite = composite_of(type.oid);
  const size_t number = find_attribute(composite, name);
  if (number == composite.attributes.size()) {
    return with_position(error(ErrorCode::kUndefinedColumn, "cannot assign to field \"", name, "\" of column \"",
                               to.column, "\" because there is no such column in data type ", format_type(type)),
                         place);
  }
  const Type wanted = composite.attributes[number].type;
  if (accessors.size() > 1) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr before, make_field(*record, number, wanted));
    TROUPE_ASSIGN_OR_RETURN(value,
                            with_part(std::move(before), accessors.subspan(1), to, std::move(value), node, site));
  } else if (value->kind == ExprKind::kDefault) {
    return with_position(error(ErrorCode::kFeatureNotSupported, "cannot set a subfield to DEFAULT"), place);
  } else if (const bool is_row = is_untyped_row(*value) && is_composite_type(wanted.oid);
             !is_row && value->type.oid != oid::kUnknown &&
             !can_cast(value->type.oid, wanted.oid, CastContext::kAssignment)) {
    return with_hint(fail(ErrorCode::kDatatypeMismatch, node, "subfield \"", name, "\" is of type ",
                          format_type(wanted.oid), " but expression is of type ", format_type(value->type.oid)),
                     "You will need to rewrite or cast the expression.");
  }
  TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), wanted, CastContext::kAssignment));
  ExprList args{std::move(record), make_constant(Type{oid::kInt4}, Value::of(static_cast<int32_t>(number))),
                std::move(value)};
  const Type types[] = {args[0]->type, args[1]->type, args[2]->type};
  TROUPE_ASSIGN_OR_RETURN(BoundFunction call, resolve_function("record_with_field", types));
  call.result = type;
  return make_call(std::move(call), std::move(args));
}

absl::StatusOr<ExprPtr> Binder::bind_range_constructor(const sql::FunctionCall& call, ExprList* args) {
  const TypeDef* type = is_function(call.name.back()) ? nullptr : find_own_type(call.name);
  if (type == nullptr || type->type_kind != TypeKind::range) return ExprPtr();
  const bool multi = call.name.back() != type->name;
  if (!multi && (args->size() < 2 || args->size() > 3)) return ExprPtr();
  for (size_t i = 0; i < args->size(); ++i) {
    const Oid wanted = multi ? type->oid : (i == 2 ? oid::kText : type->base);
    TROUPE_ASSIGN_OR_RETURN((*args)[i], coerce(std::move((*args)[i]), Type{wanted}, CastContext::kImplicit));
  }
  depend_on(*type);
  std::vector<Type> types;
  for (const ExprPtr& arg : *args) types.push_back(arg->type);
  if (multi && args->empty()) {
    return make_cast(make_constant(Type{oid::kUnknown}, Value::text("{}")), Type{type->multirange_type},
                     CastContext::kExplicit, eval());
  }
  TROUPE_ASSIGN_OR_RETURN(BoundFunction bound,
                          resolve_function(multi ? "troupe_make_multirange" : "troupe_make_range", types));
  bound.result = Type{multi ? type->multirange_type : type->oid};
  return make_call(std::move(bound), std::move(*args));
}

}  // namespace troupe
