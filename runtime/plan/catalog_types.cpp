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
  if (type.type_kind == TypeKind::domain) {
    user.base = base_type_of(type, catalog);
  } else {
    user.labels = type.labels;
    user.values = type.label_values;
  }
  return user;
}

void know_types(const Catalog& catalog) {
  const std::vector<ObjectPtr> types = catalog.objects(ObjectKind::type);
  // Enumerations first: a domain may be of one.
  for (const bool domains : {false, true}) {
    for (const ObjectPtr& object : types) {
      const auto& type = static_cast<const TypeDef&>(*object);
      if ((type.type_kind == TypeKind::domain) != domains) continue;
      know_user_type(user_type_of(type, catalog), {type.version < kFirstPrivateVersion, type.version});
    }
  }
}

}  // namespace troupe
