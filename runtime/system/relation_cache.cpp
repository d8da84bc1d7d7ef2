#include "runtime/system/relation_cache.hpp"

namespace troupe {

Oid RelationCache::constraint_owner(const CatalogPtr& catalog, Oid database, Oid constraint) {
  turn_to(catalog, database);
  if (constraint_owners_.empty()) {
    for (const ObjectPtr& object : catalog->objects()) {
      const auto add = [&](const std::vector<ConstraintDef>& constraints) {
        for (const ConstraintDef& c : constraints) constraint_owners_.emplace(c.oid, object->oid);
      };
      if (object->kind == ObjectKind::table) add(static_cast<const TableDef&>(*object).constraints);
      if (object->kind == ObjectKind::type) add(static_cast<const TypeDef&>(*object).checks);
    }
  }
  const auto at = constraint_owners_.find(constraint);
  return at != constraint_owners_.end() ? at->second : kNoOid;
}

}  // namespace troupe
