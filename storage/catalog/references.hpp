#pragma once
/// What objects refer to: schemas, owners, types, what a view reads. Transactions that define and drop such objects do
/// not meet in a lock, so whoever commits looks once more.
#include <vector>

#include "absl/status/status.h"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Whether after the changes everything that they concern refers to what is there. `whole` is all databases' snapshot.
/// Errors: 42704, 3F000, 42P01 for what a changed object needs and has gone; 2BP01 for what is to go and is in use.
absl::Status check_references(const Catalog& whole, const std::vector<CatalogChange>& changes);

}  // namespace troupe
