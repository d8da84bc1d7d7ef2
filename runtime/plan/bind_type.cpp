/// Types by their names, users' own among them, and what domains ask of values.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/refusal.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

/// The range whose multirange is called so.
const TypeDef* find_multirange(const Catalog& catalog, Oid schema, std::string_view name) {
  for (const ObjectPtr& object : catalog.objects(ObjectKind::type)) {
    const auto& type = static_cast<const TypeDef&>(*object);
    if (type.type_kind == TypeKind::range && type.schema == schema && type.multirange_name == name) return &type;
  }
  return nullptr;
}

/// What PostgreSQL has and Troupe has not.
bool is_missing_type(std::string_view name) {
  static constexpr std::string_view kMissing[] = {
      "box",          "circle", "gtsvector", "line",         "lseg",         "path",     "pg_brin_bloom_summary",
      "pg_dependencies", "pg_mcv_list", "pg_ndistinct", "pg_snapshot", "point", "polygon", "regcollation",
      "regdictionary", "tsquery", "tsvector", "txid_snapshot"};
  return std::find(std::begin(kMissing), std::end(kMissing), name) != std::end(kMissing);
}

}  // namespace

absl::StatusOr<Type> Binder::bind_type(const sql::TypeName& name) {
  const std::string_view word = name.name.back();
  if (name.of_column) return refuse(name, "%TYPE");
  if (name.set_of) return fail(ErrorCode::kInvalidTableDefinition, name, "SETOF is not allowed here");
  // SQL's own spellings have been resolved: what is called "char" here was written in quotes.
  const TypeInfo* info = word == "char" ? find_type(oid::kChar) : find_type_by_name(word);
  const bool elsewhere = name.name.size() > 1 && name.name[name.name.size() - 2] != "pg_catalog";
  if (const TypeDef* own = own_type_named(name)) return own_type(*own, name);
  if (name.name.size() > 1) TROUPE_RETURN_IF_ERROR(check_qualified(name.name, 2, name));
  const ObjectDef* rows = info == nullptr || elsewhere ? relation_as_type(catalog(), search_path_, name.name) : nullptr;
  if (rows != nullptr) {
    if (!name.modifiers.empty()) {
      return fail(ErrorCode::kSyntaxError, name, "type modifier is not allowed for type \"", rows->name, "\"");
    }
    depend_on(*rows);
    return Type{name.array_bounds.empty() ? row_type_of(rows->oid) : row_array_of(rows->oid)};
  }
  if (info == nullptr && !elsewhere && is_missing_type(word)) return refuse(name, cat("type ", word));
  if (info == nullptr || elsewhere) {
    return fail(ErrorCode::kUndefinedObject, name, "type \"", dotted(name.name), "\" does not exist");
  }
  Type type{info->oid};
  std::vector<int32_t> modifiers;
  for (const sql::Expr* modifier : name.modifiers) {
    const auto* literal = modifier->as<sql::Literal>();
    if (literal == nullptr || literal->type != sql::LiteralType::kInt4) {
      return fail(ErrorCode::kSyntaxError, *modifier, "type modifiers must be simple constants or identifiers");
    }
    modifiers.push_back(static_cast<int32_t>(literal->integer));
  }
  if (info->oid == oid::kInterval && (name.interval_fields != 0 || !modifiers.empty())) {
    const uint32_t fields = name.interval_fields == 0 ? 0x7FFF : name.interval_fields;
    const int32_t precision = modifiers.empty() ? 0xFFFF : modifiers[0];
    type.typmod = static_cast<int32_t>((fields << 16) | static_cast<uint32_t>(precision & 0xFFFF));
  } else if (!modifiers.empty()) {
    auto typmod = make_typmod(info->oid, modifiers);
    if (!typmod.ok()) return at(typmod.status(), name);
    type.typmod = *typmod;
  }
  if (!name.array_bounds.empty()) {
    type.oid = array_type_of(info->oid);
    if (type.oid == 0) {
      return fail(ErrorCode::kUndefinedObject, name, "could not find array type for data type ",
                  format_type(info->oid));
    }
  }
  return type;
}

const TypeDef* Binder::own_type_named(const sql::TypeName& name) const {
  const std::string_view word = name.name.back();
  const bool elsewhere = name.name.size() > 1 && name.name[name.name.size() - 2] != "pg_catalog";
  const bool systems = word == "char" || find_type_by_name(word) != nullptr;
  return systems && !elsewhere ? nullptr : find_own_type(name.name);
}

const TypeDef* Binder::find_own_type(sql::Name name) const {
  const auto find_in = [&](Oid schema) {
    const ObjectDef* found = catalog().find(NameClass::type, schema, name.back());
    if (found != nullptr) return found->kind == ObjectKind::type ? static_cast<const TypeDef*>(found) : nullptr;
    return find_multirange(catalog(), schema, name.back());
  };
  if (name.size() > 1) {
    const SchemaDef* schema = catalog().find_schema(name[name.size() - 2]);
    return schema == nullptr ? nullptr : find_in(schema->oid);
  }
  for (const Oid schema : search_path_) {
    if (const TypeDef* found = find_in(schema)) return found;
  }
  return nullptr;
}

absl::StatusOr<Type> Binder::own_type(const TypeDef& type, const sql::TypeName& name) {
  if (type.type_kind == TypeKind::shell) {
    return fail(ErrorCode::kUndefinedObject, name, "type \"", type.name, "\" is only a shell");
  }
  if (!name.modifiers.empty()) {
    return fail(ErrorCode::kSyntaxError, name, "type modifier is not allowed for type \"", type.name, "\"");
  }
  const bool array = !name.array_bounds.empty();
  if (type.type_kind == TypeKind::range && name.name.back() != type.name) {
    return Type{array ? type.multirange_array : type.multirange_type};
  }
  if (type.type_kind != TypeKind::domain) return Type{array ? type.array_type : type.oid};
  const Type base = base_type_of(type, catalog());
  if (array && array_type_of(base.oid) == oid::kInvalid) return refuse(name, "an array of a domain over arrays");
  return array ? Type{array_type_of(base.oid), base.typmod} : base;
}

const TypeDef* Binder::domain_of(const sql::TypeName& name) const {
  if (!name.array_bounds.empty()) return nullptr;
  const TypeDef* own = own_type_named(name);
  return own != nullptr && own->type_kind == TypeKind::domain ? own : nullptr;
}

absl::StatusOr<ExprPtr> Binder::bind_domain_constraint(const TypeDef& domain, const ConstraintDef& check,
                                                       const ExprPtr& value) {
  // VALUE is bound as the only column of a table that is not there.
  auto row = std::make_shared<TableDef>();
  ColumnDef column;
  column.attnum = 1;
  column.name = "value";
  const Type base = base_type_of(domain, catalog());
  column.type = base.oid;
  column.typmod = base.typmod;
  column.physical = type_info(base.oid).physical;
  row->columns.push_back(std::move(column));
  auto relation = std::make_shared<BoundRelation>();
  relation->table = std::move(row);
  TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_check(check, relation));
  TROUPE_ASSIGN_OR_RETURN(condition, coerce(std::move(condition), Type{oid::kBool}, CastContext::kAssignment));
  return replace_expr(condition, [&](const ExprPtr& part) -> ExprPtr {
    return part->is_column() && part->relation == relation->number ? value : nullptr;
  });
}

absl::StatusOr<ExprPtr> Binder::checked_value(ExprPtr value, ExprPtr holds) {
  const sql::Literal nowhere{};
  return call_by_name("troupe_domain_value", {std::move(value), std::move(holds)}, nowhere);
}

absl::StatusOr<ExprPtr> Binder::bind_domain_check(const TypeDef& domain, const ExprPtr& value) {
  const sql::Literal nowhere{};
  ExprList all;
  const auto add = [&](const TypeDef& type, ExprPtr condition, std::string_view constraint) -> absl::Status {
    const auto* schema = catalog().find_as<SchemaDef>(type.schema);
    ExprList args{std::move(condition), make_text(type.name), make_text(constraint),
                  make_text(schema != nullptr ? schema->name : std::string())};
    TROUPE_ASSIGN_OR_RETURN(ExprPtr call, call_by_name("troupe_domain_holds", std::move(args), nowhere));
    all.push_back(std::move(call));
    return absl::OkStatus();
  };
  // What its base asks comes first.
  for (const TypeDef* type : domain_chain(domain, catalog())) {
    depend_on(*type);
    if (type->not_null) TROUPE_RETURN_IF_ERROR(add(*type, make_null_test(value, true), {}));
    for (const ConstraintDef& check : type->checks) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_domain_constraint(*type, check, value));
      TROUPE_RETURN_IF_ERROR(add(*type, std::move(condition), check.name));
    }
  }
  return all.empty() ? ExprPtr() : make_and(std::move(all));
}

}  // namespace troupe
