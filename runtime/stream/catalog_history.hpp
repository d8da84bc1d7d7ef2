#pragma once
/// The catalog as it was at a place in the log, and as it changes from there on.
///   CatalogHistory history(newest);  for each record behind the place: history.look_back(changes);
///   history.settle(place);  then for each record: history.learn(changes, scn);
/// Owner: one stream.
#include <map>
#include <string>
#include <string_view>

#include "storage/catalog/catalog.hpp"

namespace troupe {

class CatalogHistory {
 public:
  explicit CatalogHistory(CatalogPtr newest) : catalog_{std::move(newest)} {}

  /// Records between the place and the newest catalog, in order. Errors: kDataCorrupted.
  absl::Status look_back(std::string_view changes);
  /// All of them have been seen: takes back what they changed.
  absl::Status settle(Scn place);
  /// Takes the changes of a record; true when there were some.
  absl::StatusOr<bool> learn(std::string_view changes, Scn scn);

  /// Of all databases.
  const CatalogPtr& catalog() const { return catalog_; }

 private:
  CatalogPtr catalog_;
  std::map<Oid, ObjectPtr> before_;  ///< what was there first, of what was changed; null: nothing
};

}  // namespace troupe
