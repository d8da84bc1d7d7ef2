#pragma once
/// What a definition changes in the catalog's two trees: objects by oid, names by class, schema and name. All four
/// pairs of lists are parallel.
#include <string>
#include <vector>

#include "storage/catalog/objects.hpp"

namespace troupe {

struct CatalogRows {
  std::vector<std::string> objects;  ///< keys in the object tree, with their rows
  std::vector<std::string> object_values;
  std::vector<std::string> names;  ///< keys in the name tree, with the object's key
  std::vector<std::string> name_values;
  std::vector<std::string> erased_objects;
  std::vector<std::string> erased_names;

  /// Adds one object's change; `old` null: it is new, `next` null: it is dropped.
  void change(Oid oid, const ObjectDef* old, const ObjectDef* next);
};

}  // namespace troupe
