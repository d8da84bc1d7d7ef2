#include "runtime/plan/catalog_types.hpp"

#include <algorithm>

#include "storage/catalog/rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {

std::vector<const TypeDef*> domain_chain(const TypeDef& domain, const Catalog& catalog) {
  std::vector<const TypeDef*> chain;
  for (const TypeDef* type = &domain; type != nullptr && type->type_kind == TypeKind::domain;) {
    chain.push_back(type);
    type = catalog.find_as<TypeDef>(type->base);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

Type base_type_of(const TypeDef& domain, const Catalog& catalog) {
  const std::vector<const TypeDef*> chain = domain_chain(domain, catalog);
  if (chain.empty()) return Type{domain.oid};
  return Type{chain.front()->base, chain.front()->base_typmod};
}

UserType user_type_of(const TypeDef& type, const Catalog& catalog) {
  UserType user;
  user.oid = type.oid;
  user.array = type.array_type;
  user.name = type.name;
  switch (type.type_kind) {
    case TypeKind::enumeration:
      user.labels = type.labels;
      user.values = type.label_values;
      break;
    case TypeKind::domain:
      user.kind = UserTypeKind::kDomain;
      user.base = base_type_of(type, catalog);
      break;
    case TypeKind::composite:
      user.kind = UserTypeKind::kComposite;
      for (const ColumnDef& attribute : type.attributes) {
        // Of a table's dropped column no value is left, and its type may be gone.
        const bool hole = attribute.dropped && relation_of_row_type(type.oid) != kNoOid;
        const Type of = hole ? Type{oid::kInt4} : Type{attribute.type, attribute.typmod};
        user.attributes.push_back({attribute.name, of, attribute.dropped});
      }
      break;
    case TypeKind::range:
      user.kind = UserTypeKind::kRange;
      user.base = Type{type.base};
      user.multirange = type.multirange_type;
      break;
    case TypeKind::shell: break;
  }
  return user;
}

namespace {

UserType multirange_type_of(const TypeDef& range) {
  UserType user;
  user.oid = range.multirange_type;
  user.array = range.multirange_array;
  user.name = range.multirange_name;
  user.kind = UserTypeKind::kMultirange;
  user.base = Type{range.oid};
  return user;
}

}  // namespace

bool is_row_type_known(const ObjectDef& relation) {
  const UserType* known = find_user_type(row_type_of(relation.oid));
  const std::vector<ColumnDef>& columns = columns_of(relation);
  return known != nullptr && known->name == relation.name &&
         std::ranges::equal(known->attributes, columns, [](const Attribute& attribute, const ColumnDef& column) {
           return attribute.name == column.name && attribute.dropped == column.dropped &&
                  (column.dropped || attribute.type == Type{column.type, column.typmod});
         });
}

namespace {

/// Most are known already: there are many tables, and definitions change one by one.
void know_row_types(const Catalog& catalog, ObjectKind kind) {
  for (const ObjectPtr& relation : catalog.objects(kind)) {
    if (is_row_type_known(*relation)) continue;
    const TypeVersion version{relation->version < kFirstPrivateVersion, relation->version};
    know_user_type(user_type_of(row_type_def(*relation), catalog), version);
  }
}

}  // namespace

const ObjectDef* relation_as_type(const Catalog& catalog, std::span<const Oid> path, sql::Name name) {
  const auto find_in = [&](Oid schema) { return find_type_object(catalog, schema, name.back()); };
  const ObjectDef* found = nullptr;
  if (name.size() > 1) {
    const SchemaDef* schema = catalog.find_schema(name[name.size() - 2]);
    if (schema != nullptr) found = find_in(schema->oid);
  } else {
    for (size_t i = 0; i < path.size() && found == nullptr; ++i) found = find_in(path[i]);
  }
  return found != nullptr && has_row_type(*found) ? found : nullptr;
}

void know_types(const Catalog& catalog) {
  const std::vector<ObjectPtr> types = catalog.objects(ObjectKind::type);
  // Domains last: they are described as what they are of.
  for (const bool domains : {false, true}) {
    for (const ObjectPtr& object : types) {
      const auto& type = static_cast<const TypeDef&>(*object);
      if ((type.type_kind == TypeKind::domain) != domains) continue;
      const TypeVersion version{type.version < kFirstPrivateVersion, type.version};
      know_user_type(user_type_of(type, catalog), version);
      if (type.type_kind == TypeKind::range) know_user_type(multirange_type_of(type), version);
    }
  }
  know_row_types(catalog, ObjectKind::table);
  know_row_types(catalog, ObjectKind::view);
}

}  // namespace troupe
