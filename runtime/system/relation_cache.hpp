#pragma once
/// Rows of system relations that depend on the catalog alone, kept until the catalog changes.
/// Owner: one cell, shared by its sessions.
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "storage/catalog/catalog.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class RelationCache {
 public:
  /// The relation's rows for `catalog`, made by `make()` (a Batch) if they are not there yet.
  template <typename Make>
  const Batch& rows(Oid relation, const CatalogPtr& catalog, Oid database, Make&& make) {
    turn_to(catalog, database);
    auto& place = batches_[relation];
    if (place == nullptr) place = std::make_unique<const Batch>(make());
    return *place;
  }

  /// The table or domain that has a constraint; kNoOid when there is none.
  Oid constraint_owner(const CatalogPtr& catalog, Oid database, Oid constraint);

 private:
  void turn_to(const CatalogPtr& catalog, Oid database) {
    if (catalog_ == catalog && database_ == database) return;
    batches_.clear();
    constraint_owners_.clear();
    catalog_ = catalog;
    database_ = database;
  }

  CatalogPtr catalog_;  ///< held, so that another snapshot cannot take its address
  Oid database_ = kNoOid;
  absl::flat_hash_map<Oid, std::unique_ptr<const Batch>> batches_;
  absl::flat_hash_map<Oid, Oid> constraint_owners_;  ///< filled at the first question
};

}  // namespace troupe
