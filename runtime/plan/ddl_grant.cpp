/// GRANT and REVOKE on objects, and ALTER DEFAULT PRIVILEGES.
#include <algorithm>
#include <bit>
#include <optional>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"

namespace troupe {
namespace {

std::string_view kind_words(SecurableKind kind) {
  switch (kind) {
    case SecurableKind::kTable: return "relation";
    case SecurableKind::kSequence: return "sequence";
    case SecurableKind::kColumn: return "column";
    case SecurableKind::kSchema: return "schema";
    case SecurableKind::kDatabase: return "database";
    case SecurableKind::kType: return "type";
    case SecurableKind::kFunction: return "function";
    case SecurableKind::kStream: return "stream";
  }
  return "object";
}

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

/// Errors: 42601 for no privilege at all.
absl::StatusOr<Privileges> privilege_of(std::string_view name) {
  const std::string text = upper(name);
  if (text == "TEMP") return kTemporary;
  for (Privileges bit = 1; bit <= kAlterSystem; bit <<= 1) {
    if (privilege_name(bit) == text) return bit;
  }
  return error(ErrorCode::kSyntaxError, "unrecognized privilege type \"", name, "\"");
}

/// What a statement grants or revokes on one kind of thing.
struct Wish {
  Privileges whole = 0;
  bool all = false;
  std::vector<std::pair<std::string_view, Privileges>> columns;
};

absl::Status check_fits(Privileges bit, SecurableKind kind) {
  if ((bit & ~all_privileges(kind)) == 0) return absl::OkStatus();
  // What sequences have is known to relations, but not to tables.
  const bool table = kind == SecurableKind::kTable && (bit & kSequencePrivileges) != 0;
  return error(kInvalidGrantOperation, "invalid privilege type ", privilege_name(bit), " for ",
               table ? "table" : kind_words(kind));
}

absl::StatusOr<Wish> wish_of(const sql::GrantStatement& grant, SecurableKind kind) {
  Wish wish;
  for (const std::string_view column : grant.all_columns) wish.columns.emplace_back(column, kColumnPrivileges);
  wish.all = grant.privileges.empty() && grant.all_columns.empty();
  if (wish.all) wish.whole = all_privileges(kind);
  for (const sql::Privilege* privilege : grant.privileges) {
    TROUPE_ASSIGN_OR_RETURN(const Privileges bit, privilege_of(privilege->name));
    if (privilege->columns.empty()) {
      TROUPE_RETURN_IF_ERROR(check_fits(bit, kind));
      wish.whole |= bit;
      continue;
    }
    if (kind != SecurableKind::kTable) {
      return error(kInvalidGrantOperation, "column privileges are only valid for relations");
    }
    TROUPE_RETURN_IF_ERROR(check_fits(bit, SecurableKind::kColumn));
    for (const std::string_view column : privilege->columns) wish.columns.emplace_back(column, bit);
  }
  return wish;
}

absl::StatusOr<std::vector<Oid>> grantees_of(const sql::GrantStatement& grant, const DdlBuilder& ddl) {
  std::vector<Oid> grantees;
  for (const sql::RoleName* name : grant.grantees) {
    Oid grantee = kNoOid;
    if (name->type != sql::RoleName::Type::kPublic) {
      TROUPE_ASSIGN_OR_RETURN(grantee, ddl_role(*name, ddl));
    } else if (grant.grant && grant.grant_option) {
      return error(kInvalidGrantOperation, "grant options can only be granted to roles");
    }
    grantees.push_back(grantee);
  }
  return grantees;
}

// --- one object or column ---

/// In whose name the privileges are granted, and which of them he may grant.
struct Grantor {
  Oid role = kNoOid;
  Privileges options = 0;
};

Privileges own_options(Oid role, const Acl& acl) {
  Privileges options = 0;
  for (const AclItem& item : acl.items) {
    if (item.grantee == role || item.grantee == kNoOid) options |= item.grantable;
  }
  return options;
}

/// The owner where the acting role has his rights; else whichever of its roles may grant the most of it.
Grantor choose_grantor(Privileges wanted, const Acl& acl, Oid owner, const DdlBuilder& ddl) {
  const Oid self = ddl.context().role;
  if (has_rights_of(ddl.catalog(), self, owner)) return {owner, wanted};
  Grantor best{self, 0};
  for (const Oid role : roles_with_rights_of(ddl.catalog(), self)) {
    const Privileges options = own_options(role, acl) & wanted;
    if (std::popcount(options) > std::popcount(best.options)) best = {role, options};
  }
  return best;
}

struct Change {
  const sql::GrantStatement& grant;
  const std::vector<Oid>& grantees;
  Privileges privileges;
  bool all;
};

void warn_of_less(const Change& change, Privileges possible, const std::string& name, DdlBuilder& ddl) {
  if (possible == change.privileges || (change.all && possible != 0)) return;
  const std::string_view what =
      change.grant.grant ? " privileges were granted for " : " privileges could be revoked for ";
  const std::string message = cat(possible == 0 ? "no" : "not all", what, name);
  const ErrorCode code{change.grant.grant ? pack_sqlstate("01007") : pack_sqlstate("01006")};
  ddl.plan().notices.push_back({"WARNING", code, message, {}});
}

absl::Status change_acl(const Change& change, Oid grantor, Privileges possible, Oid owner, Acl* acl, DdlBuilder& ddl) {
  acl->given = true;
  for (const Oid grantee : change.grantees) {
    AclItem item{grantee, grantor, possible, 0};
    if (change.grant.grant) {
      if (change.grant.grant_option) item.grantable = possible;
      TROUPE_RETURN_IF_ERROR(grant_in(item, owner, ddl.catalog(), acl));
    } else {
      item.grantable = possible;
      const bool cascade = change.grant.behavior == sql::DropBehavior::kCascade;
      TROUPE_RETURN_IF_ERROR(revoke_in(item, change.grant.grant_option, cascade, owner, acl));
    }
  }
  tidy(acl);
  return absl::OkStatus();
}

absl::Status change_object(const Change& change, ObjectDef* object, DdlBuilder& ddl) {
  Acl acl = acl_of(*object);
  const Privileges everything = all_privileges(securable_kind(*object));
  const Grantor grantor = choose_grantor(change.privileges, acl, object->owner, ddl);
  if (grantor.options == 0) {
    const bool knows = rights_in(ddl.catalog(), grantor.role, acl, object->owner, everything) != 0;
    if (!knows) return permission_denied(*object);
  }
  warn_of_less(change, grantor.options, cat("\"", object->name, "\""), ddl);
  TROUPE_RETURN_IF_ERROR(change_acl(change, grantor.role, grantor.options, object->owner, &acl, ddl));
  object->acl = std::move(acl);
  return absl::OkStatus();
}

absl::Status change_column(const Change& change, const ObjectDef& relation, ColumnDef* column, DdlBuilder& ddl) {
  Acl acl = column->acl;
  Acl both = acl_of(relation);
  both.items.insert(both.items.end(), acl.items.begin(), acl.items.end());
  const Grantor grantor = choose_grantor(change.privileges, both, relation.owner, ddl);
  if (grantor.options == 0 && rights_in(ddl.catalog(), grantor.role, both, relation.owner, kColumnPrivileges) == 0) {
    return permission_denied(relation);
  }
  warn_of_less(change, grantor.options, cat("column \"", column->name, "\" of relation \"", relation.name, "\""), ddl);
  TROUPE_RETURN_IF_ERROR(change_acl(change, grantor.role, grantor.options, relation.owner, &acl, ddl));
  acl.given = !acl.items.empty();
  column->acl = std::move(acl);
  return absl::OkStatus();
}

/// What is revoked on a table is revoked on its columns, too.
absl::Status revoke_columns(const Change& change, ObjectDef* relation, DdlBuilder& ddl) {
  std::vector<ColumnDef>* columns = edit_columns(relation);
  if (change.grant.grant || columns == nullptr) return absl::OkStatus();
  Change part = change;
  part.privileges &= kColumnPrivileges;
  part.all = true;
  for (ColumnDef& column : *columns) {
    if (!column.acl.given || part.privileges == 0) continue;
    TROUPE_RETURN_IF_ERROR(change_column(part, *relation, &column, ddl));
  }
  return absl::OkStatus();
}

absl::Status change_columns(const sql::GrantStatement& grant, const Wish& wish, const std::vector<Oid>& grantees,
                            ObjectDef* relation, DdlBuilder& ddl) {
  for (const auto& [name, privileges] : wish.columns) {
    std::vector<ColumnDef>* columns = edit_columns(relation);
    ColumnDef* column = nullptr;
    for (size_t i = 0; columns != nullptr && i < columns->size(); ++i) {
      if ((*columns)[i].name == name && !(*columns)[i].dropped) column = &(*columns)[i];
    }
    if (column == nullptr) {
      return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", relation->name,
                   "\" does not exist");
    }
    const Change change{grant, grantees, privileges, grant.privileges.empty()};
    TROUPE_RETURN_IF_ERROR(change_column(change, *relation, column, ddl));
  }
  return absl::OkStatus();
}

// --- which objects ---

std::string_view part(const sql::Name& name, size_t from_end) {
  return name.size() >= from_end ? name[name.size() - from_end] : std::string_view();
}

absl::StatusOr<const ObjectDef*> find_type_to_grant(const sql::GrantStatement& grant, const sql::ObjectRef& ref,
                                                    DdlBuilder& ddl) {
  const TypeDef* type = ddl.binder().find_own_type(ref.name);
  if (type == nullptr) {
    if (find_type_by_name(ref.name.back()) != nullptr) {
      return ddl.refuse(ref, "GRANT and REVOKE on a type of the system");
    }
    return error(ErrorCode::kUndefinedObject, "type \"", dotted(ref.name), "\" does not exist");
  }
  if (grant.object == sql::ObjectKind::kDomain && type->type_kind != TypeKind::domain) {
    return error(ErrorCode::kWrongObjectType, "\"", type->name, "\" is not a domain");
  }
  return type;
}

absl::StatusOr<const ObjectDef*> find_target(const sql::GrantStatement& grant, const sql::ObjectRef& ref,
                                             DdlBuilder& ddl) {
  const std::string_view name = ref.name.back();
  switch (grant.object) {
    case sql::ObjectKind::kSchema: {
      const ObjectDef* schema = ddl.catalog().find_schema(name);
      if (schema == nullptr) return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
      return schema;
    }
    case sql::ObjectKind::kDatabase: {
      const ObjectDef* database = ddl.catalog().find_database(name);
      if (database == nullptr) {
        return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist");
      }
      return database;
    }
    case sql::ObjectKind::kType:
    case sql::ObjectKind::kDomain: return find_type_to_grant(grant, ref, ddl);
    case sql::ObjectKind::kFunction:
    case sql::ObjectKind::kProcedure:
    case sql::ObjectKind::kRoutine: {
      TROUPE_ASSIGN_OR_RETURN(const FunctionDef* function, ddl_find_function(ref, false, ddl));
      return function;
    }
    case sql::ObjectKind::kStream: {
      TROUPE_ASSIGN_OR_RETURN(const StreamDef* stream, ddl_stream(ref.name, ddl));
      return stream;
    }
    default: break;
  }
  const ObjectDef* object = ddl.find_named(part(ref.name, 2), name);
  if (object == nullptr) {
    const std::string_view schema = part(ref.name, 2);
    return error(ErrorCode::kUndefinedTable, "relation \"", schema, schema.empty() ? "" : ".", name,
                 "\" does not exist");
  }
  if (object->kind == ObjectKind::index) {
    return error(ErrorCode::kWrongObjectType, "\"", name, "\" is an index");
  }
  if (grant.object == sql::ObjectKind::kSequence && object->kind != ObjectKind::sequence) {
    return error(ErrorCode::kWrongObjectType, "\"", name, "\" is not a sequence");
  }
  return object;
}

bool is_routine_of(sql::ObjectKind kind, const ObjectDef& object) {
  if (object.kind != ObjectKind::function) return false;
  const bool procedure = static_cast<const FunctionDef&>(object).procedure;
  return kind == sql::ObjectKind::kRoutine || procedure == (kind == sql::ObjectKind::kProcedure);
}

absl::StatusOr<std::vector<const ObjectDef*>> targets_of(const sql::GrantStatement& grant, DdlBuilder& ddl) {
  std::vector<const ObjectDef*> targets;
  if (grant.target == sql::GrantTarget::kObjects) {
    for (const sql::ObjectRef* ref : grant.objects) {
      TROUPE_ASSIGN_OR_RETURN(const ObjectDef* target, find_target(grant, *ref, ddl));
      targets.push_back(target);
    }
    return targets;
  }
  for (const sql::ObjectRef* ref : grant.objects) {
    const SchemaDef* schema = ddl.catalog().find_schema(ref->name.back());
    if (schema == nullptr) {
      return error(ErrorCode::kInvalidSchemaName, "schema \"", ref->name.back(), "\" does not exist");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_right(*schema, kUsage, ddl));
    for (const ObjectPtr& object : ddl.catalog().objects()) {
      const bool table = object->kind == ObjectKind::table || object->kind == ObjectKind::view;
      const bool wanted = is_routine(grant.object)                  ? is_routine_of(grant.object, *object)
                          : grant.object == sql::ObjectKind::kTable ? table
                                                                    : object->kind == ObjectKind::sequence;
      if (wanted && object->schema == schema->oid) targets.push_back(object.get());
    }
  }
  return targets;
}

}  // namespace

absl::Status ddl_grant(const sql::GrantStatement& grant, DdlBuilder& ddl) {
  switch (grant.object) {
    case sql::ObjectKind::kTable:
    case sql::ObjectKind::kSequence:
    case sql::ObjectKind::kSchema:
    case sql::ObjectKind::kDatabase:
    case sql::ObjectKind::kType:
    case sql::ObjectKind::kDomain: break;
    case sql::ObjectKind::kFunction:
    case sql::ObjectKind::kProcedure:
    case sql::ObjectKind::kRoutine:
    case sql::ObjectKind::kStream: break;
    default: return ddl.refuse(grant, grant.grant ? "GRANT on this kind of object" : "REVOKE on this kind of object");
  }
  if (grant.grantor != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(const Oid grantor, ddl_role(*grant.grantor, ddl));
    if (grantor != ddl.context().role) {
      return error(ErrorCode::kFeatureNotSupported, "grantor must be current user");
    }
  }
  TROUPE_ASSIGN_OR_RETURN(const std::vector<const ObjectDef*> targets, targets_of(grant, ddl));
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Oid> grantees, grantees_of(grant, ddl));
  for (const ObjectDef* target : targets) {
    TROUPE_ASSIGN_OR_RETURN(const Wish wish, wish_of(grant, securable_kind(*target)));
    std::shared_ptr<ObjectDef> changed = copy_object(*ddl.find(target->oid));
    if (wish.whole != 0) {
      const Change change{grant, grantees, wish.whole, wish.all};
      TROUPE_RETURN_IF_ERROR(change_object(change, changed.get(), ddl));
      TROUPE_RETURN_IF_ERROR(revoke_columns(change, changed.get(), ddl));
    }
    TROUPE_RETURN_IF_ERROR(change_columns(grant, wish, grantees, changed.get(), ddl));
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

// --- default privileges ---

namespace {

using DefaultType = std::pair<uint8_t, SecurableKind>;

std::optional<DefaultType> default_type(sql::ObjectKind kind) {
  switch (kind) {
    case sql::ObjectKind::kTable: return DefaultType{uint8_t{'r'}, SecurableKind::kTable};
    case sql::ObjectKind::kSequence: return DefaultType{uint8_t{'S'}, SecurableKind::kSequence};
    case sql::ObjectKind::kSchema: return DefaultType{uint8_t{'n'}, SecurableKind::kSchema};
    case sql::ObjectKind::kType: return DefaultType{uint8_t{'T'}, SecurableKind::kType};
    case sql::ObjectKind::kFunction:
    case sql::ObjectKind::kRoutine: return DefaultType{uint8_t{'f'}, SecurableKind::kFunction};
    default: return std::nullopt;
  }
}

/// Changes the list's entry for a role and kind; one that says nothing goes.
absl::Status change_default(const Change& change, Oid role, uint8_t type, SecurableKind kind, bool in_schema,
                            std::vector<DefaultAcl>* all, DdlBuilder& ddl) {
  auto place = std::find_if(all->begin(), all->end(),
                            [&](const DefaultAcl& d) { return d.role == role && d.object_type == type; });
  const Acl nothing{.given = true, .items = {}};
  const Acl plain = in_schema ? nothing : default_acl(kind, role);
  Acl acl = place == all->end() ? plain : place->acl;
  TROUPE_RETURN_IF_ERROR(change_acl(change, role, change.privileges, role, &acl, ddl));
  if (same_rights(acl, plain)) {
    if (place != all->end()) all->erase(place);
    return absl::OkStatus();
  }
  if (place == all->end()) place = all->insert(all->end(), DefaultAcl{ddl.new_oid(), role, type, {}});
  place->acl = std::move(acl);
  return absl::OkStatus();
}

absl::Status change_defaults_of(const sql::AlterDefaultPrivilegesStatement& alter, const Change& change, Oid role,
                                DdlBuilder& ddl) {
  const auto type = *default_type(alter.action->object);
  if (alter.schemas.empty()) {
    auto database = std::make_shared<DatabaseDef>(static_cast<const DatabaseDef&>(*ddl.find(ddl.catalog().database())));
    TROUPE_RETURN_IF_ERROR(change_default(change, role, type.first, type.second, false, &database->default_acls, ddl));
    ddl.put(std::move(database));
    return absl::OkStatus();
  }
  for (const std::string_view name : alter.schemas) {
    const SchemaDef* found = ddl.catalog().find_schema(name);
    if (found == nullptr) return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
    auto schema = std::make_shared<SchemaDef>(static_cast<const SchemaDef&>(*ddl.find(found->oid)));
    TROUPE_RETURN_IF_ERROR(change_default(change, role, type.first, type.second, true, &schema->default_acls, ddl));
    ddl.put(std::move(schema));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_default_privileges(const sql::AlterDefaultPrivilegesStatement& alter, DdlBuilder& ddl) {
  const sql::GrantStatement& grant = *alter.action;
  const auto type = default_type(grant.object);
  if (!type) return ddl.refuse(alter, "ALTER DEFAULT PRIVILEGES for this kind of object");
  if (type->second == SecurableKind::kSchema && !alter.schemas.empty()) {
    return error(kInvalidGrantOperation, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
  }
  TROUPE_ASSIGN_OR_RETURN(const Wish wish, wish_of(grant, type->second));
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Oid> grantees, grantees_of(grant, ddl));
  const Change change{grant, grantees, wish.whole, wish.all};
  if (alter.roles.empty()) return change_defaults_of(alter, change, ddl.context().role, ddl);
  for (const sql::RoleName* name : alter.roles) {
    TROUPE_ASSIGN_OR_RETURN(const Oid role, ddl_role(*name, ddl));
    if (!is_member_of(ddl.catalog(), ddl.context().role, role)) {
      return error(ErrorCode::kInsufficientPrivilege, "must be member of role \"", ddl.catalog().find(role)->name,
                   "\"");
    }
    TROUPE_RETURN_IF_ERROR(change_defaults_of(alter, change, role, ddl));
  }
  return absl::OkStatus();
}

Acl ddl_new_acl(const ObjectDef& object, const DdlBuilder& ddl) {
  uint8_t type = 'r';
  if (object.kind == ObjectKind::sequence) type = 'S';
  if (object.kind == ObjectKind::schema) type = 'n';
  if (object.kind == ObjectKind::type) type = 'T';
  if (object.kind == ObjectKind::function) type = 'f';
  if (object.kind == ObjectKind::index) return {};
  const auto find = [&](const std::vector<DefaultAcl>& all) -> const Acl* {
    for (const DefaultAcl& d : all) {
      if (d.role == object.owner && d.object_type == type) return &d.acl;
    }
    return nullptr;
  };
  const auto* database = ddl.catalog().find_as<DatabaseDef>(ddl.catalog().database());
  const Acl* whole = database == nullptr ? nullptr : find(database->default_acls);
  const auto* schema = ddl.catalog().find_as<SchemaDef>(object.schema);
  const Acl* inside = schema == nullptr ? nullptr : find(schema->default_acls);
  if (whole == nullptr && inside == nullptr) return {};
  const Acl plain = default_acl(securable_kind(object), object.owner);
  Acl acl = whole == nullptr ? plain : *whole;
  for (size_t i = 0; inside != nullptr && i < inside->items.size(); ++i) {
    if (!grant_in(inside->items[i], object.owner, ddl.catalog(), &acl).ok()) continue;
  }
  return same_rights(acl, plain) ? Acl{} : acl;
}

}  // namespace troupe
