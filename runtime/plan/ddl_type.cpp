/// CREATE TYPE ... AS ENUM, ALTER TYPE of its labels, domains, and DROP of both.
#include <algorithm>

#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_row_type.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {

namespace {

absl::StatusOr<std::shared_ptr<TypeDef>> fill_shell(const TypeDef& shell, TypeKind kind, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(shell, ddl));
  auto type = std::make_shared<TypeDef>(shell);
  type->type_kind = kind;
  type->array_type = ddl.new_oid();
  return type;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TypeDef>> ddl_new_type(sql::Name name, TypeKind kind, const sql::Node& node,
                                                      DdlBuilder& ddl) {
  const std::string_view schema_name = name.size() > 1 ? name[name.size() - 2] : std::string_view();
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(schema_name, node));
  const ObjectDef* found = ddl.catalog().find(NameClass::type, schema, name.back());
  const auto* shell =
      found != nullptr && found->kind == ObjectKind::type ? static_cast<const TypeDef*>(found) : nullptr;
  if (shell != nullptr && shell->type_kind == TypeKind::shell && kind != TypeKind::shell) {
    return fill_shell(*shell, kind, ddl);
  }
  if (found != nullptr || ddl.find_relation(schema, name.back()) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "type \"", name.back(), "\" already exists");
  }
  auto type = std::make_shared<TypeDef>();
  type->type_kind = kind;
  type->oid = ddl.new_oid();
  type->array_type = ddl.new_oid();
  type->schema = schema;
  type->owner = ddl.context().role;
  type->name = name.back();
  return type;
}

namespace {

/// Between the numbers of two labels, so that others fit in later.
constexpr int64_t kLabelGap = int64_t{1} << 32;
constexpr size_t kLabelBytesMax = 63;

absl::StatusOr<std::shared_ptr<TypeDef>> type_to_alter(sql::Name name, bool domain, DdlBuilder& ddl) {
  const TypeDef* found = ddl.binder().find_own_type(name);
  if (found == nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_check_no_row_type(name, false, ddl));
    return error(ErrorCode::kUndefinedObject, "type \"", name.back(), "\" does not exist");
  }
  if (domain && found->type_kind != TypeKind::domain) {
    return error(ErrorCode::kWrongObjectType, "\"", name.back(), "\" is not a domain");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  return std::make_shared<TypeDef>(*found);
}

absl::Status check_label(std::string_view label) {
  if (label.size() <= kLabelBytesMax) return absl::OkStatus();
  return with_detail(error(ErrorCode::kInvalidName, "invalid enum label \"", label, "\""),
                     "Labels must be 63 bytes or less.");
}

size_t label_index(const TypeDef& type, std::string_view label) {
  return static_cast<size_t>(std::find(type.labels.begin(), type.labels.end(), label) - type.labels.begin());
}

/// A number between those of its neighbours.
absl::StatusOr<int64_t> value_at(const std::vector<int64_t>& values, size_t index) {
  if (values.empty()) return kLabelGap;
  if (index == values.size()) return values.back() + kLabelGap;
  if (index == 0) return values.front() - kLabelGap;
  const int64_t below = values[index - 1], above = values[index];
  if (above - below > 1) return below + (above - below) / 2;
  return with_hint(error(ErrorCode::kProgramLimitExceeded, "no more labels fit between these two"),
                   "Make a type with all the labels and change the columns to it.");
}

absl::Status add_label(const sql::AlterEnumStatement& alter, TypeDef* type, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_label(alter.new_label));
  if (label_index(*type, alter.new_label) < type->labels.size()) {
    if (!alter.if_not_exists) {
      return error(ErrorCode::kDuplicateObject, "enum label \"", alter.new_label, "\" already exists");
    }
    ddl.notice(ErrorCode::kDuplicateObject, cat("enum label \"", alter.new_label, "\" already exists, skipping"));
    return absl::OkStatus();
  }
  size_t at = type->labels.size();
  if (alter.has_neighbour) {
    at = label_index(*type, alter.neighbour);
    if (at == type->labels.size()) {
      return error(ErrorCode::kInvalidParameterValue, "\"", alter.neighbour, "\" is not an existing enum label");
    }
    if (alter.after) ++at;
  }
  TROUPE_ASSIGN_OR_RETURN(const int64_t value, value_at(type->label_values, at));
  const auto place = static_cast<ptrdiff_t>(at);
  type->labels.insert(type->labels.begin() + place, std::string(alter.new_label));
  type->label_values.insert(type->label_values.begin() + place, value);
  type->label_oids.insert(type->label_oids.begin() + place, ddl.new_oid());
  return absl::OkStatus();
}

absl::Status rename_label(const sql::AlterEnumStatement& alter, TypeDef* type) {
  const size_t at = label_index(*type, alter.old_label);
  if (at == type->labels.size()) {
    return error(ErrorCode::kInvalidParameterValue, "\"", alter.old_label, "\" is not an existing enum label");
  }
  if (label_index(*type, alter.new_label) < type->labels.size()) {
    return error(ErrorCode::kDuplicateObject, "enum label \"", alter.new_label, "\" already exists");
  }
  TROUPE_RETURN_IF_ERROR(check_label(alter.new_label));
  type->labels[at] = alter.new_label;
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_enum(const sql::CreateEnumStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, ddl_new_type(create.name, TypeKind::enumeration, create, ddl));
  for (const std::string_view label : create.labels) {
    TROUPE_RETURN_IF_ERROR(check_label(label));
    if (label_index(*type, label) < type->labels.size()) {
      return with_detail(error(ErrorCode::kUniqueViolation,
                               "duplicate key value violates unique constraint \"pg_enum_typid_label_index\""),
                         cat("Key (enumtypid, enumlabel)=(", type->oid, ", ", label, ") already exists."));
    }
    type->labels.emplace_back(label);
    type->label_values.push_back(static_cast<int64_t>(type->labels.size()) * kLabelGap);
    type->label_oids.push_back(ddl.new_oid());
  }
  ddl.put(std::move(type));
  return absl::OkStatus();
}

/// CREATE TYPE t; makes a shell. A base type needs functions in C, which there are none of.
absl::Status ddl_create_shell(const sql::DefineStatement& create, DdlBuilder& ddl) {
  if (!create.options.empty()) return ddl.refuse(create, "CREATE TYPE with functions of its own");
  TROUPE_ASSIGN_OR_RETURN(auto type, ddl_new_type(create.name, TypeKind::shell, create, ddl));
  type->array_type = kNoOid;
  ddl.put(std::move(type));
  return absl::OkStatus();
}

absl::Status ddl_alter_enum(const sql::AlterEnumStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, type_to_alter(alter.name, false, ddl));
  if (type->type_kind != TypeKind::enumeration) {
    return error(ErrorCode::kWrongObjectType, type->name, " is not an enum");
  }
  TROUPE_RETURN_IF_ERROR(alter.rename ? rename_label(alter, type.get()) : add_label(alter, type.get(), ddl));
  ddl.put(std::move(type));
  return absl::OkStatus();
}

// --- domains ---

namespace {

absl::Status refuse_constraint(sql::ConstraintType type) {
  using enum sql::ConstraintType;
  const std::string_view what = type == kUnique       ? "unique"
                                : type == kPrimaryKey ? "primary key"
                                : type == kExclude    ? "exclusion"
                                : type == kForeignKey ? "foreign key"
                                                      : std::string_view();
  if (what.empty()) return not_supported_yet("this constraint of a domain");
  return error(ErrorCode::kSyntaxError, what, " constraints not possible for domains");
}

/// The constraint must mean something for VALUE.
absl::Status add_domain_check(const sql::Constraint& constraint, TypeDef* type, DdlBuilder& ddl) {
  ConstraintDef check;
  check.oid = ddl.new_oid();
  check.kind = ConstraintKind::check;
  check.check_sql = ddl_expression_text(*constraint.expression, ddl);
  check.not_valid = constraint.not_valid;
  const auto taken = [&](const std::string& name) {
    return std::any_of(type->checks.begin(), type->checks.end(),
                       [&](const ConstraintDef& c) { return c.name == name; });
  };
  check.name = !constraint.name.empty() ? std::string(constraint.name) : cat(type->name, "_check");
  if (constraint.name.empty()) {
    for (int i = 1; taken(check.name); ++i) check.name = cat(type->name, "_check", i);
  } else if (taken(check.name)) {
    return error(ErrorCode::kDuplicateObject, "constraint \"", check.name, "\" for domain \"", type->name,
                 "\" already exists");
  }
  const ExprPtr value = make_null(base_type_of(*type, ddl.catalog()));
  const absl::Status bound = ddl.binder().bind_domain_constraint(*type, check, value).status();
  if (!bound.ok()) return bound;
  type->checks.push_back(std::move(check));
  return absl::OkStatus();
}

std::string default_text(const sql::Expr& expr, const TypeDef& type, const DdlBuilder& ddl) {
  ColumnDef column;
  column.type = base_type_of(type, ddl.catalog()).oid;
  return ddl_default_text(expr, column, ddl);
}

absl::Status add_to_domain(const sql::Constraint& constraint, TypeDef* type, std::optional<bool>* nullable,
                           DdlBuilder& ddl) {
  using enum sql::ConstraintType;
  switch (constraint.type) {
    case kNull:
    case kNotNull: {
      const bool null = constraint.type == kNull;
      if (*nullable && **nullable != null) {
        return ddl.fail_at(ErrorCode::kSyntaxError, constraint, "conflicting NULL/NOT NULL constraints");
      }
      *nullable = null;
      type->not_null = !null;
      return absl::OkStatus();
    }
    case kDefault:
      if (!type->default_sql.empty()) {
        return ddl.fail_at(ErrorCode::kSyntaxError, constraint, "multiple default expressions");
      }
      type->default_sql = default_text(*constraint.expression, *type, ddl);
      return absl::OkStatus();
    case kCheck: return add_domain_check(constraint, type, ddl);
    default: return refuse_constraint(constraint.type);
  }
}

/// Calls `look` for every column that is declared as the domain, or as a domain over it.
absl::Status for_each_column(const TypeDef& domain, DdlBuilder& ddl,
                             const std::function<absl::Status(const TableDef&, const ColumnDef&)>& look) {
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::table)) {
    const auto& table = static_cast<const TableDef&>(*object);
    for (const ColumnDef& column : table.columns) {
      const auto* declared = column.dropped ? nullptr : ddl.catalog().find_as<TypeDef>(column.domain);
      if (declared == nullptr) continue;
      const std::vector<const TypeDef*> chain = domain_chain(*declared, ddl.catalog());
      const bool concerned =
          std::any_of(chain.begin(), chain.end(), [&](const TypeDef* type) { return type->oid == domain.oid; });
      if (concerned) TROUPE_RETURN_IF_ERROR(look(table, column));
    }
  }
  return absl::OkStatus();
}

/// Rows that are there already must satisfy a new constraint.
absl::Status check_stored(const TypeDef& domain, const ConstraintDef& check, DdlBuilder& ddl) {
  return for_each_column(domain, ddl, [&](const TableDef& table, const ColumnDef& column) -> absl::Status {
    ddl.lock(table.oid, false);
    const ExprPtr value = make_column(Type{column.type, column.typmod}, static_cast<uint32_t>(column.attnum - 1));
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr condition, ddl.binder().bind_domain_constraint(domain, check, value));
    ddl_check_rows(check.name, condition, table, ddl);
    return absl::OkStatus();
  });
}

absl::Status check_no_nulls(const TypeDef& domain, DdlBuilder& ddl) {
  return for_each_column(domain, ddl, [&](const TableDef& table, const ColumnDef& column) {
    ddl.lock(table.oid, false);
    DdlAction& check = ddl.act(DdlAction::Kind::kCheckNotNull);
    check.table = std::make_shared<const TableDef>(table);
    check.column = static_cast<uint32_t>(column.attnum - 1);
    return absl::OkStatus();
  });
}

absl::StatusOr<ConstraintDef*> find_check(std::string_view name, TypeDef* type) {
  for (ConstraintDef& check : type->checks) {
    if (check.name == name) return &check;
  }
  return error(ErrorCode::kUndefinedObject, "constraint \"", name, "\" of domain \"", type->name, "\" does not exist");
}

absl::Status drop_domain_check(const sql::AlterDomainStatement& alter, TypeDef* type, DdlBuilder& ddl) {
  const auto found = find_check(alter.constraint_name, type);
  if (!found.ok()) {
    if (!alter.if_exists) return found.status();
    ddl.notice(ErrorCode::kOk, cat("constraint \"", alter.constraint_name, "\" of domain \"", type->name,
                                   "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  std::erase_if(type->checks, [&](const ConstraintDef& c) { return c.name == alter.constraint_name; });
  return absl::OkStatus();
}

absl::Status alter_domain(const sql::AlterDomainStatement& alter, TypeDef* type, DdlBuilder& ddl) {
  using enum sql::AlterDomainStatement::Action;
  switch (alter.action) {
    case kSetDefault: type->default_sql = default_text(*alter.expression, *type, ddl); return absl::OkStatus();
    case kDropDefault: type->default_sql.clear(); return absl::OkStatus();
    case kSetNotNull: type->not_null = true; return check_no_nulls(*type, ddl);
    case kDropNotNull: type->not_null = false; return absl::OkStatus();
    case kAddConstraint: {
      if (alter.constraint->type != sql::ConstraintType::kCheck) return refuse_constraint(alter.constraint->type);
      TROUPE_RETURN_IF_ERROR(add_domain_check(*alter.constraint, type, ddl));
      return alter.constraint->not_valid ? absl::OkStatus() : check_stored(*type, type->checks.back(), ddl);
    }
    case kDropConstraint: return drop_domain_check(alter, type, ddl);
    case kValidateConstraint: {
      TROUPE_ASSIGN_OR_RETURN(ConstraintDef * check, find_check(alter.constraint_name, type));
      check->not_valid = false;
      return check_stored(*type, *check, ddl);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_domain(const sql::CreateDomainStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, ddl_new_type(create.name, TypeKind::domain, create, ddl));
  TROUPE_ASSIGN_OR_RETURN(const Type base, ddl_usable_type(*create.type, ddl));
  if (type_info(base.oid).kind == 'p') {
    return ddl.fail_at(ErrorCode::kDatatypeMismatch, create, "\"", format_type(base),
                       "\" is not a valid base type for a domain");
  }
  const TypeDef* over = ddl.binder().domain_of(*create.type);
  type->base = over != nullptr ? over->oid : base.oid;
  type->base_typmod = over != nullptr ? -1 : base.typmod;
  std::optional<bool> nullable;
  for (const sql::Constraint* constraint : create.constraints) {
    TROUPE_RETURN_IF_ERROR(add_to_domain(*constraint, type.get(), &nullable, ddl));
  }
  ddl.put(std::move(type));
  return absl::OkStatus();
}

absl::Status ddl_alter_domain(const sql::AlterDomainStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto type, type_to_alter(alter.name, true, ddl));
  TROUPE_RETURN_IF_ERROR(alter_domain(alter, type.get(), ddl));
  ddl.put(std::move(type));
  return absl::OkStatus();
}

// --- both ---

absl::Status ddl_rename_type(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  const bool constraint = rename.object == sql::ObjectKind::kDomainConstraint;
  TROUPE_ASSIGN_OR_RETURN(auto type, type_to_alter(rename.target->name, constraint, ddl));
  if (constraint) {
    TROUPE_ASSIGN_OR_RETURN(ConstraintDef * check, find_check(rename.part, type.get()));
    check->name = rename.new_name;
  } else {
    if (ddl.catalog().find(NameClass::type, type->schema, rename.new_name) != nullptr) {
      return error(ErrorCode::kDuplicateObject, "type \"", rename.new_name, "\" already exists");
    }
    type->name = rename.new_name;
  }
  ddl.put(std::move(type));
  return absl::OkStatus();
}

namespace {

/// The type itself, its array, or (a range's) its multirange and that one's array.
bool is_of_type(Oid oid, const TypeDef& type) {
  return oid != kNoOid && (oid == type.oid || oid == type.array_type || oid == type.multirange_type ||
                           oid == type.multirange_array);
}

}  // namespace

std::vector<TypeUse> ddl_uses_of(const TypeDef& type, const DdlBuilder& ddl) {
  std::vector<TypeUse> uses;
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    if (ddl.find(object->oid) == nullptr) continue;
    const auto* other = object->kind == ObjectKind::type ? static_cast<const TypeDef*>(object.get()) : nullptr;
    if (other != nullptr && other->oid != type.oid && is_of_type(other->base, type)) uses.push_back({object, 0});
    if (other == nullptr && object->kind != ObjectKind::table) continue;
    const auto& columns = other != nullptr ? other->attributes : static_cast<const TableDef&>(*object).columns;
    for (const ColumnDef& column : columns) {
      const bool is = is_of_type(column.type, type) || column.domain == type.oid;
      if (is && !column.dropped) uses.push_back({object, column.attnum});
    }
  }
  return uses;
}

}  // namespace troupe
