#pragma once
/// The compact form of system relations: "name:type name:type! ..." (! = NOT NULL), types by pg_type.typname.
/// Only for runtime/system.
#include <span>
#include <string_view>

#include "storage/base/ids.hpp"

namespace troupe::system_text {

struct RelationText {
  Oid oid;
  std::string_view name;
  char kind;  ///< relkind: r, v
  std::string_view columns;
};

std::span<const RelationText> pg_catalog_tables();
std::span<const RelationText> pg_catalog_views();
std::span<const RelationText> information_schema_relations();
std::span<const RelationText> sys_relations();

}  // namespace troupe::system_text
