/// OWNER TO of every kind of object that has an owner, and who may do what with definitions.
#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"

namespace troupe {

absl::StatusOr<Type> ddl_usable_type(const sql::TypeName& name, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Type type, ddl.binder().bind_type(name));
  if (const TypeDef* own = ddl.binder().own_type_named(name)) {
    TROUPE_RETURN_IF_ERROR(ddl_check_right(*own, kUsage, ddl));
  }
  return type;
}

absl::Status ddl_check_right(const ObjectDef& object, Privileges wanted, const DdlBuilder& ddl) {
  return check_right(ddl.catalog(), ddl.context().role, object, wanted);
}

namespace {

/// Where consumer groups and subscriptions are is in tables, too: nobody makes others of them.
absl::Status check_not_built_in(const ObjectDef& object) {
  const bool of_system = object.schema == kSysSchema || object.schema == kPgCatalogSchema;
  if (!of_system || object.oid >= kFirstUserOid) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "permission denied: \"", object.name, "\" is a system catalog");
}

}  // namespace

absl::Status ddl_check_owner(const ObjectDef& object, const DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_not_built_in(object));
  TROUPE_RETURN_IF_ERROR(ddl_check_no_state(object, ddl));
  return check_owner(ddl.catalog(), ddl.context().role, object);
}

absl::Status ddl_check_may_drop(const ObjectDef& object, const DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_not_built_in(object));
  const ObjectDef* schema = ddl.find(object.schema);
  if (schema != nullptr && owns(ddl.catalog(), ddl.context().role, *schema)) return absl::OkStatus();
  return ddl_check_owner(object, ddl);
}

absl::Status ddl_check_may_give(Oid new_owner, const DdlBuilder& ddl) {
  if (is_member_of(ddl.catalog(), ddl.context().role, new_owner)) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "must be member of role \"", ddl.catalog().find(new_owner)->name,
               "\"");
}

namespace {

/// What is in a schema goes only to a role that might have made it there.
absl::Status check_new_owner(const ObjectDef& object, Oid owner, const DdlBuilder& ddl) {
  const Catalog& catalog = ddl.catalog();
  if (is_superuser(catalog, ddl.context().role) || owner == object.owner) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(object, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_may_give(owner, ddl));
  if (const ObjectDef* schema = ddl.find(object.schema)) {
    TROUPE_RETURN_IF_ERROR(check_right(catalog, owner, *schema, kCreate));
  } else if (object.kind == ObjectKind::schema || object.kind == ObjectKind::publication) {
    TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(catalog.database()), kCreate, ddl));
  } else if (object.kind == ObjectKind::database) {
    if (!role_or_nobody(catalog, ddl.context().role).create_database) {
      return error(ErrorCode::kInsufficientPrivilege, "permission denied to change owner of database");
    }
  }
  return absl::OkStatus();
}

}  // namespace

void ddl_give(Oid owner, ObjectDef* object) {
  change_owner_in(object->owner, owner, &object->acl);
  object->owner = owner;
}

absl::Status ddl_set_owner(const sql::RoleName& name, ObjectDef* object, DdlBuilder& ddl) {
  if (const auto* sequence = dynamic_cast<const SequenceDef*>(object)) {
    if (const ObjectDef* table = ddl.find(sequence->owner_table)) {
      return with_detail(
          error(ErrorCode::kFeatureNotSupported, "cannot change owner of sequence \"", sequence->name, "\""),
          cat("Sequence \"", sequence->name, "\" is linked to table \"", table->name, "\"."));
    }
  }
  TROUPE_ASSIGN_OR_RETURN(const Oid owner, ddl_role(name, ddl));
  TROUPE_RETURN_IF_ERROR(check_new_owner(*object, owner, ddl));
  ddl_give(owner, object);
  return absl::OkStatus();
}

void ddl_give_parts(const TableDef& table, DdlBuilder& ddl) {
  std::vector<Oid> parts = table.indexes;
  for (const Oid sequence : ddl_sequences_of(table, 0, ddl)) parts.push_back(sequence);
  for (const TableDef* state : ddl_continuous_state(table, ddl)) parts.push_back(state->oid);
  for (const Oid part : parts) {
    const ObjectDef* object = ddl.find(part);
    if (object == nullptr) continue;
    std::shared_ptr<ObjectDef> changed = copy_object(*object);
    ddl_give(table.owner, changed.get());
    if (changed->kind == ObjectKind::table) ddl_give_parts(static_cast<const TableDef&>(*changed), ddl);
    ddl.put(std::move(changed));
  }
}

/// Indexes and sequences of a table's columns are owned by its owner.
absl::Status ddl_set_table_owner(const sql::RoleName& name, TableDef* table, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(name, table, ddl));
  ddl_give_parts(*table, ddl);
  return absl::OkStatus();
}

namespace {

absl::Status alter_type_owner(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
  const sql::Name name = alter.target->name;
  const TypeDef* found = ddl.binder().find_own_type(name);
  if (found == nullptr) {
    return error(ErrorCode::kUndefinedObject, "type \"", name.back(), "\" does not exist");
  }
  if (alter.target->object == sql::ObjectKind::kDomain && found->type_kind != TypeKind::domain) {
    return error(ErrorCode::kWrongObjectType, "\"", name.back(), "\" is not a domain");
  }
  auto changed = std::make_shared<TypeDef>(*found);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(*alter.owner, changed.get(), ddl));
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_alter_owner(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
  if (alter.target->object == sql::ObjectKind::kDatabase) {
    return ddl_own_database(alter.target->name.back(), *alter.owner, ddl);
  }
  const bool type = alter.target->object == sql::ObjectKind::kType || alter.target->object == sql::ObjectKind::kDomain;
  if (type) return alter_type_owner(alter, ddl);
  if (is_routine(alter.target->object)) return ddl_own_function(alter, ddl);
  if (alter.target->object == sql::ObjectKind::kPublication) return ddl_own_publication(alter, ddl);
  if (alter.target->object == sql::ObjectKind::kStream) return ddl_own_stream(alter, ddl);
  if (alter.target->object != sql::ObjectKind::kSchema) {
    return ddl.refuse(alter, "ALTER ... OWNER TO of this kind of object");
  }
  const std::string_view name = alter.target->name.back();
  const SchemaDef* schema = ddl.catalog().find_schema(name);
  if (schema == nullptr) return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
  auto changed = std::make_shared<SchemaDef>(*schema);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(*alter.owner, changed.get(), ddl));
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

}  // namespace troupe
