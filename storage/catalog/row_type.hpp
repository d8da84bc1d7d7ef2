#pragma once
/// The rows of each table and view are a type, called as the relation is. It is no object of its own: its oid and its
/// array's follow from the relation's, so that every relation has had one from the beginning.
#include <string_view>

#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Above what the catalog hands out for a long time, below the oids of runtime/system/object_oids.hpp.
inline constexpr Oid kFirstRowType = 0x20000000, kFirstRowArray = 0x40000000, kLastRowArray = 0x5FFFFFFF;

inline Oid row_type_of(Oid relation) { return kFirstRowType + relation; }
inline Oid row_array_of(Oid relation) { return kFirstRowArray + relation; }
/// Of a row type or of its array; kNoOid: it is neither.
inline Oid relation_of_row_type(Oid type) {
  if (type < kFirstRowType || type > kLastRowArray) return kNoOid;
  return type - (type >= kFirstRowArray ? kFirstRowArray : kFirstRowType);
}

inline bool has_row_type(const ObjectDef& object) {
  return object.kind == ObjectKind::table || object.kind == ObjectKind::view;
}

/// The row type as CREATE TYPE ... AS would have made it; `relation` is a table or a view.
TypeDef row_type_def(const ObjectDef& relation);

/// What gives a type its name and schema: a user's type, or the relation whose rows (not their array) it is. Null:
/// none.
const ObjectDef* find_type_object(const Catalog& catalog, Oid type);
const ObjectDef* find_type_object(const Catalog& catalog, Oid schema, std::string_view name);
/// The oid under which the object that find_type_object() gave is a type.
Oid type_oid_of(const ObjectDef& object);

}  // namespace troupe
