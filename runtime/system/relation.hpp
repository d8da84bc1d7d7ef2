#pragma once
/// System relations: names, oids and columns of pg_catalog, information_schema (as in PostgreSQL 15) and sys.
#include <span>
#include <string_view>
#include <vector>

#include "runtime/types/type.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

struct RelationColumn {
  std::string_view name;
  Type type;
  bool not_null = false;
};

struct SystemRelation {
  Oid oid = 0;
  Oid schema = 0;
  std::string_view name;
  char kind = 'r';  ///< pg_class.relkind
  std::vector<RelationColumn> columns;
};

/// By oid. Addresses stay.
std::span<const SystemRelation> all_system_relations();
/// Null when there is none.
const SystemRelation* find_system_relation(Oid oid);
const SystemRelation* find_system_relation(Oid schema, std::string_view name);

}  // namespace troupe
