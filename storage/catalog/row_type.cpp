#include "storage/catalog/row_type.hpp"

#include "storage/catalog/rights.hpp"

namespace troupe {

TypeDef row_type_def(const ObjectDef& relation) {
  TypeDef type;
  type.type_kind = TypeKind::composite;
  type.oid = row_type_of(relation.oid);
  type.array_type = row_array_of(relation.oid);
  type.schema = relation.schema;
  type.owner = relation.owner;
  type.database = relation.database;
  type.version = relation.version;
  type.name = relation.name;
  type.relation = relation.oid;
  type.attributes = columns_of(relation);
  return type;
}

const ObjectDef* find_type_object(const Catalog& catalog, Oid type) {
  const Oid relation = type < kFirstRowArray ? relation_of_row_type(type) : kNoOid;
  const ObjectDef* object = catalog.find(relation == kNoOid ? type : relation);
  if (object == nullptr) return nullptr;
  return (relation == kNoOid ? object->kind == ObjectKind::type : has_row_type(*object)) ? object : nullptr;
}

const ObjectDef* find_type_object(const Catalog& catalog, Oid schema, std::string_view name) {
  if (const ObjectDef* type = catalog.find(NameClass::type, schema, name)) return type;
  const ObjectDef* relation = catalog.find_relation(schema, name);
  return relation != nullptr && has_row_type(*relation) ? relation : nullptr;
}

Oid type_oid_of(const ObjectDef& object) { return has_row_type(object) ? row_type_of(object.oid) : object.oid; }

}  // namespace troupe
