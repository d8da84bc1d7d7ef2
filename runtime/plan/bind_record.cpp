/// Rows as values: written out, a relation's, and their fields.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/catalog_types.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {

absl::StatusOr<ExprPtr> Binder::bind_row(const sql::RowExpr& expr, const Site& site) {
  ExprList fields;
  for (const sql::Expr* field : expr.fields) {
    const auto* star = field->as<sql::ColumnRef>();
    if (star == nullptr || !star->star) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*field, site));
      fields.push_back(std::move(value));
      continue;
    }
    std::vector<NamedColumn> columns;
    TROUPE_RETURN_IF_ERROR(expand_targets(*star, site, &columns));
    for (NamedColumn& column : columns) fields.push_back(std::move(column.value));
  }
  return make_expr(ExprKind::kRow, Type{oid::kRecord}, std::move(fields));
}

/// `t.*` where one value is wanted is the whole row.
absl::StatusOr<ExprPtr> Binder::bind_star(const sql::ColumnRef& star, const Site& site) {
  if (star.name.empty()) return fail(ErrorCode::kSyntaxError, star, "row expansion via \"*\" is not supported here");
  const std::string_view schema = star.name.size() > 1 ? star.name[star.name.size() - 2] : std::string_view();
  for (const Scope* scope = site.scope; scope != nullptr; scope = scope->outer) {
    for (const auto& item : scope->items) {
      const FromNames* place = find_item(*item, schema, star.name.back());
      if (place == nullptr) continue;
      ExprPtr row = whole_row(*place, *scope);
      rights.read(*row);
      return row;
    }
  }
  return fail(ErrorCode::kUndefinedTable, star, "missing FROM-clause entry for table \"", star.name.back(), "\"");
}

namespace {

/// The row type of a table or view. Null: the relation is another, or has other columns than everybody knows it by.
const UserType* row_type_known(const BoundRelation& relation) {
  const bool table = relation.kind == BoundRelation::Kind::kTable;
  if (!table && relation.view == nullptr) return nullptr;
  const ObjectDef& object = table ? static_cast<const ObjectDef&>(*relation.table) : *relation.view;
  if (relation.size() != columns_of(object).size() || !is_row_type_known(object)) return nullptr;
  const UserType* type = find_user_type(row_type_of(object.oid));
  for (uint32_t i = 0; i < type->attributes.size(); ++i) {  // a view's columns may have become others
    const Attribute& attribute = type->attributes[i];
    if (!attribute.dropped && attribute.type.oid != relation.type_of(i).oid) return nullptr;
  }
  return type;
}

ExprPtr row_of(const FromNames& place) {
  if (const UserType* type = place.relation ? row_type_known(*place.relation) : nullptr) {
    ExprList fields;
    for (uint32_t i = 0; i < type->attributes.size(); ++i) {
      const Attribute& attribute = type->attributes[i];
      fields.push_back(attribute.dropped ? make_null(attribute.type) : column_of(*place.relation, i));
    }
    return make_expr(ExprKind::kRow, Type{type->oid}, std::move(fields));
  }
  std::vector<NamedColumn> columns;
  expand_star(place, &columns);
  ExprList fields;
  std::vector<std::string_view> names;
  for (NamedColumn& column : columns) {
    fields.push_back(std::move(column.value));
    names.push_back(column.name);
  }
  return make_record(std::move(fields), names);
}

/// `value`, or null where an outer join found no row of the relation.
ExprPtr unless_missing(ExprPtr value, const FromNames& place, const Scope& scope) {
  if (!place.relation || !scope.query) return value;
  std::vector<uint32_t> nullable;
  for (const FromPtr& tree : scope.query->from) collect_nullable(*tree, false, &nullable);
  if (std::find(nullable.begin(), nullable.end(), place.relation->number) == nullable.end()) return value;
  const bool table = place.relation->kind == BoundRelation::Kind::kTable;
  const ExprPtr missing = make_null_test(
      table ? make_column(Type{oid::kBytea}, kRowKeyColumn, place.relation->number) : row_of(place), false);
  return make_expr(ExprKind::kCase, value->type, {missing, make_null(value->type), value});
}

}  // namespace

ExprPtr Binder::whole_row(const FromNames& place, const Scope& scope) const {
  return unless_missing(row_of(place), place, scope);
}

ExprPtr Binder::table_oid(const FromNames& place, const Scope& scope) const {
  if (!place.relation) return nullptr;
  const BoundRelation& relation = *place.relation;
  Oid oid = kNoOid;
  if (relation.kind == BoundRelation::Kind::kTable) {
    oid = relation.table->oid;
    if (relation.table->is_partitioned()) return make_column(Type{oid::kOid}, kTableOidColumn, relation.number);
  }
  if (relation.kind == BoundRelation::Kind::kSystem) oid = relation.system->oid;
  if (oid == kNoOid) return nullptr;
  return unless_missing(make_constant(Type{oid::kOid}, Value::of(int64_t{oid})), place, scope);
}

namespace {

const BoundRelation* find_relation(const FromTree& tree, uint32_t number) {
  if (tree.relation) return tree.relation->number == number ? tree.relation.get() : nullptr;
  if (const BoundRelation* found = find_relation(*tree.left, number)) return found;
  return find_relation(*tree.right, number);
}

/// What a column of a subquery is in there; `expr` itself otherwise.
const Expr& origin_of(const Expr& expr, const BoundRelation* relation) {
  if (!expr.is_column() || relation == nullptr || relation->kind != BoundRelation::Kind::kSubquery) return expr;
  const BoundQuery& query = *relation->query;
  if (expr.index >= query.targets.size()) return expr;
  const Expr& target = *query.targets[expr.index].value;
  for (const FromPtr& tree : query.from) {
    if (!target.is_column()) break;
    if (const BoundRelation* inner = find_relation(*tree, target.relation)) return origin_of(target, inner);
  }
  return target;
}

/// Null where an outer join found no row; then all its columns are as well.
bool is_missing_row(const Expr& value) {
  if (value.kind != ExprKind::kCase || value.arg(0).kind != ExprKind::kNullTest) return false;
  const Expr& tested = value.arg(0).arg(0);
  return tested.kind == ExprKind::kRow || (tested.is_column() && tested.index == kRowKeyColumn);
}

/// The row that a value is, if it is one; itself else. A CASE around it is an outer join's or a strict function's.
const Expr& known_row(const Expr& value) {
  if (value.kind == ExprKind::kCase && value.args.size() == 3) return known_row(value.arg(2));
  const bool scalar = value.kind == ExprKind::kSubquery && value.subquery->kind == BoundSubquery::Kind::kScalar;
  return scalar ? known_row(*value.subquery->query->targets[0].value) : value;
}

/// Of a row of a composite type that the expression spells out.
std::vector<NamedColumn> fields_of_row(const Expr& row) {
  const std::vector<Attribute>& attributes = find_user_type(row.type.oid)->attributes;
  std::vector<NamedColumn> fields;
  for (size_t i = 0; i < attributes.size() && i < row.args.size(); ++i) {
    if (!attributes[i].dropped) fields.push_back({attributes[i].name, row.args[i]});
  }
  return fields;
}

}  // namespace

absl::StatusOr<ExprPtr> make_field(const Expr& record, size_t place, Type type) {
  ExprList args{std::make_shared<Expr>(record),
                make_constant(Type{oid::kInt4}, Value::of(static_cast<int32_t>(place)))};
  const Type arguments[] = {args[0]->type, args[1]->type};
  TROUPE_ASSIGN_OR_RETURN(BoundFunction call, resolve_function("record_field", arguments));
  call.result = type;
  return make_call(std::move(call), std::move(args));
}

absl::StatusOr<std::vector<NamedColumn>> Binder::fields_of(const Expr& base, const Site& site) {
  if (is_composite_type(base.type.oid)) {
    const Expr& row = known_row(base);
    const bool written = row.kind == ExprKind::kRow && (&row == &base || is_missing_row(base));
    return written && row.type == base.type ? fields_of_row(row) : attributes_of(base);
  }
  static constexpr std::string_view kNames[] = {"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"};
  const FromNames* leaf = nullptr;
  for (const Scope* scope = site.scope; scope != nullptr && leaf == nullptr && base.is_column(); scope = scope->outer) {
    leaf = leaf_of(*scope, base.relation);
  }
  const Expr& origin = origin_of(base, leaf == nullptr ? nullptr : leaf->relation.get());
  const Expr& row = known_row(origin);
  std::vector<NamedColumn> fields;
  if (row.kind == ExprKind::kTableFunction) {
    // information_schema._pg_expandarray() is the one function whose records are known.
    TROUPE_ASSIGN_OR_RETURN(ExprPtr x, make_field(base, 0, Type{oid::kInt2}));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr n, make_field(base, 1, Type{oid::kInt4}));
    return std::vector<NamedColumn>{{"x", std::move(x)}, {"n", std::move(n)}};
  }
  if (row.kind != ExprKind::kRow) return fields;
  const bool at_hand = &origin == &base && (&row == &base || is_missing_row(base));
  const std::vector<std::string_view> names = field_names(row);
  for (size_t i = 0; i < row.args.size() && (i < names.size() || i < std::size(kNames)); ++i) {
    ExprPtr value = row.args[i];
    if (!at_hand) {
      TROUPE_ASSIGN_OR_RETURN(value, make_field(base, i, row.args[i]->type));
    }
    fields.push_back({i < names.size() ? names[i] : kNames[i], std::move(value)});
  }
  return fields;
}

absl::StatusOr<ExprPtr> Binder::bind_field(std::string_view name, const Expr& base, const sql::Node& node,
                                           const Site& site) {
  TROUPE_ASSIGN_OR_RETURN(std::vector<NamedColumn> fields, fields_of(base, site));
  for (NamedColumn& field : fields) {
    if (field.name == name) return std::move(field.value);
  }
  if (base.type.oid == oid::kRecord) {
    return fail(ErrorCode::kUndefinedColumn, node, "could not identify column \"", name, "\" in record data type");
  }
  if (is_composite_type(base.type.oid)) {
    return fail(ErrorCode::kUndefinedColumn, node, "column \"", name, "\" not found in data type ",
                format_type(base.type.oid));
  }
  return fail(ErrorCode::kWrongObjectType, node, "column notation .", name, " applied to type ",
              format_type(base.type.oid), ", which is not a composite type");
}

/// (row).*
absl::Status Binder::expand_fields(const sql::Indirection& star, const Site& site, std::vector<BoundTarget>* out) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr base, bind(*star.argument, site));
  const sql::List<sql::Accessor> before = star.accessors.first(star.accessors.size() - 1);
  TROUPE_ASSIGN_OR_RETURN(base, bind_accessors(std::move(base), before, star, site));
  TROUPE_ASSIGN_OR_RETURN(const std::vector<NamedColumn> fields, fields_of(*base, site));
  if (fields.empty() && !is_record_type(base->type.oid)) {
    return fail(ErrorCode::kWrongObjectType, star, "type ", format_type(base->type.oid), " is not composite");
  }
  if (fields.empty() && base->type.oid == oid::kRecord) {
    return fail(ErrorCode::kFeatureNotSupported, star, "record type has not been registered");
  }
  for (const NamedColumn& field : fields) out->push_back({field.value, std::string(field.name)});
  return absl::OkStatus();
}

}  // namespace troupe
