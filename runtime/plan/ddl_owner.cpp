/// OWNER TO of every kind of object that has an owner.
#include "runtime/plan/ddl_binder.hpp"

namespace troupe {

absl::Status ddl_set_owner(const sql::RoleName& name, ObjectDef* object, DdlBuilder& ddl) {
  using Type = sql::RoleName::Type;
  if (name.type != Type::kNamed && name.type != Type::kPublic) {
    object->owner = ddl.context().role;
    return absl::OkStatus();
  }
  const ObjectDef* role = ddl.catalog().find(NameClass::role, kNoOid, name.name);
  if (role == nullptr) {
    return error(ErrorCode::kUndefinedObject, "role \"", name.name, "\" does not exist");
  }
  object->owner = role->oid;
  return absl::OkStatus();
}

/// Indexes and sequences of a table's columns are owned by its owner.
absl::Status ddl_set_table_owner(const sql::RoleName& name, TableDef* table, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(name, table, ddl));
  std::vector<Oid> parts = table->indexes;
  for (const ColumnDef& column : table->columns) {
    if (column.owned_sequence != kNoOid) parts.push_back(column.owned_sequence);
  }
  for (const Oid part : parts) {
    const ObjectDef* object = ddl.find(part);
    if (object == nullptr) continue;
    std::shared_ptr<ObjectDef> changed = copy_object(*object);
    changed->owner = table->owner;
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

absl::Status ddl_alter_owner(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
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
