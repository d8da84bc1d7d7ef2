#include "runtime/plan/catalog_types.hpp"

#include <algorithm>

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
        user.attributes.push_back({attribute.name, {attribute.type, attribute.typmod}, attribute.dropped});
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
}

}  // namespace troupe
